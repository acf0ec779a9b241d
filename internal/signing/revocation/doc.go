// Package revocation asks whether a certificate was revoked: by OCSP (RFC 6960) first, then by
// certificate revocation list (RFC 5280 §5 and §6.3).
//
// It owns which answers count: signed by the certificate's issuer or one it delegated to, about this
// certificate, and fresh. It does not know whether the certificate is otherwise any good, whose it is, or
// what follows when nobody answers: its callers decide those.
package revocation
