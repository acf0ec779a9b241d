package main

import (
	"context"
	"fmt"

	"felleskrav/internal/access"
	"felleskrav/internal/notify"
)

// demoWatched are whom the adviser's body watches, from before some of them
// withdrew or changed anything.
var demoWatched = []string{"fjordsky", "bolge", "lyng", "myr"}

// watchSome has the adviser's invented body watch a few suppliers, once.
func (m *market) watchSome(ctx context.Context) error {
	p := demoOrgs[access.Adviser]
	actor := access.Actor{ID: "demo:fill", Name: p.name, Org: string(p.number), Roles: []access.Role{access.Adviser}}
	have, err := m.watch.List(ctx, actor)
	if err != nil || have.Rev > 0 {
		return err
	}
	for _, key := range demoWatched {
		if err := m.watch.Watch(ctx, actor, notify.Target{Supplier: partyOf(key).number}); err != nil {
			return fmt.Errorf("watch %s: %w", key, err)
		}
	}
	return nil
}
