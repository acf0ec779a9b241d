package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/transparency"
)

var witnessFlag = regexp.MustCompile(`--witness (\S+)=(http://\S+)`)

// watcher is a witness in a process of its own.
type watcher struct {
	*running
	key string
	// flag is what serve is given.
	flag string
}

// startWitness runs a witness; listen is where, to be found again after a
// restart.
func startWitness(t *testing.T, dir, listen, logKey string) *watcher {
	t.Helper()
	s := &running{t: t, done: make(chan struct{})}
	s.cmd = exec.Command(program, "log", "witness", "--listen", listen, "--key-file", "witness.key", "--state-dir", "seen", "--name", "vitne.example", "--log", logKey)
	s.cmd.Dir, s.cmd.Env = dir, environment()
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stderr = writerFunc(func(p []byte) (int, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.logs.Write(p)
	})
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			s.stop()
		}
		if t.Failed() {
			t.Logf("the witness said:\n%s", s.output())
		}
	})
	out := bufio.NewReader(stdout)
	text := ""
	for range 2 {
		line, err := out.ReadString('\n')
		if err != nil {
			_ = s.cmd.Wait()
			t.Fatalf("the witness did not start: %v\n%s", err, s.output())
		}
		text += line
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		close(s.done)
	}()
	m := witnessFlag.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("the witness said %q", text)
	}
	s.base = m[2]
	return &watcher{s, m[1], m[1] + "=" + m[2]}
}

// awaitWitnessed waits until the newest checkpoint is cosigned.
func awaitWitnessed(t *testing.T, base string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		witnessed := do(t, http.MethodGet, base+"/log/checkpoint/witnessed", "", "", nil)
		newest := do(t, http.MethodGet, base+"/log/checkpoint", "", "", nil)
		if witnessed.status == http.StatusOK && string(witnessed.body) == string(newest.body) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not cosigned after half a minute: %d %s\n%s", witnessed.status, witnessed.body, newest.body)
		}
	}
}

