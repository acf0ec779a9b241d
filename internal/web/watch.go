package web

import (
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/locale"
	"felleskrav/internal/notify"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// watching is the part of a page that says whether the reader's body watches
// what the page is about, as the partial of that name draws it.
type watching struct {
	notify.Target
	// Sees: the reader sees what the body watches. May: the reader decides on it.
	Sees, May bool
	// Watched is the target itself, and Whole all that the supplier offers.
	Watched, Whole bool
	Back           string
	// For is the body.
	For string
}

func (w *Web) watching(c *gin.Context, t notify.Target) (watching, error) {
	actor := w.actor(c)
	out := watching{Target: t, Back: c.Request.URL.RequestURI(), For: actor.Org}
	if actor.Org == "" || access.Check(actor, access.ReadWatch, actor.Org) != nil {
		return out, nil
	}
	l, err := w.Watch.List(c.Request.Context(), actor)
	if err != nil {
		return out, err
	}
	out.Sees, out.May = true, access.Check(actor, access.WriteWatch, actor.Org) == nil
	out.Watched = l.Has(t)
	out.Whole = t.Offering != "" && l.Has(notify.Target{Supplier: t.Supplier})
	return out, nil
}

type watchPage struct {
	Base
	Changed []watchRow
	Same    []watchRow
	Count   int
	Max     int
	// At is the moment that the page tells of, for marking it as seen.
	At string
	// May is set for those who decide what is watched.
	May bool
}

type watchRow struct {
	notify.Row
	Told     []string
	Register registered
}

// watch shows what the body watches.
func (w *Web) watch(c *gin.Context) error { return w.showWatch(c, nil) }

func (w *Web) showWatch(c *gin.Context, failed error) error {
	actor, t, code := w.actor(c), w.texts(c), codeOf(failed)
	v, err := w.Watch.View(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	p := watchPage{
		Base: w.base(c, "watch"), Count: len(v.Rows), Max: notify.MaxItems, At: v.At.Format(time.RFC3339Nano),
		May: access.Check(actor, access.WriteWatch, actor.Org) == nil,
	}
	p.Here = "/watch"
	p.Form = newForm(t, failed)
	for _, r := range v.Rows {
		row := watchRow{Row: r, Register: w.registered(r.Register, r.Supplier, r.Name)}
		for _, ch := range r.Changes {
			row.Told = append(row.Told, w.told(t, ch))
		}
		if len(row.Told) > 0 {
			p.Changed = append(p.Changed, row)
		} else {
			p.Same = append(p.Same, row)
		}
	}
	return w.show(c, code, "watch", p)
}

// told is a change in a sentence.
func (w *Web) told(t *locale.Texts, ch notify.Change) string {
	set, _ := w.Catalogue.Content().KnownSet(ch.Set)
	args := map[string]any{"Name": ch.Name, "Set": set.Name.In(t.Lang), "Version": ch.Version, "Link": ch.Link}
	if ch.Overall != "" {
		args["Status"] = strings.ToLower(termWord(t, ch.Overall))
	}
	if ch.Kind == notify.Registered {
		args["State"] = strings.ToLower(t.T(termKey("register.state", ch.Register)))
	}
	if !ch.At.IsZero() {
		args["When"] = t.Date(ch.At)
	}
	return t.T("page.watch.change-"+string(ch.Kind), args)
}

// watchTarget reads what a form is about.
func watchTarget(c *gin.Context) (notify.Target, error) {
	if err := parseForm(c); err != nil {
		return notify.Target{}, err
	}
	n, err := organisation.ParseIdentifier(c.PostForm("supplier"))
	if err != nil {
		return notify.Target{}, problem.New(problem.NotFound, "watch.nothing", nil).Because(err)
	}
	return notify.Target{Supplier: n, Offering: line(c.PostForm("offering"))}, nil
}

func (w *Web) watchAdd(c *gin.Context) error {
	t, err := watchTarget(c)
	if err != nil {
		return err
	}
	if err := w.Watch.Watch(c.Request.Context(), w.actor(c), t); err != nil {
		if mendable(err) {
			return w.showWatch(c, err)
		}
		return err
	}
	return w.done(c, "page.watch.added", local(c.PostForm("back"), "/watch"))
}

func (w *Web) watchRemove(c *gin.Context) error {
	t, err := watchTarget(c)
	if err != nil {
		return err
	}
	if err := w.Watch.Unwatch(c.Request.Context(), w.actor(c), t); err != nil {
		return err
	}
	return w.done(c, "page.watch.removed", local(c.PostForm("back"), "/watch"))
}

// watchSeen notes that what stood on the page was seen: one thing, or all.
func (w *Web) watchSeen(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, c.PostForm("at"))
	if err != nil {
		return problem.New(problem.Invalid, "page.error.form", nil).Because(err)
	}
	var some []notify.Target
	if c.PostForm("supplier") != "" {
		t, err := watchTarget(c)
		if err != nil {
			return err
		}
		some = append(some, t)
	}
	if err := w.Watch.Seen(c.Request.Context(), w.actor(c), at, some...); err != nil {
		return err
	}
	return w.done(c, "page.watch.seen", "/watch")
}
