package sqlite

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
)

// foreign is another process' transaction that holds the write lock.
func foreign(t *testing.T, s *Store) *sql.Tx {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(s.dir+"/"+FileName))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

// While somebody else has the lock, a waiting write can be withdrawn, and the
// others go through when the lock is free.
func TestCancelWhileQueued(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	tx := foreign(t, s)
	var wg sync.WaitGroup
	insert := func(ctx context.Context, n organisation.Number, err *error) {
		wg.Go(func() { *err = s.InsertSupplier(ctx, supplier.Supplier{Number: n}) })
	}
	ctx, cancel := context.WithCancel(t.Context())
	var kept, withdrawn error
	insert(t.Context(), "1", &kept)
	insert(ctx, "2", &withdrawn)
	time.Sleep(50 * time.Millisecond)
	start := time.Now()
	cancel()
	time.Sleep(50 * time.Millisecond)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if kept != nil || !errors.Is(withdrawn, context.Canceled) {
		t.Errorf("answers are %v and %v", kept, withdrawn)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	if _, err := s.Supplier(t.Context(), "2"); !errors.Is(err, problem.ErrNotFound) {
		t.Errorf("the withdrawn write happened: %v", err)
	}
}

// A fault in one of the writes of a batch hits that one alone, also when it
// makes SQLite give up the transaction.
func TestFaultInBatch(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	own := errors.New("fault")
	lock := foreign(t, s) // so that all wait and become one batch
	var wg sync.WaitGroup
	errs := make([]error, 30)
	for i := range errs {
		wg.Go(func() {
			errs[i] = s.writer.do(t.Context(), &write{whole: i%2 == 0, run: func(x tx) error {
				_, err := x.exec(`INSERT INTO secrets (name, value) VALUES (?, ?)`, fmt.Sprint(i), []byte("x"))
				switch {
				case err != nil:
					return err
				case i%10 == 4:
					return own
				case i%10 == 5: // as SQLite itself does on a full disk
					_, _ = x.exec(`ROLLBACK`)
					return own
				case i%10 == 6: // an outcome, and whole
					return problem.ErrStale
				case i%10 == 7: // an outcome, and not whole
					return problem.ErrStale
				}
				return nil
			}})
		})
	}
	time.Sleep(50 * time.Millisecond)
	if err := lock.Rollback(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	for i, err := range errs {
		var there bool
		n := 0
		if err := s.query(t.Context(), `SELECT count(*) FROM secrets WHERE name = ?`, fmt.Sprint(i)).row(&n); err != nil {
			t.Fatal(err)
		}
		there = n == 1
		var want error
		wantThere := true
		switch i % 10 {
		case 4, 5:
			want, wantThere = own, false
		case 6:
			want, wantThere = problem.ErrStale, false
		case 7:
			want = problem.ErrStale
		}
		if !errors.Is(err, want) || there != wantThere {
			t.Errorf("write %d: %v, there: %v", i, err, there)
		}
	}
}

// What is put off runs once, in order, and undoes the writes when it fails.
func TestPutOff(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	write := func(name string, later string, numbers ...int64) error {
		return s.writer.do(t.Context(), &write{run: func(t tx) error {
			for _, n := range numbers {
				t.later(later, n)
			}
			_, err := t.exec(`INSERT INTO secrets (name, value) VALUES (?, x'')`, name)
			return err
		}})
	}
	names := func() (all []string) {
		t.Helper()
		err := s.query(t.Context(), `SELECT name FROM secrets ORDER BY rowid`).each(func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			all = append(all, name)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	const insert = `INSERT INTO secrets (name, value) VALUES (?, x'')`
	if err := write("a", insert, 2, 1, 2); err != nil {
		t.Fatal(err)
	}
	if err := write("b", `INSERT INTO nothing VALUES (?)`, 3); err == nil || isOutcome(err) {
		t.Errorf("a fault at the end gives %v", err)
	}
	if err := write("c", insert); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names(), " "); got != "a 1 2 c" {
		t.Errorf("stored %q", got)
	}
}

func TestClosed(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	var wg sync.WaitGroup
	errs := make([]error, 64)
	for i := range errs {
		wg.Go(func() {
			errs[i] = s.InsertSupplier(t.Context(), supplier.Supplier{Number: organisation.Number(fmt.Sprint(i))})
		})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	// Each was carried through or refused; none hangs.
	again := mustOpen(t, s.dir)
	for i, err := range errs {
		_, found := again.Supplier(t.Context(), organisation.Number(fmt.Sprint(i)))
		switch {
		case err == nil && found == nil:
		case errors.Is(err, storage.ErrClosed) && errors.Is(found, problem.ErrNotFound):
		default:
			t.Errorf("write %d answered %v, and reading it %v", i, err, found)
		}
	}
}

// childDir tells this test binary to be a writing process on that folder.
const childDir = "FELLESKRAV_SQLITE_CHILD"

// TestMain turns the binary into the writing process of the two tests below.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir, os.Getenv(childDir+"_NAME"))
		return
	}
	os.Exit(m.Run())
}

// child inserts declarations from 8 goroutines until it is killed or its
// standard input ends, and prints the digest of each that was acknowledged.
func child(dir, name string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := Open(ctx, dir, time.Now)
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		cancel()
	}()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				r := attestation.Record{Digest: fmt.Sprintf("%s-%d-%d", name, w, i), Offering: "o", Bundle: make([]byte, 10_000)}
				err := s.InsertAttestation(context.Background(), r)
				mu.Lock()
				if err != nil {
					fmt.Println("error:", err)
				} else {
					fmt.Println(r.Digest)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		fmt.Println("error:", err)
	}
}

// process is a child that writes.
type process struct {
	cmd  *exec.Cmd
	in   io.Closer
	all  []string      // what it acknowledged; read after done is closed
	some chan struct{} // closed when that are a hundred
	done chan struct{}
}

func start(t *testing.T, dir, name string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0]), some: make(chan struct{}), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), childDir+"="+dir, childDir+"_NAME="+name)
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in = in
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	go func() {
		defer close(p.done)
		for sc := bufio.NewScanner(out); sc.Scan(); {
			if p.all = append(p.all, sc.Text()); len(p.all) == 100 {
				close(p.some)
			}
		}
	}()
	return p
}

