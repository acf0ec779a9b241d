package keylesstest

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	dssepb "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	"google.golang.org/protobuf/encoding/protojson"

	"felleskrav/internal/signing"
)

// request is how a signature is made.
type request struct {
	key              crypto.Signer
	issued, signed   time.Time
	noStamp, noEntry bool
	changes          []func(*x509.Certificate)
	bundle           []func(*bundlepb.Bundle)
}

// Option changes how a signature is made.
type Option func(*request)

// IssuedAt sets the start of the certificate's validity; the signature is then made a minute later.
func IssuedAt(at time.Time) Option {
	return func(r *request) { r.issued, r.signed = at, at.Add(time.Minute) }
}

// StampedAt sets the time that the timestamp tells, and leaves the certificate as it is.
func StampedAt(at time.Time) Option { return func(r *request) { r.signed = at } }

// WithoutTimestamp leaves the timestamp out.
func WithoutTimestamp() Option { return func(r *request) { r.noStamp = true } }

// WithoutLogEntry leaves the log entry out.
func WithoutLogEntry() Option { return func(r *request) { r.noEntry = true } }

// WithKey signs with key, which is otherwise a new ECDSA P-256 one.
func WithKey(key crypto.Signer) Option { return func(r *request) { r.key = key } }

// WithCertificate changes the certificate before it is issued.
func WithCertificate(change func(*x509.Certificate)) Option {
	return func(r *request) { r.changes = append(r.changes, change) }
}

// WithBundle changes the bundle when everything in it is made.
func WithBundle(change func(*bundlepb.Bundle)) Option {
	return func(r *request) { r.bundle = append(r.bundle, change) }
}

// Sign returns the bundle, in JSON, of an in-toto statement signed by subject, an e-mail address or URI that
// oidcIssuer vouches for.
func (a *Authority) Sign(t testing.TB, statement []byte, oidcIssuer, subject string, options ...Option) []byte {
	t.Helper()
	covered := fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(signing.PayloadType), signing.PayloadType, len(statement), statement)
	return a.sign(t, covered, oidcIssuer, subject, options, func(b *bundlepb.Bundle, sig []byte) {
		b.Content = &bundlepb.Bundle_DsseEnvelope{DsseEnvelope: &dssepb.Envelope{
			Payload: statement, PayloadType: signing.PayloadType, Signatures: []*dssepb.Signature{{Sig: sig}},
		}}
	})
}

// SignBlob returns the bundle, in JSON, of a message signed by subject, as "cosign sign-blob" makes it. An Ed25519
// key makes a bundle that verifiers refuse: they ask for the prehashed variant.
func (a *Authority) SignBlob(t testing.TB, message []byte, oidcIssuer, subject string, options ...Option) []byte {
	t.Helper()
	return a.sign(t, message, oidcIssuer, subject, options, func(b *bundlepb.Bundle, sig []byte) {
		digest := sha256.Sum256(message)
		b.Content = &bundlepb.Bundle_MessageSignature{MessageSignature: &commonpb.MessageSignature{
			MessageDigest: &commonpb.HashOutput{Algorithm: commonpb.HashAlgorithm_SHA2_256, Digest: digest[:]}, Signature: sig,
		}}
	})
}

func (a *Authority) sign(t testing.TB, covered []byte, oidcIssuer, subject string, options []Option, fill func(*bundlepb.Bundle, []byte)) []byte {
	t.Helper()
	r := &request{}
	IssuedAt(a.start)(r)
	for _, option := range options {
		option(r)
	}
	if r.key == nil {
		r.key = newKey(t)
	}
	leaf := a.leaf(t, r, oidcIssuer, subject)
	sig, err := signing.SignMessage(r.key, covered)
	if err != nil {
		t.Fatal(err)
	}
	material := &bundlepb.VerificationMaterial{
		Content: &bundlepb.VerificationMaterial_Certificate{Certificate: &commonpb.X509Certificate{RawBytes: leaf.Raw}},
	}
	if !r.noEntry {
		material.TlogEntries = append(material.TlogEntries, a.log.enter(t, leaf, covered, sig))
	}
	if !r.noStamp {
		material.TimestampVerificationData = &bundlepb.TimestampVerificationData{
			Rfc3161Timestamps: []*commonpb.RFC3161SignedTimestamp{{SignedTimestamp: a.stamp(t, sig, r.signed)}},
		}
	}
	b := &bundlepb.Bundle{MediaType: signing.MediaType, VerificationMaterial: material}
	fill(b, sig)
	for _, change := range r.bundle {
		change(b)
	}
	out, err := protojson.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
