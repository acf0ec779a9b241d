package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
)

// readAnswers reads the answer form: all of it, or the requirements that a
// script sends.
func readAnswers(c *gin.Context, v catalogue.Version) (draft, answerdraft.Sheet) {
	d := draft{answers: map[string]attestation.Answer{}, seen: map[string]string{}, sheet: line(c.PostForm("sheet"))}
	d.turn, _ = strconv.Atoi(c.PostForm("turn")) // only the script counts
	d.turn = max(d.turn, 0)
	in := answerdraft.Sheet{Form: d.sheet, Turn: d.turn}
	if until, there := c.GetPostForm("validUntil"); there {
		d.validUntil = line(until)
		in.ValidUntil = &d.validUntil
	}
	for _, r := range v.Requirements {
		a := attestation.Answer{Requirement: r.ID, Status: attestation.AnswerStatus(c.PostForm("answer." + r.ID)), Statement: text(c.PostForm("statement." + r.ID))}
		for _, digest := range c.PostFormArray("evidence." + r.ID) {
			a.Evidence = append(a.Evidence, attestation.EvidenceRef{Digest: attestation.DigestSet{SHA256: digest}})
		}
		seen, there := c.GetPostForm("seen." + r.ID)
		if !there && answerdraft.Empty(a) {
			continue // not in the form
		}
		d.answers[r.ID], d.seen[r.ID] = a, seen
		in.Changes = append(in.Changes, answerdraft.Change{Answer: a, Seen: seen})
	}
	return d, in
}

// saveAnswers keeps what was typed, and gives what is answered then. Where it
// could not be kept, it gives what was typed.
func (w *Web) saveAnswers(c *gin.Context) (answering, draft, error) {
	if err := parseForm(c); err != nil {
		return answering{}, draft{}, err
	}
	a, err := w.answering(c)
	if err != nil {
		return a, draft{}, err
	}
	typed, in := readAnswers(c, a.version)
	_, _, err = w.Answering.Save(c.Request.Context(), w.actor(c), a.ref(), in)
	now, readErr := w.started(c, a)
	if readErr != nil {
		return a, now, readErr
	}
	now.sheet, now.turn, now.typed = typed.sheet, typed.turn, &typed
	if err == nil {
		return a, now, nil
	}
	for id, answer := range typed.answers {
		now.answers[id], now.seen[id] = answer, typed.seen[id]
	}
	now.validUntil = typed.validUntil
	return a, now, err
}

// answersSave keeps the answers without going anywhere, chooses between answers
// that several gave, or throws all of it away.
func (w *Web) answersSave(c *gin.Context) error {
	ctx, script := c.Request.Context(), asksScript(c)
	a, d, err := w.saveAnswers(c)
	here := "/offerings/" + a.offering.ID + "/answers?" + query("set", a.version.Ref())
	if err == nil && c.PostForm("do") == "discard" {
		if err := w.Answering.Discard(ctx, w.actor(c), a.ref()); err != nil {
			return err
		}
		return w.done(c, "page.answerdraft.discarded", here)
	}
	requirement, fingerprint, chosen := strings.Cut(c.PostForm("take"), " ")
	if err == nil && chosen {
		_, err = w.Answering.Choose(ctx, w.actor(c), a.ref(), requirement, fingerprint)
	}
	switch {
	case err != nil && script && mendable(err):
		c.JSON(codeOf(err), savedAnswers{Text: w.inWords(c, err)})
		return nil
	case err != nil && mendable(err):
		return w.showAnswers(c, a, d, err)
	case err != nil:
		return err
	case script:
		return w.tellSaved(c, a, d)
	case chosen:
		return w.done(c, "page.answerdraft.chosen", here+"#"+fieldID("answer."+requirement))
	case len(d.saved.Conflicts()) > 0:
		return w.done(c, "page.answerdraft.saved-conflicts", here)
	}
	return w.done(c, "page.answerdraft.saved", here)
}

// asksScript tells whether one of our scripts asks, rather than a form.
func asksScript(c *gin.Context) bool {
	return strings.HasPrefix(c.GetHeader("Accept"), "application/json")
}

// inWords says what is wrong in one text.
func (w *Web) inWords(c *gin.Context, err error) string {
	f := newForm(w.texts(c), err)
	words := []string{f.Lead()}
	for _, s := range f.Summary() {
		words = append(words, s.Text)
	}
	return strings.Join(words, " ")
}

// savedAnswers is what the script is told: texts to show, and what the answers
// now are.
type savedAnswers struct {
	Text string `json:"text"`
	// Seen are, of the answers that were sent, the fingerprints of the saved ones
	// that they were typed over, or are now.
	Seen map[string]string `json:"seen"`
	// Conflicts are requirements that others have answered too.
	Conflicts []string `json:"conflicts"`
	Progress  string   `json:"progress"`
	// Themes tells how far each theme has come, by its id.
	Themes   map[string]string `json:"themes"`
	Answered int               `json:"answered"`
}

// known gives the fingerprints of the saved answers that whoever typed knows of:
// what is saved where it is what was typed, and else what they had seen before.
// What others have saved meanwhile does not stand before them.
func (d draft) known() map[string]string {
	out := map[string]string{}
	for id, a := range d.typed.answers {
		if out[id] = d.typed.seen[id]; answerdraft.Fingerprint(a) == d.seen[id] {
			out[id] = d.seen[id]
		}
	}
	return out
}

func (w *Web) tellSaved(c *gin.Context, a answering, d draft) error {
	t := w.texts(c)
	p, err := w.answersPage(c, a, d, nil)
	if err != nil {
		return err
	}
	out := savedAnswers{
		Text: t.T("page.answerdraft.saved-at", "Time", t.Clock(w.Now())), Seen: d.known(), Conflicts: append([]string{}, d.saved.Conflicts()...), Answered: p.Answered,
		Progress: t.T("page.answers.progress", "Answered", p.Answered, "Total", p.Total), Themes: map[string]string{},
	}
	for _, theme := range p.Themes {
		out.Themes[theme.ID] = t.T("page.answerdraft.theme-progress", "Answered", theme.Answered, "Total", len(theme.Rows))
	}
	c.JSON(http.StatusOK, out)
	return nil
}

// savers gives what those who saved something are called, to the reader.
func (w *Web) savers(c *gin.Context, d answerdraft.Draft) (func(id string) string, error) {
	t, actor := w.texts(c), w.actor(c)
	var ids []string
	for _, e := range d.Answers {
		ids = append(ids, e.By)
		for _, o := range e.Others {
			ids = append(ids, o.By)
		}
	}
	names, err := w.Members.Colleagues(c.Request.Context(), actor, append(ids, d.UpdatedBy))
	if err != nil {
		return nil, err
	}
	return func(id string) string {
		switch {
		case id == actor.ID:
			return t.T("page.answerdraft.you")
		case names[id] != "":
			return names[id]
		case access.Actor{ID: id}.Person():
			return t.T("page.answerdraft.colleague")
		}
		return t.T("page.answerdraft.system")
	}, nil
}

// conflictsError tells that several have answered the same.
func conflictsError(d answerdraft.Draft) error {
	return problem.New(problem.Refused, "answerdraft.conflicts", problem.Args{"Count": len(d.Conflicts())})
}
