package catalogue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// Log is the public record of what was released.
type Log interface {
	// Append logs body under key and returns once the entry is published.
	// Appending the same again is not an error.
	Append(ctx context.Context, key string, body []byte) (index int64, at time.Time, err error)
}

// DraftService holds the rules for editing content: an editor writes a draft,
// another one approves it, and publishing puts it in force.
type DraftService struct {
	Store Store
	Log   Log
	Live  *Live
	Now   func() time.Time
	// NewID makes UUIDv7 strings.
	NewID func() string
}

func (s *DraftService) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// personOf is the actor as the content remembers them.
func personOf(a access.Actor) Person { return Person{ID: a.ID, Name: a.Name, Org: a.Org} }

func mayEdit(a access.Actor) error {
	_, err := access.ScopeFor(a, access.EditCatalogue)
	return err
}

// DraftInput is what an editor says about a draft, besides its files.
type DraftInput struct {
	Title    string
	Note     string
	Releases []WantedRelease
}

// Create begins a draft without files.
func (s *DraftService) Create(ctx context.Context, actor access.Actor, in DraftInput) (Draft, error) {
	if err := mayEdit(actor); err != nil {
		return Draft{}, err
	}
	now := s.now()
	d := Draft{
		ID: s.NewID(), Author: personOf(actor), Editors: []string{actor.ID}, Files: map[string]DraftFile{}, State: DraftOpen,
		CreatedAt: now, UpdatedAt: now,
	}
	d.describe(in)
	if err := d.Validate(); err != nil {
		return Draft{}, err
	}
	if err := s.Store.InsertDraft(ctx, d); err != nil {
		return Draft{}, fmt.Errorf("save draft: %w", err)
	}
	d.Rev = 1
	return d, nil
}

func (d *Draft) describe(in DraftInput) {
	d.Title, d.Note, d.Releases = strings.TrimSpace(in.Title), strings.TrimSpace(in.Note), slices.Clone(in.Releases)
}

// Get reads a draft.
func (s *DraftService) Get(ctx context.Context, actor access.Actor, id string) (Draft, error) {
	if err := mayEdit(actor); err != nil {
		return Draft{}, err
	}
	d, err := s.Store.Draft(ctx, id)
	if err != nil {
		return Draft{}, noDraft("read draft", err)
	}
	return d, nil
}

// List lists drafts without the texts of their files, newest first, from the
// one after the id after.
func (s *DraftService) List(ctx context.Context, actor access.Actor, after string, limit int) ([]Draft, error) {
	if err := mayEdit(actor); err != nil {
		return nil, err
	}
	all, err := s.Store.Drafts(ctx, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list drafts: %w", err)
	}
	return all, nil
}

