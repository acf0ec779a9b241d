package content_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"strings"
	"testing"

	"felleskrav/internal/evidence/content"
)

// pdf writes a whole document with a cross-reference table; trailer is put
// into its trailer.
func pdf(trailer string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	var at []int
	for i, o := range []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 0/Kids[]>>", "<</Filter/Standard/V 4/R 4/EncryptMetadata true>>"} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	table := b.Len()
	b.WriteString("xref\n0 4\n0000000000 65535 f \n")
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<</Size 4/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", trailer, table)
	return b.Bytes()
}

// part is one part of a package.
type part struct{ name, body string }

func pack(t testing.TB, parts ...part) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		method := zip.Deflate
		if p.name == "mimetype" || strings.HasPrefix(p.name, "stored/") {
			method = zip.Store
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, p.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var (
	types    = part{"[Content_Types].xml", `<Types xmlns="x"><Default Extension="xml" ContentType="application/xml"/></Types>`}
	rels     = part{"_rels/.rels", `<Relationships><Relationship Id="1" Type="http://x/officeDocument" Target="word/document.xml"/></Relationships>`}
	document = part{"word/document.xml", "<document>" + strings.Repeat("ord ", 20_000) + "</document>"}
	odt      = part{"mimetype", content.ODT}
)

func docx(t testing.TB, more ...part) []byte {
	return pack(t, append([]part{types, rels, document}, more...)...)
}

func picture(t testing.TB, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	m := image.NewGray(image.Rect(0, 0, 60, 40))
	for i := range m.Pix {
		m.Pix[i] = byte(i * i)
	}
	if err := encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func join(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

func change(b []byte, old, now string) []byte {
	if !bytes.Contains(b, []byte(old)) {
		panic("nothing to change: " + old)
	}
	return bytes.ReplaceAll(b, []byte(old), []byte(now))
}

// trailerStream is a PDF whose trailer is a stream.
func trailerStream(entry string) []byte {
	return join("%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n7 0 obj\n<</Type/XRef", entry,
		"/W[1 2 1]/Length 3>>\nstream\nabc\nendstream\nendobj\nstartxref\n42\n%%EOF")
}

// encrypted sets the encryption bit of the last part, in its header or in the
// directory.
func encrypted(b []byte, mark string) []byte {
	b = bytes.Clone(b)
	at := bytes.LastIndex(b, []byte(mark))
	flags := map[string]int{"PK\x03\x04": 6, "PK\x01\x02": 8}[mark]
	b[at+flags] |= 1
	return b
}

func TestCheck(t *testing.T) {
	pngFile := picture(t, png.Encode)
	jpegFile := picture(t, func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) })
	zipFile := pack(t, part{"evil.sh", "#!/bin/sh\n"})
	exe := append([]byte("MZ"), make([]byte, 200)...)
	exe[0x3c] = 0x80
	copy(exe[0x80:], "PE\x00\x00")
	ole := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600)
	workbook := string(pack(t, types, part{"xl/workbook.xml", "<workbook/>"}))
	relation := func(kind, mode string) part {
		return part{"word/_rels/document.xml.rels", fmt.Sprintf(`<Relationships><Relationship Id="1" Type="http://x/%s" Target="http://elsewhere.example/a" TargetMode="%s"/></Relationships>`, kind, mode)}
	}
	many := []part{types}
	for i := range 10_001 {
		many = append(many, part{fmt.Sprintf("word/%d.xml", i), ""})
	}
	large := pack(t, types, part{"stored/1", strings.Repeat("a", 600_000)}, part{"stored/2", strings.Repeat("a", 600_000)}, part{"stored/3", strings.Repeat("a", 600_000)})
	for at := range large { // each says it unpacks to 100 MB
		if bytes.HasPrefix(large[at:], []byte("PK\x01\x02")) {
			binary.LittleEndian.PutUint32(large[at+24:], 100_000_000)
		}
	}

	for _, tt := range []struct {
		name, media string
		body        []byte
		want        content.Reason
	}{
		{"PDF", content.PDF, pdf(""), ""},
		{"PDF with padding", content.PDF, join(pdf(""), "\r\n\x00\x00 \n"), ""},
		{"PDF with a stream as trailer", content.PDF, trailerStream(""), ""},
		{"PDF that speaks of encryption", content.PDF, pdf("/Info<</Title(/Encrypt is a word)>>"), ""},
		{"PDF with a password", content.PDF, pdf("/Encrypt 3 0 R"), content.Encrypted},
		{"PDF with a password inline", content.PDF, pdf("/Encrypt<</Filter/Standard>>"), content.Encrypted},
		{"PDF with a password, name disguised", content.PDF, pdf("/#45ncr#79pt 3 0 R"), content.Encrypted},
		{"PDF with a password, stream as trailer", content.PDF, trailerStream("/Encrypt 5 0 R"), content.Encrypted},
		{"PDF with a password, beyond the first piece", content.PDF, change(pdf("/Encrypt 3 0 R"), "1 0 obj\n", "% "+strings.Repeat("x", 1<<16-20)+"\n1 0 obj\n"), content.Encrypted},
		{"PDF behind a picture", content.PDF, join("GIF89a", pdf("")), content.Before},
		{"PDF behind a line", content.PDF, join("\n", pdf("")), content.Before},
		{"PDF behind text", content.Text, join("Les dette:\n", pdf("")), content.Before},
		{"PDF in a PNG's first chunk", content.PNG, change(pngFile, "IHDR", "%PDF-"), content.Before},
		{"PDF with a page in its head", content.PDF, change(pdf(""), "%PDF-1.7\n", "%PDF-1.7\n<HTML><script>alert(1)</script>"), content.Markup},
		{"PDF with a page after it", content.PDF, join(pdf(""), "<html><script>alert(1)</script>"), content.After},
		{"PDF with much after it", content.PDF, join(pdf(""), strings.Repeat("x", 10_000)), content.After},
		{"PDF with a zip after it", content.PDF, join(pdf(""), zipFile), content.After},
		{"PDF with a zip before its end", content.PDF, change(pdf(""), "startxref", string(zipFile)+"\nstartxref"), content.Archive},
		{"PDF with an archive inside", content.PDF, change(pdf(""), "2 0 obj", "Rar!\x1a\x07\x01\x00 2 0 obj"), content.Archive},
		{"PDF without an end", content.PDF, []byte("%PDF-1.7\nhello"), content.Damaged},

		{"Word", content.DOCX, docx(t), ""},
		{"Word with a link", content.DOCX, docx(t, relation("hyperlink", "External")), ""},
		{"Word with a chart", content.DOCX, docx(t, part{"word/embeddings/Microsoft_Excel_Sheet.xlsx", workbook}), ""},
		{"Excel with printer settings", content.XLSX, pack(t, types, part{"xl/printerSettings/printerSettings1.bin", "\x00P\x00D\x00F"}), ""},
		{"OpenDocument", content.ODT, pack(t, odt, part{"content.xml", "<x/>"}, part{"META-INF/manifest.xml", "<manifest/>"}), ""},
		{"Word with a password bit", content.DOCX, encrypted(docx(t), "PK\x01\x02"), content.Encrypted},
		{"Word with a password bit in the header alone", content.DOCX, encrypted(docx(t), "PK\x03\x04"), content.Encrypted},
		{"OpenDocument with a password", content.ODT, pack(t, odt, part{"META-INF/manifest.xml", `<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>`}), content.Encrypted},
		{"Word with macros", content.DOCX, docx(t, part{"word/vbaProject.bin", ole}), content.Macros},
		{"Word with macros under another name", content.DOCX, docx(t, relation("vbaProject", "Internal")), content.Macros},
		{"Word that says it has macros", content.DOCX, pack(t, part{types.name, `<Types><Override ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>`}), content.Macros},
		{"OpenDocument with macros", content.ODT, pack(t, odt, part{"Basic/Standard/script-lb.xml", "<x/>"}), content.Macros},
		{"Word with an object", content.DOCX, docx(t, part{"word/embeddings/oleObject1.bin", ole}), content.Embedded},
		{"Word with a program", content.DOCX, docx(t, part{"word/media/image1.png", string(exe)}), content.Embedded},
		{"Word with a script file", content.DOCX, docx(t, part{"word/run.VBS", "x"}), content.Embedded},
		{"Word with a template elsewhere", content.DOCX, docx(t, relation("attachedTemplate", "External")), content.External},
		{"Word with a picture elsewhere", content.DOCX, docx(t, relation("image", "external")), content.External},
		{"Word with an archive", content.DOCX, docx(t, part{"word/media/image1.png", string(zipFile)}), content.Archive},
		{"Word with a chart with macros", content.DOCX, docx(t, part{"word/embeddings/a.xlsx", string(pack(t, types, part{"xl/vbaProject.bin", "x"}))}), content.Macros},
		{"Word with a workbook with a workbook", content.DOCX, docx(t, part{"word/embeddings/a.xlsx", string(pack(t, types, part{"xl/embeddings/a.xlsx", workbook}))}), content.Archive},
		{"archive called Word", content.DOCX, pack(t, part{"word/a.txt", "x"}), content.Archive},
		{"archive called OpenDocument", content.ODT, pack(t, part{"a", "x"}, odt), content.Archive},
		{"Word behind data", content.DOCX, join("PK\x03\x04 and more ", docx(t)), content.Before},
		{"Word before data", content.DOCX, join(docx(t), "#!/bin/sh"), content.After},
		{"Word with a comment", content.DOCX, join(docx(t)[:len(docx(t))-2], "\x05\x00hello"), content.After},
		{"Word with data between parts and directory", content.DOCX, hidden(docx(t)), content.After},
		{"bomb", content.DOCX, docx(t, part{"word/big.xml", strings.Repeat("\x00", 20<<20)}), content.Packed},
		{"large parts", content.XLSX, large, content.Packed},
		{"many parts", content.XLSX, pack(t, many...), content.Packed},
		{"two parts of one name", content.DOCX, docx(t, part{"word/A.xml", "1"}, part{"word/a.xml", "2"}), content.Damaged},
		{"part outside", content.DOCX, docx(t, part{"../a.xml", "1"}), content.Damaged},
		{"part that is not its checksum", content.DOCX, change(pack(t, types, part{"stored/a", "abcdefgh"}), "abcdefgh", "abcdefgx"), content.Damaged},
		{"cut zip", content.DOCX, docx(t)[:200], content.Damaged},

		{"PNG", content.PNG, pngFile, ""},
		{"PNG with a zip after it", content.PNG, join(pngFile, zipFile), content.After},
		{"PNG with a script after it", content.PNG, join(pngFile, "<script>"), content.After},
		{"PNG with a zip inside", content.PNG, chunkBefore(pngFile, "teXt", zipFile), content.Archive},
		{"cut PNG", content.PNG, pngFile[:len(pngFile)-8], content.Damaged},
		{"JPEG", content.JPEG, jpegFile, ""},
		{"JPEG with zeros", content.JPEG, join(jpegFile, "\x00\x00\x00"), ""},
		{"JPEG with an archive after it", content.JPEG, join(jpegFile, "7z\xbc\xaf\x27\x1c"), content.After},
		{"JPEG with a zip in a comment", content.JPEG, join(jpegFile[:2], "\xff\xfe", []byte{byte((len(zipFile) + 2) >> 8), byte(len(zipFile) + 2)}, zipFile, jpegFile[2:]), content.Archive},
		{"cut JPEG", content.JPEG, jpegFile[:len(jpegFile)-2], content.Damaged},

		{"text", content.Text, []byte("\ufeffRutine for tilgang: æøå\r\n\tog mer 😀\n"), ""},
		{"text with a letter across pieces", content.Text, join(strings.Repeat("x", 1<<16-1), strings.Repeat("æ", 40_000)), ""},
		{"Latin-1", content.Text, []byte("Rutine for tilgang p\xe5 kontoret"), content.NotText},
		{"UTF-16", content.CSV, []byte("\xff\xfea\x00;\x00b\x00"), content.NotText},
		{"text with a zero", content.Text, []byte("Rutine\x00"), content.NotText},
		{"text that ends in half a letter", content.Text, []byte("Rutine \xc3"), content.NotText},
		{"page in text", content.Text, []byte("Hei!\n<SCRIPT>alert(1)</SCRIPT>"), content.Markup},
		{"drawing in text", content.CSV, []byte("a;b\n<svg onload=alert(1)>"), content.Markup},
		{"script", content.Text, []byte("#!/bin/sh\nrm -rf /\n"), content.Markup},
		{"JSON", content.JSON, []byte(`{"a":"<script> in a string is data"}`), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := content.Check(bytes.NewReader(tt.body), int64(len(tt.body)), tt.media)
			refusal, _ := errors.AsType[*content.Refusal](err)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("%v", err)
			case tt.want != "" && (refusal == nil || refusal.Reason != tt.want):
				t.Errorf("error is %v, want %s", err, tt.want)
			}
		})
	}
}

