package supplier

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/signing/keyless"
	"felleskrav/internal/signing/revocation"
)

// SignerKind says how it is known that a signer is the organisation's: the
// grade of a signature.
type SignerKind string

// The kinds.
const (
	// EnrolledKey: the organisation enrolled the key, and proved that it has it.
	EnrolledKey SignerKind = "key"
	// EnterpriseCertificate: an issuer that the operator trusts vouches for the
	// organisation number.
	EnterpriseCertificate SignerKind = "certificate"
	// LoginIdentity: a person or a system logged in somewhere, and the
	// organisation enrolled that login.
	LoginIdentity SignerKind = "identity"
)

// SignerKinds lists the kinds.
func SignerKinds() []SignerKind {
	return []SignerKind{EnrolledKey, EnterpriseCertificate, LoginIdentity}
}

// SignerKind is the key's kind; keys from before there were others are
// enrolled ones.
func (k Key) SignerKind() SignerKind {
	if k.Kind == "" {
		return EnrolledKey
	}
	return k.Kind
}

// Signers tells which of an organisation's signers made a signature. The zero
// value, and nil, know the keys that organisations have enrolled.
type Signers struct {
	// Authorities issue enterprise certificates; nil when none are installed.
	Authorities *signing.Authorities
	// Identities verifies keyless signatures; nil when no trusted root is
	// installed.
	Identities *keyless.Verifier
}

// Signed is a signature that was verified, and whose it is.
type Signed struct {
	// Key is the signer as the organisation has it. One that is seen for the
	// first time, by its certificate, has no place in the log yet.
	Key   Key
	Fresh bool
	// Public is what verifies the signature.
	Public signing.PublicKey
	// At is the moment at which the signer had to be good: when the bundle was
	// received, or when a trusted time-stamper saw the signature.
	At time.Time
}

// Of finds which of the organisation's signers made the signature on b, which
// is received at the moment at, and verifies it. Whether the signer may sign
// something new is for [Supplier.Usable] to say. The error is a problem, or one
// of the reasons of package signing or keyless to refuse a bundle.
func (s *Signers) Of(ctx context.Context, b *signing.Bundle, org Supplier, at time.Time) (Signed, error) {
	if b.Certificate == nil {
		signed, err := enrolledSigner(b, org)
		if err == nil && signed.Key.SignerKind() == EnterpriseCertificate { // nobody would ask whether it still stands
			return Signed{}, problem.New(problem.Refused, "signature.certificate-left-out", nil)
		}
		signed.At = at
		return signed, err
	}
	leaf, err := x509.ParseCertificate(b.Certificate)
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", signing.ErrCertificate, err)
	}
	switch {
	case s == nil:
	case keyless.IsKeyless(leaf) && s.Identities != nil:
		return s.identified(b, org, at)
	case s.Authorities != nil && !keyless.IsKeyless(leaf):
		return s.certified(ctx, b, org, at)
	}
	return Signed{}, signing.ErrCertificateNotEnabled
}

// certified finds the signer that an enterprise certificate names.
func (s *Signers) certified(ctx context.Context, b *signing.Bundle, org Supplier, at time.Time) (Signed, error) {
	c, err := s.Authorities.Verify(ctx, b, at)
	if err != nil {
		return Signed{}, err
	}
	if !org.Is(c.Organisation) {
		return Signed{}, problem.New(problem.Refused, "signature.other-organisation", problem.Args{"Certificate": c.Organisation.String(), "Supplier": org.Name})
	}
	signed := Signed{Public: c.Public, At: c.At}
	if k, ok := org.Key(c.Public.ID); ok {
		signed.Key = k
		// A certificate may be renewed for the same key.
		if k.SignerKind() == EnterpriseCertificate && c.NotAfter.After(k.ExpiresAt) {
			signed.Key.ExpiresAt = c.NotAfter.Add(time.Second)
		}
		return signed, nil
	}
	signed.Fresh = true
	signed.Key = Key{
		ID: c.Public.ID, Kind: EnterpriseCertificate, Algorithm: string(c.Public.Algorithm), PEM: c.Public.PEM, Label: c.Subject,
		// NotAfter is the last second of its validity.
		ExpiresAt: c.NotAfter.Add(time.Second),
		Certificate: &Certificate{
			PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b.Certificate})), Chain: chainPEM(b.Chain),
			Subject: c.Subject, Issuer: c.Issuer, Serial: c.SerialHex, Fingerprint: c.Fingerprint, Organisation: c.Organisation.String(),
			NotBefore: c.NotBefore, NotAfter: c.NotAfter, ClaimsQualifiedSeal: c.ClaimsQualifiedSeal,
		},
	}
	if c.Revocation.State == revocation.Good {
		checked := c.Revocation.CheckedAt.UTC().Truncate(time.Millisecond)
		signed.Key.Certificate.Checked = &checked
	}
	return signed, nil
}