// working waits until the child has got something done.
func (p *process) working(t *testing.T) {
	t.Helper()
	select {
	case <-p.some:
	case <-p.done:
		t.Fatalf("the process ended: %v", p.all)
	case <-time.After(20 * time.Second):
		t.Fatal("the process got nothing done")
	}
}

// end ends the child, by force or not, and gives what it acknowledged.
func (p *process) end(kill bool) []string {
	if kill {
		_ = p.cmd.Process.Kill()
	}
	_ = p.in.Close()
	<-p.done
	_ = p.cmd.Wait()
	return p.all
}

// check reads every acknowledged declaration back.
func check(t *testing.T, dir string, acknowledged []string) {
	t.Helper()
	s := mustOpen(t, dir)
	for _, digest := range acknowledged {
		if strings.HasPrefix(digest, "error:") {
			t.Fatalf("a writer met an %s", digest)
		}
		r, err := s.Attestation(t.Context(), digest)
		if err != nil || len(r.Bundle) != 10_000 {
			t.Fatalf("acknowledged and lost: %s: %v", digest, err)
		}
	}
	var verdict string
	if err := s.reads.QueryRow(`PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity check: %s, %v", verdict, err)
	}
	t.Logf("%d acknowledged, all there", len(acknowledged))
}

// What was acknowledged is there after kill -9.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	var all []string
	for i := range 3 {
		p := start(t, dir, fmt.Sprint("p", i))
		p.working(t)
		time.Sleep(100 * time.Millisecond)
		got := p.end(true)
		// A digest cut short by the kill could be that of another.
		all = append(all, got[:len(got)-1]...)
	}
	check(t, dir, all)
}

// Two processes write to one folder as fast as they can, and neither keeps the
// other out.
func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	one := start(t, dir, "one")
	one.working(t)
	two := start(t, dir, "two")
	begun := time.Now()
	two.working(t)
	t.Logf("the second wrote its first hundred in %s", time.Since(begun).Round(time.Millisecond))
	time.Sleep(300 * time.Millisecond)
	check(t, dir, append(one.end(false), two.end(false)...))
}
