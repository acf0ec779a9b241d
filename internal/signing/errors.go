package signing

import "errors"

// Reasons to refuse a key. Every error of this package wraps exactly one of the sentinels in this file,
// so that a caller can turn it into a message for people.
var (
	// ErrKeyMalformed says that the text is not one key in PEM.
	ErrKeyMalformed = errors.New("key is malformed")
	// ErrKeyEncrypted says that the private key is protected by a password.
	ErrKeyEncrypted = errors.New("private key is encrypted")
	// ErrKeyPrivate says that a private key was given where a public one belongs; it must be considered
	// as exposed.
	ErrKeyPrivate = errors.New("key is a private key")
	// ErrAlgorithm says that the kind or size of key is not on the list in [Algorithms].
	ErrAlgorithm = errors.New("key algorithm is not allowed")
)

// Reasons to refuse JSON, carried by a [JSONError].
var (
	// ErrJSON says that the text is not one JSON value, or does not have the expected types.
	ErrJSON = errors.New("JSON is malformed")
	// ErrDuplicateField says that an object has one name twice.
	ErrDuplicateField = errors.New("JSON has a duplicate field")
	// ErrUnknownField says that an object has a name that is not expected there; names are compared
	// with case.
	ErrUnknownField = errors.New("JSON has an unknown field")
	// ErrNumber says that a number is beyond ±(2^53-1), where programs disagree on its value.
	ErrNumber = errors.New("JSON number is outside the safe range")
	// ErrDepth says that values are nested more than MaxDepth deep.
	ErrDepth = errors.New("JSON is nested too deeply")
)

// Reasons to refuse a bundle.
var (
	// ErrTooLarge says that the bundle has more than MaxBundle bytes.
	ErrTooLarge = errors.New("bundle is too large")
	// ErrMediaType says that the bundle is not of version 0.3.
	ErrMediaType = errors.New("bundle media type is not supported")
	// ErrNoEnvelope says that the bundle has no DSSE envelope, but for example a signature over a file.
	ErrNoEnvelope = errors.New("bundle has no DSSE envelope")
	// ErrPayloadType says that the envelope holds something else than an in-toto statement.
	ErrPayloadType = errors.New("envelope payload type is not in-toto")
	// ErrEncoding says that a field is not standard base64 with padding.
	ErrEncoding = errors.New("field is not standard base64")
	// ErrSignatureCount says that there is not exactly one signature.
	ErrSignatureCount = errors.New("envelope does not have exactly one signature")
	// ErrKeyID says that the signature names a key by itself, which Sigstore bundles do not.
	ErrKeyID = errors.New("signature has a key id")
	// ErrCertificateNotEnabled says that the signer is named by a certificate where only keys are taken.
	ErrCertificateNotEnabled = errors.New("certificate signatures are not enabled")
	// ErrCertificate says that a certificate, or the list of them, is malformed.
	ErrCertificate = errors.New("certificate is malformed")
	// ErrNoCertificate says that the signer is not named by a certificate where one is asked for.
	ErrNoCertificate = errors.New("bundle has no certificate")
	// ErrCertificateKey says that the certificate is for another key than the one that signs.
	ErrCertificateKey = errors.New("certificate is for another key")
	// ErrNoKeyMaterial says that the bundle does not say who signed it.
	ErrNoKeyMaterial = errors.New("bundle names no public key or certificate")
	// ErrLogEntry says that a transparency log entry or timestamp in the bundle is malformed.
	ErrLogEntry = errors.New("log entry in bundle is malformed")
	// ErrSignature says that the signature is not that of the key over these bytes.
	ErrSignature = errors.New("signature does not verify")
	// ErrStatement says that the payload is not an in-toto statement v1 with a subject.
	ErrStatement = errors.New("payload is not an in-toto statement v1")
	// ErrSubject says that the statement is about something else than what was asked.
	ErrSubject = errors.New("statement has another subject")
	// ErrLeafTooLarge says that a leaf would not fit in the log.
	ErrLeafTooLarge = errors.New("log leaf is too large")
)

// Reasons to refuse a certificate, besides ErrAlgorithm for what it or one above it is signed with.
var (
	// ErrUntrusted says that no path leads from the certificate to an installed root.
	ErrUntrusted = errors.New("certificate does not lead to an installed root")
	// ErrExpired says that the certificate, or one above it, was no longer valid at the time.
	ErrExpired = errors.New("certificate had expired")
	// ErrNotYetValid says that the certificate, or one above it, was not valid yet at the time.
	ErrNotYetValid = errors.New("certificate was not valid yet")
	// ErrKeyUsage says that the certificate is not for signatures.
	ErrKeyUsage = errors.New("certificate is not for signatures")
	// ErrIssuerAsSigner says that the certificate is one to issue others with.
	ErrIssuerAsSigner = errors.New("certificate is that of an issuer")
	// ErrNoOrganisation says that the certificate names no organisation identifier.
	ErrNoOrganisation = errors.New("certificate has no organisation identifier")
	// ErrSeveralOrganisations says that it names more than one.
	ErrSeveralOrganisations = errors.New("certificate has several organisation identifiers")
	// ErrOrganisation says that an organisation identifier is malformed, or of a register that is not
	// understood.
	ErrOrganisation = errors.New("organisation identifier is malformed")
	// ErrRevoked says that the certificate, or one above it, was revoked by the time.
	ErrRevoked = errors.New("certificate was revoked")
	// ErrRevocationUnknown says that nobody could tell whether it was, and that this is not good enough.
	ErrRevocationUnknown = errors.New("nobody could tell whether certificate was revoked")
	// ErrTimestamp says that a timestamp is malformed, of something else than the signature, or not what the
	// time-stamper signed.
	ErrTimestamp = errors.New("timestamp is bad")
)
