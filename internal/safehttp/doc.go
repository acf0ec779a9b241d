// Package safehttp makes HTTP clients for addresses that somebody else wrote: in a certificate, in a
// webhook. They reach public addresses only, unless the operator says otherwise, so that nobody can make
// this server speak to what stands behind it.
//
// It owns which addresses are public and how far redirects are followed. It does not know what is fetched.
package safehttp
