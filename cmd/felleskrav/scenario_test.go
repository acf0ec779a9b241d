package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/api"
	"felleskrav/internal/attestation"
	"felleskrav/internal/audit"
	"felleskrav/internal/procurement"
	"felleskrav/internal/selection"
	"felleskrav/internal/status"
	"felleskrav/internal/workbook"
	"felleskrav/internal/workbook/workbooktest"
)

// The invented organisations of the tests.
const (
	seller      = "310911380"
	otherSeller = "310922757"
	buyer       = "311036459"
	setRef      = "skytjenester@2.0.0"
)

// walk is a person's folder and where they go.
type walk struct {
	t     *testing.T
	dir   string
	store []string
	base  string
}

func (w *walk) file(name string) string { return filepath.Join(w.dir, name) }

func (w *walk) read(name string) []byte {
	w.t.Helper()
	data, err := os.ReadFile(w.file(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

func (w *walk) write(name string, data []byte) {
	w.t.Helper()
	if err := os.WriteFile(w.file(name), data, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// token makes a token as the operator does, on the machine itself.
func (w *walk) token(org, role string) string {
	w.t.Helper()
	r := must(w.t, 0, w.dir, nil, append([]string{"token", "create", "--org", org, "--role", role}, w.store...)...)
	return strings.TrimSpace(r.stdout)
}

// run runs a command that talks to the server.
func (w *walk) run(code int, token string, args ...string) result {
	w.t.Helper()
	return must(w.t, code, w.dir, []string{"FELLESKRAV_SERVER=" + w.base, "FELLESKRAV_TOKEN=" + token}, args...)
}

// register makes a supplier with an enrolled key in NAME.key, and gives the id
// of its offering.
func (w *walk) register(token, number, name, keyFile string) string {
	w.t.Helper()
	want(w.t, http.StatusCreated, http.MethodPut, w.base+"/api/v1/suppliers/"+number, token, "", map[string]any{"name": name, "country": "NO"}, nil)
	must(w.t, 0, w.dir, nil, "key", "generate", "-o", keyFile)
	w.run(0, token, "key", "enrol", "--key", keyFile, "--supplier", number, "--label", "Prøve")
	var o api.Offering
	in := map[string]any{"name": name + " Sky", "deliveryModels": []string{"saas"}, "regions": []string{"NO"}}
	want(w.t, http.StatusCreated, http.MethodPost, w.base+"/api/v1/suppliers/"+number+"/offerings", token, "", in, &o)
	return o.Id
}

// TestJourney walks the main journey of all three users against the real
// program, on both backends.
func TestJourney(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		server := serve(t, store...)
		w := &walk{t: t, dir: t.TempDir(), store: store, base: server.base}
		selling, buying := w.token(seller, "supplier"), w.token(buyer, "procurement")

		// The buyer sees what applies, and why.
		var chosen selection.Result
		in := map[string]any{"tasks": []string{"stotte.arkiv-og-saksbehandling"}, "deliveryModels": []string{"saas"}, "sets": []string{"skytjenester"}}
		want(t, http.StatusOK, http.MethodPost, w.base+"/api/v1/selections", "", "", in, &chosen)
		if len(chosen.Requirements) < 20 || len(chosen.Requirements[0].Triggers) == 0 {
			t.Fatalf("the selection has %d requirements", len(chosen.Requirements))
		}

		// The supplier describes its service, answers, signs and submits.
		offering := w.register(selling, seller, "Prøve AS (oppdiktet)", "supplier.key")
		if st := w.status(offering); st.Overall != status.Missing {
			t.Fatalf("before the declaration the status is %s", st.Overall)
		}
		w.answer("answers.xlsx", "sertifikat.txt")
		w.write("sertifikat.txt", []byte("Oppdiktet sertifikat, bare til prøve.\n"))
		w.run(0, selling, "attest", "prepare", "--offering", offering, "--set", setRef, "--answers", "answers.xlsx", "--evidence-dir", ".", "-o", "statement.json")
		said := must(t, 0, w.dir, nil, "attest", "sign", "statement.json", "--key", "supplier.key", "-o", "bundle.json")
		if !strings.Contains(said.stderr, "Prøve AS (oppdiktet)") || !strings.Contains(said.stderr, setRef) {
			t.Errorf("sign does not say what is signed:\n%s", said.stderr)
		}
		w.run(0, selling, "attest", "submit", "bundle.json", "-o", "receipt.json")

		// Anyone verifies it without the service.
		logKey := do(t, http.MethodGet, w.base+"/log/key", "", "", nil)
		w.write("log.key", logKey.body)
		verified := must(t, 0, w.dir, nil, "attest", "verify", "--bundle", "bundle.json", "--receipt", "receipt.json", "--log-key", "log.key", "--key", "supplier.key.pub", "--format", "json")
		var v audit.Verification
		if err := json.Unmarshal([]byte(verified.stdout), &v); err != nil || !v.Verified || len(v.Checks) != 6 {
			t.Errorf("verify: %v\n%s", err, verified.stdout)
		}
		w.spoil()
		w.cosign(v.Attestation, offering)

		// The adviser sees it, and the buyer uses it.
		st := w.status(offering)
		if st.Overall != status.Valid || st.Counts.Unanswered != 0 || st.Counts.Documented == 0 {
			t.Fatalf("after the declaration the status is %s with %+v", st.Overall, st.Counts)
		}
		w.run(0, "", "status", seller)
		w.tender(buying, offering, in)

		// The log holds what was said, and one who kept an old state can tell.
		w.run(0, "", "log", "checkpoint", "--server", w.base, "-o", "old.checkpoint")
		w.withdraw(selling, offering, st.Declaration.Digest)
		w.wantNews()
		w.run(0, "", "log", "verify", "--server", w.base, "--since", "old.checkpoint", "--log-key", "log.key")
		server.stop()
		must(t, 0, w.dir, nil, append([]string{"log", "verify", "--since", "old.checkpoint"}, store...)...)
	})
}

func (w *walk) status(offering string) status.Status {
	w.t.Helper()
	var st status.Status
	want(w.t, http.StatusOK, http.MethodGet, w.base+"/api/v1/offerings/"+offering+"/status?set="+url.QueryEscape(setRef), "", "", nil, &st)
	return st
}

// answer fills an answer sheet: everything met but three, one with evidence.
func (w *walk) answer(name, evidence string) {
	w.t.Helper()
	must(w.t, 0, w.dir, nil, "answers", "new", setRef, "-o", name)
	ids, err := workbooktest.Requirements(w.read(name))
	if err != nil {
		w.t.Fatal(err)
	}
	if len(ids) != 55 {
		w.t.Fatalf("the answer sheet has %d requirements", len(ids))
	}
	answers := map[string]workbooktest.Answer{}
	for i, id := range ids {
		a := workbooktest.Answer{Status: "Oppfylt", Statement: "=1+1 er ikke en formel her"}
		switch i {
		case 3:
			a = workbooktest.Answer{Status: "Delvis oppfylt", Statement: "Resten kommer i mars."}
		case 7:
			a = workbooktest.Answer{Status: "Ikke oppfylt", Statement: "Støttes ikke."}
		case 11:
			a.Evidence = evidence
		}
		answers[id] = a
	}
	filled, err := workbooktest.Fill(w.read(name), answers)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(name, filled)
}

// spoil shows that offline verification says no when it should.
func (w *walk) spoil() {
	w.t.Helper()
	must(w.t, 0, w.dir, nil, "key", "generate", "--algorithm", "ed25519", "-o", "stranger.key")
	no := [][]string{
		{"--bundle", "bundle.json", "--key", "stranger.key.pub"},
		{"--bundle", "bundle.json", "--receipt", "tampered.json", "--log-key", "log.key"},
		{"--bundle", "bundle.json", "--log-key", "log.key"}, // no proof anywhere
	}
	var r attestation.Receipt
	if err := json.Unmarshal(w.read("receipt.json"), &r); err != nil {
		w.t.Fatal(err)
	}
	r.Log.Index--
	tampered, err := json.Marshal(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write("tampered.json", tampered)
	for _, args := range no {
		must(w.t, 1, w.dir, nil, append([]string{"attest", "verify"}, args...)...)
	}
	must(w.t, 2, w.dir, nil, "attest", "verify", "--bundle", "bundle.json")
	must(w.t, 3, w.dir, nil, "attest", "verify", "--bundle", "nowhere.json", "--key", "supplier.key.pub")
}

// cosign has a program that nobody here wrote verify signature and inclusion,
// given what the service publishes, without a network.
func (w *walk) cosign(digest, offering string) {
	t := w.t
	t.Helper()
	cosign := os.Getenv("FELLESKRAV_COSIGN")
	if cosign == "" {
		t.Fatal("FELLESKRAV_COSIGN is not set: run the tests with `make test`, which installs cosign and sets it")
	}
	for name, path := range map[string]string{
		"root.json": "/log/trusted_root.json", "logged.json": "/api/v1/attestations/" + digest + "/bundle?format=key", "service.json": "/api/v1/offerings/" + offering + "/descriptor",
		"verdict.json": "/api/v1/attestations/" + digest + "/verdict?format=bundle", "verdict-key.pem": "/log/verdict-key.pem",
	} {
		w.write(name, want(t, http.StatusOK, http.MethodGet, w.base+path, "", "", nil, nil).body)
	}
	run := func(args ...string) error {
		cmd := exec.CommandContext(t.Context(), cosign, append([]string{"verify-blob-attestation", "--trusted-root", "root.json"}, args...)...)
		cmd.Dir = w.dir
		cmd.Env = environment("HOME="+w.dir, "TUF_ROOT="+w.file("tuf"), "HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("cosign: %w\n%s", err, out)
		}
		return nil
	}
	if err := run("--key", "supplier.key.pub", "--bundle", "logged.json", "--type", attestation.DeclarationType, "service.json"); err != nil {
		t.Error(err)
	}
	// The service's own verdict, about the declaration and about the offering.
	verdict := []string{"--key", "verdict-key.pem", "--bundle", "verdict.json", "--insecure-ignore-tlog", "--type", attestation.VerdictType}
	for _, subject := range [][]string{{"--digest", digest, "--digestAlg", "sha256"}, {"service.json"}} {
		if err := run(append(verdict, subject...)...); err != nil {
			t.Error(err)
		}
	}
	for name, args := range map[string][]string{
		"another subject": append(verdict, "supplier.key.pub"),
		"another key":     {"--key", "supplier.key.pub", "--bundle", "verdict.json", "--insecure-ignore-tlog", "--type", attestation.VerdictType, "service.json"},
		"another type":    {"--key", "verdict-key.pem", "--bundle", "verdict.json", "--insecure-ignore-tlog", "--type", attestation.DeclarationType, "service.json"},
	} {
		if run(args...) == nil {
			t.Errorf("cosign verifies the verdict for %s", name)
		}
	}
	// The proof that the bundle carries is as good as the receipt.
	must(t, 0, w.dir, nil, "attest", "verify", "--bundle", "logged.json", "--log-key", "log.key")
}

// tender runs a procurement: workbook out, filled, read back, compared.
func (w *walk) tender(token, offering string, input any) {
	t := w.t
	t.Helper()
	var p procurement.Procurement
	want(t, http.StatusCreated, http.MethodPost, w.base+"/api/v1/procurements", token, "", map[string]any{
		"title": "Sak og arkiv", "deadline": time.Now().AddDate(0, 1, 0).Format(time.RFC3339), "input": input,
		"bidders": []map[string]string{{"supplier": seller, "offering": offering}, {"supplier": otherSeller, "name": "En annen (oppdiktet)"}},
	}, &p)
	w.run(0, token, "workbook", "export", p.ID, "-o", "tender.xlsx")
	w.run(0, token, "workbook", "export", p.ID, "--supplier", seller, "-o", "bid.xlsx")
	w.run(0, token, "workbook", "export", p.ID, "--bidders", "-o", "tender.csv")
	w.run(0, token, "workbook", "export", p.ID, "--supplier", seller, "-o", "bid.json")
	if csv := string(w.read("tender.csv")); !strings.HasPrefix(csv, "\ufeffSlag;Nr.;Krav-ID") || !strings.Contains(csv, ";1.1.1;K-") {
		t.Errorf("the tender as CSV begins with %.200q", csv)
	}
	var bid workbook.Document
	if err := json.Unmarshal(w.read("bid.json"), &bid); err != nil || bid.Bidder == nil || len(bid.Requirements) == 0 || bid.Requirements[0].Number != "1.1.1" {
		t.Errorf("the bid as JSON: %v, %+v", err, bid)
	}
	w.run(2, token, "workbook", "export", p.ID, "-o", "tender.ods")
	ids, err := workbooktest.Requirements(w.read("bid.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	filled, err := workbooktest.Fill(w.read("bid.xlsx"), map[string]workbooktest.Answer{
		ids[0]: {Status: "Delvis oppfylt", Statement: "Bare i produksjon.", Deviation: "Avvik 1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.write("filled.xlsx", filled)
	w.wantUntouched()
	bad, err := workbooktest.Fill(w.read("bid.xlsx"), map[string]workbooktest.Answer{ids[1]: {Status: "Kanskje"}})
	if err != nil {
		t.Fatal(err)
	}
	w.write("bad.xlsx", bad)
	refused := w.run(1, token, "workbook", "import", p.ID, "bad.xlsx", "--supplier", seller)
	if !strings.Contains(refused.stderr, "Kanskje") || !strings.Contains(refused.stderr, "Krav!") {
		t.Errorf("a refused workbook does not name the cell:\n%s", refused.stderr)
	}
	w.run(0, token, "workbook", "import", p.ID, "filled.xlsx", "--supplier", seller)
	var c api.Comparison
	want(t, http.StatusOK, http.MethodGet, w.base+"/api/v1/procurements/"+p.ID+"/comparison", token, "", nil, &c)
	if len(c.Bidders) != 2 || len(c.Rows) != len(ids) {
		t.Fatalf("the comparison has %d bidders and %d rows, the workbook %d", len(c.Bidders), len(c.Rows), len(ids))
	}
	b := c.Bidders[0]
	if b.Contradictions != 1 || b.Deviations != 1 || b.Counts.Unanswered != 0 || b.Statuses[0].Overall != string(status.Valid) {
		t.Errorf("the first bidder is compared as %+v", b)
	}
	if n := c.Bidders[1].Counts.Unanswered; n != len(ids) {
		t.Errorf("the second bidder, who has not answered, has %d unanswered", n)
	}
	w.ownBook(token, p.ID)
}

// wantUntouched verifies the tender's workbooks, offline, and finds what was
// altered in them.
func (w *walk) wantUntouched() {
	t := w.t
	t.Helper()
	w.write("service.pem", do(t, http.MethodGet, w.base+"/log/verdict-key.pem", "", "", nil).body)
	keys := []string{"--log-key", "log.key", "--service-key", "service.pem"}
	ask := func(code int, file string, flags ...string) api.WorkbookVerification {
		t.Helper()
		r := must(t, code, w.dir, nil, append([]string{"workbook", "verify", file, "--format", "json"}, flags...)...)
		var v api.WorkbookVerification
		if err := json.Unmarshal([]byte(r.stdout), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, file := range []string{"tender.xlsx", "bid.xlsx"} {
		v := ask(0, file, keys...)
		if v.Verdict != workbook.Untouched || len(v.Findings) > 0 || len(v.Declarations) != 1 || v.Declarations[0].Logged != workbook.Holds || v.Declarations[0].Signed != workbook.Holds {
			t.Errorf("%s: %+v", file, v)
		}
	}
	if v := ask(0, "tender.xlsx"); v.Verdict != workbook.Consistent {
		t.Errorf("without keys: %s", v.Verdict)
	}
	if v := ask(0, "tender.xlsx", "--server", w.base); v.Verdict != workbook.Untouched || len(v.News) > 0 {
		t.Errorf("with the server's keys: %s, %+v", v.Verdict, v.News)
	}
	v := ask(0, "filled.xlsx", keys...)
	if v.Verdict != workbook.Untouched || v.Filled == 0 || len(v.Findings) == 0 || v.Findings[0].Class != workbook.ClassDeviates || v.Findings[0].Was != "Oppfylt" {
		t.Errorf("a bid with another answer than declared: %s, %+v", v.Verdict, v.Findings)
	}
	altered, err := workbooktest.Alter(w.read("tender.xlsx"), map[string]string{"Krav!D6": "Et lettere krav", "Leverandørstatus!E5": "✗ Utløpt"})
	if err != nil {
		t.Fatal(err)
	}
	w.write("altered.xlsx", altered)
	told := must(t, 1, w.dir, nil, append([]string{"--lang", "nn", "workbook", "verify", "altered.xlsx"}, keys...)...).stdout
	for _, part := range []string{"Krav!D6 (K-", "Leverandørstatus!E5", "Stod: «✓ Gyldig»", "✗ Cellene tenesta skreiv"} {
		if !strings.Contains(told, part) {
			t.Errorf("verify does not say %q:\n%s", part, told)
		}
	}
	must(t, 2, w.dir, nil, "workbook", "verify", "tender.xlsx", "--log-key", "nothing")
	must(t, 3, w.dir, nil, "workbook", "verify", "bundle.json")
	must(t, 3, w.dir, nil, "workbook", "verify", "nothing.xlsx")
}

// wantNews verifies the tender's workbook when its declaration is withdrawn.
func (w *walk) wantNews() {
	w.t.Helper()
	told := must(w.t, 0, w.dir, nil, "--lang", "en", "workbook", "verify", "tender.xlsx", "--server", w.base).stdout
	if !strings.Contains(told, "has withdrawn the attestation") {
		w.t.Errorf("verify does not say that the declaration was withdrawn:\n%s", told)
	}
}

// withdraw takes the declaration back, signed.
func (w *walk) withdraw(token, offering, digest string) {
	w.t.Helper()
	w.run(0, token, "attest", "prepare", "--withdraw", digest, "--reason", "Tjenesten legges ned.", "-o", "withdrawal.json")
	must(w.t, 0, w.dir, nil, "attest", "sign", "withdrawal.json", "--key", "supplier.key", "-o", "withdrawal.bundle.json")
	w.run(0, token, "attest", "submit", "withdrawal.bundle.json", "-o", "withdrawal.receipt.json")
	must(w.t, 0, w.dir, nil, "attest", "verify", "--bundle", "withdrawal.bundle.json", "--receipt", "withdrawal.receipt.json", "--log-key", "log.key")
	if st := w.status(offering); st.Overall != status.Withdrawn {
		w.t.Errorf("after the withdrawal the status is %s", st.Overall)
	}
	w.run(1, "", "status", offering)
	var r attestation.Receipt
	if err := json.Unmarshal(w.read("withdrawal.receipt.json"), &r); err != nil || r.Attestation != digest {
		w.t.Errorf("the withdrawal's receipt is about %q: %v", r.Attestation, err)
	}
}
