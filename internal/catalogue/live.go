package catalogue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"felleskrav/internal/problem"
)

// Live is the content in force in a running service: the base, with what was
// published in the service in its place, and every release of both. It is a
// [Provider]. Published files win over those of the base also when a newer
// program brings another base.
//
// Content that does not load never takes the place of content that does: it is
// logged, and what was in force stays.
type Live struct {
	base   tree
	store  Store
	logger *slog.Logger

	now atomic.Pointer[inForce]

	mu       sync.Mutex             // one reload at a time
	tried    int64                  // the revision last tried, whether it could be used or not
	drafts   int                    // how many drafts were in it: nothing else changes the content
	releases map[ReleaseRef]Version // they never change
}

// inForce is one state of the content; it never changes.
type inForce struct {
	catalogue *Catalogue
	files     tree
	infos     []FileInfo
}

// NewLive reads the base: the content the program came with, or the folder it
// was pointed at. Until [Live.Follow] is called that is what is in force. The
// error is a [Faults] when the base has faults. logger hears of published
// content that cannot be used; nil is silent.
func NewLive(base fs.FS, logger *slog.Logger) (*Live, error) {
	files, err := treeOf(base)
	if err != nil {
		return nil, err
	}
	cat, err := Load(files)
	if err != nil {
		return nil, err
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	l := &Live{base: files, logger: logger, releases: map[ReleaseRef]Version{}}
	l.now.Store(newInForce(cat, files))
	return l, nil
}

// Follow reads what was published in the service and keeps to that store from
// then on. It is called once, before the content is served. The error is the
// store's.
func (l *Live) Follow(ctx context.Context, store Store) error {
	l.mu.Lock()
	l.store = store
	l.mu.Unlock()
	return l.Reload(ctx)
}

// Content gives the content in force.
func (l *Live) Content() *Catalogue { return l.now.Load().catalogue }

// Files lists the content files in force, sorted by path.
func (l *Live) Files() []FileInfo { return slices.Clone(l.now.Load().infos) }

func newInForce(cat *Catalogue, files tree) *inForce {
	f := &inForce{catalogue: cat, files: files}
	for p, data := range files {
		if ContentPath(p) {
			f.infos = append(f.infos, FileInfo{Path: p, SHA256: Digest(data), Size: len(data)})
		}
	}
	slices.SortFunc(f.infos, func(a, b FileInfo) int { return cmp.Compare(a.Path, b.Path) })
	return f
}

// FileInfo is one content file in force.
type FileInfo struct {
	Path string
	// SHA256 is the digest of its bytes, in hex.
	SHA256 string
	Size   int // bytes
}

// File gives the exact bytes of a content file in force. The error is a
// [problem.NotFound].
func (l *Live) File(path string) ([]byte, error) {
	if ContentPath(path) {
		if data, err := l.now.Load().files.ReadFile(path); err == nil {
			return data, nil
		}
	}
	return nil, problem.New(problem.NotFound, "content.no-file", problem.Args{"Path": problem.Clip(path)})
}

// Reload reads what is published, if that is something else than was read
// last. The error is the store's; content that cannot be used is logged and is
// no error, since the service goes on with what it has.
func (l *Live) Reload(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	rev, err := l.store.PublishedRevision(ctx)
	if err != nil {
		return fmt.Errorf("reload content: %w", err)
	}
	if rev == l.tried {
		return nil
	}
	p, err := l.store.PublishedContent(ctx)
	if err != nil {
		return fmt.Errorf("reload content: %w", err)
	}
	if len(p.Drafts) == l.drafts {
		l.tried = p.Rev
		return nil
	}
	files, err := l.withReleases(ctx, p)
	if err != nil && !errors.Is(err, errUnusable) {
		return fmt.Errorf("reload content: %w", err)
	}
	var cat *Catalogue
	if err == nil {
		cat, err = Load(files)
	}
	l.tried, l.drafts = p.Rev, len(p.Drafts)
	if err != nil {
		l.logger.ErrorContext(ctx, "published content cannot be used; the content in force stays",
			slog.Int64("revision", p.Rev), slog.String("error", err.Error()))
		return nil
	}
	l.now.Store(newInForce(cat, files))
	return nil
}

// Run follows what is published, by this instance or another, until ctx ends.
// Every interval it asks for one number.
func (l *Live) Run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := l.Reload(ctx); err != nil && ctx.Err() == nil {
				l.logger.WarnContext(ctx, "could not look for published content", slog.String("error", err.Error()))
			}
		}
	}
}

// overlay gives the base with the files of p and then those of a draft.
func (l *Live) overlay(p PublishedContent, draft map[string]DraftFile) tree {
	files := make(map[string][]byte, len(p.Files)+len(draft))
	for path, text := range p.Files {
		files[path] = []byte(text)
	}
	for path, f := range draft {
		files[path] = []byte(f.Text)
	}
	return l.base.over(files)
}

// withReleases gives the base with everything in p. A published release that
// the base has too must be the same one. l.mu is held.
func (l *Live) withReleases(ctx context.Context, p PublishedContent) (tree, error) {
	return l.addReleases(ctx, l.overlay(p, nil), p.Releases)
}

func (l *Live) addReleases(ctx context.Context, files tree, refs []ReleaseRef) (tree, error) {
	if len(refs) == 0 {
		return files, nil
	}
	var index releaseIndex
	data, err := files.ReadFile(indexFile)
	if err == nil {
		err = json.Unmarshal(data, &index)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read index of releases: %w", err)
	}
	added := map[string][]byte{}
	for _, ref := range refs {
		v, err := l.release(ctx, ref)
		if err != nil {
			return nil, err
		}
		entry := IndexEntry{Set: ref.Set, Version: ref.Version, File: ref.Set + "-" + ref.Version + ".json", SHA256: ref.SHA256}
		if slices.Contains(index.Releases, entry) {
			continue
		}
		index.Releases = append(index.Releases, entry)
		added["releases/"+entry.File] = v.Bytes
	}
	if added[indexFile], err = json.Marshal(index); err != nil {
		return nil, fmt.Errorf("write index of releases: %w", err)
	}
	return files.over(added), nil
}

// errUnusable: what is stored is not what was published.
var errUnusable = errors.New("stored content is damaged")

// release reads a release once, and holds it against its digest.
func (l *Live) release(ctx context.Context, ref ReleaseRef) (Version, error) {
	if v, ok := l.releases[ref]; ok {
		return v, nil
	}
	r, err := l.store.SetRelease(ctx, ref.Set, ref.Version)
	if err != nil {
		return Version{}, fmt.Errorf("read release %s@%s: %w", ref.Set, ref.Version, err)
	}
	v, err := ParseVersion(r.Bytes)
	if err != nil {
		return Version{}, fmt.Errorf("%w: release %s@%s: %w", errUnusable, ref.Set, ref.Version, err)
	}
	if v.Digest != ref.SHA256 {
		return Version{}, fmt.Errorf("%w: release %s@%s has the digest %s, not %s", errUnusable, ref.Set, ref.Version, v.Digest, ref.SHA256)
	}
	l.releases[ref] = v
	return v, nil
}

// proposed gives the content as it would be with a draft on top of p, read
// fresh: what other instances published counts.
func (l *Live) proposed(ctx context.Context, p PublishedContent, d Draft) (tree, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.addReleases(ctx, l.overlay(p, d.Files), p.Releases)
}

// digest gives the SHA-256 of a file as p has it, or "".
func (l *Live) digest(p PublishedContent, path string) string {
	data, ok := l.overlay(p, nil)[path]
	if !ok {
		return ""
	}
	return Digest(data)
}
