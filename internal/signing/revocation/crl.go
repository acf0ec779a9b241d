package revocation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"felleskrav/internal/safehttp"
)

var (
	oidCRLNumber      = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidReason         = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidInvalidityDate = asn1.ObjectIdentifier{2, 5, 29, 24}
	oidScope          = asn1.ObjectIdentifier{2, 5, 29, 28} // issuing distribution point
	oidAuthorityKey   = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidExpiredCertsOn = asn1.ObjectIdentifier{2, 5, 29, 60} // ISO/IEC 9594-8
)

// list is a revocation list that is well-formed. Who signed it is checked by [list.signedBy].
type list struct {
	this, next time.Time
	revoked    map[string]revokedEntry // by serial number, big-endian
	scope      *scope
	kept       time.Time
	// raw is the list as it was read, until its signature is checked.
	raw *x509.RevocationList
	// signers are the digests of issuers who are known to have signed it, or not, as a bool.
	signers sync.Map
}

type revokedEntry struct {
	at     time.Time
	reason int
}

// scope is what an issuing distribution point extension says a list is about (RFC 5280 §5.2.5).
type scope struct {
	Point struct {
		FullName []asn1.RawValue `asn1:"optional,tag:0"`
		Relative asn1.RawValue   `asn1:"optional,tag:1"`
	} `asn1:"optional,tag:0"`
	OnlyUsers      bool           `asn1:"optional,tag:1"`
	OnlyCAs        bool           `asn1:"optional,tag:2"`
	OnlyReasons    asn1.BitString `asn1:"optional,tag:3"`
	Indirect       bool           `asn1:"optional,tag:4"`
	OnlyAttributes bool           `asn1:"optional,tag:5"`
}

// parseList reads a list in DER or PEM. Lists whose meaning would depend on what is not understood here
// are refused: delta lists, indirect ones, those for some reasons only.
func parseList(data []byte) (*list, error) {
	if block, rest := pem.Decode(data); block != nil {
		if block.Type != "X509 CRL" || len(bytes.TrimSpace(rest)) > 0 {
			return nil, fmt.Errorf("PEM type is %q", block.Type)
		}
		data = block.Bytes
	}
	raw, err := x509.ParseRevocationList(data)
	if err != nil {
		return nil, err
	}
	l := &list{raw: raw, this: raw.ThisUpdate, next: raw.NextUpdate, revoked: make(map[string]revokedEntry, len(raw.RevokedCertificateEntries))}
	for _, e := range raw.Extensions {
		switch {
		case e.Id.Equal(oidScope):
			l.scope = new(scope)
			if rest, err := asn1.Unmarshal(e.Value, l.scope); err != nil || len(rest) > 0 {
				return nil, errors.New("malformed scope")
			}
			if l.scope.Indirect || l.scope.OnlyAttributes || l.scope.OnlyReasons.BitLength > 0 {
				return nil, errors.New("a scope that is not understood")
			}
		case e.Critical && !e.Id.Equal(oidCRLNumber) && !e.Id.Equal(oidAuthorityKey) && !e.Id.Equal(oidExpiredCertsOn):
			return nil, fmt.Errorf("unknown critical extension %s", e.Id)
		}
	}
	l.kept = timeExtension(raw.Extensions, oidExpiredCertsOn)
	for _, entry := range raw.RevokedCertificateEntries {
		for _, e := range entry.Extensions {
			if e.Critical && !e.Id.Equal(oidReason) && !e.Id.Equal(oidInvalidityDate) {
				return nil, fmt.Errorf("unknown critical extension %s of an entry", e.Id)
			}
		}
		serial := string(entry.SerialNumber.Bytes())
		// The earliest counts, should one stand there twice.
		if known, ok := l.revoked[serial]; !ok || entry.RevocationTime.Before(known.at) {
			l.revoked[serial] = revokedEntry{entry.RevocationTime, entry.ReasonCode}
		}
	}
	raw.RevokedCertificateEntries = nil // the map has it all
	return l, nil
}

// signedBy reports whether issuer signed the list, and may sign lists.
func (l *list) signedBy(issuer *x509.Certificate) error {
	if !bytes.Equal(l.raw.RawIssuer, issuer.RawSubject) {
		return errors.New("is of another issuer")
	}
	if err := l.raw.CheckSignatureFrom(issuer); err != nil {
		return fmt.Errorf("not signed by the issuer: %w", err)
	}
	return nil
}

// knownSigner is signedBy, which takes long for a large list, once for each issuer.
func (l *list) knownSigner(issuer *x509.Certificate) bool {
	if !bytes.Equal(l.raw.RawIssuer, issuer.RawSubject) {
		return false
	}
	id := sha256.Sum256(issuer.Raw)
	known, ok := l.signers.Load(id)
	if !ok {
		known = l.signedBy(issuer) == nil
		l.signers.Store(id, known)
	}
	yes, _ := known.(bool)
	return yes
}

