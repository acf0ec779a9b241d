package content

import (
	"bytes"
	"encoding/binary"
	"io"
)

// checkPNG walks the chunks to IEND, which must be the end of the file (PNG
// third edition, 5.3 and 5.6).
func checkPNG(r io.ReaderAt, size int64) error {
	at := int64(8)
	for n := 0; ; n++ {
		if at+12 > size || n > 1<<17 {
			return refuse(Damaged, "no IEND")
		}
		b, err := readUpTo(r, at, 8)
		if err != nil {
			return err
		}
		length, kind := int64(binary.BigEndian.Uint32(b)), string(b[4:])
		if n == 0 && kind != "IHDR" {
			return refuse(Damaged, "chunk %q comes first", kind)
		}
		at += 12 + length
		if kind != "IEND" {
			continue
		}
		if length != 0 {
			return refuse(Damaged, "IEND with content")
		}
		if at != size {
			return refuse(After, "%d bytes after IEND", size-at)
		}
		return nil
	}
}

// jpegPadding is how many zeros a camera may leave after the end.
const jpegPadding = 4 << 10

// checkJPEG walks the segments to the end marker, which must be the end of the
// file (ITU-T T.81, annex B).
func checkJPEG(r io.ReaderAt, size int64) error {
	at := int64(2)
	for n := 0; n < 1<<16; n++ {
		if at+2 > size {
			return refuse(Damaged, "no end marker")
		}
		b, err := readUpTo(r, at, min(4, size-at))
		if err != nil {
			return err
		}
		marker := b[1]
		switch {
		case b[0] != 0xff:
			return refuse(Damaged, "no marker at %d", at)
		case marker == 0xff: // fill byte
			at++
			continue
		case marker == 0xd9:
			rest, err := readUpTo(r, at+2, min(size-at-2, jpegPadding+1))
			if err != nil {
				return err
			}
			if len(rest) > jpegPadding || len(bytes.Trim(rest, "\x00")) > 0 {
				return refuse(After, "%d bytes after the end marker", size-at-2)
			}
			return nil
		case marker >= 0xd0 && marker <= 0xd8 || marker == 1:
			at += 2
			continue
		}
		if len(b) < 4 {
			return refuse(Damaged, "segment cut at %d", at)
		}
		at += 2 + int64(binary.BigEndian.Uint16(b[2:]))
		if marker == 0xda {
			if at, err = afterScan(r, size, at); err != nil {
				return err
			}
		}
	}
	return refuse(Damaged, "too many segments")
}

// afterScan finds the next marker that is not part of entropy-coded data.
func afterScan(r io.ReaderAt, size, at int64) (int64, error) {
	buf := make([]byte, chunk)
	for at+1 < size {
		b := buf[:min(int64(len(buf)), size-at)]
		if err := readFull(r, b, at); err != nil {
			return 0, err
		}
		for i := 0; i+1 < len(b); i++ {
			if b[i] == 0xff && b[i+1] != 0 && b[i+1] != 0xff && (b[i+1] < 0xd0 || b[i+1] > 0xd7) {
				return at + int64(i), nil
			}
		}
		at += int64(len(b)) - 1
	}
	return size, nil
}
