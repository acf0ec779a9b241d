package attestation

import (
	"errors"

	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/signing/keyless"
)

// bundleReasons turns signing's reasons into ours, most specific first.
var bundleReasons = []struct {
	err  error
	kind problem.Kind
	key  string
}{
	{signing.ErrTooLarge, problem.TooLarge, "bundle.large"},
	{signing.ErrCertificateNotEnabled, problem.Refused, "bundle.certificate"},
	{signing.ErrUntrusted, problem.Refused, "certificate.untrusted"},
	{signing.ErrExpired, problem.Refused, "certificate.expired"},
	{signing.ErrNotYetValid, problem.Refused, "certificate.not-yet-valid"},
	{signing.ErrKeyUsage, problem.Refused, "certificate.usage"},
	{signing.ErrIssuerAsSigner, problem.Refused, "certificate.issuer"},
	{signing.ErrNoOrganisation, problem.Refused, "certificate.no-organisation"},
	{signing.ErrSeveralOrganisations, problem.Refused, "certificate.several-organisations"},
	{signing.ErrOrganisation, problem.Refused, "certificate.organisation"},
	{signing.ErrRevoked, problem.Refused, "certificate.revoked"},
	{signing.ErrRevocationUnknown, problem.Unavailable, "certificate.revocation-unknown"},
	{signing.ErrTimestamp, problem.Refused, "certificate.timestamp"},
	{signing.ErrCertificate, problem.Refused, "certificate.malformed"},
	{keyless.ErrNotKeyless, problem.Refused, "identity.untrusted"},
	{keyless.ErrNoCertificate, problem.Refused, "certificate.malformed"},
	{keyless.ErrCertificate, problem.Refused, "identity.untrusted"},
	{keyless.ErrIdentity, problem.Refused, "identity.name"},
	{keyless.ErrNoTime, problem.Refused, "identity.no-time"},
	{keyless.ErrTime, problem.Refused, "identity.time"},
	{keyless.ErrNoLogEntry, problem.Refused, "identity.log-entry"},
	{keyless.ErrLogEntry, problem.Refused, "identity.log-entry"},
	{keyless.ErrPayload, problem.Refused, "signature.wrong"},
	{signing.ErrAlgorithm, problem.Refused, "signature.algorithm"},
	{signing.ErrSignatureCount, problem.Refused, "bundle.signatures"},
	{signing.ErrPayloadType, problem.Refused, "bundle.payload-type"},
	{signing.ErrMediaType, problem.Refused, "bundle.media-type"},
	{signing.ErrNoEnvelope, problem.Refused, "bundle.envelope"},
	{signing.ErrEncoding, problem.Refused, "bundle.encoding"},
	{signing.ErrKeyID, problem.Refused, "bundle.key-material"},
	{signing.ErrNoKeyMaterial, problem.Refused, "bundle.key-material"},
	{signing.ErrLogEntry, problem.Refused, "bundle.log-entry"},
	{signing.ErrSignature, problem.Refused, "signature.wrong"},
	{signing.ErrSubject, problem.Refused, "statement.subject"},
	{signing.ErrStatement, problem.Refused, "statement.json"},
	{signing.ErrDuplicateField, problem.Refused, "bundle.json"},
	{signing.ErrUnknownField, problem.Refused, "bundle.json"},
	{signing.ErrNumber, problem.Refused, "bundle.json"},
	{signing.ErrDepth, problem.Refused, "bundle.json"},
	{signing.ErrJSON, problem.Invalid, "bundle.json"},
}

// BundleProblem turns a reason of package signing to refuse a bundle into a
// problem for people. What is a problem already stays as it is.
func BundleProblem(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*problem.Error](err); ok {
		return err
	}
	for _, r := range bundleReasons {
		if errors.Is(err, r.err) {
			return problem.New(r.kind, r.key, nil).Because(err)
		}
	}
	return wrap("read bundle", err)
}
