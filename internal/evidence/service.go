package evidence

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
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
	// Scanner looks for malware in every file before anybody can read it; nil
	// when the operator has none.
	Scanner Scanner
	// ScanWait is how long an upload waits for the verdict when all is sent;
	// after that the file is pending. DefaultScanWait when it is 0.
	ScanWait time.Duration
}

// Upload describes a file that is about to be sent.
type Upload struct {
	Owner organisation.Number
	// Name is the sender's file name.
	Name       string
	Kind       string
	Visibility Visibility
	Granted    []organisation.Number
	// SHA256 is what the sender says the digest is, in hex; empty when unsaid.
	SHA256 string
}

// extensions lists the file types taken, with the endings a name may have.
// The bytes decide the type; the ending must agree with it.
var extensions = map[string][]string{
	"application/pdf": {".pdf"},
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   {".docx"},
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         {".xlsx"},
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": {".pptx"},
	"application/vnd.oasis.opendocument.text":                                   {".odt"},
	"application/vnd.oasis.opendocument.spreadsheet":                            {".ods"},
	"image/png":        {".png"},
	"image/jpeg":       {".jpg", ".jpeg"},
	"text/plain":       {".txt", ".md", ".log"},
	"text/csv":         {".csv", ".txt"},
	"application/json": {".json"},
}

