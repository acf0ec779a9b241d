package storagetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

func evidenceOf(n organisation.Number, sha256 string, uploaded time.Time) evidence.Evidence {
	return evidence.Evidence{
		ID: string(n) + ":" + sha256, Owner: n, SHA256: sha256, Size: 1 << 40, MediaType: "application/pdf", Name: unicodeText, Kind: "report",
		Visibility: evidence.VisibleGranted, Granted: []evidence.Grant{{Org: "123456785", Until: "2027-06-30", GrantedAt: utc}, {Org: "314168267"}}, UploadedAt: uploaded,
		Description: evidence.Description{Issuer: unicodeText, Standard: "ISO/IEC 27001:2022", Applicability: true, ValidFrom: "2026-01-01", Scope: unicodeText, LegalBasis: "§ 13"},
		NeededUntil: utc, Changes: []evidence.Change{{At: utc, Field: evidence.FieldScope, From: "a", To: unicodeText}},
	}
}

func keptEvidence(v evidence.Evidence) evidence.Evidence {
	v.UploadedAt, v.Rev = v.UploadedAt.UTC().Truncate(time.Millisecond), 1
	return v
}

// RunEvidence checks the records of evidence.Store.
func RunEvidence(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	n1, n2 := number(), number()
	d1, d2, d3 := digest(), digest(), digest()
	a, b, c := evidenceOf(n1, d1, at), evidenceOf(n1, d2, at.Add(time.Second)), evidenceOf(n1, d3, at.Add(time.Second))
	x := evidenceOf(n2, d1, at)
	for _, v := range []evidence.Evidence{x, b, a, c} {
		check(t, s.InsertEvidence(ctx, v))
	}
	a, b, c, x = keptEvidence(a), keptEvidence(b), keptEvidence(c), keptEvidence(x)
	want(t, result[evidence.Evidence](t)(s.EvidenceBy(ctx, n1, d1)), a)
	wantErr(t, s.InsertEvidence(ctx, b), problem.ErrExists)
	_, err := s.EvidenceBy(ctx, n2, d2)
	wantErr(t, err, problem.ErrNotFound)

	list := result[[]evidence.Evidence](t)
	want(t, list(s.EvidenceOf(ctx, d1)), []evidence.Evidence{a, x})
	want(t, list(s.EvidenceOf(ctx, digest())), []evidence.Evidence{})
	want(t, list(s.OwnerEvidence(ctx, n1, nil)), []evidence.Evidence{c, b, a})
	want(t, list(s.OwnerEvidence(ctx, n1, []string{d1, d3, digest(), d1})), []evidence.Evidence{c, a})
	want(t, list(s.OwnerEvidence(ctx, n1, []string{})), []evidence.Evidence{})
	want(t, list(s.OwnerEvidence(ctx, number(), nil)), []evidence.Evidence{})
	t.Run("in order", func(t *testing.T) {
		var got []string
		for after := string(n1) + ":"; len(got) < 4; {
			all := list(s.EvidenceAfter(ctx, after, 3))
			for _, v := range all {
				got, after = append(got, v.ID), v.ID
			}
			if len(all) < 3 {
				break
			}
		}
		want(t, got, []string{a.ID, b.ID, c.ID, x.ID})
		want(t, list(s.EvidenceAfter(ctx, string(n2)+":"+strings.Repeat("f", 64), 3)), []evidence.Evidence{})
	})
	t.Run("unsettled", func(t *testing.T) { runUnsettled(t, s) })
	t.Run("to be scanned", func(t *testing.T) { runPending(t, s) })
}

// runUnsettled checks what is arriving or being erased: the oldest first, and
// no longer there when it is settled.
func runUnsettled(t *testing.T, s evidence.Store) {
	ctx, n := t.Context(), number()
	past := time.Date(1990, 1, 2, 3, 4, 5, 6_000_000, time.UTC) // before those of other tests
	put := func(state evidence.State, since time.Time) string {
		v := evidenceOf(n, digest(), at)
		v.State, v.StateAt = state, since
		check(t, s.InsertEvidence(ctx, v))
		return v.SHA256
	}
	second, first := put(evidence.Erasing, past.Add(time.Second)), put(evidence.Arriving, past)
	put(evidence.Stored, past)
	put(evidence.Erased, past)
	list := func(until time.Time, limit int) (sums []string) {
		t.Helper()
		for _, v := range result[[]evidence.Evidence](t)(s.UnsettledEvidence(ctx, until, limit)) {
			sums = append(sums, v.SHA256)
		}
		return sums
	}
	want(t, list(past.Add(time.Hour), 10), []string{first, second})
	want(t, list(past.Add(time.Hour), 1), []string{first})
	want(t, list(past, 10), []string{first})
	for _, sum := range []string{first, second} {
		_, err := s.UpdateEvidence(ctx, n, sum, func(e evidence.Evidence) (evidence.Evidence, error) {
			e.State = evidence.Stored
			return e, nil
		})
		check(t, err)
	}
	want(t, list(past.Add(time.Hour), 10), []string(nil))
}

