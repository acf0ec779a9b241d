package catalogue_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"felleskrav/internal/catalogue"
)

// TestSearchFindsWhatPeopleMean holds the search against what people type: the
// task must be among the first few.
func TestSearchFindsWhatPeopleMean(t *testing.T) {
	cat := load(t)
	for q, want := range map[string]struct {
		id    string
		place int // at the latest
	}{
		"Barnevern":                     {"fag.barnevern", 1},
		"barnvern":                      {"fag.barnevern", 1}, // a letter missing
		"barnevren":                     {"fag.barnevern", 1}, // two that changed places
		"BARNEVERNN":                    {"fag.barnevern", 1}, // one too many
		"barnevernssystem":              {"fag.barnevern", 1},
		"child welfare":                 {"fag.barnevern", 1}, // English
		"child wellfare":                {"fag.barnevern", 1},
		"fosterheim":                    {"fag.barnevern", 1}, // another word, in nynorsk
		"lonn":                          {"stotte.lonn", 1},   // no ø on the keyboard
		"loenn":                         {"stotte.lonn", 1},
		"lønnssystm":                    {"stotte.lonn", 1},
		"payroll":                       {"stotte.lonn", 1},
		"sjukeheim":                     {"fag.sykehjem", 1}, // nynorsk
		"sjukehjem":                     {"fag.sykehjem", 1}, // neither
		"sykehejm":                      {"fag.sykehjem", 1},
		"skulefritid":                   {"fag.sfo", 1}, // the beginning of a word
		"SFO":                           {"fag.sfo", 1},
		"helsetjeneste":                 {"fag.helse-og-omsorg", 6}, // inside several
		"skolehelsetjenste":             {"fag.skolehelsetjeneste", 1},
		"e-post":                        {"stotte.epost-og-samhandling", 1},
		"epost":                         {"stotte.epost-og-samhandling", 1},
		"office 365":                    {"stotte.epost-og-samhandling", 1},
		"sak og arkiv":                  {"stotte.arkiv-og-saksbehandling", 1},
		"saksbehandlingssystem":         {"stotte.arkiv-og-saksbehandling", 1},
		"system for byggesak":           {"fag.byggesak", 1}, // words that say nothing
		"byggesakk":                     {"fag.byggesak", 1},
		"vassforsyning":                 {"fag.vannforsyning", 1},
		"vann forsyning":                {"fag.vannforsyning", 3}, // parted where it should not be
		"grunskole":                     {"fag.grunnskole", 1},
		"elever":                        {"fag.grunnskole", 3},
		"kunstig intellegens":           {"stotte.ki-assistent", 1},
		"chatgpt":                       {"stotte.ki-assistent", 1},
		"pasientjournal":                {"fag.helse-og-omsorg", 5},
		"søppel":                        {"fag.renovasjon", 1},
		"soppel":                        {"fag.renovasjon", 1},
		"sikkerhetsovervåkning":         {"stotte.sikkerhetsovervaking", 1},
		"Mötesrom":                      {"stotte.moterom-og-kantine", 1}, // another keyboard
		"barnehage barnevern":           {"fag.barnehage", 3},
		"anskaffelser av noe helt nytt": {"stotte.anskaffelser", 1},
	} {
		found := cat.SearchTasks(q).Found
		at := slices.IndexFunc(found, func(f catalogue.Found) bool { return f.ID == want.id })
		if at < 0 || at >= want.place {
			t.Errorf("%q: %s is at %d, want among the first %d: %v", q, want.id, at, want.place, found[:min(6, len(found))])
		}
	}
}

func TestSearchSaysWhenItGuesses(t *testing.T) {
	cat := load(t)
	for q, want := range map[string]bool{"barnevern": false, "barnvern": true, "fosterhjem": false, "betaling": false} {
		if got := cat.SearchTasks(q); got.Guessed != want || len(got.Found) == 0 {
			t.Errorf("%q: guessed %v, want %v; found %d", q, got.Guessed, want, len(got.Found))
		}
	}
	if got := cat.SearchTasks("SFO"); got.Found[0].Also != "SFO" {
		t.Errorf("the word that was hit is %q", got.Found[0].Also)
	}
	if got := cat.SearchTasks("skole"); slices.ContainsFunc(got.Found, func(f catalogue.Found) bool { return f.ID == "fag.grunnskole" && f.Also != "" }) {
		t.Error("another word is shown though the name holds what was typed")
	}
	if got := cat.SearchTasks("barnevern"); got.Found[0].Also != "" {
		t.Errorf("a hit in the name names the other word %q", got.Found[0].Also)
	}
}

