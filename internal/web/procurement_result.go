package web

import (
	"net/url"
	"slices"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/selection"
)

// selectResult works out the result. When the choices do not hold it gives
// the step to mend them in, and what is wrong.
func (w *Web) selectResult(p *procurementNewPage, v url.Values) (string, error) {
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
		return stepInformation, err
	}
	return stepTasks, err
}

func (p *procurementNewPage) setResult(cat *catalogue.Catalogue, result selection.Result) {
	p.Result = &result
	p.Themes = whyThemes(result, newestLines(cat, result))
	for _, m := range whyMeasures(cat, result) {
		if len(m.Selected.ServedBy) == 0 {
			p.Gaps = append(p.Gaps, m)
		} else {
			p.Covered = append(p.Covered, m)
		}
	}
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
		f := Field{Name: "level." + name, Label: "page.procurement-new.override-level", Size: "s", Value: level, Plain: true}
		f.Options = []Option{{Value: "", Text: t.T("page.procurement-new.as-proposed"), Selected: level == ""}}
		for _, n := range []string{"1", "2", "3", "4"} {
			f.Options = append(f.Options, Option{Value: n, Text: n + " – " + t.T("level."+n), Selected: level == n})
		}
		reason := Field{Name: "reason." + name, Label: "page.procurement-new.override-reason", Value: v.Get("reason." + name), Plain: true}
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
