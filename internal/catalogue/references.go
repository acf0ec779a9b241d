package catalogue

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// references checks that every id that something points to exists.
func (l *loader) references() {
	var info, measures, sources, reqs, sets []string
	for _, t := range l.cat.InformationTypes {
		info = append(info, t.ID)
	}
	for _, m := range l.cat.Measures {
		measures = append(measures, m.ID)
	}
	for _, s := range l.cat.Sources {
		sources = append(sources, s.ID)
	}
	for _, r := range l.cat.Requirements() {
		reqs = append(reqs, r.ID)
	}
	for _, s := range l.cat.Sets {
		sets = append(sets, s.ID)
	}
	for _, t := range l.cat.Tasks {
		l.refer("task", t.ID, "information", info, t.InformationTypes...)
	}
	for _, t := range l.cat.InformationTypes {
		l.refer("information", t.ID, "source", sources, lawSources(t.Law)...)
	}
	for _, m := range l.cat.Measures {
		l.refer("measure", m.ID, "source", sources, lawSources(m.Law)...)
	}
	for _, r := range l.cat.Requirements() {
		l.refer("requirement", r.ID, "measure", measures, r.Measures...)
		l.refer("requirement", r.ID, "source", sources, lawSources(r.Law)...)
	}
	for _, s := range l.cat.Sets {
		l.refer("set", s.ID, "requirement", reqs, s.Requirements...)
		l.refer("set", s.ID, "set", sets, s.Includes...)
	}
	l.cycles()
}

func lawSources(refs []LawRef) []string {
	out := make([]string, len(refs))
	for i, r := range refs {
		out[i] = r.Source
	}
	return out
}

// refer notes a fault for each target that is not claimed as kind.
func (l *loader) refer(fromKind, from, kind string, known []string, targets ...string) {
	seen := map[string]bool{}
	for _, id := range targets {
		p := l.at[fromKind+" "+from]
		if p.node == nil {
			p.node = &yaml.Node{Line: 1}
		}
		if _, ok := l.at[kind+" "+id]; !ok {
			l.fault(p.file, lineOf(p.node, id), "dangling", map[string]any{"ID": from, "Value": id, "Near": strings.Join(Nearest(id, known), ", ")})
		}
		if seen[id] && kind != "source" {
			l.fault(p.file, lineOf(p.node, id), "repeated-reference", map[string]any{"ID": from, "Value": id})
		}
		seen[id] = true
	}
}

// cycles notes a set that includes itself, by whatever way.
func (l *loader) cycles() {
	for _, s := range l.cat.Sets {
		seen := map[string]bool{}
		var walk func(id string) bool
		walk = func(id string) bool {
			if seen[id] {
				return false
			}
			seen[id] = true
			set, _ := l.cat.Set(id)
			for _, inc := range set.Includes {
				if inc == s.ID || walk(inc) {
					return true
				}
			}
			return false
		}
		if walk(s.ID) {
			p := l.at["set "+s.ID]
			l.fault(p.file, p.node.Line, "set-cycle", map[string]any{"ID": s.ID})
		}
	}
}
