package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/organisation"
	"felleskrav/internal/organisation/registry"
	"felleskrav/internal/safehttp"
	"felleskrav/internal/storage/sqlite"
)

// The numbers are made up and have a valid check digit; so are the names.
const (
	one   organisation.Number = "314168267"
	two   organisation.Number = "123456785"
	three organisation.Number = "987654325"
)

var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// register plays the register, over HTTP.
type register struct {
	*httptest.Server
	mu      sync.Mutex
	handler http.HandlerFunc
	asked   atomic.Int32
}

func newRegister(t *testing.T, h http.HandlerFunc) *register {
	t.Helper()
	r := &register{handler: h}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.asked.Add(1)
		r.mu.Lock()
		h := r.handler
		r.mu.Unlock()
		h(w, q)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *register) now(h http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handler = h
}

func answers(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

// unit answers for one kind of unit only.
func unit(kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/"+kind+"/") {
			http.NotFound(w, r)
			return
		}
		answers(body)(w, r)
	}
}

func client(t *testing.T, base string) *registry.Client {
	t.Helper()
	c, err := registry.NewClient(base + "/api")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnswersAreReadAsTheyCome(t *testing.T) {
	active := organisation.RegisterEntry{
		Number: one, Found: true, Name: "OPPDIKTET SKY AS", Form: "AS", Municipality: "0301", Sector: "2100", Language: "nb", VAT: true, FetchedAt: start,
	}
	with := func(change func(*organisation.RegisterEntry)) organisation.RegisterEntry {
		e := organisation.RegisterEntry{Number: one, Found: true, FetchedAt: start}
		change(&e)
		return e
	}
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		want    organisation.RegisterEntry
	}{
		"whole": {answers(`{"organisasjonsnummer":"314168267","navn":"OPPDIKTET SKY AS","organisasjonsform":{"kode":"AS","beskrivelse":"Aksjeselskap"},
			"forretningsadresse":{"kommunenummer":"0301"},"postadresse":{"kommunenummer":"4601"},"institusjonellSektorkode":{"kode":"2100"},"antallAnsatte":7,"konkurs":false,
			"underAvvikling":false,"underTvangsavviklingEllerTvangsopplosning":false,"maalform":"Bokmål","registrertIMvaregisteret":true,"nytt":{"felt":[1]}}`), active},
		"a public body": {answers(`{"organisasjonsnummer":314168267,"navn":"Oppdikta kommune","organisasjonsform":{"kode":"KOMM"},"institusjonellSektorkode":{"kode":"6500"},"maalform":"Nynorsk"}`),
			with(func(e *organisation.RegisterEntry) {
				e.Name, e.Form, e.Sector, e.PublicBody, e.Language = "Oppdikta kommune", "KOMM", "6500", true, "nn"
			})},
		"nothing but the number": {answers(`{"organisasjonsnummer":"314 168 267"}`), with(func(*organisation.RegisterEntry) {})},
		"null, empty and of other types": {answers(`{"organisasjonsnummer":"314168267","navn":null,"organisasjonsform":"AS","forretningsadresse":null,"postadresse":{"kommunenummer":1},
			"institusjonellSektorkode":[],"konkurs":null,"konkursdato":"","slettedato":"","underAvvikling":"","maalform":{},"registrertIMvaregisteret":"ja"}`),
			with(func(*organisation.RegisterEntry) {})},
		"bankrupt":              {answers(`{"organisasjonsnummer":"314168267","konkurs":true}`), with(func(e *organisation.RegisterEntry) { e.Bankrupt = true })},
		"bankrupt by its date":  {answers(`{"organisasjonsnummer":"314168267","konkursdato":"2026-01-31"}`), with(func(e *organisation.RegisterEntry) { e.Bankrupt = true })},
		"winding up":            {answers(`{"organisasjonsnummer":"314168267","underAvvikling":true}`), with(func(e *organisation.RegisterEntry) { e.WindingUp = true })},
		"compulsory winding up": {answers(`{"organisasjonsnummer":"314168267","underTvangsavviklingEllerTvangsopplosning":"true"}`), with(func(e *organisation.RegisterEntry) { e.WindingUp = true })},
		"deleted":               {answers(`{"organisasjonsnummer":"314168267","slettedato":"2026-01-31T00:00:00Z"}`), with(func(e *organisation.RegisterEntry) { e.Deleted, e.DeletedOn = true, "2026-01-31" })},
		"a date that is none":   {answers(`{"organisasjonsnummer":"314168267","slettedato":"2026-13-99"}`), with(func(*organisation.RegisterEntry) {})},
		"no content type": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, `{"organisasjonsnummer":"314168267","navn":"X"}`)
		}, with(func(e *organisation.RegisterEntry) { e.Name = "X" })},
		"a sub-unit": {unit("underenheter", `{"organisasjonsnummer":"314168267","navn":"AVD","overordnetEnhet":"123456785","beliggenhetsadresse":{"kommunenummer":"5501"}}`),
			with(func(e *organisation.RegisterEntry) { e.Name, e.Parent, e.Municipality = "AVD", two, "5501" })},
		"a sub-unit closed down": {unit("underenheter", `{"organisasjonsnummer":"314168267","nedleggelsesdato":"2025-12-31"}`),
			with(func(e *organisation.RegisterEntry) { e.Deleted, e.DeletedOn = true, "2025-12-31" })},
		"not there": {http.NotFound, organisation.RegisterEntry{Number: one, FetchedAt: start}},
		"gone":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }, organisation.RegisterEntry{Number: one, FetchedAt: start}},
		"a name with what does not show": {answers(`{"organisasjonsnummer":"314168267","navn":"  A\u0000\r\nB\u202eC\u200b  ` + strings.Repeat("å", 500) + `"}`),
			with(func(e *organisation.RegisterEntry) { e.Name = "A BC " + strings.Repeat("å", 195) })},
		"a redirect on the same host": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/enheter/314168267" {
				http.Redirect(w, r, "/api/v2/enheter/314168267", http.StatusFound)
				return
			}
			answers(`{"organisasjonsnummer":"314168267"}`)(w, r)
		}, with(func(*organisation.RegisterEntry) {})},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := client(t, newRegister(t, tt.handler).URL).Ask(t.Context(), one, start)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("differs (-want +got):\n%s", d)
			}
		})
	}
}

