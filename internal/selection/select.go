package selection

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
)

// Select works out levels, measures and requirements as the content has them.
// Unknown ids, an override without a reason and an input that says nothing are
// one [problem.Invalid] with every fault; an unknown id is told with the nearest
// known ones.
func Select(c *catalogue.Catalogue, in Input) (Result, error) {
	b, err := Decide(c, in)
	if err != nil {
		return Result{}, err
	}
	return b.over(in.DeliveryModels, b.inForce(c)), nil
}

// Decide works out what a selection rests on; the errors are those of [Select].
func Decide(c *catalogue.Catalogue, in Input) (Basis, error) {
	in = normal(in)
	if err := check(c, in); err != nil {
		return Basis{}, err
	}
	s := selector{c: c, in: in}
	s.named()
	s.levels()
	s.flags()
	s.sets()
	s.measures()
	return s.out, nil
}

// normal sorts the input and drops repetitions, so that neither matters.
func normal(in Input) Input {
	in.Tasks = sorted(in.Tasks)
	in.InformationTypes = sorted(in.InformationTypes)
	in.DeliveryModels = sorted(in.DeliveryModels)
	in.Sets = sorted(in.Sets)
	in.Flags = sorted(in.Flags)
	in.Overrides = slices.Clone(in.Overrides)
	slices.SortStableFunc(in.Overrides, func(a, b Override) int { return cmp.Compare(a.Dimension, b.Dimension) })
	return in
}

func sorted[T cmp.Ordered](in []T) []T {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}

const (
	maxListed = 200
	maxReason = 1000
)

func check(c *catalogue.Catalogue, in Input) error {
	p := problem.Collector{Key: "selection.invalid"}
	if len(in.Tasks)+len(in.InformationTypes) == 0 {
		p.Add("tasks", "selection.nothing", nil)
	}
	unknown(&p, "tasks", in.Tasks, ids(c.Tasks, func(t catalogue.Task) string { return t.ID }))
	unknown(&p, "informationTypes", in.InformationTypes, ids(c.InformationTypes, func(t catalogue.InformationType) string { return t.ID }))
	unknown(&p, "sets", in.Sets, ids(c.Sets, func(s catalogue.Set) string { return s.ID }))
	if len(in.DeliveryModels) == 0 {
		p.Add("deliveryModels", "selection.no-model", nil)
	}
	unknown(&p, "deliveryModels", strs(in.DeliveryModels), strs(catalogue.DeliveryModels()))
	unknown(&p, "flags", strs(in.Flags), strs(catalogue.Flags()))
	for i, o := range in.Overrides {
		path := fmt.Sprintf("overrides[%d]", i)
		p.Check(slices.Contains(catalogue.Dimensions(), o.Dimension), path+".dimension", "field.unknown", problem.Args{"Value": problem.Clip(string(o.Dimension))})
		p.Check(i == 0 || in.Overrides[i-1].Dimension != o.Dimension, path+".dimension", "selection.override-repeated", nil)
		p.Check(o.Level.Valid(), path+".level", "selection.level", nil)
		p.Check(strings.TrimSpace(o.Reason) != "", path+".reason", "selection.override-reason", nil)
		p.Text(path+".reason", o.Reason, 0, maxReason)
	}
	return p.Err()
}

