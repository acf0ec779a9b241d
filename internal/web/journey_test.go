package web

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/hex"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"felleskrav/internal/attestation"
	"felleskrav/internal/evidence"
	"felleskrav/internal/procurement"
	"felleskrav/internal/signing"
	"felleskrav/internal/workbook"
)

// find gives the first group of a pattern in the page.
func find(t testing.TB, a answer, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no %s on the page at %s (%d):\n%s", pattern, a.path, a.code, leading(a.body))
	}
	return html.UnescapeString(m[1])
}

func (a answer) must(t testing.TB, code int, holds ...string) answer {
	t.Helper()
	if a.code != code {
		t.Fatalf("%s: status %d, want %d\n%s", a.path, a.code, code, leading(a.body))
	}
	for _, h := range holds {
		if !strings.Contains(a.body, h) {
			t.Errorf("%s does not hold %q\n%s", a.path, h, leading(a.body))
		}
	}
	return a
}

// TestSupplierDeclaresOnPages goes from a key to a receipt, with the signing
// done outside, and then withdraws.
func TestSupplierDeclaresOnPages(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("supplier")
	own := "/suppliers/" + string(s.supplier)

	key := must[crypto.Signer](t)(signing.GenerateKey(signing.Algorithms()[0]))
	pub := must[signing.PublicKey](t)(signing.PublicOf(key))
	b.post(own+"/keys", url.Values{"publicKey": {"not a key"}, "label": {"Ny"}}).must(t, 422, "not a key", `href="#f-publicKey"`)
	b.post(own+"/keys", url.Values{"publicKey": {strings.ReplaceAll(pub.PEM, "\n", "\r\n")}, "label": {"Ny"}}).must(t, 200)
	challenge := b.get(own+"/keys/challenge/file").must(t, 200)
	b.post(own+"/keys/challenge", url.Values{"signature": {"***"}}).must(t, 422, `id="f-signature-error"`)
	sig := must[[]byte](t)(signing.SignMessage(key, []byte(challenge.body)))
	b.post(own+"/keys/challenge", url.Values{"signature": {base64.StdEncoding.EncodeToString(sig)}}).must(t, 200, pub.ID, "Nøkkelen er registrert")

	b.upload(own+"/evidence", map[string]string{"kind": "policy", "visibility": "agencies"}, "file", "retningslinje.txt", []byte("How we do it.")).must(t, 200, "retningslinje.txt")
	b.upload(own+"/evidence", map[string]string{"kind": "policy", "visibility": "agencies"}, "file", "program.exe", []byte("MZ\x90\x00\x03")).must(t, 415)
	b.upload(own+"/evidence", map[string]string{"kind": "policy", "visibility": "agencies"}, "file", "stor.txt", bytes.Repeat([]byte("x"), 3<<20)).must(t, 413)

	b.post(own+"/offerings/new", url.Values{"name": {""}, "regions": {"Norge"}, "version": {"7"}}).must(t, 422, `value="7"`, `id="f-name-error"`, `id="f-regions-error"`, `id="models-error"`)
	created := b.post(own+"/offerings/new", url.Values{"name": {"Nysky"}, "regions": {"no, se"}, "model": {"saas"}, "subSuppliers[0].name": {"Lagring AS"}, "subSuppliers[0].purpose": {"Lagring"}, "subSuppliers[0].country": {"no"}}).must(t, 200, "Svar på kravene")
	id := strings.Split(created.path, "/")[2]

	v, _ := s.web.Catalogue.Content().Version("skytjenester", "")
	form := url.Values{"validUntil": {""}}
	for _, r := range v.Requirements {
		form.Set("answer."+r.ID, "met")
	}
	first := v.Requirements[0].ID
	form.Set("answer."+first, "partial")
	path := "/offerings/" + id + "/answers?set=skytjenester@2.0.0"
	b.post(path, form).must(t, 422, `id="f-statement-`+first+`-error"`)
	form.Set("statement."+first, "Delvis, «på plass» <snart>.")
	page := b.post(path, form).must(t, 200, "statement.json", "attest sign")
	encoded := find(t, page, `name="statement" value="([^"]+)"`)
	statement := must[[]byte](t)(base64.StdEncoding.DecodeString(encoded))
	if digest := signing.Digest(statement); !strings.Contains(page.body, digest) {
		t.Errorf("the page does not show the digest %s", digest)
	}
	file := b.post("/offerings/"+id+"/statement/file", url.Values{"statement": {encoded}}).must(t, 200)
	if file.body != string(statement) {
		t.Error("the file is not the statement")
	}

	submit := "/offerings/" + id + "/attestations?set=skytjenester@2.0.0"
	bundle := must[[]byte](t)(signing.SignBundle(context.Background(), key, statement))
	stranger := must[crypto.Signer](t)(signing.GenerateKey(signing.Algorithms()[0]))
	forged := must[[]byte](t)(signing.SignBundle(context.Background(), stranger, statement))
	refused := b.upload(submit, map[string]string{"statement": encoded}, "bundle", "bundle.json", forged)
	if refused.code < 400 || refused.code >= 500 || !strings.Contains(refused.body, encoded) {
		t.Errorf("a bundle signed with another key: %d, the statement kept: %v", refused.code, strings.Contains(refused.body, encoded))
	}
	receipt := b.upload(submit, map[string]string{"statement": encoded}, "bundle", "bundle.json", bundle).must(t, 200, "ført i loggen")
	digest := strings.TrimPrefix(receipt.path, "/attestations/")
	if digest != signing.Digest(statement) {
		t.Errorf("the receipt is for %s", digest)
	}
	r := readJSON[attestation.Receipt](t, b.get(receipt.path+"/receipt.json").must(t, 200))
	if r.Attestation != digest || len(r.Log.RootHash) != 32 {
		t.Errorf("receipt %+v", r)
	}
	if got := b.get(receipt.path + "/bundle.json"); got.body != string(bundle) {
		t.Error("the bundle is not served as it was sent")
	}
	page = b.get(receipt.path).must(t, 200, receipt.path+"/verdict.json", "/log/verdict-key.pem", attestation.VerdictType)
	if strings.Contains(page.body, "%!") {
		t.Error("the page has a badly written command")
	}
	verdict := must[*signing.Bundle](t)(signing.ParseBundle([]byte(b.get(receipt.path+"/verdict.json").must(t, 200).body)))
	if err := verdict.Verify(must[signing.PublicKey](t)(s.web.Attestations.Verifier.PublicKey()), digest); err != nil {
		t.Errorf("the signed verdict: %v", err)
	}
	s.visit("").get("/offerings/"+id+"/status").must(t, 200, "Gyldig", "Delvis, «på plass» &lt;snart&gt;.")

	w := b.post(receipt.path+"/withdrawal", url.Values{"reason": {""}})
	if w.code != 422 {
		t.Errorf("a withdrawal without a reason: %d", w.code)
	}
	w = b.post(receipt.path+"/withdrawal", url.Values{"reason": {"Feil i svarene"}}).must(t, 200)
	statement = must[[]byte](t)(base64.StdEncoding.DecodeString(find(t, w, `name="statement" value="([^"]+)"`)))
	bundle = must[[]byte](t)(signing.SignBundle(context.Background(), key, statement))
	b.upload(receipt.path+"/withdrawal/bundle", nil, "bundle", "bundle.json", bundle).must(t, 200, "trukket tilbake")
	s.visit("").get("/offerings/"+id+"/status").must(t, 200, "Trukket tilbake", "Feil i svarene")

	b.post(own+"/keys/revoke", url.Values{"key": {pub.ID}, "reason": {"retired"}}).must(t, 200, "Nøkkelen er trukket tilbake")
}

