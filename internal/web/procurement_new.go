package web

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/selection"
)

// The steps of the guided form, all of them GETs of one address: the choices
// stand in the address, so that the way back loses nothing and a link to a
// result can be sent to a colleague.
const (
	stepTasks       = "tasks"
	stepInformation = "information" // and the delivery model
	stepResult      = "result"
)

// searchNames are the names of the searches, one for each step: what was searched
// for in one step says nothing in the next.
var searchNames = map[string]string{stepTasks: "q", stepInformation: "find"}

var newSteps = []string{stepTasks, stepInformation, stepResult}

type procurementNewPage struct {
	Base
	Step, NextStep string
	Steps          []stepLink
	// Kept carries the other steps' choices through this form; KeptAll all.
	Kept, KeptAll []hidden
	Search        Field
	Query         string
	Found         int
	// Guessed tells that what was found only looks like what was typed.
	Guessed bool
	// Chosen and Hits are drawn as they are, Groups behind their headings.
	Chosen, Hits choiceGroup
	Groups       []choiceGroup
	// ChoicesID is where the error summary leads for what was not chosen.
	ChoicesID string
	// WithoutQuery leads to the same choices without the search.
	WithoutQuery string

	Brought []catalogue.InformationType
	More    bool // the information types to add are open
	Models  choiceGroup
	Flags   choiceGroup
	// MoreFlags tells that one is chosen, so that they are open.
	MoreFlags bool

	Result     *selection.Result
	Themes     []whyTheme
	Covered    []whyMeasure
	Gaps       []whyMeasure
	Overrides  []overrideFields
	Overridden bool

	Title, Reference, Deadline, ContractEnd, Language Field
}

type stepLink struct {
	Label, URL string
	Current    bool
}

type hidden struct{ Name, Value string }

type choiceGroup struct {
	// ID is that of the group; Label and Hint are locale keys, no hint is "".
	ID, Label, Hint string
	// Error is a text, already in the reader's language.
	Error   string
	Choices []choice
}

type choice struct {
	ID, Name, Value, Text, Description string
	// Also is the other word that a search hit, or "".
	Also    string
	Checked bool
}

type overrideFields struct {
	Dimension     catalogue.Dimension
	Level, Reason Field
}

// newInput reads the choices. Overrides come in the order selection gives
// them, since its problems count from there.
func newInput(v url.Values) selection.Input {
	in := selection.Input{Tasks: v["task"], InformationTypes: v["info"]}
	for _, m := range v["model"] {
		in.DeliveryModels = append(in.DeliveryModels, catalogue.DeliveryModel(m))
	}
	for _, f := range v["flag"] {
		in.Flags = append(in.Flags, catalogue.Flag(f))
	}
	dims := catalogue.Dimensions()
	slices.Sort(dims)
	for _, d := range dims {
		level, reason := v.Get("level."+string(d)), line(v.Get("reason."+string(d)))
		if level == "" {
			continue
		}
		o := selection.Override{Dimension: d, Reason: reason}
		if len(level) == 1 && level[0] >= '1' && level[0] <= '4' {
			o.Level = catalogue.Level(level[0] - '0')
		}
		in.Overrides = append(in.Overrides, o)
	}
	return in
}

// keep gives the choices as hidden inputs, without the named ones.
func keep(v url.Values, without ...string) []hidden {
	var out []hidden
	for _, name := range append([]string{"task", "info", "model", "flag"}, overrideNames()...) {
		if slices.Contains(without, name) {
			continue
		}
		for _, value := range v[name] {
			if value != "" {
				out = append(out, hidden{name, value})
			}
		}
	}
	return out
}

func overrideNames() []string {
	var out []string
	for _, d := range catalogue.Dimensions() {
		out = append(out, "level."+string(d), "reason."+string(d))
	}
	return out
}

func (w *Web) procurementNew(c *gin.Context) error {
	v := c.Request.URL.Query()
	step := v.Get("step")
	if !slices.Contains(newSteps, step) {
		step = stepTasks
	}
	return w.showNew(c, v, step, nil)
}

// showNew draws a step. saveErr is what the service said to the whole form, if
// it was to be saved.
func (w *Web) showNew(c *gin.Context, v url.Values, step string, saveErr error) error {
	t := w.texts(c)
	p := procurementNewPage{Base: w.base(c, "procurements"), Step: step}
	p.Here = "/procurements/new?" + visible(v, step).Encode()
	code := http.StatusOK
	var selectErr error
	if step == stepResult {
		if p.Step, selectErr = w.selectResult(&p, v); selectErr != nil {
			code = codeOf(selectErr)
		}
	}
	err := selectErr
	if err == nil && saveErr != nil {
		err, code = saveErr, codeOf(saveErr)
	}
	form := newForm(t, err)
	p.Form = form
	p.Query = line(v.Get(searchNames[p.Step]))
	p.WithoutQuery = "/procurements/new?" + visible(v, p.Step).Encode()
	at := slices.Index(newSteps, p.Step)
	for i, s := range newSteps {
		l := stepLink{Label: "page.procurement-new.step-" + s, Current: i == at}
		if i < at {
			l.URL = "/procurements/new?" + visible(v, s).Encode()
		}
		p.Steps = append(p.Steps, l)
	}
	p.NextStep = newSteps[min(at+1, len(newSteps)-1)]
	switch p.Step {
	case stepTasks:
		p.Kept = keep(v, "task")
		w.taskChoices(&p, v["task"], t, form)
	case stepInformation:
		p.Kept = keep(v, "info", "model", "flag")
		w.informationChoices(&p, v, t, form)
		p.Models, p.Flags = modelChoices(v["model"], t, form), flagChoices(v["flag"], t)
		p.MoreFlags = len(v["flag"]) > 0
	default:
		p.Kept, p.KeptAll = keep(v, overrideNames()...), keep(v)
		p.overrideForm(v, form, t)
		p.saveForm(v, form, t)
	}
	return w.show(c, code, "procurement-new", p)
}

// visible keeps what belongs in the address of a step.
func visible(v url.Values, step string) url.Values {
	out := url.Values{"step": {step}}
	for _, h := range keep(v) {
		out.Add(h.Name, h.Value)
	}
	return out
}

func (w *Web) procurementCreate(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	v := c.Request.PostForm
	p := procurement.Procurement{
		Title: line(v.Get("title")), Reference: line(v.Get("reference")), Language: v.Get("language"), Input: newInput(v),
		ContractEnd: procurement.Day(line(v.Get("contractEnd"))),
	}
	actor := w.actor(c)
	p.Agency = agencyOf(actor)
	deadline, ok := readTime(v.Get("deadline"), true)
	if !ok {
		return w.showNew(c, v, stepResult, badDate("deadline"))
	}
	p.Deadline = deadline
	saved, err := w.Procurements.Create(c.Request.Context(), actor, p)
	if err != nil {
		if mendable(err) {
			return w.showNew(c, v, stepResult, err)
		}
		return err
	}
	return w.done(c, "page.procurement.saved", "/procurements/"+saved.ID)
}

// badDate is the problem with a date nobody can read.
func badDate(path string) error {
	return &problem.Error{Kind: problem.Invalid, Key: "invalid.fields", Args: problem.Args{"Count": 1}, Fields: []problem.Field{{Path: path, Key: "page.error.date"}}}
}
