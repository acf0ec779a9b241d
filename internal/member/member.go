package member

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// Person is what is kept about somebody who has logged in and has, had or
// asked for a membership.
type Person struct {
	// ID is the pseudonym that the person acts under: "person:…".
	ID string `json:"id"`
	// Name is what the login provider calls them; it may be empty.
	Name    string    `json:"name,omitempty"`
	FirstAt time.Time `json:"firstAt"`
	// LastAt is when they were last here, to the day.
	LastAt time.Time `json:"lastAt"`
	Rev    int64     `json:"rev"`
}

// Membership says what a person may do for an organisation.
type Membership struct {
	Person string        `json:"person"`
	Roles  []access.Role `json:"roles"`
	Since  time.Time     `json:"since"`
	// By is the actor who gave it: whoever invited, or decided the claim.
	By string `json:"by"`
	// Through is what it came from: "invitation:ID", "claim:ID" or [Appointed].
	Through string `json:"through"`
}

// Admin reports whether the member says who may do what.
func (m Membership) Admin() bool {
	return slices.ContainsFunc(m.Roles, func(r access.Role) bool { return r == access.SupplierAdmin || r == access.AgencyAdmin })
}

// Circle is everybody who is a member of one organisation. It is one document,
// so that it never loses its last administrator while there are others.
type Circle struct {
	Org organisation.Number `json:"org"`
	// Name is what the organisation was called last.
	Name    string       `json:"name,omitempty"`
	Members []Membership `json:"members"`
	Rev     int64        `json:"rev"`
}

// Of finds a person's membership.
func (c Circle) Of(person string) (Membership, bool) {
	i := slices.IndexFunc(c.Members, func(m Membership) bool { return m.Person == person })
	if i < 0 {
		return Membership{}, false
	}
	return c.Members[i], true
}

// People are the ids of those in it, sorted.
func (c Circle) People() []string {
	out := make([]string, len(c.Members))
	for i, m := range c.Members {
		out[i] = m.Person
	}
	slices.Sort(out)
	return out
}

// with returns the circle with m in place of what that person had. The error
// is a refusal when nobody would be left to say who may do what.
func (c Circle) with(m Membership) (Circle, error) {
	out := c.without(m.Person)
	out.Members = append(out.Members, m)
	slices.SortFunc(out.Members, func(a, b Membership) int { return strings.Compare(a.Person, b.Person) })
	return out, out.after(c)
}

func (c Circle) without(person string) Circle {
	c.Members = slices.DeleteFunc(slices.Clone(c.Members), func(m Membership) bool { return m.Person == person })
	return c
}

// after refuses what would leave an organisation that had somebody to say who
// may do what, as a supplier or as a public body, with such members and without.
// Where it never had, somebody does who acts by a right elsewhere.
func (c Circle) after(before Circle) error {
	if len(c.Members) > maxMembers {
		return problem.New(problem.Refused, "member.many", problem.Args{"Max": maxMembers})
	}
	// Neither side's administrator can see to what those on the other may do.
	for side, admin := range map[access.Side]access.Role{access.SideSupplier: access.SupplierAdmin, access.SideAgency: access.AgencyAdmin} {
		is, on := func(r access.Role) bool { return r == admin }, func(r access.Role) bool { return r.Side() == side }
		if before.has(is) && !c.has(is) && c.has(on) {
			return problem.New(problem.Refused, "member.last-admin", nil)
		}
	}
	return nil
}

// has reports whether somebody has one of the roles.
func (c Circle) has(role func(access.Role) bool) bool {
	return slices.ContainsFunc(c.Members, func(m Membership) bool { return slices.ContainsFunc(m.Roles, role) })
}

// Invitation lets whoever has its secret become a member, once.
type Invitation struct {
	ID string `json:"id"`
	// Hash is the SHA-256 of the secret in hex; the secret is shown once.
	Hash    string              `json:"hash"`
	Org     organisation.Number `json:"org"`
	OrgName string              `json:"orgName,omitempty"`
	Roles   []access.Role       `json:"roles"`
	// For is the administrator's own note about whom it is meant for. It goes
	// once the invitation is used or revoked.
	For       string     `json:"for,omitempty"`
	By        string     `json:"by"`
	At        time.Time  `json:"at"`
	ExpiresAt time.Time  `json:"expiresAt"`
	UsedAt    *time.Time `json:"usedAt,omitempty"`
	UsedBy    string     `json:"usedBy,omitempty"`
	RevokedAt *time.Time `json:"revokedAt,omitempty"`
	Rev       int64      `json:"rev"`
}

// Open reports whether somebody can still join by the invitation.
func (i Invitation) Open(now time.Time) bool {
	return i.UsedAt == nil && i.RevokedAt == nil && now.Before(i.ExpiresAt)
}

// ClaimState is what has become of a claim.
type ClaimState string

// The states.
const (
	Pending  ClaimState = "pending"
	Approved ClaimState = "approved"
	Rejected ClaimState = "rejected"
)

// Claim is a person's word that they may act for an organisation nobody acts
// for yet. Somebody else looks into it before it is worth anything.
type Claim struct {
	ID      string              `json:"id"`
	Org     organisation.Number `json:"org"`
	OrgName string              `json:"orgName"`
	// Side is the kind of organisation they mean to act as.
	Side   access.Side `json:"side"`
	Person string      `json:"person"`
	// PersonName is what they were called when they claimed.
	PersonName string `json:"personName,omitempty"`
	// Reason is how they say they are known to be who they say.
	Reason    string     `json:"reason"`
	At        time.Time  `json:"at"`
	State     ClaimState `json:"state"`
	DecidedBy string     `json:"decidedBy,omitempty"`
	DecidedAt *time.Time `json:"decidedAt,omitempty"`
	// Decision is why, and how it was looked into.
	Decision string `json:"decision,omitempty"`
	Rev      int64  `json:"rev"`
}

// Limits on texts, in characters.
const (
	maxName   = 200
	maxReason = 2000
)

// text checks a text that a person wrote.
func text(s, field, missing string, max int) (string, *problem.Field) {
	s = strings.TrimSpace(s)
	switch {
	case s == "" && missing != "":
		return s, &problem.Field{Path: field, Key: missing}
	case utf8.RuneCountInString(s) > max:
		return s, &problem.Field{Path: field, Key: "member.long", Args: problem.Args{"Max": max}}
	}
	return s, nil
}

// rolesIn sorts roles, each once, with the short word for a supplier's four
// spelt out.
func rolesIn(roles []access.Role) []access.Role {
	var out []access.Role
	for _, r := range roles {
		if r == access.Supplier {
			out = append(out, access.SupplierRoles()...)
		} else {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
