// Package httpd owns what every HTTP request goes through, whatever it is for:
// the gin engine, the request's id, language and actor, the access log,
// measurements, recovery, security headers, and the one place where an error
// becomes a status and a text.
//
// It does not know any route but /healthz, /readyz and /metrics, nor any noun
// of the domain; features mount themselves on it.
package httpd
