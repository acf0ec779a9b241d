package signing_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/certtest"
	"felleskrav/internal/signing/revocation"
)

func TestTimestamps(t *testing.T) {
	ca := certtest.New(t, certNow)
	from, to := certNow.Add(-48*time.Hour), certNow.Add(-time.Hour)
	id := ca.Issue("123456785", certtest.Window(from, to)) // has expired
	data := signedBy(t, id, statementOf(1))
	sig := must(signing.ParseBundle(data)).Signature
	ours := certtest.NewTimestamper(t, certNow.Add(-30*24*time.Hour), certNow.Add(30*24*time.Hour))
	retired := certtest.NewTimestamper(t, certNow.Add(-30*24*time.Hour), certNow.Add(-24*time.Hour))
	theirs := certtest.NewTimestamper(t, certNow.Add(-30*24*time.Hour), certNow.Add(30*24*time.Hour))
	stamped := func(stamps ...[]byte) []byte {
		out := data
		for _, s := range stamps {
			out = must(signing.WithTimestamp(out, s))
		}
		return out
	}
	stamp := func(at time.Time) []byte { return ours.Stamp(t, sig, at) }
	// The time-stamper signs for anybody, but not for another signature or with a broken one.
	broken := stamp(to)
	broken[len(broken)-3] ^= 1
	bare := *ours
	bare.Bare = true
	bareTheirs := *theirs
	bareTheirs.Bare = true
	late := to.Add(time.Second)
	for _, c := range []struct {
		name   string
		data   []byte
		want   error
		at     time.Time
		source signing.TimeSource
	}{
		{"none", data, signing.ErrExpired, time.Time{}, ""},
		{"while it was valid", stamped(stamp(to)), nil, to, signing.FromTimestamp},
		{"when it had expired", stamped(stamp(late)), signing.ErrExpired, time.Time{}, ""},
		{"before it was valid", stamped(stamp(from.Add(-time.Second))), signing.ErrNotYetValid, time.Time{}, ""},
		{"the earliest counts", stamped(stamp(late), stamp(to), stamp(certNow)), nil, to, signing.FromTimestamp},
		{"without its certificate", stamped(bare.Stamp(t, sig, to)), nil, to, signing.FromTimestamp},
		{"by somebody retired since", stamped(retired.Stamp(t, sig, certNow.Add(-24*time.Hour))), nil, certNow.Add(-24 * time.Hour), signing.FromTimestamp},
		{"by somebody when retired", stamped(retired.Stamp(t, sig, to)), signing.ErrTimestamp, time.Time{}, ""},
		{"by a stranger", stamped(theirs.Stamp(t, sig, to)), signing.ErrExpired, time.Time{}, ""},
		{"by a stranger without a certificate", stamped(bareTheirs.Stamp(t, sig, to)), signing.ErrExpired, time.Time{}, ""},
		{"by a stranger and us", stamped(theirs.Stamp(t, sig, to.Add(-time.Hour)), stamp(to)), nil, to, signing.FromTimestamp},
		{"of something else", stamped(ours.Stamp(t, []byte("x"), to)), signing.ErrTimestamp, time.Time{}, ""},
		{"of something else, by a stranger", stamped(theirs.Stamp(t, []byte("x"), to)), signing.ErrTimestamp, time.Time{}, ""},
		{"a good one and one of something else", stamped(stamp(to), ours.Stamp(t, []byte("x"), to)), signing.ErrTimestamp, time.Time{}, ""},
		{"of the payload", stamped(ours.Stamp(t, must(signing.ParseBundle(data)).Payload, to)), signing.ErrTimestamp, time.Time{}, ""},
		{"broken", stamped(broken), signing.ErrTimestamp, time.Time{}, ""},
		{"text", stamped([]byte("x")), signing.ErrTimestamp, time.Time{}, ""},
		{"too large", stamped(bytes.Repeat([]byte{0x30}, 40<<10)), signing.ErrTimestamp, time.Time{}, ""},
		{"of tomorrow", stamped(stamp(certNow.Add(24 * time.Hour))), signing.ErrTimestamp, time.Time{}, ""},
	} {
		a := installed(t, ca, noRevocation, func(cfg *signing.AuthoritiesConfig) {
			cfg.TimestampRoots = []*x509.Certificate{ours.Root, retired.Root}
			cfg.TimestampCertificates = []*x509.Certificate{ours.Certificate}
		})
		got, err := verified(t, a, c.data, certNow)
		if !errors.Is(err, c.want) || !got.At.Equal(c.at) || got.AtSource != c.source {
			t.Errorf("%s: %s from %q, %v; want %v", c.name, got.At, got.AtSource, err, c.want)
		}
		// Without time-stampers installed, only receipt counts.
		if _, err := verified(t, installed(t, ca, noRevocation), c.data, certNow); !errors.Is(err, signing.ErrExpired) {
			t.Errorf("%s, nobody installed: %v", c.name, err)
		}
		if got, err := verified(t, installed(t, ca, noRevocation), c.data, to); err != nil || got.AtSource != signing.FromReceipt {
			t.Errorf("%s, received in time: %v", c.name, err)
		}
	}
}

