// Package arch owns the rules for who may import whom, as a test. It has no
// code of its own, and nothing imports it.
package arch
