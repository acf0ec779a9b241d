package revocation_test

import (
	"context"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/signing/certtest"
	"felleskrav/internal/signing/revocation"
)

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func newChecker(t *testing.T, change func(c *revocation.Config)) *revocation.Checker {
	t.Helper()
	c := revocation.Config{AllowPrivate: true, Timeout: 5 * time.Second, MaxCRL: 1 << 20, Now: func() time.Time { return now }}
	if change != nil {
		change(&c)
	}
	checker, err := revocation.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return checker
}

func quick(c *revocation.Config) { c.Timeout = time.Second }

// Whatever the responder does, an answer counts only if the issuer stands for it; the list is asked then.
func TestWhoIsAsked(t *testing.T) {
	ca := certtest.New(t, now)
	good, bad := ca.Issue("123456785"), ca.Issue("123456785")
	ca.Server.Revoke(bad.Certificate, now.Add(-time.Hour), 1)
	type want struct {
		state  revocation.State
		source revocation.Source
	}
	ocsp, crl, none := want{revocation.Good, revocation.OCSP}, want{revocation.Good, revocation.CRL}, want{revocation.Unknown, ""}
	for _, c := range []struct {
		name      string
		ocsp, crl certtest.Answer
		want      want
		detail    string
	}{
		{"both answer", certtest.Truth, certtest.Truth, ocsp, ""},
		{"a delegate answers", certtest.Delegated, certtest.Failure, ocsp, ""},
		{"an undated answer of now", certtest.Undated, certtest.Failure, ocsp, ""},
		{"no responder", certtest.Failure, certtest.Truth, crl, ""},
		{"somebody without the usage", certtest.Undelegated, certtest.Truth, crl, ""},
		{"a delegate that has expired", certtest.Lapsed, certtest.Truth, crl, ""},
		{"another issuer's responder", certtest.OtherIssuer, certtest.Truth, crl, ""},
		{"another issuer's certificate", certtest.OtherSubject, certtest.Truth, crl, ""},
		{"does not know it", certtest.DoesNotKnow, certtest.Truth, crl, ""},
		{"stale answer", certtest.Stale, certtest.Truth, crl, ""},
		{"answer of tomorrow", certtest.Early, certtest.Truth, crl, ""},
		{"web page", certtest.Garbage, certtest.Truth, crl, ""},
		{"too large", certtest.Large, certtest.Truth, crl, ""},
		{"redirected to a file", certtest.Moved, certtest.Truth, crl, ""},
		{"hangs", certtest.Hang, certtest.Truth, crl, ""},

		{"neither", certtest.Failure, certtest.Failure, none, "500"},
		{"without the usage, no list", certtest.Undelegated, certtest.Failure, none, "may not answer"},
		{"lapsed, no list", certtest.Lapsed, certtest.Failure, none, "expired certificate"},
		{"other issuer, no list", certtest.OtherIssuer, certtest.Failure, none, "not signed by the issuer"},
		{"other subject, no list", certtest.OtherSubject, certtest.Failure, none, "another issuer"},
		{"does not know it, no list", certtest.DoesNotKnow, certtest.Failure, none, "does not know"},
		{"list of another issuer", certtest.Failure, certtest.OtherIssuer, none, "not signed by the issuer"},
		{"stale list", certtest.Failure, certtest.Stale, none, "stood until"},
		{"list of tomorrow", certtest.Failure, certtest.Early, none, "to come"},
		{"list is a web page", certtest.Failure, certtest.Garbage, none, "x509"},
		{"list is too large", certtest.Failure, certtest.Large, none, "too large"},
		{"list is moved to a file", certtest.Failure, certtest.Moved, none, "redirect"},
		{"both hang", certtest.Hang, certtest.Hang, none, "OCSP: ask"},
	} {
		ca.Server.Answer(c.ocsp, c.crl)
		change := func(cfg *revocation.Config) {
			if c.ocsp == certtest.Hang || c.crl == certtest.Hang {
				quick(cfg)
			}
		}
		got := newChecker(t, change).Check(t.Context(), good.Certificate, ca.Issuing)
		if got.State != c.want.state || got.Source != c.want.source || !got.CheckedAt.Equal(now) || !got.RevokedAt.IsZero() {
			t.Errorf("%s: %+v", c.name, got)
		}
		if (got.Detail == "") != (c.want != none) || !strings.Contains(got.Detail, c.detail) || strings.Contains(got.Detail, "\n") {
			t.Errorf("%s: detail is %q", c.name, got.Detail)
		}
		// And a revoked one is never good.
		got = newChecker(t, change).Check(t.Context(), bad.Certificate, ca.Issuing)
		if c.want == none {
			if got.State != revocation.Unknown {
				t.Errorf("%s, revoked: %+v", c.name, got)
			}
			continue
		}
		if got.State != revocation.Revoked || got.Source != c.want.source || !got.RevokedAt.Equal(now.Add(-time.Hour)) || got.Reason != "keyCompromise" {
			t.Errorf("%s, revoked: %+v", c.name, got)
		}
	}
}

