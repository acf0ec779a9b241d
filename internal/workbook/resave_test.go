package workbook

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/workbook/corpustest"
)

// A filled workbook that another program saved reads as it did before, and a
// text that was changed is found in it.
func TestReadWhatOtherProgramsSaved(t *testing.T) {
	tender := testTender(t, "nb", 24)
	f := openBook(t, writeTender(t, tender))
	want := fill(t, f, tender.Texts)
	altered := openBook(t, save(t, f))
	set(t, altered, "Krav", "D7", "Noe annet")
	files := map[string][]byte{"filled": save(t, f), "altered": save(t, altered)}
	for _, saver := range corpustest.Savers {
		t.Run(saver, func(t *testing.T) {
			saved := corpustest.Resave(t, saver, files)
			for name, known := range map[string]Known{"map": nil, "known": KnownLines(tender.Lines)} {
				got := readTender(t, saved["filled"], known)
				if diff := cmp.Diff(want, got.Answers); diff != "" || got.Err() != nil {
					t.Errorf("%s: %v: answers (-want +got):\n%s", name, got.Err(), diff)
				}
				if got.Procurement != tender.Procurement.ID {
					t.Errorf("%s: the hidden sheet did not survive", name)
				}
				got = readTender(t, saved["altered"], known)
				if r := got.Refused(); len(r) != 1 || r[0].Path() != "Krav!D7" || r[0].Key != "workbook.row.altered-text" {
					t.Errorf("%s: altered text: %+v", name, r)
				}
			}
		})
	}
}
