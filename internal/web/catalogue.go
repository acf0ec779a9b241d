package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/problem"
)

type cataloguePage struct {
	Base
	Levels []catalogue.LevelDescription
	Sets   []setSummary
	Counts struct{ Tasks, InformationTypes, Measures, Requirements int }
}

type setSummary struct {
	Set catalogue.Set
	// Newest is the newest release; Released is false when there is none.
	Newest   catalogue.Version
	Released bool
}

func (w *Web) setSummaries() []setSummary {
	var out []setSummary
	for _, s := range w.Catalogue.Content().Sets {
		v, ok := w.Catalogue.Content().Version(s.ID, "")
		out = append(out, setSummary{s, v, ok})
	}
	return out
}

func (w *Web) catalogue(c *gin.Context) error {
	p := cataloguePage{Base: w.base(c, "catalogue"), Levels: w.Catalogue.Content().Levels, Sets: w.setSummaries()}
	p.Counts.Tasks, p.Counts.InformationTypes = len(w.Catalogue.Content().Tasks), len(w.Catalogue.Content().InformationTypes)
	p.Counts.Measures, p.Counts.Requirements = len(w.Catalogue.Content().Measures), len(w.Catalogue.Content().Requirements())
	return w.show(c, http.StatusOK, "catalogue", p)
}

type tasksPage struct {
	Base
	Groups           []taskGroupList
	InformationTypes []catalogue.InformationType
}

type taskGroupList struct {
	Label string
	Tasks []catalogue.Task
}

func (w *Web) tasks(c *gin.Context) error {
	p := tasksPage{Base: w.base(c, "catalogue"), InformationTypes: w.Catalogue.Content().InformationTypes}
	for _, g := range []string{"municipality", "county", "state", "several", "support"} {
		l := taskGroupList{Label: "page.procurement-new.group-" + g}
		for _, t := range w.Catalogue.Content().Tasks {
			if taskGroup(t) == g {
				l.Tasks = append(l.Tasks, t)
			}
		}
		if len(l.Tasks) > 0 {
			p.Groups = append(p.Groups, l)
		}
	}
	return w.show(c, http.StatusOK, "tasks", p)
}

type taskPage struct {
	Base
	Task       catalogue.Task
	Dimensions []taskDimension
	// Levels are the highest of the task and its information.
	Levels catalogue.Levels
	// Measures are minimum at those levels, each with the requirements that serve
	// it and apply there.
	Measures []taskMeasure
}

// carrierMeasures are the measures that one party takes care of.
type carrierMeasures struct {
	Carrier  catalogue.Carrier
	Measures []taskMeasure
}

// Carriers are the measures by who takes care of them.
func (p taskPage) Carriers() []carrierMeasures {
	var out []carrierMeasures
	for _, by := range []catalogue.Carrier{catalogue.CarrierAgency, catalogue.CarrierShared, catalogue.CarrierSupplier} {
		g := carrierMeasures{Carrier: by}
		for _, m := range p.Measures {
			if m.Measure.Carrier == by {
				g.Measures = append(g.Measures, m)
			}
		}
		if len(g.Measures) > 0 {
			out = append(out, g)
		}
	}
	return out
}

type taskMeasure struct {
	Measure      catalogue.Measure
	Requirements []catalogue.Requirement
}

type taskDimension struct {
	Dimension catalogue.Dimension
	Graded    catalogue.Graded
}

func (w *Web) task(c *gin.Context) error {
	cat := w.Catalogue.Content()
	t, ok := cat.Task(c.Param("id"))
	if !ok {
		return problem.New(problem.NotFound, "page.error.no-item", nil)
	}
	p := taskPage{Base: w.base(c, "catalogue"), Task: t}
	for _, d := range catalogue.Dimensions() {
		p.Dimensions = append(p.Dimensions, taskDimension{d, t.Levels.Of(d)})
		level := t.Levels.Of(d).Level
		for _, id := range t.InformationTypes {
			i, _ := cat.InformationType(id)
			level = max(level, i.Levels.Of(d).Level)
		}
		p.Levels = p.Levels.With(d, level)
	}
	for _, m := range measuresByID(cat) {
		if len(m.From.Reached(p.Levels)) == 0 {
			continue
		}
		tm := taskMeasure{Measure: m}
		for _, r := range cat.Requirements() {
			if slices.Contains(r.Measures, m.ID) && len(r.From.Reached(p.Levels)) > 0 {
				tm.Requirements = append(tm.Requirements, r)
			}
		}
		p.Measures = append(p.Measures, tm)
	}
	return w.show(c, http.StatusOK, "task", p)
}

type measuresPage struct {
	Base
	Measures []catalogue.Measure
	// Level narrows the list to what is a minimum at that level; 0 is everything.
	Level catalogue.Level
}

// Levels are those to narrow the list to.
func (measuresPage) Levels() []catalogue.Level {
	return []catalogue.Level{catalogue.Low, catalogue.Moderate, catalogue.High, catalogue.Critical}
}

