package web

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/notify"
	"felleskrav/internal/problem"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

type statusPage struct {
	Base
	Status   status.Status
	Offering supplier.Offering
	Supplier supplier.Supplier
	Key      supplier.Key
	Version  catalogue.Version
	Versions []catalogue.Version
	Themes   []statusTheme
	Chart    chart
	// Columns say what the colours of the chart are.
	Columns []countRow
	// Open shows the answers to every requirement; Folded and Unfolded lead to the
	// page with them hidden and shown.
	Open             bool
	Folded, Unfolded string
	// Verdict says in one sentence what the status comes of.
	Verdict string
	// DaysLeft is how long the declaration lasts, while it does.
	DaysLeft int
	Chain    chain
	Links    []status.Link
	Events   []timelineEvent
	// At and Time are the date and the time of day asked about.
	At, Time Field
	Set      Field
	// Past is set when the page answers for a moment in the past.
	Past bool
	Own  bool
	// Erased has the digests of the files that are referred to and erased.
	Erased map[string]bool
	// Register is what the register of legal entities says about the supplier.
	Register registered
	Watching watching
	// Reviews is set for those who can review the answers.
	Reviews bool
}

type statusTheme struct {
	ID     string
	Name   catalogue.Text
	Rows   []statusRow
	Counts status.Counts
}

// Others are the theme's answers that are not simply that it is met.
func (t statusTheme) Others() []countRow {
	return slices.DeleteFunc(countRows(t.Counts), func(r countRow) bool { return r.Answer == attestation.Met })
}

// timelineEvent is an event with its sentence.
type timelineEvent struct {
	status.Event
	Text string
}

type statusRow struct {
	Requirement catalogue.Requirement
	Status      status.RequirementStatus
}

