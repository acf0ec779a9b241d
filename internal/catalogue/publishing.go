package catalogue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gowebpki/jcs"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

// unpublished is the date of releases that are made only to be compared.
var unpublished = time.Unix(0, 0)

// ReleaseKey is the log's key of a release.
func ReleaseKey(ref string) string { return "release:" + ref }

// ReleaseEvent is what the log holds of a release: canonical JSON with its
// set, version, URI, digest and date. It is the same whether the release came
// with the program or was published in the service.
func ReleaseEvent(v Version) ([]byte, error) {
	plain, err := json.Marshal(struct {
		Event     string `json:"event"`
		Set       string `json:"set"`
		Version   string `json:"version"`
		URI       string `json:"uri"`
		Digest    string `json:"digest"`
		Published string `json:"published"`
	}{"set-released", v.Set, v.Version, v.URI, v.Digest, v.Published})
	if err == nil {
		plain, err = jcs.Transform(plain)
	}
	if err != nil {
		return nil, fmt.Errorf("write release event: %w", err)
	}
	return plain, nil
}

// Publish puts an approved draft in force: its releases are frozen, stored and
// logged, then files and releases take effect in one step, and the draft is
// closed. One draft is published at a time.
//
// Every step can be repeated. When Publish fails or the program stops between
// two of them, calling it again, on any instance, completes it; until then
// other drafts wait. Publishing what is published gives the draft as it is.
func (s *DraftService) Publish(ctx context.Context, actor access.Actor, id string, rev int64) (Draft, error) {
	if _, err := access.ScopeFor(actor, access.DecideCatalogue); err != nil {
		return Draft{}, err
	}
	d, err := s.Get(ctx, actor, id)
	if err != nil {
		return Draft{}, err
	}
	if d.State == DraftPublished {
		return d, s.Live.Reload(ctx)
	}
	if rev != 0 && d.Rev != rev {
		return Draft{}, problem.New(problem.Stale, "request.if-match", nil)
	}
	p, err := s.reserve(ctx, d)
	if err != nil {
		return Draft{}, err
	}
	if !p.Holds(id) {
		if err := s.enforce(ctx, p, id); err != nil {
			return Draft{}, err
		}
	}
	d, err = s.update(ctx, id, 0, func(d *Draft) error {
		if d.State == DraftPublished {
			return nil
		}
		d.State, d.Closed = DraftPublished, &DraftClosing{By: personOf(actor), At: d.UpdatedAt}
		return nil
	})
	if err != nil {
		return Draft{}, err
	}
	return d, s.Live.Reload(ctx)
}

// errReserved ends an update that would change nothing.
var errReserved = errors.New("reserved")

// reserve makes the draft the one that is being published.
func (s *DraftService) reserve(ctx context.Context, d Draft) (PublishedContent, error) {
	var seen PublishedContent
	p, err := s.Store.UpdatePublishedContent(ctx, func(p PublishedContent) (PublishedContent, error) {
		seen = p
		switch {
		case p.Holds(d.ID), p.Pending == d.ID:
			return p, errReserved
		case d.State != DraftApproved:
			return p, wrongState(d)
		case p.Pending != "":
			return p, problem.New(problem.Refused, "draft.other-publication", problem.Args{"Draft": p.Pending})
		}
		p.Pending = d.ID
		return p, nil
	})
	if errors.Is(err, errReserved) {
		return seen, nil
	}
	if err != nil {
		return PublishedContent{}, fmt.Errorf("begin publication: %w", err)
	}
	return p, nil
}

// enforce makes the releases of the draft that has its turn, and puts it in
// force. When it is refused, its turn ends.
func (s *DraftService) enforce(ctx context.Context, p PublishedContent, id string) error {
	// Read again: it may have been returned before it got its turn.
	d, err := s.Store.Draft(ctx, id)
	if err != nil {
		return noDraft("read draft", err)
	}
	refs, err := s.releases(ctx, p, d)
	if kind := problem.KindOf(err); err != nil && (kind == problem.Refused || kind == problem.Invalid) {
		return errors.Join(err, s.yield(ctx, id))
	}
	if err != nil {
		return err
	}
	_, err = s.Store.UpdatePublishedContent(ctx, func(p PublishedContent) (PublishedContent, error) {
		if p.Holds(id) {
			return p, errReserved
		}
		if p.Pending != id {
			return p, problem.New(problem.Stale, "draft.lost-turn", nil)
		}
		p.Files = maps.Clone(p.Files)
		if p.Files == nil {
			p.Files = map[string]string{}
		}
		for path, f := range d.Files {
			p.Files[path] = f.Text
		}
		p.Releases = append(slices.Clone(p.Releases), refs...)
		p.Drafts = append(slices.Clone(p.Drafts), id)
		p.Pending = ""
		return p, nil
	})
	if err != nil && !errors.Is(err, errReserved) {
		return fmt.Errorf("put draft in force: %w", err)
	}
	return nil
}

