package evidence

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"felleskrav/internal/problem"
)

// ScanState says what a malware scan has said of a file.
type ScanState string

// The states. What has no state was uploaded before there was any scanning,
// and is Unscanned.
const (
	// Unscanned: no scanner is set up. The file can be read.
	Unscanned ScanState = "unscanned"
	// Clean: the scanner knows nothing bad of it.
	Clean ScanState = "clean"
	// Pending: a scanner is set up but has given no verdict yet. The owner can
	// refer to the file, but nobody can read it.
	Pending ScanState = "pending"
	// Infected: the scanner found malware in it later than at the upload. Nobody
	// can read it or refer to it; its digest is kept.
	Infected ScanState = "infected"
)

// ScanStates lists the states.
func ScanStates() []ScanState { return []ScanState{Unscanned, Clean, Pending, Infected} }

// ScanReason says why a file is still pending.
type ScanReason string

// The reasons.
const (
	ScannerAway   ScanReason = "away"      // it could not be reached
	ScannerSlow   ScanReason = "slow"      // it did not answer in time
	ScannerLimit  ScanReason = "too-large" // it does not take files of this size
	ScannerFailed ScanReason = "failed"    // it broke off, or answered with a fault
)

// ScanReasons lists the reasons.
func ScanReasons() []ScanReason {
	return []ScanReason{ScannerAway, ScannerSlow, ScannerLimit, ScannerFailed}
}

// Scan is where the malware scan of a record stands.
type Scan struct {
	State ScanState `json:"state"`
	// At is when the verdict was given, or when one was last asked for.
	At time.Time `json:"at,omitzero"`
	// Signature is what the scanner calls the malware.
	Signature string `json:"signature,omitempty"`
	// Reason, Tries and Next are for Pending: why, how often the scanner failed
	// on it, and when it is asked next.
	Reason ScanReason `json:"reason,omitempty"`
	Tries  int        `json:"tries,omitempty"`
	Next   time.Time  `json:"next,omitzero"`
}

// Readable reports whether the scan lets the file be read.
func (s Scan) Readable() bool {
	return s.State == Clean || s.State == Unscanned || s.State == ""
}

// Verdict is what a scanner says of a file. The zero value is no verdict.
type Verdict struct {
	// Clean: nothing was found. Otherwise Signature names what was.
	Clean     bool
	Signature string
}

// Scanner looks for malware. Scan reads r to its end, or for as long as it
// needs, and returns in bounded time when r does. Its errors wrap
// ErrScannerAway, ErrScannerSlow or ErrScanLimit where one of them fits.
type Scanner interface {
	Scan(ctx context.Context, r io.Reader) (Verdict, error)
}

// What scanners answer with instead of a verdict.
var (
	// ErrScannerAway: there was nobody to ask.
	ErrScannerAway = errors.New("scanner cannot be reached")
	// ErrScannerSlow: the answer did not come in time.
	ErrScannerSlow = errors.New("scanner did not answer in time")
	// ErrScanLimit: the file, or what is packed in it, is more than the scanner
	// looks at. Asking again does not help.
	ErrScanLimit = errors.New("file is larger than the scanner takes")

	errNoVerdict = errors.New("scanner gave no verdict")
)

func reasonOf(err error) ScanReason {
	switch {
	case errors.Is(err, ErrScannerAway):
		return ScannerAway
	case errors.Is(err, ErrScannerSlow):
		return ScannerSlow
	case errors.Is(err, ErrScanLimit):
		return ScannerLimit
	}
	return ScannerFailed
}

// maxSignature is how much is kept of a signature's name, in characters.
const maxSignature = 120

// ask has a scanner look at r; an error unless there is a verdict.
func ask(ctx context.Context, scanner Scanner, r io.Reader) (Verdict, error) {
	v, err := scanner.Scan(ctx, r)
	switch {
	case err != nil:
		return Verdict{}, err
	case v.Clean:
		return Verdict{Clean: true}, nil
	case v.Signature == "":
		return Verdict{}, errNoVerdict
	case !problem.Shows(v.Signature):
		v.Signature = "?"
	case utf8.RuneCountInString(v.Signature) > maxSignature:
		v.Signature = string([]rune(v.Signature)[:maxSignature])
	}
	return v, nil
}

// scanning is a scan of bytes that pass by on their way to the store.
type scanning struct {
	pipe   *io.PipeWriter
	done   chan struct{}
	finish sync.Once
	cancel context.CancelFunc
	wait   time.Duration
	// Set when done is closed.
	verdict Verdict
	err     error
}

// startScan begins a scan of what is fed to it; it must be ended with end,
// which waits that long for the verdict.
func startScan(ctx context.Context, scanner Scanner, wait time.Duration) *scanning {
	ctx, cancel := context.WithCancel(ctx)
	r, w := io.Pipe()
	s := &scanning{pipe: w, done: make(chan struct{}), cancel: cancel, wait: wait}
	go func() {
		defer close(s.done)
		s.verdict, s.err = ask(ctx, scanner, r)
		_ = r.Close() // never fails; what is fed from now on is let through
	}()
	return s
}

