package web

import (
	"strings"
	"testing"

	"felleskrav/internal/evidence"
	"felleskrav/internal/evidence/clamd/clamdtest"
)

// TestScanOnPages: the supplier sees where the malware scan of each file
// stands, and there is no link to what cannot be opened.
func TestScanOnPages(t *testing.T) {
	s := newSite(t, true)
	b, page := s.visit("supplier"), "/suppliers/"+string(s.supplier)+"/evidence"
	fields := map[string]string{"kind": "policy", "visibility": "agencies"}
	b.get(page).must(t, 200, `href="/evidence/`+s.evidence, "Ikke kontrollert")

	daemon := clamdtest.Start(t)
	s.web.Evidence.Scanner = daemon.Client()
	b.upload(page, fields, "file", "ren.txt", []byte("How we do it.")).must(t, 200, "ren.txt", "Filen er lastet opp.", "Ingen skadevare funnet")
	b.upload(page, fields, "file", "smitte.txt", []byte(clamdtest.EICAR)).must(t, 422, "Kontrollen fant skadevare i filen ("+clamdtest.EICARName)

	daemon.Stop()
	b.upload(page, fields, "file", "venter.txt", []byte("Waits: "+clamdtest.Marker)).
		must(t, 200, "venter.txt", "ikke kontrollert for skadevare ennå", "Venter på kontroll. Kontrollen var ikke tilgjengelig")
	all, err := s.web.Evidence.Of(t.Context(), seller, s.supplier)
	if err != nil || len(all) != 3 || all[0].Scan.State != evidence.Pending {
		t.Fatalf("%+v, %v", all, err)
	}
	waits := "/evidence/" + all[0].SHA256
	if a := b.get(page); strings.Contains(a.body, `href="`+waits) {
		t.Error("the page links to what waits")
	}
	s.visit("adviser").get(waits).must(t, 503, "ikke kontrollert for skadevare ennå")

	daemon.Restart()
	if _, err := s.web.Evidence.RescanPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := b.get(page).must(t, 200, "Skadevare funnet", clamdtest.MarkerName); strings.Contains(a.body, `href="`+waits) {
		t.Error("the page links to malware")
	}
	s.visit("adviser").get(waits).must(t, 422, "Kontrollen fant skadevare")
}