// yield gives up the turn of a draft that cannot be published.
func (s *DraftService) yield(ctx context.Context, id string) error {
	_, err := s.Store.UpdatePublishedContent(ctx, func(p PublishedContent) (PublishedContent, error) {
		if p.Pending != id {
			return p, errReserved
		}
		p.Pending = ""
		return p, nil
	})
	if err != nil && !errors.Is(err, errReserved) {
		return fmt.Errorf("end publication: %w", err)
	}
	return nil
}

// releases checks the draft once more, then stores and logs its releases. All
// are stored before the first is logged.
func (s *DraftService) releases(ctx context.Context, p PublishedContent, d Draft) ([]ReleaseRef, error) {
	if d.State != DraftApproved {
		return nil, wrongState(d)
	}
	cat, c, err := s.check(ctx, p, d, len(p.Drafts) != d.LintedOn)
	if err != nil {
		return nil, err
	}
	if err := c.refuse(); err != nil {
		return nil, err
	}
	made := make([]Version, 0, len(d.Releases))
	for _, w := range d.Releases {
		if err := releasable(cat, w); err != nil {
			return nil, err
		}
	}
	for _, w := range d.Releases {
		v, err := s.freeze(ctx, cat, d.ID, w)
		if err != nil {
			return nil, err
		}
		made = append(made, v)
	}
	refs := make([]ReleaseRef, 0, len(made))
	for _, v := range made {
		event, err := ReleaseEvent(v)
		if err != nil {
			return nil, err
		}
		if _, _, err := s.Log.Append(ctx, ReleaseKey(v.Ref()), event); err != nil {
			return nil, fmt.Errorf("log release %s: %w", v.Ref(), err)
		}
		refs = append(refs, ReleaseRef{Set: v.Set, Version: v.Version, SHA256: v.Digest})
	}
	return refs, nil
}

// freeze stores a release, or finds the one that an earlier try stored.
func (s *DraftService) freeze(ctx context.Context, cat *Catalogue, draft string, w WantedRelease) (Version, error) {
	v, err := cat.Freeze(w.Set, w.Version, s.now())
	if err != nil {
		return Version{}, fmt.Errorf("release %s: %w", w.Ref(), err)
	}
	err = s.Store.InsertSetRelease(ctx, SetRelease{Set: v.Set, Version: v.Version, SHA256: v.Digest, Draft: draft, Bytes: v.Bytes, At: s.now()})
	if err == nil {
		return v, nil
	}
	if !errors.Is(err, problem.ErrExists) {
		return Version{}, fmt.Errorf("store release %s: %w", w.Ref(), err)
	}
	r, err := s.Store.SetRelease(ctx, w.Set, w.Version)
	if err != nil {
		return Version{}, fmt.Errorf("read release %s: %w", w.Ref(), err)
	}
	old, err := ParseVersion(r.Bytes)
	if err != nil {
		return Version{}, fmt.Errorf("read release %s: %w", w.Ref(), err)
	}
	// The earlier try may have been on another day; nothing else may differ.
	day, err := time.Parse(time.DateOnly, old.Published)
	if err != nil {
		return Version{}, fmt.Errorf("read release %s: %w", w.Ref(), err)
	}
	if v, err = cat.Freeze(w.Set, w.Version, day); err != nil {
		return Version{}, fmt.Errorf("release %s: %w", w.Ref(), err)
	}
	if r.Draft != draft || !bytes.Equal(v.Bytes, r.Bytes) {
		return Version{}, problem.New(problem.Refused, "draft.version-taken", problem.Args{"Ref": w.Ref()})
	}
	return v, nil
}