// answer looks the certificate up. The list is signed by its issuer.
func (l *list) answer(q question) (answer, error) {
	if l.next.IsZero() {
		return answer{}, errors.New("does not say how long it stands")
	}
	if err := fresh(l.this, l.next, q.now, 0); err != nil {
		return answer{}, err
	}
	if err := l.scope.includes(q.cert); err != nil {
		return answer{}, err
	}
	a := answer{
		Status:   Status{State: Good, Source: CRL, ThisUpdate: l.this, NextUpdate: l.next},
		keptFrom: l.kept,
	}
	if entry, ok := l.revoked[string(q.cert.SerialNumber.Bytes())]; ok {
		a.State, a.RevokedAt, a.Reason = Revoked, entry.at, reasonText(entry.reason)
	}
	return a, nil
}

// includes reports whether a list of this scope is about cert (RFC 5280 §6.3.3 (b)(2)). Lists that are
// split by distribution point are all signed by the same issuer, so each must be the one that the
// certificate names.
func (s *scope) includes(cert *x509.Certificate) error {
	if s == nil {
		return nil
	}
	isCA := cert.BasicConstraintsValid && cert.IsCA
	if s.OnlyUsers && isCA || s.OnlyCAs && !isCA {
		return errors.New("is about another kind of certificate")
	}
	if len(s.Point.Relative.FullBytes) > 0 {
		return errors.New("is for a place named in a way that is not understood")
	}
	if len(s.Point.FullName) == 0 {
		return nil
	}
	for _, name := range s.Point.FullName {
		// uniformResourceIdentifier (RFC 5280 §4.2.1.6).
		if name.Class == asn1.ClassContextSpecific && name.Tag == 6 && slices.Contains(cert.CRLDistributionPoints, string(name.Bytes)) {
			return nil
		}
	}
	return errors.New("is for another place than the certificate names")
}

// lookInGiven looks into the operator's lists.
func (c *Checker) lookInGiven(_ context.Context, q question) (answer, error) {
	var failed []error
	for _, l := range c.given {
		if !l.knownSigner(q.issuer) {
			continue // most are about other issuers' certificates
		}
		a, err := l.answer(q)
		if err == nil {
			return a, nil
		}
		failed = append(failed, fmt.Errorf("CRL that was given: %w", err))
	}
	if len(failed) == 0 {
		return answer{}, errors.New("CRL: none of the issuer was given")
	}
	return answer{}, errors.Join(failed...)
}

// lookInFetched looks into the lists that the certificate names, until one counts.
func (c *Checker) lookInFetched(ctx context.Context, q question) (answer, error) {
	if c.config.Offline {
		return answer{}, errors.New("CRL: offline")
	}
	points := addresses(q.cert.CRLDistributionPoints)
	if len(points) == 0 {
		return answer{}, errors.New("CRL: the certificate names no list")
	}
	var failed []error
	for _, u := range points {
		l, err := c.fetchList(ctx, u, q)
		if err != nil {
			failed = append(failed, fmt.Errorf("CRL: %s: %w", u, err))
			continue
		}
		a, err := l.answer(q)
		if err != nil {
			failed = append(failed, fmt.Errorf("CRL: %s: %w", u, err))
			continue
		}
		return a, nil
	}
	return answer{}, errors.Join(failed...)
}

// fetchList returns the issuer's list at u, kept or fetched.
func (c *Checker) fetchList(ctx context.Context, u *url.URL, q question) (*list, error) {
	id := listID{u.String(), sha256.Sum256(q.issuer.Raw)}
	if kept, ok := c.lists.Get(id); ok && q.now.Before(kept.until) {
		return kept.list, nil
	}
	// Lists are large, so those who ask at the same time share one download, which goes on if the first of them
	// leaves.
	shared := c.flight.DoChan(id.url+string(id.issuer[:]), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.config.Timeout)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, err
		}
		data, err := safehttp.Fetch(ctx, c.client, req, c.config.MaxCRL)
		if err != nil {
			return nil, err
		}
		l, err := parseList(data)
		if err != nil {
			return nil, err
		}
		if err := l.signedBy(q.issuer); err != nil {
			return nil, err
		}
		l.raw = nil // it is large, and kept for a while
		until := q.now.Add(c.config.CRLAge)
		if l.next.Before(until) {
			until = l.next
		}
		c.lists.Add(id, keptList{l, until})
		return l, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case got := <-shared:
		if got.Err != nil {
			return nil, got.Err
		}
		return got.Val.(*list), nil
	}
}
