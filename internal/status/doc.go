// Package status owns what a declaration is worth at a moment: [Of] computes
// it from facts, and nothing but facts is ever stored, so that nothing shows
// as valid a second too long.
//
// It is pure: no context, no input or output, no clock. How the facts are
// fetched is the business of the package facts below it.
package status
