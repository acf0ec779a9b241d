package web

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/catalogue"
)

type crosswalkPage struct {
	Base
	Frameworks []frameworkLink
	// Framework is the one that is shown.
	Framework catalogue.Framework
	Rows      []catalogue.Covered
	// Linked is how many of the rows something of ours answers.
	Linked int
	// Law tells that the rows are of several laws.
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
	if p.Law {
		lang := w.texts(c).Lang
		name := func(r catalogue.Covered) string {
			s, _ := cat.Source(r.Source)
			return strings.ToLower(s.Name.In(lang))
		}
		slices.SortStableFunc(p.Rows, func(a, b catalogue.Covered) int { return cmp.Compare(name(a), name(b)) })
	}
	for _, r := range p.Rows {
		if len(r.Measures)+len(r.Requirements) > 0 {
			p.Linked++
		}
	}
	return w.show(c, http.StatusOK, "crosswalk", p)
}

// chapter leads to the first of the ids that begin alike.
type chapter struct{ Label, Anchor string }

// chapters groups ids in their order by what stands before the last dot or
// hyphen. There are none where that would lead nowhere.
func chapters(ids []string) []chapter {
	var out []chapter
	for _, id := range ids {
		label := id
		if i := strings.LastIndexAny(id, ".-"); i > 0 {
			label = id[:i]
		}
		if len(out) == 0 || out[len(out)-1].Label != label {
			out = append(out, chapter{label, "id-" + id})
		}
	}
	if len(out) < 2 || 2*len(out) > len(ids) {
		return nil
	}
	return out
}

// Chapters lead to the first row of each chapter of the framework, and to the
// first of each law.
func (p crosswalkPage) Chapters() []chapter {
	if p.Law {
		var out []chapter
		for _, r := range p.Rows {
			if len(out) == 0 || out[len(out)-1].Label != r.Source {
				out = append(out, chapter{r.Source, p.Anchor(r)})
			}
		}
		return out
	}
	ids := make([]string, len(p.Rows))
	for i, r := range p.Rows {
		ids[i] = r.ID
	}
	return chapters(ids)
}

var notInAnchors = regexp.MustCompile(`[^A-Za-z0-9-]`)

// Anchor is where a row is.
func (p crosswalkPage) Anchor(r catalogue.Covered) string {
	if p.Law {
		return "law-" + r.Source + "-" + notInAnchors.ReplaceAllString(r.ID, "_")
	}
	return "id-" + r.ID
}

// Named is a source of law in whole.
func (crosswalkPage) Named(source string) catalogue.LawRef { return catalogue.LawRef{Source: source} }

// Ref is a row's id as a reference to law.
func (crosswalkPage) Ref(r catalogue.Covered) catalogue.LawRef {
	return catalogue.LawRef{Source: r.Source, Section: r.ID}
}
