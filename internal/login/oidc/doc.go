// Package oidc lets people log in with an OpenID Connect provider, such as
// Ansattporten: the authorization code flow with PKCE, state and nonce, and
// what the provider says of whom a person holds rights for (RFC 9396).
//
// It owns what makes an answer of the provider a proof. It does not know
// sessions, pages or what a right is good for. The identity of a person is the
// provider's own subject; a national identity number in a token is read by
// nobody and kept nowhere.
package oidc