func TestSearchFindsNothingInNonsense(t *testing.T) {
	cat := load(t)
	for _, q := range []string{"", "  ", "xyzzyxyzzy", "qqqq", "…", "-", "123456", "æøåæøåæøå"} {
		if got := cat.SearchTasks(q).Found; len(got) > 0 {
			t.Errorf("%q found %v", q, got)
		}
	}
}

func TestSearchOfInformationTypes(t *testing.T) {
	cat := load(t)
	for q, want := range map[string]string{"fødselsnummer": "fodselsnummer", "fodselsnumer": "fodselsnummer", "sperra adresse": "sperret-adresse"} {
		if got := cat.SearchInformationTypes(q).Found; len(got) == 0 || got[0].ID != want {
			t.Errorf("%q found %v, want %s first", q, got, want)
		}
	}
}

// TestSearchForgivesOneSlip takes any name of any task in any language, makes
// one slip in one of its longer words, and must still find the task.
func TestSearchForgivesOneSlip(t *testing.T) {
	cat := load(t)
	rapid.Check(t, func(r *rapid.T) {
		task := rapid.SampledFrom(cat.Tasks).Draw(r, "task")
		name := []rune(rapid.SampledFrom([]string{task.Name.NB, task.Name.NN, task.Name.EN}).Draw(r, "name"))
		i := rapid.IntRange(0, len(name)-2).Draw(r, "place")
		if long := wordAround(name, i); long < 5 {
			r.Skip("in a short word")
		}
		var typed []rune
		switch rapid.IntRange(0, 3).Draw(r, "slip") {
		case 0:
			typed = slices.Delete(slices.Clone(name), i, i+1)
		case 1:
			typed = slices.Insert(slices.Clone(name), i, name[i])
		case 2:
			typed = slices.Clone(name)
			typed[i] = 'x'
		default:
			typed = slices.Clone(name)
			if name[i+1] != ' ' {
				typed[i], typed[i+1] = typed[i+1], typed[i]
			}
		}
		found := cat.SearchTasks(string(typed)).Found
		if !slices.ContainsFunc(found, func(f catalogue.Found) bool { return f.ID == task.ID }) {
			r.Fatalf("%q does not find %s (%s): %v", string(typed), task.ID, string(name), found)
		}
	})
}

// wordAround is the length of the word that holds the letter at i.
func wordAround(s []rune, i int) int {
	if s[i] == ' ' || s[i] == '-' || s[i] == ',' {
		return 0
	}
	edge := func(r rune) bool { return strings.ContainsRune(" -,", r) }
	from, to := i, i
	for from > 0 && !edge(s[from-1]) {
		from--
	}
	for to < len(s) && !edge(s[to]) {
		to++
	}
	return to - from
}

// TestSearchOfAnything: whatever is typed, the order is the same each time,
// every hit is a task, and none comes twice.
func TestSearchOfAnything(t *testing.T) {
	cat := load(t)
	rapid.Check(t, func(r *rapid.T) {
		q := rapid.String().Draw(r, "q")
		first, again := cat.SearchTasks(q), cat.SearchTasks(q)
		if !slices.Equal(first.Found, again.Found) || first.Guessed != again.Guessed {
			r.Fatalf("%q is found in another order the next time", q)
		}
		seen := map[string]bool{}
		for _, f := range first.Found {
			if _, ok := cat.Task(f.ID); !ok || seen[f.ID] {
				r.Fatalf("%q finds %q, which is no task or came before", q, f.ID)
			}
			seen[f.ID] = true
		}
	})
}

// TestSearchOfTooMuchIsQuick holds the longest search within what a page may
// take.
func TestSearchOfTooMuchIsQuick(t *testing.T) {
	cat := load(t)
	q := strings.Repeat("qwertyuiopåasdfghjklø ", 50_000)
	began := time.Now()
	cat.SearchTasks(q)
	if took := time.Since(began); took > time.Second {
		t.Errorf("%v", took)
	}
}

func TestOtherWordsForTasksAddSomething(t *testing.T) {
	for _, task := range load(t).Tasks {
		seen := map[string]bool{}
		for _, w := range task.Words {
			low := strings.ToLower(w)
			if strings.TrimSpace(w) != w || w == "" || len(w) > 60 || seen[low] {
				t.Errorf("%s: %q is empty, long, or there already", task.ID, w)
			}
			seen[low] = true
		}
	}
}
