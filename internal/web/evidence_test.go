package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/evidence"
)

// TestEvidenceOnPages uploads with all that can be said, changes it, looks at
// it as others, and erases it.
func TestEvidenceOnPages(t *testing.T) {
	s := newSite(t, true)
	b, page := s.visit("supplier"), "/suppliers/"+string(s.supplier)+"/evidence"
	agency := "910000004"
	fields := map[string]string{
		"kind": "iso27001-certificate", "issuer": "Sertifisering AS (oppdiktet)", "standard": "ISO/IEC 27001:2022", "applicability": "1",
		"validFrom": "2020-01-01", "validUntil": "31.12.2020", "scope": "Drift av\r\nskytjenester", "visibility": "granted",
		"grant-org-0": agency, "grant-until-0": "2099-12-31", "legalBasis": "offentleglova § 13",
	}
	b.upload(page, fields, "file", "sertifikat-2020.txt", []byte("Et sertifikat.")).must(t, 200, "Filen er lastet opp.", "sertifikat-2020.txt",
		"Sertifisering AS (oppdiktet)", "ISO/IEC 27001:2022", "med SoA", "01.01.2020 til 31.12.2020", "Utløpt", "Drift av skytjenester", "910 000 004", "til 31.12.2099", "offentleglova § 13")
	all, err := s.web.Evidence.Of(t.Context(), seller, s.supplier)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d, %v", len(all), err)
	}
	e := all[0]
	if e.Description.ValidUntil != "2020-12-31" || e.Scope != "Drift av skytjenester" || !e.Applicability || len(e.Granted) != 1 {
		t.Errorf("stored as %+v", e)
	}
	// What is wrong is told beside the input, and what was typed stays.
	wrong := map[string]string{"kind": "policy", "visibility": "granted", "validFrom": "i morgen", "grant-org-0": "123", "issuer": "Noen"}
	b.upload(page, wrong, "file", "b.txt", []byte("Mer.")).must(t, 422, `href="#f-validFrom"`, `href="#f-grant-org-0"`, `value="Noen"`, `value="123"`)

	edit := page + "/" + e.SHA256
	form := b.get(edit).must(t, 200, `value="Sertifisering AS (oppdiktet)"`, `value="2020-12-31"`, `value="`+agency+`"`)
	rev := between(form.body, `name="rev" value="`, `"`)
	values := url.Values{"rev": {rev}, "kind": {"iso27001-certificate"}, "visibility": {"agencies"}, "issuer": {"Et annet organ (oppdiktet)"}, "validUntil": {"2099-01-01"}}
	b.post(edit, values).must(t, 200, "Opplysningene er lagret.", "Et annet organ (oppdiktet)", "Gjelder nå")
	b.post(edit, values).must(t, 412, "ble endret mens du arbeidet")
	b.get(edit).must(t, 200, "Endringer", "31.12.2020", "01.01.2099", "Utvalgte virksomheter")
	values.Set("rev", "")
	values.Set("kind", "poem")
	b.post(edit, values).must(t, 422, `href="#f-kind"`)

	// Others see what they may, and change nothing.
	s.visit("adviser").get(page).must(t, 200, "sertifikat-2020.txt", "Et annet organ")
	if a := s.visit("").get(page).must(t, 200); strings.Contains(a.body, "sertifikat-2020.txt") || strings.Contains(a.body, "<form method=\"post\" enctype") {
		t.Error("the public sees too much")
	}
	for _, who := range []string{"adviser", "rival"} {
		other := s.visit(who)
		other.get(edit).must(t, 403)
		other.get(edit+"/erase").must(t, 403)
		other.post(edit, values).must(t, 403)
		other.post(edit+"/erase", url.Values{"reason": {"x"}}).must(t, 403)
	}
	b.get(page+"/"+strings.Repeat("0", 64)).must(t, 404)

	// A file that a declaration in force refers to is erased all the same.
	if _, err := s.web.Evidence.Store.UpdateEvidence(t.Context(), s.supplier, s.evidence, evidence.Needed(s.web.Now().Add(24*time.Hour))); err != nil {
		t.Fatal(err)
	}
	erase := page + "/" + s.evidence + "/erase"
	b.get(erase).must(t, 200, "viser til filen. Når den er slettet")
	b.post(erase, url.Values{}).must(t, 422, `href="#f-reason"`)
	b.post(erase, url.Values{"reason": {"Utdatert"}, "forget": {"1"}}).must(t, 200, "Filen er slettet.", "Slettet av leverandøren. Utdatert", "Fil uten navn")
	b.get("/evidence/"+s.evidence).must(t, 404, "Filen er slettet")
	s.visit("adviser").get("/offerings/"+s.declared+"/status").must(t, 200, `sertifikat.txt <span class="fk-quiet">(Slettet)`)
	if a := b.get("/offerings/"+s.declared+"/answers").must(t, 200); strings.Contains(a.body, `value="`+s.evidence) {
		t.Error("an answer can refer to what is erased")
	}
	b.upload(page, map[string]string{"kind": "policy", "visibility": "public"}, "file", "sertifikat.txt", []byte("A certificate.")).must(t, 200, "sertifikat.txt")
	s.visit("").get("/evidence/"+s.evidence).must(t, 200, "A certificate.")
}

// between is what stands between two marks.
func between(s, after, before string) string {
	_, s, _ = strings.Cut(s, after)
	s, _, _ = strings.Cut(s, before)
	return s
}
