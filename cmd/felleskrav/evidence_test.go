package main

import (
	"net/http"
	"testing"

	"felleskrav/internal/attestation"
	"felleskrav/internal/evidence"
)

// TestEvidenceLives describes a file by flags, declares with it, erases it and
// sends it again, on both stores and over a restart.
func TestEvidenceLives(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		start := func() *running {
			return serve(t, append([]string{"--quiet", "--evidence-retention-days", "1"}, store...)...)
		}
		server := start()
		w := &walk{t: t, dir: t.TempDir(), store: store, base: server.base}
		selling, buying := w.token(seller, "supplier"), w.token(buyer, "adviser")
		offering := w.register(selling, seller, "Prøve AS (oppdiktet)", "supplier.key")
		must(t, 0, w.dir, nil, "answers", "new", setRef, "-o", "answers.xlsx")
		w.answer("answers.xlsx", "sertifikat.txt")
		w.write("sertifikat.txt", []byte("Et sertifikat (oppdiktet)\n"))
		w.run(0, selling, "attest", "prepare", "--offering", offering, "--set", setRef, "--answers", "answers.xlsx", "--evidence-dir", ".",
			"--evidence-kind", "iso27001-certificate", "--evidence-issuer", "Organet (oppdiktet)", "--evidence-standard", "ISO/IEC 27001:2022",
			"--evidence-from", "2020-01-01", "--evidence-until", "2099-12-31", "--evidence-scope", "Drift", "--evidence-basis", "offentleglova § 13",
			"--visibility", "granted", "--granted", buyer+":2099-01-01", "-o", "statement.json")
		list := func() evidence.Evidence {
			t.Helper()
			var all struct {
				Items []evidence.Evidence `json:"items"`
			}
			want(t, http.StatusOK, http.MethodGet, server.base+"/api/v1/suppliers/"+seller+"/evidence", selling, "", nil, &all)
			if len(all.Items) != 1 {
				t.Fatalf("%d files are listed", len(all.Items))
			}
			return all.Items[0]
		}
		e := list()
		said := evidence.Description{Issuer: "Organet (oppdiktet)", Standard: "ISO/IEC 27001:2022", ValidFrom: "2020-01-01", ValidUntil: "2099-12-31", Scope: "Drift", LegalBasis: "offentleglova § 13"}
		if e.Kind != "iso27001-certificate" || e.Description != said || len(e.Granted) != 1 || e.Granted[0].Until != "2099-01-01" || e.Period != evidence.PeriodCurrent {
			t.Errorf("%+v", e)
		}
		must(t, 0, w.dir, nil, "attest", "sign", "statement.json", "--key", "supplier.key", "-o", "bundle.json")
		w.run(0, selling, "attest", "submit", "bundle.json")
		if e = list(); e.NeededUntil.IsZero() {
			t.Error("nothing says that the declaration needs the file")
		}
		at := server.base + "/api/v1/evidence/" + e.SHA256
		want(t, http.StatusOK, http.MethodGet, at, buying, "", nil, nil)
		want(t, http.StatusOK, http.MethodDelete, at+"?reason=Utdatert", selling, "", nil, &e)
		server.stop()
		server = start()
		w.base = server.base
		at = server.base + "/api/v1/evidence/" + e.SHA256
		if a := do(t, http.MethodGet, at, buying, "", nil); a.status != http.StatusNotFound || a.problemType() != "evidence.erased" {
			t.Errorf("after the erasure: %d %s", a.status, a.body)
		}
		if e = list(); e.State != evidence.Erased || e.Erasure.Reason != "Utdatert" {
			t.Errorf("%+v", e)
		}
		answers := allMet(w)
		answers[0].Evidence = []attestation.EvidenceRef{{Digest: attestation.DigestSet{SHA256: e.SHA256}}}
		body := map[string]any{"offering": offering, "set": setRef, "answers": answers}
		if a := do(t, http.MethodPost, server.base+"/api/v1/attestations/prepare", selling, "", body); a.problemType() != "statement.evidence" {
			t.Errorf("a statement that refers to it: %d %s", a.status, a.body)
		}
		want(t, http.StatusCreated, http.MethodPost, server.base+"/api/v1/evidence?name=sertifikat.txt&kind=other", selling, "application/octet-stream", w.read("sertifikat.txt"), &e)
		if e.State != evidence.Stored || e.Issuer != said.Issuer {
			t.Errorf("sent again: %+v", e)
		}
		want(t, http.StatusOK, http.MethodGet, at, buying, "", nil, nil)
	})
}

// TestRetentionDays: a number that makes no sense is told before anything starts.
func TestRetentionDays(t *testing.T) {
	for _, days := range []string{"-1", "36501", "x"} {
		must(t, 2, t.TempDir(), nil, "serve", "--evidence-retention-days="+days)
	}
}
