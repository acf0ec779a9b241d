package catalogue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// Checked is what is wrong with a draft, or could be better, once it stands on
// the content in force.
type Checked struct {
	// Faults keep the content from being used at all.
	Faults Faults
	// Findings are those of lint. They are there only when there are no faults.
	Findings []Finding
	// Outdated are the files of the draft that have become others in force since
	// the draft took them, sorted.
	Outdated []string
}

// Fine reports whether nothing stands in the way of a review.
func (c Checked) Fine() bool {
	return len(c.Faults) == 0 && len(c.Findings) == 0 && len(c.Outdated) == 0
}

// Check holds the content in force, with the draft on top of it, against
// everything that content must keep.
func (s *DraftService) Check(ctx context.Context, actor access.Actor, id string) (Checked, error) {
	d, err := s.Get(ctx, actor, id)
	if err != nil {
		return Checked{}, err
	}
	p, err := s.Store.PublishedContent(ctx)
	if err != nil {
		return Checked{}, fmt.Errorf("read published content: %w", err)
	}
	_, c, err := s.check(ctx, p, d, true)
	return c, err
}

// check gives the content as it would be, too, if it can be read. Lint is by
// far the most of the work, and is left out where nothing can have changed.
func (s *DraftService) check(ctx context.Context, p PublishedContent, d Draft, lint bool) (*Catalogue, Checked, error) {
	var c Checked
	for _, path := range d.Paths() {
		if s.Live.digest(p, path) != d.Files[path].Base && !p.Holds(d.ID) {
			c.Outdated = append(c.Outdated, path)
		}
	}
	files, err := s.Live.proposed(ctx, p, d)
	if err != nil {
		return nil, c, err
	}
	cat, err := Load(files)
	if faults, ok := errors.AsType[Faults](err); ok {
		c.Faults = faults
		return nil, c, nil
	}
	if err != nil {
		return nil, c, fmt.Errorf("check draft: %w", err)
	}
	if c.Faults = keepsMeaning(cat, files).sorted(); len(c.Faults) > 0 || !lint {
		return cat, c, nil
	}
	if c.Findings, err = Lint(files); err != nil {
		return nil, c, fmt.Errorf("check draft: %w", err)
	}
	return cat, c, nil
}

// refuse says why content that is not fine can go no further.
func (c Checked) refuse() error {
	if c.Fine() {
		return nil
	}
	if len(c.Outdated) > 0 {
		return problem.New(problem.Refused, "draft.outdated", problem.Args{"Paths": strings.Join(c.Outdated, ", ")})
	}
	p := problem.New(problem.Refused, "draft.faults", problem.Args{"Count": len(c.Faults) + len(c.Findings)})
	for _, f := range c.Faults {
		p.Fields = append(p.Fields, f.Field())
	}
	for _, f := range c.Findings {
		p.Fields = append(p.Fields, f.Suggestion())
	}
	if len(p.Fields) > maxFields {
		p.Fields = p.Fields[:maxFields]
	}
	return p
}

// Suggestion is a finding of lint as part of a problem.
func (f Finding) Suggestion() problem.Field {
	return problem.Field{Path: fmt.Sprintf("%s:%d", f.File, f.Line), Key: "catalogue.lint." + f.Key, Args: f.Args}
}

// SubmitForReview hands a draft over to another editor. It must hold at least
// one file or wanted release, and have neither faults nor findings.
func (s *DraftService) SubmitForReview(ctx context.Context, actor access.Actor, id string, rev int64) (Draft, error) {
	d, err := s.Get(ctx, actor, id)
	if err != nil {
		return Draft{}, err
	}
	if rev == 0 {
		rev = d.Rev // what is checked is what is handed over
	}
	if d.Rev != rev {
		return Draft{}, problem.New(problem.Stale, "request.if-match", nil)
	}
	if err := d.editable(); err != nil {
		return Draft{}, err
	}
	if len(d.Files) == 0 && len(d.Releases) == 0 {
		return Draft{}, problem.New(problem.Refused, "draft.nothing", nil)
	}
	p, err := s.Store.PublishedContent(ctx)
	if err != nil {
		return Draft{}, fmt.Errorf("read published content: %w", err)
	}
	// What is quickly seen comes before lint.
	cat, c, err := s.check(ctx, p, d, false)
	if err != nil {
		return Draft{}, err
	}
	if err := c.refuse(); err != nil {
		return Draft{}, err
	}
	for _, w := range d.Releases {
		if err := releasable(cat, w); err != nil {
			return Draft{}, err
		}
	}
	if _, c, err = s.check(ctx, p, d, true); err != nil {
		return Draft{}, err
	}
	if err := c.refuse(); err != nil {
		return Draft{}, err
	}
	return s.update(ctx, id, rev, func(d *Draft) error {
		if err := d.editable(); err != nil {
			return err
		}
		d.State, d.LintedOn = DraftInReview, len(p.Drafts)
		return nil
	})
}

