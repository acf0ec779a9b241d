package web

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/answerdraft"
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
	// Draft is what is saved; its Rev is 0 when nothing is. SavedBy is who saved last.
	Draft   answerdraft.Draft
	SavedBy string
	// Missing are the requirements that lack something, Again those that must be
	// answered anew since the version changed them, and Conflicts those with
	// answers to choose between.
	Missing, Again, Conflicts []answerRow
	// Sheet names this copy of the form, and Turn counts what it has sent.
	Sheet string
	Turn  int
}

// Save is the address that drafts are saved at.
func (p answersPage) Save() string {
	return "/offerings/" + p.Offering.ID + "/draft?" + query("set", p.Version.Ref())
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
	// Before is what was answered to an earlier version, where it no longer holds.
	Before *attestation.Answer
	// Seen is the fingerprint of the saved answer that the form shows.
	Seen string
	// Saved tells who saved the answer, and is nil when it is not in the draft.
	Saved *savedRow
	// Rivals are answers by several at the same time, to choose between.
	Rivals []savedRow
	// Lacks is why the answer is not complete: a locale key, or "".
	Lacks string
	// Save is the address that drafts are saved at.
	Save string
}

// savedRow is an answer that somebody saved.
type savedRow struct {
	answerdraft.Saved
	Who string
}

