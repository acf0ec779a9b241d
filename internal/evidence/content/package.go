package content

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"slices"
	"strings"
)

// How far a package is unpacked. A spreadsheet of a hundred thousand rows
// packs to a tenth or a twentieth.
const (
	maxUnpacked = 256 << 20 // all parts together
	maxRatio    = 200       // of a part larger than smallPart
	smallPart   = 1 << 20
	maxInner    = 8 << 20 // a workbook in a document, as charts have it
	maxMeta     = 4 << 20 // relations and manifests, which are held whole
)

// checkPackage checks a document that is a zip of parts: Office Open XML
// (ECMA-376 part 2) or OpenDocument (ODF 1.3 part 2).
func checkPackage(r io.ReaderAt, size int64, media string) error {
	budget := int64(maxUnpacked)
	return checkParts(r, size, media, &budget, true)
}

// checkParts unpacks every part. budget is what is left to unpack; outer is
// false in a workbook that is itself a part.
func checkParts(r io.ReaderAt, size int64, media string, budget *int64, outer bool) error {
	all, err := directory(r, size)
	if err != nil {
		return err
	}
	if err := checkKind(r, all, media); err != nil {
		return err
	}
	for _, e := range all {
		if err := checkName(e.name); err != nil {
			return err
		}
		if e.unpacked > smallPart && e.unpacked/maxRatio > e.packed {
			return refuse(Packed, "part %.80q unpacks from %d to %d bytes", e.name, e.packed, e.unpacked)
		}
		if *budget -= e.unpacked; *budget < 0 {
			return refuse(Packed, "more than %d bytes unpacked", int64(maxUnpacked))
		}
	}
	for _, e := range all {
		if err := checkPart(r, e, budget, outer); err != nil {
			return err
		}
	}
	return nil
}

// checkKind holds that a package has what every package of its kind has: a
// zip with anything else in it is an archive, whatever its first part is called.
func checkKind(r io.ReaderAt, all []entry, media string) error {
	if media != ODT && media != ODS {
		if slices.ContainsFunc(all, func(e entry) bool { return e.name == "[Content_Types].xml" }) {
			return nil
		}
		return refuse(Archive, "no [Content_Types].xml")
	}
	first := all[slices.IndexFunc(all, func(e entry) bool { return e.local == 0 })]
	b, err := readUpTo(r, first.data, min(first.packed, 200))
	if err != nil {
		return err
	}
	if first.name != "mimetype" || first.method != zip.Store || string(b) != media {
		return refuse(Archive, "part %.80q comes first", first.name)
	}
	return nil
}

// checkName refuses the parts that are known by their names to hold code.
func checkName(name string) error {
	low := strings.ToLower(name)
	base := path.Base(low)
	switch {
	case strings.HasPrefix(base, "vbaproject") || strings.HasPrefix(base, "vbadata") || strings.Contains(low, "/activex/") || strings.Contains(low, "/macrosheets/") ||
		strings.HasPrefix(low, "basic/") || strings.HasPrefix(low, "scripts/"):
		return refuse(Macros, "part %.80q", name)
	case low == "encryptioninfo" || low == "encryptedpackage":
		return refuse(Encrypted, "part %.80q", name)
	}
	switch path.Ext(base) {
	case ".exe", ".dll", ".com", ".scr", ".msi", ".bat", ".cmd", ".ps1", ".vbs", ".js", ".jar", ".lnk", ".hta", ".wsf":
		return refuse(Embedded, "part %.80q", name)
	}
	return nil
}

// checkPart unpacks a part to its end: it must be as long as it says, with the
// checksum it says, and begin as nothing that runs or unpacks.
func checkPart(r io.ReaderAt, e entry, budget *int64, outer bool) error {
	packed := bufio.NewReader(io.NewSectionReader(r, e.data, e.packed))
	var body io.Reader = packed
	if e.method == zip.Deflate {
		f := flate.NewReader(packed) // takes byte by byte, and no more than it needs
		defer f.Close()              //nolint:errcheck // it was only read from
		body = f
	} else if e.packed != e.unpacked {
		return refuse(Damaged, "part %.80q is stored with two sizes", e.name)
	}
	sum := crc32.NewIEEE()
	body = io.TeeReader(io.LimitReader(body, e.unpacked+1), sum)
	low := strings.ToLower(e.name)
	var look func([]byte) error
	limit := int64(0)
	switch {
	case strings.HasSuffix(low, ".rels"):
		look, limit = checkRelations, maxMeta
	case low == "[content_types].xml":
		look, limit = checkContentTypes, maxMeta
	case low == "meta-inf/manifest.xml":
		look, limit = checkManifest, maxMeta
	}
	kept := &keep{limit: max(limit, headBytes)}
	inner := strings.HasPrefix(path.Base(path.Dir(low)), "embeddings") && path.Ext(low) == ".xlsx"
	if inner {
		kept.limit = maxInner
	}
	n, err := io.Copy(kept, body)
	switch {
	case err != nil:
		return partError(e, err)
	case n != e.unpacked || sum.Sum32() != e.crc:
		return refuse(Damaged, "part %.80q is not what its checksum says", e.name)
	case !atEnd(packed):
		return refuse(After, "data behind what part %.80q unpacks to", e.name)
	case look != nil && n > limit:
		return refuse(Packed, "part %.80q has %d bytes", e.name, n)
	case look != nil:
		return look(kept.b)
	}
	switch beginning(kept.b) {
	case "zip":
		if inner && outer && n <= maxInner {
			return checkParts(bytes.NewReader(kept.b), n, XLSX, budget, false)
		}
		return refuse(Archive, "part %.80q", e.name)
	case "archive":
		return refuse(Archive, "part %.80q", e.name)
	case "ole", "program":
		return refuse(Embedded, "part %.80q", e.name)
	}
	return nil
}

