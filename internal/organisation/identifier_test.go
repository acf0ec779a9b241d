package organisation_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

func TestParseIdentifier(t *testing.T) {
	for s, want := range map[string]organisation.Number{
		"123 456 785": "123456785", "NTRNO-123456785": "123456785", "VATNO-123456785": "123456785", "NTRNO-123 456 785": "123456785",
		"NTRSE-5560125790": "NTRSE-5560125790", " ntrse-556012-5790 ": "NTRSE-556012-5790", "VATDE-136695976": "VATDE-136695976",
		"NTRDE-HRB 12345": "NTRDE-HRB12345", "VATEL-123456789": "VATEL-123456789", "LEIXG-506700GE1G29325QX363": "LEIXG-506700GE1G29325QX363",
	} {
		if got, err := organisation.ParseIdentifier(s); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", s, got, err, want)
		}
	}
	for s, key := range map[string]string{
		"NTRNO-123456784": "organisation.check-digit", "NTRNO-12345678": "organisation.number", "LEIXG-506700GE1G29325QX364": "organisation.lei-check",
		"LEISE-506700GE1G29325QX363": "organisation.identifier", "NTRXG-1234": "organisation.identifier", "LEIXG-1234": "organisation.identifier",
		"SE-5560125790": "organisation.number", "NTRSE-": "organisation.number", "NTRSE-a/b": "organisation.number", "NTRSE-a:b": "organisation.number",
		"NTRSE--5": "organisation.number", "NTRSE-5-": "organisation.number", "NTRS1-5": "organisation.number", "NTRSE-å": "organisation.number",
		"NTRSE-" + strings.Repeat("1", 41): "organisation.number", "NTRSE-" + strings.Repeat(" ", 100) + "1": "organisation.identifier", "123456784": "organisation.check-digit",
	} {
		if got, err := organisation.ParseIdentifier(s); problem.KeyOf(err) != key {
			t.Errorf("%q: %q, %v, want %s", s, got, err, key)
		}
	}
	for n, want := range map[organisation.Number]string{"123456785": "NO", "NTRSE-1": "SE", "VATEL-1": "GR", "VATXI-1": "GB", "LEIXG-506700GE1G29325QX363": ""} {
		if got := n.RegisterCountry(); got != want {
			t.Errorf("%s is of %q, want %q", n, got, want)
		}
	}
	if id := organisation.Number("NTRSE-1").ID(); id != "NTRSE-1" {
		t.Errorf("in statements: %q", id)
	}
}

// TestIdentifiersAreNeverMistaken: whatever is read as a foreign identifier is
// no Norwegian number, in no form that one is written in, and is read as itself.
func TestIdentifiersAreNeverMistaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`(NTR|VAT|LEI|ntr)[A-Z]{2}-[0-9A-Za-z.: /-]{1,20}`).Draw(t, "text")
		n, err := organisation.ParseIdentifier(s)
		if err != nil {
			return
		}
		if !n.Foreign() {
			if _, err := organisation.ParseNumber(string(n)); err != nil {
				t.Fatalf("%q is neither: %v", n, err)
			}
			return
		}
		if _, err := organisation.ParseNumber(string(n)); err == nil {
			t.Fatalf("%q is a Norwegian number too", n)
		}
		if again, err := organisation.ParseIdentifier(n.ID()); err != nil || again != n {
			t.Fatalf("%q is read again as %q, %v", n, again, err)
		}
	})
}

func TestRegisterEntry(t *testing.T) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	e := organisation.RegisterEntry{Found: true, Name: "OPPDIKTET SKY AS", FetchedAt: at}
	for _, tt := range []struct {
		at   time.Time
		want bool
	}{{at.Add(-time.Millisecond), false}, {at, true}, {at.Add(30 * 24 * time.Hour), true}, {at.Add(30*24*time.Hour + time.Millisecond), false}} {
		if got := e.Known(tt.at); got != tt.want {
			t.Errorf("known at %s: %t", tt.at, got)
		}
	}
	for name, differs := range map[string]bool{"Oppdiktet Sky AS": false, "OPPDIKTET  SKY, A/S": false, "Oppdiktet Sky": true, "": true} {
		if got := e.Differs(name); got != differs {
			t.Errorf("%q differs: %t", name, got)
		}
	}
	if (organisation.RegisterEntry{Found: true, Name: "A\u030aS"}).Differs("Ås") {
		t.Error("a letter written in two ways differs")
	}
	for want, e := range map[organisation.RegisterState]organisation.RegisterEntry{
		organisation.RegisterAbsent: {Bankrupt: true}, organisation.RegisterActive: {Found: true}, organisation.RegisterWindingUp: {Found: true, WindingUp: true},
		organisation.RegisterBankrupt: {Found: true, Bankrupt: true, WindingUp: true}, organisation.RegisterDeleted: {Found: true, Bankrupt: true, Deleted: true},
	} {
		if got := e.State(); got != want || e.Warns() != (want != organisation.RegisterActive) {
			t.Errorf("%+v: %s, want %s", e, got, want)
		}
	}
}
