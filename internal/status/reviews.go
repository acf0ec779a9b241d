package status

import (
	"cmp"
	"slices"
	"time"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/review"
)

// ReviewStatus is a review in force, as those see it who may.
type ReviewStatus struct {
	Digest       string              `json:"digest"`
	Reviewer     organisation.Number `json:"reviewer"`
	ReviewerName string              `json:"reviewerName"`
	Outcome      review.Outcome      `json:"outcome"`
	Reason       string              `json:"reason"`
	Conditions   string              `json:"conditions,omitempty"`
	ReviewedAt   time.Time           `json:"reviewedAt"`
	ValidUntil   time.Time           `json:"validUntil"`
	LoggedAt     time.Time           `json:"loggedAt"`
	LogIndex     int64               `json:"logIndex"`
	Shared       review.Sharing      `json:"shared"`
	// Attestation is the declaration that was reviewed. It is an earlier one
	// when the answer was the same there.
	Attestation string `json:"attestation"`
}

// review raises the assurance of answers that a public body has reviewed and
// accepted, and lists the reviews when they may be seen.
//
// A review counts for the answer it was made of, and for the same answer in
// another declaration of the offering: the requirement is the same or merely
// reworded, and so are the answer, the words and the evidence
// ([review.Record.Covers]). Of one body's reviews that cover an answer the
// newest is its word, whichever declaration it was made of.
func (s *Status) review(f Facts, now time.Time) {
	if len(f.Reviews) == 0 {
		return
	}
	byRequirement := map[string][]review.Logged{}
	carries := map[string]map[string]bool{}
	for _, r := range f.Reviews {
		if r.Set != f.Version.Set || r.Offering != f.Offering.ID || !f.stillAsks(r, carries) {
			continue
		}
		byRequirement[r.Requirement] = append(byRequirement[r.Requirement], r)
	}
	for i := range s.Requirements {
		rs := &s.Requirements[i]
		if rs.Answer == "" || len(byRequirement[rs.Requirement]) == 0 {
			continue
		}
		s.reviewAnswer(rs, byRequirement[rs.Requirement], f.ReviewsOpen, now)
	}
}

// stillAsks reports whether the version asked about asks of the requirement
// what the reviewed version did.
func (f Facts) stillAsks(r review.Logged, carries map[string]map[string]bool) bool {
	if r.SetVersion == f.Version.Version {
		return true
	}
	if _, ok := carries[r.SetVersion]; !ok {
		carries[r.SetVersion] = catalogue.CarriesOver(f.Others[r.SetVersion], f.Version)
	}
	return carries[r.SetVersion][r.Requirement]
}

// reviewAnswer weighs the reviews of one requirement against its answer.
func (s *Status) reviewAnswer(rs *RequirementStatus, all []review.Logged, open bool, now time.Time) {
	series := map[organisation.Number][]review.Logged{}
	for _, r := range all {
		if r.Covers(rs.answer()) {
			series[r.Reviewer] = append(series[r.Reviewer], r)
		}
	}
	var active []review.Logged
	for _, mine := range series {
		known, standings := review.Stand(mine, now)
		for i, x := range standings {
			if x.State == review.Active {
				active = append(active, known[i])
			}
		}
	}
	slices.SortFunc(active, func(a, b review.Logged) int { return cmp.Compare(b.LogIndex, a.LogIndex) })
	var until time.Time // the step lasts as long as the last that gives it
	for _, r := range active {
		if r.Outcome.Accepts() {
			rs.Assurance = Reviewed
			if r.ValidUntil.After(until) {
				until = r.ValidUntil
			}
		}
		if open {
			rs.Reviews = append(rs.Reviews, reviewStatus(r))
			s.changes(r.ValidUntil)
		}
	}
	if rs.Assurance == Reviewed {
		s.Counts.Reviewed++
		s.changes(until)
	}
}

// changes notes a moment at which time alone changes the status.
func (s *Status) changes(at time.Time) {
	if s.ChangesAt == nil || at.Before(*s.ChangesAt) {
		s.ChangesAt = &at
	}
}

func reviewStatus(r review.Logged) ReviewStatus {
	return ReviewStatus{
		Digest: r.Digest, Reviewer: r.Reviewer, ReviewerName: r.ReviewerName, Outcome: r.Outcome, Reason: r.Reason, Conditions: r.Conditions,
		ReviewedAt: r.ReviewedAt, ValidUntil: r.ValidUntil, LoggedAt: r.LoggedAt, LogIndex: r.LogIndex, Shared: r.Shared, Attestation: r.Attestation,
	}
}