// TestAnswersFromAWorkbook fills the form from an uploaded sheet.
func TestAnswersFromAWorkbook(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("supplier")
	path := "/offerings/" + s.offering + "/answers/workbook?set=skytjenester@2.0.0"
	sheet := b.get(path).must(t, 200)
	b.upload(path, nil, "workbook", "svar.xlsx", []byte("not a workbook")).must(t, 415)
	v, _ := s.web.Catalogue.Content().Version("skytjenester", "")
	var filled bytes.Buffer
	answers := []attestation.Answer{
		{Requirement: v.Requirements[0].ID, Status: attestation.NotMet, Statement: "Ikke ennå.", Evidence: []attestation.EvidenceRef{{Name: "borte.pdf", Digest: attestation.DigestSet{SHA256: hex.EncodeToString(make([]byte, 32))}}}},
		{Requirement: v.Requirements[1].ID, Status: attestation.Met, Evidence: []attestation.EvidenceRef{{Name: "sertifikat.txt", Digest: attestation.DigestSet{SHA256: s.evidence}}}},
	}
	if err := workbook.WriteAnswerSheet(&filled, v, s.web.Texts.In("nb"), answers); err != nil {
		t.Fatal(err)
	}
	if len(sheet.body) < 5000 {
		t.Errorf("the empty sheet has %d bytes", len(sheet.body))
	}
	a := b.upload(path, nil, "workbook", "svar.xlsx", filled.Bytes()).must(t, 200, "2 svar er lest", "Ikke ennå.", "er ikke lastet opp")
	for _, id := range []string{"f-answer-" + v.Requirements[0].ID + "-not-met", "f-answer-" + v.Requirements[1].ID + "-met", "f-evidence-" + v.Requirements[1].ID + "-" + s.evidence[:12]} {
		find(t, a, `id="(`+id+`)"[^>]* checked`)
	}
}

