package transparency

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// edgeHashes holds nodes of a tree by stored index: at least the roots of the full subtrees along its
// right edge, which are all that is needed to add entries and to hash the tree. It is a tlog.HashReader.
type edgeHashes map[int64]Hash

// edgeIndexes returns the stored indexes of the right edge of a tree of size entries, from the left.
func edgeIndexes(size int64) []int64 {
	indexes := make([]int64, 0, bits.OnesCount64(uint64(size)))
	for level := bits.Len64(uint64(size)) - 1; level >= 0; level-- {
		if size>>level&1 == 1 {
			indexes = append(indexes, tlog.StoredHashIndex(level, size>>level-1))
		}
	}
	return indexes
}

// ReadHashes implements tlog.HashReader.
func (e edgeHashes) ReadHashes(indexes []int64) ([]Hash, error) {
	hashes := make([]Hash, len(indexes))
	for i, index := range indexes {
		h, ok := e[index]
		if !ok {
			return nil, fmt.Errorf("log hash %d: %w", index, ErrNotFound)
		}
		hashes[i] = h
	}
	return hashes, nil
}

// add extends the tree of index entries by one and returns the nodes that this completes.
func (e edgeHashes) add(index int64, leaf Hash) ([]StoredHash, error) {
	hashes, err := tlog.StoredHashesForRecordHash(index, leaf, e)
	if err != nil {
		return nil, fmt.Errorf("hash entry %d: %w", index, err)
	}
	first := tlog.StoredHashIndex(0, index)
	stored := make([]StoredHash, len(hashes))
	for i, h := range hashes {
		stored[i] = StoredHash{Index: first + int64(i), Hash: h}
		e[stored[i].Index] = h
	}
	return stored, nil
}

// trim returns only the right edge of the tree of size entries.
func (e edgeHashes) trim(size int64) edgeHashes {
	indexes := edgeIndexes(size)
	out := make(edgeHashes, 2*len(indexes))
	for _, index := range indexes {
		out[index] = e[index]
	}
	return out
}