// runPending checks what waits for a scan: in order of when it is due, and no
// longer there once the scan is done.
func runPending(t *testing.T, s evidence.Store) {
	ctx, n := t.Context(), number()
	pending := func(v evidence.Evidence, due time.Time) evidence.Evidence {
		v.Scan = evidence.Scan{State: evidence.Pending, At: at, Reason: evidence.ScannerSlow, Tries: 3, Next: due}
		return v
	}
	// A time long before those of other tests, which share the store.
	past := time.Date(1990, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	first, second := pending(evidenceOf(n, digest(), at), past), pending(evidenceOf(n, digest(), at), past.Add(time.Second))
	later := pending(evidenceOf(n, digest(), at), past.Add(time.Hour))
	infected := evidenceOf(n, digest(), at)
	infected.Scan = evidence.Scan{State: evidence.Infected, At: utc, Signature: "Eicar", Next: past}
	for _, v := range []evidence.Evidence{later, second, infected, first} {
		check(t, s.InsertEvidence(ctx, v))
	}
	list := func(due time.Time, limit int) (sums []string) {
		t.Helper()
		all, err := s.PendingEvidence(ctx, due, limit)
		check(t, err)
		for _, v := range all {
			sums = append(sums, v.SHA256)
		}
		return sums
	}
	want(t, list(past.Add(time.Minute), 10), []string{first.SHA256, second.SHA256})
	want(t, list(past.Add(time.Minute), 1), []string{first.SHA256})
	want(t, list(past, 10), []string{first.SHA256})
	want(t, list(past.Add(-time.Millisecond), 10), []string(nil))
	want(t, list(past.Add(time.Hour), 10), []string{first.SHA256, second.SHA256, later.SHA256})

	scan := func(sha256 string, scan evidence.Scan) evidence.Evidence {
		t.Helper()
		v, err := s.UpdateEvidence(ctx, n, sha256, func(e evidence.Evidence) (evidence.Evidence, error) {
			e.Scan = scan
			return e, nil
		})
		check(t, err)
		return v
	}
	clean := evidence.Scan{State: evidence.Clean, At: utc}
	got := scan(first.SHA256, clean)
	want(t, got.Scan, clean)
	want(t, got.Rev, int64(2))
	want(t, result[evidence.Evidence](t)(s.EvidenceBy(ctx, n, first.SHA256)), got)
	scan(later.SHA256, evidence.Scan{State: evidence.Pending, Next: past})
	want(t, list(past.Add(time.Minute), 10), []string{later.SHA256, second.SHA256})
	scan(second.SHA256, infected.Scan)
	scan(later.SHA256, clean)
	want(t, list(past.Add(time.Hour), 10), []string(nil))

	same := func(e evidence.Evidence) (evidence.Evidence, error) { return e, nil }
	_, err := s.UpdateEvidence(ctx, n, digest(), same)
	wantErr(t, err, problem.ErrNotFound)
	_, err = s.UpdateEvidence(ctx, n, first.SHA256, func(e evidence.Evidence) (evidence.Evidence, error) {
		e.SHA256 = second.SHA256
		return e, nil
	})
	wantErr(t, err, storage.ErrIdentity)
}

// stream gives size bytes that depend on seed, and then err.
type stream struct {
	src  *rand.ChaCha8
	left int
	err  error
}

func newStream(seed byte, size int, err error) io.Reader {
	return &stream{rand.NewChaCha8([32]byte{seed}), size, err}
}

func (s *stream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, s.err
	}
	n, _ := s.src.Read(p[:min(len(p), s.left)])
	s.left -= n
	return n, nil
}