func TestReasons(t *testing.T) {
	ca := certtest.New(t, now)
	for code, want := range map[int]string{0: "", 1: "keyCompromise", 4: "superseded", 6: "certificateHold", 7: "reason 7", 10: "aACompromise", 11: "reason 11"} {
		id := ca.Issue("123456785")
		ca.Server.Revoke(id.Certificate, now, code)
		for _, answer := range []certtest.Answer{certtest.Truth, certtest.Failure} {
			ca.Server.Answer(answer, certtest.Truth)
			if got := newChecker(t, nil).Check(t.Context(), id.Certificate, ca.Issuing); got.State != revocation.Revoked || got.Reason != want {
				t.Errorf("reason %d from %s: %+v", code, got.Source, got)
			}
		}
	}
}

// Answers count to the second before their next update, and not from then on.
func TestFreshness(t *testing.T) {
	ca := certtest.New(t, now)
	id := ca.Issue("123456785")
	for _, c := range []struct {
		ocsp, crl certtest.Answer
		source    revocation.Source
	}{{certtest.Truth, certtest.Failure, revocation.OCSP}, {certtest.Failure, certtest.Truth, revocation.CRL}} {
		ca.Server.Answer(c.ocsp, c.crl)
		// The answers are of a minute ago, until a day from now.
		for after, want := range map[time.Duration]revocation.State{
			-6*time.Minute - time.Second: revocation.Unknown, -6 * time.Minute: revocation.Good, 0: revocation.Good,
			24*time.Hour - time.Second: revocation.Good, 24 * time.Hour: revocation.Unknown,
		} {
			checker := newChecker(t, func(c *revocation.Config) { c.Now = func() time.Time { return now.Add(after) } })
			if got := checker.Check(t.Context(), id.Certificate, ca.Issuing); got.State != want {
				t.Errorf("%s, %s after: %+v", c.source, after, got)
			}
		}
	}
	ca.Server.Answer(certtest.Undated, certtest.Failure)
	for after, want := range map[time.Duration]revocation.State{24*time.Hour - time.Second: revocation.Good, 24 * time.Hour: revocation.Unknown} {
		checker := newChecker(t, func(c *revocation.Config) { c.Now = func() time.Time { return now.Add(after) } })
		if got := checker.Check(t.Context(), id.Certificate, ca.Issuing); got.State != want {
			t.Errorf("undated, %s after: %+v", after, got)
		}
	}
}

// What is kept, and for how long.
func TestKeeping(t *testing.T) {
	ca := certtest.New(t, now)
	id := ca.Issue("123456785")
	clock := now
	checker := newChecker(t, func(c *revocation.Config) { c.Now = func() time.Time { return clock } })
	check := func(state revocation.State, ocsp, crl int) {
		t.Helper()
		got := checker.Check(t.Context(), id.Certificate, ca.Issuing)
		if o, c := ca.Server.Asked(); got.State != state || o != ocsp || c != crl {
			t.Errorf("at %s: %+v, asked %d and %d times", clock.Sub(now), got, o, c)
		}
	}
	check(revocation.Good, 1, 0)
	clock = now.Add(59 * time.Second)
	ca.Server.Revoke(id.Certificate, clock, 1)
	check(revocation.Good, 1, 0)
	clock = now.Add(time.Minute)
	check(revocation.Revoked, 2, 0)
	check(revocation.Revoked, 3, 0) // nothing but "good" is kept

	ca.Server.Answer(certtest.Failure, certtest.Truth)
	id = ca.Issue("123456785")
	check(revocation.Good, 4, 1)
	ca.Server.Revoke(id.Certificate, clock, 1)
	clock = clock.Add(time.Hour - time.Second)
	check(revocation.Good, 5, 1)
	clock = clock.Add(time.Second)
	check(revocation.Revoked, 6, 2)
	ca.Server.Answer(certtest.Failure, certtest.Failure)
	clock = clock.Add(59 * time.Minute)
	check(revocation.Revoked, 7, 2) // from the list that is kept
	clock = clock.Add(time.Minute)
	check(revocation.Unknown, 8, 3)
}

func TestManyAtOnce(t *testing.T) {
	ca := certtest.New(t, now)
	id := ca.Issue("123456785", certtest.Addresses(nil, []string{ca.Server.CRL()}))
	checker := newChecker(t, nil)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got := checker.Check(t.Context(), id.Certificate, ca.Issuing); got.State != revocation.Good {
				t.Errorf("%+v", got)
			}
		})
	}
	wg.Wait()
	if _, lists := ca.Server.Asked(); lists < 1 || lists > 10 {
		t.Errorf("the list was fetched %d times", lists)
	}
}

