package main

import (
	"net/http"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/evidence"
	"felleskrav/internal/evidence/clamd/clamdtest"
)

// TestMalware hands in evidence while clamd runs, while it does not, and looks
// at what a server started later makes of what waited.
func TestMalware(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		daemon := clamdtest.Start(t)
		start := func() *running {
			return serve(t, append([]string{"--quiet", "--clamd", daemon.Unix}, store...)...)
		}
		server := start()
		w := &walk{t: t, dir: t.TempDir(), store: store, base: server.base}
		selling, buying := w.token(seller, "supplier"), w.token(buyer, "adviser")
		offering := w.register(selling, seller, "Prøve AS (oppdiktet)", "supplier.key")
		upload := func(status int, body string, out any) answer {
			t.Helper()
			return want(t, status, http.MethodPost, server.base+"/api/v1/evidence?name=a.txt&kind=policy", selling, "application/octet-stream", []byte(body), out)
		}
		download := func(sha256 string) answer {
			t.Helper()
			return do(t, http.MethodGet, server.base+"/api/v1/evidence/"+sha256, buying, "", nil)
		}
		prepare := func(sha256 string) answer {
			t.Helper()
			answers := allMet(w)
			answers[0].Evidence = []attestation.EvidenceRef{{Digest: attestation.DigestSet{SHA256: sha256}}}
			return do(t, http.MethodPost, server.base+"/api/v1/attestations/prepare", selling, "", map[string]any{"offering": offering, "set": setRef, "answers": answers})
		}

		var clean evidence.Evidence
		upload(http.StatusCreated, "Rutine.\n", &clean)
		if a := download(clean.SHA256); clean.Scan.State != evidence.Clean || a.status != http.StatusOK || string(a.body) != "Rutine.\n" {
			t.Errorf("clean: %+v, %d", clean.Scan, a.status)
		}
		if a := upload(http.StatusUnprocessableEntity, clamdtest.EICAR, nil); a.problemType() != "evidence.infected" {
			t.Errorf("EICAR: %s", a.body)
		}

		daemon.Stop()
		var waits, bad evidence.Evidence
		upload(http.StatusCreated, "Rutine 2.\n", &waits)
		upload(http.StatusCreated, "Rutine 3: "+clamdtest.Marker, &bad)
		for _, e := range []evidence.Evidence{waits, bad} {
			if a := download(e.SHA256); e.Scan.State != evidence.Pending || e.Scan.Reason != evidence.ScannerAway || a.status != http.StatusServiceUnavailable || a.problemType() != "evidence.pending" {
				t.Errorf("waiting: %+v, %d %s", e.Scan, a.status, a.body)
			}
			if a := prepare(e.SHA256); a.status != http.StatusOK {
				t.Errorf("a statement that refers to what waits: %d %s", a.status, a.body)
			}
		}

		server.stop()
		daemon.Restart()
		server = start()
		w.base = server.base
		for end := time.Now().Add(20 * time.Second); download(waits.SHA256).status != http.StatusOK || download(bad.SHA256).problemType() != "evidence.infected"; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("after the restart: %s; %s", download(waits.SHA256).body, download(bad.SHA256).body)
			}
		}
		if a := prepare(waits.SHA256); a.status != http.StatusOK {
			t.Errorf("a statement that refers to the clean one: %d %s", a.status, a.body)
		}
		if a := prepare(bad.SHA256); a.status != http.StatusUnprocessableEntity || a.problemType() != "statement.evidence" {
			t.Errorf("a statement that refers to malware: %d %s", a.status, a.body)
		}
		var list struct {
			Items []evidence.Evidence `json:"items"`
		}
		want(t, http.StatusOK, http.MethodGet, server.base+"/api/v1/suppliers/"+seller+"/evidence", selling, "", nil, &list)
		states := map[string]evidence.ScanState{}
		for _, e := range list.Items {
			states[e.SHA256] = e.Scan.State
		}
		if len(states) != 3 || states[clean.SHA256] != evidence.Clean || states[waits.SHA256] != evidence.Clean || states[bad.SHA256] != evidence.Infected {
			t.Errorf("lists %v", states)
		}
	})
}
