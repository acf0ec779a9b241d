package web

import (
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
)

// Edits reports whether the reader edits the catalogue.
func (b Base) Edits() bool {
	_, err := access.ScopeFor(b.Actor, access.EditCatalogue)
	return err == nil
}

type draftsPage struct {
	Base
	Items []catalogue.Draft
	Next  string
	// Reports tells that reports wait for an answer.
	Reports bool
	// Set, Title and Note are the form of a new draft.
	Set, Title, Note Field
}

// drafts lists drafts of the content, newest first, with a form for a new one.
func (w *Web) drafts(c *gin.Context) error { return w.showDrafts(c, nil) }

func (w *Web) showDrafts(c *gin.Context, failed error) error {
	ctx, t, code := c.Request.Context(), w.texts(c), codeOf(failed)
	p := draftsPage{Base: w.base(c, "editor")}
	p.Here = "/editor/drafts"
	items, err := w.Drafts.List(ctx, w.actor(c), c.Query("after"), listed+1)
	if err != nil {
		return err
	}
	if len(items) > listed {
		items = items[:listed]
		p.Next = "/editor/drafts?" + query("after", items[listed-1].ID)
	}
	p.Items = items
	open, err := w.Reports.Open(ctx, w.actor(c), "", 1)
	if err != nil {
		return err
	}
	p.Reports = len(open) > 0
	p.Form = newForm(t, failed)
	p.Set = w.setField(c, &p.Form, c.PostForm("set"))
	p.Set.Hint = "page.drafts.set-hint"
	p.Title = p.Form.field(Field{Name: "title", Label: "page.drafts.title-label", Hint: "page.drafts.title-hint", Value: line(c.PostForm("title")), Required: true, Autocomplete: "off"})
	p.Note = p.Form.field(Field{Name: "note", Label: "page.drafts.note", Hint: "page.drafts.note-hint", Value: text(c.PostForm("note")), Rows: 3})
	return w.show(c, code, "drafts", p)
}

// setField is a choice among the sets, and none of them.
func (w *Web) setField(c *gin.Context, f **Form, chosen string) Field {
	options := []Option{{Text: w.texts(c).T("page.drafts.no-set")}}
	for _, s := range w.Catalogue.Content().Sets {
		options = append(options, Option{Value: s.ID, Text: s.Name.In(w.lang(c)), Selected: s.ID == chosen})
	}
	return (*f).field(Field{Name: "set", Label: "page.drafts.set", Options: options, Size: "m"})
}

func (w *Web) draftCreate(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	in := catalogue.DraftInput{Title: line(c.PostForm("title")), Note: text(c.PostForm("note"))}
	if set := c.PostForm("set"); set != "" {
		wanted, ok := w.Catalogue.Content().NewVersion(set)
		if !ok {
			return problem.New(problem.Invalid, "page.error.form", nil)
		}
		in.Releases = []catalogue.WantedRelease{wanted}
	}
	d, err := w.Drafts.Create(c.Request.Context(), w.actor(c), in)
	switch {
	case err == nil:
		return w.done(c, "page.draft.created", "/editor/drafts/"+d.ID)
	case mendable(err):
		return w.showDrafts(c, err)
	default:
		return err
	}
}

type draftPage struct {
	Base
	Draft catalogue.Draft
	// Edited are the requirements it has otherwise than the content in force.
	Edited []catalogue.Drafted
	// Findings is how many remarks lint has on those.
	Findings int
	// Own tells that the reader has written on it, and so cannot approve it.
	Own bool
	// Returned is the last word of who sent it back, if that is where it stands.
	Returned *catalogue.DraftReview
	// Themes are the requirements that can be edited.
	Themes []draftTheme
	// Others are files that are edited as text.
	Others []string
	// Files are those in force, to take into the draft.
	Files Field

	Title, Note, Comment Field
	// Releases are the versions wanted, and Set and Version the form for another.
	Set Field
}

type draftTheme struct {
	Theme        catalogue.Theme
	Requirements []draftRequirement
}

type draftRequirement struct {
	ID      string
	Title   catalogue.Text
	Changed bool
}

// Editable reports whether the draft can be changed.
func (p draftPage) Editable() bool { return p.Draft.State.Editable() }

// draft shows a draft and what can be done with it now.
func (w *Web) draft(c *gin.Context) error { return w.showDraft(c, nil) }

