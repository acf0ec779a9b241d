package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/catalogue"
)

type catalogueSearchPage struct {
	Base
	Query  string
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