func strs[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

func ids[T any](items []T, id func(T) string) []string {
	out := make([]string, len(items))
	for i, it := range items {
		out[i] = id(it)
	}
	return out
}

func unknown(p *problem.Collector, path string, asked, known []string) {
	if len(asked) > maxListed {
		p.Add(path, "field.many", problem.Args{"Max": maxListed})
		return
	}
	for i, id := range asked {
		if slices.Contains(known, id) {
			continue
		}
		near := catalogue.Nearest(id, known)
		key := "selection.unknown-near"
		if len(near) == 0 {
			key = "selection.unknown"
		}
		p.Add(fmt.Sprintf("%s[%d]", path, i), key, problem.Args{"Value": problem.Clip(id), "Near": strings.Join(near, ", ")})
	}
}

type selector struct {
	c      *catalogue.Catalogue
	in     Input
	actual catalogue.Levels
	out    Basis
}

// named keeps what the tasks and the information were called.
func (s *selector) named() {
	via := map[string]string{}
	for _, id := range s.in.Tasks {
		t, _ := s.c.Task(id)
		s.out.Tasks = append(s.out.Tasks, Named{ID: t.ID, Name: t.Name})
		for _, i := range t.InformationTypes {
			if via[i] == "" {
				via[i] = id
			}
		}
	}
	for _, i := range s.c.InformationTypes {
		chosen := slices.Contains(s.in.InformationTypes, i.ID)
		if chosen || via[i.ID] != "" {
			n := Named{ID: i.ID, Name: i.Name}
			if !chosen {
				n.Via = via[i.ID]
			}
			s.out.Information = append(s.out.Information, n)
		}
	}
}

// levels takes, per dimension, the maximum over tasks and information types.
func (s *selector) levels() {
	type source struct {
		origin Origin
		graded catalogue.GradedLevels
	}
	var all []source
	seen := map[string]bool{}
	info := func(id, via string) {
		if t, ok := s.c.InformationType(id); ok && !seen[id] {
			seen[id] = true
			all = append(all, source{Origin{Kind: "information", ID: t.ID, Name: t.Name, Via: via}, t.Levels})
		}
	}
	for _, id := range s.in.InformationTypes {
		info(id, "")
	}
	for _, id := range s.in.Tasks {
		t, _ := s.c.Task(id)
		all = append(all, source{Origin{Kind: "task", ID: t.ID, Name: t.Name}, t.Levels})
		for _, i := range t.InformationTypes {
			info(i, t.ID)
		}
	}
	for _, d := range catalogue.Dimensions() {
		dl := DimensionLevel{Dimension: d}
		for _, src := range all {
			dl.Proposed = max(dl.Proposed, src.graded.Of(d).Level)
		}
		for _, src := range all {
			if g := src.graded.Of(d); g.Level == dl.Proposed {
				o := src.origin
				o.Level, o.Reason = g.Level, g.Reason
				dl.Origins = append(dl.Origins, o)
			}
		}
		slices.SortStableFunc(dl.Origins, func(a, b Origin) int {
			return cmp.Or(-cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) // tasks first
		})
		dl.Level = dl.Proposed
		for _, o := range s.in.Overrides {
			if o.Dimension == d {
				dl.Level, dl.Override = o.Level, &o
			}
		}
		s.actual = s.actual.With(d, dl.Level)
		s.out.Levels = append(s.out.Levels, dl)
	}
}

// flags are those the body raises, and those that follow: from information
// types, and from a critical level of integrity or availability, at which
// society depends on the service.
func (s *selector) flags() {
	by := map[catalogue.Flag][]string{}
	for _, f := range s.in.Flags {
		by[f] = []string{}
	}
	for _, id := range s.information() {
		t, _ := s.c.InformationType(id)
		if t.PersonalData != catalogue.PersonalNone {
			by[catalogue.FlagPersonalData] = append(by[catalogue.FlagPersonalData], id)
		}
		if t.Records {
			by[catalogue.FlagRecords] = append(by[catalogue.FlagRecords], id)
		}
	}
	for _, d := range []catalogue.Dimension{catalogue.Integrity, catalogue.Availability} {
		if s.actual.Of(d) == catalogue.Critical {
			by[catalogue.FlagEssentialService] = append(by[catalogue.FlagEssentialService], string(d))
		}
	}
	s.out.Flags = []RaisedFlag{}
	for _, f := range catalogue.Flags() {
		if reasons, raised := by[f]; raised {
			s.out.Flags = append(s.out.Flags, RaisedFlag{Flag: f, By: reasons})
		}
	}
}

// information lists the information types chosen, by themselves or by way of a
// task, in order.
func (s *selector) information() []string {
	all := slices.Clone(s.in.InformationTypes)
	for _, id := range s.in.Tasks {
		t, _ := s.c.Task(id)
		all = append(all, t.InformationTypes...)
	}
	return sorted(all)
}

func (s *selector) applies(set catalogue.Set) bool {
	model := slices.ContainsFunc(set.DeliveryModels, func(m catalogue.DeliveryModel) bool { return slices.Contains(s.in.DeliveryModels, m) })
	return model && (len(set.When) == 0 || slices.ContainsFunc(s.out.Flags, func(f RaisedFlag) bool { return slices.Contains(set.When, f.Flag) }))
}

// sets are those named, or else those made for one of the delivery models
// whose flags are raised. A set that another of them includes is left out
// then: who answers the larger one has answered it.
func (s *selector) sets() {
	if len(s.in.Sets) > 0 {
		for _, set := range s.c.Sets {
			if slices.Contains(s.in.Sets, set.ID) {
				s.out.Sets = append(s.out.Sets, set.ID)
			}
		}
		return
	}
	var fits []catalogue.Set
	for _, set := range s.c.Sets {
		if s.applies(set) {
			fits = append(fits, set)
		}
	}
	for _, set := range fits {
		included := slices.ContainsFunc(fits, func(other catalogue.Set) bool { return s.includes(other, set.ID) })
		if !included {
			s.out.Sets = append(s.out.Sets, set.ID)
		}
	}
}

// includes reports whether set has id among its included sets, by whatever
// way. The catalogue holds no rings.
func (s *selector) includes(set catalogue.Set, id string) bool {
	return slices.ContainsFunc(set.Includes, func(inc string) bool {
		if inc == id {
			return true
		}
		next, ok := s.c.Set(inc)
		return ok && s.includes(next, id)
	})
}

func (s *selector) measures() {
	for _, m := range s.c.Measures {
		if len(m.From.Reached(s.actual)) > 0 {
			s.out.Measures = append(s.out.Measures, BasicMeasure{ID: m.ID, Title: m.Title, Carrier: m.Carrier, From: m.From, Law: m.Law})
		}
	}
}