// TestBuyerOnPages goes from choices to a comparison of bids.
func TestBuyerOnPages(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("procurement")
	form := url.Values{"task": {s.web.Catalogue.Content().Tasks[0].ID}, "model": {"saas"}, "title": {""}, "reference": {"26/99"}, "language": {"nn"}, "deadline": {"2027-02-01T12:00"}}
	b.post("/procurements", form).must(t, 422, `href="#f-title"`, `value="26/99"`, `value="2027-02-01T12:00"`)
	form.Set("deadline", "en gang")
	b.post("/procurements", form).must(t, 422, `href="#f-deadline"`)
	form.Set("deadline", "2027-02-01T12:00")
	form.Set("title", "Sak")
	page := b.post("/procurements", form).must(t, 200, "Anskaffelsen er lagret", "01.02.2027 kl. 12.00")
	path := page.path

	choices := b.get(path+"/requirements").must(t, 200)
	set := url.Values{"rev": {find(t, choices, `name="rev" value="(\d+)"`)}}
	for _, m := range regexp.MustCompile(`name="in\.(K-[A-Z]+-\d+)"`).FindAllStringSubmatch(choices.body, -1) {
		set.Set("in."+m[1], "1")
		set.Set("type."+m[1], "B")
		set.Set("weight."+m[1], "1")
	}
	set.Set("type.K-STYRING-01", "A")
	set.Set("weight.K-STYRING-01", "1000")
	set.Del("in.K-STYRING-02")
	b.post(path+"/requirements", set).must(t, 422, `id="f-weight-K-STYRING-01-error"`, `value="1000"`)
	set.Set("weight.K-STYRING-01", "10")
	b.post(path+"/requirements", set).must(t, 200, "tatt ut av konkurransen")
	b.post(path+"/requirements", set).must(t, 412) // the revision is the old one

	columns := b.get(path+"/columns").must(t, 200, "Alltid med", "Avvik eller forbehold")
	layout := url.Values{"rev": {find(t, columns, `name="rev" value="(\d+)"`)}}
	for i, col := range procurement.Columns() {
		layout.Set("in."+string(col), "1")
		layout.Set("place."+string(col), strconv.Itoa(len(procurement.Columns())-i))
	}
	layout.Del("in.weight")
	b.post(path+"/columns", layout).must(t, 200, "Anskaffelsen er lagret")
	b.post(path+"/columns", layout).must(t, 412)
	csv := b.get(path+"/workbook?format=csv").must(t, 200, "Oppfylt?;Dokumentasjonskrav")
	if strings.Contains(csv.body, "Vekt") || !strings.HasPrefix(csv.header.Get("Content-Type"), "text/csv") {
		t.Errorf("the columns chosen are not those of the file: %.200s", csv.body)
	}
	b.get(path+"/workbook?format=json").must(t, 200, `"number": "1.1.1"`)
	b.get(path+"/workbook?format=ods").must(t, 404)
	layout.Set("place.id", "x")
	layout.Set("rev", find(t, b.get(path+"/columns"), `name="rev" value="(\d+)"`))
	b.post(path+"/columns", layout).must(t, 422)
	layout.Set("usual", "1")
	b.post(path+"/columns", layout).must(t, 200)
	b.get(path+"/workbook?format=csv").must(t, 200, "Slag;Nr.;Krav-ID;Tema")

	b.post(path+"/bidders", url.Values{"supplier": {"123"}, "name": {"Ukjent AS"}}).must(t, 422, "Ukjent AS", `id="f-supplier-error"`)
	b.post(path+"/bidders", url.Values{"supplier": {"910 000 055"}, "name": {"Ukjent AS"}}).must(t, 200, "910 000 055")
	b.post(path+"/bidders", url.Values{"supplier": {string(s.supplier)}, "name": {"Testsky AS"}, "offering": {s.declared}}).must(t, 200, "Testsky AS")
	b.get(path+"/bidders?q="+url.QueryEscape("910 000 012")).must(t, 200, "Er lagt til")

	file := b.get(path+"/workbook?copy=bidders").must(t, 200)
	if _, err := s.web.reader.Tender(strings.NewReader(file.body), int64(len(file.body)), nil); err != nil {
		t.Errorf("the workbook cannot be read back: %v", err)
	}
	b.get(path+"/workbook?bidder=910000004").must(t, 404)
	prefilled := b.get(path+"/workbook?bidder="+string(s.supplier)).must(t, 200)
	bad := b.upload(path+"/responses", map[string]string{"supplier": string(s.rival)}, "workbook", "svar.xlsx", []byte(prefilled.body))
	bad.must(t, 422)
	report := b.upload(path+"/responses", map[string]string{"supplier": string(s.supplier)}, "workbook", "svar.xlsx", []byte(prefilled.body)).must(t, 200, "lest inn og lagret")
	checkPage(t, "nb", report)
	comparison := b.get(path+"/comparison").must(t, 200, "Testsky AS", "Ukjent AS", "Tilbudet")
	if strings.Contains(comparison.body, "K-STYRING-02") {
		t.Error("a requirement that was left out is compared")
	}
	b.post(path+"/bidders/remove", url.Values{"supplier": {"910000055"}}).must(t, 200, "Tilbyderen er fjernet")

	other := s.visit("supplier")
	other.get(path).must(t, 403)
	other.post("/procurements", form).must(t, 403)
}