// Chapters lead to the first measure of each theme, which its id begins with.
func (p measuresPage) Chapters() []chapter {
	ids := make([]string, len(p.Measures))
	for i, m := range p.Measures {
		ids[i] = m.ID
	}
	return chapters(ids)
}

// measuresByID gives the measures in the order that they are looked up in.
func measuresByID(cat *catalogue.Catalogue) []catalogue.Measure {
	return slices.SortedFunc(slices.Values(cat.Measures), func(a, b catalogue.Measure) int { return cmp.Compare(a.ID, b.ID) })
}

func (w *Web) measures(c *gin.Context) error {
	p := measuresPage{Base: w.base(c, "catalogue"), Measures: measuresByID(w.Catalogue.Content())}
	if n, ok := whole(c.Query("level")); ok && catalogue.Level(n).Valid() {
		p.Level = catalogue.Level(n)
		at := catalogue.Levels{Confidentiality: p.Level, Integrity: p.Level, Availability: p.Level}
		p.Measures = slices.DeleteFunc(p.Measures, func(m catalogue.Measure) bool { return len(m.From.Reached(at)) == 0 })
	}
	return w.show(c, http.StatusOK, "measures", p)
}

type measurePage struct {
	Base
	Measure      catalogue.Measure
	From         []fromLevel
	Requirements []catalogue.Requirement
}

// fromLevel is the level from which something applies in one dimension.
type fromLevel struct {
	Dimension catalogue.Dimension
	Level     catalogue.Level
}

func fromLevels(l catalogue.Levels) []fromLevel {
	var out []fromLevel
	for _, d := range catalogue.Dimensions() {
		if l.Of(d) != 0 {
			out = append(out, fromLevel{d, l.Of(d)})
		}
	}
	return out
}

func (w *Web) measure(c *gin.Context) error {
	m, ok := w.Catalogue.Content().Measure(c.Param("id"))
	if !ok {
		return problem.New(problem.NotFound, "page.error.no-item", nil)
	}
	p := measurePage{Base: w.base(c, "catalogue"), Measure: m, From: fromLevels(m.From)}
	for _, r := range w.Catalogue.Content().Requirements() {
		if slices.Contains(r.Measures, m.ID) {
			p.Requirements = append(p.Requirements, r)
		}
	}
	return w.show(c, http.StatusOK, "measure", p)
}

type setsPage struct {
	Base
	released
	Sets []setSummary
}

func (w *Web) sets(c *gin.Context) error {
	return w.show(c, http.StatusOK, "sets", setsPage{Base: w.base(c, "catalogue"), Sets: w.setSummaries()})
}

type setVersionPage struct {
	Base
	released
	Version  catalogue.Version
	Versions []catalogue.Version
	Themes   []versionTheme
}

// released is for pages that tell of releases.
type released struct{}

// Published is the day a release came.
func (released) Published(v catalogue.Version) evidence.Date { return evidence.Date(v.Published) }

type versionTheme struct {
	ID           string
	Name         catalogue.Text
	Requirements []catalogue.Requirement
}

// versionThemes groups a release's requirements, in its order.
func versionThemes(v catalogue.Version) []versionTheme {
	var out []versionTheme
	for _, t := range v.Themes {
		vt := versionTheme{ID: t.ID, Name: t.Name}
		for _, r := range v.Requirements {
			if r.Theme == t.ID {
				vt.Requirements = append(vt.Requirements, r)
			}
		}
		if len(vt.Requirements) > 0 {
			out = append(out, vt)
		}
	}
	return out
}

func (w *Web) setVersion(c *gin.Context) error {
	v, ok := w.Catalogue.Content().Version(c.Param("id"), c.Query("version"))
	if !ok {
		return problem.New(problem.NotFound, "page.error.no-item", nil)
	}
	p := setVersionPage{Base: w.base(c, "catalogue"), Version: v, Versions: w.Catalogue.Content().Versions(v.Set), Themes: versionThemes(v)}
	return w.show(c, http.StatusOK, "set-version", p)
}

type logPage struct {
	Base
	Size            int64
	Checkpoint, Key string
	// Tile is the path of the first tile as it is now, or "" while there is none.
	Tile    string
	BaseURL string
}

func (w *Web) log(c *gin.Context) error {
	ctx := c.Request.Context()
	size, err := w.Log.Size(ctx)
	if err != nil {
		return err
	}
	checkpoint, err := w.Log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	return w.show(c, http.StatusOK, "log", logPage{w.base(c, "log"), size, string(checkpoint), w.LogKey, firstTile(size), w.BaseURL})
}

// firstTile is the path of the log's first tile (C2SP tlog-tiles): a tile that
// is not full has its width in it.
func firstTile(size int64) string {
	const full = 256
	switch {
	case size >= full:
		return "000"
	case size > 0:
		return fmt.Sprintf("000.p/%d", size)
	default:
		return ""
	}
}
