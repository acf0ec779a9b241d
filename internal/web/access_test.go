package web

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/access"
	"felleskrav/internal/login"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/storage/storagetest"
	"felleskrav/internal/trail"
)

// visitor is somebody with a cookie.
type visitor struct {
	name   string
	actor  access.Actor
	cookie string
}

// gate asks every route as everybody.
type gate struct {
	*site
	client   *http.Client
	ids      map[string]string
	database *sql.DB
	visitors map[string]visitor
	seq      int64
	asked    int
}

func actorOf(role access.Role, org string) access.Actor {
	roles := []access.Role{role}
	if role == "" {
		roles = nil
	}
	return access.Actor{ID: "test:" + string(role) + "@" + org, Name: "Prøve", Org: org, Roles: roles}
}

func roleList() []access.Role {
	return slices.DeleteFunc(append([]access.Role{""}, access.Roles()...), func(r access.Role) bool { return r == access.Supplier })
}

var orgsOf = map[string][]string{
	seller.Org: {seller.Org, other.Org, ""}, buyer.Org: {buyer.Org, adviser.Org, ""}, adviser.Org: {adviser.Org, buyer.Org, ""}, "": {adviser.Org, ""},
}

func newGate(t *testing.T) *gate {
	t.Helper()
	ways := personas()
	for _, role := range roleList() {
		for _, org := range []string{seller.Org, other.Org, buyer.Org, adviser.Org, ""} {
			a := actorOf(role, org)
			ways = append(ways, login.Persona{ID: a.ID, Role: role, Actor: a})
		}
	}
	s := newSiteFor(t, ways)
	g := &gate{site: s, visitors: map[string]visitor{}, client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	g.ids = s.ids()
	g.database = must[*sql.DB](t)(sql.Open("sqlite", "file:"+filepath.Join(s.dir, sqlite.FileName)+"?mode=ro"))
	t.Cleanup(func() { _ = g.database.Close() })
	short := login.New(login.Config{Store: s.store.Sessions(), Demo: ways, Lifetime: time.Nanosecond})
	door := gin.New()
	door.GET("/", short.Middleware(s.web.Error, s.web.report), func(c *gin.Context) {
		if _, err := short.Choose(c.Request.Context(), c.Query("persona")); err != nil {
			t.Error(err)
		}
		c.Status(http.StatusNoContent)
	})
	for _, w := range ways[len(personas()):] {
		rec := httptest.NewRecorder()
		door.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/?"+url.Values{"persona": {w.ID}}.Encode(), nil))
		g.visitors["expired "+w.ID] = visitor{"expired " + w.ID, access.Anyone(), cookieIn(t, rec.Header())}
	}
	for _, w := range ways[len(personas()):] {
		g.visitors[w.ID] = visitor{w.ID, w.Actor, g.enter(w.ID)}
		out := visitor{"logged-out " + w.ID, access.Anyone(), g.enter(w.ID)}
		if r := g.send(http.MethodPost, "/logout", out, cell{}); r.code != http.StatusSeeOther {
			t.Fatalf("log out: %d", r.code)
		}
		g.visitors[out.name] = out
	}
	return g
}

// enter logs in, and gives the cookie.
func (g *gate) enter(persona string) string {
	g.t.Helper()
	r := g.send(http.MethodPost, "/demo/login", visitor{}, cell{form: url.Values{"persona": {persona}}})
	return cookieIn(g.t, r.header)
}

func cookieIn(t *testing.T, h http.Header) string {
	t.Helper()
	res := http.Response{Header: h}
	for _, c := range res.Cookies() {
		if c.Name == login.CookieName && c.Value != "" {
			return c.Value
		}
	}
	t.Fatalf("no cookie: %v", h)
	return ""
}

// send asks without following to another address.
func (g *gate) send(method, path string, v visitor, c cell) answer {
	g.t.Helper()
	g.asked++
	var body io.Reader
	kind := ""
	switch {
	case method == http.MethodGet:
	case c.file != "":
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		w := must[io.Writer](g.t)(m.CreateFormFile(c.file, "a.txt"))
		must[int](g.t)(w.Write([]byte("Dette er ikke det som ventes.")))
		if err := m.Close(); err != nil {
			g.t.Fatal(err)
		}
		body, kind = &b, m.FormDataContentType()
	default:
		body, kind = strings.NewReader(c.form.Encode()), "application/x-www-form-urlencoded"
	}
	req := must[*http.Request](g.t)(http.NewRequestWithContext(context.Background(), method, g.url+path, body))
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if v.cookie != "" {
		req.AddCookie(&http.Cookie{Name: login.CookieName, Value: v.cookie})
	}
	res := must[*http.Response](g.t)(g.client.Do(req))
	defer res.Body.Close()
	return answer{res.StatusCode, string(must[[]byte](g.t)(io.ReadAll(res.Body))), path, res.Header}
}

// path fills a pattern in.
func (g *gate) path(pattern string, ids map[string]string) string {
	keys := slices.Collect(maps.Keys(ids))
	slices.SortFunc(keys, func(a, b string) int { return len(b) - len(a) })
	for _, k := range keys {
		literal, _, _ := strings.Cut(k, ":")
		pattern = strings.ReplaceAll(pattern, k, literal+ids[k])
	}
	if strings.Contains(pattern, ":") {
		g.t.Fatalf("nothing to put into %s", pattern)
	}
	return pattern
}

func (g *gate) fresh(pattern string, c cell) string {
	ids := maps.Clone(g.ids)
	if c.fresh != nil {
		id := c.fresh(g.site)
		for _, k := range []string{":wid", "/checks/:id", "/tokens/:id"} {
			if strings.Contains(pattern, k) {
				ids[k] = id
			}
		}
	}
	return g.path(pattern, ids) + c.query
}

func (c cell) shows(a access.Actor, action access.Action) bool {
	if c.sees != nil {
		return c.sees(a)
	}
	scope, err := access.ScopeFor(a, action)
	return err == nil && (scope.All || scope.Org == c.owner)
}

// want is what the answer should be.
func (c cell) want(method string, a access.Actor, action access.Action) int {
	scope, err := access.ScopeFor(a, action)
	switch {
	case err != nil && a.Known():
		return http.StatusForbidden
	case err != nil && method == http.MethodGet:
		return http.StatusSeeOther // to log in
	case err != nil:
		return http.StatusUnauthorized
	case scope.All && a.Known() && a.Org == "" && c.landless != 0:
		return c.landless
	case c.elsewhere != asOwn && !c.shows(a, action):
		return c.elsewhere
	}
	return c.good
}

// TestAccess asks every route of the pages as everybody: nobody, who has no
// role, and each role, for the organisation that has what is asked for, for
// another, and for none; with sessions that are good, that have expired, and
// that were logged out of. What is refused changes nothing, and attempts at
// changes are in the trail, as changes are.
func TestAccess(t *testing.T) {
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
			if r.Path == "/logout" && v.actor.Known() {
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
			if v.actor.Known() && r.Path != "/logout" && !strings.Contains(control, "no-store") || !strings.Contains(control, "private") && !strings.Contains(control, "no-store") {
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
			if d := cmp.Diff(before, g.contents()); d != "" {
				g.t.Errorf("refused, and yet something is other than before: %s", d)
			}
		}
		if r.Path != "/logout" {
			g.matches(r, noted)
		}
		noted = nil
	}
}

// contents is what the store holds, but for sessions.
func (g *gate) contents() map[string]string {
	out := storagetest.Contents(g.t, g.database)
	delete(out, "sessions")
	return out
}

// since gives what is new in the trail.
func (g *gate) since() (out []trail.Entry) {
	g.t.Helper()
	if err := g.web.Trail.Record(context.Background(), trail.Entry{Actor: "test", Action: "mark"}); err != nil {
		g.t.Fatal(err)
	}
	for e, err := range trail.All(context.Background(), g.web.Trail.Store, g.seq+1) {
		if err != nil {
			g.t.Fatal(err)
		}
		if g.seq = e.Seq; e.Action != "mark" && strings.HasPrefix(e.Operation, "POST ") {
			out = append(out, trail.Entry{Actor: e.Actor, Org: e.Org, Action: e.Action, Operation: e.Operation, Status: e.Status})
		}
	}
	return out
}

func (g *gate) matches(r Route, want []trail.Entry) {
	g.t.Helper()
	if d := cmp.Diff(want, g.since()); d != "" {
		g.t.Errorf("the trail of %s %s is not what happened (-want +got):\n%s", r.Method, r.Path, d)
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
