// Package attestation owns the signed declaration (sikkerhetserklæring): the
// statement a supplier signs, the checks at the door, what is stored verbatim,
// renewal, the second signature where a supplier asks for four eyes, withdrawal,
// the receipt, and the registry's own verdict.
//
// It declares the log it needs and does not know how the log, the store or a
// workbook works, nor what a declaration means for a buyer: that is status.
package attestation
