package witness

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"felleskrav/internal/transparency"
)

// Cosignature is what one witness says of a checkpoint.
type Cosignature struct {
	Witness string
	// At is when it was made, by the witness' clock, in UTC.
	At time.Time
}

// Witnessed checks that signed is a checkpoint of the log whose key is logKey and that at least quorum of
// witnesses have cosigned it; a witness counts once. It returns the checkpoint and the cosignatures by
// those witnesses, sorted by name, also when they are too few. Other signatures are passed over; a wrong
// one by any of these keys is refused. The error wraps transparency.ErrVerification.
func Witnessed(signed []byte, logKey note.Verifier, witnesses []note.Verifier, quorum int) (transparency.Checkpoint, []Cosignature, error) {
	c, err := transparency.ParseCheckpoint(logKey, signed)
	if err != nil {
		return transparency.Checkpoint{}, nil, err
	}
	n, err := note.Open(signed, note.VerifierList(append([]note.Verifier{logKey}, witnesses...)...))
	if err != nil {
		return transparency.Checkpoint{}, nil, fmt.Errorf("%w: cosignatures: %w", transparency.ErrVerification, err)
	}
	var all []Cosignature
	seen := map[string]bool{}
	for _, sig := range n.Sigs {
		if sig.Name == logKey.Name() && sig.Hash == logKey.KeyHash() || seen[sig.Name] {
			continue
		}
		seen[sig.Name] = true
		all = append(all, Cosignature{sig.Name, timeOf(sig)})
	}
	slices.SortFunc(all, func(a, b Cosignature) int {
		if a.Witness < b.Witness {
			return -1
		}
		return 1
	})
	if len(all) < quorum {
		return c, all, fmt.Errorf("%w: %d of the witnesses have cosigned the checkpoint of %d entries, not %d", transparency.ErrVerification, len(all), c.Size, quorum)
	}
	return c, all, nil
}

// timeOf reads the time in a cosignature that was verified.
func timeOf(sig note.Signature) time.Time {
	data, err := base64.StdEncoding.DecodeString(sig.Base64)
	if err != nil || len(data) < 12 {
		return time.Time{}
	}
	seconds := binary.BigEndian.Uint64(data[4:])
	if seconds > math.MaxInt64 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}
