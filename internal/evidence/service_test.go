package evidence_test

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage/sqlite"
)

const (
	ours   organisation.Number = "123456785"
	theirs organisation.Number = "314168267"
	pdf                        = "%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
)

func as(org organisation.Number, role access.Role) access.Actor {
	return access.Actor{ID: "test", Org: string(org), Roles: []access.Role{role}}
}

func newService(t *testing.T, max int64) (*evidence.Service, string) {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return &evidence.Service{Store: store, Now: time.Now, MaxBytes: max}, dir
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func docx(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"[Content_Types].xml", "_rels/.rels", "word/document.xml"} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, "<x/>"); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestUploadIsWhatTheBytesAre(t *testing.T) {
	s, _ := newService(t, 1<<20)
	exe := append([]byte("MZ"), make([]byte, 200)...)
	tests := []struct {
		name, file string
		body       []byte
		media      string
		key        string
	}{
		{"PDF", "sertifikat.pdf", []byte(pdf), "application/pdf", ""},
		{"Word", "policy.docx", docx(t), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ""},
		{"text", "rutine.txt", []byte("Rutine for tilgang\n"), "text/plain", ""},
		{"capital ending", "RUTINE.TXT", []byte("Rutine for tilgang\n"), "text/plain", ""},
		{"PDF called Word", "policy.docx", []byte(pdf), "", "evidence.ending"},
		{"program called PDF", "rapport.pdf", exe, "", "evidence.type"},
		{"page called text", "side.txt", []byte("<!DOCTYPE html><html><script>alert(1)</script></html>"), "", "evidence.type"},
		{"drawing with script", "logo.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`), "", "evidence.type"},
		{"empty", "tom.pdf", nil, "", "evidence.empty"},
		{"archive", "alt.zip", append([]byte("PK\x03\x04"), make([]byte, 100)...), "", "evidence.type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, created, err := s.Upload(t.Context(), as(ours, access.Supplier), evidence.Upload{Name: tt.file, Kind: "policy"}, bytes.NewReader(tt.body))
			if tt.key != "" {
				if problem.KeyOf(err) != tt.key {
					t.Errorf("error is %v, want %s", err, tt.key)
				}
				return
			}
			if err != nil || !created && tt.name != "capital ending" {
				t.Fatalf("created %v, %v", created, err)
			}
			if e.MediaType != tt.media || e.SHA256 != digest(tt.body) || e.Size != int64(len(tt.body)) {
				t.Errorf("stored as %s, %d bytes, %s", e.MediaType, e.Size, e.SHA256)
			}
		})
	}
}

func TestUploadLimitsAndDigest(t *testing.T) {
	const limit = 1 << 20
	s, dir := newService(t, limit)
	up := evidence.Upload{Name: "a.txt", Kind: "policy"}
	text := func(n int) []byte { return bytes.Repeat([]byte("a"), n) }
	me := as(ours, access.Supplier)

	if _, _, err := s.Upload(t.Context(), me, up, bytes.NewReader(text(limit))); err != nil {
		t.Errorf("exactly the limit: %v", err)
	}
	if _, _, err := s.Upload(t.Context(), me, up, bytes.NewReader(text(limit+1))); problem.KindOf(err) != problem.TooLarge {
		t.Errorf("one byte more: %v, want too large", err)
	}
	stated := up
	stated.SHA256 = digest(text(10))
	if _, _, err := s.Upload(t.Context(), me, stated, bytes.NewReader(text(11))); problem.KeyOf(err) != "evidence.digest" {
		t.Errorf("another digest than stated: %v, want evidence.digest", err)
	}
	if _, _, err := s.Upload(t.Context(), me, stated, bytes.NewReader(text(10))); err != nil {
		t.Errorf("the stated digest: %v", err)
	}
	broken := io.MultiReader(bytes.NewReader(text(5000)), iotest.ErrReader(errors.New("connection reset")))
	if _, _, err := s.Upload(t.Context(), me, up, broken); err == nil {
		t.Error("a broken upload was accepted")
	}
	files := 0
	err := filepath.WalkDir(filepath.Join(dir, "evidence"), func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files++
		}
		return err
	})
	if err != nil || files != 2 {
		t.Errorf("%d files are kept (%v), want the 2 that were accepted", files, err)
	}
}

// cut is a sender that goes away.
type cut struct{ left int }

func (c *cut) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n := min(len(p), c.left)
	for i := range n {
		p[i] = 'a'
	}
	c.left -= n
	return n, nil
}

