package web

import (
	"net/http"
	"strings"
	"testing"

	"felleskrav/internal/access"
	"felleskrav/internal/trail"
)

// TestAccess asks every route of the pages as everybody: nobody, who has no
// role, and each role, for the organisation that has what is asked for, for
// another, and for none; with sessions that are good, that have expired, and
// that were logged out of. What is refused changes nothing, and attempts at
// changes are in the trail, as changes are.
func TestAccess(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	all := g.cells()
	for _, r := range g.web.Routes() {
		name := r.Method + " " + r.Path
		c, ok := all[name]
		if !ok {
			t.Errorf("%s is new: say in cells whose it is and how it answers to others", name)
			continue
		}
		delete(all, name)
		t.Run(strings.ReplaceAll(name, "/", "|"), func(t *testing.T) {
			g.t = t
			g.try(r, c)
		})
	}
	g.t = t
	for name := range all {
		t.Errorf("%s is no route", name)
	}
	t.Logf("%d answers", g.asked)
}

func (g *gate) try(r Route, c cell) {
	g.t.Helper()
	everybody := []visitor{{"", access.Anyone(), ""}, {"forged", access.Anyone(), strings.Repeat("A", 43)}}
	for _, role := range roleList() {
		for i, org := range orgsOf[c.owner] {
			id := actorOf(role, org).ID
			everybody = append(everybody, g.visitors[id])
			if i == 0 {
				everybody = append(everybody, g.visitors["expired "+id], g.visitors["logged-out "+id])
			}
		}
	}
	path := g.fresh(r.Path, c)
	g.since()
	before := g.contents()
	var noted []trail.Entry
	for _, refusals := range []bool{true, false} {
		for _, v := range everybody {
			want := c.want(r.Method, v.actor, r.Action)
			if _, err := access.ScopeFor(v.actor, r.Action); refusals != (err != nil || want != c.good) {
				continue
			}
			if !refusals && c.fresh != nil {
				g.matches(r, noted)
				path, noted = g.fresh(r.Path, c), nil
				g.since()
			}
			if strings.HasPrefix(r.Path, "/logout") && v.actor.Known() {
				v.cookie = g.enter(v.actor.ID) // the others are needed
				g.since()
			}
			a := g.send(r.Method, path, v, c)
			if a.code != want {
				g.t.Errorf("as %q: %d to %q %s, want %d", v.name, a.code, a.header.Get("Location"), leading(a.body), want)
			}
			if to := a.header.Get("Location"); refusals && want == http.StatusSeeOther && !strings.HasPrefix(to, "/login?") {
				g.t.Errorf("as %q: sent to %s", v.name, to)
			}
			control, vary := a.header.Get("Cache-Control"), strings.Join(a.header.Values("Vary"), ",")
			if v.actor.Known() && !strings.HasPrefix(r.Path, "/logout") && !strings.Contains(control, "no-store") || !strings.Contains(control, "private") && !strings.Contains(control, "no-store") {
				g.t.Errorf("as %q: Cache-Control: %s", v.name, control)
			}
			if !strings.Contains(vary, "Cookie") {
				g.t.Errorf("as %q: Vary: %s", v.name, vary)
			}
			if r.Method == http.MethodPost && access.Changes(r.Action) && v.actor.Known() && (a.code < 400 || a.code == 401 || a.code == 403 || a.code == 404) {
				noted = append(noted, trail.Entry{Actor: v.actor.ID, Org: v.actor.Org, Action: string(r.Action), Operation: r.Method + " " + r.Path, Status: a.code})
			}
		}
		if refusals {
			g.unchanged(before)
		}
		if !strings.HasPrefix(r.Path, "/logout") {
			g.matches(r, noted)
		}
		noted = nil
	}
}

// A route that the policy knows nothing of is not put up.
func TestRoutesWithoutPolicy(t *testing.T) {
	for _, action := range []access.Action{"", "catalogue.red"} {
		err := guarded([]Route{{Method: "GET", Path: "/fine", Action: access.ReadCatalogue}, {Method: "POST", Path: "/new", Action: action}})
		if err == nil || !strings.Contains(err.Error(), "POST /new") || strings.Contains(err.Error(), "/fine") {
			t.Errorf("%q: %v", action, err)
		}
	}
}