func TestAnswersThatAreNotBelieved(t *testing.T) {
	reached := newRegister(t, answers(`{"organisasjonsnummer":"314168267"}`))
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		want    error
	}{
		"about another number": {answers(`{"organisasjonsnummer":"123456785","navn":"EN ANNEN"}`), registry.ErrAnswer},
		"about no number":      {answers(`{"navn":"X"}`), registry.ErrAnswer},
		"a page in HTML": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<!doctype html><title>Vedlikehold</title>")
		}, registry.ErrAnswer},
		"a list":     {answers(`[{"organisasjonsnummer":"314168267"}]`), registry.ErrAnswer},
		"null":       {answers(`null`), registry.ErrAnswer},
		"cut short":  {answers(`{"organisasjonsnummer":"314168267"`), registry.ErrAnswer},
		"nothing":    {answers(``), registry.ErrAnswer},
		"a fault":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, safehttp.ErrStatus},
		"no content": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, safehttp.ErrStatus},
		"huge": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"organisasjonsnummer":"314168267","navn":"`)
			for range 2 << 10 {
				if _, err := io.WriteString(w, strings.Repeat("a", 1<<10)); err != nil {
					return
				}
			}
			_, _ = io.WriteString(w, `"}`)
		}, safehttp.ErrTooLarge},
		"a redirect to another host": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, reached.URL+"/api/enheter/314168267", http.StatusFound)
		}, safehttp.ErrRedirect},
		"a redirect to a private address": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
		}, safehttp.ErrRedirect},
		"a redirect in a ring": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, safehttp.ErrRedirect},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := client(t, newRegister(t, tt.handler).URL).Ask(t.Context(), one, start)
			if !errors.Is(err, tt.want) || got != (organisation.RegisterEntry{}) {
				t.Errorf("%+v, error %v, want %v", got, err, tt.want)
			}
		})
	}
	if n := reached.asked.Load(); n != 0 {
		t.Errorf("the other host was asked %d times", n)
	}
}

// TestNamesDoNotLeadToPrivateAddresses: only an address in numbers, or
// localhost, is the operator's own word for it.
func TestNamesDoNotLeadToPrivateAddresses(t *testing.T) {
	r := newRegister(t, answers(`{"organisasjonsnummer":"314168267"}`))
	_, port, _ := strings.Cut(strings.TrimPrefix(r.URL, "http://"), ":")
	if _, err := client(t, "http://localhost:"+port).Ask(t.Context(), one, start); err != nil {
		t.Errorf("localhost: %v", err)
	}
	before := r.asked.Load()
	if _, err := client(t, "http://ip6-localhost.localhost:"+port).Ask(t.Context(), one, start); err == nil {
		t.Error("a name led to this machine")
	}
	if r.asked.Load() != before {
		t.Error("the register was asked")
	}
}

