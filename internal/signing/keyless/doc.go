// Package keyless checks signatures made with a short-lived certificate that a Fulcio certificate authority gave
// somebody for an OpenID Connect identity: an e-mail address, or the workflow of a build service.
//
// The certificate has long expired when a signature is read, so a bundle carries proof of when it was made: an
// entry in a transparency log, an RFC 3161 timestamp, or both. Whom to believe for certificates, logs and times
// stands in a Sigstore trusted root that an operator installs; without one, keyless signing is off. Verifying uses
// sigstore-go and needs no network: nothing here fetches or updates a root.
//
// The package tells who signed and when. It does not know whom an identity may speak for, and there is no
// revocation: an identity that must no longer count is for the caller to end.
package keyless
