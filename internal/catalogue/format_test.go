package catalogue_test

import (
	"bytes"
	"io/fs"
	"path"
	"testing"

	"felleskrav/internal/catalogue"
	"felleskrav/requirements"
)

func TestFormatKeepsEverything(t *testing.T) {
	files := copyContent(t)
	n := 0
	for name, f := range files {
		if path.Ext(name) != ".yaml" {
			continue
		}
		n++
		once, err := catalogue.Format(f.Data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		twice, err := catalogue.Format(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%s: formatting what is formatted changes it (%v)", name, err)
		}
		f.Data = once
	}
	if n < 10 {
		t.Fatalf("%d files, want more", n)
	}
	formatted, err := catalogue.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := frozen(t, formatted, "skytjenester"), frozen(t, load(t), "skytjenester"); a.Digest != b.Digest {
		t.Error("formatted content freezes to other bytes")
	}
}

func TestFormatRefuses(t *testing.T) {
	for _, s := range []string{"", "a: [", "a: 1\n---\nb: 2\n", "a: 1\na: 2\nb: *x\n"} {
		if out, err := catalogue.Format([]byte(s)); err == nil {
			t.Errorf("%q was formatted to %q", s, out)
		}
	}
}

func TestOurContentIsFormatted(t *testing.T) {
	err := fs.WalkDir(requirements.FS, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".yaml" {
			return err
		}
		data, err := requirements.FS.ReadFile(name)
		if err != nil {
			return err
		}
		want, err := catalogue.Format(data)
		if err != nil {
			return err
		}
		if !bytes.Equal(data, want) {
			t.Errorf("%s is not formatted: run felleskrav catalogue lint --fix", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