func sum(r io.Reader) (string, int64) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return "unreadable: " + err.Error(), n
	}
	return hex.EncodeToString(h.Sum(nil)), n
}

// RunBlobs checks the bytes of evidence.Store.
func RunBlobs(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	check1 := func(t *testing.T, seed byte, size int) {
		t.Helper()
		digest, _ := sum(newStream(seed, size, io.EOF))
		w := evidence.Blob{SHA256: digest, Size: int64(size)}
		r, b, err := s.OpenBlob(ctx, digest)
		check(t, err)
		defer r.Close()
		want(t, b, w)
		got, n := sum(r)
		want(t, got, digest)
		want(t, n, int64(size))
	}
	for i, size := range []int{0, 1, 255 << 10, 255<<10 + 1, 3 << 20} {
		seed := byte(i + 1)
		digest, _ := sum(newStream(seed, size, io.EOF))
		for range 2 { // the second time the bytes are there
			b, err := s.PutBlob(ctx, newStream(seed, size, io.EOF))
			check(t, err)
			want(t, b, evidence.Blob{SHA256: digest, Size: int64(size)})
			check1(t, seed, size)
		}
	}
	t.Run("missing", func(t *testing.T) {
		for _, d := range []string{digest(), "", "..", "../../../../../../../../../../../../../../../../../../etc/passwd", "AB", digest()[:63] + "/"} {
			_, _, err := s.OpenBlob(ctx, d)
			wantErr(t, err, problem.ErrNotFound)
		}
	})
	t.Run("failing reader", func(t *testing.T) {
		// The second is what a request gives whose sender broke off.
		for _, broken := range []error{errors.New("broken"), io.ErrUnexpectedEOF} {
			for _, size := range []int{0, 10, 255 << 10, 1 << 20, 2 << 20} {
				_, err := s.PutBlob(ctx, newStream(50, size, broken))
				wantErr(t, err, broken)
				if size > 0 { // the digest of nothing is there from above
					d, _ := sum(newStream(50, size, io.EOF))
					_, _, err = s.OpenBlob(ctx, d)
					wantErr(t, err, problem.ErrNotFound)
				}
			}
		}
	})
	t.Run("cancelled while reading", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		r := io.MultiReader(newStream(51, 1<<20, io.EOF), readerFunc(func([]byte) (int, error) { cancel(); return 0, nil }), newStream(52, 1<<20, io.EOF))
		_, err := s.PutBlob(ctx, r)
		wantErr(t, err, context.Canceled)
	})
	t.Run("same bytes at once", func(t *testing.T) {
		var wg sync.WaitGroup
		const size = 700 << 10
		for range 8 {
			wg.Go(func() {
				if _, err := s.PutBlob(ctx, newStream(53, size, io.EOF)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		check1(t, 53, size)
	})
	t.Run("part of it read", func(t *testing.T) {
		d, _ := sum(newStream(53, 700<<10, io.EOF))
		r, _, err := s.OpenBlob(ctx, d)
		check(t, err)
		first := make([]byte, 1000)
		_, err = io.ReadFull(r, first)
		check(t, err)
		check(t, r.Close())
		w, err := io.ReadAll(newStream(53, 1000, io.EOF))
		check(t, err)
		if !bytes.Equal(first, w) {
			t.Error("the first bytes differ")
		}
	})
	t.Run("bounded memory", func(t *testing.T) {
		const size = 64 << 20
		peak := watchHeap()
		b, err := s.PutBlob(ctx, newStream(54, size, io.EOF))
		check(t, err)
		want(t, b.Size, int64(size))
		check1(t, 54, size)
		if grown := peak(); grown > 40<<20 {
			t.Errorf("heap grew by %d MB for a stream of %d MB", grown>>20, size>>20)
		} else {
			t.Logf("heap grew by %.1f MB", float64(grown)/(1<<20))
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// watchHeap begins to look at the heap; the function it returns stops that and
// tells by how many bytes it grew at most.
func watchHeap() func() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	start, top := m.HeapAlloc, m.HeapAlloc
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.Tick(5 * time.Millisecond); ; {
			select {
			case <-stop:
				return
			case <-tick:
				runtime.ReadMemStats(&m)
				top = max(top, m.HeapAlloc)
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-done
		return top - start
	}
}
