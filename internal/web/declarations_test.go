package web

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/signing"
)

var markup = regexp.MustCompile(`<[^>]*>`)

// TestDeclarationsTellTheirState: the list of declarations says in words what has become of each.
func TestDeclarationsTellTheirState(t *testing.T) {
	s := newSiteAt(t, time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))
	b := s.visit("")
	states := func(want ...string) {
		t.Helper()
		body := b.get("/declarations").body
		var got []string
		for _, row := range strings.Split(body, "<tr><th")[2:] {
			_, cell, _ := strings.Cut(row, `data-label="Gjelder">`)
			cell, _, _ = strings.Cut(cell, "</td>")
			got = append(got, strings.TrimSpace(markup.ReplaceAllString(cell, "")))
		}
		if !slices.Equal(got, want) {
			t.Errorf("the states are %q, want %q", got, want)
		}
	}
	states("Til 30.11.2027")

	renewal := must[attestation.Renewal](t)(s.web.Attestations.PrepareRenewal(t.Context(), seller, s.digest, s.web.Now().AddDate(0, 6, 0)))
	bundle := must[[]byte](t)(signing.SignBundle(t.Context(), s.key, renewal.Statement))
	if _, _, err := s.web.Attestations.Submit(t.Context(), seller, bundle); err != nil {
		t.Fatal(err)
	}
	states("Til 30.05.2027", "Erstattet av en nyere")

	digest := signing.Digest(renewal.Statement)
	statement := must[[]byte](t)(s.web.Attestations.PrepareWithdrawal(t.Context(), seller, digest, "Feil i svarene"))
	bundle = must[[]byte](t)(signing.SignBundle(t.Context(), s.key, statement))
	if _, _, err := s.web.Attestations.Withdraw(t.Context(), seller, digest, bundle); err != nil {
		t.Fatal(err)
	}
	states("Trukket tilbake 30.11.2026", "Erstattet av en nyere")
}
