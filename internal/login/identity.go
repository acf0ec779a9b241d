package login

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
)

// Identity is what a provider proved about a person. It never holds a national
// identity number.
type Identity struct {
	// Issuer and Subject together are the person. The subject is the provider's
	// own name for them, which another service knows them by another of.
	Issuer, Subject string
	// Name is how the provider names the person; it may be empty.
	Name string `json:",omitempty"`
	// ACR is how the person proved who they are, in the provider's own words.
	ACR string `json:",omitempty"`
	// AuthTime is when they did; zero when the provider does not say.
	AuthTime time.Time
	// Reportees are the organisations that the provider says the person holds
	// rights for, by the rights that were asked about.
	Reportees []Reportee `json:",omitempty"`
}

// Reportee is an organisation that a person holds rights for.
type Reportee struct {
	Org  organisation.Number
	Name string `json:",omitempty"`
	// Resources are the rights, by the names they were asked for with.
	Resources []string
}

// ActorID is the person in the log and wherever else an actor is named: a
// pseudonym that is the same at each login and tells nothing about the person.
func (i Identity) ActorID() string {
	sum := sha256.Sum256([]byte(i.Issuer + "\n" + i.Subject))
	return "person:" + hex.EncodeToString(sum[:])[:32]
}

// Directory says for whom people may act.
type Directory interface {
	// Standings gives one actor for each organisation that the person may act
	// for, with the roles they have there; none when they may act for nobody.
	// It is asked anew during a login, at least each minute that it is used, so
	// that what is taken from a person is soon gone.
	Standings(ctx context.Context, who Identity) ([]access.Actor, error)
}

// RightsDirectory lets people act by the rights that the provider told of when
// they logged in.
type RightsDirectory struct {
	// Roles are what each right gives, by the name of the right.
	Roles map[string][]access.Role
}

// Standings implements Directory. A right without roles gives nothing, and none
// makes editors or operators, who are appointed one by one.
func (d RightsDirectory) Standings(_ context.Context, who Identity) ([]access.Actor, error) {
	var out []access.Actor
	for _, r := range who.Reportees {
		var roles []access.Role
		for _, resource := range r.Resources {
			roles = append(roles, d.Roles[resource]...)
		}
		roles = slices.DeleteFunc(roles, func(r access.Role) bool { return r.Side() == access.SideCommon })
		if len(roles) == 0 {
			continue
		}
		slices.Sort(roles)
		out = append(out, access.Actor{ID: who.ActorID(), Name: cmp.Or(r.Name, r.Org.Grouped()), Org: string(r.Org), Roles: slices.Compact(roles)})
	}
	return out, nil
}

// Directories are several that people may act by. Whoever may act for an
// organisation by more than one of them has the roles of all.
type Directories []Directory

// Standings implements Directory. When one cannot tell, none is believed.
func (all Directories) Standings(ctx context.Context, who Identity) ([]access.Actor, error) {
	var out []access.Actor
	for _, d := range all {
		some, err := d.Standings(ctx, who)
		if err != nil {
			return nil, err
		}
		for _, a := range some {
			i := slices.IndexFunc(out, func(b access.Actor) bool { return a.Org == b.Org })
			if i < 0 {
				out = append(out, a)
				continue
			}
			roles := slices.Concat(out[i].Roles, a.Roles)
			slices.Sort(roles)
			out[i].Roles = slices.Compact(roles)
			if out[i].Name == organisation.Number(a.Org).Grouped() {
				out[i].Name = a.Name // which may be a name
			}
		}
	}
	return out, nil
}

// standings asks the directory and keeps what can be one: an organisation, each
// once, under the person's own id and with a role.
func (s *Sessions) standings(ctx context.Context, who Identity) ([]access.Actor, error) {
	if s.directory == nil {
		return nil, nil
	}
	all, err := s.directory.Standings(ctx, who)
	if err != nil {
		return nil, err
	}
	var out []access.Actor
	for _, a := range all {
		a.ID = who.ActorID()
		if a.Org == "" || len(a.Roles) == 0 || slices.ContainsFunc(out, func(b access.Actor) bool { return a.Org == b.Org }) {
			continue
		}
		out = append(out, a)
	}
	return out, nil
}
