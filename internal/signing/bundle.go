package signing

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

const (
	// MediaType is the only bundle version made and accepted.
	MediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"
	// PayloadType is the only kind of payload made and accepted.
	PayloadType = "application/vnd.in-toto+json"
	// MaxBundle is the largest bundle accepted, in bytes.
	MaxBundle = 1 << 20
)

// Bundle is a Sigstore bundle v0.3 holding one in-toto statement in a DSSE envelope with one signature,
// by a plain public key or by the key of a certificate. Nothing in it is verified before [Bundle.Verify],
// or for a certificate [Authorities.Verify], says so.
type Bundle struct {
	// Payload is the statement, the exact bytes signed; [Digest] of it identifies the attestation, since
	// envelope and signature can be written in several ways.
	Payload []byte
	// Hint is what the signer wrote about the key, not covered by the signature: see [PublicKey.Hint]. It
	// is empty when the signer is named by a certificate.
	Hint string
	// Certificate is the signer's certificate in DER, or nil when a plain key signed. The signature does
	// not cover it: another certificate for the same key verifies the same bundle.
	Certificate []byte
	// Chain holds the other certificates that the bundle carries, in DER, as they stood.
	Chain [][]byte
	// Signature is the signature over the envelope's pre-authentication encoding.
	Signature []byte
	// Inclusions are the log entries that the bundle carries, unverified.
	Inclusions []Inclusion
	// Timestamps are the RFC 3161 timestamp responses that the bundle carries, in DER, unverified.
	Timestamps [][]byte
	// Raw is the bundle as it was read.
	Raw []byte
}

// bundleJSON is the protobuf JSON form of dev.sigstore.bundle.v1.Bundle, as far as it is accepted.
type bundleJSON struct {
	MediaType            string          `json:"mediaType"`
	VerificationMaterial *materialJSON   `json:"verificationMaterial,omitempty"`
	DSSEEnvelope         *envelopeJSON   `json:"dsseEnvelope,omitempty"`
	MessageSignature     json.RawMessage `json:"messageSignature,omitempty"`
}

type envelopeJSON struct {
	Payload     string          `json:"payload"`
	PayloadType string          `json:"payloadType"`
	Signatures  []signatureJSON `json:"signatures"`
}

type signatureJSON struct {
	Sig   string `json:"sig"`
	KeyID string `json:"keyid,omitempty"`
}

// SignBundle signs payload, an in-toto statement, and returns the bundle. The payload is signed as it is
// and not looked into.
func SignBundle(ctx context.Context, key crypto.Signer, payload []byte) ([]byte, error) {
	public, err := PublicOf(key)
	if err != nil {
		return nil, fmt.Errorf("sign bundle: %w", err)
	}
	return signBundle(ctx, key, payload, &materialJSON{PublicKey: &publicKeyJSON{Hint: public.Hint()}})
}

func signBundle(ctx context.Context, key crypto.Signer, payload []byte, material *materialJSON) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sign bundle: %w", err)
	}
	sig, err := SignMessage(key, preAuthEncoding(payload))
	if err != nil {
		return nil, fmt.Errorf("sign bundle: %w", err)
	}
	data, err := json.Marshal(bundleJSON{
		MediaType:            MediaType,
		VerificationMaterial: material,
		DSSEEnvelope: &envelopeJSON{
			Payload:     base64.StdEncoding.EncodeToString(payload),
			PayloadType: PayloadType,
			Signatures:  []signatureJSON{{Sig: base64.StdEncoding.EncodeToString(sig)}},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("sign bundle: %w", err)
	}
	if len(data) > MaxBundle {
		return nil, fmt.Errorf("sign bundle: %w", ErrTooLarge)
	}
	return data, nil
}

// preAuthEncoding is what a DSSE signature covers (DSSE v1.0.2, protocol.md).
func preAuthEncoding(payload []byte) []byte {
	head := "DSSEv1 " + strconv.Itoa(len(PayloadType)) + " " + PayloadType + " " + strconv.Itoa(len(payload)) + " "
	return append([]byte(head), payload...)
}

// ParseBundle reads a bundle, strictly: anything that another verifier could read differently is refused,
// with one of this package's errors.
func ParseBundle(data []byte) (*Bundle, error) {
	if len(data) > MaxBundle {
		return nil, fmt.Errorf("parse bundle: %w", ErrTooLarge)
	}
	var doc bundleJSON
	if err := StrictJSON(data, &doc); err != nil {
		return nil, fmt.Errorf("parse bundle: %w", err)
	}
	b, err := doc.bundle()
	if err != nil {
		return nil, fmt.Errorf("parse bundle: %w", err)
	}
	b.Raw = data
	return b, nil
}

func (doc *bundleJSON) bundle() (*Bundle, error) {
	if doc.MediaType != MediaType {
		return nil, fmt.Errorf("%w: %q", ErrMediaType, doc.MediaType)
	}
	if doc.DSSEEnvelope == nil || doc.MessageSignature != nil {
		return nil, ErrNoEnvelope
	}
	material := doc.VerificationMaterial
	if material == nil {
		return nil, ErrNoKeyMaterial
	}
	if doc.DSSEEnvelope.PayloadType != PayloadType {
		return nil, fmt.Errorf("%w: %q", ErrPayloadType, doc.DSSEEnvelope.PayloadType)
	}
	if n := len(doc.DSSEEnvelope.Signatures); n != 1 {
		return nil, fmt.Errorf("%w: %d", ErrSignatureCount, n)
	}
	// Verifiers differ in what they compare it with; sigstore-go refuses every one.
	if doc.DSSEEnvelope.Signatures[0].KeyID != "" {
		return nil, ErrKeyID
	}
	b := new(Bundle)
	err := material.signer(b)
	if err != nil {
		return nil, err
	}
	if b.Payload, err = decodeBase64("payload", doc.DSSEEnvelope.Payload); err != nil {
		return nil, err
	}
	if b.Signature, err = decodeBase64("sig", doc.DSSEEnvelope.Signatures[0].Sig); err != nil {
		return nil, err
	}
	if err := material.evidence(b); err != nil {
		return nil, err
	}
	return b, nil
}

// decodeBase64 takes standard base64 with padding and nothing else; the library would pass over line
// breaks and, unless told, leftover bits.
func decodeBase64(field, text string) ([]byte, error) {
	out, err := base64.StdEncoding.Strict().DecodeString(text)
	if err == nil && strings.ContainsAny(text, "\r\n") {
		err = base64.CorruptInputError(strings.IndexAny(text, "\r\n"))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrEncoding, field, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: %s is empty", ErrEncoding, field)
	}
	return out, nil
}
