package procurement

import (
	"context"
	"fmt"
	"slices"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
)

// Rebinding is what it would mean for a procurement to rest on the content in
// force and the newest release of each set.
type Rebinding struct {
	// Gone tells that the content has no place any more for something that was
	// chosen, so that the procurement cannot be bound to it.
	Gone bool
	// Late tells that the deadline is over: what bidders have answered to stays.
	Late   bool
	Sets   []SetStep
	Levels []LevelStep
	// In come into the tender, Out go out of it, each in the order of its set.
	In, Out []catalogue.Requirement
	Changed []ChangedRequirement
	// Lost are what the body decided about requirements that go out.
	Lost []Choice
}

// SetStep is a set whose version becomes another. From is "" for a set that
// comes in, To for one that goes out.
type SetStep struct {
	Set      string
	Name     catalogue.Text
	From, To string
}

// LevelStep is a level that becomes another.
type LevelStep struct {
	Dimension catalogue.Dimension
	From, To  catalogue.Level
}

// ChangedRequirement is a requirement that stays, by its new text.
type ChangedRequirement struct {
	Requirement catalogue.Requirement
	Kind        catalogue.ChangeKind
}

// Nothing reports whether the procurement rests on the content in force, as far
// as can be seen in it.
func (r Rebinding) Nothing() bool {
	return !r.Gone && len(r.Sets)+len(r.Levels)+len(r.In)+len(r.Out)+len(r.Changed) == 0
}

// rebound is the procurement as the content in force has it. Decisions about
// requirements that are no longer in it are left out.
func (s *Service) rebound(p Procurement) (TenderData, error) {
	p.Basis, p.Sets = nil, nil
	var (
		out TenderData
		err error
	)
	if out.Procurement, err = s.bind(p); err != nil {
		return TenderData{}, err
	}
	if out.Versions, out.Result, err = s.selected(out.Procurement); err != nil {
		return TenderData{}, err
	}
	in := map[string]bool{}
	for _, r := range out.Result.Requirements {
		in[r.ID] = true
	}
	out.Procurement.Choices = slices.DeleteFunc(slices.Clone(p.Choices), func(c Choice) bool { return !in[c.Requirement] })
	return out, nil
}

// candidates are the requirements that a tender can hold: those left out too.
func (t TenderData) candidates() map[string]catalogue.Requirement {
	p := t.Procurement
	p.Choices = nil
	out := map[string]catalogue.Requirement{}
	for _, l := range p.Lines(t.Result, t.Versions) {
		out[l.Requirement.ID] = l.Requirement
	}
	return out
}

// Rebinding tells what [Service.Rebind] would do to a tender.
func (s *Service) Rebinding(t TenderData) (Rebinding, error) {
	next, err := s.rebound(t.Procurement)
	if problem.KindOf(err) == problem.Invalid {
		return Rebinding{Gone: true}, nil
	}
	if err != nil {
		return Rebinding{}, err
	}
	out := Rebinding{Late: t.Procurement.closed(s.now()), Sets: setSteps(t.Versions, next.Versions)}
	for _, d := range catalogue.Dimensions() {
		if from, to := t.Procurement.Basis.Actual().Of(d), next.Procurement.Basis.Actual().Of(d); from != to {
			out.Levels = append(out.Levels, LevelStep{d, from, to})
		}
	}
	before, after := t.candidates(), next.candidates()
	excluded := map[string]bool{}
	for _, c := range t.Procurement.Choices {
		excluded[c.Requirement] = c.Excluded
		if _, stays := after[c.Requirement]; !stays {
			out.Lost = append(out.Lost, c)
		}
	}
	for _, r := range inOrder(next.Versions, after) {
		old, stays := before[r.ID]
		switch {
		case !stays:
			out.In = append(out.In, r)
		case excluded[r.ID]:
		default:
			if c := catalogue.Compare(old, r); c.Kind != catalogue.ChangeUnchanged {
				out.Changed = append(out.Changed, ChangedRequirement{r, c.Kind})
			}
		}
	}
	for _, r := range inOrder(t.Versions, before) {
		if _, stays := after[r.ID]; !stays && !excluded[r.ID] {
			out.Out = append(out.Out, r)
		}
	}
	return out, nil
}

