package catalogue

import (
	"fmt"
	"sync"
)

// Catalogue is the whole content, checked: every id in it resolves.
type Catalogue struct {
	Tasks            []Task
	InformationTypes []InformationType
	Levels           []LevelDescription
	Sources          []Source
	Measures         []Measure
	Themes           []Theme
	Sets             []Set
	Unlinked         []Unlinked
	// Releases holds the frozen set versions, oldest first within a set.
	Releases []Version

	tasks    map[string]int
	info     map[string]int
	measures map[string]int
	sources  map[string]int
	reqs     map[string]Requirement
	themes   map[string]int
	sets     map[string]int

	// What a search compares, made when somebody first searches.
	taskWords, infoWords func() []searched
	everything           func() everything
}

// index builds the look-up tables. It is called once, by the loader.
func (c *Catalogue) index() {
	c.tasks = positions(c.Tasks, func(t Task) string { return t.ID })
	c.info = positions(c.InformationTypes, func(t InformationType) string { return t.ID })
	c.measures = positions(c.Measures, func(m Measure) string { return m.ID })
	c.sources = positions(c.Sources, func(s Source) string { return s.ID })
	c.themes = positions(c.Themes, func(t Theme) string { return t.ID })
	c.sets = positions(c.Sets, func(s Set) string { return s.ID })
	c.taskWords = sync.OnceValue(func() []searched { return tasksSearched(c.Tasks) })
	c.infoWords = sync.OnceValue(func() []searched { return informationSearched(c.InformationTypes) })
	c.everything = sync.OnceValue(func() everything { return newEverything(c) })
	c.reqs = map[string]Requirement{}
	for i := range c.Themes {
		for j := range c.Themes[i].Requirements {
			r := &c.Themes[i].Requirements[j]
			r.Theme = c.Themes[i].ID
			c.reqs[r.ID] = *r
		}
	}
}

func positions[T any](items []T, id func(T) string) map[string]int {
	m := make(map[string]int, len(items))
	for i, it := range items {
		m[id(it)] = i
	}
	return m
}

func find[T any](items []T, at map[string]int, id string) (T, bool) {
	i, ok := at[id]
	if !ok {
		var zero T
		return zero, false
	}
	return items[i], true
}

// Task looks a task up by id.
func (c *Catalogue) Task(id string) (Task, bool) { return find(c.Tasks, c.tasks, id) }

// InformationType looks an information type up by id.
func (c *Catalogue) InformationType(id string) (InformationType, bool) {
	return find(c.InformationTypes, c.info, id)
}

// Measure looks a measure up by id.
func (c *Catalogue) Measure(id string) (Measure, bool) { return find(c.Measures, c.measures, id) }

// Source looks a source up by id.
func (c *Catalogue) Source(id string) (Source, bool) { return find(c.Sources, c.sources, id) }

// Theme looks a theme up by id.
func (c *Catalogue) Theme(id string) (Theme, bool) { return find(c.Themes, c.themes, id) }

// Set looks a set up by id.
func (c *Catalogue) Set(id string) (Set, bool) { return find(c.Sets, c.sets, id) }

// Requirement looks a requirement of the working content up by id.
func (c *Catalogue) Requirement(id string) (Requirement, bool) {
	r, ok := c.reqs[id]
	return r, ok
}

// Requirements lists all requirements of the working content, theme by theme.
func (c *Catalogue) Requirements() []Requirement {
	var out []Requirement
	for _, t := range c.Themes {
		out = append(out, t.Requirements...)
	}
	return out
}

// LevelName returns the description of a level.
func (c *Catalogue) LevelName(l Level) Text {
	for _, d := range c.Levels {
		if d.Level == l {
			return d.Name
		}
	}
	return Text{NB: fmt.Sprint(int(l)), NN: fmt.Sprint(int(l)), EN: fmt.Sprint(int(l))}
}

// SetRequirements lists the ids of a set's requirements and those of the sets
// it includes, each once, in catalogue order.
func (c *Catalogue) SetRequirements(id string) []string {
	in := map[string]bool{}
	var walk func(id string, depth int)
	walk = func(id string, depth int) {
		s, ok := c.Set(id)
		if !ok || depth > len(c.Sets) {
			return
		}
		for _, inc := range s.Includes {
			walk(inc, depth+1)
		}
		for _, r := range s.Requirements {
			in[r] = true
		}
	}
	walk(id, 0)
	out := make([]string, 0, len(in))
	for _, t := range c.Themes {
		for _, r := range t.Requirements {
			if in[r.ID] {
				out = append(out, r.ID)
			}
		}
	}
	return out
}
