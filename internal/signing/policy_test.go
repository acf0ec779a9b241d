package signing_test

import (
	"errors"
	"testing"
	"time"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/certtest"
	"felleskrav/internal/signing/revocation"
)

func TestRevocationPolicies(t *testing.T) {
	ca := certtest.New(t, certNow)
	good, before, after := ca.Issue("123456785"), ca.Issue("123456785"), ca.Issue("123456785")
	ca.Server.Revoke(before.Certificate, certNow, 1)
	ca.Server.Revoke(after.Certificate, certNow.Add(time.Second), 4)
	up, down := certtest.Truth, certtest.Failure
	for _, c := range []struct {
		name   string
		id     *certtest.Identity
		policy signing.RevocationPolicy
		answer certtest.Answer
		want   error
		state  revocation.State
	}{
		{"good, required", good, signing.RequireRevocation, up, nil, revocation.Good},
		{"good, by default", good, "", up, nil, revocation.Good},
		{"good, allowed", good, signing.AllowUnknownRevocation, up, nil, revocation.Good},
		{"good, not asked", good, signing.NoRevocation, up, nil, ""},
		{"unknown, required", good, signing.RequireRevocation, down, signing.ErrRevocationUnknown, ""},
		{"unknown, by default", good, "", down, signing.ErrRevocationUnknown, ""},
		{"unknown, allowed", good, signing.AllowUnknownRevocation, down, nil, revocation.Unknown},
		{"unknown, not asked", good, signing.NoRevocation, down, nil, ""},
		{"revoked that second, required", before, signing.RequireRevocation, up, signing.ErrRevoked, ""},
		{"revoked, allowed", before, signing.AllowUnknownRevocation, up, signing.ErrRevoked, ""},
		{"revoked, not asked", before, signing.NoRevocation, up, nil, ""},
		{"revoked a second later, required", after, signing.RequireRevocation, up, nil, revocation.Revoked},
		{"revoked a second later, allowed", after, signing.AllowUnknownRevocation, up, nil, revocation.Revoked},
	} {
		ca.Server.Answer(c.answer, c.answer)
		asked, _ := ca.Server.Asked()
		a := installed(t, ca, func(cfg *signing.AuthoritiesConfig) { cfg.Policy = c.policy })
		got, err := verified(t, a, signedBy(t, c.id, statementOf(1)), certNow)
		if !errors.Is(err, c.want) || got.Revocation.State != c.state {
			t.Errorf("%s: %+v, %v; want %v", c.name, got.Revocation, err, c.want)
		}
		if c.state == revocation.Revoked && (!got.Revocation.RevokedAt.Equal(certNow.Add(time.Second)) || got.Revocation.Reason != "superseded") {
			t.Errorf("%s: %+v", c.name, got.Revocation)
		}
		if again, _ := ca.Server.Asked(); (again > asked) != (c.policy != signing.NoRevocation) {
			t.Errorf("%s: asked %d times", c.name, again-asked)
		}
	}
	// Nobody is asked about what is refused anyway.
	ca.Server.Answer(up, up)
	asked, _ := ca.Server.Asked()
	if _, err := verified(t, installed(t, ca), signedBy(t, good, []byte("{}")), certNow); !errors.Is(err, signing.ErrStatement) {
		t.Error(err)
	}
	if again, _ := ca.Server.Asked(); again != asked {
		t.Error("the responder was asked about a bundle that is no good")
	}
}

// Revocation is not remembered with the path.
func TestRevokedLater(t *testing.T) {
	ca := certtest.New(t, certNow)
	clock := certNow
	a := installed(t, ca, func(c *signing.AuthoritiesConfig) { c.Revocation.Now = func() time.Time { return clock } })
	id := ca.Issue("123456785")
	data := signedBy(t, id, statementOf(1))
	if _, err := verified(t, a, data, clock); err != nil {
		t.Fatal(err)
	}
	clock = certNow.Add(2 * time.Minute)
	ca.Server.Revoke(id.Certificate, certNow.Add(time.Minute), 1)
	if _, err := verified(t, a, data, clock); !errors.Is(err, signing.ErrRevoked) {
		t.Error(err)
	}
	// What was received before stays what it was.
	if got, err := verified(t, a, data, certNow); err != nil || got.Revocation.State != revocation.Revoked {
		t.Errorf("%+v, %v", got.Revocation, err)
	}
}

func TestOffline(t *testing.T) {
	ca := certtest.New(t, certNow)
	good, bad := ca.Issue("123456785"), ca.Issue("123456785")
	ca.Server.Revoke(bad.Certificate, certNow.Add(-time.Hour), 1)
	lists := [][]byte{ca.Server.List(), ca.Server.RootList()}
	offline := func(given ...[]byte) func(c *signing.AuthoritiesConfig) {
		return func(c *signing.AuthoritiesConfig) { c.Revocation.Offline, c.Revocation.CRLs = true, given }
	}
	if got, err := verified(t, installed(t, ca, offline(lists...)), signedBy(t, good, statementOf(1)), certNow); err != nil || got.Revocation.Source != revocation.CRL {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := verified(t, installed(t, ca, offline(lists...)), signedBy(t, bad, statementOf(1)), certNow); !errors.Is(err, signing.ErrRevoked) {
		t.Errorf("revoked: %v", err)
	}
	if _, err := verified(t, installed(t, ca, offline(lists[0])), signedBy(t, good, statementOf(1)), certNow); !errors.Is(err, signing.ErrRevocationUnknown) {
		t.Errorf("without the root's list: %v", err)
	}
	if ocsp, crl := ca.Server.Asked(); ocsp+crl > 0 {
		t.Errorf("asked %d and %d times", ocsp, crl)
	}
}
