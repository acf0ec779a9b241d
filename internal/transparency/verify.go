package transparency

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Proof shows that a body is in the log at an index, to anyone who has the log's verifier key.
type Proof struct {
	// Index is the position of the entry, from 0.
	Index int64 `json:"index"`
	// TreeSize and RootHash are what Checkpoint commits to.
	TreeSize int64 `json:"treeSize"`
	RootHash Hash  `json:"rootHash"`
	// Hashes is the inclusion proof (RFC 6962 §2.1.1), from the leaf's sibling upwards.
	Hashes []Hash `json:"hashes"`
	// Checkpoint is the signed note.
	Checkpoint string `json:"checkpoint"`
	// Body is the leaf.
	Body []byte `json:"body"`
	// LoggedAt is the log's own word for when the entry got its position; the proof does not cover it.
	LoggedAt time.Time `json:"loggedAt"`
}

// VerifyProof checks that p.Checkpoint is signed by the log whose key v is, that it commits to p.TreeSize
// and p.RootHash, and that p.Body is entry p.Index of that tree. It needs no network. The error wraps
// ErrVerification.
func VerifyProof(v note.Verifier, p Proof) error {
	c, err := ParseCheckpoint(v, []byte(p.Checkpoint))
	if err != nil {
		return err
	}
	if c.Size != p.TreeSize || c.Root != p.RootHash {
		return fmt.Errorf("%w: the checkpoint is of another tree than the proof", ErrVerification)
	}
	if p.Index < 0 || p.Index >= p.TreeSize {
		return fmt.Errorf("%w: index %d in a tree of %d", ErrVerification, p.Index, p.TreeSize)
	}
	if err := tlog.CheckRecord(p.Hashes, p.TreeSize, p.RootHash, p.Index, tlog.RecordHash(p.Body)); err != nil {
		return fmt.Errorf("%w: entry %d: %w", ErrVerification, p.Index, err)
	}
	return nil
}

// VerifyConsistency checks that newer, a signed checkpoint, is of a log that begins with everything in
// older, by the proof that [Log.ConsistencyProof] gave for their two sizes. The error wraps ErrVerification.
func VerifyConsistency(v note.Verifier, older, newer []byte, proof []Hash) error {
	from, err := ParseCheckpoint(v, older)
	if err != nil {
		return err
	}
	to, err := ParseCheckpoint(v, newer)
	if err != nil {
		return err
	}
	if err := checkTree(proof, from, to); err != nil {
		return fmt.Errorf("%w: %w", ErrVerification, err)
	}
	return nil
}

// CheckConsistency checks that newer's tree begins with everything in older's, by the consistency proof
// between their sizes. An empty tree begins every tree and needs no proof. The error wraps ErrVerification.
func CheckConsistency(older, newer Checkpoint, proof []Hash) error {
	if err := checkTree(proof, older, newer); err != nil {
		return fmt.Errorf("%w: %w", ErrVerification, err)
	}
	return nil
}

// checkTree checks that to's tree begins with from's. An empty tree begins every tree.
func checkTree(proof []Hash, from, to Checkpoint) error {
	if from.Size > to.Size {
		return fmt.Errorf("log shrank from %d to %d entries", from.Size, to.Size)
	}
	if from.Size == 0 || from.Size == to.Size {
		if from.Size == to.Size && from.Root != to.Root {
			return fmt.Errorf("two trees of %d entries", from.Size)
		}
		if len(proof) > 0 {
			return fmt.Errorf("consistency proof of %d hashes where none is needed", len(proof))
		}
		return nil
	}
	if err := tlog.CheckTree(proof, to.Size, to.Root, from.Size, from.Root); err != nil {
		return fmt.Errorf("from %d to %d entries: %w", from.Size, to.Size, err)
	}
	return nil
}

// Reader is the public face of a log: a [Log], or a client of one somewhere else.
type Reader interface {
	Checkpoint(ctx context.Context) ([]byte, error)
	EntryBundle(ctx context.Context, index int64, width int) ([]byte, error)
}

// VerifyLog reads every entry of r, computes the tree hash anew and compares it with the signed
// checkpoint, which it returns. An error that wraps ErrVerification says that the log is not what it
// claims to be; any other, that it could not be read.
func VerifyLog(ctx context.Context, r Reader, v note.Verifier) (Checkpoint, error) {
	c, _, err := VerifyHistory(ctx, r, v, nil)
	return c, err
}

// VerifyHistory does what VerifyLog does, and in the same reading compares the log with older checkpoints,
// which the caller has verified. For each of those it answers nil if the log begins with everything in it,
// ErrShrunk if the log has become shorter, or ErrRewritten. These are answered, as far as the reading came,
// also when the log does not hold by itself.
func VerifyHistory(ctx context.Context, r Reader, v note.Verifier, older []Checkpoint) (Checkpoint, []error, error) {
	signed, err := r.Checkpoint(ctx)
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("read checkpoint: %w", err)
	}
	c, err := ParseCheckpoint(v, signed)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	// The roots that older checkpoints are to be compared with, by size.
	roots := map[int64]Hash{}
	for _, o := range older {
		roots[o.Size] = Hash{}
	}
	root, err := readTree(ctx, r, c.Size, roots)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	answers := make([]error, len(older))
	for i, o := range older {
		switch {
		case o.Size > c.Size:
			answers[i] = fmt.Errorf("%w: it has %d entries, and had %d", ErrShrunk, c.Size, o.Size)
		case roots[o.Size] != o.Root:
			answers[i] = fmt.Errorf("%w: its first %d entries are others than before", ErrRewritten, o.Size)
		}
	}
	if root != c.Root {
		return Checkpoint{}, answers, fmt.Errorf("%w: the entries give another root than the checkpoint of %d entries", ErrVerification, c.Size)
	}
	return c, answers, nil
}

// readTree reads size entries of r and returns the tree hash over them. It fills in the hashes over as
// many as the keys of roots say, where that is no more than size.
func readTree(ctx context.Context, r Reader, size int64, roots map[int64]Hash) (Hash, error) {
	edge := edgeHashes{}
	mark := func(n int64) error {
		if _, asked := roots[n]; !asked {
			return nil
		}
		root, err := tlog.TreeHash(n, edge)
		if err != nil {
			return fmt.Errorf("hash tree: %w", err)
		}
		roots[n] = root
		return nil
	}
	if err := mark(0); err != nil {
		return Hash{}, err
	}
	for n := int64(0); n < size; {
		index, width := n/tileWidth, int(min(tileWidth, size-n))
		data, err := r.EntryBundle(ctx, index, width)
		if err != nil {
			return Hash{}, fmt.Errorf("read entry bundle %d: %w", index, err)
		}
		bodies, err := ParseEntryBundle(data)
		if err != nil {
			return Hash{}, fmt.Errorf("%w: entry bundle %d: %w", ErrVerification, index, err)
		}
		if len(bodies) != width {
			return Hash{}, fmt.Errorf("%w: entry bundle %d has %d entries, not %d", ErrVerification, index, len(bodies), width)
		}
		for _, body := range bodies {
			if _, err := edge.add(n, tlog.RecordHash(body)); err != nil {
				return Hash{}, err
			}
			n++
			if err := mark(n); err != nil {
				return Hash{}, err
			}
		}
		edge = edge.trim(n)
	}
	root, err := tlog.TreeHash(size, edge)
	if err != nil {
		return Hash{}, fmt.Errorf("hash tree: %w", err)
	}
	return root, nil
}
