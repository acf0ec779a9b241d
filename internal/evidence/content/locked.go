package content

import (
	"bytes"
	"errors"
	"io"
)

// compoundMark begins an OLE compound file (MS-CFB 2.2).
var compoundMark = []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

// IsCompound tells whether head begins an OLE compound file: the old Office
// formats, and what Office makes of a document with a password.
func IsCompound(head []byte) bool { return bytes.HasPrefix(head, compoundMark) }

// IsLocked reads a compound file to its end and tells whether it is an Office
// document with a password: it then has a stream of that name (MS-OFFCRYPTO
// 2.3.4.4). The type itself is refused either way; this is for the reason.
func IsLocked(r io.Reader) (locked bool, err error) {
	var name []byte
	for _, c := range []byte("EncryptedPackage") {
		name = append(name, c, 0)
	}
	buf, kept := make([]byte, chunk), 0
	for {
		n, err := r.Read(buf[kept:])
		b := buf[:kept+n]
		locked = locked || bytes.Contains(b, name)
		kept = copy(buf, b[max(0, len(b)-len(name)):])
		if errors.Is(err, io.EOF) {
			return locked, nil
		}
		if err != nil {
			return false, err
		}
	}
}
