package evidence_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/evidence/content"
	"felleskrav/internal/problem"
)

// TestUploadRefusesContent: each refusal says why, and leaves nothing. What is
// refused for which reason is package content's own to test.
func TestUploadRefusesContent(t *testing.T) {
	s, dir := newService(t, 4<<20)
	s.Spool = t.TempDir()
	locked := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 5000) + "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"
	big := "%PDF-1.7\n" + strings.Repeat("% ord\n", 300_000)
	for _, tt := range []struct {
		name, file, body, key string
		kind                  problem.Kind
	}{
		{"Office with a password", "a.xlsx", locked, "evidence.encrypted", problem.Refused},
		{"old Office", "a.xls", locked[:4000], "evidence.type", problem.Unsupported},
		{"PDF with a password", "a.pdf", strings.Replace(pdf, "<<>>", "<</Encrypt 5 0 R>>", 1), "evidence.encrypted", problem.Refused},
		{"PDF with a page after it", "a.pdf", pdf + "<html>", "evidence.after", problem.Refused},
		{"large PDF with a page after it", "a.pdf", big + "%%EOF\n<html>", "evidence.after", problem.Refused},
		{"Word with data after it", "a.docx", string(docx(t)) + "x", "evidence.after", problem.Refused},
		{"UTF-16", "a.txt", "\xff\xfea\x00b\x00", "evidence.not-text", problem.Refused},
		{"text with a zero", "a.txt", "Rutine\x00\x01\x02", "evidence.not-text", problem.Refused},
		{"picture before a PDF", "a.pdf", "GIF89a" + pdf, "evidence.before", problem.Refused},
	} {
		_, _, err := s.Upload(t.Context(), as(ours, access.Supplier), evidence.Upload{Name: tt.file, Kind: "policy"}, strings.NewReader(tt.body))
		if problem.KeyOf(err) != tt.key || problem.KindOf(err) != tt.kind {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.key)
		}
	}
	whole := big + "%%EOF\n"
	e, _, err := s.Upload(t.Context(), as(ours, access.Supplier), evidence.Upload{Name: "a.pdf", Kind: "policy"}, iotest.HalfReader(strings.NewReader(whole)))
	if err != nil || e.Size != int64(len(whole)) || e.SHA256 != digest([]byte(whole)) {
		t.Errorf("large PDF: %+v, %v", e, err)
	}
	r, _, err := s.Open(t.Context(), as(ours, access.Supplier), e.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || string(b) != whole {
		t.Errorf("read %d bytes, %v", len(b), err)
	}
	_ = r.Close()
	if n := kept(t, dir); n != 1 {
		t.Errorf("%d files are kept, want the one that was taken", n)
	}
	if left, err := os.ReadDir(s.Spool); err != nil || len(left) != 0 {
		t.Errorf("%d files are left in the spool, %v", len(left), err)
	}
	s.Spool = "/nowhere"
	_, _, err = s.Upload(t.Context(), as(ours, access.Supplier), evidence.Upload{Name: "a.pdf", Kind: "policy"}, strings.NewReader(whole))
	if err == nil || problem.KindOf(err) != problem.Internal || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a spool: %v", err)
	}
}

// TestStatedDigestIsNothing: a digest gives nothing without its bytes, and
// bytes that another has are received as bytes that nobody has.
func TestStatedDigestIsNothing(t *testing.T) {
	s, _ := newService(t, 1<<20)
	body := []byte("hemmelig rutine")
	if _, _, err := s.Upload(t.Context(), as(ours, access.Supplier), evidence.Upload{Name: "a.txt", Kind: "policy", Visibility: evidence.VisibleGranted}, bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{digest(body), digest([]byte("nobody has this"))} {
		_, _, err := s.Upload(t.Context(), as(theirs, access.Supplier), evidence.Upload{Name: "b.txt", Kind: "policy", SHA256: said}, strings.NewReader("guess"))
		if problem.KeyOf(err) != "evidence.digest" {
			t.Errorf("%.8s: %v", said, err)
		}
		for name, ask := range map[string]func() error{
			"open":  func() error { _, _, err := s.Open(t.Context(), as(theirs, access.Supplier), said); return err },
			"about": func() error { _, err := s.About(t.Context(), as(theirs, access.Supplier), said); return err },
			"erase": func() error {
				_, err := s.Erase(t.Context(), as(theirs, access.Supplier), theirs, said, evidence.ErasureRequest{Reason: "x"}, 0)
				return err
			},
		} {
			if err := ask(); problem.KeyOf(err) != "evidence.not-found" {
				t.Errorf("%s %.8s: %v", name, said, err)
			}
		}
	}
	counted := &counter{r: bytes.NewReader(body)}
	if _, created, err := s.Upload(t.Context(), as(theirs, access.Supplier), evidence.Upload{Name: "b.txt", Kind: "policy", SHA256: digest(body)}, counted); err != nil || !created || counted.n != len(body) {
		t.Errorf("created %v, %d bytes read, %v", created, counted.n, err)
	}
}

type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// TestEveryRefusalHasAText: a reason without one would be told as a fault.
func TestEveryRefusalHasAText(t *testing.T) {
	for _, r := range content.Reasons() {
		if evidence.RefusalKey(r) == "" {
			t.Errorf("%s has no text", r)
		}
	}
}
