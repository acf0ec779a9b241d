package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/catalogue"
)

type draftChangesPage struct {
	Base
	Draft  catalogue.Draft
	Sets   []setChanges
	Faults bool
	// Editable: the wanted version can be changed here.
	Editable bool
}

// setChanges is what a draft changes in one set.
type setChanges struct {
	catalogue.DraftComparison
	// Counts are how many requirements changed in each way, in display order.
	Counts []changeCount
	Items  []changedRequirement
}

type changeCount struct {
	Kind  catalogue.ChangeKind
	Count int
}

// changedRequirement is one requirement before and after.
type changedRequirement struct {
	ID    string
	Title catalogue.Text
	Kind  catalogue.ChangeKind
	// Fields are what differs besides the texts.
	Fields []string
	Texts  []changedText
}

// changedText is one text that changed, in every language.
type changedText struct {
	Name      string
	Languages []changedLanguage
}

type changedLanguage struct {
	Lang   string
	Pieces []catalogue.Piece
}

// draftChanges shows what a draft changes in what is published.
func (w *Web) draftChanges(c *gin.Context) error {
	ctx, actor := c.Request.Context(), w.actor(c)
	d, err := w.Drafts.Get(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	all, faults, err := w.Drafts.Compare(ctx, actor, d)
	if err != nil {
		return err
	}
	p := draftChangesPage{Base: w.base(c, "editor"), Draft: d, Faults: len(faults) > 0, Editable: d.State.Editable()}
	for _, one := range all {
		p.Sets = append(p.Sets, newSetChanges(one))
	}
	return w.show(c, http.StatusOK, "draft-changes", p)
}

// changeKinds are the ways to change, the weightiest first.
var changeKinds = []catalogue.ChangeKind{catalogue.ChangeSubstance, catalogue.ChangeAdded, catalogue.ChangeRemoved, catalogue.ChangeReworded}

func newSetChanges(one catalogue.DraftComparison) setChanges {
	out := setChanges{DraftComparison: one}
	for _, kind := range changeKinds {
		n := 0
		for _, change := range one.Changes {
			if change.Kind == kind {
				out.Items = append(out.Items, changedIn(one.From, one.To, change))
				n++
			}
		}
		if n > 0 {
			out.Counts = append(out.Counts, changeCount{kind, n})
		}
	}
	return out
}

func changedIn(from, to catalogue.Version, change catalogue.Change) changedRequirement {
	before, _ := from.Requirement(change.Requirement)
	after, ok := to.Requirement(change.Requirement)
	out := changedRequirement{ID: change.Requirement, Title: after.Title, Kind: change.Kind}
	if !ok {
		out.Title = before.Title
		return out // that it is gone says it all
	}
	for _, f := range change.Fields {
		switch f {
		case "title", "text", "rationale", "verify":
		default:
			out.Fields = append(out.Fields, f)
		}
	}
	a, b := before.Wording(), after.Wording()
	for _, name := range catalogue.WordingFields() {
		if change.Kind == catalogue.ChangeAdded && name != "text" || a.Field(name) == b.Field(name) {
			continue
		}
		t := changedText{Name: name}
		for _, lang := range catalogue.Languages() {
			pieces := catalogue.WordDiff(a.Field(name).In(lang), b.Field(name).In(lang))
			if change.Kind == catalogue.ChangeAdded {
				pieces = []catalogue.Piece{{Op: catalogue.PieceSame, Text: b.Field(name).In(lang)}}
			} else if a.Field(name).In(lang) == b.Field(name).In(lang) {
				continue
			}
			t.Languages = append(t.Languages, changedLanguage{lang, pieces})
		}
		out.Texts = append(out.Texts, t)
	}
	return out
}