func chainPEM(chain [][]byte) string {
	var out []byte
	for _, der := range chain {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return string(out)
}

// Is reports whether a certificate's organisation is this one: by its Norwegian
// number, by the foreign identifier that it is known by, or by one that an editor
// has verified.
func (s Supplier) Is(o signing.Organisation) bool {
	if o.Country == "NO" && (o.Scheme == signing.NationalRegister || o.Scheme == signing.VATNumber) {
		n, err := organisation.ParseNumber(o.Number)
		return err == nil && n == s.Number
	}
	if n, err := organisation.ParseIdentifier(o.String()); err == nil && n.Foreign() && n == s.Number {
		return true
	}
	for _, id := range s.Identifiers {
		if id == o.String() {
			return true
		}
	}
	return false
}

// identified finds the enrolled login that made a keyless signature.
func (s *Signers) identified(b *signing.Bundle, org Supplier, at time.Time) (Signed, error) {
	who, err := s.Identities.VerifyStatement(b.Raw, b.Payload)
	if err != nil {
		return Signed{}, err
	}
	if err := b.Verify(who.Public); err != nil { // the payload, strictly
		return Signed{}, err
	}
	k, ok := org.Key(who.Identity().ID())
	if !ok || k.SignerKind() != LoginIdentity {
		return Signed{}, problem.New(problem.Refused, "signature.unknown-identity", problem.Args{"Subject": who.Subject, "Issuer": who.Issuer, "Supplier": org.Name})
	}
	return Signed{Key: k, Public: who.Public, At: at}, nil
}

// Again finds the signer of a bundle that was accepted before: it asks nobody,
// and judges neither certificates nor their time. See [Signers.Trusts].
func (s *Signers) Again(b *signing.Bundle, org Supplier) (Signed, error) {
	if b.Certificate == nil {
		return enrolledSigner(b, org)
	}
	leaf, err := x509.ParseCertificate(b.Certificate)
	if err != nil {
		return Signed{}, fmt.Errorf("%w: %w", signing.ErrCertificate, err)
	}
	public, err := b.LeafKey()
	if err != nil {
		return Signed{}, err
	}
	if err := b.Verify(public); err != nil {
		return Signed{}, err
	}
	id := public.ID
	if keyless.IsKeyless(leaf) {
		who, err := keyless.IdentityOf(leaf)
		if err != nil {
			return Signed{}, err
		}
		id = who.ID()
	}
	k, ok := org.Key(id)
	if !ok {
		return Signed{}, problem.New(problem.Refused, "signature.unknown-key", problem.Args{"Supplier": org.Name})
	}
	return Signed{Key: k, Public: public}, nil
}

// Trusts says whether what is installed now vouches for the certificate on a
// bundle that was received at the moment at. It asks nobody about revocation.
func (s *Signers) Trusts(b *signing.Bundle, at time.Time) error {
	if b.Certificate == nil {
		return nil
	}
	leaf, err := x509.ParseCertificate(b.Certificate)
	if err != nil {
		return fmt.Errorf("%w: %w", signing.ErrCertificate, err)
	}
	switch {
	case s == nil:
	case keyless.IsKeyless(leaf) && s.Identities != nil:
		_, err := s.Identities.VerifyStatement(b.Raw, b.Payload)
		return err
	case s.Authorities != nil && !keyless.IsKeyless(leaf):
		_, err := s.Authorities.VerifyWithoutRevocation(b, at)
		return err
	}
	return signing.ErrCertificateNotEnabled
}

// enrolledSigner finds the enrolled key that made the signature. The bundle's
// hint says where to look first and proves nothing.
func enrolledSigner(b *signing.Bundle, org Supplier) (Signed, error) {
	var hinted []Key
	if raw, err := base64.StdEncoding.DecodeString(b.Hint); err == nil {
		if k, ok := org.Key(hex.EncodeToString(raw)); ok {
			hinted = []Key{k}
		}
	}
	if len(org.Keys) == 0 {
		return Signed{}, problem.New(problem.Refused, "signature.no-keys", nil)
	}
	for _, k := range append(hinted, org.Keys...) {
		if k.PEM == "" { // a login has no key of its own
			continue
		}
		pub, err := signing.ParsePublicKey([]byte(k.PEM))
		if err != nil {
			return Signed{}, wrap("read enrolled key", err)
		}
		err = b.Verify(pub)
		if err == nil {
			return Signed{Key: k, Public: pub}, nil
		}
		if !errors.Is(err, signing.ErrSignature) {
			return Signed{}, err
		}
		if len(hinted) > 0 { // the key it names is ours to know, and it did not sign this
			return Signed{}, problem.New(problem.Refused, "signature.wrong", nil).Because(err)
		}
	}
	return Signed{}, problem.New(problem.Refused, "signature.unknown-key", problem.Args{"Supplier": org.Name})
}

// Usable says whether a key of s may sign something new now.
func (s Supplier) Usable(k Key, now time.Time) error {
	switch {
	case s.Ends(k.ID):
		return problem.New(problem.Refused, "signature.key-revoked", problem.Args{"Label": k.Label})
	case !now.Before(k.ExpiresAt):
		return problem.New(problem.Refused, "signature.key-expired", problem.Args{"Label": k.Label})
	}
	return nil
}

// signers counts the keys that may sign something new now.
func (s Supplier) signers(now time.Time) int {
	n := 0
	for _, k := range s.Keys {
		if s.Usable(k, now) == nil {
			n++
		}
	}
	return n
}
