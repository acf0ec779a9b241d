package witness_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"

	"felleskrav/internal/transparency"
	"felleskrav/internal/transparency/witness"
)

// gathering is a gatherer with a clock that the test moves, and what it said.
type gathering struct {
	*witness.Gatherer
	t    *testing.T
	now  time.Time
	said bytes.Buffer
}

func gather(t *testing.T, h *history, clients ...*witness.Client) *gathering {
	t.Helper()
	g := &gathering{t: t, now: at}
	g.Gatherer = witness.NewGatherer(h.Log, h.signer.Verifier(), clients, 0, func() time.Time { return g.now }, slog.New(slog.NewTextHandler(&g.said, nil)))
	return g
}

func (g *gathering) round() {
	g.t.Helper()
	if err := g.Round(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

// witnessed wants the log to have a checkpoint of size that these witnesses have cosigned.
func (h *history) witnessed(size int64, keys ...note.Verifier) {
	h.t.Helper()
	signed, err := h.WitnessedCheckpoint(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	c, _, err := witness.Witnessed(signed, h.signer.Verifier(), keys, len(keys))
	if err != nil || c.Size != size {
		h.t.Fatalf("cosigned is a checkpoint of %d, want %d: %v\n%s", c.Size, size, err, signed)
	}
}

// A log that grows is cosigned each time, by all its witnesses; between, nobody is asked.
func TestGather(t *testing.T) {
	signer := signerOf(t, origin, 1)
	h := newHistory(t, signer, "", 0, 0)
	one := serve(t, newKey(t, "one.example"), t.TempDir(), signer.Verifier())
	two := serve(t, newKey(t, "two.example"), t.TempDir(), signer.Verifier())
	g := gather(t, h, one.client(t), two.client(t))
	g.round()
	if _, err := h.WitnessedCheckpoint(t.Context()); !errors.Is(err, transparency.ErrNotFound) {
		t.Errorf("an empty log is cosigned: %v", err)
	}
	for range 12 {
		for range 3 {
			h.add(fmt.Sprint("entry ", len(h.checkpoints)))
		}
		g.round()
		size := int64(len(h.checkpoints) - 1)
		h.witnessed(size, one.verifier(t), two.verifier(t))
		newest, err := h.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, by, err := witness.Witnessed(newest, signer.Verifier(), []note.Verifier{one.verifier(t), two.verifier(t)}, 2); err != nil || len(by) != 2 {
			t.Errorf("the newest checkpoint is cosigned by %v, %v", by, err)
		}
		if s := g.Status("one.example"); s.Size != size || s.Failures != 0 || !s.At.Equal(at) {
			t.Errorf("status %+v", s)
		}
	}
	kept, err := h.Cosigned(t.Context())
	if err != nil || len(kept.Checkpoints) != 8 {
		t.Errorf("%d cosigned checkpoints are kept, %v", len(kept.Checkpoints), err)
	}
	rev := kept.Rev
	one.stop() // would be noticed
	g.round()
	if kept, err = h.Cosigned(t.Context()); err != nil || kept.Rev != rev || g.Status("one.example").Failures != 0 {
		t.Errorf("a round without growth changed something: %v", err)
	}
	// A checkpoint that has grown past its cosignatures is served without them.
	h.add("one more")
	newest, err := h.Checkpoint(t.Context())
	if err != nil || bytes.Contains(newest, []byte("example/w")) || bytes.Count(newest, []byte("—")) != 1 {
		t.Errorf("the newest checkpoint is %s, %v", newest, err)
	}
	h.witnessed(36, one.verifier(t), two.verifier(t))
	if g.said.Len() > 0 {
		t.Errorf("said %s", g.said.String())
	}
}

// Who comes to a witness that has seen the log already, because of another instance or an earlier run,
// goes on from there; one that has cosigned this tree is not asked again.
func TestGatherGoesOn(t *testing.T) {
	signer := signerOf(t, origin, 1)
	h := newHistory(t, signer, "", 9, 9)
	r := serve(t, newKey(t, "one.example"), t.TempDir(), signer.Verifier())
	r.post(t, 200, h.call(0, 4))
	g := gather(t, h, r.client(t))
	g.round()
	h.witnessed(9, r.verifier(t))
	other := gather(t, h, r.client(t))
	r.stop()
	other.round()
	if s := other.Status("one.example"); s.Size != 9 || s.Failures != 0 {
		t.Errorf("another instance has %+v", s)
	}
}

// A witness that is away is left alone for longer and longer, and the log does without it.
func TestGatherBacksOff(t *testing.T) {
	signer := signerOf(t, origin, 1)
	h := newHistory(t, signer, "", 3, 3)
	here := serve(t, newKey(t, "here.example"), t.TempDir(), signer.Verifier())
	var calls atomic.Int64
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		http.Error(w, "away", http.StatusServiceUnavailable)
	}))
	t.Cleanup(away.Close)
	client, err := witness.ParseClient(newKey(t, "away.example").VerifierKey() + "=" + away.URL)
	if err != nil {
		t.Fatal(err)
	}
	g := gather(t, h, client, here.client(t))
	for range 90 { // an hour
		g.round()
		h.add(fmt.Sprint("entry ", len(h.checkpoints)))
		g.now = g.now.Add(40 * time.Second)
	}
	if n := calls.Load(); n < 8 || n > 13 {
		t.Errorf("it was asked %d times in an hour", n)
	}
	if s := g.Status("away.example"); int64(s.Failures) != calls.Load() || s.Size != 0 {
		t.Errorf("status %+v", s)
	}
	h.witnessed(int64(len(h.checkpoints)-2), here.verifier(t))
}

