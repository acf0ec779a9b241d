// Package supplier owns suppliers, the keys they have enrolled to sign with,
// and their offerings with the descriptor that is the subject of every
// declaration. Public bodies that sign reviews stand in the same register of
// organisations with keys, marked as such.
//
// It does not know declarations, requirement sets or who buys. It imports
// organisation for the number and signing for keys, since a supplier without
// either means nothing.
package supplier
