package transparency_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"felleskrav/internal/transparency"
)

func TestTilesAreTheTree(t *testing.T) {
	const n = 256*3 + 17
	signer := newSigner(t)
	store := newMemory()
	l := open(t, store, signer)
	// The reference tree, with every node.
	nodes := map[compact.NodeID][]byte{}
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	tree := factory.NewEmptyRange(0)
	for i := range n {
		entry := mustAppend(t, l, fmt.Sprint(i), fmt.Sprint("body ", i))
		if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(entry.Body), func(id compact.NodeID, hash []byte) { nodes[id] = hash }); err != nil {
			t.Fatal(err)
		}
		nodes[compact.NewNodeID(0, uint64(i))] = rfc6962.DefaultHasher.HashLeaf(entry.Body)
	}
	for _, tile := range []transparency.TilePath{
		{Level: 0, Index: 0, Width: 256}, {Level: 0, Index: 2, Width: 256}, {Level: 0, Index: 3, Width: 17}, {Level: 0, Index: 3, Width: 1},
		{Level: 0, Index: 1, Width: 100}, {Level: 1, Index: 0, Width: 3}, {Level: 1, Index: 0, Width: 1},
	} {
		data, err := l.Tile(t.Context(), tile.Level, tile.Index, tile.Width)
		if err != nil {
			t.Fatal(err)
		}
		var want []byte
		for i := range tile.Width {
			want = append(want, nodes[compact.NewNodeID(uint(tile.Level*8), uint64(tile.Index)*256+uint64(i))]...)
		}
		if !bytes.Equal(data, want) || len(data) != 32*tile.Width {
			t.Errorf("%s differs from the reference tree", tile)
		}
	}
	root, err := tree.GetRootHash(nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := transparency.VerifyLog(t.Context(), l, signer.Verifier())
	if err != nil || !bytes.Equal(c.Root[:], root) || c.Size != n {
		t.Errorf("VerifyLog: %+v, %v", c, err)
	}
	bundle, err := l.EntryBundle(t.Context(), 3, 2)
	if want := "\x00\x08body 768\x00\x08body 769"; err != nil || string(bundle) != want {
		t.Errorf("entry bundle is %q, %v; want %q", bundle, err, want)
	}
	// A changed entry shows, though all stored hashes are the old ones.
	store.entries[400].Body = []byte("body 4oo")
	if _, err := transparency.VerifyLog(t.Context(), l, signer.Verifier()); !errors.Is(err, transparency.ErrVerification) {
		t.Errorf("VerifyLog of a changed entry: %v", err)
	}
	if _, err := l.Proof(t.Context(), 400); !errors.Is(err, transparency.ErrInconsistent) {
		t.Errorf("proof of a changed entry: %v", err)
	}
}

// The examples are those of C2SP tlog-tiles and their neighbours.
func TestTilePath(t *testing.T) {
	for path, want := range map[string]transparency.TilePath{
		"tile/0/000":                               {Level: 0, Index: 0, Width: 256},
		"tile/3/x001/x234/067":                     {Level: 3, Index: 1234067, Width: 256},
		"tile/0/x001/x234/067.p/8":                 {Level: 0, Index: 1234067, Width: 8},
		"tile/63/999.p/255":                        {Level: 63, Index: 999, Width: 255},
		"tile/entries/000":                         {Level: -1, Index: 0, Width: 256},
		"tile/entries/x273/028.p/1":                {Level: -1, Index: 273028, Width: 1},
		"tile/0/x009/x223/x372/x036/x854/x774/806": {Level: 0, Index: 9223372036854774806, Width: 256},
	} {
		got, err := transparency.ParseTilePath(path)
		if err != nil || got != want || got.String() != path {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
	for _, path := range []string{
		"", "/tile/0/000", "tile", "tile/", "tile/0", "tile/0/", "tile//000", "tile/64/000", "tile/00/000", "tile/-1/000", "tile/+1/000", "tile/0/0",
		"tile/0/0000", "tile/0/001/002", "tile/0/x001", "tile/0/x000/001", "tile/0/x001/x002", "tile/0/x01/002", "tile/0/000.p/0", "tile/0/000.p/256",
		"tile/0/000.p/01", "tile/0/000.p/", "tile/0/000.p", "tile/0/000.p/1/", "tile/0/000.p/1.p/1", "tile/0/000/", "tile/Entries/000", "tile/entries/00x",
		"tile/0/-01", "tile/0/+01", "tile/0/x-01/000", "tile/0/ 00", "tile/8/0/000", "tile/0/xx01/000",
		"tile/0/x009/x223/x372/x036/x854/x775/x808/000", "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
	} {
		if got, err := transparency.ParseTilePath(path); !errors.Is(err, transparency.ErrPath) {
			t.Errorf("%q: %+v, %v", path, got, err)
		}
	}
}

func FuzzParseTilePath(f *testing.F) {
	f.Add("tile/0/x001/x234/067.p/8")
	f.Add("tile/entries/000")
	f.Add("tile/63/x999/999.p/255")
	f.Fuzz(func(t *testing.T, path string) {
		p, err := transparency.ParseTilePath(path)
		if err != nil {
			if !errors.Is(err, transparency.ErrPath) {
				t.Fatal(err)
			}
			return
		}
		if p.String() != path || p.Index < 0 || p.Width < 1 || p.Width > 256 || p.Level < -1 || p.Level > 63 {
			t.Fatalf("%q reads as %+v, which writes as %q", path, p, p)
		}
	})
}

func FuzzParseEntryBundle(f *testing.F) {
	f.Add([]byte("\x00\x01a\x00\x00"))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		bodies, err := transparency.ParseEntryBundle(data)
		if err != nil {
			return
		}
		size := 0
		for _, body := range bodies {
			size += 2 + len(body)
		}
		if size != len(data) {
			t.Fatalf("%d bytes read as %d", len(data), size)
		}
	})
}
