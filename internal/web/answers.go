package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
	"felleskrav/internal/supplier"
)

type answersPage struct {
	Base
	Supplier supplier.Supplier
	Offering supplier.Offering
	Version  catalogue.Version
	Versions []catalogue.Version
	Themes   []answerTheme
	// Prefilled tells where the answers come from: a locale key, or "".
	Prefilled  string
	ValidUntil Field
	Upload     Field
	Answered   int
	Total      int
	// Report lists what was not read from an uploaded workbook.
	Report []reportRow
	Read   int
}

type answerTheme struct {
	ID       string
	Name     catalogue.Text
	Rows     []answerRow
	Answered int
}

type answerRow struct {
	Requirement catalogue.Requirement
	ID          string
	Choices     []choice
	Error       string
	Statement   Field
	Evidence    []choice
	// Changed tells what happened to the requirement since the prefilled
	// answer was declared; "" when nothing did.
	Changed catalogue.ChangeKind
}

// reportRow is one row of an uploaded workbook that was not read as it stood.
type reportRow struct {
	Where, Requirement, Text string
	// Refused rows were left out; others were read with a remark.
	Refused bool
}

// draft is what stands in the answer form.
type draft struct {
	answers    map[string]attestation.Answer
	validUntil string
	prefilled  string
	changes    map[string]catalogue.ChangeKind
	report     []reportRow
	read       int
}

// answering is what every page of answering needs.
type answering struct {
	offering supplier.Offering
	supplier supplier.Supplier
	version  catalogue.Version
}

// answering reads the offering and set version of the address, for its own
// supplier only.
func (w *Web) answering(c *gin.Context) (answering, error) {
	ctx, actor := c.Request.Context(), w.actor(c)
	o, err := w.Suppliers.Offering(ctx, actor, c.Param("id"))
	if err != nil {
		return answering{}, err
	}
	if err := access.Check(actor, access.PrepareStatement, string(o.Supplier)); err != nil {
		return answering{}, err
	}
	s, err := w.Suppliers.Get(ctx, actor, o.Supplier)
	if err != nil {
		return answering{}, err
	}
	v, err := w.chosenSet(c.Query("set"), o)
	return answering{o, s, v}, err
}

// chosenSet is the set asked for, or else the widest set made for the way the
// offering is delivered.
func (w *Web) chosenSet(ref string, o supplier.Offering) (catalogue.Version, error) {
	if ref != "" {
		set, version, err := catalogue.ParseRef(ref)
		if err != nil {
			return catalogue.Version{}, err
		}
		v, ok := w.Catalogue.Content().Version(set, version)
		if !ok {
			return catalogue.Version{}, problem.New(problem.NotFound, "page.error.no-item", nil)
		}
		return v, nil
	}
	var best catalogue.Version
	for _, s := range w.Catalogue.Content().Sets {
		v, ok := w.Catalogue.Content().Version(s.ID, "")
		fits := slices.ContainsFunc(v.DeliveryModels, func(m catalogue.DeliveryModel) bool { return slices.Contains(o.Models, m) })
		if ok && fits && len(v.Requirements) > len(best.Requirements) {
			best = v
		}
	}
	if best.Set == "" {
		return best, problem.New(problem.NotFound, "page.error.no-item", nil)
	}
	return best, nil
}

func (w *Web) answers(c *gin.Context) error {
	a, err := w.answering(c)
	if err != nil {
		return err
	}
	d, err := w.earlierAnswers(c.Request.Context(), w.actor(c), a)
	if err != nil {
		return err
	}
	return w.showAnswers(c, a, d, nil)
}

// earlierAnswers starts from the newest declaration of the offering for the
// set: answers to requirements that are the same or reworded carry over.
func (w *Web) earlierAnswers(ctx context.Context, actor access.Actor, a answering) (draft, error) {
	d := draft{answers: map[string]attestation.Answer{}, changes: map[string]catalogue.ChangeKind{}}
	records, err := w.Attestations.Of(ctx, actor, a.offering.ID, listed)
	if err != nil {
		return d, err
	}
	for _, r := range records {
		if r.Set != a.version.Set {
			continue
		}
		carried := map[string]bool{}
		if old, ok := w.Catalogue.Content().Version(r.Set, r.SetVersion); ok {
			carried = catalogue.CarriesOver(old, a.version)
			for _, ch := range catalogue.Diff(old, a.version) {
				if ch.Kind != catalogue.ChangeUnchanged {
					d.changes[ch.Requirement] = ch.Kind
				}
			}
		}
		for _, answer := range r.Answers {
			if carried[answer.Requirement] {
				d.answers[answer.Requirement] = answer
			}
		}
		d.prefilled = "page.answers.prefilled"
		break
	}
	return d, nil
}

