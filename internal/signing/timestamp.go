package signing

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/sigstore/timestamp-authority/v2/pkg/verification"
)

const (
	// maxTimestamp bounds a timestamp, in bytes of DER; one with its certificates has some 5 kB.
	maxTimestamp = 32 << 10
	// How far a time-stamper's clock may be ahead of ours.
	timestampSkew = 5 * time.Minute
)

// signedAt returns the earliest time at which an installed time-stamper saw b's signature. It is zero if b
// has no timestamp of theirs: one of somebody else proves nothing here and does no harm either. A timestamp
// that is malformed, of another signature, or later than at is refused with ErrTimestamp, whoever made it.
func (a *Authorities) signedAt(b *Bundle, at time.Time) (time.Time, error) {
	if len(a.timestampRoots) == 0 {
		return time.Time{}, nil
	}
	var earliest time.Time
	for _, der := range b.Timestamps {
		t, err := a.checkTimestamp(der, b.Signature)
		switch {
		case errors.Is(err, errStranger):
			continue
		case err != nil:
			return time.Time{}, fmt.Errorf("%w: %w", ErrTimestamp, err)
		case t.After(at.Add(timestampSkew)):
			return time.Time{}, fmt.Errorf("%w: it is of %s", ErrTimestamp, t.Format(time.RFC3339))
		}
		if earliest.IsZero() || t.Before(earliest) {
			earliest = t
		}
	}
	return earliest, nil
}

// checkTimestamp verifies one RFC 3161 response over the signature. The time-stamper's certificate must
// have been valid at the time it states; whether that certificate was revoked is not asked.
func (a *Authorities) checkTimestamp(der, signature []byte) (at time.Time, err error) {
	// The parser below has been seen to panic on malformed input.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("parser: %v", r)
		}
	}()
	if len(der) > maxTimestamp {
		return time.Time{}, fmt.Errorf("%d bytes", len(der))
	}
	// Before anything is said about who made it: is it over this signature?
	ts, err := timestamp.ParseResponse(der)
	if err != nil {
		return time.Time{}, err
	}
	if !ts.HashAlgorithm.Available() {
		return time.Time{}, errors.New("unknown hash")
	}
	h := ts.HashAlgorithm.New()
	h.Write(signature)
	if !bytes.Equal(h.Sum(nil), ts.HashedMessage) {
		return time.Time{}, errors.New("it is over something else")
	}
	var unknown x509.UnknownAuthorityError
	if len(ts.Certificates) > 0 {
		at, err := a.verifyTimestamp(der, signature, nil)
		if errors.As(err, &unknown) {
			return at, errStranger
		}
		return at, err
	}
	for _, c := range a.timestampCertificates {
		if c.IsCA {
			continue
		}
		if at, err := a.verifyTimestamp(der, signature, c); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errStranger
}

// errStranger says that no installed time-stamper made a timestamp.
var errStranger = errors.New("time-stamper is not installed")

// verifyTimestamp verifies a response that has its maker's certificate in it, or else was made by stamper.
func (a *Authorities) verifyTimestamp(der, signature []byte, stamper *x509.Certificate) (time.Time, error) {
	ts, err := verification.VerifyTimestampResponse(der, bytes.NewReader(signature), verification.VerifyOpts{
		Roots: a.timestampRoots, Intermediates: a.timestampCertificates, TSACertificate: stamper,
	})
	if err != nil {
		return time.Time{}, err
	}
	return ts.Time, nil
}

// WithTimestamp returns bundle with an RFC 3161 response (DER) over its signature added. The response is not
// looked into. The errors are those of [ParseBundle].
func WithTimestamp(bundle, response []byte) ([]byte, error) {
	if _, err := ParseBundle(bundle); err != nil {
		return nil, fmt.Errorf("add timestamp: %w", err)
	}
	var doc bundleJSON
	if err := StrictJSON(bundle, &doc); err != nil {
		return nil, fmt.Errorf("add timestamp: %w", err)
	}
	material := doc.VerificationMaterial
	if material.TimestampVerificationData == nil {
		material.TimestampVerificationData = new(timestampsJSON)
	}
	stamps := material.TimestampVerificationData
	stamps.RFC3161Timestamps = append(stamps.RFC3161Timestamps, timestampJSON{SignedTimestamp: base64.StdEncoding.EncodeToString(response)})
	if _, err := doc.bundle(); err != nil {
		return nil, fmt.Errorf("add timestamp: %w", err)
	}
	out, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("add timestamp: %w", err)
	}
	return out, nil
}
