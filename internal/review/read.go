package review

import (
	"context"
	"errors"
	"slices"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
)

// maxList is the longest page of a list.
const maxList = 200

// Entry is a review as it is shown: with its place in the log and its standing
// now. It has no bundle.
type Entry struct {
	Record
	LogIndex int64     `json:"logIndex"`
	LoggedAt time.Time `json:"loggedAt"`
	Standing Standing  `json:"standing"`
}

func missing() error { return problem.New(problem.NotFound, "review.not-found", nil) }

// seen reads a review that the actor may see, with its bundle. What the actor
// may not see and what is not there look the same.
func (s *Service) seen(ctx context.Context, actor access.Actor, digest string) (Record, error) {
	if _, err := access.ScopeFor(actor, access.ReadReview); err != nil {
		return Record{}, err
	}
	if !evidence.ValidDigest(digest) {
		return Record{}, missing()
	}
	r, err := s.Store.Review(ctx, digest)
	if errors.Is(err, problem.ErrNotFound) || err == nil && !ViewOf(actor).Sees(r) {
		return Record{}, missing()
	}
	return r, wrap("read review", err)
}

// Get reads a review. One that is stored but not logged was never
// acknowledged, and is not found.
func (s *Service) Get(ctx context.Context, actor access.Actor, digest string) (Entry, error) {
	r, err := s.seen(ctx, actor, digest)
	if err != nil {
		return Entry{}, err
	}
	all, err := s.entries(ctx, ViewOf(actor), []Record{r})
	if err != nil {
		return Entry{}, err
	}
	if len(all) == 0 {
		return Entry{}, missing()
	}
	return all[0], nil
}

// List gives the reviews that the actor may see among those the query chooses,
// newest first. next is what the next page comes after; it is "" on the last
// page. The query's viewer is the actor.
func (s *Service) List(ctx context.Context, actor access.Actor, q Query) (all []Entry, next string, err error) {
	if _, err := access.ScopeFor(actor, access.ReadReview); err != nil {
		return nil, "", err
	}
	v := ViewOf(actor)
	q.Viewer = v.Body
	if v.About != "" {
		if q.Supplier != "" && q.Supplier != v.About {
			return []Entry{}, "", nil
		}
		q.Supplier = v.About
	}
	limit := min(max(q.Limit, 1), maxList)
	q.Limit = limit + 1
	records, err := s.Store.Reviews(ctx, q)
	if err != nil {
		return nil, "", wrap("list reviews", err)
	}
	if len(records) > limit {
		records = records[:limit]
		next = records[limit-1].Digest
	}
	all, err = s.entries(ctx, v, records)
	return all, next, err
}

// entries adds to reviews of the view what has happened to them.
func (s *Service) entries(ctx context.Context, v View, records []Record) ([]Entry, error) {
	offerings := make([]string, 0, len(records))
	for _, r := range records {
		offerings = append(offerings, r.Offering)
	}
	slices.Sort(offerings)
	logged, _, err := Reader{s.Store, s.Suppliers, s.Log}.Of(ctx, slices.Compact(offerings), v.Body)
	if err != nil {
		return nil, err
	}
	// A body's reviews of one answer of one declaration are one series.
	type series struct {
		reviewer                 organisation.Number
		attestation, requirement string
	}
	grouped := map[series][]Logged{}
	for _, all := range logged {
		for _, l := range all {
			k := series{l.Reviewer, l.Attestation, l.Requirement}
			grouped[k] = append(grouped[k], l)
		}
	}
	found := map[string]Entry{}
	now := s.now()
	for _, all := range grouped {
		known, standings := Stand(all, now)
		for i, l := range known {
			found[l.Digest] = Entry{Record: l.Record, LogIndex: l.LogIndex, LoggedAt: l.LoggedAt, Standing: standings[i]}
		}
	}
	out := make([]Entry, 0, len(records))
	for _, r := range records {
		if e, ok := found[r.Digest]; ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// Receipt proves that a review is in the log, with the log as it is now.
func (s *Service) Receipt(ctx context.Context, actor access.Actor, digest string) (Receipt, error) {
	r, err := s.seen(ctx, actor, digest)
	if err != nil {
		return Receipt{}, err
	}
	p, err := s.place(ctx, r)
	if err != nil {
		return Receipt{}, err
	}
	return s.receipt(ctx, r, r.ReceivedAt, p)
}

func (s *Service) place(ctx context.Context, r Record) (attestation.Place, error) {
	places, err := s.Log.Places(ctx, []string{r.LogKey()})
	if err != nil {
		return attestation.Place{}, wrap("find log entry", err)
	}
	p, ok := places[r.LogKey()]
	if !ok {
		return attestation.Place{}, missing()
	}
	return p, nil
}

// Bundle gives the bundle: as received, or, when logged, with the log's
// inclusion proof in it and the signer named by key, which is what stock
// verifiers read.
func (s *Service) Bundle(ctx context.Context, actor access.Actor, digest string, logged bool) ([]byte, error) {
	r, err := s.seen(ctx, actor, digest)
	if err != nil {
		return nil, err
	}
	p, err := s.place(ctx, r)
	if err != nil || !logged {
		return r.Bundle, err
	}
	in, err := s.Log.Inclusion(ctx, p.Index)
	if err != nil {
		return nil, wrap("prove inclusion", err)
	}
	b, err := signing.KeyForm(r.Bundle)
	if err != nil {
		return nil, wrap("write bundle", err)
	}
	b, err = signing.WithInclusion(b, in)
	return b, wrap("write bundle", err)
}