// noDraft gives a store's error its own text where there is no such draft.
func noDraft(what string, err error) error {
	if errors.Is(err, problem.ErrNotFound) {
		return problem.New(problem.NotFound, "draft.not-found", nil)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// update changes a draft at revision rev, or at any when rev is 0.
func (s *DraftService) update(ctx context.Context, id string, rev int64, change func(*Draft) error) (Draft, error) {
	now := s.now()
	d, err := s.Store.UpdateDraft(ctx, id, func(d Draft) (Draft, error) {
		if rev != 0 && d.Rev != rev {
			return d, problem.New(problem.Stale, "request.if-match", nil)
		}
		// The updater may run again, and must not touch what it was given.
		d.Files, d.Editors, d.Reviews = maps.Clone(d.Files), slices.Clone(d.Editors), slices.Clone(d.Reviews)
		if d.Files == nil {
			d.Files = map[string]DraftFile{}
		}
		d.UpdatedAt = now
		err := change(&d)
		return d, err
	})
	if err != nil {
		if problem.KindOf(err) != problem.Internal && !errors.Is(err, problem.ErrNotFound) {
			return Draft{}, err
		}
		return Draft{}, noDraft("change draft", err)
	}
	return d, nil
}

// editable says no to changing what is under review or done.
func (d *Draft) editable() error {
	if d.State.Editable() {
		return nil
	}
	return wrongState(*d)
}

func wrongState(d Draft) error {
	return problem.New(problem.Refused, "draft.state", problem.Args{"State": string(d.State)})
}

// touch notes that an editor had a hand in the content.
func (d *Draft) touch(by access.Actor) {
	if !slices.Contains(d.Editors, by.ID) {
		d.Editors = append(d.Editors, by.ID)
	}
}

// Describe changes title, note and wanted releases. rev is the revision the
// editor saw, or 0 for any.
func (s *DraftService) Describe(ctx context.Context, actor access.Actor, id string, rev int64, in DraftInput) (Draft, error) {
	if err := mayEdit(actor); err != nil {
		return Draft{}, err
	}
	return s.update(ctx, id, rev, func(d *Draft) error {
		if err := d.editable(); err != nil {
			return err
		}
		d.describe(in)
		d.touch(actor)
		return d.Validate()
	})
}

// PutFile puts a content file into the draft, formatted. A file that is not
// what its place asks for is refused with every fault and its line; whether
// its references hold is for [DraftService.Check], since they may be to files
// that come later.
func (s *DraftService) PutFile(ctx context.Context, actor access.Actor, id string, rev int64, path string, data []byte) (Draft, error) {
	if err := mayEdit(actor); err != nil {
		return Draft{}, err
	}
	if !ContentPath(path) {
		return Draft{}, problem.New(problem.Invalid, "draft.path", problem.Args{"Path": problem.Clip(path)})
	}
	if len(data) > maxDraftBytes {
		return Draft{}, problem.New(problem.TooLarge, "draft.files-large", problem.Args{"KiB": maxDraftBytes >> 10})
	}
	text, err := formatted(path, data)
	if err != nil {
		return Draft{}, err
	}
	p, err := s.Store.PublishedContent(ctx)
	if err != nil {
		return Draft{}, fmt.Errorf("read published content: %w", err)
	}
	base := s.Live.digest(p, path)
	return s.update(ctx, id, rev, func(d *Draft) error {
		if err := d.editable(); err != nil {
			return err
		}
		f, ok := d.Files[path]
		if !ok {
			f.Base = base
		}
		f.Text, f.SHA256, f.Size = string(text), Digest(text), len(text)
		d.Files[path] = f
		d.touch(actor)
		return d.Validate()
	})
}

// formatted reads one file the way [Load] would, and formats it.
func formatted(path string, data []byte) ([]byte, error) {
	if !utf8.Valid(data) {
		return nil, refuseFile("draft.file-faults", path, Faults{{File: path, Line: 1, Key: "encoding"}})
	}
	r := newLoader(tree{path: data})
	r.one(path)
	if len(r.faults) > 0 {
		return nil, refuseFile("draft.file-faults", path, r.faults.sorted())
	}
	out, err := Format(data)
	if err != nil {
		line, detail := yamlError(err.Error())
		return nil, refuseFile("draft.file-faults", path, Faults{{File: path, Line: line, Key: "syntax", Args: map[string]any{"Detail": detail}}})
	}
	return out, nil
}

// refuseFile is the problem, by its key, of a file with faults.
func refuseFile(key, path string, faults Faults) error {
	p := problem.New(problem.Invalid, key, problem.Args{"Count": len(faults), "Path": path})
	for i, f := range faults {
		if i == maxFields {
			break
		}
		p.Fields = append(p.Fields, f.Field())
	}
	return p
}

// maxFields is how many faults are told with a problem; the rest comes when
// these are mended.
const maxFields = 100

// one reads a single file by its place, without following references.
func (l *loader) one(path string) {
	dir, _, found := strings.Cut(path, "/")
	switch {
	case path == "sources.yaml":
		l.sources()
	case path == "levels.yaml":
		l.levels()
	case path == allowFile:
		l.read(path, &struct {
			Allow []Allowance `yaml:"allow"`
		}{})
	case path == unlinkedFile:
		l.read(path, &struct {
			Unlinked []Unlinked `yaml:"unlinked"`
		}{})
	case !found:
	case dir == "tasks":
		l.tasks()
	case dir == "information-types":
		l.information()
	case dir == "measures":
		l.measures()
	case dir == "themes":
		l.themes()
	case dir == "sets":
		l.sets()
	}
}

// Field is the fault as part of a problem: its path is file and line.
func (f Fault) Field() problem.Field {
	return problem.Field{Path: fmt.Sprintf("%s:%d", f.File, f.Line), Key: "catalogue.fault." + f.Key, Args: f.Args}
}

// RemoveFile takes a file out of the draft again; the one in force is kept as
// it is. A problem.NotFound when the draft has no such file.
func (s *DraftService) RemoveFile(ctx context.Context, actor access.Actor, id string, rev int64, path string) (Draft, error) {
	if err := mayEdit(actor); err != nil {
		return Draft{}, err
	}
	return s.update(ctx, id, rev, func(d *Draft) error {
		if err := d.editable(); err != nil {
			return err
		}
		if _, ok := d.Files[path]; !ok {
			return noFile(path)
		}
		delete(d.Files, path)
		d.touch(actor)
		return nil
	})
}

func noFile(path string) error {
	return problem.New(problem.NotFound, "draft.no-file", problem.Args{"Path": problem.Clip(path)})
}

// File gives the exact bytes of a file in the draft.
func (s *DraftService) File(ctx context.Context, actor access.Actor, id, path string) ([]byte, error) {
	d, err := s.Get(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	f, ok := d.Files[path]
	if !ok {
		return nil, noFile(path)
	}
	return bytes.Clone([]byte(f.Text)), nil
}

// Discard ends a draft without publishing it. Nothing is deleted.
func (s *DraftService) Discard(ctx context.Context, actor access.Actor, id string, rev int64) (Draft, error) {
	if err := mayEdit(actor); err != nil {
		return Draft{}, err
	}
	if _, err := s.Get(ctx, actor, id); err != nil {
		return Draft{}, err
	}
	p, err := s.Store.PublishedContent(ctx)
	if err != nil {
		return Draft{}, fmt.Errorf("read published content: %w", err)
	}
	if p.Pending == id || p.Holds(id) {
		// Some of it may be stored and logged already.
		return Draft{}, problem.New(problem.Refused, "draft.publishing", nil)
	}
	return s.update(ctx, id, rev, func(d *Draft) error {
		if d.State == DraftDiscarded {
			return nil
		}
		if d.State.Closed() {
			return wrongState(*d)
		}
		d.State, d.Closed = DraftDiscarded, &DraftClosing{By: personOf(actor), At: d.UpdatedAt}
		return nil
	})
}