// keyOfLog reads the private key of the log in a store, as its operator can.
func keyOfLog(t *testing.T, dir string) string {
	t.Helper()
	store, err := sqlite.Open(t.Context(), dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	key, err := store.SecretOrCreate(t.Context(), logSecret, func() ([]byte, error) { return nil, errors.New("there is none") })
	if err != nil {
		t.Fatal(err)
	}
	return string(key)
}

// TestWitness runs a server with a witness beside it. What is logged is
// cosigned; a witness that was away catches up; and an operator who rewrites
// history with the log's own key gets no cosignature for it.
func TestWitness(t *testing.T) {
	dir := t.TempDir()
	d := newDoor(t, []string{"--data-dir", dir})
	logKey := strings.TrimSpace(string(do(t, http.MethodGet, d.base+"/log/key", "", "", nil).body))
	if a := do(t, http.MethodGet, d.base+"/log/checkpoint/witnessed", "", "", nil); a.status != 404 || a.problemType() != "log.not-witnessed" {
		t.Errorf("without a witness: %d %s", a.status, a.body)
	}
	w := startWitness(t, d.dir, "127.0.0.1:0", logKey)
	listen := strings.TrimPrefix(w.base, "http://")
	d.run(1, "", "log", "verify", "--server", d.base, "--witness", w.key)
	d.run(1, "", "log", "checkpoint", "--server", d.base, "--witnessed")
	d.server.stop()

	run := func(dir string) *running {
		return serve(t, "--data-dir", dir, "--log-origin", "127.0.0.1", "--witness", w.flag, "--witness-every", "200ms")
	}
	server := run(dir)
	bundles := d.bundles(30)
	submit := func(part [][]byte) {
		if got := d.submitAll(part, 4, func(int) string { return server.base }, func(int64) {}); len(got) != len(part) {
			t.Fatalf("%d of %d got in", len(got), len(part))
		}
	}
	submit(bundles[:10])
	awaitWitnessed(t, server.base)
	if r := d.run(0, "", "log", "verify", "--server", server.base, "--log-key", logKey, "--witness", w.key); !strings.Contains(r.stdout, "Vitnene bekrefter loggen: 1 har medsignert") || !strings.Contains(r.stdout, "vitne.example medsignerte") {
		t.Errorf("verified as\n%s", r.stdout)
	}
	if a := do(t, http.MethodGet, server.base+"/metrics", "", "", nil); !strings.Contains(string(a.body), `felleskrav_log_witness_size{witness="vitne.example"} `) {
		t.Errorf("metrics:\n%s", a.body)
	}
	// The witness is gone, at once, and comes back: it has forgotten nothing.
	w.kill()
	submit(bundles[10:20])
	w = startWitness(t, d.dir, listen, logKey)
	awaitWitnessed(t, server.base)
	d.run(0, "", "log", "checkpoint", "--server", server.base, "--witnessed", "-o", "kept.checkpoint")
	if kept := string(d.read("kept.checkpoint")); strings.Count(kept, "\n— ") != 2 {
		t.Errorf("kept %s", kept)
	}
	submit(bundles[20:])
	awaitWitnessed(t, server.base)
	d.run(0, "", "log", "verify", "--server", server.base, "--since", "kept.checkpoint", "--witness", w.key, "--quorum", "1")
	size := string(do(t, http.MethodGet, w.base+"/", "", "", nil).body)
	server.stop()

	// With a longer history that is another one, well signed.
	rewritten := t.TempDir()
	var entries []string
	for i := range 300 {
		entries = append(entries, fmt.Sprint("another history ", i))
	}
	logAt(t, rewritten, keyOfLog(t, dir), entries...)
	server = run(rewritten)
	d.run(0, "", "log", "verify", "--server", server.base, "--log-key", logKey) // in itself all is well
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(server.output(), "another history of the log"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the server does not hear why it is not cosigned:\n%s", server.output())
		}
	}
	if r := d.run(1, "", "log", "verify", "--server", server.base, "--log-key", logKey, "--since", "kept.checkpoint"); !strings.Contains(r.stdout, "er skrevet om siden kept.checkpoint") {
		t.Errorf("the rewritten log is said to be\n%s", r.stdout)
	}
	r := d.run(1, "", "log", "verify", "--server", server.base, "--log-key", logKey, "--witness", w.key, "--format", "json")
	var answer logAnswer
	if err := json.Unmarshal([]byte(r.stdout), &answer); err != nil || answer.Verified || answer.Witnessed == nil || answer.Witnessed.Met {
		t.Errorf("the rewritten log is said to be\n%s", r.stdout)
	}
	if now := string(do(t, http.MethodGet, w.base+"/", "", "", nil).body); now != size {
		t.Errorf("the witness went along: %s, before %s", now, size)
	}
	// What a program says on its way reaches the test a little later.
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(w.output(), "refused a checkpoint"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the witness did not say that it refused:\n%s", w.output())
		}
	}
}

// TestWitnessUsage is what cannot be a witness.
func TestWitnessUsage(t *testing.T) {
	key, err := transparency.GenerateSignerKey("log.example")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := transparency.ParseSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	vkey, dir := signer.VerifierKey(), t.TempDir()
	for i, c := range []struct {
		name string
		args []string
		code int
	}{
		{"no log", []string{"log", "witness", "--key-file", dir + "/k", "--state-dir", dir}, 2},
		{"not a log's key", []string{"log", "witness", "--key-file", dir + "/k", "--state-dir", dir, "--log", "x"}, 2},
		{"not an address", []string{"log", "witness", "--key-file", dir + "/k", "--state-dir", dir, "--log", vkey, "--listen", "x"}, 2},
		{"a folder for a key", []string{"log", "witness", "--key-file", dir, "--state-dir", dir, "--log", vkey}, 3},
		{"a name that is none", []string{"log", "witness", "--key-file", dir + "/k", "--state-dir", dir, "--log", vkey, "--name", "a b"}, 3},
		{"serve with no witness", []string{"serve", "--data-dir", dir, "--witness", "x"}, 2},
		{"serve with a witness nowhere", []string{"serve", "--data-dir", dir, "--witness", vkey + "=ftp://x"}, 2},
		{"serve with one witness twice", []string{"serve", "--data-dir", dir, "--witness", vkey + "=http://a", "--witness", vkey + "=http://b"}, 2},
		{"serve that asks all the time", []string{"serve", "--data-dir", dir, "--witness", vkey + "=http://a", "--witness-every", "1ms"}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			lang := []string{"nb", "nn", "en"}[i%3]
			if r := here(t, nil, "", append(c.args, "--lang", lang)...); r.code != c.code || r.stderr == "" {
				t.Errorf("ended with %d, want %d:\n%s%s", r.code, c.code, r.stdout, r.stderr)
			}
		})
	}
}
