package web

import (
	"crypto/rand"
	"io"
	"math/big"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// smallest is the fewest bytes that are worth compressing.
const smallest = 1 << 10

// jitter is the most bytes that a compressed page is lengthened by.
const jitter = 64

// compressors are used again: each has large tables. The library makes a page as
// small as the standard one does in two thirds of the time.
var compressors = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, 7) // the level is a known one
	return w
}}

// compress writes the page so that its length does not tell what is in it:
// pages show what somebody asked for beside what only the reader is to see, and
// whoever can have them opened and count their bytes would learn of the one by
// guessing it in the other (the attack called BREACH). So the header of the
// format carries a comment of random length.
func compress(w io.Writer, page []byte) error {
	z := compressors.Get().(*gzip.Writer)
	defer compressors.Put(z)
	z.Reset(w)
	n, err := rand.Int(rand.Reader, big.NewInt(jitter))
	if err != nil {
		return err
	}
	z.Comment = strings.Repeat("-", int(n.Int64()))
	if _, err := z.Write(page); err != nil {
		return err
	}
	return z.Close()
}

// takesGzip reads an Accept-Encoding header.
func takesGzip(header string) bool {
	all := false
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		q := 1.0
		if value, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q="); ok {
			q, _ = strconv.ParseFloat(value, 64)
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return q > 0
		case "*":
			all = q > 0
		}
	}
	return all
}
