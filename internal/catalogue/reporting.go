package catalogue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// ReportService holds the rules for remarks on requirements: whoever has
// logged in can make one, editors read and answer them, and everyone may know
// how many there are.
type ReportService struct {
	Store     Store
	Catalogue Provider
	Now       func() time.Time
	// NewID makes UUIDv7 strings.
	NewID func() string
}

func (s *ReportService) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// known says whether anybody can have a remark on the requirement: it is in
// the working content or in a release.
func (s *ReportService) known(requirement string) error {
	cat := s.Catalogue.Content()
	if _, ok := cat.Requirement(requirement); ok {
		return nil
	}
	for _, v := range cat.Releases {
		if _, ok := v.Requirement(requirement); ok {
			return nil
		}
	}
	return problem.New(problem.NotFound, "requirement.not-found", problem.Args{"Requirement": problem.Clip(requirement)})
}

// Report makes a remark on a requirement.
func (s *ReportService) Report(ctx context.Context, actor access.Actor, requirement string, kind ReportKind, text string) (Report, error) {
	if _, err := access.ScopeFor(actor, access.WriteReport); err != nil {
		return Report{}, err
	}
	if err := s.known(requirement); err != nil {
		return Report{}, err
	}
	r := Report{
		ID: s.NewID(), Requirement: requirement, Kind: kind, Text: strings.TrimSpace(text),
		Org: actor.Org, ActorName: actor.Name, At: s.now(),
	}
	if err := r.Validate(); err != nil {
		return Report{}, err
	}
	if err := s.Store.InsertReport(ctx, r); err != nil {
		return Report{}, fmt.Errorf("save report: %w", err)
	}
	r.Rev = 1
	return r, nil
}

// Count says how many reports a requirement has. Anyone may ask.
func (s *ReportService) Count(ctx context.Context, requirement string) (ReportCounts, error) {
	if err := s.known(requirement); err != nil {
		return ReportCounts{}, err
	}
	c, err := s.Store.CountReports(ctx, requirement)
	if err != nil {
		return ReportCounts{}, fmt.Errorf("count reports: %w", err)
	}
	return c, nil
}

// List lists the reports on a requirement, newest first, for editors.
func (s *ReportService) List(ctx context.Context, actor access.Actor, requirement, after string, limit int) ([]Report, error) {
	if _, err := access.ScopeFor(actor, access.ReadReport); err != nil {
		return nil, err
	}
	if err := s.known(requirement); err != nil {
		return nil, err
	}
	all, err := s.Store.ReportsOn(ctx, requirement, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list reports: %w", err)
	}
	return all, nil
}

// Open lists the reports that wait for an answer, oldest first, for editors.
func (s *ReportService) Open(ctx context.Context, actor access.Actor, after string, limit int) ([]Report, error) {
	if _, err := access.ScopeFor(actor, access.ReadReport); err != nil {
		return nil, err
	}
	all, err := s.Store.OpenReports(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list open reports: %w", err)
	}
	return all, nil
}

// Resolve answers a report. The first answer stands: a second is a
// problem.Refused.
func (s *ReportService) Resolve(ctx context.Context, actor access.Actor, requirement, id, note string) (Report, error) {
	if _, err := access.ScopeFor(actor, access.EditCatalogue); err != nil {
		return Report{}, err
	}
	note = strings.TrimSpace(note)
	c := problem.Collector{Key: "report.invalid"}
	c.Check(note != "", "note", "field.required", nil)
	checkProse(&c, "note", note, maxReportText)
	if err := c.Err(); err != nil {
		return Report{}, err
	}
	if !utf8.ValidString(id) {
		return Report{}, problem.New(problem.NotFound, "report.not-found", nil)
	}
	now := s.now()
	r, err := s.Store.UpdateReport(ctx, id, func(r Report) (Report, error) {
		switch {
		case r.Requirement != requirement:
			return r, problem.ErrNotFound
		case r.Resolved != nil:
			return r, problem.New(problem.Refused, "report.resolved", nil)
		}
		r.Resolved = &ReportResolution{By: personOf(actor), At: now, Note: note}
		return r, nil
	})
	switch {
	case errors.Is(err, problem.ErrNotFound):
		return Report{}, problem.New(problem.NotFound, "report.not-found", nil)
	case problem.KindOf(err) == problem.Refused:
		return Report{}, err
	case err != nil:
		return Report{}, fmt.Errorf("resolve report: %w", err)
	}
	return r, nil
}