// What a witness may answer: each is a failure, nothing is kept, and nobody is asked but the witness.
func TestGatherRefusesAnswers(t *testing.T) {
	signer := signerOf(t, origin, 1)
	h := newHistory(t, signer, "", 5, 5)
	text := string(h.checkpoints[5][:bytes.Index(h.checkpoints[5], []byte("\n\n"))+1])
	key, other := newKey(t, "one.example"), newKey(t, "one.example")
	var elsewhere atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(trap.Close)
	size := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/x.tlog.size")
			w.WriteHeader(http.StatusConflict)
			fmt.Fprint(w, text)
		}
	}
	say := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		said   string
	}{
		"nothing":                {say(""), "no cosignature"},
		"another's cosignature":  {say(other.Cosign(text, at)), "no cosignature"},
		"of another tree":        {say(key.Cosign(strings.Replace(text, "\n5\n", "\n4\n", 1), at)), "no cosignature"},
		"not lines":              {say(key.Cosign(text, at) + "and more"), "no cosignature"},
		"too much":               {say(key.Cosign(text, at) + strings.Repeat("— x AAAAAAAA\n", 10_000)), "no cosignature"},
		"a page":                 {say("<html>"), "no cosignature"},
		"not known":              {http.NotFound, "answered 404"},
		"somewhere else":         {http.RedirectHandler(trap.URL, http.StatusTemporaryRedirect).ServeHTTP, "answered 307"},
		"forbidden":              {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, "answered 403"},
		"another history":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(422) }, "level=ERROR"},
		"has more":               {size("9\n"), "level=ERROR"},
		"another tree so large":  {size("0\n"), "level=ERROR"},
		"a conflict without one": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(409) }, "no cosignature"},
		"a size that is none":    {size("-1\n"), "no cosignature"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory(t, signer, "", 5, 5)
			s := httptest.NewServer(c.answer)
			t.Cleanup(s.Close)
			client, err := witness.ParseClient(key.VerifierKey() + "=" + s.URL + "/")
			if err != nil {
				t.Fatal(err)
			}
			g := gather(t, h, client)
			g.round()
			if s := g.Status("one.example"); s.Failures != 1 || !strings.Contains(g.said.String(), c.said) {
				t.Errorf("status %+v, said %s", s, g.said.String())
			}
			if _, err := h.WitnessedCheckpoint(t.Context()); !errors.Is(err, transparency.ErrNotFound) {
				t.Errorf("something was kept: %v", err)
			}
		})
	}
	if elsewhere.Load() > 0 {
		t.Error("a redirection was followed")
	}
}

// An operator who rewrites history gets no cosignature for it, whatever the size, and hears why.
func TestGatherOfARewrittenLog(t *testing.T) {
	signer := signerOf(t, origin, 1)
	r := serve(t, newKey(t, "one.example"), t.TempDir(), signer.Verifier())
	honest := newHistory(t, signer, "honest", 4, 9)
	gather(t, honest, r.client(t)).round()
	for name, n := range map[string]int{"shorter": 6, "as long": 9, "longer": 12} {
		h := newHistory(t, signer, "rewritten", 4, n)
		g := gather(t, h, r.client(t))
		g.round()
		if _, err := h.WitnessedCheckpoint(t.Context()); !errors.Is(err, transparency.ErrNotFound) || !strings.Contains(g.said.String(), "level=ERROR") {
			t.Errorf("%s: %v, said %s", name, err, g.said.String())
		}
	}
	if got := r.post(t, 409, honest.call(0, 9)); got != "9\n" {
		t.Errorf("the witness stands at %q", got)
	}
}

// Somebody else's log, tessera's, with its own client for witnesses, is cosigned by ours; and what ours
// gathers satisfies its policy.
func TestAgainstTessera(t *testing.T) {
	signer := signerOf(t, "other.example", 1)
	one := serve(t, newKey(t, "one.example"), t.TempDir(), signer.Verifier(), signerOf(t, origin, 1).Verifier())
	two := serve(t, newKey(t, "two.example"), t.TempDir(), signer.Verifier(), signerOf(t, origin, 1).Verifier())
	var members []tessera.Witness
	for _, r := range []*running{one, two} {
		u, err := url.Parse(r.URL)
		if err != nil {
			t.Fatal(err)
		}
		w, err := tessera.NewWitness(r.key.VerifierKey(), u)
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, w)
	}
	group := tessera.NewWitnessGroup(2, members[0], members[1])
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	driver, err := posix.New(ctx, posix.Config{Path: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).WithBatching(8, 20*time.Millisecond).WithCheckpointInterval(100*time.Millisecond).WithWitnesses(group, nil))
	if err != nil {
		t.Fatal(err)
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 20*time.Millisecond)
	for i := range 30 {
		_, signed, err := awaiter.Await(ctx, appender.Add(ctx, tessera.NewEntry(fmt.Append(nil, "entry ", i))))
		if err != nil {
			t.Fatal(err)
		}
		if i%10 > 0 {
			continue
		}
		c, by, err := witness.Witnessed(signed, signer.Verifier(), []note.Verifier{one.verifier(t), two.verifier(t)}, 2)
		if err != nil || len(by) != 2 || c.Size < int64(i) {
			t.Fatalf("after %d entries: %d, %v, %v", i, c.Size, by, err)
		}
	}
	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}

	h := newHistory(t, signerOf(t, origin, 1), "", 20, 20)
	gather(t, h, one.client(t), two.client(t)).round()
	signed, err := h.WitnessedCheckpoint(t.Context())
	if err != nil || !group.Satisfied(signed) || group.Satisfied(h.checkpoints[20]) {
		t.Errorf("what we gathered does not satisfy the policy: %v\n%s", err, signed)
	}
}
