package members

import (
	"cmp"
	"context"

	"felleskrav/internal/access"
	"felleskrav/internal/login"
	"felleskrav/internal/member"
)

// Directory lets people act by their memberships.
type Directory struct{ Service *member.Service }

var _ login.Directory = Directory{}

// Standings implements login.Directory.
func (d Directory) Standings(ctx context.Context, who login.Identity) ([]access.Actor, error) {
	all, err := d.Service.Standings(ctx, who.ActorID())
	if err != nil {
		return nil, err
	}
	var out []access.Actor
	for _, s := range all {
		out = append(out, access.Actor{ID: who.ActorID(), Name: cmp.Or(s.Name, s.Org.Grouped()), Org: string(s.Org), Roles: s.Roles})
	}
	return out, nil
}

// Seen notes that a person has logged in, if anything is kept about them.
func (d Directory) Seen(ctx context.Context, who login.Identity) error {
	return d.Service.Seen(ctx, who.ActorID(), who.Name)
}