func TestUploadThatBreaksOff(t *testing.T) {
	s, _ := newService(t, 1<<20)
	for _, n := range []int{0, 10, 100_000} {
		if _, _, err := s.Upload(t.Context(), as(ours, access.Supplier), evidence.Upload{Name: "a.txt", Kind: "policy"}, &cut{n}); problem.KeyOf(err) != "request.cut" {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
	if all, err := s.Of(t.Context(), as(ours, access.Supplier), ours); err != nil || len(all) != 0 {
		t.Errorf("%d are kept (%v)", len(all), err)
	}
}

func TestUploadRefusesFields(t *testing.T) {
	s, _ := newService(t, 1<<20)
	for name, up := range map[string]evidence.Upload{
		"path as name":       {Name: "../../etc/passwd.txt", Kind: "policy"},
		"backslash":          {Name: `..\x.txt`, Kind: "policy"},
		"line break in name": {Name: "a\r\nb.txt", Kind: "policy"},
		"name turned around": {Name: "rapport\u202efdp.txt", Kind: "policy"},
		"no name":            {Kind: "policy"},
		"unknown kind":       {Name: "a.txt", Kind: "poem"},
		"unknown visibility": {Name: "a.txt", Kind: "policy", Visibility: "friends"},
		"digest form":        {Name: "a.txt", Kind: "policy", SHA256: "ABC"},
		"first day no day":   {Name: "a.txt", Kind: "policy", Description: evidence.Description{ValidFrom: "2026-02-30"}},
		"period backwards":   {Name: "a.txt", Kind: "policy", Description: evidence.Description{ValidFrom: "2026-02-02", ValidUntil: "2026-02-01"}},
		"long issuer":        {Name: "a.txt", Kind: "policy", Description: evidence.Description{Issuer: strings.Repeat("æ", 201)}},
		"long standard":      {Name: "a.txt", Kind: "policy", Description: evidence.Description{Standard: strings.Repeat("æ", 101)}},
		"long scope":         {Name: "a.txt", Kind: "policy", Description: evidence.Description{Scope: strings.Repeat("æ", 501)}},
		"scope of two lines": {Name: "a.txt", Kind: "policy", Description: evidence.Description{Scope: "a\nb"}},
		"long legal basis":   {Name: "a.txt", Kind: "policy", Description: evidence.Description{LegalBasis: strings.Repeat("æ", 301)}},
		"grant until no day": {Name: "a.txt", Kind: "policy", Granted: []evidence.Grant{{Org: theirs, Until: "i morgen"}}},
		"granted twice":      {Name: "a.txt", Kind: "policy", Granted: []evidence.Grant{{Org: theirs}, {Org: theirs, Until: "2027-01-01"}}},
		"granted to nobody":  {Name: "a.txt", Kind: "policy", Granted: []evidence.Grant{{Org: "1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := s.Upload(t.Context(), as(ours, access.Supplier), up, strings.NewReader("text"))
			p, ok := errors.AsType[*problem.Error](err)
			if !ok || p.Kind != problem.Invalid || len(p.Fields) != 1 {
				t.Errorf("error is %v, want one invalid field", err)
			}
		})
	}
	if _, _, err := s.Upload(t.Context(), as(theirs, access.Supplier), evidence.Upload{Owner: ours, Name: "a.txt", Kind: "policy"}, strings.NewReader("x")); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("for another organisation: %v, want forbidden", err)
	}
	if _, _, err := s.Upload(t.Context(), as(ours, access.Adviser), evidence.Upload{Name: "a.txt", Kind: "policy"}, strings.NewReader("x")); problem.KindOf(err) != problem.Forbidden {
		t.Errorf("by an adviser: %v, want forbidden", err)
	}
}

func TestWhoMayRead(t *testing.T) {
	const agency, otherAgency organisation.Number = "987654325", "974760673"
	s, _ := newService(t, 1<<20)
	sums := map[evidence.Visibility]string{}
	for v, body := range map[evidence.Visibility]string{evidence.VisiblePublic: "public", evidence.VisibleAgencies: "agencies", evidence.VisibleGranted: "granted"} {
		up := evidence.Upload{Name: "a.txt", Kind: "policy", Visibility: v}
		if v == evidence.VisibleGranted {
			up.Granted = []evidence.Grant{{Org: "NO 974 760 673 MVA"}} // as people write it
		}
		e, _, err := s.Upload(t.Context(), as(ours, access.Supplier), up, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		sums[v] = e.SHA256
	}
	tests := []struct {
		who                       string
		actor                     access.Actor
		public, agencies, granted bool
	}{
		{"anyone", access.Anyone(), true, false, false},
		{"the owner", as(ours, access.Supplier), true, true, true},
		{"another supplier", as(theirs, access.Supplier), true, false, false},
		{"an agency", as(agency, access.Adviser), true, true, false},
		{"the agency it is granted to", as(otherAgency, access.Procurement), true, true, true},
		{"a supplier with that number", as(otherAgency, access.Supplier), true, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.who, func(t *testing.T) {
			for v, want := range map[evidence.Visibility]bool{evidence.VisiblePublic: tt.public, evidence.VisibleAgencies: tt.agencies, evidence.VisibleGranted: tt.granted} {
				body, e, err := s.Open(t.Context(), tt.actor, sums[v])
				if !want {
					if problem.KindOf(err) != problem.NotFound {
						t.Errorf("%s: %v, want not found", v, err)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", v, err)
					continue
				}
				b, err := io.ReadAll(body)
				_ = body.Close()
				if err != nil || string(b) != string(v) || e.Owner != ours {
					t.Errorf("%s: read %q (%v)", v, b, err)
				}
			}
			all, err := s.Of(t.Context(), tt.actor, ours)
			want := 0
			for _, ok := range []bool{tt.public, tt.agencies, tt.granted} {
				if ok {
					want++
				}
			}
			if err != nil || len(all) != want {
				t.Errorf("lists %d (%v), want %d", len(all), err, want)
			}
		})
	}
	for _, bad := range []string{"", "..", strings.Repeat("a", 63), strings.Repeat("A", 64), strings.Repeat("0", 64)} {
		if _, _, err := s.Open(t.Context(), as(ours, access.Supplier), bad); problem.KindOf(err) != problem.NotFound {
			t.Errorf("digest %.10q: %v, want not found", bad, err)
		}
	}
}

// TestSentAgainSaysAnewWhoMayRead: a file published by mistake can be closed,
// and one sent again without a word about it stays as it is.
func TestSentAgainSaysAnewWhoMayRead(t *testing.T) {
	s, _ := newService(t, 1<<20)
	send := func(v evidence.Visibility) evidence.Evidence {
		t.Helper()
		e, _, err := s.Upload(t.Context(), as(ours, access.Supplier), evidence.Upload{Name: "a.txt", Kind: "policy", Visibility: v}, strings.NewReader("text"))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	for _, step := range []struct {
		say, want evidence.Visibility
		public    bool
	}{
		{evidence.VisiblePublic, evidence.VisiblePublic, true},
		{"", evidence.VisiblePublic, true},
		{evidence.VisibleGranted, evidence.VisibleGranted, false},
		{"", evidence.VisibleGranted, false},
		{evidence.VisiblePublic, evidence.VisiblePublic, true},
	} {
		e := send(step.say)
		if e.Visibility != step.want {
			t.Errorf("sent with %q it is %s, want %s", step.say, e.Visibility, step.want)
		}
		body, _, err := s.Open(t.Context(), access.Anyone(), e.SHA256)
		if (err == nil) != step.public {
			t.Errorf("sent with %q anyone reads it: %v, want %v", step.say, err == nil, step.public)
		}
		if err == nil {
			_ = body.Close()
		}
	}
}

// TestSameBytesFromTwo: each has a record of its own, and neither learns of
// the other's.
func TestSameBytesFromTwo(t *testing.T) {
	s, _ := newService(t, 1<<20)
	noise := make([]byte, 900)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	body := fmt.Appendf(nil, "%%PDF-1.7\n1 0 obj\n<</Length 900>>\nstream\n%s\nendstream\nendobj\n%%%%EOF\n", noise)
	for _, owner := range []organisation.Number{ours, theirs} {
		_, created, err := s.Upload(t.Context(), as(owner, access.Supplier), evidence.Upload{Name: string(owner) + ".pdf", Kind: "policy", Visibility: evidence.VisibleGranted}, bytes.NewReader(body))
		if err != nil || !created {
			t.Fatalf("%s: created %v, %v", owner, created, err)
		}
	}
	_, e, err := s.Open(t.Context(), as(theirs, access.Supplier), digest(body))
	if err != nil || e.Owner != theirs || e.Name != string(theirs)+".pdf" {
		t.Errorf("opened %s of %s (%v), want their own", e.Name, e.Owner, err)
	}
}
