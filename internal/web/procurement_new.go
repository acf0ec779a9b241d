package web

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/selection"
)

// The steps of the guided form, all of them GETs of one address: the choices
// stand in the address, so that the way back loses nothing and a link to a
// result can be sent to a colleague.
const (
	stepTasks       = "tasks"
	stepInformation = "information"
	stepModel       = "model"
	stepResult      = "result"
)

var newSteps = []string{stepTasks, stepInformation, stepModel, stepResult}

type procurementNewPage struct {
	Base
	Step, NextStep string
	Steps          []stepLink
	// Kept carries the other steps' choices through this form; KeptAll all.
	Kept, KeptAll []hidden
	Search        Field
	Query         string
	Found         int
	Groups        []choiceGroup
	// GroupsID is where the error summary leads for what was not chosen.
	GroupsID string

	Result     *selection.Result
	Themes     []whyTheme
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
	// Label and Hint are locale keys; no hint is "".
	Label, Hint string
	Choices     []choice
}

type choice struct {
	ID, Name, Value, Text, Description string
	Checked                            bool
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

// showNew draws a step. saveErr is what a try to save the result gave.
func (w *Web) showNew(c *gin.Context, v url.Values, step string, saveErr error) error {
	t := w.texts(c)
	p := procurementNewPage{Base: w.base(c, "procurements"), Step: step, Query: line(v.Get("q"))}
	p.Here = "/procurements/new?" + visible(v, step).Encode()
	code := http.StatusOK
	var selectErr error
	if step == stepResult {
		if p.Step, selectErr = w.selectResult(&p, v, t); selectErr != nil {
			code = unprocessable(selectErr)
		}
	}
	err := selectErr
	if err == nil && saveErr != nil {
		err, code = saveErr, unprocessable(saveErr)
	}
	form := newForm(t, err)
	p.Form = form
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
		p.GroupsID = fieldID("tasks")
		p.Kept = keep(v, "task")
		w.taskChoices(&p, v["task"], t, form)
	case stepInformation:
		p.GroupsID = fieldID("informationTypes")
		p.Kept = keep(v, "info")
		w.informationChoices(&p, v, t, form)
	case stepModel:
		p.GroupsID = fieldID("deliveryModels")
		p.Kept = keep(v, "model", "flag")
		p.Groups = append(modelChoices(v["model"], t), flagChoices(v["flag"], t))
		form.take("deliveryModels", t.T("page.procurement-new.step-model"))
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

// selectResult works out the result. When the choices do not hold it gives
// the step to mend them in, and what is wrong.
func (w *Web) selectResult(p *procurementNewPage, v url.Values, t *locale.Texts) (string, error) {
	in := newInput(v)
	result, err := selection.Select(w.Catalogue.Content(), in)
	if err == nil {
		p.setResult(w.Catalogue.Content(), result)
		return stepResult, nil
	}
	if problem.KindOf(err) != problem.Invalid {
		return stepResult, err
	}
	withoutOverrides := in
	withoutOverrides.Overrides = nil
	if result, e := selection.Select(w.Catalogue.Content(), withoutOverrides); e == nil {
		p.setResult(w.Catalogue.Content(), result)
		return stepResult, err
	}
	if len(in.Tasks)+len(in.InformationTypes) > 0 && len(in.DeliveryModels) == 0 {
		return stepModel, err
	}
	return stepTasks, err
}

func (p *procurementNewPage) setResult(cat *catalogue.Catalogue, result selection.Result) {
	p.Result = &result
	p.Themes = whyThemes(result, newestLines(cat, result))
}

// newestLines gives the requirements as the newest released sets word them.
func newestLines(cat *catalogue.Catalogue, result selection.Result) []procurement.Line {
	var versions []catalogue.Version
	for _, id := range result.Sets {
		if v, ok := cat.Version(id, ""); ok {
			versions = append(versions, v)
		}
	}
	return procurement.Procurement{}.Lines(result, versions)
}

func (p *procurementNewPage) overrideForm(v url.Values, form *Form, t *locale.Texts) {
	dims := catalogue.Dimensions()
	for _, d := range dims {
		name := string(d)
		level := v.Get("level." + name)
		f := Field{Name: "level." + name, Label: "page.procurement-new.override-level", Size: "s", Value: level}
		f.Options = []Option{{Value: "", Text: t.T("page.procurement-new.as-proposed"), Selected: level == ""}}
		for _, n := range []string{"1", "2", "3", "4"} {
			f.Options = append(f.Options, Option{Value: n, Text: n + " – " + t.T("level."+n), Selected: level == n})
		}
		reason := Field{Name: "reason." + name, Label: "page.procurement-new.override-reason", Value: v.Get("reason." + name)}
		if i := overrideIndex(v, d); i >= 0 {
			f.Error = form.takeAs(f.ID(), overridePath(i, "level"), t.T(termKey("dimension", d)))
			reason.Error = form.takeAs(reason.ID(), overridePath(i, "reason"), t.T(termKey("dimension", d)))
			p.Overridden = true
		}
		p.Overrides = append(p.Overrides, overrideFields{Dimension: d, Level: f, Reason: reason})
	}
}

// overrideIndex is the place of a dimension among the overrides, or -1.
func overrideIndex(v url.Values, d catalogue.Dimension) int {
	return slices.IndexFunc(newInput(v).Overrides, func(o selection.Override) bool { return o.Dimension == d })
}

func (p *procurementNewPage) saveForm(v url.Values, form *Form, t *locale.Texts) {
	p.Title = form.field(Field{Name: "title", Label: "form.title", Hint: "form.title-hint", Value: v.Get("title"), Required: true})
	p.Reference = form.field(Field{Name: "reference", Label: "form.reference", Hint: "form.reference-hint", Value: v.Get("reference"), Size: "m"})
	p.Deadline = form.field(Field{Name: "deadline", Label: "form.deadline", Hint: "form.deadline-hint", Value: v.Get("deadline"), Type: "datetime-local", Size: "m"})
	p.ContractEnd = form.field(contractEndField(v.Get("contractEnd")))
	lang := v.Get("language")
	if lang == "" {
		lang = t.Lang
	}
	p.Language = form.field(languageField(lang))
}

// languageField chooses a workbook's language.
func languageField(chosen string) Field {
	f := Field{Name: "language", Label: "form.language", Size: "m", Required: true}
	for _, code := range locale.Languages() {
		f.Options = append(f.Options, Option{Value: code, Text: languageNames[code], Selected: code == chosen})
	}
	return f
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
