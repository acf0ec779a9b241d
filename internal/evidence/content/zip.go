package content

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"
	"slices"
	"strings"
)

// What is read of a zip package. Names of fields and lengths: APPNOTE.TXT
// 6.3.10, 4.3.
const (
	maxEntries   = 10_000
	maxDirectory = 4 << 20 // bytes of the central directory
	endBytes     = 22
	localBytes   = 30
	centralBytes = 46
	// maxEnd is the longest that the end record can be, with its comment.
	maxEnd = endBytes + 0xffff
)

var (
	endMark     = []byte("PK\x05\x06")
	centralMark = []byte("PK\x01\x02")
	localMark   = []byte("PK\x03\x04")
)

// end is the end of central directory record.
type end struct {
	entries, comment int
	size, offset     int64
}

func parseEnd(b []byte) (end, bool) {
	if len(b) < endBytes || !bytes.HasPrefix(b, endMark) {
		return end{}, false
	}
	le := binary.LittleEndian
	e := end{entries: int(le.Uint16(b[10:])), size: int64(le.Uint32(b[12:])), offset: int64(le.Uint32(b[16:])), comment: int(le.Uint16(b[20:]))}
	return e, endBytes+e.comment <= len(b)
}

// fits tells whether a directory of that size can stand before at.
func (e end) fits(at int64) bool { return e.size <= at && (e.size >= centralBytes || e.entries == 0) }

// entry is one part of a package, as its directory has it.
type entry struct {
	name             string
	flags, method    uint16
	packed, unpacked int64
	crc              uint32
	local            int64 // where its header stands
	data             int64 // where its bytes stand
}

// directory reads the parts of a package, and holds that they and the
// directory are all there is in the file: the first at its beginning, each
// right after the one before, the directory right after the last, and nothing
// after that.
func directory(r io.ReaderAt, size int64) ([]entry, error) {
	if size < endBytes {
		return nil, refuse(Damaged, "too short for a zip")
	}
	b, err := readUpTo(r, size-endBytes, endBytes)
	if err != nil {
		return nil, err
	}
	e, ok := parseEnd(b)
	if !ok {
		return nil, endElsewhere(r, size)
	}
	at := size - endBytes
	if at, err = beforeZip64(r, at); err != nil {
		return nil, err
	}
	switch {
	case e.entries > maxEntries, e.size > maxDirectory:
		return nil, refuse(Packed, "%d parts, directory of %d bytes", e.entries, e.size)
	case e.offset+e.size < at:
		return nil, refuse(Before, "directory is at %d and should be at %d", at-e.size, e.offset)
	case e.offset+e.size != at:
		return nil, refuse(Damaged, "directory is not where it should be")
	}
	if b, err = readUpTo(r, e.offset, e.size); err != nil {
		return nil, err
	}
	var all []entry
	for len(b) > 0 {
		one, rest, err := parseCentral(b)
		if err != nil {
			return nil, err
		}
		all, b = append(all, one), rest
	}
	if len(all) != e.entries || len(all) == 0 {
		return nil, refuse(Damaged, "%d parts and not %d", len(all), e.entries)
	}
	return all, checkPlaces(r, all, e.offset)
}

// endElsewhere says what is wrong with a zip that does not end with its end
// record.
func endElsewhere(r io.ReaderAt, size int64) error {
	start := max(0, size-maxEnd)
	tail, err := readUpTo(r, start, size-start)
	if err != nil {
		return err
	}
	if bytes.Contains(tail, endMark) {
		return refuse(After, "data after the directory")
	}
	return refuse(Damaged, "no zip directory")
}

// beforeZip64 steps over the two records that some writers put before the end
// record though nothing needs them (4.3.14, 4.3.15).
func beforeZip64(r io.ReaderAt, at int64) (int64, error) {
	const locator, record = 20, 56
	if at < locator+record {
		return at, nil
	}
	b, err := readUpTo(r, at-locator-record, locator+record)
	if err != nil {
		return 0, err
	}
	if bytes.HasPrefix(b, []byte("PK\x06\x06")) && bytes.HasPrefix(b[record:], []byte("PK\x06\x07")) {
		return at - locator - record, nil
	}
	return at, nil
}

func parseCentral(b []byte) (entry, []byte, error) {
	if len(b) < centralBytes || !bytes.HasPrefix(b, centralMark) {
		return entry{}, nil, refuse(Damaged, "directory entry")
	}
	le := binary.LittleEndian
	name := centralBytes + int(le.Uint16(b[28:]))
	whole := name + int(le.Uint16(b[30:])) + int(le.Uint16(b[32:]))
	if whole > len(b) {
		return entry{}, nil, refuse(Damaged, "directory entry cut")
	}
	e := entry{
		name: string(b[centralBytes:name]), flags: le.Uint16(b[8:]), method: le.Uint16(b[10:]), crc: le.Uint32(b[16:]),
		packed: int64(le.Uint32(b[20:])), unpacked: int64(le.Uint32(b[24:])), local: int64(le.Uint32(b[42:])),
	}
	return e, b[whole:], checkEntry(e)
}

