package status

import (
	"cmp"
	"slices"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/supplier"
)

// Of computes the status at the moment now from what was known then: a
// declaration, withdrawal, revocation or descriptor that came later is left
// out, so that the status at a tender's deadline can be asked for afterwards.
func Of(f Facts, now time.Time) Status {
	f.Offering = f.Offering.At(now)
	s := Status{
		Offering: f.Offering.ID, OfferingName: f.Offering.Name,
		Supplier: f.Offering.Supplier, SupplierName: f.Supplier.Name,
		Set: f.Version.Set, SetVersion: f.Version.Version, At: now,
	}
	if f.Register != nil && f.Register.Known(now) {
		s.Register = f.Register
	}
	known := knownAt(f, now)
	s.History = history(f, known, now)
	s.decide(f, known, now)
	s.follow(f)
	return s
}

// History tells the state of each declaration that was known at the moment now,
// the newest first. Of the version of the set it needs only which set it is.
func History(f Facts, now time.Time) []DeclarationStatus { return history(f, knownAt(f, now), now) }

func history(f Facts, known []Declaration, now time.Time) []DeclarationStatus {
	var out []DeclarationStatus
	var newer *Declaration // the next newer one that is the supplier's word
	for i, d := range known {
		out = append(out, lifecycle(f, d, newer, now))
		if !revokedBefore(f, d, now) {
			newer = &known[i]
		}
	}
	return out
}

// knownAt gives the declarations logged at or before now, newest first.
func knownAt(f Facts, now time.Time) []Declaration {
	var out []Declaration
	for _, d := range f.Declarations {
		if d.Set == f.Version.Set && !d.LoggedAt.After(now) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b Declaration) int { return cmp.Compare(b.LogIndex, a.LogIndex) })
	return out
}

// lifecycle tells the state of one declaration. Revocation comes first: a
// statement signed with a revoked key was never the supplier's word.
func lifecycle(f Facts, d Declaration, newer *Declaration, now time.Time) DeclarationStatus {
	out := DeclarationStatus{
		Digest: d.Digest, SetVersion: d.SetVersion, KeyID: d.KeyID, SecondKeyID: d.SecondKeyID, DeclaredAt: d.DeclaredAt,
		LoggedAt: d.LoggedAt, LogIndex: d.LogIndex, ValidUntil: d.ValidUntil,
		Lifecycle: LifeActive, Since: d.LoggedAt,
	}
	switch {
	case revokedBefore(f, d, now):
		k, _ := revoker(f, d, now)
		out.Lifecycle, out.Since, out.Reason = LifeRevoked, k.Revoked.At, string(k.Revoked.Reason)
	case d.Withdrawal != nil && !d.Withdrawal.At.After(now):
		out.Lifecycle, out.Since, out.Reason = LifeWithdrawn, d.Withdrawal.At, d.Withdrawal.Reason
	case newer != nil:
		out.Lifecycle, out.Since = LifeSuperseded, newer.LoggedAt
	case !now.Before(d.ValidUntil):
		out.Lifecycle, out.Since = LifeExpired, d.ValidUntil
	}
	return out
}

// revokedBefore reports whether a key that the declaration needs was revoked
// at a log position before the declaration's. The position decides, not any
// time in the statement.
func revokedBefore(f Facts, d Declaration, now time.Time) bool {
	_, revoked := revoker(f, d, now)
	return revoked
}

// revoker is that key; of two, the one that was revoked first.
func revoker(f Facts, d Declaration, now time.Time) (first supplier.Key, revoked bool) {
	for _, id := range []string{d.KeyID, d.SecondKeyID} {
		k, ok := f.Supplier.Key(id)
		if ok && k.Revoked != nil && !k.Revoked.At.After(now) && k.Revoked.Counts(d.LogIndex, d.LoggedAt) && (!revoked || k.Revoked.At.Before(first.Revoked.At)) {
			first, revoked = k, true
		}
	}
	return first, revoked
}

// decide picks the declaration that counts and says what it is worth: the
// newest for the version asked about; failing that, the newest for another
// version. One signed with a revoked key never counts as long as another does.
func (s *Status) decide(f Facts, known []Declaration, now time.Time) {
	pick := func(ok func(Declaration) bool) (Declaration, bool) {
		for _, d := range known {
			if ok(d) {
				return d, true
			}
		}
		return Declaration{}, false
	}
	sound := func(d Declaration) bool { return !revokedBefore(f, d, now) }
	d, found := pick(func(d Declaration) bool { return sound(d) && d.SetVersion == f.Version.Version })
	if !found {
		d, found = pick(sound)
	}
	if !found {
		d, found = pick(func(Declaration) bool { return true })
	}
	if !found {
		s.Overall = Missing
		s.answers(f, nil)
		return
	}
	for i := range s.History {
		if s.History[i].Digest == d.Digest {
			s.Declaration = &s.History[i]
		}
	}
	s.answers(f, &d)
	s.Overall = s.worth(f, d, now)
	s.ChangesAt = changesAt(d, s.Overall, now)
	s.review(f, now)
}

