package keyless

import "errors"

// ErrTrustedRoot says that a file is not a trusted root, or one that could never accept a signature.
var ErrTrustedRoot = errors.New("trusted root is not usable")

// Reasons to refuse a bundle, besides those of package signing: for how it is written, for ErrAlgorithm, for
// ErrSignature and for ErrStatement. Every refusal wraps exactly one sentinel of the two packages, and what
// sigstore-go said, for logs.
var (
	// ErrNoCertificate says that the bundle names a plain key or nothing as its signer.
	ErrNoCertificate = errors.New("bundle has no certificate")
	// ErrNotKeyless says that the certificate tells of no identity provider, as an enterprise certificate.
	ErrNotKeyless = errors.New("certificate is not a keyless one")
	// ErrIdentity says that the certificate does not name exactly one e-mail address or URI at one https issuer.
	ErrIdentity = errors.New("certificate names no usable identity")
	// ErrCertificate says that no authority of the trusted root issued the certificate, or that its issuance is
	// not in a certificate log although the root has such logs.
	ErrCertificate = errors.New("certificate is not from a trusted authority")
	// ErrNoTime says that no log and no timestamp authority of the trusted root tells when it was signed.
	ErrNoTime = errors.New("no trusted time of signing")
	// ErrTime says that it was signed outside the time the certificate is for.
	ErrTime = errors.New("signed outside the validity of the certificate")
	// ErrNoLogEntry says that the bundle has no entry in a log of the trusted root.
	ErrNoLogEntry = errors.New("no entry in a trusted log")
	// ErrLogEntry says that a log entry is not for this signature or is not proved to be in the log.
	ErrLogEntry = errors.New("log entry does not verify")
	// ErrNoMessage says that the bundle has no signature over a message, but for example a statement.
	ErrNoMessage = errors.New("bundle has no message signature")
	// ErrPayload says that the bundle is over another statement than the one given.
	ErrPayload = errors.New("bundle is over another statement")
)