func (w *Web) showAnswers(c *gin.Context, a answering, d draft, failed error) error {
	ctx, t := c.Request.Context(), w.texts(c)
	files, err := w.Evidence.Of(ctx, w.actor(c), a.offering.Supplier)
	if err != nil {
		return err
	}
	p := answersPage{
		Base: w.base(c, "own"), Supplier: a.supplier, Offering: a.offering, Version: a.version,
		Prefilled: d.prefilled, Report: d.report, Read: d.read, Total: len(a.version.Requirements),
	}
	for _, s := range w.Catalogue.Content().Sets {
		p.Versions = append(p.Versions, w.Catalogue.Content().Versions(s.ID)...)
	}
	code := http.StatusOK
	if failed != nil {
		code = unprocessable(failed)
	}
	p.Form = newForm(t, failed)
	for _, vt := range versionThemes(a.version) {
		theme := answerTheme{ID: vt.ID, Name: vt.Name}
		for _, r := range vt.Requirements {
			row := answerRowOf(t, p.Form, r, d.answers[r.ID], files)
			row.Changed = d.changes[r.ID]
			if d.answers[r.ID].Status != "" {
				theme.Answered++
			}
			theme.Rows = append(theme.Rows, row)
		}
		p.Answered += theme.Answered
		p.Themes = append(p.Themes, theme)
	}
	if d.validUntil == "" {
		d.validUntil = w.Now().AddDate(1, 0, 0).In(locale.Zone()).Format(localDate)
	}
	p.ValidUntil = p.Form.field(Field{Name: "validUntil", Label: "page.answers.valid-until", Hint: "page.answers.valid-until-hint", Value: d.validUntil, Type: "date", Size: "s", Required: true})
	p.Upload = p.Form.field(Field{Name: "workbook", Label: "page.answers.upload-file", Type: "file", Accept: ".xlsx", Required: true})
	return w.show(c, code, "answers", p)
}

// answerRowOf makes the inputs for one requirement.
func answerRowOf(t *locale.Texts, form *Form, r catalogue.Requirement, given attestation.Answer, files []evidence.Evidence) answerRow {
	row := answerRow{Requirement: r, ID: fieldID("answer." + r.ID)}
	path := "answers[" + r.ID + "]"
	row.Statement = Field{Name: "statement." + r.ID, Label: "page.answers.statement", Hint: "page.answers.statement-hint", Value: given.Statement, Rows: 3}
	row.Statement.Error = form.takeAs(row.Statement.ID(), path+".statement", r.ID)
	for i, s := range attestation.AnswerStatuses() {
		id := fieldID("answer." + r.ID + "." + string(s))
		if i == 0 {
			row.Error = form.takeAs(id, path, r.ID)
		}
		row.Choices = append(row.Choices, choice{ID: id, Name: "answer." + r.ID, Value: string(s), Text: t.T(termKey("answer", s)), Checked: given.Status == s})
	}
	for _, f := range files {
		if f.Scan.State == evidence.Infected || !f.Present() {
			continue // no answer may refer to it
		}
		chosen := slices.ContainsFunc(given.Evidence, func(e attestation.EvidenceRef) bool { return e.Digest.SHA256 == f.SHA256 })
		row.Evidence = append(row.Evidence, choice{
			ID: fieldID("evidence." + r.ID + "." + f.SHA256[:12]), Name: "evidence." + r.ID, Value: f.SHA256, Text: f.Name,
			Description: fileText(t, f), Checked: chosen,
		})
	}
	return row
}

// fileText says what a file is, and when its period is not now.
func fileText(t *locale.Texts, f evidence.Evidence) string {
	text := t.T(termKey("evidence-kind", f.Kind))
	if f.Period == evidence.PeriodEnded || f.Period == evidence.PeriodUpcoming {
		text += ", " + t.T(termKey("evidence-period", f.Period))
	}
	return text
}

// readAnswers reads the answer form.
func readAnswers(c *gin.Context, v catalogue.Version) draft {
	d := draft{answers: map[string]attestation.Answer{}, validUntil: line(c.PostForm("validUntil"))}
	for _, r := range v.Requirements {
		a := attestation.Answer{Requirement: r.ID, Status: attestation.AnswerStatus(c.PostForm("answer." + r.ID)), Statement: text(c.PostForm("statement." + r.ID))}
		for _, digest := range c.PostFormArray("evidence." + r.ID) {
			a.Evidence = append(a.Evidence, attestation.EvidenceRef{Digest: attestation.DigestSet{SHA256: digest}})
		}
		if a.Status != "" || a.Statement != "" || len(a.Evidence) > 0 {
			d.answers[r.ID] = a
		}
	}
	return d
}

// list gives the answers in the order of the set version.
func (d draft) list(v catalogue.Version) []attestation.Answer {
	var out []attestation.Answer
	for _, r := range v.Requirements {
		if a, ok := d.answers[r.ID]; ok {
			out = append(out, a)
		}
	}
	return out
}

func (w *Web) answersPrepare(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	a, err := w.answering(c)
	if err != nil {
		return err
	}
	d := readAnswers(c, a.version)
	until, ok := readTime(d.validUntil, true)
	if !ok {
		return w.showAnswers(c, a, d, badDate("validUntil"))
	}
	in := attestation.Draft{Offering: a.offering.ID, Set: a.version.Set, Version: a.version.Version, Answers: d.list(a.version), ValidUntil: time.Time{}}
	if until != nil {
		in.ValidUntil = *until
	}
	statement, err := w.Attestations.Prepare(c.Request.Context(), w.actor(c), in)
	if err != nil {
		if mendable(err) {
			return w.showAnswers(c, a, d, err)
		}
		return err
	}
	return w.showStatement(c, a, statement, len(in.Answers), nil)
}
