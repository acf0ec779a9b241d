package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/httpd"
	"felleskrav/internal/problem"
	"felleskrav/internal/trail"
)

type trailPage struct {
	Base
	Items                        []trail.Entry
	Next, CSV, JSONL             string
	From, To, By, Action, Target Field
	// Filtered tells that not all of it was asked for.
	Filtered bool
}

// trailFilters are the names of the filters in the address.
var trailFilters = []string{"from", "to", "actor", "action", "target"}

// trail shows the audit trail, newest first.
func (w *Web) trail(c *gin.Context) error {
	asked, f, failed := w.trailAsked(c)
	p := trailPage{Base: w.base(c, "trail")}
	p.Form = newForm(w.texts(c), failed)
	code := http.StatusOK
	if failed != nil {
		code = http.StatusUnprocessableEntity
	} else {
		f.Limit = listed + 1
		if before, err := strconv.ParseInt(c.Query("before"), 10, 64); err == nil && before > 0 {
			f.Before = before
		}
		items, err := w.Trail.List(c.Request.Context(), w.actor(c), f)
		if err != nil {
			return err
		}
		p.Items = items
		if len(items) > listed {
			p.Items = items[:listed]
			p.Next = "/trail?" + trailQuery(asked, "before", strconv.FormatInt(items[listed-1].Seq, 10))
		}
		p.CSV, p.JSONL = "/trail/export?"+trailQuery(asked, "format", trail.CSV), "/trail/export?"+trailQuery(asked, "format", trail.JSONL)
	}
	p.Filtered = len(asked) > 0
	field := func(name, kind string) Field {
		return p.Form.field(Field{Name: name, Label: "page.trail." + name, Value: asked.Get(name), Type: kind, Size: "m", Plain: true, Autocomplete: "off"})
	}
	p.From, p.To, p.By, p.Target = field("from", "date"), field("to", "date"), field("actor", ""), field("target", "")
	p.Action = Field{Name: "action", Label: "page.trail.action", Size: "m", Plain: true, Options: []Option{{"", w.texts(c).T("page.trail.any"), asked.Get("action") == ""}}}
	for _, a := range trailActions() {
		p.Action.Options = append(p.Action.Options, Option{a, w.texts(c).T("trail.action." + a), a == asked.Get("action")})
	}
	p.Action = p.Form.field(p.Action)
	return w.show(c, code, "trail", p)
}

// trailActions are those that entries are made for.
func trailActions() []string {
	var out []string
	for _, a := range access.Actions() {
		if access.Traced(a) {
			out = append(out, string(a))
		}
	}
	return append(out, trail.OtherActions()...)
}

// Known reports whether there is a text for the action of an entry.
func (p trailPage) Known(action string) bool { return slices.Contains(trailActions(), action) }

// trailAsked reads the filters of the address.
func (w *Web) trailAsked(c *gin.Context) (url.Values, trail.Filter, error) {
	asked := url.Values{}
	for _, name := range trailFilters {
		if v := line(c.Query(name)); v != "" {
			asked.Set(name, v)
		}
	}
	f := trail.Filter{Actor: asked.Get("actor"), Action: asked.Get("action"), Target: asked.Get("target")}
	for name, to := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		at, ok := readTime(asked.Get(name), name == "to")
		if !ok {
			return asked, f, badDate(name)
		}
		if at != nil {
			*to = *at
			if name == "to" {
				*to = at.Add(time.Second) // the day is to be whole
			}
		}
	}
	return asked, f, nil
}

func trailQuery(asked url.Values, name, value string) string {
	v := url.Values{name: {value}}
	for k := range asked {
		v.Set(k, asked.Get(k))
	}
	return v.Encode()
}

// exportWait is how long an export may take.
const exportWait = 10 * time.Minute

// trailExport gives all of it as a file.
func (w *Web) trailExport(c *gin.Context) error {
	_, f, err := w.trailAsked(c)
	if err != nil {
		return err
	}
	format, kind := c.Query("format"), "text/csv; charset=utf-8"
	switch format {
	case trail.CSV:
	case trail.JSONL:
		kind = "application/jsonl"
	default:
		return problem.New(problem.Invalid, "page.error.form", nil)
	}
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(exportWait)) // else the ordinary one holds
	attach(c, "trail."+format, kind)
	if c.Request.Method == http.MethodHead {
		c.Status(http.StatusOK)
		return nil
	}
	return w.Trail.Export(c.Request.Context(), w.actor(c), f, trail.NewWriter(c.Writer, format))
}

// noteEvidence tells the trail of documentation that is read.
func noteEvidence(c *gin.Context, all ...evidence.Evidence) {
	for _, e := range all {
		httpd.Owner(c, string(e.Owner))
		if e.Visibility != evidence.VisiblePublic {
			httpd.Restricted(c)
		}
	}
}