// releasable checks that a wanted release is new and its number large enough
// for what changed since the release before it.
func releasable(cat *Catalogue, w WantedRelease) error {
	if _, ok := cat.Set(w.Set); !ok {
		var known []string
		for _, s := range cat.Sets {
			known = append(known, s.ID)
		}
		return problem.New(problem.Refused, "draft.no-set", problem.Args{"Set": problem.Clip(w.Set), "Known": strings.Join(known, ", ")})
	}
	newest, ok := cat.Version(w.Set, "")
	if !ok {
		return nil // the first may have any number
	}
	took := StepBetween(newest.Version, w.Version)
	if took == StepNone {
		return problem.New(problem.Refused, "draft.version-old", problem.Args{"Ref": w.Ref(), "Newest": newest.Ref()})
	}
	next, err := cat.Freeze(w.Set, w.Version, unpublished)
	if err != nil {
		return fmt.Errorf("freeze %s: %w", w.Ref(), err)
	}
	need := StepNeeded(newest, next)
	switch {
	case need.Size == StepNone:
		return problem.New(problem.Refused, "draft.release-same", problem.Args{"Ref": w.Ref(), "Newest": newest.Ref()})
	case took < need.Size:
		return StepTooSmall(newest, w, need)
	}
	return nil
}

// StepTooSmall is the problem of a version number that moves less than what
// changed asks for. It names the requirement that forces the larger step, and
// the number to use.
func StepTooSmall(newest Version, w WantedRelease, need Step) *problem.Error {
	p := problem.New(problem.Refused, "draft.step", problem.Args{
		"Ref": w.Ref(), "Newest": newest.Ref(), "Requirement": need.Requirement,
		"Change": string(need.Change), "Step": need.Size.String(), "Version": NextVersion(newest.Version, need.Size),
	})
	return p
}

// Decide approves a draft under review, or returns it to those who write it.
// Nobody who has written any of it can approve it. To return needs a comment
// that says why; those who wrote it may take it back that way, and an approved
// draft can be returned as long as it is not published.
func (s *DraftService) Decide(ctx context.Context, actor access.Actor, id string, rev int64, decision Decision, comment string) (Draft, error) {
	if _, err := access.ScopeFor(actor, access.DecideCatalogue); err != nil {
		return Draft{}, err
	}
	comment = strings.TrimSpace(comment)
	c := problem.Collector{Key: "draft.decision"}
	known := []Decision{DecisionApprove, DecisionReturn}
	c.Check(slices.Contains(known, decision), "decision", "field.choice", problem.Args{"Known": strings.Join(strs(known), ", ")})
	c.Check(comment != "" || decision != DecisionReturn, "comment", "field.required", nil)
	checkProse(&c, "comment", comment, maxDraftComment)
	if err := c.Err(); err != nil {
		return Draft{}, err
	}
	p, err := s.Store.PublishedContent(ctx)
	if err != nil {
		return Draft{}, fmt.Errorf("read published content: %w", err)
	}
	if p.Pending == id {
		return Draft{}, problem.New(problem.Refused, "draft.publishing", nil)
	}
	return s.update(ctx, id, rev, func(d *Draft) error {
		own := d.Author.ID == actor.ID || slices.Contains(d.Editors, actor.ID)
		switch {
		case d.State != DraftInReview && (d.State != DraftApproved || decision != DecisionReturn):
			return wrongState(*d)
		case decision == DecisionApprove && own:
			return problem.New(problem.Forbidden, "draft.own", nil)
		case decision == DecisionApprove:
			d.State = DraftApproved
		default:
			d.State = DraftReturned
		}
		d.Reviews = append(d.Reviews, DraftReview{By: personOf(actor), Decision: decision, Comment: comment, At: d.UpdatedAt})
		return nil
	})
}
