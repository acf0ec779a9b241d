package main

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

func TestDemoNumbersAreInvented(t *testing.T) {
	var numbers []organisation.Number
	for _, s := range demoMarket {
		numbers = append(numbers, s.number)
		if !strings.Contains(s.name, "(oppdiktet)") || !strings.Contains(s.description, "Oppdiktet") {
			t.Errorf("%s is not marked as invented", s.name)
		}
	}
	numbers = append(numbers, secondReaderNumber)
	if !strings.Contains(secondReaderName, "(oppdiktet)") {
		t.Error("the second reader is not marked as invented")
	}
	for role, o := range demoOrgs {
		numbers = append(numbers, o.number)
		if !strings.Contains(o.name, "(oppdiktet)") {
			t.Errorf("%s is not marked as invented", o.name)
		}
		if !slices.Contains(access.Roles(), role) {
			t.Errorf("there is no role %s", role)
		}
	}
	for _, n := range numbers {
		if parsed, err := organisation.ParseNumber(string(n)); err != nil || parsed != n || n[0] != '3' {
			t.Errorf("%s: %v", n, err)
		}
	}
}

// demoLog does what the page about the log says anybody can do: every command
// on it runs as it stands, and succeeds.
func demoLog(w *walk) {
	w.t.Helper()
	page := string(want(w.t, 200, "GET", w.base+"/log", "", "", nil, nil).body)
	_, checks, ok := strings.Cut(page, `id="verify"`)
	if !ok {
		w.t.Fatal("the page about the log says nothing of checking it")
	}
	checks, _, _ = strings.Cut(checks, "</section>")
	w.write("bundle.json", w.read("b.json"))
	w.write("receipt.json", w.read("r.json"))
	commands, files := 0, 0
	for _, m := range regexp.MustCompile(`(?s)<code>(.*?)</code>`).FindAllStringSubmatch(checks, -1) {
		for line := range strings.Lines(strings.ReplaceAll(html.UnescapeString(m[1]), "\\\n", "")) {
			words := strings.Fields(line)
			switch words[0] {
			case "felleskrav":
				must(w.t, 0, w.dir, nil, words[1:]...)
				commands++
			case "felleskrav-verify": // takes what attest verify takes
				must(w.t, 0, w.dir, nil, append([]string{"attest", "verify"}, words[1:]...)...)
				commands++
			case "curl":
				want(w.t, 200, "GET", words[1], "", "", nil, nil)
				files++
			default:
				w.t.Errorf("the page says %q", line)
			}
		}
	}
	if commands != 4 || files != 3 {
		w.t.Errorf("the page has %d commands and %d addresses", commands, files)
	}
}

// TestDemo walks the demonstration as a script does, with nothing but
// demo.json, and starts it again on the same store.
func TestDemo(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		begin := time.Now()
		server := serve(t, append([]string{"--demo", "--quiet"}, store...)...)
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("the demonstration took %s to start", took)
		} else {
			t.Logf("ready after %s", took.Round(time.Millisecond))
		}
		dir := store[slices.Index(store, "--data-dir")+1]
		first := readDemo(t, dir)
		if first.BaseURL != server.base || first.Set != setRef || first.Supplier.Number != demoSupplier {
			t.Errorf("demo.json says %+v", first)
		}
		demoStates(t, server.base)
		demoTokens(t, first)
		demoReview(t, first)

		// From missing to valid, as a script walks it.
		w := &walk{t: t, dir: t.TempDir(), store: store, base: first.BaseURL}
		if st := w.status(first.Supplier.Offering); st.Overall != status.Missing {
			t.Errorf("the visitor's offering begins as %s", st.Overall)
		}
		w.answer("answers.xlsx", "e.txt")
		w.write("e.txt", []byte("Oppdiktet\n"))
		token := first.Tokens["supplier"]
		w.run(0, token, "attest", "prepare", "--offering", first.Supplier.Offering, "--set", first.Set, "--answers", "answers.xlsx", "--evidence-dir", ".", "-o", "st.json")
		must(t, 0, w.dir, nil, "attest", "sign", "st.json", "--key", first.Supplier.KeyFile, "-o", "b.json")
		w.run(0, token, "attest", "submit", "b.json", "-o", "r.json")
		if st := w.status(first.Supplier.Offering); st.Overall != status.Valid {
			t.Errorf("after the walk the offering is %s", st.Overall)
		}
		demoCheck(w, first.Tokens["adviser"])
		demoLog(w)
		server.stop()

		again := serve(t, append([]string{"--demo", "--quiet"}, store...)...)
		second := readDemo(t, dir)
		first.BaseURL = again.base
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("after a restart demo.json differs:\n%s", diff)
		}
		demoTokens(t, second)
		demoReview(t, second)
		demoStates(t, again.base)
	})
}

