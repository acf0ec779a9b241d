package web

import (
	"github.com/gin-gonic/gin"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
)

type draftFilePage struct {
	Base
	Draft catalogue.Draft
	Path  string
	// Rev is the revision of the draft that the text was read from.
	Rev  int64
	Text Field
	// Taken tells that the draft has the file, and Theirs is what somebody else
	// saved meanwhile.
	Taken    bool
	Theirs   string
	Editable bool
}

// draftFile shows a content file as text: for what has no form of its own, such
// as which requirements a set has.
func (w *Web) draftFile(c *gin.Context) error { return w.showDraftFile(c, c.Query("path"), nil) }

func (w *Web) showDraftFile(c *gin.Context, path string, failed error) error {
	ctx, t, code := c.Request.Context(), w.texts(c), codeOf(failed)
	d, err := w.Drafts.Get(ctx, w.actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	f, ok := d.Files[path]
	if !ok {
		data, err := w.Drafts.Live.File(path)
		if err != nil && !catalogue.ContentPath(path) {
			return err
		}
		f.Text = string(data) // nothing, for a file that there is not yet
	}
	p := draftFilePage{Base: w.base(c, "editor"), Draft: d, Path: path, Rev: d.Rev, Taken: ok, Editable: d.State.Editable()}
	p.Here = "/editor/drafts/" + d.ID + "/file?" + query("path", path)
	p.Form = newForm(t, failed)
	value := f.Text
	if failed != nil {
		value = c.PostForm("text")
		if problem.KindOf(failed) == problem.Stale {
			p.Theirs = f.Text
		}
	}
	p.Text = p.Form.field(Field{Name: "text", Label: "page.draft-file.text", Hint: "page.draft-file.hint", Value: value, Rows: 30, Required: true})
	return w.show(c, code, "draft-file", p)
}

// draftFileSave puts the text into the draft, or takes the file out of it.
func (w *Web) draftFileSave(c *gin.Context) error {
	if err := parseForm(c); err != nil {
		return err
	}
	ctx, actor, id, path := c.Request.Context(), w.actor(c), c.Param("id"), c.PostForm("path")
	rev, _ := whole(c.PostForm("rev"))
	var err error
	notice, to := "page.draft-file.saved", "/editor/drafts/"+id+"/file?"+query("path", path)
	if c.PostForm("remove") != "" {
		_, err = w.Drafts.RemoveFile(ctx, actor, id, rev, path)
		notice, to = "page.draft-file.removed", "/editor/drafts/"+id
	} else {
		_, err = w.Drafts.PutFile(ctx, actor, id, rev, path, []byte(text(c.PostForm("text"))+"\n"))
	}
	switch {
	case err == nil:
		return w.done(c, notice, to)
	case mendable(err) && catalogue.ContentPath(path):
		return w.showDraftFile(c, path, err)
	default:
		return err
	}
}