// hidden moves the directory and leaves something before it that no part
// covers, with the offset mended.
func hidden(b []byte) []byte {
	at := bytes.Index(b, []byte("PK\x01\x02"))
	end := len(b) - 22
	out := join(b[:at], "hidden", b[at:])
	out[end+6+16] += 6
	return out
}

// chunkBefore puts a chunk before a PNG's last.
func chunkBefore(file []byte, kind string, body []byte) []byte {
	at := len(file) - 12
	n := len(body)
	sum := crc32.ChecksumIEEE(join(kind, body))
	return join(file[:at], []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, kind, body,
		[]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}, file[at:])
}

func TestReasonsAreAllReached(t *testing.T) {
	if n := len(content.Reasons()); n != 11 {
		t.Errorf("%d reasons: TestCheck has a case for 11", n)
	}
}

func TestIsLocked(t *testing.T) {
	name := "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"
	cfb := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
	for text, want := range map[string]bool{
		cfb + strings.Repeat("x", 100) + name:                 true,
		cfb + strings.Repeat("x", 1<<16-20) + name + "y":      true,
		cfb + strings.Repeat("x", 100) + name[:len(name)-4]:   false,
		cfb + "W\x00o\x00r\x00d\x00D\x00o\x00c\x00u\x00m\x00": false,
	} {
		got, err := content.IsLocked(io.MultiReader(strings.NewReader(text[:20]), strings.NewReader(text[20:])))
		if err != nil || got != want || !content.IsCompound([]byte(text)) {
			t.Errorf("%d bytes: %v, %v, want %v", len(text), got, err, want)
		}
	}
	if content.IsCompound([]byte("PK\x03\x04")) {
		t.Error("a zip is taken for a compound file")
	}
}