func readDemo(t *testing.T, dir string) demoFile {
	t.Helper()
	file := filepath.Join(dir, "demo.json")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f demoFile
	if err := strictYAML(data, &f); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(slices.Sorted(mapKeys(f.Tokens)), []string{"adviser", "editor", "procurement", "supplier"}) {
		t.Errorf("demo.json has the tokens %v", f.Tokens)
	}
	for _, secret := range []string{file, f.Supplier.KeyFile} {
		info, err := os.Stat(secret)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s can be read by others: %s", secret, info.Mode())
		}
	}
	return f
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// demoStates wants the market to show every state it is there to show, once.
func demoStates(t *testing.T, base string) {
	t.Helper()
	want := map[string]status.Overall{
		"nordlys": status.Valid, "granitt": status.Expired, "fjordsky": status.Valid, "bolge": status.SupersededSet, "vidde": status.Expiring,
		"skarv": status.Incomplete, "lyng": status.ScopeMismatch, "myr": status.Withdrawn,
	}
	for key, overall := range want {
		p := partyOf(key)
		var list struct {
			Items []status.Status `json:"items"`
		}
		a := do(t, http.MethodGet, base+"/api/v1/suppliers/"+string(p.number)+"/status", "", "", nil)
		if err := json.Unmarshal(a.body, &list); err != nil || len(list.Items) != 1 {
			t.Errorf("%s has %d statuses: %s", p.name, len(list.Items), a.body)
			continue
		}
		st := list.Items[0]
		if st.Overall != overall {
			t.Errorf("%s is %s, want %s", p.name, st.Overall, overall)
		}
		if key == "bolge" && (st.Weakest == nil || st.Weakest.Number != partyOf("granitt").number) {
			t.Errorf("the weakest link of %s is %+v", p.name, st.Weakest)
		}
		if key == "fjordsky" && len(st.History) != 2 {
			t.Errorf("%s has declared %d times", p.name, len(st.History))
		}
		if st.Declaration != nil && !st.Declaration.LoggedAt.Before(time.Now().AddDate(0, 0, -1)) {
			t.Errorf("%s is logged at %s: its past was not believed", p.name, st.Declaration.LoggedAt)
		}
	}
}

// demoTokens wants each token to be who it says.
func demoTokens(t *testing.T, f demoFile) {
	t.Helper()
	var list struct {
		Items []procurement.Procurement `json:"items"`
	}
	want(t, http.StatusOK, http.MethodGet, f.BaseURL+"/api/v1/procurements", f.Tokens["procurement"], "", nil, &list)
	if len(list.Items) != 1 || len(list.Items[0].Bidders) != 3 {
		t.Fatalf("the agency has the procurements %+v", list.Items)
	}
	var c struct {
		Bidders []struct {
			ReceivedAt *time.Time `json:"receivedAt"`
		} `json:"bidders"`
	}
	want(t, http.StatusOK, http.MethodGet, f.BaseURL+"/api/v1/procurements/"+list.Items[0].ID+"/comparison", f.Tokens["adviser"], "", nil, &c)
	if len(c.Bidders) != 3 || c.Bidders[0].ReceivedAt == nil || c.Bidders[1].ReceivedAt != nil {
		t.Errorf("the comparison has the bidders %+v", c.Bidders)
	}
	want(t, http.StatusForbidden, http.MethodGet, f.BaseURL+"/api/v1/procurements", f.Tokens["supplier"], "", nil, nil)
	check := map[string]any{"suppliers": []string{string(demoSupplier)}}
	want(t, http.StatusOK, http.MethodPost, f.BaseURL+"/api/v1/status/check", f.Tokens["editor"], "", check, nil)
	path := f.BaseURL + "/api/v1/offerings/" + f.Supplier.Offering + "/status?set=" + url.QueryEscape(f.Set)
	want(t, http.StatusOK, http.MethodGet, path, f.Tokens["supplier"], "", nil, nil)
}

// demoCheck looks many suppliers up at once.
func demoCheck(w *walk, token string) {
	t := w.t
	t.Helper()
	w.write("list.csv", []byte("Avtale;Org.nr\nA;310945498\nB;310 934 127\nC;123456789\nD;\nE;310945498\nF;311070568\n"))
	r := w.run(1, token, "check", "list.csv", "--set", setRef, "-o", "out.csv")
	out := strings.TrimSpace(strings.TrimPrefix(string(w.read("out.csv")), "\ufeff"))
	lines := strings.Split(out, "\r\n")
	want := []string{
		"Avtale;Org.nr;Status;Leveranse;Kravsett;Gyldig til;Grunnlag;Svakeste underleverandør;Statusside;Merknad",
		"A;310945498;Gyldig;Fjordsky Sak og arkiv;", "B;310 934 127;Utløpt;Granitt Serverdrift;",
		"C;123456789;Må kontrolleres;;;;;;;Kontrollsifferet stemmer ikke.", "D;;Må kontrolleres;", "E;310945498;Gyldig;", "F;311070568;Ikke registrert;",
	}
	if len(lines) != len(want) {
		t.Fatalf("the table has %d lines:\n%s", len(lines), out)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("line %d is %q, want %q…", i+1, lines[i], want[i])
		}
	}
	if !strings.Contains(r.stderr, "2 av 6 rader") || !strings.Contains(r.stderr, "2 rader må kontrolleres") {
		t.Errorf("the summary is %q", r.stderr)
	}
	// As a table for people or programs the same list is read in the same way.
	if r := w.run(1, token, "check", "list.csv", "--set", setRef); !strings.Contains(r.stdout, "310 945 498") || !strings.Contains(r.stderr, "2 av 5 rader") {
		t.Errorf("the table is\n%s%s", r.stdout, r.stderr)
	}
	w.run(2, token, "check", "list.csv", "-o", "out.xlsx") // it comes back as what it was
	w.write("two.csv", []byte("Orgnr;Org.nr 2\n310945498;310922757\n"))
	if r := w.run(1, token, "check", "two.csv", "-o", "out.csv"); !strings.Contains(r.stderr, "B (Org.nr 2)") {
		t.Errorf("two columns fit: %s", r.stderr)
	}
	w.run(0, token, "check", "two.csv", "--column", "B", "-o", "out.csv", "--set", setRef)
	w.write("good.txt", []byte("310945498\n310922757\n"))
	if r := w.run(0, token, "check", "good.txt", "--set", setRef); !strings.Contains(r.stdout, "310 922 757") {
		t.Errorf("the table is\n%s", r.stdout)
	}
	w.run(3, "", "check", "good.txt")      // nobody in particular may not
	w.run(3, "fkt_x", "check", "good.txt") // nor with a token that is none
}
