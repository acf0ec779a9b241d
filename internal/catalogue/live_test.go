package catalogue_test

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"felleskrav/internal/catalogue"
	"felleskrav/requirements"
)

// What one instance publishes is soon in force on the other.
func TestTwoInstancesFollowEachOther(t *testing.T) {
	a := newDesk(t)
	b := deskOn(t, a.store, a.log)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { b.Live.Run(ctx, 5*time.Millisecond); close(ended) }()
	draft, _ := a.reworded(catalogue.StepPatch)
	before := b.Live.Content()
	_, err := a.Publish(t.Context(), ola, a.approved(draft).ID, 0)
	check(t, err)
	want := a.newest("grunnsett")
	for deadline := time.Now().Add(20 * time.Second); b.newest("grunnsett").Digest != want.Digest; {
		if time.Now().After(deadline) {
			t.Fatal("the other instance did not follow")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if v, _ := before.Version("grunnsett", ""); v.Digest == want.Digest {
		t.Error("content that was handed out has changed")
	}
	stop()
	<-ended
	// And an instance that starts later has it from the beginning.
	if c := deskOn(t, a.store, a.log); c.newest("grunnsett").Digest != want.Digest {
		t.Error("a new instance has other content")
	}
}

// Stored content that does not load stays out, and says so; what comes after
// it is taken.
func TestBrokenContentStaysOut(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	var log bytes.Buffer
	live, err := catalogue.NewLive(requirements.FS, slog.New(slog.NewTextHandler(&log, nil)))
	check(t, err)
	check(t, live.Follow(ctx, d.store))
	before := live.Content()
	put := func(change func(p *catalogue.PublishedContent)) {
		t.Helper()
		_, err := d.store.UpdatePublishedContent(ctx, func(p catalogue.PublishedContent) (catalogue.PublishedContent, error) {
			p.Drafts = append(append([]string{}, p.Drafts...), "x")
			change(&p)
			return p, nil
		})
		check(t, err)
		check(t, live.Reload(ctx))
	}
	put(func(p *catalogue.PublishedContent) { p.Files = map[string]string{"levels.yaml": "levels: []\n"} })
	if live.Content() != before || !strings.Contains(log.String(), "levels.yaml") {
		t.Errorf("content changed, or nothing was logged: %s", &log)
	}
	lines := strings.Count(log.String(), "\n")
	check(t, live.Reload(ctx))
	if strings.Count(log.String(), "\n") != lines {
		t.Error("the same content is tried and logged again and again")
	}
	// A release whose bytes are not those that were published.
	check(t, d.store.InsertSetRelease(ctx, catalogue.SetRelease{Set: "grunnsett", Version: "9.0.0", Bytes: []byte(`{"id":"grunnsett","version":"9.0.0"}`)}))
	put(func(p *catalogue.PublishedContent) {
		p.Files = nil
		p.Releases = []catalogue.ReleaseRef{{Set: "grunnsett", Version: "9.0.0", SHA256: strings.Repeat("0", 64)}}
	})
	if live.Content() != before || !strings.Contains(log.String(), "grunnsett@9.0.0") {
		t.Errorf("a changed release is in force, or nothing was logged: %s", &log)
	}
	put(func(p *catalogue.PublishedContent) { p.Releases = nil })
	if live.Content() == before {
		t.Error("content that is whole again was not taken")
	}
	if _, err := catalogue.NewLive(fstest.MapFS{"levels.yaml": {Data: []byte("levels: []\n")}}, nil); err == nil {
		t.Error("a base with faults was taken")
	}
}

// The files of the service are those of the program, byte for byte, and a
// file that goes through a draft comes out as it went in, formatted.
func TestFilesComeBackAsTheyWere(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	n := 0
	err := fs.WalkDir(requirements.FS, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		n++
		want, err := fs.ReadFile(requirements.FS, path)
		if err != nil {
			return err
		}
		got, err := d.Live.File(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s in force is another file: %v", path, err)
		}
		formatted, err := catalogue.Format(want)
		if err != nil {
			return err
		}
		draft, err := d.Create(ctx, kari, catalogue.DraftInput{Title: path})
		if err != nil {
			return err
		}
		if _, err = d.PutFile(ctx, kari, draft.ID, 0, path, want); err != nil {
			return err
		}
		if got, err = d.File(ctx, ola, draft.ID, path); err != nil || !bytes.Equal(got, formatted) {
			t.Errorf("%s came back otherwise: %v", path, err)
		}
		if _, err = d.PutFile(ctx, kari, draft.ID, 0, path, formatted); err != nil {
			return err
		}
		if got, err = d.File(ctx, ola, draft.ID, path); err != nil || !bytes.Equal(got, formatted) {
			t.Errorf("%s is formatted to something else the second time: %v", path, err)
		}
		return nil
	})
	check(t, err)
	if n < 20 || len(d.Live.Files()) != n {
		t.Errorf("%d files, the service lists %d", n, len(d.Live.Files()))
	}
	for _, path := range []string{"releases/index.json", "../go.mod", "requirements.go", "themes/none.yaml", ""} {
		_, err := d.Live.File(path)
		wantKey(t, err, "content.no-file")
	}
}
