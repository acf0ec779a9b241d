package web

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestChapters(t *testing.T) {
	got := chapters([]string{"1.1.1", "1.1.2", "1.2.1", "1.2.2", "2.10.1", "2.10.2"})
	if want := []chapter{{"1.1", "id-1.1.1"}, {"1.2", "id-1.2.1"}, {"2.10", "id-2.10.1"}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for name, ids := range map[string][]string{"one chapter": {"A-1", "A-2", "A-3"}, "a chapter for each": {"5", "24", "25", "32"}, "nothing": nil} {
		if got := chapters(ids); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

var within = regexp.MustCompile(`href="#([^"]+)"`)

// TestIndexLeadsSomewhere: what a long page's index leads to is there once.
func TestIndexLeadsSomewhere(t *testing.T) {
	b := newSite(t, false).visit("")
	for _, path := range []string{"/catalogue/measures", "/catalogue/crosswalk", "/catalogue/crosswalk?framework=law", "/catalogue/sets/grunnsett", "/catalogue/search?q=logg"} {
		body := b.get(path).body
		links := within.FindAllStringSubmatch(body, -1)
		if len(links) < 4 {
			t.Errorf("%s: an index of %d", path, len(links))
		}
		for _, m := range links {
			if n := strings.Count(body, ` id="`+m[1]+`"`); n != 1 {
				t.Errorf("%s: %d places are called %s", path, n, m[1])
			}
		}
	}
}