func TestLeaving(t *testing.T) {
	ca := certtest.New(t, now)
	id := ca.Issue("123456785")
	ca.Server.Answer(certtest.Hang, certtest.Hang)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if got := newChecker(t, nil).Check(ctx, id.Certificate, ca.Issuing); got.State != revocation.Unknown || time.Since(begin) > 3*time.Second {
		t.Errorf("%+v after %s", got, time.Since(begin))
	}
}

func TestAddresses(t *testing.T) {
	ca := certtest.New(t, now)
	ocsp, crl := ca.Server.OCSP(), ca.Server.CRL()
	for name, c := range map[string]struct {
		ocsp, crl []string
		private   bool
		want      revocation.State
	}{
		"none":                    {nil, nil, true, revocation.Unknown},
		"other schemes":           {[]string{"file:///etc/passwd", "ldap://x/"}, []string{"ldap://x/cn=y", "::", ""}, true, revocation.Unknown},
		"the second responder":    {[]string{ca.Server.RootCRL(), ocsp}, nil, true, revocation.Good},
		"the second list":         {nil, []string{"ldap://x/", ca.Server.RootCRL(), crl}, true, revocation.Good},
		"the fourth list":         {nil, []string{ca.Server.RootCRL(), ca.Server.RootCRL(), ca.Server.RootCRL(), crl}, true, revocation.Unknown},
		"private addresses":       {[]string{ocsp}, []string{crl}, false, revocation.Unknown},
		"private address by name": {[]string{strings.Replace(ocsp, "127.0.0.1", "localhost", 1)}, nil, false, revocation.Unknown},
		"leave for private ones":  {[]string{ocsp}, []string{crl}, true, revocation.Good},
	} {
		id := ca.Issue("123456785", certtest.Addresses(c.ocsp, c.crl))
		checker := newChecker(t, func(cfg *revocation.Config) { cfg.AllowPrivate = c.private })
		before, _ := ca.Server.Asked()
		got := checker.Check(t.Context(), id.Certificate, ca.Issuing)
		if after, _ := ca.Server.Asked(); got.State != c.want || (!c.private && after != before) {
			t.Errorf("%s: %+v, asked %d times", name, got, after-before)
		}
	}
}

func TestGivenLists(t *testing.T) {
	ca, other := certtest.New(t, now), certtest.New(t, now)
	good, bad := ca.Issue("123456785"), ca.Issue("123456785")
	ca.Server.Revoke(bad.Certificate, now.Add(-time.Hour), 4)
	list := ca.Server.List()
	text := pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: list})
	for name, given := range map[string][][]byte{"DER": {list}, "PEM": {text}, "among others": {other.Server.List(), other.Server.RootList(), list}} {
		checker := newChecker(t, func(c *revocation.Config) { c.Offline, c.CRLs = true, given })
		for range 2 {
			if got := checker.Check(t.Context(), good.Certificate, ca.Issuing); got.State != revocation.Good || got.Source != revocation.CRL {
				t.Errorf("%s: %+v", name, got)
			}
			if got := checker.Check(t.Context(), bad.Certificate, ca.Issuing); got.State != revocation.Revoked || got.Reason != "superseded" {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
	for name, given := range map[string][][]byte{"none": nil, "another issuer's": {other.Server.List()}, "the root's": {ca.Server.RootList()}} {
		checker := newChecker(t, func(c *revocation.Config) { c.Offline, c.CRLs = true, given })
		if got := checker.Check(t.Context(), bad.Certificate, ca.Issuing); got.State != revocation.Unknown {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if ocsp, crl := ca.Server.Asked(); ocsp+crl != 0 {
		t.Errorf("asked %d and %d times when offline", ocsp, crl)
	}
	for name, data := range map[string][]byte{"empty": nil, "text": []byte("x"), "certificate": certtest.PEM(ca.Root), "two": append(text, text...)} {
		if _, err := revocation.New(revocation.Config{CRLs: [][]byte{data}}); !errors.Is(err, revocation.ErrCRL) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A list may be about some certificates only; what is not understood is no answer.
func TestScopes(t *testing.T) {
	ca := certtest.New(t, now)
	id := ca.Issue("123456785")
	context := func(tag int, compound bool, content []byte) []byte {
		out, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: compound, Bytes: content})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	scope := func(parts ...[]byte) pkix.Extension {
		var all []byte
		for _, p := range parts {
			all = append(all, p...)
		}
		out, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: all})
		if err != nil {
			t.Fatal(err)
		}
		return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: out}
	}
	at := func(url string) []byte { return context(0, true, context(0, true, context(6, false, []byte(url)))) }
	yes := []byte{0xff}
	number, err := asn1.Marshal(1)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		extension pkix.Extension
		want      revocation.State
	}{
		"users only":           {scope(context(1, false, yes)), revocation.Good},
		"this place":           {scope(at(ca.Server.CRL())), revocation.Good},
		"this place, users":    {scope(at(ca.Server.CRL()), context(1, false, yes)), revocation.Good},
		"another place":        {scope(at("http://crl.example.no/2.crl")), revocation.Unknown},
		"issuers only":         {scope(context(2, false, yes)), revocation.Unknown},
		"some reasons":         {scope(context(3, false, []byte{6, 0x40})), revocation.Unknown},
		"indirect":             {scope(context(4, false, yes)), revocation.Unknown},
		"attributes":           {scope(context(5, false, yes)), revocation.Unknown},
		"relative place":       {scope(context(0, true, context(1, true, nil))), revocation.Unknown},
		"malformed":            {pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: []byte("x")}, revocation.Unknown},
		"delta":                {pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: number}, revocation.Unknown},
		"unknown and critical": {pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: number}, revocation.Unknown},
		"unknown":              {pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: number}, revocation.Good},
	} {
		ca.Server.Answer(certtest.Failure, certtest.Truth)
		ca.Server.Extend(c.extension)
		if got := newChecker(t, nil).Check(t.Context(), id.Certificate, ca.Issuing); got.State != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	ca.Server.Answer(certtest.Truth, certtest.Failure)
	ca.Server.Extend(pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: number})
	if got := newChecker(t, nil).Check(t.Context(), id.Certificate, ca.Issuing); got.State != revocation.Unknown {
		t.Errorf("OCSP answer with an unknown critical extension: %+v", got)
	}
}

