package attestation

import (
	"errors"

	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
)

// bundleReasons turns signing's reasons into ours, most specific first.
var bundleReasons = []struct {
	err  error
	kind problem.Kind
	key  string
}{
	{signing.ErrTooLarge, problem.TooLarge, "bundle.large"},
	{signing.ErrCertificateNotEnabled, problem.Refused, "bundle.certificate"},
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
