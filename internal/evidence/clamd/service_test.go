package clamd_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/evidence/clamd/clamdtest"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage/sqlite"
)

const (
	ours   organisation.Number = "123456785"
	theirs organisation.Number = "314168267"
	agency organisation.Number = "987654325"
)

func as(org organisation.Number, role access.Role) access.Actor {
	return access.Actor{ID: "test", Org: string(org), Roles: []access.Role{role}}
}

// desk is evidence at work: a store, a clock of its own and a daemon.
type desk struct {
	*evidence.Service
	t      *testing.T
	dir    string
	daemon *clamdtest.Daemon
	later  atomic.Int64 // how far the clock is ahead
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	k := &desk{t: t, dir: t.TempDir(), daemon: clamdtest.Start(t)}
	now := func() time.Time { return time.Now().Add(time.Duration(k.later.Load())) }
	store, err := sqlite.Open(t.Context(), k.dir, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	k.Service = &evidence.Service{Store: store, Now: now, MaxBytes: 50 << 20, Scanner: k.daemon.Client()}
	return k
}

func (k *desk) upload(owner organisation.Number, r io.Reader) (evidence.Evidence, bool, error) {
	return k.Upload(k.t.Context(), as(owner, access.Supplier), evidence.Upload{Name: "rutine.txt", Kind: "policy", Visibility: evidence.VisiblePublic}, r)
}

// pending uploads and wants the record to wait because of why.
func (k *desk) pending(owner organisation.Number, r io.Reader, why evidence.ScanReason) evidence.Evidence {
	k.t.Helper()
	e, created, err := k.upload(owner, r)
	if err != nil || !created || e.Scan.State != evidence.Pending || e.Scan.Reason != why {
		k.t.Fatalf("created %v, %+v, %v, want pending because %s", created, e.Scan, err, why)
	}
	k.closed(e.SHA256, "evidence.pending")
	return e
}

// state is what the owner's list says of a file.
func (k *desk) state(owner organisation.Number, sha256 string) evidence.Scan {
	k.t.Helper()
	all, err := k.Of(k.t.Context(), as(owner, access.Supplier), owner)
	if err != nil {
		k.t.Fatal(err)
	}
	for _, e := range all {
		if e.SHA256 == sha256 {
			return e.Scan
		}
	}
	return evidence.Scan{}
}

// closed wants the bytes to be given to nobody.
func (k *desk) closed(sha256, key string) {
	k.t.Helper()
	for who, actor := range map[string]access.Actor{"anyone": access.Anyone(), "owner": as(ours, access.Supplier), "agency": as(agency, access.Adviser)} {
		body, _, err := k.Open(k.t.Context(), actor, sha256)
		if problem.KeyOf(err) != key || body != nil {
			k.t.Errorf("%s opens it: %v, want %s", who, err, key)
		}
	}
}

func (k *desk) opens(sha256, text string) {
	k.t.Helper()
	body, _, err := k.Open(k.t.Context(), as(agency, access.Adviser), sha256)
	if err != nil {
		k.t.Errorf("an agency opens it: %v", err)
		return
	}
	defer body.Close()
	if b, err := io.ReadAll(body); err != nil || string(b) != text {
		k.t.Errorf("read %d bytes, %v", len(b), err)
	}
}

func (k *desk) rescan(want evidence.Rescanned, wantErr error) {
	k.t.Helper()
	if did, err := k.RescanPending(k.t.Context()); did != want || !errors.Is(err, wantErr) {
		k.t.Errorf("scanned again %+v, %v, want %+v, %v", did, err, want, wantErr)
	}
}

// files counts the bytes that are kept on disk, half uploaded ones included.
func (k *desk) files() (n int) {
	k.t.Helper()
	err := filepath.WalkDir(filepath.Join(k.dir, "evidence"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return n
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func TestUploadIsScanned(t *testing.T) {
	k := newDesk(t)
	clean := "Rutine for tilgang\n"
	e, created, err := k.upload(ours, strings.NewReader(clean))
	if err != nil || !created || e.Scan.State != evidence.Clean || e.Scan.At.IsZero() {
		t.Fatalf("clean: %+v, %v", e.Scan, err)
	}
	k.opens(e.SHA256, clean)
	for body, name := range map[string]string{clamdtest.EICAR: clamdtest.EICARName, strings.Repeat("harmless\n", 30_000) + clamdtest.Marker: clamdtest.MarkerName} {
		_, _, err := k.upload(ours, strings.NewReader(body))
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Key != "evidence.infected" || p.Kind != problem.Refused || p.Args["Signature"] != name {
			t.Errorf("malware: %v, want it refused as %s", err, name)
		}
		if scan := k.state(ours, digest(body)); scan.State != "" {
			t.Errorf("malware is listed: %+v", scan)
		}
		k.closed(digest(body), "evidence.not-found")
	}
	for size, key := range map[int]string{clamdtest.FileMax + 1000: "evidence.scan-limit", clamdtest.StreamMax + 1000: "evidence.scan-limit", 10 * clamdtest.StreamMax: "evidence.scan-limit"} {
		_, _, err := k.upload(ours, strings.NewReader(strings.Repeat("a", size)))
		if problem.KeyOf(err) != key || problem.KindOf(err) != problem.TooLarge {
			t.Errorf("%d bytes: %v, want %s", size, err, key)
		}
	}
	if _, _, err := k.upload(ours, io.MultiReader(strings.NewReader(clamdtest.EICAR[:30]), &cut{})); problem.KeyOf(err) != "request.cut" {
		t.Errorf("broken off: %v", err)
	}
	if n := k.files(); n != 1 {
		t.Errorf("%d files are kept, want the clean one", n)
	}
	k.rescan(evidence.Rescanned{}, nil)
}

// cut is a sender that goes away.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// moment does something when reading comes to it.
type moment func()

func (m moment) Read([]byte) (int, error) { m(); return 0, io.EOF }

// TestDaemonStopsMidUpload: nothing is lost and nothing passes.
func TestDaemonStopsMidUpload(t *testing.T) {
	k := newDesk(t)
	half := strings.Repeat("harmless\n", 30_000)
	sums := map[string]string{}
	for what, body := range map[string]string{"clean": half + half, "bad": half + clamdtest.Marker} {
		e := k.pending(ours, io.MultiReader(strings.NewReader(body[:len(half)]), moment(k.daemon.Stop), strings.NewReader(body[len(half):])), evidence.ScannerFailed)
		if e.SHA256 != digest(body) || e.Size != int64(len(body)) {
			t.Errorf("%s: stored %d bytes as %s", what, e.Size, e.SHA256)
		}
		sums[what] = e.SHA256
		if what == "clean" { // another owner has it too, and learns nothing of the first
			k.pending(theirs, strings.NewReader(body), evidence.ScannerAway)
		}
		k.daemon.Restart()
	}
	// While it is away a round changes nothing, and puts nothing off.
	k.daemon.Stop()
	for range 3 {
		k.rescan(evidence.Rescanned{}, evidence.ErrScannerAway)
	}
	k.closed(sums["clean"], "evidence.pending")
	k.closed(sums["bad"], "evidence.pending")

	k.daemon.Restart()
	k.rescan(evidence.Rescanned{Clean: 1, Infected: 1}, nil)
	k.opens(sums["clean"], half+half)
	k.closed(sums["bad"], "evidence.infected")
	for _, owner := range []organisation.Number{ours, theirs} {
		if scan := k.state(owner, sums["clean"]); scan.State != evidence.Clean || scan.Reason != "" || !scan.Next.IsZero() {
			t.Errorf("%s: clean is %+v", owner, scan)
		}
	}
	if scan := k.state(ours, sums["bad"]); scan.State != evidence.Infected || scan.Signature != clamdtest.MarkerName {
		t.Errorf("bad is %+v", scan)
	}
	k.rescan(evidence.Rescanned{}, nil)
}

// TestDaemonHangs: the upload ends in time, and a file that keeps failing is
// asked about ever more seldom.
func TestDaemonHangs(t *testing.T) {
	k := newDesk(t)
	k.ScanWait = 200 * time.Millisecond
	k.daemon.Hang()
	began := time.Now()
	e := k.pending(ours, strings.NewReader("Rutine\n"), evidence.ScannerSlow)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the upload took %v", took)
	}
	hasty := k.daemon.Client()
	hasty.AnswerTimeout = 100 * time.Millisecond
	k.Scanner = hasty
	for try, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		k.rescan(evidence.Rescanned{Pending: 1}, evidence.ErrScannerSlow)
		scan := k.state(ours, e.SHA256)
		if scan.State != evidence.Pending || scan.Tries != try+1 || scan.Next.Sub(scan.At) != wait*time.Minute {
			t.Errorf("try %d: %+v waits %v", try+1, scan, scan.Next.Sub(scan.At))
		}
		k.rescan(evidence.Rescanned{}, nil) // not due
		k.later.Add(int64(wait * time.Minute))
	}
	k.closed(e.SHA256, "evidence.pending")
	k.daemon.Wake()
	k.Scanner = k.daemon.Client()
	k.rescan(evidence.Rescanned{Clean: 1}, nil)
	k.opens(e.SHA256, "Rutine\n")
}

// TestVerdictHoldsForAllOwners: a newer database closes what an older let
// through, the sender's own record or another's, and a mended one opens it.
func TestVerdictHoldsForAllOwners(t *testing.T) {
	k := newDesk(t)
	scanner := k.Scanner
	k.Scanner = nil
	e, _, err := k.upload(ours, strings.NewReader(clamdtest.EICAR))
	if err != nil || e.Scan.State != evidence.Unscanned {
		t.Fatalf("without a scanner: %+v, %v", e.Scan, err)
	}
	k.opens(e.SHA256, clamdtest.EICAR)
	k.Scanner = scanner
	if _, _, err := k.upload(theirs, strings.NewReader(clamdtest.EICAR)); problem.KeyOf(err) != "evidence.infected" {
		t.Errorf("malware: %v", err)
	}
	k.closed(e.SHA256, "evidence.infected")
	if scan := k.state(ours, e.SHA256); scan.State != evidence.Infected || scan.Signature != clamdtest.EICARName {
		t.Errorf("the first record is %+v", scan)
	}
	// The signature was a mistake and is gone.
	k.daemon.Stop()
	k.daemon.Know(map[string]string{"Marker": clamdtest.Marker})
	k.daemon.Restart()
	again, created, err := k.upload(ours, strings.NewReader(clamdtest.EICAR))
	if err != nil || created || again.Scan.State != evidence.Clean || again.Scan.Signature != "" {
		t.Errorf("again: created %v, %+v, %v", created, again.Scan, err)
	}
	k.opens(e.SHA256, clamdtest.EICAR)
}

// TestTooLargeLater: what could not be scanned at the upload and turns out to
// be more than the daemon takes stays closed, and says why.
func TestTooLargeLater(t *testing.T) {
	k := newDesk(t)
	k.daemon.Stop()
	e := k.pending(ours, strings.NewReader(strings.Repeat("a", clamdtest.StreamMax+1000)), evidence.ScannerAway)
	small := k.pending(ours, strings.NewReader("small"), evidence.ScannerAway)
	k.daemon.Restart()
	k.rescan(evidence.Rescanned{Clean: 1, Pending: 1}, nil)
	k.opens(small.SHA256, "small")
	k.closed(e.SHA256, "evidence.pending")
	if scan := k.state(ours, e.SHA256); scan.Reason != evidence.ScannerLimit || scan.Tries != 1 {
		t.Errorf("is %+v", scan)
	}
}
