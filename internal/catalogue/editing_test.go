package catalogue_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/storage/storagetest"
	"felleskrav/requirements"
)

var (
	kari  = access.Actor{ID: "kari", Name: "Direktoratet", Org: "910000047", Roles: []access.Role{access.Editor}}
	ola   = access.Actor{ID: "ola", Name: "Etaten", Org: "910000039", Roles: []access.Role{access.Editor}}
	tom   = access.Actor{ID: "tom", Name: "Forbundet", Org: "910000020", Roles: []access.Role{access.Editor}}
	buyer = access.Actor{ID: "buyer", Name: "Kommunen", Org: "910000004", Roles: []access.Role{access.Procurement}}
)

// record is a log that keeps what it is given, as the real one does, and can
// fail before or after it did.
type record struct {
	mu      sync.Mutex
	entries map[string]string
	fail    string // "before", "after" or ""
}

func (r *record) Append(_ context.Context, key string, body []byte) (int64, time.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	how := r.fail
	r.fail = ""
	if how == "before" {
		return 0, time.Time{}, storage.ErrInjected
	}
	if old, ok := r.entries[key]; ok && old != string(body) {
		return 0, time.Time{}, errors.New("key taken")
	}
	r.entries[key] = string(body)
	if how == "after" {
		return 0, time.Time{}, storage.ErrInjected
	}
	return int64(len(r.entries)), time.Time{}, nil
}

// desk is where editors work: a service on a real store that can be made to
// fail.
type desk struct {
	*catalogue.DraftService
	t     *testing.T
	store *storagetest.Faulty
	log   *record
	day   time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	real, err := sqlite.Open(t.Context(), t.TempDir(), time.Now)
	check(t, err)
	t.Cleanup(func() { check(t, real.Close()) })
	return deskOn(t, storagetest.NewFaulty(real), &record{entries: map[string]string{}})
}

