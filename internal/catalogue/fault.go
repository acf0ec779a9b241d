package catalogue

import (
	"fmt"
	"strings"
)

// Fault is one thing wrong with the content, with where it stands. Key and
// Args give its text ("catalogue.fault." and the key), which says what to do.
type Fault struct {
	File string
	Line int
	Key  string
	Args map[string]any
}

// String is for logs and tests.
func (f Fault) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: %s", f.File, f.Line, f.Key)
	for _, k := range []string{"ID", "Key", "Value", "Near", "Detail", "Other"} {
		if v, ok := f.Args[k]; ok && v != "" {
			fmt.Fprintf(&b, " %s=%v", strings.ToLower(k), v)
		}
	}
	return b.String()
}

// Faults is every fault found in the content, in file and line order.
type Faults []Fault

// Error is for logs and tests; people are shown each fault's own text.
func (fs Faults) Error() string {
	lines := make([]string, 0, len(fs))
	for i, f := range fs {
		if i == 20 {
			lines = append(lines, fmt.Sprintf("and %d more", len(fs)-i))
			break
		}
		lines = append(lines, f.String())
	}
	return "catalogue content has faults:\n" + strings.Join(lines, "\n")
}
