package status

import (
	"cmp"
	"slices"
	"time"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/supplier"
)

// EventKind says what happened to an offering.
type EventKind string

// The kinds.
const (
	EventDeclared    EventKind = "declared"    // the first declaration, or the first after one that ended
	EventRenewed     EventKind = "renewed"     // a declaration in the place of one that was in force
	EventWithdrawn   EventKind = "withdrawn"   // by the supplier
	EventExpired     EventKind = "expired"     // and no newer one had come by then
	EventKeyRevoked  EventKind = "key-revoked" // one that a declaration was signed with
	EventChanged     EventKind = "changed"     // the offering's description
	EventReviewed    EventKind = "reviewed"    // by a public body, and in force
	EventSetReplaced EventKind = "set-replaced"
)

// EventKinds lists the kinds.
func EventKinds() []EventKind {
	return []EventKind{EventDeclared, EventRenewed, EventWithdrawn, EventExpired, EventKeyRevoked, EventChanged, EventReviewed, EventSetReplaced}
}

// Event is one line of the timeline of an offering and a set.
type Event struct {
	Kind EventKind
	At   time.Time
	// Day tells that only the day of At is known.
	Day bool
	// Declaration is the digest of the declaration it is about, or "".
	Declaration string
	// SetVersion is of a declaration, or the version that came.
	SetVersion string
	// LogIndex is the place in the log of a declaration or the revocation of a
	// key.
	LogIndex   int64
	ValidUntil time.Time
	// KeyID is the revoked key.
	KeyID string
	// Reason is the supplier's own for a withdrawal, and a [supplier.Reason] for a
	// revoked key.
	Reason string
	// Reviewer and ReviewerName are the body that reviewed, Review the digest of
	// the newest of its reviews in that go, and Count how many there are.
	Reviewer     organisation.Number
	ReviewerName string
	Review       string
	Count        int
}

// Timeline tells what has happened to an offering up to the moment of its
// status, newest first: what is in the status, what the supplier and the
// offering have kept, and the versions of the set that came after the first
// declaration. What is known only to others than the status was made for is not
// in it.
func Timeline(s Status, sup supplier.Supplier, o supplier.Offering, versions []catalogue.Version) []Event {
	var out []Event
	add := func(e Event) {
		if !e.At.After(s.At) {
			out = append(out, e)
		}
	}
	keys := map[string]bool{}
	for i, d := range s.History {
		keys[d.KeyID], keys[d.SecondKeyID] = true, true
		e := Event{Kind: EventDeclared, At: d.LoggedAt, Declaration: d.Digest, SetVersion: d.SetVersion, LogIndex: d.LogIndex, ValidUntil: d.ValidUntil}
		if i+1 < len(s.History) && heldUntil(s.History[i+1], d.LoggedAt) {
			e.Kind = EventRenewed
		}
		add(e)
		switch {
		case d.Lifecycle == LifeWithdrawn:
			add(Event{Kind: EventWithdrawn, At: d.Since, Declaration: d.Digest, SetVersion: d.SetVersion, Reason: d.Reason})
		case d.EndedUnrenewed():
			add(Event{Kind: EventExpired, At: d.ValidUntil, Declaration: d.Digest, SetVersion: d.SetVersion})
		}
	}
	for _, k := range sup.Keys {
		if k.Revoked != nil && keys[k.ID] {
			add(Event{Kind: EventKeyRevoked, At: k.Revoked.At, KeyID: k.ID, LogIndex: k.Revoked.Index, Reason: string(k.Revoked.Reason)})
		}
	}
	for i, d := range o.Descriptors {
		if i > 0 { // the first is the offering itself
			add(Event{Kind: EventChanged, At: d.At})
		}
	}
	out = append(out, reviewEvents(s)...)
	if n := len(s.History); n > 0 {
		first := s.History[n-1].LoggedAt
		declared := func(version string) bool {
			return slices.ContainsFunc(s.History, func(d DeclarationStatus) bool { return d.SetVersion == version && d.LoggedAt.Equal(first) })
		}
		for _, v := range versions {
			day, err := time.Parse(time.DateOnly, v.Published)
			if err == nil && v.Set == s.Set && day.After(first) && !declared(v.Version) {
				add(Event{Kind: EventSetReplaced, At: day, Day: true, SetVersion: v.Version})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Event) int { return b.At.Compare(a.At) })
	return out
}

// heldUntil reports whether a declaration was in force when the next one came.
func heldUntil(d DeclarationStatus, next time.Time) bool {
	switch d.Lifecycle {
	case LifeWithdrawn, LifeRevoked:
		return d.Since.After(next)
	default:
		return d.ValidUntil.After(next)
	}
}

// sitting is how long a body can leave between two reviews that are told as one
// thing. Days would cut what is done in an evening in two.
const sitting = 12 * time.Hour

// reviewEvents puts together what one body reviewed in one go: it most often
// reviews many answers at once.
func reviewEvents(s Status) []Event {
	var all []ReviewStatus
	for _, r := range s.Requirements {
		all = append(all, r.Reviews...)
	}
	slices.SortStableFunc(all, func(a, b ReviewStatus) int {
		return cmp.Or(a.LoggedAt.Compare(b.LoggedAt), cmp.Compare(a.LogIndex, b.LogIndex))
	})
	at := map[organisation.Number]int{} // the newest of each body
	var out []Event
	for _, x := range all {
		i, ok := at[x.Reviewer]
		if !ok || x.LoggedAt.Sub(out[i].At) > sitting {
			i = len(out)
			at[x.Reviewer] = i
			out = append(out, Event{Kind: EventReviewed, Reviewer: x.Reviewer, ReviewerName: x.ReviewerName})
		}
		out[i].Count++
		out[i].At, out[i].Review, out[i].LogIndex = x.LoggedAt, x.Digest, x.LogIndex
	}
	return out
}
