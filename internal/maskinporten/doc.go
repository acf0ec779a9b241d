// Package maskinporten finds out which organisation a system acts for from an
// access token of Maskinporten, or of an authority whose tokens look the same.
//
// It owns what such a token must say (Digdir, "Maskinporten: Access token"):
// who issued it, for whom, for how long, which organisation has the access, and
// who uses it on that organisation's behalf. It owns the issuer's keys too: how
// they are fetched and for how long they are believed. Which roles a scope gives
// is for the operator to say; what a role may do is for package access. A client
// id is never looked at: it says nothing about whom a system acts for.
package maskinporten
