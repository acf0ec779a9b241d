package evidence

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"felleskrav/internal/evidence/content"
	"felleskrav/internal/problem"
)

// extensions lists the file types taken, with the endings a name may have.
// The bytes decide the type; the ending must agree with it.
var extensions = map[string][]string{
	content.PDF:  {".pdf"},
	content.DOCX: {".docx"},
	content.XLSX: {".xlsx"},
	content.PPTX: {".pptx"},
	content.ODT:  {".odt"},
	content.ODS:  {".ods"},
	content.PNG:  {".png"},
	content.JPEG: {".jpg", ".jpeg"},
	content.Text: {".txt", ".md", ".log"},
	content.CSV:  {".csv", ".txt"},
	content.JSON: {".json"},
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

// refusals are the texts for what package content refuses.
var refusals = map[content.Reason]string{
	content.Encrypted: "evidence.encrypted",
	content.Before:    "evidence.before",
	content.After:     "evidence.after",
	content.Archive:   "evidence.archive",
	content.Markup:    "evidence.markup",
	content.Macros:    "evidence.macros",
	content.Embedded:  "evidence.embedded",
	content.External:  "evidence.external",
	content.Packed:    "evidence.packed",
	content.Damaged:   "evidence.damaged",
	content.NotText:   "evidence.not-text",
}

// sniffBytes is how much of a file is looked at to tell its type.
const sniffBytes = 3072

// received is a file that passed every check, and is not kept yet.
type received struct {
	*spool
	digest, media string
	scan          Scan
}

// receive reads a file to its end and checks it: size, digest, type, content,
// malware. It reads and hashes all of it whether or not somebody has sent the
// same before, so that the sender cannot tell. What it gives must be closed.
func (s *Service) receive(ctx context.Context, up Upload, r io.Reader) (*received, error) {
	limit := s.MaxBytes
	if limit <= 0 {
		limit = DefaultMaxBytes
	}
	in := bufio.NewReaderSize(&cappedReader{ctx: ctx, r: r, left: limit}, sniffBytes)
	head, err := in.Peek(sniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, readError(err, limit)
	}
	if len(head) == 0 {
		return nil, problem.New(problem.Invalid, "evidence.empty", nil)
	}
	media, err := mediaType(head, up.Name)
	if err != nil {
		if content.IsCompound(head) {
			locked, failed := content.IsLocked(in)
			if failed != nil {
				return nil, readError(failed, limit)
			}
			if locked {
				return nil, problem.New(problem.Refused, refusals[content.Encrypted], nil)
			}
		}
		return nil, err
	}
	got := &received{spool: &spool{dir: s.Spool}, media: media}
	if err := s.check(ctx, got, up, in); err != nil {
		return nil, errors.Join(readError(err, limit), got.Close())
	}
	return got, nil
}

// check reads what is left into the spool while the scanner, if there is one,
// reads along.
func (s *Service) check(ctx context.Context, got *received, up Upload, r io.Reader) error {
	h := sha256.New()
	to := io.MultiWriter(h, got.spool)
	got.scan = Scan{State: Unscanned}
	var scan *scanning
	if s.Scanner != nil {
		wait := s.ScanWait
		if wait <= 0 {
			wait = DefaultScanWait
		}
		scan = startScan(ctx, s.Scanner, wait)
		to = io.MultiWriter(h, got.spool, scan)
	}
	_, err := io.Copy(to, r)
	got.digest = hex.EncodeToString(h.Sum(nil))
	if err == nil && up.SHA256 != "" && up.SHA256 != got.digest {
		err = problem.New(problem.Refused, "evidence.digest", nil)
	}
	if err == nil {
		err = content.Check(got, got.size, got.media)
	}
	if scan == nil || err != nil {
		if scan != nil {
			_, _ = scan.end(err) // nothing to give a verdict on
		}
		return err
	}
	v, failed := scan.end(nil)
	switch {
	case errors.Is(failed, ErrScanLimit):
		return failed // no later scan would take it either
	case failed == nil && !v.Clean:
		// The verdict stands even if the sender does not wait for it, and
		// earlier records of the same bytes are closed.
		infected := Scan{State: Infected, At: s.now(), Signature: v.Signature}
		if err := s.settle(context.WithoutCancel(ctx), got.digest, infected); err != nil {
			return err // they may still be open; the sender tries again
		}
		return problem.New(problem.Refused, "evidence.infected", problem.Args{"Signature": v.Signature})
	}
	got.scan = s.result(v, failed)
	return nil
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
			if base == "application/octet-stream" && isText(ext) {
				return "", problem.New(problem.Refused, refusals[content.NotText], nil)
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

// isText tells whether a name with this ending is that of a text.
func isText(ext string) bool {
	return slices.Contains(extensions[content.Text], ext) || slices.Contains(extensions[content.CSV], ext) || slices.Contains(extensions[content.JSON], ext)
}

func readError(err error, limit int64) error {
	switch {
	case errors.Is(err, errTooLarge):
		return problem.New(problem.TooLarge, "evidence.large", problem.Args{"MiB": limit >> 20})
	case errors.Is(err, ErrScanLimit):
		return problem.New(problem.TooLarge, "evidence.scan-limit", nil).Because(err)
	}
	if refusal, ok := errors.AsType[*content.Refusal](err); ok {
		return problem.New(problem.Refused, refusals[refusal.Reason], nil).Because(err)
	}
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return p
	}
	var sent *sendError
	var limited *http.MaxBytesError
	if errors.As(err, &sent) && !errors.As(err, &limited) && !errors.Is(err, context.Canceled) {
		return problem.New(problem.Invalid, "request.cut", nil).Because(err)
	}
	return fmt.Errorf("receive evidence: %w", err)
}
