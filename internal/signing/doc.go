// Package signing makes and checks signatures over bytes: keys, DSSE statements in Sigstore bundles,
// detached signatures, and the strict JSON that signed documents are written in.
//
// It owns the list of allowed algorithms, what a well-formed bundle is, and what a transparency log
// leaf and a trusted root look like to stock Sigstore tools. It does not know whose key a key is, when
// it was valid, whether it was revoked, or what a statement means: its callers check those. It needs no
// network and imports nothing else of this module.
package signing