func TestSlowRegisterIsGivenUp(t *testing.T) {
	stop := make(chan struct{})
	r := newRegister(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		for { // a byte now and then
			select {
			case <-stop:
				return
			case <-r.Context().Done():
				return
			case <-time.After(100 * time.Millisecond):
				_, _ = io.WriteString(w, " ")
				w.(http.Flusher).Flush()
			}
		}
	})
	defer close(stop)
	began := time.Now()
	if _, err := client(t, r.URL).Ask(t.Context(), one, start); err == nil {
		t.Error("no error")
	}
	if took := time.Since(began); took > registry.Timeout+time.Second {
		t.Errorf("took %s", took)
	}
}

func TestNewClientRefuses(t *testing.T) {
	for _, base := range []string{"", "data.brreg.no", "ftp://data.brreg.no/", "https://u:p@data.brreg.no/", "https:///api", "https://data.brreg.no/?a=b", "https://data.brreg.no/#x", "\x00"} {
		if _, err := registry.NewClient(base); !errors.Is(err, registry.ErrURL) {
			t.Errorf("%q: %v", base, err)
		}
	}
	if _, err := registry.NewClient(registry.DefaultURL); err != nil {
		t.Error(err)
	}
}

// house is a service with a store, a register and a clock.
type house struct {
	*registry.Service
	*register
	at *atomic.Int64
	t  *testing.T
}

func (h *house) later(d time.Duration) { h.at.Add(int64(d)) }

func newHouse(t *testing.T, handler http.HandlerFunc) *house {
	t.Helper()
	h := &house{register: newRegister(t, handler), at: &atomic.Int64{}, t: t}
	h.at.Store(start.UnixNano())
	now := func() time.Time { return time.Unix(0, h.at.Load()).UTC() }
	store, err := sqlite.Open(t.Context(), t.TempDir(), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	h.Service = registry.New(store, client(t, h.URL), now, slog.New(slog.DiscardHandler))
	registry.NoPause(h.Service)
	return h
}

// ask gives the name that is known, with "-" for an absent organisation and ""
// for nothing known.
func (h *house) ask() string {
	h.t.Helper()
	e, err := h.Ask(h.t.Context(), one)
	return h.name(e, err)
}

func (h *house) known() string {
	h.t.Helper()
	e, err := h.Known(h.t.Context(), one)
	return h.name(e, err)
}

func (h *house) name(e *organisation.RegisterEntry, err error) string {
	h.t.Helper()
	switch {
	case err != nil:
		h.t.Fatal(err)
	case e == nil:
		return ""
	case !e.Found:
		return "-"
	}
	return e.Name
}

func (h *house) want(what, got, want string, asked int32) {
	h.t.Helper()
	if got != want {
		h.t.Errorf("%s: %q, want %q", what, got, want)
	}
	if n := h.asked.Swap(0); n != asked {
		h.t.Errorf("%s: the register was asked %d times, want %d", what, n, asked)
	}
}

func down(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }

func named(name string) http.HandlerFunc {
	return answers(fmt.Sprintf(`{"organisasjonsnummer":"314168267","navn":%q}`, name))
}

func TestAnswersAreKeptForADay(t *testing.T) {
	h := newHouse(t, named("A"))
	h.want("first", h.ask(), "A", 1)
	h.now(named("B"))
	h.later(24*time.Hour - time.Millisecond)
	h.want("just within a day", h.ask(), "A", 0)
	h.later(time.Millisecond)
	h.want("after a day", h.ask(), "B", 1)
}

func TestAbsentIsKeptForAnHour(t *testing.T) {
	h := newHouse(t, http.NotFound)
	h.want("absent", h.ask(), "-", 2) // as an entity, and as a sub-unit
	h.now(named("A"))
	h.later(time.Hour - time.Millisecond)
	h.want("just within an hour", h.ask(), "-", 0)
	h.later(time.Millisecond)
	h.want("then present", h.ask(), "A", 1)
}

func TestDownShowsTheLastKnownUntilItIsTooOld(t *testing.T) {
	h := newHouse(t, down)
	h.want("down from the start", h.ask(), "", 1)
	h.now(named("A"))
	h.want("up", h.ask(), "A", 1)
	h.now(down)
	h.later(30 * 24 * time.Hour)
	h.want("down, the last moment", h.ask(), "A", 1)
	h.want("without waiting", h.known(), "A", 0)
	h.later(time.Millisecond)
	h.want("too old", h.ask(), "", 1)
	h.want("too old, without waiting", h.known(), "", 0)
	h.now(named("B"))
	h.want("up again", h.ask(), "B", 1)
}

func TestFailuresAreNotRepeatedAtOnce(t *testing.T) {
	h := newHouse(t, down)
	registry.Pause(h.Service)
	for range 3 {
		_ = h.ask()
	}
	h.want("three times", h.ask(), "", 1)
}

// TestBackgroundRefresh: what is old is shown at once, and asked for behind.
func TestBackgroundRefresh(t *testing.T) {
	h := newHouse(t, named("A"))
	go h.Run(t.Context(), suppliers{})
	wait := func(want string) {
		t.Helper()
		for range 200 {
			if h.known() == want {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("%q never came", want)
	}
	if got := h.known(); got != "" {
		t.Errorf("at first: %q", got)
	}
	wait("A")
	h.now(named("B"))
	h.later(25 * time.Hour)
	if got := h.known(); got != "A" {
		t.Errorf("old: %q, want the last known", got)
	}
	wait("B")
}

func TestOneQuestionForAllWhoAsk(t *testing.T) {
	release := make(chan struct{})
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		named("A")(w, r)
	})
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			if e, err := h.Ask(t.Context(), one); err != nil || e == nil || e.Name != "A" {
				t.Errorf("%+v, error %v", e, err)
			}
		})
	}
	for h.asked.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	close(release)
	asking.Wait()
	h.want("twenty at once", h.ask(), "A", 1)
}

