package audit

import (
	"context"
	"crypto/x509"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/console"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/signing"
	"felleskrav/internal/signing/keyless"
	"felleskrav/internal/supplier"
)

// Signer is who a certificate says signed.
type Signer struct {
	Grade  supplier.SignerKind `json:"grade"`
	Name   string              `json:"name"`
	Issuer string              `json:"issuer"`
	// Organisation is the identifier in an enterprise certificate.
	Organisation string `json:"organisation,omitempty"`
	// At is the time at which the certificate was judged, and AtSource where
	// that is from: receipt, timestamp, log or now.
	At       time.Time `json:"at"`
	AtSource string    `json:"atSource"`
	// Revocation is good, or unchecked when there were no lists to look into.
	Revocation string `json:"revocation,omitempty"`
}

// judge finds out who signed by the certificate in the bundle, as of the time
// at which the log took the statement in, and gives the key that did.
func (in verifyInput) judge(v *Verification, b *signing.Bundle, st Statement, loggedAt time.Time) (signing.PublicKey, bool) {
	leaf, err := x509.ParseCertificate(b.Certificate)
	if err != nil {
		return signing.PublicKey{}, v.add("certificate", err)
	}
	if keyless.IsKeyless(leaf) {
		return in.judgeLogin(v, b)
	}
	if in.signers.Authorities == nil {
		return signing.PublicKey{}, v.add("certificate", console.No("cli.verify.no-roots"))
	}
	at, source := loggedAt, "receipt"
	if at.IsZero() {
		at, source = in.now, "now"
	}
	who, err := in.signers.Authorities.Verify(context.Background(), b, at)
	if !v.add("certificate", attestation.BundleProblem(err)) {
		return signing.PublicKey{}, false
	}
	if who.AtSource == signing.FromTimestamp {
		source = "timestamp"
	}
	v.Signer = &Signer{
		Grade: supplier.EnterpriseCertificate, Name: who.Subject, Issuer: who.Issuer, Organisation: who.Organisation.String(),
		At: who.At.UTC(), AtSource: source, Revocation: string(who.Revocation.State),
	}
	if who.Revocation.State == "" {
		v.Signer.Revocation = "unchecked"
	}
	if !v.add("organisation", ownCertificate(who.Organisation, st.party())) {
		return signing.PublicKey{}, false
	}
	return who.Public, true
}

// ownCertificate holds the organisation in a certificate against the one that
// the statement is made for.
func ownCertificate(o signing.Organisation, party attestation.Party) error {
	n, err := organisation.ParseIdentifier(party.ID)
	if err == nil && (supplier.Supplier{Number: n}).Is(o) {
		return nil
	}
	return console.No("cli.verify.other-organisation", "Certificate", o.String(), "Number", grouped(party.ID))
}

func (in verifyInput) judgeLogin(v *Verification, b *signing.Bundle) (signing.PublicKey, bool) {
	if in.signers.Identities == nil {
		return signing.PublicKey{}, v.add("certificate", console.No("cli.verify.no-identity-root"))
	}
	who, err := in.signers.Identities.VerifyStatement(b.Raw, b.Payload)
	if !v.add("login", attestation.BundleProblem(err)) {
		return signing.PublicKey{}, false
	}
	v.Signer = &Signer{Grade: supplier.LoginIdentity, Name: who.Subject, Issuer: who.Issuer, At: who.Time, AtSource: string(who.TimeSource)}
	return who.Public, true
}

// party is whose word the statement says that it is.
func (st Statement) party() attestation.Party {
	switch {
	case st.Withdrawal != nil:
		return st.Withdrawal.Supplier
	case st.Review != nil:
		return st.Review.Reviewer
	case st.ReviewEnd != nil:
		return st.ReviewEnd.Reviewer
	default:
		return st.Declaration.Supplier
	}
}

// signerText says in words who signed, and what that rests on.
func signerText(t *locale.Texts, who *Signer) string {
	args := []any{"Name", who.Name, "Issuer", who.Issuer, "Organisation", who.Organisation, "At", t.DateTime(who.At)}
	text := t.T("cli.verify.by-"+string(who.Grade), args...) + "\n" + t.T("cli.verify.at-"+who.AtSource, args...) + "\n"
	if who.Revocation == "unchecked" {
		text += t.T("cli.verify.revocation-unchecked") + "\n"
	}
	return text
}