// MediaTypes lists the types taken, sorted.
func MediaTypes() []string {
	out := make([]string, 0, len(extensions))
	for t := range extensions {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}

// maxGranted is how many bodies one file can be opened to by name.
const maxGranted = 500

// sniffBytes is how much of a file is looked at to tell its type.
const sniffBytes = 3072

// Upload takes a file. The same bytes from the same owner again give the
// record that is there, and created is false. Nothing is kept unless every
// check passes: the size, the digest the sender stated, the type, the malware
// scan. When the scanner gives no verdict the file is kept, but stays unread
// until RescanPending has got one.
func (s *Service) Upload(ctx context.Context, actor access.Actor, up Upload, r io.Reader) (e Evidence, created bool, err error) {
	if up.Owner == "" {
		up.Owner = organisation.Number(actor.Org)
	}
	if err := access.Check(actor, access.WriteEvidence, string(up.Owner)); err != nil {
		return Evidence{}, false, err
	}
	stated := up.Visibility != ""
	if !stated {
		up.Visibility = VisibleAgencies
	}
	if err := (&up).validate(); err != nil {
		return Evidence{}, false, err
	}
	limit := s.MaxBytes
	if limit <= 0 {
		limit = DefaultMaxBytes
	}
	capped := &cappedReader{r: r, left: limit}
	buffered := bufio.NewReaderSize(capped, sniffBytes)
	head, err := buffered.Peek(sniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return Evidence{}, false, readError(err, limit)
	}
	if len(head) == 0 {
		return Evidence{}, false, problem.New(problem.Invalid, "evidence.empty", nil)
	}
	media, err := mediaType(head, up.Name)
	if err != nil {
		return Evidence{}, false, err
	}
	blob, scan, err := s.put(ctx, &checkedReader{r: buffered, want: up.SHA256})
	if err != nil {
		return Evidence{}, false, readError(err, limit)
	}
	e = Evidence{
		ID: string(up.Owner) + ":" + blob.SHA256, Owner: up.Owner, SHA256: blob.SHA256, Size: blob.Size, MediaType: media,
		Name: up.Name, Kind: up.Kind, Visibility: up.Visibility, Granted: up.Granted, UploadedAt: s.now(), Scan: scan,
	}
	err = s.Store.InsertEvidence(ctx, e)
	created = err == nil
	if err != nil && !errors.Is(err, problem.ErrExists) {
		return Evidence{}, false, wrap("save evidence", err)
	}
	if scan.State == Clean { // for older records of these bytes too
		if err := s.settle(ctx, blob.SHA256, scan); err != nil {
			return Evidence{}, false, err
		}
	}
	if created {
		return e, true, nil
	}
	if !stated {
		e, err = s.Store.EvidenceBy(ctx, up.Owner, blob.SHA256)
		return e.shown(), false, wrap("read evidence", err)
	}
	// Sending a file again is how its owner says anew who may read it.
	e, err = s.Store.UpdateEvidence(ctx, up.Owner, blob.SHA256, func(old Evidence) (Evidence, error) {
		old.Visibility, old.Granted = up.Visibility, up.Granted
		return old, nil
	})
	return e.shown(), false, wrap("change who may read evidence", err)
}

// put stores the bytes while the scanner, if there is one, reads along. What
// is infected is not kept, and earlier records of the same bytes are closed.
func (s *Service) put(ctx context.Context, r *checkedReader) (Blob, Scan, error) {
	if s.Scanner == nil {
		blob, err := s.Store.PutBlob(ctx, r)
		return blob, Scan{State: Unscanned}, err
	}
	wait := s.ScanWait
	if wait <= 0 {
		wait = DefaultScanWait
	}
	r.scan = startScan(ctx, s.Scanner, wait)
	blob, err := s.Store.PutBlob(ctx, r)
	if found, ok := errors.AsType[*infectedError](err); ok {
		// The verdict stands even if the sender does not wait for it.
		scan := Scan{State: Infected, At: s.now(), Signature: found.signature}
		if failed := s.settle(context.WithoutCancel(ctx), r.sum(), scan); failed != nil {
			err = failed // earlier records may still be open; the sender tries again
		}
		return Blob{}, Scan{}, err
	}
	if err != nil {
		_, _ = r.scan.end(err) // nothing to give a verdict on
		return Blob{}, Scan{}, err
	}
	return blob, s.result(r.scan.end(nil)), nil
}

// validate checks what the sender says of a file, and writes numbers as digits
// only.
func (up *Upload) validate() error {
	var c problem.Collector
	base := filepath.Base(up.Name)
	c.Check(up.Name != "" && base == up.Name && !strings.ContainsAny(up.Name, `\/`) && problem.Shows(up.Name) &&
		utf8.RuneCountInString(up.Name) <= 200 && !strings.ContainsAny(up.Name, "\r\n\t"), "name", "evidence.name", nil)
	c.Check(slices.Contains(catalogue.EvidenceKinds(), catalogue.EvidenceKind(up.Kind)), "kind", "field.unknown", problem.Args{"Value": problem.Clip(up.Kind)})
	c.Check(up.Visibility == VisiblePublic || up.Visibility == VisibleAgencies || up.Visibility == VisibleGranted, "visibility", "field.unknown", problem.Args{"Value": problem.Clip(string(up.Visibility))})
	c.Check(len(up.Granted) <= maxGranted, "granted", "field.many", problem.Args{"Max": maxGranted})
	granted := make([]organisation.Number, 0, min(len(up.Granted), maxGranted))
	for i, g := range up.Granted[:min(len(up.Granted), maxGranted)] {
		n, err := organisation.ParseNumber(string(g))
		if err != nil {
			c.Add(fmt.Sprintf("granted[%d]", i), problem.KeyOf(err), problem.Args{"Number": problem.Clip(string(g))})
		}
		granted = append(granted, n)
	}
	up.Granted = granted
	c.Check(up.SHA256 == "" || ValidDigest(up.SHA256), "sha256", "evidence.digest-form", nil)
	return c.Err()
}

// ValidDigest reports whether s is a SHA-256 in lower-case hex.
func ValidDigest(s string) bool {
	if len(s) != 64 {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}

// mediaType tells what the bytes are and holds the name against it.
func mediaType(head []byte, name string) (string, error) {
	ext := strings.ToLower(filepath.Ext(name))
	for m := mimetype.Detect(head); m != nil; m = m.Parent() {
		base, _, _ := strings.Cut(m.String(), ";")
		exts, ok := extensions[base]
		if !ok {
			// A type that merely builds on an allowed one (HTML on plain text) is
			// another type; only these few are as harmless as what they build on.
			if base == "application/x-ndjson" {
				continue
			}
			return "", problem.New(problem.Unsupported, "evidence.type", problem.Args{"Type": base})
		}
		if !slices.Contains(exts, ext) {
			return "", problem.New(problem.Unsupported, "evidence.ending", problem.Args{"Name": name, "Type": base, "Known": strings.Join(exts, ", ")})
		}
		return base, nil
	}
	return "", problem.New(problem.Unsupported, "evidence.type", problem.Args{"Type": "application/octet-stream"})
}

// Open gives the bytes of a piece of evidence the actor may see. What the
// actor may not see and what is not there look the same. What waits for its
// malware scan, or failed it, is given to nobody, its owner included.
func (s *Service) Open(ctx context.Context, actor access.Actor, sha256 string) (io.ReadCloser, Evidence, error) {
	missing := problem.New(problem.NotFound, "evidence.not-found", nil)
	if err := access.Check(actor, access.ReadEvidence, ""); err != nil {
		return nil, Evidence{}, err
	}
	if !ValidDigest(sha256) {
		return nil, Evidence{}, missing
	}
	records, err := s.Store.EvidenceOf(ctx, sha256)
	if err != nil {
		return nil, Evidence{}, wrap("read evidence", err)
	}
	var closed error = missing
	for _, e := range records {
		switch {
		case !e.VisibleTo(actor):
		case e.Scan.Readable():
			body, _, err := s.Store.OpenBlob(ctx, sha256)
			return body, e.shown(), wrap("open evidence", err)
		case e.Scan.State == Infected:
			closed = problem.New(problem.Refused, "evidence.infected", problem.Args{"Signature": e.Scan.Signature})
		default:
			closed = problem.New(problem.Unavailable, "evidence.pending", nil)
		}
	}
	return nil, Evidence{}, closed
}

// shown is the record as people see it: all have a scan state, those from
// before there was any scanning too.
func (e Evidence) shown() Evidence {
	if e.Scan.State == "" {
		e.Scan.State = Unscanned
	}
	return e
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
	all = slices.DeleteFunc(all, func(e Evidence) bool { return !e.VisibleTo(actor) })
	for i := range all {
		all[i] = all[i].shown()
	}
	return all, nil
}

// VisibleTo reports whether the actor may read the evidence.
func (e Evidence) VisibleTo(a access.Actor) bool {
	switch {
	case e.Visibility == VisiblePublic, a.Org != "" && a.Org == string(e.Owner):
		return true
	case e.Visibility == VisibleAgencies:
		return a.Agency()
	case e.Visibility == VisibleGranted:
		return a.Agency() && slices.Contains(e.Granted, organisation.Number(a.Org))
	}
	return false
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