type suppliers []organisation.Number

func (s suppliers) RegisteredNumbers(_ context.Context, after organisation.Number, limit int) ([]organisation.Number, error) {
	var out []organisation.Number
	for _, n := range s {
		if n > after && len(out) < limit {
			out = append(out, n)
		}
	}
	return out, nil
}

func TestSweepIsSlowAndLeavesWhatIsFresh(t *testing.T) {
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request) {
		answers(`{"organisasjonsnummer":"`+r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]+`"}`)(w, r)
	})
	_ = h.ask()
	h.asked.Store(0)
	if err := h.Sweep(t.Context(), suppliers{two, one, three, "NTRSE-5560125790"}[0:1]); err != nil {
		t.Fatal(err)
	}
	if err := h.Sweep(t.Context(), suppliers{two, one, three, "NTRSE-5560125790"}); err != nil {
		t.Fatal(err)
	}
	if n := h.asked.Load(); n != 2 {
		t.Errorf("asked %d times, want for the two that were not fresh", n)
	}
	all, err := h.RegisterEntries(t.Context(), []organisation.Number{one, two, three, "NTRSE-5560125790"})
	if err != nil || len(all) != 3 {
		t.Errorf("%d entries, error %v", len(all), err)
	}
	h.later(25 * time.Hour)
	began := time.Now()
	if err := h.Sweep(t.Context(), suppliers{two, one, three}[:2]); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 450*time.Millisecond {
		t.Errorf("two questions took %s, want half a second between", took)
	}
	// A register that is down is left alone.
	h.later(25 * time.Hour)
	h.now(down)
	h.asked.Store(0)
	many := suppliers{}
	for i := range 50 {
		many = append(many, organisation.Number(fmt.Sprintf("8000000%02d", i)))
	}
	if err := h.Sweep(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	if n := h.asked.Load(); n != 5 {
		t.Errorf("a register that is down was asked %d times, want 5", n)
	}
}

func TestSwitchedOff(t *testing.T) {
	var none *registry.Service
	if e, err := none.RegisterEntries(t.Context(), []organisation.Number{one}); err != nil || len(e) != 0 || none.On() {
		t.Errorf("a nil service: %v, %v", e, err)
	}
	h := newHouse(t, named("A"))
	_ = h.ask()
	off := registry.New(registry.StoreOf(h.Service), nil, func() time.Time { return start.Add(48 * time.Hour) }, slog.New(slog.DiscardHandler))
	if e, err := off.Ask(t.Context(), one); err != nil || e == nil || e.Name != "A" {
		t.Errorf("what was known: %+v, %v", e, err)
	}
	if e, err := off.Known(t.Context(), two); err != nil || e != nil {
		t.Errorf("what was not: %+v, %v", e, err)
	}
	off.Run(t.Context(), suppliers{})
}

func FuzzAnswer(f *testing.F) {
	for _, s := range []string{`{"organisasjonsnummer":"314168267","navn":"A\u0000B"}`, `{"organisasjonsnummer":314168267,"slettedato":"2026-01-31"}`, `[]`, `{`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := registry.Parse(body, one)
		if err != nil {
			return
		}
		if e.Number != one || !e.Found || len([]rune(e.Name)) > 200 || strings.ContainsAny(e.Name, "\x00\r\n\x7f\u202e") || e.Deleted != (e.DeletedOn != "") {
			t.Errorf("%+v", e)
		}
	})
}
