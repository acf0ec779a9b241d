package ownbook_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"felleskrav/internal/locale"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/problem"
	"felleskrav/internal/workbook/own"
)

var skipCall = regexp.MustCompile(`p\.skip\([^\n]*requirement, "([a-z-]+)"|p\.skip\([^\n]*in\.Requirement, "([a-z-]+)"`)

func TestEverythingHasAWordInEveryLanguage(t *testing.T) {
	bundle, err := locale.Load(os.DirFS("../../templates"), "locales")
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile("../workbook/own/fill.go")
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]bool{}
	for _, m := range skipCall.FindAllStringSubmatch(string(src), -1) {
		reasons[m[1]+m[2]] = true
	}
	if len(reasons) != 9 {
		t.Fatalf("found %d reasons to leave a cell: %v", len(reasons), reasons)
	}
	for _, lang := range locale.Languages() {
		tx := bundle.In(lang)
		has := func(key string) {
			if !tx.Has(key) {
				t.Errorf("%s lacks %s", lang, key)
			}
		}
		for _, r := range own.Roles() {
			has("own-role." + string(r))
		}
		for _, m := range own.Meanings() {
			has("own-meaning." + string(m))
		}
		for _, r := range []own.ReasonKind{own.SameID, own.SameText, own.SimilarText, own.SameReference} {
			has("own-reason." + string(r))
		}
		for r := range reasons {
			has("workbook.own.skip." + r)
			got := ownbook.SkipText(tx, own.Skip{Key: "workbook.own.skip." + r, Args: problem.Args{
				"Range": "A1:B2", "Text": "x", "Answer": "x", "Words": "x", "Meaning": string(own.Minimum),
			}})
			if strings.Contains(got, "<no value>") || strings.Contains(got, "minimum") {
				t.Errorf("%s: %s", lang, got)
			}
		}
	}
}

func TestWordsForHowMuchSpeaksForAMatch(t *testing.T) {
	bundle, err := locale.Load(os.DirFS("../../templates"), "locales")
	if err != nil {
		t.Fatal(err)
	}
	nb := bundle.In("nb")
	like := []own.Reason{{Kind: own.SimilarText, Detail: "tilgang, logg"}}
	for _, tt := range []struct {
		m    own.Match
		want string
	}{
		{own.Match{Score: 1, Why: []own.Reason{{Kind: own.SameText}}}, "helt lik"}, {own.Match{Score: 1, Why: like}, "svært lik"},
		{own.Match{Score: 0.75, Why: like}, "svært lik"}, {own.Match{Score: 0.74, Why: like}, "ligner"}, {own.Match{Score: 0.3, Why: like}, "ligner litt"},
	} {
		if got := ownbook.ScoreWord(nb, tt.m); got != tt.want {
			t.Errorf("%.2f %v: %s, want %s", tt.m.Score, tt.m.Why, got, tt.want)
		}
	}
	if got := ownbook.ReasonText(nb, like[0]); got != "felles ord: tilgang, logg" {
		t.Error(got)
	}
	if got := ownbook.ReasonText(nb, own.Reason{Kind: own.SimilarText}); got != "lignende ord" {
		t.Error(got)
	}
}

// What is the same as one requirement is taken, and nothing else: not what is
// alike, not what is decided, and not where two are the same.
func TestAccept(t *testing.T) {
	same := func(r string) own.Match {
		return own.Match{Requirement: r, Score: 1, Why: []own.Reason{{Kind: own.SameID}}}
	}
	like := own.Match{Requirement: "K-C-01", Score: 1, Why: []own.Reason{{Kind: own.SimilarText}}}
	v := ownbook.TableView{
		Suggestions: map[int][]own.Match{1: {same("K-A-01"), like}, 2: {like}, 3: {same("K-A-02")}, 4: {same("K-A-03"), same("K-A-04")}, 5: nil},
		Rows:        map[int]string{3: "K-B-09"},
	}
	if got := v.Accept(); len(got) != 1 || got[1] != "K-A-01" {
		t.Errorf("takes %v", got)
	}
}
