package workbook

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/problem"
)

// bomb makes a zip file of about 10 MB whose parts unpack to 10 GB: one
// deflated megabyte, repeated without being made again.
func bomb(t *testing.T, unit string, parts int) []byte {
	t.Helper()
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	var blocks [2][]byte
	for i := range blocks {
		before := packed.Len()
		if _, err := io.WriteString(w, unit); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		blocks[i] = bytes.Clone(packed.Bytes()[before:])
	}
	before := packed.Len()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	end := packed.Bytes()[before:]

	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, p := range []part{{"[Content_Types].xml", "<Types/>"}, {"xl/workbook.xml", "<workbook/>"}} {
		f, err := z.Create(p.name)
		if err == nil {
			_, err = io.WriteString(f, p.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	each := max(1, (10<<30)/len(unit)/parts)
	for i := range parts {
		data := bytes.Join([][]byte{blocks[0], bytes.Repeat(blocks[1], each-1), end}, nil)
		f, err := z.CreateRaw(&zip.FileHeader{
			Name: fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(nil),
			CompressedSize64: uint64(len(data)), UncompressedSize64: uint64(each * len(unit)),
		})
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A file of 10 MB that unpacks to 10 GB is refused at once and costs little
// memory, however it is built.
func TestBombs(t *testing.T) {
	row := strings.Repeat(`<row><c><v>1</v></c></row>`, 1<<20/26)
	for _, tt := range []struct {
		name, unit string
		parts      int
	}{
		{"one part of nothing", strings.Repeat("\x00", 1<<20), 1},
		{"one part of rows", row, 1},
		{"many parts", strings.Repeat("\x00", 1<<20), 1000},
		{"many parts of rows", row, 1000},
		{"many parts of spaces", "<worksheet>" + strings.Repeat(" ", 1<<20-11), 1900},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := bomb(t, tt.unit, tt.parts)
			limits := DefaultLimits()
			limits.MaxBytes = int64(len(data))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begin := time.Now()
			err := CheckArchive(bytes.NewReader(data), int64(len(data)), limits)
			took := time.Since(begin)
			runtime.ReadMemStats(&after)
			if k := problem.KindOf(err); k != problem.TooLarge && k != problem.Refused {
				t.Fatalf("%d MB: %v", len(data)>>20, err)
			}
			if took > time.Second {
				t.Errorf("took %s", took)
			}
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 300 {
				t.Errorf("allocated %d MB", used)
			}
			t.Logf("%d MB refused after %s, %d MB allocated in all", len(data)>>20, took, (after.TotalAlloc-before.TotalAlloc)>>20)
		})
	}
}
