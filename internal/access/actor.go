package access

import (
	"slices"
	"strings"
)

// Actor is who asks, and for which organisation.
type Actor struct {
	// ID identifies the credential or person, for the log: "token:…",
	// "person:…", "machine:…" or "demo:…". It never holds a name or a national
	// id.
	ID string
	// Name is how the actor is shown to themselves.
	Name string
	// Org is the organisation number the actor acts for; empty for the public,
	// and for a person who has logged in but acts for nobody.
	Org string
	// Via is the organisation number of whoever acts on behalf of Org, if that
	// is another.
	Via   string
	Roles []Role
}

// Anyone is the actor who has not said who they are.
func Anyone() Actor { return Actor{ID: string(Public)} }

// Known reports whether the actor said who they are.
func (a Actor) Known() bool { return a.ID != "" && a.ID != string(Public) }

// Person reports whether the actor is a human being who logged in, rather
// than a system with a token.
func (a Actor) Person() bool { return strings.HasPrefix(a.ID, "person:") }

// Has reports whether the actor holds the role. Whoever holds one of a
// supplier's roles is a [Supplier], and who is a Supplier without more detail
// holds them all.
func (a Actor) Has(r Role) bool {
	switch {
	case r == Public:
		return true
	case r == LoggedIn:
		return a.Known()
	case r == Supplier:
		return slices.ContainsFunc(a.Roles, func(have Role) bool { return have.Side() == SideSupplier })
	case r.Side() == SideSupplier && slices.Contains(a.Roles, Supplier):
		return true
	}
	return slices.Contains(a.Roles, r)
}

// Agency reports whether the actor acts for a public body.
func (a Actor) Agency() bool {
	return slices.ContainsFunc(a.Roles, func(r Role) bool { return r.Side() == SideAgency || r == Editor })
}