// short is a file that has become shorter.
type short struct{}

func (short) ReadAt([]byte, int64) (int, error) { return 0, io.EOF }

func TestReaderFails(t *testing.T) {
	for _, media := range []string{content.PDF, content.DOCX, content.ODS, content.PNG, content.JPEG, content.Text} {
		err := content.Check(short{}, 5000, media)
		if _, refused := errors.AsType[*content.Refusal](err); err == nil || refused {
			t.Errorf("%s: %v, want a fault", media, err)
		}
	}
	if err := content.Check(bytes.NewReader([]byte("x")), 1, "video/mp4"); err == nil {
		t.Error("an unknown type passes")
	}
}

// zeros is a long file of nothing.
type zeros struct{ begin string }

func (z zeros) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if at < int64(len(z.begin)) {
		copy(p, z.begin[at:])
	}
	return len(p), nil
}

// TestMemory: however large the file, little is held.
func TestMemory(t *testing.T) {
	for media, begin := range map[string]string{content.PDF: "%PDF-1.7", content.JPEG: "\xff\xd8\xff\xda\x00\x02", content.PNG: "\x89PNG\r\n\x1a\n\x00\x00\x00\x00IHDR"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := content.Check(zeros{begin}, 1<<30, media)
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; err == nil || grown > 16<<20 {
			t.Errorf("%s: %v, %d bytes were allocated", media, err, grown)
		}
	}
}

// FuzzCheck holds that no file makes it panic, run on or fail in another way
// than by refusing.
func FuzzCheck(f *testing.F) {
	all := []string{content.PDF, content.DOCX, content.ODT, content.PNG, content.JPEG, content.Text, content.JSON}
	for i, b := range [][]byte{
		pdf("/Encrypt 3 0 R"), docx(f, part{"word/embeddings/a.xlsx", string(pack(f, types))}), pack(f, odt, part{"META-INF/manifest.xml", "<x/>"}),
		picture(f, png.Encode), picture(f, func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }), []byte("text"), []byte("{}"),
	} {
		f.Add(uint8(i), b)
	}
	f.Fuzz(func(t *testing.T, kind uint8, b []byte) {
		err := content.Check(bytes.NewReader(b), int64(len(b)), all[int(kind)%len(all)])
		if _, refused := errors.AsType[*content.Refusal](err); err != nil && !refused {
			t.Errorf("fails: %v", err)
		}
		if _, err := content.IsLocked(bytes.NewReader(b)); err != nil {
			t.Errorf("fails: %v", err)
		}
	})
}
