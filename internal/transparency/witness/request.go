package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"felleskrav/internal/transparency"
)

const (
	// maxProof is the most hashes a consistency proof may have (tlog-witness).
	maxProof = 63
	// maxRequest and maxResponse bound the bodies, in bytes. A checkpoint has at most a hundred signatures,
	// and few of them are long.
	maxRequest  = 64 << 10
	maxResponse = 64 << 10
	// sizeType is the media type of a tree size.
	sizeType = "text/x.tlog.size"
)

// errRequest says that a body is not an add-checkpoint request.
var errRequest = errors.New("not an add-checkpoint request")

// request is the body of add-checkpoint: a signed checkpoint, and the proof that its tree begins with the
// one of Old entries.
type request struct {
	Old        int64
	Proof      []transparency.Hash
	Checkpoint []byte
}

// body writes r as it is sent.
func (r request) body() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", r.Old)
	for _, h := range r.Proof {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n")
	b.Write(r.Checkpoint)
	return b.Bytes()
}

// parseRequest reads a body as request.body writes it, and no other spelling. It does not look at the
// checkpoint.
func parseRequest(body []byte) (request, error) {
	head, checkpoint, ok := bytes.Cut(body, []byte("\n\n"))
	if !ok {
		return request{}, fmt.Errorf("%w: no empty line", errRequest)
	}
	lines := strings.Split(string(head), "\n")
	text, ok := strings.CutPrefix(lines[0], "old ")
	if !ok {
		return request{}, fmt.Errorf("%w: the first line is not the old size", errRequest)
	}
	r := request{Checkpoint: checkpoint}
	var err error
	if r.Old, err = parseSize(text); err != nil {
		return request{}, fmt.Errorf("%w: %w", errRequest, err)
	}
	if len(lines)-1 > maxProof {
		return request{}, fmt.Errorf("%w: %d hashes in the proof", errRequest, len(lines)-1)
	}
	for _, line := range lines[1:] {
		data, err := base64.StdEncoding.Strict().DecodeString(line)
		var h transparency.Hash
		if err != nil || len(data) != len(h) || strings.ContainsAny(line, "\r") {
			return request{}, fmt.Errorf("%w: a line of the proof is not a hash", errRequest)
		}
		copy(h[:], data)
		r.Proof = append(r.Proof, h)
	}
	return r, nil
}

// parseSize reads a tree size: decimal, without sign or leading zeros.
func parseSize(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, fmt.Errorf("%.30q is not a tree size", text)
	}
	return n, nil
}

// originOf is the first line of a checkpoint.
func originOf(checkpoint []byte) string {
	line, _, _ := bytes.Cut(checkpoint, []byte("\n"))
	return string(line)
}