// TestChangesFromElsewhereAreRefused holds for every route that changes
// something.
func TestChangesFromElsewhereAreRefused(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("supplier")
	for _, path := range []string{"/logout", "/suppliers/" + string(s.supplier) + "/edit", "/procurements"} {
		req := must[*http.Request](t)(http.NewRequest(http.MethodPost, s.url+path, strings.NewReader("name=x")))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		b.do(req).must(t, 403, "et annet nettsted")
	}
	b.get("/suppliers/"+string(s.supplier)).must(t, 200, "Logg ut")
}

func TestLoginRenewsAndForgets(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("supplier")
	token := func() string {
		for _, c := range b.client.Jar.Cookies(must[*url.URL](t)(url.Parse(s.url))) {
			if c.Name == "felleskrav" {
				return c.Value
			}
		}
		return ""
	}
	before := token()
	b.post("/demo/login", url.Values{"persona": {"procurement"}, "next": {"//evil.example"}}).must(t, 200)
	if before == "" || token() == before {
		t.Error("the session token was not renewed at login")
	}
	b.post("/demo/login", url.Values{"persona": {"nobody"}}).must(t, 400)
	if a := b.post("/demo/login", url.Values{"persona": {"procurement"}, "next": {"/log"}}); a.path != "/log" {
		t.Errorf("led to %s", a.path)
	}
	b.post("/logout", nil).must(t, 200, "Logg inn")
	if a := b.get("/procurements"); !strings.HasPrefix(a.path, "/demo/login?next=") {
		t.Errorf("a page that needs a login led to %s", a.path)
	}
}

func TestWithoutDemoNobodyCanLogIn(t *testing.T) {
	s := newSite(t, false)
	b := s.visit("")
	b.get("/login").must(t, 200, "ikke satt opp")
	b.get("/demo/login").must(t, 404)
	b.post("/demo/login", url.Values{"persona": {"supplier"}}).must(t, 404)
	b.get("/procurements").must(t, 401)
	if a := b.get("/"); strings.Contains(a.body, "demonstrasjon") {
		t.Error("the page says that this is a demonstration")
	}
	b.get("/suppliers").must(t, 200, "Ingen leverandører er registrert")
}

func TestEvidenceIsSavedNotShown(t *testing.T) {
	s := newSite(t, true)
	hidden, _, err := s.web.Evidence.Upload(context.Background(), seller, evidence.Upload{Owner: s.supplier, Name: "intern.txt", Kind: "policy", Visibility: evidence.VisibleAgencies}, strings.NewReader("Internal."))
	if err != nil {
		t.Fatal(err)
	}
	a := s.visit("").get("/evidence/"+s.evidence).must(t, 200)
	if a.body != "A certificate." || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") || !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%q %v", a.body, a.header)
	}
	if a := s.visit("").get("/evidence/" + hidden.SHA256); a.code == http.StatusOK {
		t.Error("a file for public bodies is open to anyone")
	}
	s.visit("adviser").get("/evidence/"+hidden.SHA256).must(t, 200, "Internal.")
}
