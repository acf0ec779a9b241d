package keyless

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"felleskrav/internal/signing"
)

const (
	// As many as sigstore-go accepts.
	maxLogEntries = 32
	maxTimestamps = 32
	// A proof in a tree of 2^63 leaves has 63 hashes.
	maxHashes = 63
)

// bundleJSON is the protobuf JSON form of dev.sigstore.bundle.v1.Bundle, as far as it is accepted from a signer
// with a certificate. sigstore-go reads the same bytes more loosely; reading them strictly first leaves it nothing
// to read differently.
type bundleJSON struct {
	MediaType            string `json:"mediaType"`
	VerificationMaterial *struct {
		Certificate *struct {
			RawBytes rawBytes `json:"rawBytes"`
		} `json:"certificate"`
		PublicKey                 json.RawMessage `json:"publicKey"`
		X509CertificateChain      json.RawMessage `json:"x509CertificateChain"`
		TlogEntries               []logEntryJSON  `json:"tlogEntries"`
		TimestampVerificationData *struct {
			RFC3161Timestamps []struct {
				SignedTimestamp rawBytes `json:"signedTimestamp"`
			} `json:"rfc3161Timestamps"`
		} `json:"timestampVerificationData"`
	} `json:"verificationMaterial"`
	DSSEEnvelope *struct {
		Payload     rawBytes `json:"payload"`
		PayloadType string   `json:"payloadType"`
		Signatures  []struct {
			Sig   rawBytes `json:"sig"`
			KeyID string   `json:"keyid"`
		} `json:"signatures"`
	} `json:"dsseEnvelope"`
	MessageSignature *struct {
		MessageDigest *struct {
			Algorithm string   `json:"algorithm"`
			Digest    rawBytes `json:"digest"`
		} `json:"messageDigest"`
		Signature rawBytes `json:"signature"`
	} `json:"messageSignature"`
}

// logEntryJSON is the protobuf JSON form of dev.sigstore.rekor.v1.TransparencyLogEntry.
type logEntryJSON struct {
	LogIndex string `json:"logIndex"`
	LogID    *struct {
		KeyID rawBytes `json:"keyId"`
	} `json:"logId"`
	KindVersion *struct {
		Kind    string `json:"kind"`
		Version string `json:"version"`
	} `json:"kindVersion"`
	IntegratedTime   string `json:"integratedTime"`
	InclusionPromise *struct {
		SignedEntryTimestamp rawBytes `json:"signedEntryTimestamp"`
	} `json:"inclusionPromise"`
	InclusionProof *struct {
		LogIndex   string     `json:"logIndex"`
		RootHash   rawBytes   `json:"rootHash"`
		TreeSize   string     `json:"treeSize"`
		Hashes     []rawBytes `json:"hashes"`
		Checkpoint *struct {
			Envelope string `json:"envelope"`
		} `json:"checkpoint"`
	} `json:"inclusionProof"`
	CanonicalizedBody rawBytes `json:"canonicalizedBody"`
}

// rawBytes is a protobuf bytes field: standard base64 with padding and nothing else, as package signing takes it.
type rawBytes []byte

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *rawBytes) UnmarshalText(text []byte) error {
	out, err := base64.StdEncoding.Strict().DecodeString(string(text))
	if err == nil && (len(out) == 0 || strings.ContainsAny(string(text), "\r\n")) {
		err = base64.CorruptInputError(0)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", signing.ErrEncoding, err)
	}
	*r = out
	return nil
}

// signed is what a bundle holds when it has been read and nothing of it verified.
type signed struct {
	doc  bundleJSON
	leaf *x509.Certificate
}

// read reads a bundle with a certificate, strictly, with the errors of package signing and ErrNoCertificate and
// ErrNotKeyless.
func read(data []byte) (*signed, error) {
	if len(data) > signing.MaxBundle {
		return nil, signing.ErrTooLarge
	}
	s := new(signed)
	if err := signing.StrictJSON(data, &s.doc); err != nil {
		return nil, err
	}
	if s.doc.MediaType != signing.MediaType {
		return nil, fmt.Errorf("%w: %q", signing.ErrMediaType, s.doc.MediaType)
	}
	material := s.doc.VerificationMaterial
	switch {
	case material == nil || material.PublicKey != nil:
		return nil, ErrNoCertificate
	case material.X509CertificateChain != nil:
		// A bundle of version 0.3 names a chain only for signers outside Sigstore.
		return nil, fmt.Errorf("%w: a chain", ErrNotKeyless)
	case material.Certificate == nil:
		return nil, ErrNoCertificate
	}
	leaf, err := x509.ParseCertificate(material.Certificate.RawBytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCertificate, err)
	}
	s.leaf = leaf
	if len(material.TlogEntries) > maxLogEntries {
		return nil, fmt.Errorf("%w: more than %d entries", signing.ErrLogEntry, maxLogEntries)
	}
	for i := range material.TlogEntries {
		if err := material.TlogEntries[i].check(); err != nil {
			return nil, err
		}
	}
	if stamps := material.TimestampVerificationData; stamps != nil && len(stamps.RFC3161Timestamps) > maxTimestamps {
		return nil, fmt.Errorf("%w: more than %d timestamps", signing.ErrLogEntry, maxTimestamps)
	}
	return s, nil
}

func (e *logEntryJSON) check() error {
	fail := func(detail string) error { return fmt.Errorf("%w: %s", signing.ErrLogEntry, detail) }
	if e.LogID == nil || len(e.LogID.KeyID) == 0 || e.KindVersion == nil || len(e.CanonicalizedBody) == 0 {
		return fail("logId, kindVersion or canonicalizedBody is missing")
	}
	if e.InclusionPromise != nil && len(e.InclusionPromise.SignedEntryTimestamp) == 0 {
		return fail("inclusion promise is empty")
	}
	proof := e.InclusionProof
	if proof == nil || proof.Checkpoint == nil || proof.Checkpoint.Envelope == "" || len(proof.RootHash) == 0 {
		return fail("inclusion proof or checkpoint is missing")
	}
	if len(proof.Hashes) > maxHashes {
		return fail("too many hashes")
	}
	for _, hash := range proof.Hashes {
		if len(hash) == 0 {
			return fail("empty hash")
		}
	}
	return nil
}

// statement returns the envelope as package signing sees one by a plain key, so that its rules for signature,
// algorithm and statement are the rules here too.
func (s *signed) statement(data []byte) (*signing.Bundle, error) {
	envelope := s.doc.DSSEEnvelope
	if envelope == nil || s.doc.MessageSignature != nil {
		return nil, signing.ErrNoEnvelope
	}
	if envelope.PayloadType != signing.PayloadType {
		return nil, fmt.Errorf("%w: %q", signing.ErrPayloadType, envelope.PayloadType)
	}
	if n := len(envelope.Signatures); n != 1 {
		return nil, fmt.Errorf("%w: %d", signing.ErrSignatureCount, n)
	}
	if envelope.Signatures[0].KeyID != "" {
		return nil, signing.ErrKeyID
	}
	b := &signing.Bundle{Payload: envelope.Payload, Signature: envelope.Signatures[0].Sig, Raw: data}
	if len(b.Payload) == 0 || len(b.Signature) == 0 {
		return nil, fmt.Errorf("%w: payload or sig is missing", signing.ErrEncoding)
	}
	return b, nil
}
