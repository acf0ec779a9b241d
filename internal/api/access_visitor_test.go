package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/trail"
)

// visitor is who asks: a role, or nothing, for an organisation, or for none.
type visitor struct {
	name  string // what house.do knows it as
	actor access.Actor
}

// as makes a caller with a token as it was issued, or that is "expired" or
// "revoked".
func (w *world) as(role access.Role, org, state string) visitor {
	roles := []access.Role{role}
	if role == "" {
		roles = nil
	}
	name := fmt.Sprintf("%s@%s %s", role, org, state)
	id := uuid.Must(uuid.NewV7()).String()
	c := visitor{name, access.Actor{ID: "token:" + id, Org: org, Roles: roles}}
	if _, ok := w.tokens[name]; ok {
		w.t.Fatalf("%s twice", name)
	}
	secret := "fkt_" + id
	sum := sha256.Sum256([]byte(secret))
	now := w.now()
	kept := organisation.Token{ID: id, Hash: hex.EncodeToString(sum[:]), Org: organisation.Number(org), OrgName: "Prøve", Roles: roles, CreatedAt: now.AddDate(0, -1, 0), ExpiresAt: now.AddDate(1, 0, 0), Rev: 1}
	switch state {
	case "expired":
		kept.ExpiresAt = now.Add(-time.Second)
	case "revoked":
		kept.RevokedAt = &now
	}
	if err := w.store.InsertToken(context.Background(), kept); err != nil {
		w.t.Fatal(err)
	}
	w.tokens[name] = secret
	return c
}

// since gives what is in the trail after a number, and the last number there.
func (w *world) since(seq int64) (out []trail.Entry, last int64) {
	w.t.Helper()
	if err := w.house.trail.Record(context.Background(), trail.Entry{Actor: "test", Action: "mark"}); err != nil {
		w.t.Fatal(err)
	}
	last = seq
	for e, err := range trail.All(context.Background(), w.store, seq+1) {
		if err != nil {
			w.t.Fatal(err)
		}
		if last = e.Seq; e.Action != "mark" {
			out = append(out, e)
		}
	}
	return out, last
}
