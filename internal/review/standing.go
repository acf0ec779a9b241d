package review

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/supplier"
)

// Logged is a review in the log, with what has happened to it.
type Logged struct {
	Record
	LogIndex   int64
	LoggedAt   time.Time
	Withdrawal *Withdrawal
	// Revoked is the end of the key it was signed with, if that key was revoked.
	Revoked *supplier.Revocation
}

// State is the state of one review.
type State string

// The states.
const (
	Active     State = "active"
	Superseded State = "superseded"
	Expired    State = "expired"
	Withdrawn  State = "withdrawn"
	Revoked    State = "revoked"
)

// Standing is the state of a review at a moment, and since when.
type Standing struct {
	State  State     `json:"state"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason,omitempty"`
}

// Stand tells the standing at the moment now of one body's reviews of one and
// the same answer: the newest is the body's word, and those before it are not,
// also when the newest has expired or was withdrawn. A review signed with a
// key after that key was revoked was never the body's word; the position in
// the log decides, not any time in the statement. The series is put in order,
// newest first, and what was not known at the moment is left out.
func Stand(series []Logged, now time.Time) ([]Logged, []Standing) {
	known := make([]Logged, 0, len(series))
	for _, r := range series {
		if !r.LoggedAt.After(now) {
			known = append(known, r)
		}
	}
	slices.SortFunc(known, func(a, b Logged) int { return cmp.Compare(b.LogIndex, a.LogIndex) })
	out := make([]Standing, len(known))
	var newer *Logged
	for i, r := range known {
		x := Standing{State: Active, Since: r.LoggedAt}
		switch {
		case r.Revoked != nil && !r.Revoked.At.After(now) && r.Revoked.Counts(r.LogIndex, r.LoggedAt):
			x.State, x.Since, x.Reason = Revoked, r.Revoked.At, string(r.Revoked.Reason)
		case r.Withdrawal != nil && !r.Withdrawal.At.After(now):
			x.State, x.Since, x.Reason = Withdrawn, r.Withdrawal.At, r.Withdrawal.Reason
		case newer != nil:
			x.State, x.Since = Superseded, newer.LoggedAt
		case !now.Before(r.ValidUntil):
			x.State, x.Since = Expired, r.ValidUntil
		}
		if x.State != Revoked {
			newer = &known[i]
		}
		out[i] = x
	}
	return known, out
}

// Places finds where reviews are logged.
type Places interface {
	Places(ctx context.Context, keys []string) (map[string]attestation.Place, error)
}

// Reader joins stored reviews with what has happened to them.
type Reader struct {
	Store     Store
	Suppliers supplier.Store
	Log       Places
}

// Of gives the logged reviews of offerings that the viewer sees, by offering,
// in a handful of queries. One without a place in the log was never
// acknowledged and is left out; unsettled tells which offerings have such a
// one.
func (r Reader) Of(ctx context.Context, offerings []string, viewer organisation.Number) (out map[string][]Logged, unsettled map[string]bool, err error) {
	records, err := r.Store.ReviewsOf(ctx, offerings, viewer)
	if err != nil {
		return nil, nil, fmt.Errorf("read reviews: %w", err)
	}
	out, unsettled = map[string][]Logged{}, map[string]bool{}
	if len(records) == 0 {
		return out, unsettled, nil
	}
	keys, digests, bodies := make([]string, len(records)), make([]string, len(records)), make([]organisation.Number, len(records))
	for i, x := range records {
		keys[i], digests[i], bodies[i] = x.LogKey(), x.Digest, x.Reviewer
	}
	places, err := r.Log.Places(ctx, keys)
	if err != nil {
		return nil, nil, fmt.Errorf("find log entries: %w", err)
	}
	withdrawals, err := r.Store.ReviewWithdrawals(ctx, digests)
	if err != nil {
		return nil, nil, fmt.Errorf("read review withdrawals: %w", err)
	}
	withdrawn := map[string]*Withdrawal{}
	for i := range withdrawals {
		withdrawn[withdrawals[i].Review] = &withdrawals[i]
	}
	slices.Sort(bodies)
	read, err := r.Suppliers.SuppliersByNumber(ctx, slices.Compact(bodies))
	if err != nil {
		return nil, nil, fmt.Errorf("read reviewers: %w", err)
	}
	known := map[organisation.Number]supplier.Supplier{}
	for _, b := range read {
		known[b.Number] = b
	}
	for _, x := range records {
		p, ok := places[x.LogKey()]
		if !ok {
			unsettled[x.Offering] = true
			continue
		}
		l := Logged{Record: x, LogIndex: p.Index, LoggedAt: p.At, Withdrawal: withdrawn[x.Digest]}
		if k, ok := known[x.Reviewer].Key(x.KeyID); ok {
			l.Revoked = k.Revoked
		}
		out[x.Offering] = append(out[x.Offering], l)
	}
	return out, unsettled, nil
}
