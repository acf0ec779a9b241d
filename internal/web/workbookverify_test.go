package web

import (
	"strings"
	"testing"

	"felleskrav/internal/workbook/workbooktest"
)

// Anybody can ask whether a workbook was altered, and reads which cells.
func TestVerifyWorkbook(t *testing.T) {
	s := newSite(t, true)
	file := []byte(s.visit("procurement").get("/procurements/"+s.procurement+"/workbook").must(t, 200).body)
	altered, err := workbooktest.Alter(file, map[string]string{"Krav!D6": "Et <b>lettere</b> krav", "Krav!Q2": "Notat"})
	if err != nil {
		t.Fatal(err)
	}
	anyone := s.visit("")
	send := func(file []byte) answer {
		return anyone.upload("/workbooks/verify", nil, "workbook", "krav.xlsx", file)
	}
	for name, tt := range map[string]struct {
		file  []byte
		code  int
		parts []string
	}{
		"untouched":  {file, 200, []string{"Ingenting offisielt i regnearket er endret", "krav.xlsx"}},
		"altered":    {altered, 200, []string{"Noe i regnearket er endret", "Krav!D6", "Et &lt;b&gt;lettere&lt;/b&gt; krav", "Krav!Q2", "holder ikke"}},
		"not a file": {[]byte("Krav;Svar"), 415, []string{"ikke et regneark"}},
		"nothing":    {nil, 422, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := send(tt.file).must(t, tt.code, tt.parts...)
			checkPage(t, "nb", a)
			if tt.code != 200 && !strings.Contains(a.body, `role="alert"`) {
				t.Error("the page does not say what is wrong")
			}
		})
	}
}
