package catalogue

import (
	"runtime"
	"testing"
	"weak"

	"felleskrav/requirements"
)

// A server keeps its content for as long as it runs. The files as they were
// parsed take more than all of it, and go when it is loaded.
func TestLoadedContentKeepsNoFiles(t *testing.T) {
	l := newLoader(requirements.FS)
	if err := l.all(); err != nil {
		t.Fatal(err)
	}
	cat, left := l.cat, weak.Make(l)
	l = nil //nolint:ineffassign,wastedassign // the last strong pointer
	runtime.GC()
	if left.Value() != nil {
		t.Error("the loader, with every parsed file, is kept with the content")
	}
	if len(cat.Themes) == 0 || len(cat.SearchTasks("barnehage").Found) == 0 {
		t.Error("the content is gone with it")
	}
}
