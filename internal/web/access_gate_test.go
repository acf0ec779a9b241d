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

func cookieIn(t testing.TB, h http.Header) string {
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
	if c.header == nil {
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if v.cookie != "" {
		req.AddCookie(&http.Cookie{Name: login.CookieName, Value: v.cookie})
	}
	res := must[*http.Response](g.t)(g.client.Do(req))
	defer res.Body.Close()
	got := must[[]byte](g.t)(io.ReadAll(res.Body))
	return answer{res.StatusCode, string(got), path, res.Header, len(got)}
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
	case c.elsewhere != asOwn && !c.shows(a, action) && !a.Known():
		return http.StatusUnauthorized
	case c.elsewhere != asOwn && !c.shows(a, action):
		return c.elsewhere
	}
	return c.good
}

func (g *gate) unchanged(before map[string]string) {
	g.t.Helper()
	if d := cmp.Diff(before, g.contents()); d != "" {
		g.t.Errorf("refused, and yet something is other than before: %s", d)
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
