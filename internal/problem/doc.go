// Package problem owns the kinds of error a caller can do something about.
//
// A problem carries a locale key and its arguments, never a text: the edge
// that meets the person translates. It does not know HTTP, languages or any
// noun of the domain.
package problem
