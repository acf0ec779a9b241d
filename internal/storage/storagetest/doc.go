// Package storagetest holds the suite that every storage backend must pass,
// and a store that fails on request, for the tests of what stands above.
//
// A backend's own test is a call of Run. The suite knows the contracts and no
// backend.
package storagetest
