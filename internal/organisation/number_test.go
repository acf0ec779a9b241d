package organisation_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage/sqlite"
)

func TestParseNumberAsPeopleWriteIt(t *testing.T) {
	for _, s := range []string{"123456785", "123 456 785", "123.456.785", " 123456785\t", "NO123456785MVA", "no 123 456 785 mva", "123\u00a0456\u00a0785", "0192:123456785"} {
		n, err := organisation.ParseNumber(s)
		if err != nil || n != "123456785" {
			t.Errorf("ParseNumber(%q) = %q, %v", s, n, err)
		}
	}
	for s, key := range map[string]string{
		"": "organisation.number", "12345678": "organisation.number", "1234567890": "organisation.number", "12345678x": "organisation.number",
		"123456784": "organisation.check-digit", "１２３４５６７８５": "organisation.number", strings.Repeat("9", 500): "organisation.number",
	} {
		if _, err := organisation.ParseNumber(s); problem.KeyOf(err) != key {
			t.Errorf("ParseNumber(%q): %v, want %s", s, err, key)
		}
	}
	n, _ := organisation.ParseNumber("123456785")
	if n.ID() != "0192:123456785" || n.Grouped() != "123 456 785" {
		t.Errorf("written as %q and %q", n.ID(), n.Grouped())
	}
}

// TestOneWrongDigitIsCaught: the check digit catches every single wrong digit
// and every swap of two neighbours that differ.
func TestOneWrongDigitIsCaught(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := someNumber(t)
		i := rapid.IntRange(0, 8).Draw(t, "position")
		d := byte(rapid.IntRange(0, 9).Draw(t, "digit")) + '0'
		if n[i] == d {
			return
		}
		wrong := n[:i] + string(d) + n[i+1:]
		if got, err := organisation.ParseNumber(wrong); err == nil {
			t.Fatalf("%s with one wrong digit, %s, was read as %s", n, wrong, got)
		}
	})
}

func someNumber(t *rapid.T) string {
	for {
		first := rapid.IntRange(10_000_000, 99_999_999).Draw(t, "first")
		for check := range 10 {
			s := fmt.Sprintf("%d%d", first, check)
			if _, err := organisation.ParseNumber(s); err == nil {
				return s
			}
		}
	}
}

func newStore(t *testing.T, now func() time.Time) organisation.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), t.TempDir(), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestTokenLastsUntilItsSecond(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	s := &organisation.Service{Store: newStore(t, clock), Now: clock}
	secret, tok, err := s.Issue(t.Context(), "123456785", "Test", []access.Role{access.Supplier}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(fmt.Sprintf("%+v", tok), secret) {
		t.Error("what is stored holds the secret itself")
	}
	a, until, err := s.Authenticate(t.Context(), secret)
	if err != nil || !until.Equal(tok.ExpiresAt) || a.Org != "123456785" || !a.Has(access.Supplier) || a.Has(access.Editor) {
		t.Errorf("actor %+v, error %v", a, err)
	}
	for _, wrong := range []string{"", "fkt_", secret + "x", secret[:len(secret)-1], strings.ToUpper(secret), strings.Repeat("a", 5000)} {
		if _, _, err := s.Authenticate(t.Context(), wrong); problem.KindOf(err) != problem.Unauthenticated {
			t.Errorf("secret %.20q…: %v, want unauthenticated", wrong, err)
		}
	}
	now = now.Add(time.Hour - time.Millisecond)
	if _, _, err := s.Authenticate(t.Context(), secret); err != nil {
		t.Errorf("a millisecond before its end: %v", err)
	}
	now = now.Add(time.Millisecond)
	if _, _, err := s.Authenticate(t.Context(), secret); problem.KindOf(err) != problem.Unauthenticated {
		t.Errorf("at its end %s: %v, want unauthenticated", tok.ExpiresAt, err)
	}
}

func TestIssueRefuses(t *testing.T) {
	s := &organisation.Service{Store: newStore(t, time.Now), Now: time.Now}
	if _, _, err := s.Issue(t.Context(), "123456785", "Test", []access.Role{"root"}, time.Hour); problem.KeyOf(err) != "token.role" {
		t.Errorf("unknown role: %v", err)
	}
	if _, _, err := s.Issue(t.Context(), "123456785", "Test", []access.Role{access.Public}, time.Hour); problem.KeyOf(err) != "token.role" {
		t.Errorf("public role: %v", err)
	}
	if _, _, err := s.Issue(t.Context(), "123456785", "Test", nil, time.Hour); problem.KeyOf(err) != "token.incomplete" {
		t.Errorf("no role: %v", err)
	}
	if _, _, err := s.Issue(t.Context(), "123456785", "Test", []access.Role{access.Editor}, 0); problem.KeyOf(err) != "token.incomplete" {
		t.Errorf("no time: %v", err)
	}
}