const (
	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3
	flagStrong     = 1 << 6
	flagMasked     = 1 << 13
)

func checkEntry(e entry) error {
	switch {
	case e.flags&(flagEncrypted|flagStrong|flagMasked) != 0 || e.method == 99: // 99 is AES
		return refuse(Encrypted, "part %.80q", e.name)
	case e.method != 0 && e.method != 8:
		return refuse(Damaged, "part %.80q is packed in way %d", e.name, e.method)
	case e.packed == 0xffffffff || e.unpacked == 0xffffffff || e.local == 0xffffffff:
		return refuse(Packed, "part %.80q is of zip64 size", e.name)
	case e.name == "" || strings.ContainsAny(e.name, "\\\x00") || strings.HasPrefix(e.name, "/"), slices.Contains(strings.Split(e.name, "/"), ".."):
		return refuse(Damaged, "part name %.80q", e.name)
	}
	return nil
}

// checkPlaces holds the local headers against the directory, and that no part
// overlaps another and nothing stands between them. It fills in where the
// bytes of each part begin.
func checkPlaces(r io.ReaderAt, all []entry, until int64) error {
	order := make([]*entry, len(all))
	names := map[string]bool{}
	for i := range all {
		order[i] = &all[i]
		low := strings.ToLower(all[i].name)
		if names[low] {
			return refuse(Damaged, "two parts are named %.80q", all[i].name)
		}
		names[low] = true
	}
	slices.SortFunc(order, func(a, b *entry) int { return cmp.Compare(a.local, b.local) })
	at := int64(0)
	for i, e := range order {
		next := until
		if i+1 < len(order) {
			next = order[i+1].local
		}
		if e.local != at {
			if i == 0 {
				return refuse(Before, "the first part is at %d", e.local)
			}
			return refuse(After, "part %.80q is at %d, not %d", e.name, e.local, at)
		}
		if e.local+localBytes > until {
			return refuse(Damaged, "part %.80q is cut", e.name)
		}
		b, err := readUpTo(r, e.local, localBytes)
		if err != nil {
			return err
		}
		le := binary.LittleEndian
		nameLen := int64(le.Uint16(b[26:]))
		e.data = e.local + localBytes + nameLen + int64(le.Uint16(b[28:]))
		stop := e.data + e.packed
		if !bytes.HasPrefix(b, localMark) || nameLen != int64(len(e.name)) || stop > next {
			return refuse(Damaged, "header of part %.80q", e.name)
		}
		name, err := readUpTo(r, e.local+localBytes, nameLen)
		if err != nil {
			return err
		}
		switch flags := le.Uint16(b[6:]); {
		case flags&(flagEncrypted|flagStrong|flagMasked) != 0:
			return refuse(Encrypted, "part %.80q", e.name)
		case string(name) != e.name || le.Uint16(b[8:]) != e.method:
			return refuse(Damaged, "header of part %.80q says otherwise", e.name)
		case flags&flagDescriptor == 0 && (int64(le.Uint32(b[18:])) != e.packed || int64(le.Uint32(b[22:])) != e.unpacked) && le.Uint32(b[18:]) != 0xffffffff:
			return refuse(Damaged, "sizes of part %.80q", e.name)
		case flags&flagDescriptor != 0:
			if stop, err = afterDescriptor(r, *e, stop, next); err != nil {
				return err
			}
		}
		at = stop
	}
	if at != until {
		return refuse(After, "%d bytes between parts and directory", until-at)
	}
	return nil
}

// afterDescriptor steps over the data descriptor (4.3.9): checksum and two
// sizes of four or eight bytes, with a mark before them or not.
func afterDescriptor(r io.ReaderAt, e entry, at, next int64) (int64, error) {
	n := next - at
	switch n {
	case 12, 16, 20, 24:
	default:
		return 0, refuse(After, "%d bytes after part %.80q", n, e.name)
	}
	b, err := readUpTo(r, at, n)
	if err != nil {
		return 0, err
	}
	if n == 16 || n == 24 {
		if !bytes.HasPrefix(b, []byte("PK\x07\x08")) {
			return 0, refuse(Damaged, "descriptor of part %.80q", e.name)
		}
		b = b[4:]
	}
	if binary.LittleEndian.Uint32(b) != e.crc {
		return 0, refuse(Damaged, "descriptor of part %.80q", e.name)
	}
	return next, nil
}
