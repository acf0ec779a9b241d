package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"felleskrav/internal/audit"
	"felleskrav/internal/storage/mongo/mongotest"
)

// program is felleskrav itself and verifier the program for auditors, built
// once for all tests.
var program, verifier string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "felleskrav-test-")
	if err == nil {
		program, verifier = filepath.Join(dir, "felleskrav"), filepath.Join(dir, audit.ProgramName)
		var out []byte
		if out, err = exec.Command("go", "build", "-o", dir, ".", "../felleskrav-verify").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build the program:", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// onBackends runs a test on both backends. store are the flags that name the
// store; the same flags give the same store.
func onBackends(t *testing.T, test func(t *testing.T, store []string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, []string{"--data-dir", t.TempDir()}) })
	t.Run("mongo", func(t *testing.T) { test(t, mongoStore(t)) })
}

// mongoStore is a database of the test's own.
func mongoStore(t *testing.T) []string {
	t.Helper()
	uri, _ := mongotest.Database(t)
	return []string{"--mongo-uri", uri, "--data-dir", t.TempDir()}
}

// environment is what the program gets: nothing of the machine's own settings.
func environment(extra ...string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "LANG=C"}, extra...)
}

// result is how a command ended.
type result struct {
	code           int
	stdout, stderr string
}

// command runs the program in dir to its end.
func command(t *testing.T, dir string, env []string, args ...string) result {
	t.Helper()
	return execute(t, program, dir, env, args...)
}

// execute runs one of the programs in dir to its end.
func execute(t *testing.T, program, dir string, env []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = dir, environment(env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited { //nolint:errorlint // as os/exec gives it
		t.Fatalf("run %v: %v", args, err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// must runs the program and wants it to end with code.
func must(t *testing.T, code int, dir string, env []string, args ...string) result {
	t.Helper()
	r := command(t, dir, env, args...)
	if r.code != code {
		t.Fatalf("felleskrav %s: ended with %d, want %d\n%s%s", strings.Join(args, " "), r.code, code, r.stdout, r.stderr)
	}
	return r
}

// running is a server.
type running struct {
	t    *testing.T
	cmd  *exec.Cmd
	base string
	// listens is where it listens, when people call it something else.
	listens string
	mu      sync.Mutex
	logs    bytes.Buffer
	done    chan struct{}
	// started is how long it took from starting the process to being ready.
	started time.Duration
}

var announced = regexp.MustCompile(`https?://\S+`)

// serve starts a server on a free port and waits until it is ready. It is
// stopped at the end of the test, if it still runs.
func serve(t *testing.T, args ...string) *running {
	t.Helper()
	return serveAt(t, "", args...)
}

// serveAt is serve for a server that listens elsewhere than where people are
// told.
func serveAt(t *testing.T, listens string, args ...string) *running {
	t.Helper()
	s := &running{t: t, done: make(chan struct{}), listens: listens}
	s.cmd = exec.Command(program, append([]string{"serve", "--rate-limits=off", "--listen", "127.0.0.1:0", "--registry-url", "off"}, args...)...)
	s.cmd.Env = environment()
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stderr = writerFunc(func(p []byte) (int, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.logs.Write(p)
	})
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			s.stop()
		}
		if t.Failed() {
			t.Logf("the server said:\n%s", s.output())
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = s.cmd.Wait()
		t.Fatalf("the server did not start: %v\n%s", err, s.output())
	}
	s.base = announced.FindString(line)
	go func() {
		_, _ = io.Copy(io.Discard, stdout)
		close(s.done)
	}()
	s.waitReady(begin)
	return s
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func (s *running) output() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.logs.String()
	if len(out) > 6000 {
		out = out[:2000] + "…" + out[len(out)-4000:]
	}
	return out
}

func (s *running) waitReady(begin time.Time) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		res, err := browser.Get(s.at() + "/readyz")
		if err != nil {
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			s.started = time.Since(begin)
			return
		}
	}
	s.t.Fatalf("the server at %s is not ready after a minute\n%s", s.base, s.output())
}

// stop asks the server to end and wants it to end well.
func (s *running) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Errorf("stop the server: %v", err)
		return
	}
	<-s.done
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("the server ended with %v\n%s", err, s.output())
	}
}

// kill ends the server at once, as a power cut would.
func (s *running) kill() {
	s.t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	<-s.done
	_ = s.cmd.Wait() // it was killed
}

// answer is what the server answered.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// problemType is the last part of the problem's type.
func (a answer) problemType() string {
	var p struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(a.body, &p)
	return strings.TrimPrefix(p.Type, "urn:felleskrav:problem:")
}

// browser sends the tests' requests, at most so many at a time to one server.
var browser = &http.Client{Transport: &http.Transport{MaxConnsPerHost: 256, MaxIdleConnsPerHost: 256, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 2 * time.Minute}

// do sends a request; body may be nil, bytes or anything for JSON.
func do(t *testing.T, method, address, token, contentType string, body any) answer {
	t.Helper()
	a, err := try(t.Context(), method, address, token, contentType, body)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func try(ctx context.Context, method, address, token, contentType string, body any) (answer, error) {
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		r = bytes.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			return answer{}, err
		}
		r, contentType = bytes.NewReader(data), "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, method, address, r)
	if err != nil {
		return answer{}, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := browser.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, data}, err
}

// want sends a request, wants a status and reads the answer into out, which
// may be nil.
func want(t *testing.T, status int, method, address, token, contentType string, body, out any) answer {
	t.Helper()
	a := do(t, method, address, token, contentType, body)
	if a.status != status {
		t.Fatalf("%s %s: %d, want %d\n%s", method, address, a.status, status, a.body)
	}
	if out != nil {
		if err := json.Unmarshal(a.body, out); err != nil {
			t.Fatalf("%s %s: %v\n%s", method, address, err, a.body)
		}
	}
	return a
}
