package catalogue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Format writes a content file the one way content files are written: two
// spaces of indentation, comments and order kept. Formatting what is formatted
// changes nothing. The error is that of YAML.
func Format(data []byte) ([]byte, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("format content: %w", err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("format content: the file holds more than one document")
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, fmt.Errorf("format content: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("format content: %w", err)
	}
	return airy(out.Bytes()), nil
}

// topItem is the first line of a task, measure, requirement and the like.
var topItem = matching(`^  - [a-zA-Z0-9]+: `)

// airy puts an empty line between the items of the outermost lists, as the
// YAML library drops them.
func airy(data []byte) []byte {
	lines := strings.SplitAfter(string(data), "\n")
	var out strings.Builder
	for i, line := range lines {
		if i > 0 && topItem().MatchString(line) && strings.HasPrefix(lines[i-1], "    ") {
			out.WriteString("\n")
		}
		out.WriteString(line)
	}
	return []byte(out.String())
}
