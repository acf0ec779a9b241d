// Package oidctest has providers for tests of logging in: one that follows the
// standard, and one that says whatever a test wants it to.
package oidctest
