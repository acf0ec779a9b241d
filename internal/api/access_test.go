package api

import (
	"bytes"
	stdcmp "cmp"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	testAccess(t, newWorld(t, newHouse(t)), func(string) bool { return true })
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

// gate asks at a world's gate.
type gate struct {
	*world
	visitors map[string]visitor
	asked    int
	seq      int64 // how far the trail has been read
}

// visitor finds the one with this token, or issues it.
func (g *gate) visitor(role access.Role, org, state string) visitor {
	name := string(role) + "@" + org + " " + state
	v, ok := g.visitors[name]
	if !ok {
		v = g.as(role, org, state)
		g.visitors[name] = v
	}
	return v
}

// roles are those that somebody can have one of; "" is none.
func roleList() []access.Role {
	return slices.DeleteFunc(append([]access.Role{""}, access.Roles()...), func(r access.Role) bool { return r == access.Supplier })
}

// everybody lists who may come to ask for what belongs to owner.
func (g *gate) everybody(owner string) []visitor {
	out := []visitor{{"", access.Anyone()}}
	orgs := map[string][]string{ours: {ours, theirs, ""}, agency: {agency, rival, ""}, "": {agency, ""}}[owner]
	for _, role := range roleList() {
		for _, org := range orgs {
			out = append(out, g.visitor(role, org, "good"))
		}
	}
	return out
}

// want is what the answer should be, and the key of the problem when the policy
// alone gives it.
func (c cell) want(a access.Actor, action access.Action) (status int, key string) {
	scope, err := access.ScopeFor(a, action)
	switch {
	case err != nil && !a.Known():
		return 401, "access.login"
	case err != nil:
		return 403, "access.denied"
	case scope.All && a.Known() && a.Org == "" && c.landless != 0:
		return c.landless, ""
	case c.elsewhere != asOwn && !c.shows(a, action):
		return c.elsewhere, map[int]string{denied: "access.other-organisation"}[c.elsewhere]
	}
	return c.good, ""
}

// shows reports whether what the owner has is for somebody.
func (c cell) shows(a access.Actor, action access.Action) bool {
	if c.sees != nil {
		return c.sees(a)
	}
	scope, err := access.ScopeFor(a, action)
	return err == nil && (scope.All || scope.Org == c.owner)
}

// ask sends the request of a cell.
func (g *gate) ask(o *operation, c cell, v visitor, ids map[string]string, body any) reply {
	g.t.Helper()
	g.asked++
	kind := c.kind
	switch {
	case c.body != nil:
		body = c.body(g.world, v.actor)
	case o.route.Operation.RequestBody != nil && body == nil:
		g.t.Fatal("the operation wants a body")
	}
	if kind == "" && body != nil {
		kind = "application/json"
		data, err := json.Marshal(body)
		if err != nil {
			g.t.Fatal(err)
		}
		body = data
	}
	return g.do(v.name, o.method, g.path(o.path, ids)+strings.NewReplacer("FILE", g.file, "UNTOUCHED", g.ids["untouched"]).Replace(c.query), body, "Content-Type", kind)
}

func (g *gate) fresh(c cell) (ids map[string]string, body any) {
	ids = maps.Clone(g.ids)
	if c.fresh != nil {
		body = c.fresh(g.world, ids)
	}
	return ids, body
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
		toNobody = stdcmp.Or(toNobody, &r)
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
		toNobody = stdcmp.Or(toNobody, &r)
		g.unkept(o, v, r, *toNobody)
		if o.changes() && v.actor.Known() {
			g.traced(o, []trail.Entry{noteOf(o, v, c.good)})
		}
	}
}

// unchanged fails when the store holds something else than it did.
func (g *gate) unchanged(before map[string]string) {
	g.t.Helper()
	if d := cmp.Diff(before, g.contents()); d != "" {
		g.t.Errorf("refused, and yet something is other than before: %s", d)
	}
}

// unkept fails when a cache that many share could keep what is for one. What
// it may keep is the same for all.
func (g *gate) unkept(o *operation, v visitor, r reply, toNobody reply) {
	g.t.Helper()
	control, vary := r.header.Get("Cache-Control"), strings.Join(r.header.Values("Vary"), ",")
	switch {
	case strings.Contains(control, "no-store"):
	case !strings.HasPrefix(o.path, "/api/"), strings.HasPrefix(control, "public"):
		if r.status != toNobody.status || !bytes.Equal(r.body, toNobody.body) {
			g.t.Errorf("as %q: kept by caches (%s), and not what nobody gets", v.name, control)
		}
	case v.actor.Known(), !strings.Contains(control, "private"):
		g.t.Errorf("as %q: Cache-Control: %s", v.name, control)
	case !strings.Contains(vary, "Authorization") && !bytes.Equal(r.body, toNobody.body):
		g.t.Errorf("as %q: Vary: %s", v.name, vary)
	}
}

// traced holds what is new in the trail of changes against what should be.
func (g *gate) traced(o *operation, want []trail.Entry) {
	g.t.Helper()
	var all, got []trail.Entry
	all, g.seq = g.since(g.seq)
	for _, e := range all {
		if !strings.HasPrefix(e.Operation, "GET ") {
			got = append(got, trail.Entry{Actor: e.Actor, Org: e.Org, Action: e.Action, Operation: e.Operation, Status: e.Status})
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		g.t.Errorf("the trail of %s is not what happened (-want +got):\n%s", o.id, d)
	}
}

// mark leaves out what the trail holds so far.
func (g *gate) mark() { _, g.seq = g.since(g.seq) }

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
