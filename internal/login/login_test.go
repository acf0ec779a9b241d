package login

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage/sqlite"
)

var persona = Persona{ID: "supplier", Role: access.Supplier, Actor: access.Actor{ID: "demo:supplier", Name: "Testsky AS", Org: "910000012", Roles: []access.Role{access.Supplier}}}

func open(t *testing.T) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(context.Background(), t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// ask sends a request with cookies through the middleware and a handler, and
// gives the cookie that was set, if any.
func ask(t *testing.T, s *Sessions, cookies []*http.Cookie, h gin.HandlerFunc) []*http.Cookie {
	t.Helper()
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.Use(s.Middleware(func(_ *gin.Context, err error) { t.Error(err) }, func(_ context.Context, err error) { t.Error(err) }))
	e.GET("/", h)
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range cookies {
		req.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, req)
	return rec.Result().Cookies()
}

func TestChooseIsRememberedUntilLogout(t *testing.T) {
	store := open(t)
	s := New(Config{Store: store.Sessions(), Secure: true, Demo: []Persona{persona}})
	got := ask(t, s, nil, func(c *gin.Context) {
		ctx := c.Request.Context()
		if a := s.Actor(ctx); a.Known() {
			t.Errorf("somebody before the login: %+v", a)
		}
		if _, err := s.Choose(ctx, "nobody"); problem.KindOf(err) != problem.Invalid {
			t.Errorf("an unknown persona: %v", err)
		}
		a, err := s.Choose(ctx, "supplier")
		if err != nil || !cmp.Equal(a, persona.Actor) {
			t.Errorf("%+v %v", a, err)
		}
		s.Tell(ctx, "some.key")
		c.Redirect(http.StatusSeeOther, "/next")
	})
	if len(got) != 1 || !got[0].HttpOnly || !got[0].Secure || got[0].SameSite != http.SameSiteLaxMode || got[0].Value == "" {
		t.Fatalf("cookies %+v", got)
	}
	ask(t, s, got, func(c *gin.Context) {
		ctx := c.Request.Context()
		if a := s.Actor(ctx); !cmp.Equal(a, persona.Actor) {
			t.Errorf("the actor is %+v", a)
		}
		if k := s.Told(ctx); k != "some.key" {
			t.Errorf("told %q", k)
		}
		c.String(http.StatusOK, "body")
	})
	ask(t, s, got, func(c *gin.Context) {
		if k := s.Told(c.Request.Context()); k != "" {
			t.Errorf("told twice: %q", k)
		}
	})

	// The same data without the demonstration: the choice is worth nothing.
	plain := New(Config{Store: store.Sessions()})
	ask(t, plain, got, func(c *gin.Context) {
		if a := plain.Actor(c.Request.Context()); a.Known() {
			t.Errorf("a demonstration's login outlived it: %+v", a)
		}
	})

	gone := ask(t, s, got, func(c *gin.Context) {
		if err := s.Logout(c.Request.Context()); err != nil {
			t.Error(err)
		}
		c.Status(http.StatusNoContent)
	})
	if len(gone) != 1 || gone[0].Value != "" {
		t.Errorf("cookies after the logout %+v", gone)
	}
	ask(t, s, got, func(c *gin.Context) {
		if a := s.Actor(c.Request.Context()); a.Known() {
			t.Errorf("the old token still works: %+v", a)
		}
	})
}

func TestKeepHoldsUntilDropped(t *testing.T) {
	s := New(Config{Store: open(t).Sessions(), Demo: []Persona{persona}})
	got := ask(t, s, nil, func(c *gin.Context) { s.Keep(c.Request.Context(), "x", []byte("value")) })
	ask(t, s, got, func(c *gin.Context) {
		if v := s.Kept(c.Request.Context(), "x"); string(v) != "value" {
			t.Errorf("kept %q", v)
		}
		s.Drop(c.Request.Context(), "x")
	})
	ask(t, s, got, func(c *gin.Context) {
		if v := s.Kept(c.Request.Context(), "x"); v != nil {
			t.Errorf("kept %q after it was dropped", v)
		}
	})
}

func TestVisitorsWithoutASessionGetNoCookie(t *testing.T) {
	s := New(Config{Store: open(t).Sessions()})
	if got := ask(t, s, nil, func(c *gin.Context) { s.Told(c.Request.Context()); c.String(http.StatusOK, "x") }); len(got) != 0 {
		t.Errorf("cookies %+v", got)
	}
}

func TestAFailingStoreIsTold(t *testing.T) {
	store := open(t)
	s := New(Config{Store: store.Sessions()})
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	var failed error
	e := gin.New()
	e.Use(s.Middleware(func(c *gin.Context, err error) { failed = err; c.Status(http.StatusServiceUnavailable) }, func(context.Context, error) {}))
	e.GET("/", func(*gin.Context) { t.Error("the request went on without a session") })
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	req.AddCookie(&http.Cookie{Name: CookieName, Value: "token"})
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, req)
	if failed == nil || errors.Is(failed, context.Canceled) || rec.Code != http.StatusServiceUnavailable {
		t.Errorf("%v, status %d", failed, rec.Code)
	}
}