// A timestamp shows that a signature is older than the revocation.
func TestTimestampAndRevocation(t *testing.T) {
	ca := certtest.New(t, certNow)
	stamper := certtest.NewTimestamper(t, certNow.Add(-24*time.Hour), certNow.Add(24*time.Hour))
	a := installed(t, ca, func(c *signing.AuthoritiesConfig) { c.TimestampRoots = []*x509.Certificate{stamper.Root} })
	id := ca.Issue("123456785")
	data := signedBy(t, id, statementOf(1))
	sig := must(signing.ParseBundle(data)).Signature
	revokedAt := certNow.Add(-10 * time.Minute)
	ca.Server.Revoke(id.Certificate, revokedAt, 4)
	if got, err := verified(t, a, must(signing.WithTimestamp(data, stamper.Stamp(t, sig, revokedAt.Add(-time.Second)))), certNow); err != nil || got.Revocation.State != revocation.Revoked {
		t.Errorf("older: %+v, %v", got.Revocation, err)
	}
	for _, at := range []time.Time{revokedAt, revokedAt.Add(time.Second)} {
		if _, err := verified(t, a, must(signing.WithTimestamp(data, stamper.Stamp(t, sig, at))), certNow); !errors.Is(err, signing.ErrRevoked) {
			t.Errorf("at %s: %v", at, err)
		}
	}
	if _, err := verified(t, a, data, certNow); !errors.Is(err, signing.ErrRevoked) {
		t.Errorf("without: %v", err)
	}
}

// Nothing but what an installed time-stamper made changes the time.
func FuzzTimestamp(f *testing.F) {
	ca := certtest.New(f, certNow)
	stamper, other := certtest.NewTimestamper(f, certNow.Add(-time.Hour), certNow), certtest.NewTimestamper(f, certNow.Add(-time.Hour), certNow)
	a := installed(f, ca, noRevocation, func(c *signing.AuthoritiesConfig) { c.TimestampRoots = []*x509.Certificate{stamper.Root} })
	id := ca.Issue("123456785", certtest.Window(certNow.Add(-2*time.Hour), certNow.Add(-time.Minute)))
	// The same signature in all of the fuzzer's processes, so that what one found is looked at by the others. It is
	// wrong, but that is found out last.
	b := &signing.Bundle{Payload: []byte("{}"), Certificate: id.Certificate.Raw, Chain: [][]byte{ca.Issuing.Raw}, Signature: []byte("a signature")}
	with := *b
	with.Timestamps = [][]byte{stamper.Stamp(f, b.Signature, certNow.Add(-time.Hour))}
	if _, err := a.Verify(f.Context(), &with, certNow); !errors.Is(err, signing.ErrSignature) {
		f.Fatalf("an installed time-stamper's time does not count: %v", err)
	}
	f.Add(other.Stamp(f, b.Signature, certNow.Add(-time.Hour)))
	f.Add(stamper.Stamp(f, []byte("x"), certNow.Add(-time.Hour)))
	f.Add([]byte{0x30, 0x80, 0x30, 0x80})
	f.Fuzz(func(t *testing.T, der []byte) {
		with := *b
		with.Timestamps = [][]byte{der}
		if _, err := a.Verify(t.Context(), &with, certNow); !errors.Is(err, signing.ErrTimestamp) && !errors.Is(err, signing.ErrExpired) {
			t.Fatal(err)
		}
	})
}
