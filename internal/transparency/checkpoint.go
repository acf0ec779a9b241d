package transparency

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Checkpoint is what a log commits to at one moment (C2SP tlog-checkpoint).
type Checkpoint struct {
	Origin string
	Size   int64
	Root   Hash
}

// sign returns c as a signed note.
func (c Checkpoint) sign(signer note.Signer) ([]byte, error) {
	text := c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + c.Root.String() + "\n"
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return signed, nil
}

// ParseCheckpoint reads a signed checkpoint of the log whose key v is and verifies its signature. Other
// signatures on it, such as those of witnesses, are passed over, and so are extension lines. The error
// wraps ErrVerification.
func ParseCheckpoint(v note.Verifier, signed []byte) (Checkpoint, error) {
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint: %w", ErrVerification, err)
	}
	// The text ends in a newline, so the last element is empty.
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint has %d lines", ErrVerification, len(lines)-1)
	}
	if lines[0] != v.Name() {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint is of %q", ErrVerification, lines[0])
	}
	c := Checkpoint{Origin: lines[0]}
	c.Size, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || c.Size < 0 || strconv.FormatInt(c.Size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint size %q", ErrVerification, lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(c.Root) {
		return Checkpoint{}, fmt.Errorf("%w: checkpoint root %q", ErrVerification, lines[2])
	}
	copy(c.Root[:], root)
	for _, line := range lines[3 : len(lines)-1] {
		if line == "" {
			return Checkpoint{}, fmt.Errorf("%w: checkpoint has an empty line", ErrVerification)
		}
	}
	return c, nil
}
