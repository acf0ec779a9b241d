// Package certtest is a certificate authority for tests: certificates by the SEID 2.0 profile, good ones
// and bad ones, with a server for OCSP and revocation lists, and an RFC 3161 time-stamper. Everything that
// it issues is invented.
//
// It knows nothing of what is being tested, and panics or fails the test on errors of its own.
package certtest
