// Package organisation owns what organisations are known by, the shape of what
// the register of legal entities says about them, and the credentials that their
// systems use. It does not know what those systems do.
package organisation