func (w *Web) showDraft(c *gin.Context, failed error) error {
	ctx, actor, t, code := c.Request.Context(), w.actor(c), w.texts(c), codeOf(failed)
	d, err := w.Drafts.Get(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	p := draftPage{Base: w.base(c, "editor"), Draft: d, Own: d.Author.ID == actor.ID || slices.Contains(d.Editors, actor.ID)}
	p.Here = "/editor/drafts/" + d.ID
	if !d.State.Closed() {
		p.Edited, err = w.Drafts.Edited(ctx, actor, d)
		if err != nil && (failed != nil || !mendable(err)) {
			return err
		}
		if err != nil { // a file from before the rules were as they are
			failed, code = err, codeOf(err)
		}
	}
	for _, e := range p.Edited {
		p.Findings += len(e.Findings)
	}
	if n := len(d.Reviews); n > 0 && d.State == catalogue.DraftReturned {
		p.Returned = &d.Reviews[n-1]
	}
	for _, path := range d.Paths() {
		if !strings.HasPrefix(path, "themes/") {
			p.Others = append(p.Others, path)
		}
	}
	if p.Editable() {
		p.Themes = w.draftThemes(d, p.Edited)
	}
	p.Form = newForm(t, failed)
	posted := func(name, value string) string {
		if v, ok := c.GetPostForm(name); ok && failed != nil {
			return text(v)
		}
		return value
	}
	p.Title = p.Form.field(Field{Name: "title", Label: "page.drafts.title-label", Value: posted("title", d.Title), Required: true, Autocomplete: "off"})
	p.Note = p.Form.field(Field{Name: "note", Label: "page.drafts.note", Hint: "page.drafts.note-hint", Value: posted("note", d.Note), Rows: 3})
	p.Comment = p.Form.field(Field{Name: "comment", Label: "page.draft.comment", Hint: "page.draft.comment-hint", Value: posted("comment", ""), Rows: 4, Plain: true})
	p.Set = w.setField(c, &p.Form, "")
	p.Files = w.fileField(t.T("page.draft.file-choose"))
	return w.show(c, code, "draft", p)
}

// fileField is a choice among the content files in force.
func (w *Web) fileField(none string) Field {
	f := Field{Name: "path", Label: "page.draft.file", Size: "m", Required: true, Options: []Option{{Text: none}}}
	for _, file := range w.Drafts.Live.Files() {
		f.Options = append(f.Options, Option{Value: file.Path, Text: file.Path})
	}
	return f
}

// draftThemes are the requirements in force, those of the wanted sets when
// there are any.
func (w *Web) draftThemes(d catalogue.Draft, edited []catalogue.Drafted) []draftTheme {
	cat := w.Catalogue.Content()
	in := map[string]bool{}
	for _, r := range d.Releases {
		for _, id := range cat.SetRequirements(r.Set) {
			in[id] = true
		}
	}
	changed := map[string]catalogue.Drafted{}
	for _, e := range edited {
		changed[e.Requirement.ID] = e
	}
	var out []draftTheme
	for _, th := range cat.Themes {
		dt := draftTheme{Theme: th}
		for _, r := range th.Requirements {
			if len(in) > 0 && !in[r.ID] {
				continue
			}
			e, ok := changed[r.ID]
			if ok {
				r.Title = e.Requirement.Title
			}
			dt.Requirements = append(dt.Requirements, draftRequirement{r.ID, r.Title, ok})
		}
		if len(dt.Requirements) > 0 {
			out = append(out, dt)
		}
	}
	return out
}

// draftSave changes what is said about a draft.
func (w *Web) draftSave(c *gin.Context) error {
	return w.draftStep(c, "page.draft.saved", func(d catalogue.Draft) error {
		_, err := w.Drafts.Describe(c.Request.Context(), w.actor(c), d.ID, d.Rev, catalogue.DraftInput{
			Title: line(c.PostForm("title")), Note: text(c.PostForm("note")), Releases: d.Releases,
		})
		return err
	})
}

// draftRelease changes the version of a set that the draft asks for, adds a set,
// or takes one out where there is no version.
func (w *Web) draftRelease(c *gin.Context) error {
	return w.draftStep(c, "page.draft.release-saved", func(d catalogue.Draft) error {
		set, version := c.PostForm("set"), line(c.PostForm("version"))
		wanted := slices.DeleteFunc(slices.Clone(d.Releases), func(r catalogue.WantedRelease) bool { return r.Set == set })
		switch {
		case c.PostForm("remove") != "":
		case version != "":
			wanted = append(wanted, catalogue.WantedRelease{Set: set, Version: version})
		default:
			next, ok := w.Catalogue.Content().NewVersion(set)
			if !ok {
				p := problem.New(problem.Invalid, "draft.invalid", problem.Args{"Count": 1})
				p.Fields = []problem.Field{{Path: "set", Key: "page.draft.choose-set"}}
				return p
			}
			wanted = append(wanted, next)
		}
		_, err := w.Drafts.Describe(c.Request.Context(), w.actor(c), d.ID, d.Rev, catalogue.DraftInput{Title: d.Title, Note: d.Note, Releases: wanted})
		return err
	})
}

// draftStep reads the draft as the form knew it, does something to it, and goes
// back to its page, or shows it with what must be mended.
func (w *Web) draftStep(c *gin.Context, notice string, do func(catalogue.Draft) error) error {
	if err := parseForm(c); err != nil {
		return err
	}
	d, err := w.Drafts.Get(c.Request.Context(), w.actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	if rev, ok := whole(c.PostForm("rev")); ok {
		d.Rev = rev // what the reader has seen
	}
	err = do(d)
	switch {
	case err == nil:
		return w.done(c, notice, "/editor/drafts/"+d.ID)
	case mendable(err) || problem.KeyOf(err) == "draft.own":
		return w.showDraft(c, err)
	default:
		return err
	}
}
