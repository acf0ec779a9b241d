package web

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/catalogue"
)

type catalogueSearchPage struct {
	Base
	Query  string
	Search Field
	Groups []hitGroup
	Count  int
}

// hitGroup is what was found of one kind, best first.
type hitGroup struct {
	Kind catalogue.HitKind
	Hits []catalogue.Hit
	// More is how many are left out.
	More int
}

// shownHits is how many of each kind are shown.
const shownHits = 30

// catalogueSearch finds tasks, information types, measures and requirements.
func (w *Web) catalogueSearch(c *gin.Context) error {
	p := catalogueSearchPage{Base: w.base(c, "catalogue"), Query: clipped(line(c.Query("q")))}
	p.Search = Field{Name: "q", Label: "page.catalogue-search.search", Hint: "page.catalogue-search.hint", Value: p.Query, Type: "search", Autocomplete: "off", Plain: true}
	hits := w.Catalogue.Content().Find(p.Query)
	p.Count = len(hits)
	for _, kind := range catalogue.HitKinds() {
		g := hitGroup{Kind: kind}
		for _, h := range hits {
			if h.Kind != kind {
				continue
			}
			if len(g.Hits) == shownHits {
				g.More++
				continue
			}
			g.Hits = append(g.Hits, h)
		}
		if len(g.Hits) > 0 {
			p.Groups = append(p.Groups, g)
		}
	}
	return w.show(c, http.StatusOK, "catalogue-search", p)
}

// clipped is a query no longer than anybody types.
func clipped(q string) string {
	const longest = 200
	if r := []rune(q); len(r) > longest {
		return string(r[:longest])
	}
	return q
}

type crosswalkPage struct {
	Base
	Frameworks []frameworkLink
	// Framework is the one that is shown.
	Framework catalogue.Framework
	Rows      []catalogue.Covered
	// Linked is how many of the rows something of ours answers.
	Linked int
	// Source tells where a row's id is from, in a framework of several sources.
	Law bool
}

type frameworkLink struct {
	Framework catalogue.Framework
	Current   bool
}

// crosswalk shows, for one other framework, which measures and requirements
// answer which id of it.
func (w *Web) crosswalk(c *gin.Context) error {
	cat := w.Catalogue.Content()
	p := crosswalkPage{Base: w.base(c, "catalogue"), Framework: catalogue.FrameworkNSM}
	known := slices.DeleteFunc(catalogue.Frameworks(), func(f catalogue.Framework) bool { return !cat.RefersTo(f) })
	if asked := catalogue.Framework(c.Query("framework")); slices.Contains(known, asked) {
		p.Framework = asked
	}
	for _, f := range known {
		p.Frameworks = append(p.Frameworks, frameworkLink{f, f == p.Framework})
	}
	p.Law = p.Framework == catalogue.FrameworkLaw
	p.Rows = cat.Crosswalk(p.Framework)
	for _, r := range p.Rows {
		if len(r.Measures)+len(r.Requirements) > 0 {
			p.Linked++
		}
	}
	return w.show(c, http.StatusOK, "crosswalk", p)
}

// Ref is a row's id as a reference to law.
func (crosswalkPage) Ref(r catalogue.Covered) catalogue.LawRef {
	return catalogue.LawRef{Source: r.Source, Section: r.ID}
}