func atEnd(r *bufio.Reader) bool {
	_, err := r.Peek(1)
	return errors.Is(err, io.EOF)
}

// partError tells a part that cannot be unpacked from a reader that failed.
func partError(e entry, err error) error {
	var corrupt flate.CorruptInputError
	if errors.As(err, &corrupt) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(Damaged, "part %.80q: %v", e.name, err)
	}
	return fmt.Errorf("check content: %w", err)
}

// keep holds the first bytes of what is written to it.
type keep struct {
	b     []byte
	limit int64
}

func (k *keep) Write(p []byte) (int, error) {
	if room := k.limit - int64(len(k.b)); room > 0 {
		k.b = append(k.b, p[:min(int64(len(p)), room)]...)
	}
	return len(p), nil
}

// beginning tells what a part begins as, if it is something that has no place
// in a document.
func beginning(b []byte) string {
	has := func(mark string) bool { return bytes.HasPrefix(b, []byte(mark)) }
	switch {
	case has("PK\x03\x04"):
		return "zip"
	case has("Rar!\x1a\x07"), has("7z\xbc\xaf\x27\x1c"), has("\x1f\x8b\x08"), has("\xfd7zXZ\x00"), has("MSCF\x00\x00\x00\x00"):
		return "archive"
	case has("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
		return "ole"
	case has("\x7fELF"), has("\xca\xfe\xba\xbe"), has("\xcf\xfa\xed\xfe"), has("#!/"):
		return "program"
	case has("MZ") && len(b) >= 0x40:
		at := int(b[0x3c]) | int(b[0x3d])<<8
		if at+4 <= len(b) && string(b[at:at+4]) == "PE\x00\x00" {
			return "program"
		}
	}
	return ""
}

// checkRelations refuses relations to parts elsewhere that are fetched when
// the document is opened. A link that a person follows is none, and a
// workbook asks before it reads another.
func checkRelations(b []byte) error {
	return elements(b, func(e xml.StartElement) error {
		if e.Name.Local != "Relationship" {
			return nil
		}
		kind := path.Base(attribute(e, "Type"))
		switch strings.ToLower(kind) {
		case "vbaproject", "wordvbadata", "control", "xlmacrosheet", "xlintlmacrosheet":
			return refuse(Macros, "relation of type %.80q", kind)
		case "hyperlink", "externallinkpath", "xlpathmissing", "externallinklongpath":
			return nil
		}
		if strings.EqualFold(attribute(e, "TargetMode"), "External") {
			return refuse(External, "relation of type %.80q", kind)
		}
		return nil
	})
}

// checkContentTypes refuses documents that say themselves that they have
// macros.
func checkContentTypes(b []byte) error {
	return elements(b, func(e xml.StartElement) error {
		if kind := strings.ToLower(attribute(e, "ContentType")); strings.Contains(kind, "macroenabled") || strings.Contains(kind, "vbaproject") {
			return refuse(Macros, "content type %.80q", kind)
		}
		return nil
	})
}

// checkManifest refuses OpenDocument files with a password (ODF 1.3 part 2,
// 3.4.1: only encrypted parts have the element).
func checkManifest(b []byte) error {
	return elements(b, func(e xml.StartElement) error {
		if e.Name.Local == "encryption-data" {
			return refuse(Encrypted, "a part has encryption data")
		}
		return nil
	})
}

// elements goes through the elements of a document. XML that cannot be read
// is a fault of the file.
func elements(b []byte, each func(xml.StartElement) error) error {
	d := xml.NewDecoder(bytes.NewReader(b))
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return refuse(Damaged, "XML: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok {
			if err := each(e); err != nil {
				return err
			}
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
