package transparency

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	// tileHeight and tileWidth are fixed by C2SP tlog-tiles.
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	// maxTileLevel is the highest that the path format has room for.
	maxTileLevel = 63
	// EntriesLevel is the Level of a [TilePath] that names an entry bundle.
	EntriesLevel = -1
)

// TilePath names one page of a log, a tile of hashes or a bundle of entries (C2SP tlog-tiles). It differs
// from the paths that golang.org/x/mod/sumdb/tlog writes.
type TilePath struct {
	// Level counts tiles upwards from 0 at the leaves; EntriesLevel is an entry bundle.
	Level int
	// Index counts from the left.
	Index int64
	// Width is how many hashes or entries are in it, 1 to 256; less than 256 is a partial one.
	Width int
}

// String returns the path, as in "tile/0/x001/x234/067.p/8" or "tile/entries/000".
func (p TilePath) String() string {
	level := "entries"
	if p.Level != EntriesLevel {
		level = strconv.Itoa(p.Level)
	}
	index := fmt.Sprintf("%03d", p.Index%1000)
	for n := p.Index / 1000; n > 0; n /= 1000 {
		index = fmt.Sprintf("x%03d/%s", n%1000, index)
	}
	if p.Width != tileWidth {
		index += ".p/" + strconv.Itoa(p.Width)
	}
	return "tile/" + level + "/" + index
}

// ParseTilePath reads a path as [TilePath.String] writes it, and no other spelling. The error wraps
// ErrPath.
func ParseTilePath(path string) (TilePath, error) {
	fail := func() (TilePath, error) { return TilePath{}, fmt.Errorf("%w: %.100q", ErrPath, path) }
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok {
		return fail()
	}
	level, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return fail()
	}
	p := TilePath{Level: EntriesLevel, Width: tileWidth}
	var err error
	if level != "entries" {
		if p.Level, err = strconv.Atoi(level); err != nil || p.Level < 0 || p.Level > maxTileLevel {
			return fail()
		}
	}
	if index, width, partial := strings.Cut(rest, ".p/"); partial {
		if p.Width, err = strconv.Atoi(width); err != nil || p.Width < 1 || p.Width >= tileWidth {
			return fail()
		}
		rest = index
	}
	for group := range strings.SplitSeq(rest, "/") {
		n, err := strconv.Atoi(strings.TrimPrefix(group, "x"))
		if err != nil || n < 0 || n > 999 || p.Index > (math.MaxInt64-999)/1000 {
			return fail()
		}
		p.Index = p.Index*1000 + int64(n)
	}
	// Whatever the loose reading above let through, such as "+1", a missing x or leading zeros, writes
	// back differently.
	if p.String() != path {
		return fail()
	}
	return p, nil
}

// appendEntryBundle adds one body to an entry bundle.
func appendEntryBundle(bundle, body []byte) []byte {
	bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(body)))
	return append(bundle, body...)
}

// ParseEntryBundle splits an entry bundle into the bodies, which share its memory.
func ParseEntryBundle(bundle []byte) ([][]byte, error) {
	var bodies [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 {
			return nil, errors.New("entry bundle ends in a length")
		}
		n := int(binary.BigEndian.Uint16(bundle))
		bundle = bundle[2:]
		if len(bundle) < n {
			return nil, errors.New("entry bundle ends in an entry")
		}
		bodies = append(bodies, bundle[:n:n])
		bundle = bundle[n:]
	}
	return bodies, nil
}
