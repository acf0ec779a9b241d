// Package signing makes and checks signatures over bytes: keys, DSSE statements in Sigstore bundles, by
// plain keys and by certificates, detached signatures, and the strict JSON that signed documents are
// written in.
//
// It owns the list of allowed algorithms, what a well-formed bundle is, what makes a certificate count
// ([Authorities]), and what a transparency log leaf and a trusted root look like to stock Sigstore tools.
// It does not know whose key a plain key is, when it was valid or whether it was revoked, whether an
// organisation exists, or what a statement means: its callers check those. It needs no network but to ask
// about the revocation of certificates, and imports nothing else of this module than package revocation,
// which asks.
package signing
