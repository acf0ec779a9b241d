// Package supplier owns suppliers, what they sign with, and their offerings
// with the descriptor that is the subject of every declaration. Public bodies
// that sign reviews stand in the same register of organisations with signers,
// marked as such.
//
// A signer is a key that the organisation enrolled, an enterprise certificate
// that an installed issuer vouches for, or a login that it enrolled; [Signers]
// tells whose a signature is. All are kept as keys with a place in the log, and
// end by a revocation that counts from one.
//
// It does not know declarations, requirement sets or who buys. It imports
// organisation for the number and signing for keys, since a supplier without
// either means nothing.
package supplier
