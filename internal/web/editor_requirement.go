package web

import (
	"slices"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
)

type draftRequirementPage struct {
	Base
	Draft   catalogue.Draft
	Drafted catalogue.Drafted
	// Digest is of the texts the form begins with: what a save may write over.
	Digest string
	// Texts are the texts of the requirement, each in every language.
	Texts []wordingField
	// Conflict tells that somebody else has saved other texts meanwhile.
	Conflict bool
	// Findings is how many remarks lint has on what is in the form.
	Findings  int
	Substance bool
	// Released is the edition that suppliers answer now, or 0.
	Released int
	// Previous and Following are the neighbours' ids, or "".
	Previous, Following string
	Editable            bool
}

// wordingField is one text in every language.
type wordingField struct {
	Name  string
	Texts []wordingText
}

// wordingText is one text in one language.
type wordingText struct {
	Field
	Lang string
	// Findings are what lint says of the text, in the reader's language.
	Findings []string
	// Changes lead from the text in force to the one in the draft; nil when they
	// are the same.
	Changes []catalogue.Piece
	// Theirs leads from what somebody else saved meanwhile to what is in the
	// form; nil when they are the same.
	Theirs []catalogue.Piece
}

// Describes lists the ids of what is said about the input.
func (f wordingText) Describes() string {
	out := ""
	if f.Error != "" {
		out = f.ID() + "-error "
	}
	if len(f.Findings) > 0 {
		out += f.ID() + "-findings"
	}
	return out
}

// Quiet reports whether neither rules nor service has anything to say.
func (f wordingText) Quiet() bool { return f.Error == "" && len(f.Findings) == 0 }

// draftRequirement shows the texts of one requirement to edit.
func (w *Web) draftRequirement(c *gin.Context) error {
	return w.showDraftRequirement(c, nil, nil)
}

// showDraftRequirement shows what was written, or what the draft has.
func (w *Web) showDraftRequirement(c *gin.Context, written *catalogue.Wording, failed error) error {
	ctx, actor, t, code := c.Request.Context(), w.actor(c), w.texts(c), codeOf(failed)
	d, err := w.Drafts.Get(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	r, err := w.Drafts.Requirement(ctx, actor, d, c.Param("requirement"))
	if err != nil {
		return err
	}
	cat := w.Catalogue.Content()
	p := draftRequirementPage{
		Base: w.base(c, "editor"), Draft: d, Drafted: r, Digest: r.Requirement.WordingDigest(), Substance: r.Substance,
		Released: cat.ReleasedEdition(r.Requirement.ID), Editable: d.State.Editable(),
		Conflict: problem.KeyOf(failed) == "draft.wording-stale",
	}
	p.Here = "/editor/drafts/" + d.ID + "/requirements/" + r.Requirement.ID
	p.Form = newForm(t, failed)
	saved, shown, findings := r.Requirement.Wording(), r.Requirement.Wording(), r.Findings
	if written != nil {
		shown, p.Substance = *written, c.PostForm("substance") != ""
		as := r.Requirement
		as.Title, as.Text, as.Rationale, as.Verify = shown.Title, shown.Text, shown.Rationale, shown.Verify
		findings = catalogue.LintWording(as)
	}
	p.Findings = len(findings)
	inForce := r.InForce.Wording()
	for _, name := range catalogue.WordingFields() {
		f := wordingField{Name: name}
		for _, lang := range catalogue.Languages() {
			text := shown.Field(name).In(lang)
			v := wordingText{Lang: lang, Field: Field{Name: name + "." + lang, Value: text, Rows: rows(name, text)}}
			v.Error = p.Form.take(v.Name, t.T("wording."+name)+", "+languageNames[lang])
			for _, found := range findings {
				if found.Field == name && found.Lang == lang {
					v.Findings = append(v.Findings, t.T("catalogue.lint."+found.Key, found.Args))
				}
			}
			if old := inForce.Field(name).In(lang); old != text && r.InForce.ID != "" {
				v.Changes = catalogue.WordDiff(old, text)
			}
			if theirs := saved.Field(name).In(lang); p.Conflict && theirs != text {
				v.Theirs = catalogue.WordDiff(theirs, text)
			}
			f.Texts = append(f.Texts, v)
		}
		p.Texts = append(p.Texts, f)
	}
	p.Previous, p.Following = w.neighbours(d, r.Requirement.ID)
	return w.show(c, code, "draft-requirement", p)
}

// rows is how high an input is made for a text.
func rows(name, text string) int {
	if name == "title" {
		return 2
	}
	return min(max(4, len([]rune(text))/38+2), 14)
}

// neighbours are the requirements before and after one, among those that the
// draft's page lists.
func (w *Web) neighbours(d catalogue.Draft, id string) (before, after string) {
	var ids []string
	for _, t := range w.draftThemes(d, nil) {
		for _, r := range t.Requirements {
			ids = append(ids, r.ID)
		}
	}
	at := slices.Index(ids, id)
	if at > 0 {
		before = ids[at-1]
	}
	if at >= 0 && at+1 < len(ids) {
		after = ids[at+1]
	}
	return before, after
}

// draftRequirementSave writes the texts into the draft.
func (w *Web) draftRequirementSave(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	var written catalogue.Wording
	for _, name := range catalogue.WordingFields() {
		for _, lang := range locale.Languages() {
			written.Set(name, lang, text(c.PostForm(name+"."+lang)))
		}
	}
	id, requirement := c.Param("id"), c.Param("requirement")
	d, err := w.Drafts.EditRequirement(c.Request.Context(), w.actor(c), id, requirement, c.PostForm("base"), written, c.PostForm("substance") != "")
	switch {
	case err == nil:
		next := requirement
		if _, after := w.neighbours(d, requirement); after != "" && c.PostForm("then") == "next" {
			next = after
		}
		return w.done(c, "page.draft-requirement.saved", "/editor/drafts/"+id+"/requirements/"+next)
	case mendable(err):
		return w.showDraftRequirement(c, &written, err)
	default:
		return err
	}
}