// holding leaves out of a response the answers to requirements that have become
// others since, in another version of their set. As with declarations, an answer
// to one that is merely reworded holds.
func (s *Service) holding(r Response, t TenderData) Response {
	if r.Sets == nil || slices.Equal(r.Sets, t.Procurement.Sets) {
		return r
	}
	answered := map[string]catalogue.Requirement{}
	for _, ref := range slices.Backward(r.Sets) { // where two sets have one, the first counts
		if v, ok := s.Catalogue.Content().Version(ref.ID, ref.Version); ok && v.Digest == ref.Digest {
			for _, q := range v.Requirements {
				answered[q.ID] = q
			}
		}
	}
	changed := map[string]bool{}
	for _, l := range t.Lines {
		if was, ok := answered[l.Requirement.ID]; ok && catalogue.Compare(was, l.Requirement).Kind == catalogue.ChangeSubstance {
			changed[l.Requirement.ID] = true
		}
	}
	r.Answers = slices.DeleteFunc(slices.Clone(r.Answers), func(a ResponseAnswer) bool { return changed[a.Requirement] })
	return r
}

// inOrder lists requirements in the order of the releases they are from.
func inOrder(versions []catalogue.Version, in map[string]catalogue.Requirement) []catalogue.Requirement {
	var out []catalogue.Requirement
	seen := map[string]bool{}
	for _, v := range versions {
		for _, r := range v.Requirements {
			if known, ok := in[r.ID]; ok && !seen[r.ID] {
				seen[r.ID] = true
				out = append(out, known)
			}
		}
	}
	return out
}

func setSteps(before, after []catalogue.Version) []SetStep {
	var out []SetStep
	find := func(all []catalogue.Version, set string) (catalogue.Version, bool) {
		i := slices.IndexFunc(all, func(v catalogue.Version) bool { return v.Set == set })
		if i < 0 {
			return catalogue.Version{}, false
		}
		return all[i], true
	}
	for _, v := range after {
		if old, _ := find(before, v.Set); old.Version != v.Version {
			out = append(out, SetStep{v.Set, v.Name, old.Version, v.Version})
		}
	}
	for _, v := range before {
		if _, stays := find(after, v.Set); !stays {
			out = append(out, SetStep{v.Set, v.Name, v.Version, ""})
		}
	}
	return out
}

// Rebind lets a procurement rest on the content in force and the newest release
// of each set, as [News.Rebinding] has told. What the body decided about
// requirements that stay, stays, and so do the answers of bidders to those that
// mean what they did. After the deadline it is refused, since bidders
// have answered to what stands. rev is the revision that was looked at.
func (s *Service) Rebind(ctx context.Context, actor access.Actor, id string, rev int64) (Procurement, error) {
	if _, err := s.read(ctx, actor, access.WriteProcurement, id); err != nil {
		return Procurement{}, err
	}
	saved, err := s.Store.UpdateProcurement(ctx, id, func(p Procurement) (Procurement, error) {
		if p.Rev != rev {
			return Procurement{}, problem.New(problem.Stale, "procurement.stale", nil)
		}
		if p.closed(s.now()) {
			return Procurement{}, problem.New(problem.Refused, "procurement.rebind-late", nil)
		}
		next, err := s.rebound(p)
		if err != nil {
			return Procurement{}, err
		}
		p = next.Procurement
		p.UpdatedAt, p.UpdatedBy = s.now(), actor.ID
		return p, nil
	})
	if err != nil {
		return Procurement{}, fmt.Errorf("rebind procurement: %w", err)
	}
	return saved, nil
}
