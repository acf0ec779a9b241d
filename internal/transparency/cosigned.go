package transparency

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	// maxCosigned is how many trees cosignatures are kept of; the oldest go.
	maxCosigned = 8
	// maxCosignatures is how many are kept of one tree; note readers refuse more than a hundred.
	maxCosignatures = 32
	// maxCosignature is the longest line kept, in bytes. An ML-DSA-44 cosignature takes about 3,300.
	maxCosignature = 8 << 10
)

// Cosigned is what witnesses have cosigned of one log lately.
type Cosigned struct {
	// Origin names the log and is the key of this record.
	Origin string
	// Checkpoints are in ascending order of size, one for each size.
	Checkpoints []CosignedCheckpoint
	// Rev is the record's revision: 1 when created, one more for each swap. Zero is a record that is not
	// stored yet.
	Rev int64
}

// CosignedCheckpoint is a checkpoint with what witnesses say of it.
type CosignedCheckpoint struct {
	Size int64
	// Checkpoint is the note as the log signed it.
	Checkpoint []byte
	// Lines are signature lines of witnesses, each ending in a newline, in the order they came.
	Lines []string
}

// note appends the cosignatures to signed, which has the same text.
func (c CosignedCheckpoint) note(signed []byte) []byte {
	return slices.Concat(signed, []byte(strings.Join(c.Lines, "")))
}

// textOf is what a signed note signs, without its last newline.
func textOf(signed []byte) []byte {
	text, _, _ := bytes.Cut(signed, []byte("\n\n"))
	return text
}

// bare is a checkpoint with none but the log's own signatures.
func bare(signed []byte, origin string) []byte {
	text, sigs, _ := bytes.Cut(signed, []byte("\n\n"))
	out := slices.Concat(text, []byte("\n\n"))
	for line := range bytes.Lines(sigs) {
		if bytes.HasPrefix(line, []byte("— "+origin+" ")) {
			out = append(out, line...)
		}
	}
	return out
}

// AddCosignatures keeps signature lines for checkpoint, a note that this log has signed. The caller has
// verified them. A line that is kept already, and a line of a witness that has one there, are passed over.
func (l *Log) AddCosignatures(ctx context.Context, checkpoint []byte, lines []string) error {
	c, err := ParseCheckpoint(l.verifier, checkpoint)
	if err != nil {
		return fmt.Errorf("keep cosignatures: %w", err)
	}
	for {
		cosigned, err := l.cosigned(ctx)
		if err != nil {
			return fmt.Errorf("keep cosignatures: %w", err)
		}
		next, changed, err := cosigned.with(c.Size, bare(checkpoint, l.origin), lines)
		if err != nil {
			return fmt.Errorf("keep cosignatures: %w", err)
		}
		if !changed {
			return nil
		}
		// Whoever was faster has added its own; each time the record has changed.
		if err := l.store.SwapLogCosigned(ctx, next); !errors.Is(err, ErrStale) {
			if err != nil {
				return fmt.Errorf("keep cosignatures: %w", err)
			}
			return nil
		}
	}
}

// with returns a copy of c with lines added for the tree of size.
func (c Cosigned) with(size int64, checkpoint []byte, lines []string) (next Cosigned, changed bool, err error) {
	next = c
	next.Checkpoints = slices.Clone(c.Checkpoints)
	at, found := slices.BinarySearchFunc(next.Checkpoints, size, func(c CosignedCheckpoint, size int64) int { return cmp.Compare(c.Size, size) })
	if !found {
		next.Checkpoints = slices.Insert(next.Checkpoints, at, CosignedCheckpoint{Size: size, Checkpoint: slices.Clone(checkpoint)})
	}
	tree := &next.Checkpoints[at]
	if !bytes.Equal(textOf(tree.Checkpoint), textOf(checkpoint)) {
		return c, false, fmt.Errorf("%w: cosignatures of two trees of %d entries", ErrInconsistent, size)
	}
	tree.Lines = slices.Clone(tree.Lines)
	for _, line := range lines {
		id := cosigner(line)
		if id == "" || len(line) > maxCosignature || len(tree.Lines) == maxCosignatures {
			continue
		}
		if !slices.ContainsFunc(tree.Lines, func(kept string) bool { return cosigner(kept) == id }) {
			tree.Lines, changed = append(tree.Lines, line), true
		}
	}
	if over := len(next.Checkpoints) - maxCosigned; over > 0 {
		next.Checkpoints = next.Checkpoints[over:]
	}
	return next, changed, nil
}

// By tells whether the witness with this name and key hash has cosigned the tree.
func (c CosignedCheckpoint) By(name string, hash uint32) bool {
	var id [6]byte
	binary.BigEndian.PutUint32(id[:], hash)
	want := name + " " + base64.StdEncoding.EncodeToString(id[:])[:5]
	return slices.ContainsFunc(c.Lines, func(line string) bool { return cosigner(line) == want })
}

// cosigner is what tells the keys of signature lines apart: the name, and as much of the key's hash, with
// which the signature begins, as five whole characters hold. For anything else it is "".
func cosigner(line string) string {
	rest, ok := strings.CutPrefix(line, "— ")
	name, sig, split := strings.Cut(rest, " ")
	if !ok || !split || name == "" || len(sig) < 8 || strings.IndexByte(sig, '\n') != len(sig)-1 {
		return ""
	}
	return name + " " + sig[:5]
}

// Cosigned returns what is kept of witnesses' cosignatures; it is empty when there are none.
func (l *Log) Cosigned(ctx context.Context) (Cosigned, error) { return l.cosigned(ctx) }

// cosigned reads the record; before the first time it is an empty one.
func (l *Log) cosigned(ctx context.Context) (Cosigned, error) {
	c, err := l.store.LogCosigned(ctx, l.origin)
	if errors.Is(err, ErrNotFound) {
		return Cosigned{Origin: l.origin}, nil
	}
	if err != nil {
		return Cosigned{}, fmt.Errorf("read cosignatures: %w", err)
	}
	return c, nil
}

// WitnessedCheckpoint returns, of the checkpoints that were cosigned lately, the one with the most
// cosignatures, and of several such the newest; ErrNotFound if there is none. It may be a little older
// than [Log.Checkpoint].
func (l *Log) WitnessedCheckpoint(ctx context.Context) ([]byte, error) {
	cosigned, err := l.cosigned(ctx)
	if err != nil {
		return nil, err
	}
	var best CosignedCheckpoint
	for _, c := range cosigned.Checkpoints {
		if len(c.Lines) > 0 && len(c.Lines) >= len(best.Lines) {
			best = c
		}
	}
	if len(best.Lines) == 0 {
		return nil, fmt.Errorf("find cosigned checkpoint: %w", ErrNotFound)
	}
	return best.note(best.Checkpoint), nil
}
