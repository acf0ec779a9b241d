package catalogue

import (
	"context"
	"fmt"

	"felleskrav/internal/access"
)

// DraftComparison is what a draft changes in one set, or in the content as a
// whole.
type DraftComparison struct {
	// Wanted is the release the draft asks for; the zero is the content in force.
	Wanted WantedRelease
	// From is what it is held against: the newest release before, or the content
	// in force. First tells that there is none before.
	From  Version
	First bool
	To    Version
	// Changes are those of [Diff] less what is unchanged, and Unchanged how many
	// that is.
	Changes   []Change
	Unchanged int
	// Need is the step that the changes ask of the version number, and Next the
	// smallest number that takes it. Enough reports whether the wanted one does.
	Need   Step
	Next   string
	Enough bool
}

// Compare holds a draft against what is published: each release it asks for
// against the newest one before it, and the content in force when it asks for
// none. When the draft has faults there is nothing to compare, and they are
// what comes back.
func (s *DraftService) Compare(ctx context.Context, actor access.Actor, d Draft) ([]DraftComparison, Faults, error) {
	if err := mayEdit(actor); err != nil {
		return nil, nil, err
	}
	p, err := s.Store.PublishedContent(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read published content: %w", err)
	}
	cat, c, err := s.check(ctx, p, d, false)
	if err != nil || cat == nil {
		return nil, c.Faults, err
	}
	if len(d.Releases) == 0 {
		from, to := Version{Requirements: s.Live.Content().Requirements()}, Version{Requirements: cat.Requirements()}
		from.byID, to.byID = byID(from), byID(to)
		one := DraftComparison{From: from, To: to, Enough: true}
		one.count()
		return []DraftComparison{one}, c.Faults, nil
	}
	var out []DraftComparison
	for _, w := range d.Releases {
		one, err := compareRelease(cat, w)
		if err != nil {
			return nil, c.Faults, err
		}
		out = append(out, one)
	}
	return out, c.Faults, nil
}

func byID(v Version) map[string]int {
	return positions(v.Requirements, func(r Requirement) string { return r.ID })
}

func compareRelease(cat *Catalogue, w WantedRelease) (DraftComparison, error) {
	out := DraftComparison{Wanted: w, First: true}
	if _, ok := cat.Set(w.Set); !ok {
		return out, releasable(cat, w)
	}
	for _, v := range cat.Versions(w.Set) {
		if StepBetween(v.Version, w.Version) != StepNone {
			out.From, out.First = v, false
		}
	}
	to, ok := cat.Version(w.Set, w.Version)
	if !ok { // otherwise it is released, by this draft
		var err error
		if to, err = cat.Freeze(w.Set, w.Version, unpublished); err != nil {
			return out, fmt.Errorf("compare %s: %w", w.Ref(), err)
		}
	}
	out.To = to
	out.count()
	if out.First {
		out.Enough = true
		return out, nil
	}
	out.Need = StepNeeded(out.From, out.To)
	out.Next = NextVersion(out.From.Version, out.Need.Size)
	out.Enough = out.Need.Size != StepNone && StepBetween(out.From.Version, w.Version) >= out.Need.Size
	return out, nil
}

func (c *DraftComparison) count() {
	for _, change := range Diff(c.From, c.To) {
		if change.Kind == ChangeUnchanged {
			c.Unchanged++
		} else {
			c.Changes = append(c.Changes, change)
		}
	}
}

// NewVersion is the release of a set that a draft begins with: the smallest
// step from the newest one, or 1.0.0. What the draft changes may ask for a
// larger step; see [DraftComparison].
func (c *Catalogue) NewVersion(set string) (WantedRelease, bool) {
	if _, ok := c.Set(set); !ok {
		return WantedRelease{}, false
	}
	v, ok := c.Version(set, "")
	if !ok {
		return WantedRelease{Set: set, Version: "1.0.0"}, true
	}
	return WantedRelease{Set: set, Version: NextVersion(v.Version, StepPatch)}, true
}