// deskOn is another instance on the same store and log.
func deskOn(t *testing.T, store *storagetest.Faulty, log *record) *desk {
	t.Helper()
	live, err := catalogue.NewLive(requirements.FS, nil)
	check(t, err)
	check(t, live.Follow(t.Context(), store))
	d := &desk{t: t, store: store, log: log, day: time.Date(2026, 12, 1, 23, 0, 0, 0, time.UTC)}
	d.DraftService = &catalogue.DraftService{
		Store: store, Log: log, Live: live, Now: func() time.Time { return d.day },
		NewID: func() string { return uuid.Must(uuid.NewV7()).String() },
	}
	return d
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

func wantKey(t *testing.T, err error, key string) {
	t.Helper()
	if got := problem.KeyOf(err); got != key {
		t.Fatalf("error is %v, want %s", err, key)
	}
}

// theme is the file and text of the theme of a requirement.
func theme(t *testing.T, l *catalogue.Live, requirement string) (path, text string) {
	t.Helper()
	for _, f := range l.Files() {
		data, err := l.File(f.Path)
		check(t, err)
		if strings.HasPrefix(f.Path, "themes/") && strings.Contains(string(data), "id: "+requirement+"\n") {
			return f.Path, string(data)
		}
	}
	t.Fatalf("no theme has %s", requirement)
	return "", ""
}

// newest is the newest release of a set, and next the one after it.
func (d *desk) newest(set string) catalogue.Version {
	d.t.Helper()
	v, ok := d.Live.Content().Version(set, "")
	if !ok {
		d.t.Fatalf("%s has no release", set)
	}
	return v
}

// reworded is a draft by kari that changes the rationale of the first
// requirement of grunnsett and wants that released.
func (d *desk) reworded(step catalogue.StepSize) (draft catalogue.Draft, requirement string) {
	d.t.Helper()
	ctx := d.t.Context()
	newest := d.newest("grunnsett")
	r := newest.Requirements[0]
	path, text := theme(d.t, d.Live, r.ID)
	changed := appendTo(d.t, text, r.ID, "rationale")
	draft, err := d.Create(ctx, kari, catalogue.DraftInput{Title: "Klarere begrunnelse", Releases: []catalogue.WantedRelease{
		{Set: "grunnsett", Version: catalogue.NextVersion(newest.Version, step)},
	}})
	check(d.t, err)
	draft, err = d.PutFile(ctx, kari, draft.ID, draft.Rev, path, []byte(changed))
	check(d.t, err)
	return draft, r.ID
}

// approved sends a draft through the review by another editor.
func (d *desk) approved(draft catalogue.Draft) catalogue.Draft {
	d.t.Helper()
	draft, err := d.SubmitForReview(d.t.Context(), kari, draft.ID, draft.Rev)
	check(d.t, err)
	draft, err = d.Decide(d.t.Context(), ola, draft.ID, draft.Rev, catalogue.DecisionApprove, "")
	check(d.t, err)
	return draft
}

// added is what the tests write at the end of a text, in each language.
var added = map[string]string{
	"nb": " Slik vet begge parter hva som gjelder.", "nn": " Slik veit begge partar kva som gjeld.", "en": " Both sides then know what applies.",
}

// edit rewrites the lines of one requirement in a theme file.
func edit(t *testing.T, file, requirement string, change func(field, line string) string) string {
	t.Helper()
	lines := strings.Split(file, "\n")
	in, field := false, ""
	out := make([]string, 0, len(lines))
	for _, l := range lines {
		trimmed := strings.TrimSpace(l)
		if strings.HasPrefix(trimmed, "- id: ") {
			in = trimmed == "- id: "+requirement
		}
		if in && strings.HasPrefix(l, "    ") && !strings.HasPrefix(l, "     ") {
			field, _, _ = strings.Cut(trimmed, ":")
		}
		if in {
			l = change(field, l)
		}
		out = append(out, l)
	}
	changed := strings.Join(out, "\n")
	if changed == file {
		t.Fatalf("nothing of %s was changed", requirement)
	}
	return changed
}

// appendTo adds a sentence to one text of a requirement, in all languages.
func appendTo(t *testing.T, file, requirement, to string) string {
	t.Helper()
	return edit(t, file, requirement, func(field, line string) string {
		lang, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		if more, ok := added[lang]; ok && field == to {
			return strings.TrimSuffix(line, `"`) + more + `"`
		}
		return line
	})
}

// raised gives a requirement a new edition.
func raised(t *testing.T, file, requirement string) string {
	t.Helper()
	return edit(t, file, requirement, func(_, line string) string {
		if strings.HasSuffix(line, "- id: "+requirement) {
			return line + "\n    edition: 7"
		}
		if strings.HasPrefix(line, "    edition:") {
			return "    # a new edition"
		}
		return line
	})
}

func TestTwoEditorsPublish(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	before := d.newest("grunnsett")
	draft, requirement := d.reworded(catalogue.StepPatch)
	if c, err := d.Check(ctx, kari, draft.ID); err != nil || !c.Fine() {
		t.Fatalf("the draft is not fine: %+v, %v", c, err)
	}
	_, err := d.Publish(ctx, kari, draft.ID, 0)
	wantKey(t, err, "draft.state")
	_, err = d.Decide(ctx, ola, draft.ID, 0, catalogue.DecisionApprove, "")
	wantKey(t, err, "draft.state")
	draft, err = d.SubmitForReview(ctx, kari, draft.ID, draft.Rev)
	check(t, err)
	path := draft.Paths()[0]
	_, err = d.PutFile(ctx, kari, draft.ID, 0, path, []byte(draft.Files[path].Text))
	wantKey(t, err, "draft.state")
	_, err = d.Decide(ctx, kari, draft.ID, 0, catalogue.DecisionApprove, "Fint.")
	wantKey(t, err, "draft.own")
	_, err = d.Decide(ctx, ola, draft.ID, 0, catalogue.DecisionReturn, " ")
	wantKey(t, err, "draft.decision")
	_, err = d.Decide(ctx, buyer, draft.ID, 0, catalogue.DecisionApprove, "")
	wantKey(t, err, "access.denied")

	// Returned, mended by a third editor, who then has written on it too.
	draft, err = d.Decide(ctx, ola, draft.ID, draft.Rev, catalogue.DecisionReturn, "Skriv det kortere.")
	check(t, err)
	draft, err = d.PutFile(ctx, tom, draft.ID, draft.Rev, path, []byte(draft.Files[path].Text))
	check(t, err)
	draft, err = d.SubmitForReview(ctx, tom, draft.ID, draft.Rev)
	check(t, err)
	for _, own := range []access.Actor{kari, tom} {
		_, err = d.Decide(ctx, own, draft.ID, 0, catalogue.DecisionApprove, "")
		wantKey(t, err, "draft.own")
	}
	draft, err = d.Decide(ctx, ola, draft.ID, draft.Rev, catalogue.DecisionApprove, "Bra.")
	check(t, err)
	if d.newest("grunnsett").Version != before.Version {
		t.Fatal("approval alone published something")
	}
	draft, err = d.Publish(ctx, kari, draft.ID, draft.Rev)
	check(t, err)
	if draft.State != catalogue.DraftPublished || draft.Closed == nil || len(draft.Reviews) != 2 || draft.Reviews[0].Comment != "Skriv det kortere." {
		t.Errorf("published %+v", draft)
	}
	after := d.newest("grunnsett")
	if after.Version != catalogue.NextVersion(before.Version, catalogue.StepPatch) || after.Published != "2026-12-01" {
		t.Errorf("released %s on %s", after.Ref(), after.Published)
	}
	now, _ := d.Live.Content().Requirement(requirement)
	if !strings.HasSuffix(now.Rationale.NN, added["nn"]) {
		t.Errorf("in force is %q", now.Rationale.NN)
	}
	event, err := catalogue.ReleaseEvent(after)
	check(t, err)
	if diff := cmp.Diff(map[string]string{"release:" + after.Ref(): string(event)}, d.log.entries); diff != "" {
		t.Errorf("logged (-want +got):\n%s", diff)
	}
	again, err := d.Publish(ctx, ola, draft.ID, 0)
	check(t, err)
	if again.Rev != draft.Rev {
		t.Error("publishing twice changed the draft")
	}
	_, err = d.Discard(ctx, kari, draft.ID, 0)
	wantKey(t, err, "draft.publishing")
}

// Every write of publishing fails in turn, before and after it was done, and
// so does logging. Calling again, on another day and another instance, comes
// to the same.
func TestPublishIsCompletedAfterFaults(t *testing.T) {
	dry := newDesk(t)
	draft, _ := dry.reworded(catalogue.StepPatch)
	draft = dry.approved(draft)
	first := len(dry.store.Seen())
	_, err := dry.Publish(t.Context(), kari, draft.ID, 0)
	check(t, err)
	writes := dry.store.Seen()[first:]
	if len(writes) != 4 { // reserve, release, put in force, close
		t.Fatalf("publishing writes %v", writes)
	}
	try := func(name string, fail func(d *desk)) {
		t.Run(name, func(t *testing.T) {
			ctx, d := t.Context(), newDesk(t)
			before := d.newest("grunnsett")
			draft, requirement := d.reworded(catalogue.StepPatch)
			draft = d.approved(draft)
			other, err := d.Create(ctx, ola, catalogue.DraftInput{Title: "Et annet utkast"})
			check(t, err)
			fail(d)
			if _, err = d.Publish(ctx, kari, draft.ID, 0); !errors.Is(err, storage.ErrInjected) {
				t.Fatalf("error is %v", err)
			}
			next := deskOn(t, d.store, d.log)
			next.day = d.day.AddDate(0, 0, 3)
			if _, err := next.Discard(ctx, ola, other.ID, 0); err != nil {
				t.Errorf("a draft that is not being published cannot be discarded: %v", err)
			}
			draft, err = next.Publish(ctx, ola, draft.ID, 0)
			check(t, err)
			after := next.newest("grunnsett")
			r, _ := next.Live.Content().Requirement(requirement)
			if draft.State != catalogue.DraftPublished || after.Version == before.Version || !strings.HasSuffix(r.Rationale.EN, added["en"]) {
				t.Errorf("draft is %s, newest %s", draft.State, after.Ref())
			}
			event, err := catalogue.ReleaseEvent(after)
			check(t, err)
			if diff := cmp.Diff(map[string]string{"release:" + after.Ref(): string(event)}, d.log.entries); diff != "" {
				t.Errorf("logged (-want +got):\n%s", diff)
			}
			p, err := d.store.PublishedContent(ctx)
			check(t, err)
			if len(p.Releases) != 1 || len(p.Drafts) != 1 || p.Pending != "" {
				t.Errorf("published content is %+v", p)
			}
			check(t, d.Live.Reload(ctx))
			if d.newest("grunnsett").Digest != after.Digest {
				t.Error("the two instances disagree")
			}
		})
	}
	for n := range writes {
		for _, when := range []storagetest.When{storagetest.Before, storagetest.After} {
			try(string(writes[n])+[]string{" fails", "", " fails once done"}[when], func(d *desk) { d.store.Fail(storagetest.AnyWrite, n+1, when) })
		}
	}
	for _, when := range []string{"before", "after"} {
		try("log fails "+when, func(d *desk) { d.log.fail = when })
	}
}

// While one draft is half published the others wait, and go on afterwards.
func TestOnePublicationAtATime(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	half, _ := d.reworded(catalogue.StepPatch)
	half = d.approved(half)
	second, err := d.Create(ctx, kari, catalogue.DraftInput{Title: "Kilder"})
	check(t, err)
	sources, err := d.Live.File("sources.yaml")
	check(t, err)
	second, err = d.PutFile(ctx, kari, second.ID, 0, "sources.yaml", append(sources, "# sist endret av redaktørene\n"...))
	check(t, err)
	second = d.approved(second)
	d.log.fail = "before"
	if _, err := d.Publish(ctx, kari, half.ID, 0); !errors.Is(err, storage.ErrInjected) {
		t.Fatal(err)
	}
	_, err = d.Publish(ctx, kari, second.ID, 0)
	wantKey(t, err, "draft.other-publication")
	for _, stop := range []func() error{
		func() error { _, err := d.Discard(ctx, kari, half.ID, 0); return err },
		func() error { _, err := d.Decide(ctx, ola, half.ID, 0, catalogue.DecisionReturn, "Vent."); return err },
	} {
		wantKey(t, stop(), "draft.publishing")
	}
	_, err = d.Publish(ctx, kari, half.ID, 0)
	check(t, err)
	_, err = d.Publish(ctx, kari, second.ID, 0)
	check(t, err)
	got, err := d.Live.File("sources.yaml")
	check(t, err)
	if !strings.HasSuffix(string(got), "# sist endret av redaktørene\n") {
		t.Error("the second draft is not in force")
	}
}

func TestVersionRule(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	newest := d.newest("grunnsett")
	first := newest.Requirements[0].ID
	path, text := theme(t, d.Live, first)
	set := "sets/grunnsett.yaml"
	data, err := d.Live.File(set)
	check(t, err)
	var extra string // a requirement the set does not have yet
	for _, r := range d.Live.Content().Requirements() {
		if _, ok := newest.Requirement(r.ID); !ok {
			extra = r.ID
			break
		}
	}
	with := strings.Replace(string(data), "requirements:\n", "requirements:\n  - "+extra+"\n", 1)
	// One that other sets have too: a requirement that no set has is a finding.
	shared := ""
	for _, r := range newest.Requirements {
		sets := 0
		for _, f := range d.Live.Files() {
			if text, err := d.Live.File(f.Path); err == nil && strings.HasPrefix(f.Path, "sets/") && strings.Contains(string(text), "- "+r.ID+"\n") {
				sets++
			}
		}
		if sets > 1 && strings.Contains(string(data), "  - "+r.ID+"\n") {
			shared = r.ID
		}
	}
	without := strings.Replace(string(data), "  - "+shared+"\n", "", 1)
	if with == string(data) || without == string(data) {
		t.Fatal("the set is not written as this test thinks")
	}
	for name, tc := range map[string]struct {
		path, text  string
		tooSmall    catalogue.StepSize // 0: the smallest there is will do
		enough      catalogue.StepSize
		requirement string
	}{
		"a new edition":   {path, raised(t, text, first), catalogue.StepMinor, catalogue.StepMajor, first},
		"a removal":       {set, without, catalogue.StepMinor, catalogue.StepMajor, shared},
		"an addition":     {set, with, catalogue.StepPatch, catalogue.StepMinor, extra},
		"a rewording":     {path, appendTo(t, text, first, "verify"), catalogue.StepNone, catalogue.StepPatch, ""},
		"more than asked": {path, appendTo(t, text, first, "verify"), catalogue.StepNone, catalogue.StepMajor, ""},
	} {
		t.Run(name, func(t *testing.T) {
			want := func(version string) catalogue.DraftInput {
				return catalogue.DraftInput{Title: name, Releases: []catalogue.WantedRelease{{Set: "grunnsett", Version: version}}}
			}
			draft, err := d.Create(ctx, kari, want(newest.Version))
			check(t, err)
			_, err = d.PutFile(ctx, kari, draft.ID, 0, tc.path, []byte(tc.text))
			check(t, err)
			_, err = d.SubmitForReview(ctx, kari, draft.ID, 0)
			wantKey(t, err, "draft.version-old")
			if tc.tooSmall != catalogue.StepNone {
				_, err = d.Describe(ctx, kari, draft.ID, 0, want(catalogue.NextVersion(newest.Version, tc.tooSmall)))
				check(t, err)
				_, err = d.SubmitForReview(ctx, kari, draft.ID, 0)
				wantKey(t, err, "draft.step")
				p, _ := errors.AsType[*problem.Error](err)
				if p.Args["Requirement"] != tc.requirement || p.Args["Version"] != catalogue.NextVersion(newest.Version, tc.enough) {
					t.Errorf("told %v", p.Args)
				}
			}
			_, err = d.Describe(ctx, kari, draft.ID, 0, want(catalogue.NextVersion(newest.Version, tc.enough)))
			check(t, err)
			_, err = d.SubmitForReview(ctx, kari, draft.ID, 0)
			check(t, err)
		})
	}
	t.Run("nothing new", func(t *testing.T) {
		draft, err := d.Create(ctx, kari, catalogue.DraftInput{Title: "x", Releases: []catalogue.WantedRelease{{Set: "grunnsett", Version: catalogue.NextVersion(newest.Version, catalogue.StepMajor)}}})
		check(t, err)
		check(t, d.unchanged("grunnsett"))
		_, err = d.SubmitForReview(ctx, kari, draft.ID, 0)
		wantKey(t, err, "draft.release-same")
	})
	t.Run("no such set", func(t *testing.T) {
		draft, err := d.Create(ctx, kari, catalogue.DraftInput{Title: "x", Releases: []catalogue.WantedRelease{{Set: "ukjent", Version: "1.0.0"}}})
		check(t, err)
		_, err = d.SubmitForReview(ctx, kari, draft.ID, 0)
		wantKey(t, err, "draft.no-set")
	})
}

// unchanged tells whether a set is still what was released last.
func (d *desk) unchanged(set string) error {
	newest := d.newest(set)
	next, err := d.Live.Content().Freeze(set, catalogue.NextVersion(newest.Version, catalogue.StepMajor), d.day)
	if err == nil && catalogue.StepNeeded(newest, next).Size != catalogue.StepNone {
		err = errors.New(set + " has changed since its last release: this test needs one that has not")
	}
	return err
}

// Two drafts of the same file: whoever comes second does not undo the first.
func TestDraftOfAnOlderFile(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	one, _ := d.reworded(catalogue.StepPatch)
	two, _ := d.reworded(catalogue.StepPatch)
	three, _ := d.reworded(catalogue.StepPatch)
	one, two = d.approved(one), d.approved(two)
	_, err := d.Publish(ctx, ola, one.ID, 0)
	check(t, err)
	_, err = d.Publish(ctx, ola, two.ID, 0)
	wantKey(t, err, "draft.outdated")
	_, err = d.SubmitForReview(ctx, kari, three.ID, 0)
	wantKey(t, err, "draft.outdated")
	c, err := d.Check(ctx, kari, three.ID)
	check(t, err)
	if diff := cmp.Diff(three.Paths(), c.Outdated); diff != "" {
		t.Errorf("outdated (-want +got):\n%s", diff)
	}
	// The refusal gave up its turn, and the draft can be mended.
	path := two.Paths()[0]
	two, err = d.Decide(ctx, ola, two.ID, 0, catalogue.DecisionReturn, "Begynn på nytt fra det som gjelder.")
	check(t, err)
	_, err = d.RemoveFile(ctx, kari, two.ID, 0, path)
	check(t, err)
	now, err := d.Live.File(path)
	check(t, err)
	newest := d.newest("grunnsett")
	_, err = d.PutFile(ctx, kari, two.ID, 0, path, []byte(appendTo(t, string(now), newest.Requirements[0].ID, "verify")))
	check(t, err)
	two, err = d.Describe(ctx, kari, two.ID, 0, catalogue.DraftInput{Title: "Om igjen", Releases: []catalogue.WantedRelease{
		{Set: "grunnsett", Version: catalogue.NextVersion(newest.Version, catalogue.StepPatch)},
	}})
	check(t, err)
	_, err = d.Publish(ctx, ola, d.approved(two).ID, 0)
	check(t, err)
}

func TestConcurrentEdits(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	draft, err := d.Create(ctx, kari, catalogue.DraftInput{Title: "Sammen"})
	check(t, err)
	var wg sync.WaitGroup
	files := d.Live.Files()[:8]
	for i, f := range files {
		data, err := d.Live.File(f.Path)
		check(t, err)
		by := []access.Actor{kari, ola, tom}[i%3]
		wg.Go(func() {
			if _, err := d.PutFile(ctx, by, draft.ID, 0, f.Path, data); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := d.Get(ctx, ola, draft.ID)
	check(t, err)
	if len(got.Files) != len(files) || len(got.Editors) != 3 || got.Rev != int64(1+len(files)) {
		t.Errorf("%d files by %v at revision %d", len(got.Files), got.Editors, got.Rev)
	}
	_, err = d.Describe(ctx, kari, draft.ID, draft.Rev, catalogue.DraftInput{Title: "Jeg så en eldre"})
	wantKey(t, err, "request.if-match")
	_, err = d.SubmitForReview(ctx, kari, draft.ID, draft.Rev)
	wantKey(t, err, "request.if-match")
}

func TestPutFileRefuses(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	draft, err := d.Create(ctx, kari, catalogue.DraftInput{Title: "x"})
	check(t, err)
	const set = "sets/grunnsett.yaml"
	good, err := d.Live.File(set)
	check(t, err)
	for name, tc := range map[string]struct{ path, text, key, field, fault string }{
		"release":     {"releases/grunnsett-1.0.0.json", "{}", "draft.path", "", ""},
		"upwards":     {"../sources.yaml", "x", "draft.path", "", ""},
		"deeper":      {"tasks/a/b.yaml", "x", "draft.path", "", ""},
		"no YAML":     {set, "id: [\n", "draft.file-faults", set + ":1", "syntax"},
		"empty":       {set, "", "draft.file-faults", set + ":1", "empty"},
		"unknown key": {set, string(good) + "extra: 1\n", "draft.file-faults", "", "unknown-key"},
		"not UTF-8":   {set, "id: \"\xff\"\n", "draft.file-faults", set + ":1", "encoding"},
		"two files":   {set, string(good) + "---\n" + string(good), "draft.file-faults", "", "syntax"},
		"too large":   {set, strings.Repeat("#", 1<<20+1), "draft.files-large", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.PutFile(ctx, kari, draft.ID, 0, tc.path, []byte(tc.text))
			wantKey(t, err, tc.key)
			if tc.fault == "" {
				return
			}
			p, _ := errors.AsType[*problem.Error](err)
			if len(p.Fields) == 0 || p.Fields[0].Key != "catalogue.fault."+tc.fault || tc.field != "" && p.Fields[0].Path != tc.field {
				t.Errorf("told %+v", p.Fields)
			}
		})
	}
	got, err := d.Get(ctx, kari, draft.ID)
	check(t, err)
	if len(got.Files) != 0 || got.Rev != 1 {
		t.Error("a refused file changed the draft")
	}
	_, err = d.SubmitForReview(ctx, kari, draft.ID, 0)
	wantKey(t, err, "draft.nothing")
	// A reference to what does not exist is a fault of the whole, not of the file.
	_, err = d.PutFile(ctx, kari, draft.ID, 0, set, []byte(strings.Replace(string(good), "requirements:\n", "requirements:\n  - K-STYRING-99\n", 1)))
	check(t, err)
	_, err = d.SubmitForReview(ctx, kari, draft.ID, 0)
	wantKey(t, err, "draft.faults")
	c, err := d.Check(ctx, kari, draft.ID)
	check(t, err)
	if len(c.Faults) != 1 || c.Faults[0].Key != "dangling" || c.Faults[0].File != set || c.Faults[0].Line == 0 {
		t.Errorf("faults %v", c.Faults)
	}
	for _, f := range []func(access.Actor) error{
		func(a access.Actor) error { _, err := d.Create(ctx, a, catalogue.DraftInput{Title: "x"}); return err },
		func(a access.Actor) error { _, err := d.Get(ctx, a, draft.ID); return err },
		func(a access.Actor) error { _, err := d.List(ctx, a, "", 10); return err },
		func(a access.Actor) error { _, err := d.PutFile(ctx, a, draft.ID, 0, set, good); return err },
		func(a access.Actor) error { _, err := d.RemoveFile(ctx, a, draft.ID, 0, set); return err },
		func(a access.Actor) error { _, err := d.Discard(ctx, a, draft.ID, 0); return err },
		func(a access.Actor) error { _, err := d.SubmitForReview(ctx, a, draft.ID, 0); return err },
		func(a access.Actor) error { _, err := d.Publish(ctx, a, draft.ID, 0); return err },
	} {
		wantKey(t, f(buyer), "access.denied")
		wantKey(t, f(access.Anyone()), "access.login")
	}
	_, err = d.Get(ctx, kari, "019ac000-0000-7000-8000-000000000000")
	wantKey(t, err, "draft.not-found")
}