// Write gives the scanner the next bytes. A scanner that has stopped reading
// says why at the end; the bytes are wanted all the same.
func (s *scanning) Write(p []byte) (int, error) {
	_, _ = s.pipe.Write(p)
	return len(p), nil
}

// end tells the scanner that there is no more, because of err unless that is
// nil, and waits for the verdict.
func (s *scanning) end(err error) (Verdict, error) {
	s.finish.Do(func() {
		defer s.cancel()
		if err != nil {
			s.cancel()
		}
		_ = s.pipe.CloseWithError(err) // never fails
		late := time.NewTimer(s.wait)
		defer late.Stop()
		select {
		case <-s.done:
		case <-late.C:
			s.cancel()
			if <-s.done; s.err != nil {
				s.err = ErrScannerSlow
			}
		}
	})
	return s.verdict, s.err
}

// result is the scan to record when nothing has to be refused.
func (s *Service) result(v Verdict, err error) Scan {
	now := s.now()
	if err == nil && v.Clean {
		return Scan{State: Clean, At: now}
	}
	return Scan{State: Pending, At: now, Reason: reasonOf(err), Next: now}
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// settle writes a verdict on bytes into all records of them: it holds for
// whoever owns them.
func (s *Service) settle(ctx context.Context, sha256 string, scan Scan) error {
	records, err := s.Store.EvidenceOf(ctx, sha256)
	if err != nil {
		return wrap("read evidence", err)
	}
	for _, e := range records {
		if e.Scan.State == scan.State && e.Scan.Signature == scan.Signature {
			continue
		}
		_, err := s.Store.UpdateEvidence(ctx, e.Owner, sha256, func(e Evidence) (Evidence, error) {
			e.Scan = scan
			return e, nil
		})
		if err != nil {
			return wrap("save scan", err)
		}
	}
	return nil
}

// Rescanned counts what RescanPending did, in files.
type Rescanned struct{ Clean, Infected, Pending int }

// How long the next try on a file waits that the scanner failed on: the
// shortest, and doubling to the longest.
const (
	firstWait = time.Minute
	lastWait  = time.Hour
	batch     = 100
)

// RescanPending has the scanner look at what waits and is due. A scanner that
// cannot be reached, or does not answer, ends the round with its error: the
// files wait for the next. Any other fault puts its file off, so that one file
// cannot hold up the others. It is safe to run in several processes at once.
func (s *Service) RescanPending(ctx context.Context) (Rescanned, error) {
	var did Rescanned
	if s.Scanner == nil {
		return did, nil
	}
	due := s.now()
	seen := map[string]bool{}
	for {
		records, err := s.Store.PendingEvidence(ctx, due, batch)
		if err != nil {
			return did, wrap("list pending evidence", err)
		}
		records = slices.DeleteFunc(records, func(e Evidence) bool { return seen[e.SHA256] })
		if len(records) == 0 {
			return did, nil
		}
		for _, e := range records {
			if seen[e.SHA256] {
				continue // settled with another owner's record
			}
			seen[e.SHA256] = true
			if err := s.rescan(ctx, e, &did); err != nil {
				return did, err
			}
		}
	}
}

func (s *Service) rescan(ctx context.Context, e Evidence, did *Rescanned) error {
	var v Verdict
	body, _, err := s.Store.OpenBlob(ctx, e.SHA256)
	if err == nil {
		v, err = ask(ctx, s.Scanner, body)
		_ = body.Close() // it was only read from
	}
	switch {
	case err == nil && v.Clean:
		did.Clean++
		return s.settle(ctx, e.SHA256, Scan{State: Clean, At: s.now()})
	case err == nil:
		did.Infected++
		return s.settle(ctx, e.SHA256, Scan{State: Infected, At: s.now(), Signature: v.Signature})
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrScannerAway):
		return wrap("scan evidence", err)
	}
	did.Pending++
	if failed := s.putOff(ctx, e.SHA256, reasonOf(err)); failed != nil {
		return failed
	}
	if errors.Is(err, ErrScannerSlow) {
		return wrap("scan evidence", err) // the next would wait as long for nothing
	}
	return nil
}

// putOff lets all pending records of these bytes wait longer than last time.
func (s *Service) putOff(ctx context.Context, sha256 string, why ScanReason) error {
	records, err := s.Store.EvidenceOf(ctx, sha256)
	if err != nil {
		return wrap("read evidence", err)
	}
	now := s.now()
	for _, e := range records {
		_, err := s.Store.UpdateEvidence(ctx, e.Owner, sha256, func(e Evidence) (Evidence, error) {
			if e.Scan.State != Pending {
				return e, nil // settled meanwhile
			}
			wait := lastWait
			if e.Scan.Tries < 6 {
				wait = min(firstWait<<e.Scan.Tries, lastWait)
			}
			e.Scan = Scan{State: Pending, At: now, Reason: why, Tries: e.Scan.Tries + 1, Next: now.Add(wait)}
			return e, nil
		})
		if err != nil {
			return wrap("put off scan", err)
		}
	}
	return nil
}
