package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/access"
	"felleskrav/internal/trail"
)

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