func (w *Web) status(c *gin.Context) error {
	ctx, actor, t := c.Request.Context(), w.actor(c), w.texts(c)
	o, err := w.Suppliers.Offering(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	s, err := w.Suppliers.Get(ctx, actor, o.Supplier)
	if err != nil {
		return err
	}
	p := statusPage{Base: w.base(c, section(actor, o.Supplier)), Offering: o, Supplier: s, Own: false}
	p.Own = p.Acts(o.Supplier)
	if p.Watching, err = w.watching(c, notify.Target{Supplier: o.Supplier, Offering: o.ID}); err != nil {
		return err
	}
	day, hour := asOf(c)
	asked := day
	if day != "" && hour != "" {
		asked += "T" + hour
	}
	at, readable := readTime(asked, true)
	var failed error
	if !readable || day == "" && hour != "" {
		failed = badDate("at")
	}
	var moment time.Time
	if at != nil {
		moment = *at
		if now := w.Now(); moment.After(now) && sameDay(moment, now) {
			moment = now // today was chosen by its date: as of now
		}
		p.Past = moment.Before(w.Now().Add(-time.Minute))
	}
	set := c.Query("set")
	if p.Past {
		if set, err = w.setAt(ctx, set, moment); err != nil {
			return err
		}
	}
	st, err := w.Facts.Status(ctx, actor, o.ID, set, moment)
	if err != nil && at != nil && problem.KindOf(err) == problem.Invalid {
		failed, p.Past = err, false
		st, err = w.Facts.Status(ctx, actor, o.ID, c.Query("set"), time.Time{})
	}
	if err != nil {
		return err
	}
	p.Status = st
	p.Register = w.registered(st.Register, o.Supplier, s.Name)
	code := codeOf(failed)
	p.Form = newForm(t, failed)
	if st.Declaration != nil {
		p.Key, _ = s.Key(st.Declaration.KeyID)
	}
	p.Reviews = st.Declaration != nil && st.Declaration.Lifecycle != status.LifeWithdrawn && !p.Past && actor.Org != string(o.Supplier) &&
		access.Check(actor, access.WriteReview, actor.Org) == nil
	p.Version, _ = w.Catalogue.Content().Version(st.Set, st.SetVersion)
	p.group(t)
	p.Verdict = verdict(t, st, s.Name)
	if d := st.Declaration; d != nil && d.Lifecycle == status.LifeActive {
		p.DaysLeft = int(d.ValidUntil.Sub(st.At).Hours() / 24)
	}
	if p.Links = weakestFirst(st.Chain); len(p.Links) > 0 {
		p.Chain = newChain(t, st)
	}
	p.Events = w.timeline(t, st, s, o)
	p.Open = c.Query("answers") == "all"
	address := "/offerings/" + o.ID + "/status?"
	p.Folded = address + query("set", p.Version.Ref(), "at", day, "time", hour) + "#answers"
	p.Unfolded = address + query("set", p.Version.Ref(), "at", day, "time", hour, "answers", "all") + "#answers"
	if p.Erased, err = w.erasedOf(ctx, o.Supplier, st); err != nil {
		return err
	}
	p.At = p.Form.field(Field{Name: "at", Label: "page.status.at", Hint: "page.status.at-hint", Type: "date", Value: day, Size: "m", Plain: true})
	p.Time = p.Form.field(Field{Name: "time", Label: "page.status.time", Hint: "page.status.time-hint", Type: "time", Value: hour, Size: "s", Plain: true})
	p.Set = Field{Name: "set", Label: "page.status.set", Size: "m", Required: true}
	for _, set := range w.Catalogue.Content().EverySet() {
		for _, v := range w.Catalogue.Content().Versions(set.ID) {
			p.Set.Options = append(p.Set.Options, Option{v.Ref(), v.Name.In(t.Lang) + " " + v.Version, v.Set == st.Set && v.Version == st.SetVersion})
		}
	}
	return w.show(c, code, "status", p)
}

// setAt is the set asked about at a moment, as the form of the page has it: a
// version that had not come yet gives way to the newest there was.
func (w *Web) setAt(ctx context.Context, ref string, at time.Time) (string, error) {
	set, version, err := catalogue.ParseRef(ref)
	if ref == "" || err != nil || version == "" {
		return ref, nil //nolint:nilerr // the status says what is wrong with it
	}
	newest, ok, err := w.Facts.VersionAt(ctx, set, at)
	if err != nil || !ok {
		return ref, err
	}
	all := w.Catalogue.Content().Versions(set)
	place := func(version string) int {
		return slices.IndexFunc(all, func(v catalogue.Version) bool { return v.Version == version })
	}
	if place(version) > place(newest.Version) {
		return set, nil
	}
	return ref, nil
}

func sameDay(a, b time.Time) bool {
	return a.In(locale.Zone()).Format(localDate) == b.In(locale.Zone()).Format(localDate)
}

// asOf reads the moment asked about: a date and perhaps a time of day, in two
// fields or in one as others link to it.
func asOf(c *gin.Context) (day, hour string) {
	day, hour = line(c.Query("at")), line(c.Query("time"))
	if d, h, ok := strings.Cut(day, "T"); ok && len(h) == len("15:04") {
		return d, h
	}
	if at, err := time.Parse(time.RFC3339, day); err == nil {
		at = at.In(locale.Zone())
		return at.Format(localDate), at.Format("15:04")
	}
	return day, hour
}

// verdict is what a status comes of, in one sentence.
func verdict(t *locale.Texts, s status.Status, supplierName string) string {
	args := map[string]any{"Supplier": supplierName, "Met": s.Counts.Met, "Total": s.Counts.Total(), "Count": s.Counts.Unanswered}
	if d := s.Declaration; d != nil {
		args["Until"], args["Declared"], args["Since"], args["Version"] = t.Date(d.ValidUntil), t.Date(d.DeclaredAt), t.Date(d.Since), d.SetVersion
	}
	if s.Overall == status.SupersededSet {
		args["Count"] = len(changedRequirements(s))
	}
	return t.T("page.status.verdict-"+string(s.Overall), args)
}

// changedRequirements are those that are otherwise in the version asked about
// than in the one that was declared.
func changedRequirements(s status.Status) []catalogue.Change {
	return slices.DeleteFunc(slices.Clone(s.Changes), func(c catalogue.Change) bool { return c.Kind == catalogue.ChangeUnchanged })
}

// Changed lists what is otherwise than in the version that was declared.
func (p statusPage) Changed() []catalogue.Change { return changedRequirements(p.Status) }

// timeline writes what has happened, newest first.
func (w *Web) timeline(t *locale.Texts, s status.Status, sup supplier.Supplier, o supplier.Offering) []timelineEvent {
	var out []timelineEvent
	for _, e := range status.Timeline(s, sup, o, w.Catalogue.Content().Versions(s.Set)) {
		label := short(e.KeyID)
		if k, ok := sup.Key(e.KeyID); ok && k.Label != "" {
			label = k.Label
		}
		out = append(out, timelineEvent{e, t.T("page.status.event-"+string(e.Kind), map[string]any{
			"Version": e.SetVersion, "Until": t.Date(e.ValidUntil), "Key": label, "Reviewer": e.ReviewerName, "Count": e.Count,
		})})
	}
	return out
}

// group sorts the answers by theme and counts them.
func (p *statusPage) group(t *locale.Texts) {
	byID := map[string]status.RequirementStatus{}
	for _, r := range p.Status.Requirements {
		byID[r.Requirement] = r
	}
	var rows []counted
	for _, vt := range versionThemes(p.Version) {
		theme := statusTheme{ID: vt.ID, Name: vt.Name}
		for _, r := range vt.Requirements {
			rs := byID[r.ID]
			theme.Rows = append(theme.Rows, statusRow{r, rs})
			theme.Counts.Add(rs.Answer)
			if len(rs.Evidence) > 0 {
				theme.Counts.Documented++
			}
			if rs.Assurance == status.Reviewed {
				theme.Counts.Reviewed++
			}
		}
		p.Themes = append(p.Themes, theme)
		rows = append(rows, counted{vt.Name.In(t.Lang), theme.Counts})
	}
	p.Chart = newChart(t, "answers", t.T("page.status.chart"), rows)
	p.Columns = countRows(p.Status.Counts)
}

// recordCounts counts the answers of one declaration.
func recordCounts(r attestation.Record) status.Counts {
	var c status.Counts
	for _, a := range r.Answers {
		c.Add(a.Status)
		if len(a.Evidence) > 0 {
			c.Documented++
		}
	}
	return c
}
