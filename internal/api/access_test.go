package api

import (
	"bytes"
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"felleskrav/internal/access"
	"felleskrav/internal/trail"
)

// TestAccess asks every operation of the contract as everybody: nobody, who has
// no role, and each role, for the organisation that has what is asked for, for
// another, and for none; with tokens that are good and that are not. What the
// answer should be is the policy's word, and the cell's for what the policy does
// not say. What is refused changes nothing, and is in the trail; what is done is
// in the trail.
func TestAccess(t *testing.T) {
	quiet(t)
	testAccess(t, newWorldOnSQLite(t), func(string) bool { return true })
}

// TestAccessOnMongo asks for one of each thing on the other backend.
func TestAccessOnMongo(t *testing.T) {
	quiet(t)
	some := []string{
		"putSupplier", "putOffering", "putEvidence", "downloadEvidence", "getReview", "deleteCheck", "listProcurements", "putProcurement",
		"getOwnWorkbook", "submitAttestation", "putContentDraft", "listTokens", "revokeToken", "listTrail",
	}
	testAccess(t, newWorldOnMongo(t), func(operation string) bool { return slices.Contains(some, operation) })
}

// quiet keeps thousands of refusals out of the log.
func quiet(t *testing.T) {
	log := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(log) })
}

func testAccess(t *testing.T, w *world, some func(operation string) bool) {
	t.Helper()
	all := cells()
	g := &gate{world: w, visitors: map[string]visitor{}}
	for _, o := range w.api.spec.list {
		c, ok := all[o.id]
		if open[o.id] {
			continue
		}
		if !ok {
			t.Errorf("%s %s (%s) is new: say in cells whose it is and how it answers to others", o.method, o.path, o.id)
			continue
		}
		delete(all, o.id)
		if !slices.Contains(access.Actions(), o.rule.action) {
			t.Errorf("%s has the action %q, which is not in the policy", o.id, o.rule.action)
			continue
		}
		if some(o.id) {
			t.Run(o.id, func(t *testing.T) {
				w.t = t
				ids, body := g.fresh(c)
				g.refused(o, c, ids, body)
				g.worthless(o, c, ids, body)
				g.allowed(o, c)
			})
		}
	}
	w.t = t
	for id := range all {
		t.Errorf("%s is no operation", id)
	}
	t.Logf("%d answers", g.asked)
}

// noteOf is what the trail should say of a request.
func noteOf(o *operation, v visitor, status int) trail.Entry {
	return trail.Entry{Actor: v.actor.ID, Org: v.actor.Org, Action: string(o.rule.action), Operation: o.method + " " + ginPath(o.path), Status: status}
}

// changes reports whether the trail is told of what happens.
func (o *operation) changes() bool { return o.method != "GET" && access.Changes(o.rule.action) }

// refused asks as those who may not, for the same thing all the time.
func (g *gate) refused(o *operation, c cell, ids map[string]string, body any) {
	g.t.Helper()
	visitors := g.everybody(c.owner)
	g.mark()
	before := g.contents()
	var noted []trail.Entry
	var toNobody *reply
	for _, v := range visitors {
		status, key := c.want(v.actor, o.rule.action)
		if status == c.good {
			continue
		}
		r := g.ask(o, c, v, ids, body)
		if r.status != status || key != "" && r.key() != key {
			g.t.Errorf("as %q: %d %.300s, want %d %s", v.name, r.status, r.body, status, key)
		}
		toNobody = cmp.Or(toNobody, &r)
		g.unkept(o, v, r, *toNobody)
		if o.changes() && v.actor.Known() && status != 422 {
			noted = append(noted, noteOf(o, v, status))
		}
	}
	g.unchanged(before)
	g.traced(o, noted)
}

// allowed asks as those who may, for a new thing each time where it is used up.
func (g *gate) allowed(o *operation, c cell) {
	g.t.Helper()
	var toNobody *reply
	for _, v := range g.everybody(c.owner) {
		if status, _ := c.want(v.actor, o.rule.action); status != c.good {
			continue
		}
		ids, body := g.fresh(c)
		g.mark()
		r := g.ask(o, c, v, ids, body)
		if r.status != c.good {
			g.t.Errorf("as %q: %d %.300s, want %d", v.name, r.status, r.body, c.good)
		}
		if c.lists != "" && bytes.Contains(r.body, []byte(g.ids[c.lists])) != c.shows(v.actor, o.rule.action) {
			g.t.Errorf("as %q: shows %s: %v", v.name, c.lists, !c.shows(v.actor, o.rule.action))
		}
		toNobody = cmp.Or(toNobody, &r)
		g.unkept(o, v, r, *toNobody)
		if o.changes() && v.actor.Known() {
			g.traced(o, []trail.Entry{noteOf(o, v, c.good)})
		}
	}
}

// worthless asks with tokens that are good no more, or never were, of those who
// could have got in.
func (g *gate) worthless(o *operation, c cell, ids map[string]string, body any) {
	g.t.Helper()
	owner := c.owner
	if owner == "" {
		owner = agency
	}
	var visitors []visitor
	for _, role := range roleList() {
		for _, state := range []string{"expired", "revoked"} {
			visitors = append(visitors, g.visitor(role, owner, state))
		}
	}
	for i, secret := range []string{"fkt_", "fkt_" + strings.Repeat("A", 43), "x", strings.Repeat("x", 9000), "Bearer", "fkt_ å"} {
		name := "malformed " + string(rune('0'+i))
		g.tokens[name] = secret
		visitors = append(visitors, visitor{name: name})
	}
	g.mark()
	before := g.contents()
	for _, v := range visitors {
		r := g.ask(o, c, v, ids, body)
		if !strings.HasPrefix(o.path, "/api/") {
			if r.status != c.good {
				g.t.Errorf("with a token that is %q: %d, want %d", v.name, r.status, c.good)
			}
			continue
		}
		if r.status != 401 || r.key() != "access.token" || r.header.Get("WWW-Authenticate") == "" {
			g.t.Errorf("with a token that is %q: %d %.200s, want 401", v.name, r.status, r.body)
		}
	}
	g.unchanged(before)
	g.traced(o, nil)
}

// TestDefaultDeny holds that an operation without a rule is refused.
func TestDefaultDeny(t *testing.T) {
	h := newHouse(t)
	op := h.api.spec.operations["GET /api/v1/tasks"]
	op.rule = rule{}
	if r := h.want(403, "editor", "GET", "/api/v1/tasks", nil); r.key() != "access.denied" {
		t.Errorf("without a rule: %s", r.body)
	}
}
