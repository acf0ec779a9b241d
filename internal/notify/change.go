package notify

import (
	"slices"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/status"
)

// Summary is what is remembered of a target at a moment.
type Summary struct {
	// Register is what the register of legal entities said about the supplier, or
	// "".
	Register organisation.RegisterState `json:"register,omitempty"`
	Marks    []Mark                     `json:"marks,omitempty"`
}

// Mark is what is remembered of one status.
type Mark struct {
	Offering string         `json:"offering"`
	Name     string         `json:"name"`
	Set      string         `json:"set"`
	Version  string         `json:"version"` // the newest of the set
	Overall  status.Overall `json:"overall"`
	// Declaration is the digest of the one that decides, or "", and DeclaredAt
	// when it was logged.
	Declaration string    `json:"declaration,omitempty"`
	DeclaredAt  time.Time `json:"declaredAt,omitzero"`
	// Link is the sub-supplier with the worst status, or "".
	Link        string         `json:"link,omitempty"`
	LinkOverall status.Overall `json:"linkOverall,omitempty"`
	// Reviews is one more than the place in the log of the newest review that
	// another body shares; 0 is none.
	Reviews int64 `json:"reviews,omitempty"`
}

// markOf remembers a status for a body.
func markOf(s status.Status, org organisation.Number) Mark {
	m := Mark{Offering: s.Offering, Name: s.OfferingName, Set: s.Set, Version: s.SetVersion, Overall: s.Overall}
	if d := s.Declaration; d != nil {
		m.Declaration, m.DeclaredAt = d.Digest, d.LoggedAt
	}
	for _, l := range s.Chain {
		if m.Link == "" || worse(l.Overall, m.LinkOverall) {
			m.Link, m.LinkOverall = l.Name, l.Overall
		}
	}
	for _, r := range s.Requirements {
		for _, x := range r.Reviews {
			if x.Reviewer != org {
				m.Reviews = max(m.Reviews, x.LogIndex+1)
			}
		}
	}
	return m
}

// worse reports whether a status is worse than another; any is worse than none.
func worse(a, b status.Overall) bool {
	order := status.Overalls()
	return slices.Index(order, a) > slices.Index(order, b)
}

// Kind says what has changed.
type Kind string

// The kinds.
const (
	Offered      Kind = "offered"    // a new offering
	Declared     Kind = "declared"   // a new declaration
	Withdrawn    Kind = "withdrawn"  // by the supplier
	KeyRevoked   Kind = "revoked"    // and what was signed with it does not count
	Expired      Kind = "expired"    //
	Expiring     Kind = "expiring"   //
	NewVersion   Kind = "version"    // of the set, which nothing is declared for yet
	ScopeChanged Kind = "scope"      // the offering is another than the one declared about
	Incomplete   Kind = "incomplete" //
	ValidAgain   Kind = "valid"      // without a new declaration
	SubWorse     Kind = "sub-worse"  // a sub-supplier's status
	Reviewed     Kind = "reviewed"   // by another body, which shares it
	Registered   Kind = "register"   // the register warns of the supplier
)

// Kinds lists the kinds.
func Kinds() []Kind {
	return []Kind{Offered, Declared, Withdrawn, KeyRevoked, Expired, Expiring, NewVersion, ScopeChanged, Incomplete, ValidAgain, SubWorse, Reviewed, Registered}
}

// Change is one thing that is otherwise than when it was last seen.
type Change struct {
	Kind Kind
	// Offering, Name and Set say which status it is about; a change in the register
	// is about none.
	Offering, Name, Set string
	Version             string
	// Link and Overall are of the sub-supplier that is worse.
	Link    string
	Overall status.Overall
	// Register is what the register says.
	Register organisation.RegisterState
	// At is when a declaration was logged.
	At time.Time
}

// outcomes are the kinds that a status comes of when there is no new
// declaration.
var outcomes = map[status.Overall]Kind{
	status.Withdrawn: Withdrawn, status.Revoked: KeyRevoked, status.Expired: Expired, status.Expiring: Expiring, status.SupersededSet: NewVersion,
	status.ScopeMismatch: ScopeChanged, status.Incomplete: Incomplete, status.Valid: ValidAgain,
}

// Changes tells what is otherwise in one summary than in an earlier one, in the
// order of the statuses.
func Changes(before, after Summary) []Change {
	var out []Change
	if after.Register != before.Register && after.Register != "" && after.Register != organisation.RegisterActive {
		out = append(out, Change{Kind: Registered, Register: after.Register})
	}
	type key struct{ offering, set string }
	was, offered := map[key]Mark{}, map[string]bool{}
	for _, m := range before.Marks {
		was[key{m.Offering, m.Set}] = m
		offered[m.Offering] = true
	}
	for _, m := range after.Marks {
		add := func(k Kind) *Change {
			out = append(out, Change{Kind: k, Offering: m.Offering, Name: m.Name, Set: m.Set, Version: m.Version})
			return &out[len(out)-1]
		}
		old, known := was[key{m.Offering, m.Set}]
		if !known {
			if !offered[m.Offering] {
				offered[m.Offering] = true
				add(Offered)
			}
			if m.Declaration != "" {
				add(Declared).At = m.DeclaredAt
			}
			continue
		}
		fresh := m.Declaration != "" && m.Declaration != old.Declaration && m.DeclaredAt.After(old.DeclaredAt)
		switch k := outcomes[m.Overall]; {
		case fresh:
			add(Declared).At = m.DeclaredAt
			if m.Overall != status.Valid && k != "" {
				add(k)
			}
		case m.Declaration != old.Declaration && m.Overall != status.Revoked:
			// An older one counts again, since what came after it does not.
			add(KeyRevoked)
		case m.Overall != old.Overall && k != "", k == NewVersion && m.Version != old.Version:
			add(k)
		}
		if m.Link != "" && old.Link != "" && worse(m.LinkOverall, old.LinkOverall) || m.Link != "" && old.Link == "" && m.LinkOverall != status.Valid {
			c := add(SubWorse)
			c.Link, c.Overall = m.Link, m.LinkOverall
		}
		if m.Reviews > old.Reviews {
			add(Reviewed)
		}
	}
	return out
}
