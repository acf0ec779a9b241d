package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
	"felleskrav/internal/signing"
	"felleskrav/internal/workbook"
)

const someDigest = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9"

// oldAnswers is a filled sheet for testsett 1.0.0.
const oldAnswers = `set: testsett@1.0.0
answers:
  - requirement: K-TEST-01
    status: met
    statement: "- ja: «alt»"
    evidence: [sertifikat.txt, "sha256:` + someDigest + `"]
  - requirement: K-TEST-02
    status: partial
    statement: "Delvis.\nResten i mai."
    evidence: []
  - requirement: K-TEST-03
    status: not-met
    statement: "Vi bruker 60.\r\nset: noe annet"
    evidence: [rutine.txt]
  - requirement: K-TEST-04
    status: met
    statement: ""
    evidence: []
`

// What is expected of oldAnswers in testsett 2.0.0.
var wantCarried = []sheetAnswer{
	{
		Answer: attestation.Answer{Requirement: "K-TEST-01", Status: attestation.Met, Statement: "- ja: «alt»", Evidence: []attestation.EvidenceRef{{Digest: attestation.DigestSet{SHA256: someDigest}}}},
		Files:  []string{"sertifikat.txt"},
	},
	{Answer: attestation.Answer{Requirement: "K-TEST-02", Status: attestation.Partial, Statement: "Delvis.\nResten i mai."}},
}

var carriedCounts = []string{"Fra testsett@1.0.0 til testsett@2.0.0: 1 svar er beholdt, 1 må bekreftes, 2 krav må besvares", "1 svar er utelatt"}

// testSession is a session for reading what commands wrote.
func testSession(t *testing.T, lang string) *session {
	t.Helper()
	texts := loadTexts(t)
	return &session{&console.Session{Ctx: t.Context(), Getenv: func(string) string { return "" }, Now: time.Now, Bundle: texts, Texts: texts.In(lang)}}
}

func readSheet(t *testing.T, dir, file string) sheet {
	t.Helper()
	cat, err := catalogue.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	sh, err := testSession(t, "nb").readAnswers(file, func(ref workbook.SetRef) (catalogue.Version, bool) {
		return cat.Version(ref.ID, ref.Version)
	})
	if err != nil {
		t.Fatal(err)
	}
	return sh
}

