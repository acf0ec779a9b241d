package revocation

import (
	"bytes"
	"context"
	"crypto"
	_ "crypto/sha1" // names issuers in OCSP; nothing is signed with it
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"

	"felleskrav/internal/safehttp"
)

// id-pkix-ocsp-archive-cutoff (RFC 6960 §4.4.4).
var oidArchiveCutoff = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 6}

// askOCSP asks the responders that the certificate names, until one gives an answer that counts.
func (c *Checker) askOCSP(ctx context.Context, q question) (answer, error) {
	if c.config.Offline {
		return answer{}, errors.New("OCSP: offline")
	}
	id := idOf(q.cert, q.issuer)
	if kept, ok := c.answers.Get(id); ok && q.now.Before(kept.until) {
		return kept.answer, nil
	}
	responders := addresses(q.cert.OCSPServer)
	if len(responders) == 0 {
		return answer{}, errors.New("OCSP: the certificate names no responder")
	}
	body, err := ocsp.CreateRequest(q.cert, q.issuer, nil)
	if err != nil {
		return answer{}, fmt.Errorf("OCSP: make request: %w", err)
	}
	var failed []error
	for _, u := range responders {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
		if err != nil {
			failed = append(failed, fmt.Errorf("OCSP: %w", err))
			continue
		}
		req.Header.Set("Content-Type", "application/ocsp-request")
		req.Header.Set("Accept", "application/ocsp-response")
		data, err := safehttp.Fetch(ctx, c.client, req, maxOCSP)
		if err != nil {
			failed = append(failed, fmt.Errorf("OCSP: ask %s: %w", u, err))
			continue
		}
		a, err := readOCSP(data, q)
		if err != nil {
			failed = append(failed, fmt.Errorf("OCSP: answer of %s: %w", u, err))
			continue
		}
		if a.State == Good {
			until := q.now.Add(ocspAge)
			if !a.NextUpdate.IsZero() && a.NextUpdate.Before(until) {
				until = a.NextUpdate
			}
			c.answers.Add(id, keptAnswer{a, until})
		}
		return a, nil
	}
	return answer{}, errors.Join(failed...)
}

// readOCSP reads a response and says whether it counts. The library checks neither who may answer, nor
// which issuer the answer is about, nor any time.
func readOCSP(data []byte, q question) (answer, error) {
	// Without an issuer only what is signed by a certificate in the response is checked, against that.
	resp, err := ocsp.ParseResponseForCert(data, q.cert, nil)
	if err != nil {
		return answer{}, err
	}
	if err := checkResponder(resp, q); err != nil {
		return answer{}, err
	}
	if err := checkSubject(resp, q); err != nil {
		return answer{}, err
	}
	if err := fresh(resp.ThisUpdate, resp.NextUpdate, q.now, undatedAge); err != nil {
		return answer{}, err
	}
	a := answer{Status: Status{Source: OCSP, ThisUpdate: resp.ThisUpdate, NextUpdate: resp.NextUpdate}}
	switch resp.Status {
	case ocsp.Good:
		a.State = Good
		a.keptFrom = timeExtension(resp.Extensions, oidArchiveCutoff)
	case ocsp.Revoked:
		a.State, a.RevokedAt, a.Reason = Revoked, resp.RevokedAt, reasonText(resp.RevocationReason)
	default:
		return answer{}, errors.New("does not know the certificate")
	}
	return a, nil
}

// checkResponder demands that the issuer signed the response, or somebody whom it delegated that to by a
// certificate with the OCSP signing usage (RFC 6960 §4.2.2.2). Whether that certificate itself was
// revoked is not asked: it is short-lived or says "nocheck" (§4.2.2.2.1).
func checkResponder(resp *ocsp.Response, q question) error {
	if resp.Certificate == nil || bytes.Equal(resp.Certificate.Raw, q.issuer.Raw) {
		if err := resp.CheckSignatureFrom(q.issuer); err != nil {
			return fmt.Errorf("not signed by the issuer: %w", err)
		}
		return nil
	}
	delegate := resp.Certificate
	if !bytes.Equal(delegate.RawIssuer, q.issuer.RawSubject) {
		return errors.New("signed by somebody of another issuer")
	}
	if err := q.issuer.CheckSignature(delegate.SignatureAlgorithm, delegate.RawTBSCertificate, delegate.Signature); err != nil {
		return fmt.Errorf("signed by somebody whom the issuer did not certify: %w", err)
	}
	switch {
	case !slices.Contains(delegate.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return errors.New("signed by somebody who may not answer for the issuer")
	case q.now.Before(delegate.NotBefore) || q.now.After(delegate.NotAfter):
		return errors.New("signed with an expired certificate")
	case len(delegate.UnhandledCriticalExtensions) > 0:
		return errors.New("signed with a certificate of unknown meaning")
	}
	return nil
}

// checkSubject demands that the response is about this issuer's certificate of that number, once
// (RFC 6960 §3.2).
func checkSubject(resp *ocsp.Response, q question) error {
	var data struct {
		Version     int `asn1:"optional,default:0,explicit,tag:0"`
		ResponderID asn1.RawValue
		ProducedAt  time.Time `asn1:"generalized"`
		Responses   []struct {
			ID struct {
				Hash              pkix.AlgorithmIdentifier
				NameHash, KeyHash []byte
				Serial            *big.Int
			}
		}
	}
	if _, err := asn1.Unmarshal(resp.TBSResponseData, &data); err != nil {
		return err
	}
	nameHash, keyHash, err := issuerHashes(q.issuer, resp.IssuerHash)
	if err != nil {
		return err
	}
	found := 0
	for _, r := range data.Responses {
		if r.ID.Serial == nil || r.ID.Serial.Cmp(q.cert.SerialNumber) != 0 {
			continue
		}
		found++
		if !bytes.Equal(r.ID.NameHash, nameHash) || !bytes.Equal(r.ID.KeyHash, keyHash) {
			return errors.New("is about a certificate of another issuer")
		}
	}
	if found != 1 {
		return fmt.Errorf("has %d answers", found)
	}
	return nil
}

func issuerHashes(issuer *x509.Certificate, hash crypto.Hash) (name, key []byte, err error) {
	if !hash.Available() {
		return nil, nil, errors.New("unknown hash")
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &info); err != nil {
		return nil, nil, err
	}
	sum := func(data []byte) []byte {
		h := hash.New()
		h.Write(data)
		return h.Sum(nil)
	}
	return sum(issuer.RawSubject), sum(info.Key.RightAlign()), nil
}

// timeExtension returns the time in the extension with that id, or zero.
func timeExtension(list []pkix.Extension, id asn1.ObjectIdentifier) time.Time {
	var t time.Time
	for _, e := range list {
		if !e.Id.Equal(id) {
			continue
		}
		if rest, err := asn1.UnmarshalWithParams(e.Value, &t, "generalized"); err != nil || len(rest) > 0 {
			return time.Time{}
		}
	}
	return t
}
