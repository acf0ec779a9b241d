package catalogue

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// tree is content held in memory: file contents by slash-separated path. It is
// an fs.FS that never changes, and so may be shared.
type tree map[string][]byte

// treeOf reads the content files and releases below fsys.
func treeOf(fsys fs.FS) (tree, error) {
	t := tree{}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && strings.Count(p, "/") > 0:
			return fs.SkipDir
		case d.IsDir(), path.Ext(p) != ".yaml" && !(path.Dir(p) == "releases" && path.Ext(p) == ".json"):
			return nil
		}
		t[p], err = fs.ReadFile(fsys, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read content: %w", err)
	}
	return t, nil
}

// over is the tree with files in the place of its own, or added.
func (t tree) over(files map[string][]byte) tree {
	out := make(tree, len(t)+len(files))
	for p, b := range t {
		out[p] = b
	}
	for p, b := range files {
		out[p] = b
	}
	return out
}

// Open implements fs.FS.
func (t tree) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if data, ok := t[name]; ok {
		return &openFile{entry: entry{path.Base(name), int64(len(data)), false}, Reader: bytes.NewReader(data)}, nil
	}
	list, err := t.ReadDir(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &openDir{entry: entry{path.Base(name), 0, true}, left: list}, nil
}

// ReadFile implements fs.ReadFileFS. The bytes are the caller's own.
func (t tree) ReadFile(name string) ([]byte, error) {
	data, ok := t[name]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return bytes.Clone(data), nil
}

// readShared reads a file for one who does not change its bytes: those of a
// tree are not copied.
func readShared(fsys fs.FS, name string) ([]byte, error) {
	if t, ok := fsys.(tree); ok {
		if data, ok := t[name]; ok {
			return data, nil
		}
	}
	return fs.ReadFile(fsys, name)
}

// ReadDir implements fs.ReadDirFS.
func (t tree) ReadDir(name string) ([]fs.DirEntry, error) {
	prefix := name + "/"
	if name == "." {
		prefix = ""
	}
	found := map[string]entry{}
	for p, data := range t {
		rest, ok := strings.CutPrefix(p, prefix)
		if !ok {
			continue
		}
		first, _, deeper := strings.Cut(rest, "/")
		e := entry{first, int64(len(data)), deeper}
		if deeper {
			e.size = 0
		}
		found[first] = e
	}
	if len(found) == 0 && name != "." {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	out := make([]fs.DirEntry, 0, len(found))
	for _, e := range found {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out, nil
}

// entry is what is told about a file or folder.
type entry struct {
	name string
	size int64
	dir  bool
}

func (e entry) Name() string               { return e.name }
func (e entry) Size() int64                { return e.size }
func (e entry) IsDir() bool                { return e.dir }
func (e entry) ModTime() time.Time         { return time.Time{} }
func (e entry) Sys() any                   { return nil }
func (e entry) Type() fs.FileMode          { return e.Mode().Type() }
func (e entry) Info() (fs.FileInfo, error) { return e, nil }
func (e entry) Stat() (fs.FileInfo, error) { return e, nil }
func (e entry) Close() error               { return nil }

func (e entry) Mode() fs.FileMode {
	if e.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

type openFile struct {
	entry
	*bytes.Reader
}

// Size settles which of the two embedded ones is meant.
func (f *openFile) Size() int64 { return f.entry.size }

type openDir struct {
	entry
	left []fs.DirEntry
}

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: fs.ErrInvalid}
}

// ReadDir implements fs.ReadDirFile.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n >= len(d.left) {
		out := d.left
		d.left = nil
		if len(out) == 0 && n > 0 {
			return nil, io.EOF
		}
		return out, nil
	}
	out := d.left[:n]
	d.left = d.left[n:]
	return out, nil
}
