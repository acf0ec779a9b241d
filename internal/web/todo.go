package web

import (
	"cmp"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/review"
	"felleskrav/internal/status"
)

// todo is something that a supplier ought to do.
type todo struct {
	// Title and About are texts in the reader's language.
	Title, About string
	// Requirements must be answered anew.
	Requirements []string
	Href, Go     string
	// Urgent is set for what no longer counts for anybody.
	Urgent bool
	by     time.Time
}

// todos lists what the supplier ought to do, what is most pressing first.
func (w *Web) todos(c *gin.Context, statuses []status.Status, files []evidence.Evidence) ([]todo, error) {
	t := w.texts(c)
	var out []todo
	for _, st := range statuses {
		v, ok := w.Catalogue.Content().Version(st.Set, st.SetVersion)
		if !ok {
			continue
		}
		d, err := w.Answering.Get(c.Request.Context(), w.actor(c), answerdraft.Ref{Offering: st.Offering, Version: v})
		if err != nil {
			return nil, err
		}
		answers := "/offerings/" + st.Offering + "/answers?" + query("set", v.Ref())
		args := []any{"Offering", st.OfferingName, "Set", v.Name.In(t.Lang), "Version", v.Version}
		under := d.Rev > 0 && len(d.Answers) > 0
		if under {
			done := 0
			for _, e := range d.Answers {
				if lacks(e.Answer) == "" {
					done++
				}
			}
			out = append(out, todo{Title: t.T("page.todo.draft", args...), About: t.T("page.todo.draft-text", "Count", done, "Total", len(v.Requirements), "When", t.DateTime(d.UpdatedAt)), Href: answers, Go: t.T("page.todo.draft-go"), by: d.KeepUntil})
		}
		if x, ok := w.todoOf(c, st, answers, args); ok && (!under || st.Overall != status.Missing) {
			out = append(out, x)
		}
	}
	soon := w.Now().Add(status.ExpiringWithin)
	for _, f := range files {
		end, err := time.Parse(time.DateOnly, string(f.ValidUntil))
		if err != nil || !f.Present() || !end.Before(soon) {
			continue
		}
		title := "page.todo.evidence"
		if f.Period == evidence.PeriodEnded {
			title = "page.todo.evidence-ended"
		}
		out = append(out, todo{Title: t.T(title, "Name", f.Name, "Until", dayText(t)(f.ValidUntil)), About: t.T("page.todo.evidence-text"), Href: evidenceURL(f.Owner), Go: t.T("page.todo.evidence-go"), by: end})
	}
	slices.SortStableFunc(out, func(a, b todo) int {
		if a.Urgent != b.Urgent {
			return map[bool]int{true: -1, false: 1}[a.Urgent]
		}
		return a.by.Compare(b.by)
	})
	return out, nil
}

// todoOf says what a status asks for.
func (w *Web) todoOf(c *gin.Context, st status.Status, answers string, args []any) (todo, bool) {
	t := w.texts(c)
	x := todo{Href: answers, Go: t.T("page.todo.answer-go")}
	if st.Declaration != nil {
		x.by = st.Declaration.ValidUntil
	}
	switch st.Overall {
	case status.Missing:
		x.Title, x.About, x.by = t.T("page.todo.missing", args...), t.T("page.todo.missing-text"), w.Now().Add(status.ExpiringWithin)
	case status.Expiring:
		x.Title, x.About = t.T("page.todo.expiring", append(args, "Until", t.Date(x.by))...), t.T("page.todo.expiring-text")
		x.Href, x.Go = "/attestations/"+st.Declaration.Digest+"/renewal", t.T("page.todo.renew-go")
	case status.Expired:
		x.Title, x.About, x.Urgent = t.T("page.todo.expired", append(args, "Until", t.Date(x.by))...), t.T("page.todo.expired-text"), true
		x.Href, x.Go = "/attestations/"+st.Declaration.Digest+"/renewal", t.T("page.todo.renew-go")
	case status.SupersededSet:
		reworded := 0
		for _, ch := range st.Changes {
			switch ch.Kind {
			case catalogue.ChangeAdded, catalogue.ChangeSubstance:
				x.Requirements = append(x.Requirements, ch.Requirement)
			case catalogue.ChangeReworded:
				reworded++
			case catalogue.ChangeUnchanged, catalogue.ChangeRemoved:
			}
		}
		x.Title = t.T("page.todo.version", args...)
		x.About = t.T("page.todo.version-reworded", "Count", reworded)
		if len(x.Requirements) == 0 {
			x.Href, x.Go = "/attestations/"+st.Declaration.Digest+"/renewal", t.T("page.todo.renew-go")
		}
	case status.ScopeMismatch:
		x.Title, x.About = t.T("page.todo.scope", args...), t.T("page.todo.scope-text")
	case status.Incomplete:
		x.Title, x.About = t.T("page.todo.incomplete", args...), t.T("page.todo.incomplete-text", "Count", st.Counts.Unanswered)
	case status.Withdrawn:
		x.Title, x.About, x.Urgent = t.T("page.todo.gone", args...), t.T("page.todo.gone-text"), true
	case status.Revoked:
		x.Title, x.About, x.Urgent = t.T("page.todo.gone", args...), t.T("page.todo.revoked-text"), true
	case status.Valid:
		return todo{}, false
	}
	return x, true
}

// declarationsOf are the digests of all declarations behind statuses.
func declarationsOf(statuses []status.Status) []string {
	var out []string
	for _, st := range statuses {
		for _, d := range st.History {
			out = append(out, d.Digest)
		}
	}
	return out
}

// reviewedBy is a public body that has reviewed the supplier's documentation,
// and shares that.
type reviewedBy struct {
	Number organisation.Number
	Name   string
	Count  int
	Last   time.Time
}

// reviewers lists the bodies whose reviews the supplier may see, the latest
// first.
func (w *Web) reviewers(c *gin.Context, n organisation.Number) ([]reviewedBy, error) {
	all, _, err := w.Reviews.List(c.Request.Context(), w.actor(c), review.Query{Supplier: n, Limit: shownReviews})
	if err != nil {
		return nil, err
	}
	var out []reviewedBy
	for _, e := range all {
		i := slices.IndexFunc(out, func(r reviewedBy) bool { return r.Number == e.Reviewer })
		if i < 0 {
			out, i = append(out, reviewedBy{Number: e.Reviewer, Name: cmp.Or(e.ReviewerName, e.Reviewer.Grouped())}), len(out)
		}
		out[i].Count++
		if out[i].Last.Before(e.ReviewedAt) {
			out[i].Last = e.ReviewedAt
		}
	}
	slices.SortStableFunc(out, func(a, b reviewedBy) int { return b.Last.Compare(a.Last) })
	return out, nil
}