// Value names the answer to choose it.
func (r savedRow) Value() string {
	return r.Answer.Requirement + " " + answerdraft.Fingerprint(r.Answer)
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
	// before has the earlier answers that no longer hold.
	before map[string]attestation.Answer
	// saved is what is kept on the server, and seen, by requirement, the
	// fingerprints of the saved answers that somebody typed over.
	saved answerdraft.Draft
	seen  map[string]string
	// typed is what was sent to be saved; nil when nothing was.
	typed  *draft
	sheet  string
	turn   int
	report []reportRow
	read   int
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

// ref names the draft.
func (a answering) ref() answerdraft.Ref {
	return answerdraft.Ref{Offering: a.offering.ID, Version: a.version}
}

func (w *Web) answers(c *gin.Context) error {
	a, err := w.answering(c)
	if err != nil {
		return err
	}
	d, err := w.started(c, a)
	if err != nil {
		return err
	}
	return w.showAnswers(c, a, d, nil)
}

// started is what has been answered so far: what is in the draft, and below it
// what was declared before.
func (w *Web) started(c *gin.Context, a answering) (draft, error) {
	d, err := w.earlierAnswers(c.Request.Context(), w.actor(c), a)
	if err != nil {
		return d, err
	}
	d.saved, err = w.Answering.Get(c.Request.Context(), w.actor(c), a.ref())
	if err != nil {
		return d, err
	}
	for id, e := range d.saved.Answers {
		d.answers[id] = e.Answer
		delete(d.before, id)
	}
	if d.saved.Rev > 0 {
		d.prefilled, d.validUntil = "", d.saved.ValidUntil
	}
	d.seen = map[string]string{}
	for _, r := range a.version.Requirements {
		d.seen[r.ID] = answerdraft.Fingerprint(d.answers[r.ID])
	}
	return d, nil
}

// earlierAnswers starts from the newest declaration of the offering for the
// set: answers to requirements that are the same or reworded carry over.
func (w *Web) earlierAnswers(ctx context.Context, actor access.Actor, a answering) (draft, error) {
	d := draft{answers: map[string]attestation.Answer{}, changes: map[string]catalogue.ChangeKind{}, before: map[string]attestation.Answer{}}
	r, there, err := w.Attestations.Last(ctx, actor, a.offering.ID, a.version.Set)
	if err != nil || !there {
		return d, err
	}
	if old, ok := w.Catalogue.Content().Version(r.Set, r.SetVersion); ok {
		for _, x := range attestation.CarryOver(old, a.version, r.Answers) {
			if x.Change.Kind != catalogue.ChangeUnchanged {
				d.changes[x.Requirement] = x.Change.Kind
			}
			switch {
			case x.State != attestation.CarryAnswer:
				d.answers[x.Requirement] = x.Answer
			case x.Before != nil:
				d.before[x.Requirement] = *x.Before
			}
		}
	}
	d.prefilled = "page.answers.prefilled"
	return d, nil
}

func (w *Web) showAnswers(c *gin.Context, a answering, d draft, failed error) error {
	p, err := w.answersPage(c, a, d, failed)
	if err != nil {
		return err
	}
	code := codeOf(failed)
	saving(c)
	return w.show(c, code, "answers", p)
}

func (w *Web) answersPage(c *gin.Context, a answering, d draft, failed error) (answersPage, error) {
	ctx, t := c.Request.Context(), w.texts(c)
	files, err := w.Evidence.Of(ctx, w.actor(c), a.offering.Supplier)
	if err != nil {
		return answersPage{}, err
	}
	who, err := w.savers(c, d.saved)
	if err != nil {
		return answersPage{}, err
	}
	p := answersPage{
		Base: w.base(c, "own"), Supplier: a.supplier, Offering: a.offering, Version: a.version,
		Prefilled: d.prefilled, Report: d.report, Read: d.read, Total: len(a.version.Requirements), Draft: d.saved, SavedBy: who(d.saved.UpdatedBy), Sheet: d.sheet, Turn: d.turn,
	}
	p.Here = "/offerings/" + a.offering.ID + "/answers?" + query("set", a.version.Ref())
	if p.Sheet == "" {
		p.Sheet = rand.Text()
	}
	for _, s := range w.Catalogue.Content().Sets {
		p.Versions = append(p.Versions, w.Catalogue.Content().Versions(s.ID)...)
	}
	p.Form = newForm(t, failed)
	for _, vt := range versionThemes(a.version) {
		theme := answerTheme{ID: vt.ID, Name: vt.Name, Rows: make([]answerRow, 0, len(vt.Requirements))}
		for _, r := range vt.Requirements {
			row := answerRowOf(t, p.Form, r, d, files, who)
			row.Save = p.Save()
			if d.answers[r.ID].Status != "" {
				theme.Answered++
			}
			theme.Rows = append(theme.Rows, row)
			if row.Lacks != "" {
				p.Missing = append(p.Missing, row)
			}
			if row.Before != nil {
				p.Again = append(p.Again, row)
			}
			if len(row.Rivals) > 0 {
				p.Conflicts = append(p.Conflicts, row)
			}
		}
		p.Answered += theme.Answered
		p.Themes = append(p.Themes, theme)
	}
	if d.validUntil == "" {
		d.validUntil = w.Now().AddDate(1, 0, 0).In(locale.Zone()).Format(localDate)
	}
	p.ValidUntil = p.Form.field(Field{Name: "validUntil", Label: "page.answers.valid-until", Hint: "page.answers.valid-until-hint", Value: d.validUntil, Type: "date", Size: "s", Required: true})
	p.Upload = p.Form.field(Field{Name: "workbook", Label: "page.answers.upload-file", Type: "file", Accept: ".xlsx", Required: true})
	return p, nil
}

// answerRowOf makes the inputs for one requirement.
func answerRowOf(t *locale.Texts, form *Form, r catalogue.Requirement, d draft, files []evidence.Evidence, who func(string) string) answerRow {
	given := d.answers[r.ID]
	row := answerRow{Requirement: r, ID: fieldID("answer." + r.ID), Changed: d.changes[r.ID], Seen: d.seen[r.ID], Lacks: lacks(given)}
	if before, ok := d.before[r.ID]; ok {
		row.Before = &before
	}
	if e, ok := d.saved.Answers[r.ID]; ok {
		row.Saved = &savedRow{e.Saved, who(e.By)}
		if len(e.Others) > 0 {
			row.Rivals = append(row.Rivals, *row.Saved)
		}
		for _, o := range e.Others {
			row.Rivals = append(row.Rivals, savedRow{o, who(o.By)})
		}
	}
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

// lacks says why an answer cannot be declared: a locale key, or "".
func lacks(a attestation.Answer) string {
	switch {
	case a.Status == "":
		return "page.answerdraft.lacks-answer"
	case a.Status != attestation.Met && strings.TrimSpace(a.Statement) == "":
		return "page.answerdraft.lacks-statement"
	}
	return ""
}

// list gives the answers in the order of the set version.
func (d draft) list(v catalogue.Version) []attestation.Answer {
	var out []attestation.Answer
	for _, r := range v.Requirements {
		if a, ok := d.answers[r.ID]; ok && !answerdraft.Empty(a) {
			out = append(out, a)
		}
	}
	return out
}

func (w *Web) answersPrepare(c *gin.Context) error {
	a, d, err := w.saveAnswers(c)
	if err != nil {
		if mendable(err) {
			return w.showAnswers(c, a, d, err)
		}
		return err
	}
	if len(d.saved.Conflicts()) > 0 {
		return w.showAnswers(c, a, d, conflictsError(d.saved))
	}
	until, ok := readTime(d.validUntil, true)
	if !ok {
		return w.showAnswers(c, a, d, badDate("validUntil"))
	}
	in := attestation.Draft{Offering: a.offering.ID, Set: a.version.Set, Version: a.version.Version, Answers: d.list(a.version)}
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