// An older sheet gives the new one, as YAML and as a workbook, from YAML and
// from a workbook.
func TestAnswersFromSheet(t *testing.T) {
	dir, out := twoVersions(t), t.TempDir()
	old := filepath.Join(out, "old.yaml")
	writeContent(t, out, map[string]string{"old.yaml": oldAnswers})
	for _, name := range []string{"new.yaml", "new.xlsx"} {
		file := filepath.Join(out, name)
		expect(t, 0, carriedCounts, "answers", "new", "testsett@2.0.0", "--requirements", dir, "--from", old, "-o", file)
		got := readSheet(t, dir, file)
		for i := range got.Answers { // a workbook has one list of both
			if len(got.Answers[i].Files) == 0 {
				got.Answers[i].Files = nil
			}
		}
		if diff := cmp.Diff(sheet{Set: "testsett@2.0.0", Answers: wantCarried}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		again := filepath.Join(out, "again.yaml")
		expect(t, 0, []string{"2 svar er beholdt, 0 må bekreftes, 2 krav må besvares"}, "answers", "new", "testsett", "--requirements", dir, "--from", file, "-o", again)
		if diff := cmp.Diff(wantCarried, readSheet(t, dir, again).Answers); diff != "" {
			t.Errorf("again from %s (-want +got):\n%s", name, diff)
		}
	}
	data, err := os.ReadFile(filepath.Join(out, "new.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		"# BEHOLDT:", "# BEKREFT:", "# SVAR:", "# Nytt krav siden testsett@1.0.0\n",
		"# Krav før: Leverandøren skal stenge kontoer innen 90 dager.\n", "# Krav nå: Leverandøren skal stenge alle kontoer innen 90 dager.\n",
		"# Krav nå: Leverandøren skal stenge kontoer innen 30 dager.\n", "# Svaret den gangen: Ikke oppfylt. Vi bruker 60.\n", "# set: noe annet\n", "# Dokumentasjon den gangen: rutine.txt\n",
	} {
		if !strings.Contains(string(data), s) {
			t.Errorf("the sheet lacks %q:\n%s", s, data)
		}
	}
}

func TestAnswersFromRefuses(t *testing.T) {
	dir, out := twoVersions(t), t.TempDir()
	writeContent(t, out, map[string]string{
		"no-set.yaml": strings.Replace(oldAnswers, "set: testsett@1.0.0\n", "", 1), "unknown.yaml": strings.Replace(oldAnswers, "@1.0.0", "@1.5.0", 1),
		"not.json": `{"mediaType": "noe annet"}`, "a.pdf": "x",
	})
	for name, c := range map[string]struct {
		code int
		says string
	}{
		"no-set.yaml": {1, "hvilket kravsett"}, "unknown.yaml": {1, "testsett@1.5.0"}, "not.json": {1, "verken en signert erklæring eller et svarark"}, "a.pdf": {2, ".pdf"}, "missing.yaml": {3, "finnes ikke"},
	} {
		expect(t, c.code, []string{c.says}, "answers", "new", "testsett", "--requirements", dir, "--from", filepath.Join(out, name))
	}
	expect(t, 3, []string{"får ikke kontakt"}, "answers", "new", "testsett", "--from", someDigest, "--server", "http://127.0.0.1:1")
}

// A signed bundle answers the bytes it was signed for, and no others.
func TestAnswersFromBundle(t *testing.T) {
	dir, out := twoVersions(t), t.TempDir()
	cat, err := catalogue.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	v, _ := cat.Version("testsett", "1.0.0")
	key := filepath.Join(out, "k")
	expect(t, 0, nil, "key", "generate", "-o", key)
	sign := func(predicateType string, predicate any, name string) string {
		t.Helper()
		payload, err := json.Marshal(map[string]any{
			"_type": signing.StatementType, "predicateType": predicateType, "predicate": predicate,
			"subject": []attestation.Subject{{Name: "urn:felleskrav:service:x", Digest: attestation.DigestSet{SHA256: someDigest}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		writeContent(t, out, map[string]string{"statement": string(payload)})
		file := filepath.Join(out, name)
		expect(t, 0, nil, "attest", "sign", filepath.Join(out, "statement"), "--key", key, "-o", file)
		return file
	}
	d := attestation.Declaration{
		Supplier:       attestation.Party{ID: "0192:310911380", Name: "Prøve AS (oppdiktet)"},
		RequirementSet: attestation.SetRef{URI: v.URI, Version: v.Version, Digest: attestation.DigestSet{SHA256: v.Digest}},
		DeclaredAt:     "2027-01-20T10:00:00Z", ValidUntil: "2028-01-20T10:00:00Z",
		Answers: []attestation.Answer{
			{Requirement: "K-TEST-01", Status: attestation.Met, Evidence: []attestation.EvidenceRef{{Name: "a\nb.pdf", Digest: attestation.DigestSet{SHA256: someDigest}}}},
			{Requirement: "K-TEST-02", Status: attestation.Planned, Statement: "I mai."},
		},
	}
	good := sign(attestation.DeclarationType, d, "good.json")
	r := expect(t, 0, []string{"1 svar er beholdt, 1 må bekreftes, 2 krav må besvares"}, "answers", "new", "testsett", "--requirements", dir, "--from", good)
	if !strings.Contains(r.stdout, `- "sha256:`+someDigest+`" # a b.pdf`) || !strings.Contains(r.stdout, `status: "planned"`) {
		t.Errorf("the sheet is\n%s", r.stdout)
	}
	d.RequirementSet.Digest.SHA256 = someDigest
	expect(t, 1, []string{"annet innhold av testsett@1.0.0"}, "answers", "new", "testsett", "--requirements", dir, "--from", sign(attestation.DeclarationType, d, "other.json"))
	withdrawal := attestation.WithdrawalPredicate{Supplier: d.Supplier, Reason: "Feil."}
	expect(t, 1, []string{"tilbaketrekking"}, "answers", "new", "testsett", "--requirements", dir, "--from", sign(attestation.WithdrawalType, withdrawal, "withdrawal.json"))
}

// The supplier's whole way from one version to the next: declare, fetch the
// declared answers by digest, answer the rest and declare again.
func TestAnswersFromServer(t *testing.T) {
	dir := twoVersions(t)
	store := []string{"--data-dir", t.TempDir()}
	server := serve(t, append([]string{"--requirements", dir}, store...)...)
	w := &walk{t: t, dir: t.TempDir(), store: store, base: server.base}
	token := w.token(seller, "supplier")
	offering := w.register(token, seller, "Prøve AS (oppdiktet)", "supplier.key")
	declare := func(sheet, receipt string) string {
		t.Helper()
		w.run(0, token, "attest", "prepare", "--offering", offering, "--answers", sheet, "--evidence-dir", ".", "-o", "statement.json")
		must(t, 0, w.dir, nil, "attest", "sign", "statement.json", "--key", "supplier.key", "-o", "bundle.json")
		w.run(0, token, "attest", "submit", "bundle.json", "-o", receipt)
		var r attestation.Receipt
		if err := json.Unmarshal(w.read(receipt), &r); err != nil {
			t.Fatal(err)
		}
		return r.Attestation
	}
	w.write("sertifikat.txt", []byte("Oppdiktet.\n"))
	w.write("rutine.txt", []byte("Oppdiktet rutine.\n"))
	w.write("old.yaml", []byte(strings.Replace(oldAnswers, `, "sha256:`+someDigest+`"`, "", 1)))
	digest := declare("old.yaml", "receipt.json")

	r := w.run(0, token, "--lang", "nb", "answers", "new", "testsett@2.0.0", "--from", digest, "-o", "new.yaml")
	for _, s := range carriedCounts {
		if !strings.Contains(r.stderr, s) {
			t.Errorf("does not say %q: %s", s, r.stderr)
		}
	}
	empty := `status: ""` + "\n    statement: \"\""
	filled := strings.ReplaceAll(string(w.read("new.yaml")), empty, `status: "met"`+"\n    statement: \"\"")
	if strings.Count(filled, `status: "met"`) != 3 || !strings.Contains(filled, "# sertifikat.txt") {
		t.Fatalf("the sheet is\n%s", filled)
	}
	w.write("new.yaml", []byte(filled))
	second := declare("new.yaml", "receipt2.json")

	var again struct {
		SetVersion string               `json:"setVersion"`
		Answers    []attestation.Answer `json:"answers"`
	}
	want(t, http.StatusOK, http.MethodGet, w.base+"/api/v1/attestations/"+second, "", "", nil, &again)
	if again.SetVersion != "2.0.0" || len(again.Answers) != 4 || len(again.Answers[0].Evidence) != 1 {
		t.Errorf("the second declaration is %+v", again)
	}
}