// worth judges the deciding declaration. What ends it comes before what is
// wrong with it, and that before how long it lasts.
func (s *Status) worth(f Facts, d Declaration, now time.Time) Overall {
	switch {
	case revokedBefore(f, d, now):
		return Revoked
	case d.Withdrawal != nil && !d.Withdrawal.At.After(now):
		return Withdrawn
	case !now.Before(d.ValidUntil):
		return Expired
	case d.Descriptor != f.Offering.Descriptor().Digest:
		return ScopeMismatch
	case d.SetVersion != f.Version.Version:
		if old, ok := f.Others[d.SetVersion]; ok {
			s.Changes = catalogue.Diff(old, f.Version)
		}
		return SupersededSet
	case s.Counts.Unanswered > 0:
		return Incomplete
	case d.ValidUntil.Sub(now) <= ExpiringWithin:
		return Expiring
	default:
		return Valid
	}
}

// changesAt is the next moment at which time alone changes the status.
func changesAt(d Declaration, o Overall, now time.Time) *time.Time {
	switch o {
	case Valid:
		t := d.ValidUntil.Add(-ExpiringWithin)
		return &t
	case Expiring, Incomplete, ScopeMismatch, SupersededSet:
		t := d.ValidUntil
		return &t
	default:
		return nil
	}
}

// answers fills in every requirement of the version asked about. An answer to
// another version carries over only if the requirement is the same or merely
// reworded.
func (s *Status) answers(f Facts, d *Declaration) {
	given := map[string]attestation.Answer{}
	if d != nil {
		for _, a := range d.Answers {
			given[a.Requirement] = a
		}
		if d.SetVersion != f.Version.Version {
			carried := catalogue.CarriesOver(f.Others[d.SetVersion], f.Version)
			for id := range given {
				if !carried[id] {
					delete(given, id)
				}
			}
		}
	}
	s.Requirements = make([]RequirementStatus, 0, len(f.Version.Requirements))
	for _, r := range f.Version.Requirements {
		a, ok := given[r.ID]
		rs := RequirementStatus{Requirement: r.ID}
		if ok {
			at := d.DeclaredAt
			rs.Answer, rs.Statement, rs.Evidence, rs.AnsweredAt = a.Status, a.Statement, a.Evidence, &at
			rs.Assurance = Declared
			if len(a.Evidence) > 0 {
				rs.Assurance = Documented
				s.Counts.Documented++
			}
		}
		s.Counts.Add(rs.Answer)
		s.Requirements = append(s.Requirements, rs)
	}
}

// Add counts one more requirement with this answer; "" is unanswered.
func (c *Counts) Add(a attestation.AnswerStatus) {
	switch a {
	case attestation.Met:
		c.Met++
	case attestation.Partial:
		c.Partial++
	case attestation.Planned:
		c.Planned++
	case attestation.Alternative:
		c.Alternative++
	case attestation.NotMet:
		c.NotMet++
	case attestation.NotApplicable:
		c.NotApplicable++
	default:
		c.Unanswered++
	}
}

// follow rolls the sub-suppliers' statuses up and names the weakest link.
func (s *Status) follow(f Facts) {
	for _, sub := range f.Offering.SubSuppliers {
		l := Link{Name: sub.Name, Number: sub.Number, Country: sub.Country, Purpose: sub.Purpose, Offering: sub.Offering, Overall: Missing}
		// Somebody else's offering says nothing about the sub-supplier named.
		st, ok := f.SubSuppliers[sub.Offering]
		if ok && sub.Offering != "" && (sub.Number == "" || st.Supplier == sub.Number) {
			l.Overall = st.Overall
			if st.Weakest != nil && st.Weakest.Overall.rank() > l.Overall.rank() {
				l.Overall = st.Weakest.Overall
				l.Path = append([]string{sub.Name}, cmpOr(st.Weakest.Path, []string{st.Weakest.Name})...)
			}
			if st.ChangesAt != nil && (s.ChangesAt == nil || st.ChangesAt.Before(*s.ChangesAt)) {
				s.ChangesAt = st.ChangesAt
			}
		}
		s.Chain = append(s.Chain, l)
	}
	for i := range s.Chain {
		l := &s.Chain[i]
		if l.Overall.rank() > s.Overall.rank() && (s.Weakest == nil || l.Overall.rank() > s.Weakest.Overall.rank()) {
			s.Weakest = l
		}
	}
}

func cmpOr(a, b []string) []string {
	if len(a) > 0 {
		return a
	}
	return b
}