// Once a certificate has expired its issuer may forget it, so "good" counts only if the issuer says that it
// does not.
func TestExpiredCertificates(t *testing.T) {
	ca := certtest.New(t, now)
	id := ca.Issue("123456785", certtest.Expired()) // an hour ago
	kept := func(oid asn1.ObjectIdentifier, since time.Time) pkix.Extension {
		value, err := asn1.MarshalWithParams(since, "generalized")
		if err != nil {
			t.Fatal(err)
		}
		return pkix.Extension{Id: oid, Value: value}
	}
	cutoff, onCRL := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 6}, asn1.ObjectIdentifier{2, 5, 29, 60}
	for _, c := range []struct {
		name      string
		extension []pkix.Extension
		want      revocation.State
	}{
		{"nothing said", nil, revocation.Unknown},
		{"kept", []pkix.Extension{kept(cutoff, now.Add(-24*time.Hour)), kept(onCRL, now.Add(-24*time.Hour))}, revocation.Good},
		{"kept from the last second", []pkix.Extension{kept(cutoff, now.Add(-time.Hour)), kept(onCRL, now.Add(-time.Hour))}, revocation.Good},
		{"kept from a second later", []pkix.Extension{kept(cutoff, now.Add(-time.Hour+time.Second)), kept(onCRL, now.Add(-time.Hour+time.Second))}, revocation.Unknown},
	} {
		ca.Server.Extend(c.extension...)
		for _, answer := range []certtest.Answer{certtest.Truth, certtest.Failure} {
			ca.Server.Answer(answer, certtest.Truth)
			if got := newChecker(t, nil).Check(t.Context(), id.Certificate, ca.Issuing); got.State != c.want {
				t.Errorf("%s: %+v", c.name, got)
			}
		}
	}
	ca.Server.Extend()
	ca.Server.Revoke(id.Certificate, now.Add(-2*time.Hour), 1)
	if got := newChecker(t, nil).Check(t.Context(), id.Certificate, ca.Issuing); got.State != revocation.Revoked {
		t.Errorf("revoked: %+v", got)
	}
}

// FuzzAnswers holds that nothing which is not signed by the issuer is an answer.
func FuzzAnswers(f *testing.F) {
	ca, other := certtest.New(f, now), certtest.New(f, now)
	id := ca.Issue("123456785")
	f.Add(other.Server.List())
	f.Add(ca.Server.RootList())
	f.Fuzz(func(t *testing.T, data []byte) {
		checker, err := revocation.New(revocation.Config{Offline: true, CRLs: [][]byte{data}, Now: func() time.Time { return now }})
		if err != nil {
			if !errors.Is(err, revocation.ErrCRL) {
				t.Fatal(err)
			}
			return
		}
		if got := checker.Check(t.Context(), id.Certificate, ca.Issuing); got.State != revocation.Unknown {
			t.Fatalf("%+v", got)
		}
	})
}
