// Package answerdraft owns the answers that a supplier works on before they are
// signed: one draft for each offering and set, which several people fill in at
// the same time without losing anything of each other's. What was declared
// leaves the draft, and one that nobody works on is deleted.
//
// It does not know how answers are checked or signed: package attestation does.
package answerdraft
