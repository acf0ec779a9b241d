package evidence

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// DefaultMaxBytes is the largest file taken unless the operator says another.
const DefaultMaxBytes = 50 << 20

// DefaultScanWait is how long an upload waits for the scanner.
const DefaultScanWait = 20 * time.Second

// Service holds the rules for evidence.
type Service struct {
	Store Store
	Now   func() time.Time
	// MaxBytes caps one file.
	MaxBytes int64
	// Spool is the folder where a large file stands while it is received; "" is
	// the system's for temporary files.
	Spool string
	// Scanner looks for malware in every file before anybody can read it; nil
	// when the operator has none.
	Scanner Scanner
	// ScanWait is how long an upload waits for the verdict when all is sent;
	// after that the file is pending. DefaultScanWait when it is 0.
	ScanWait time.Duration
	// Retention is how long files are kept that no declaration needs, counted
	// from the upload or from the end of the last declaration that refers to
	// them; 0 keeps all. Uses is required with it.
	Retention time.Duration
	Uses      UseFinder
}

// ValidDigest reports whether s is a SHA-256 in lower-case hex.
func ValidDigest(s string) bool {
	if len(s) != 64 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}

// visible lists the records of these bytes that the actor may see, and fails
// when there are none. What the actor may not see and what is not there look
// the same.
func (s *Service) visible(ctx context.Context, actor access.Actor, sha256 string) ([]Evidence, error) {
	missing := problem.New(problem.NotFound, "evidence.not-found", nil)
	if err := access.Check(actor, access.ReadEvidence, ""); err != nil {
		return nil, err
	}
	if !ValidDigest(sha256) {
		return nil, missing
	}
	all, err := s.Store.EvidenceOf(ctx, sha256)
	if err != nil {
		return nil, wrap("read evidence", err)
	}
	now := s.now()
	all = slices.DeleteFunc(all, func(e Evidence) bool { return e.hidden() || !e.VisibleTo(actor, now) })
	if len(all) == 0 {
		return nil, missing
	}
	// One's own comes first.
	slices.SortStableFunc(all, func(a, b Evidence) int { return rank(a, actor) - rank(b, actor) })
	return all, nil
}

func rank(e Evidence, actor access.Actor) int {
	if string(e.Owner) == actor.Org {
		return 0
	}
	return 1
}

// Open gives the bytes of a piece of evidence the actor may see. What waits
// for its malware scan, or failed it, is given to nobody, its owner included.
func (s *Service) Open(ctx context.Context, actor access.Actor, sha256 string) (io.ReadCloser, Evidence, error) {
	records, err := s.visible(ctx, actor, sha256)
	if err != nil {
		return nil, Evidence{}, err
	}
	var closed error
	for _, e := range records {
		switch {
		case !e.Present():
			closed = problem.New(problem.NotFound, "evidence.erased", nil)
		case e.Scan.Readable():
			body, _, err := s.Store.OpenBlob(ctx, sha256)
			return body, s.shown(e), wrap("open evidence", err)
		case e.Scan.State == Infected:
			closed = problem.New(problem.Refused, "evidence.infected", problem.Args{"Signature": e.Scan.Signature})
		default:
			closed = problem.New(problem.Unavailable, "evidence.pending", nil)
		}
	}
	return nil, Evidence{}, closed
}

// About gives what is said of a file the actor may see, also when its bytes
// are erased: the actor's own record, or else one whose bytes are kept.
func (s *Service) About(ctx context.Context, actor access.Actor, sha256 string) (Evidence, error) {
	records, err := s.visible(ctx, actor, sha256)
	if err != nil {
		return Evidence{}, err
	}
	e := records[0]
	for _, other := range records {
		if rank(e, actor) == 1 && !e.Present() && other.Present() {
			e = other
		}
	}
	return s.shown(e), nil
}

// Of lists the evidence of a supplier that the actor may see.
func (s *Service) Of(ctx context.Context, actor access.Actor, owner organisation.Number) ([]Evidence, error) {
	if err := access.Check(actor, access.ReadEvidence, string(owner)); err != nil {
		return nil, err
	}
	all, err := s.Store.OwnerEvidence(ctx, owner, nil)
	if err != nil {
		return nil, wrap("list evidence", err)
	}
	now := s.now()
	all = slices.DeleteFunc(all, func(e Evidence) bool { return e.hidden() || !e.VisibleTo(actor, now) })
	for i := range all {
		all[i] = s.shown(all[i])
	}
	return all, nil
}

// Erased tells which of the digests, that a declaration of the owner names,
// have no bytes any more. Who may read the declaration may know that.
func (s *Service) Erased(ctx context.Context, owner organisation.Number, digests []string) (map[string]bool, error) {
	out := map[string]bool{}
	if len(digests) == 0 {
		return out, nil
	}
	all, err := s.Store.OwnerEvidence(ctx, owner, digests)
	if err != nil {
		return nil, wrap("list evidence", err)
	}
	for _, e := range all {
		if !e.Present() {
			out[e.SHA256] = true
		}
	}
	return out, nil
}

// shown is the record as people see it: with its states, those from before
// there were any too, how its period stands, and nothing of how it got there.
func (s *Service) shown(e Evidence) Evidence {
	if e.Scan.State == "" {
		e.Scan.State = Unscanned
	}
	switch e.State {
	case "":
		e.State = Stored
	case Arriving: // bytes that were erased are on their way back
		e.State = Erased
	}
	e.Claim, e.StateAt = 0, time.Time{}
	e.Period = e.PeriodAt(s.now())
	return e
}

// For gives the record as others than its owner see it: without whom else the
// owner lets see it.
func (e Evidence) For(actor access.Actor) Evidence {
	if actor.Org == string(e.Owner) {
		return e
	}
	e.Granted, e.NeededUntil = nil, time.Time{}
	e.Changes = slices.DeleteFunc(slices.Clone(e.Changes), func(c Change) bool { return c.Field == FieldGranted || c.Field == FieldVisibility })
	return e
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
