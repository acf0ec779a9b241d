package catalogue

import (
	"strings"
)

const (
	allowFile = "lint-allow.yaml"
	// maxAllowed keeps the list of exceptions one that people read.
	maxAllowed = 10
)

// Allowance explains why a finding stands.
type Allowance struct {
	Rule   string `yaml:"rule"`
	ID     string `yaml:"id"`
	Reason string `yaml:"reason"`
}

// allow takes away the findings that the allow-list explains. An allowance
// without a reason, one that explains nothing, and more than ten of them, are
// findings themselves.
func (n *linter) allow() {
	var f struct {
		Allow []Allowance `yaml:"allow"`
	}
	if !n.exists(allowFile) {
		return
	}
	root := n.read(allowFile, &f)
	s := subject{kind: "allow", id: allowFile, place: place{file: allowFile, node: root}}
	if root == nil || len(n.faults) > 0 {
		for _, fault := range n.faults {
			n.findings = append(n.findings, Finding{Fault: fault, ID: allowFile})
		}
		return
	}
	nodes := items(root, "allow")
	if len(f.Allow) > maxAllowed {
		n.find(s, nodes[maxAllowed].Line, "", "allow-many", map[string]any{"Max": maxAllowed})
	}
	for i, a := range f.Allow {
		if len(strings.TrimSpace(a.Reason)) < thinReason {
			n.find(s, nodes[i].Line, "", "allow-reason", map[string]any{"Value": a.ID})
			continue
		}
		kept := n.findings[:0:0]
		for _, finding := range n.findings {
			if finding.Key != a.Rule || finding.ID != a.ID {
				kept = append(kept, finding)
			}
		}
		if len(kept) == len(n.findings) {
			n.find(s, nodes[i].Line, "", "allow-idle", map[string]any{"Value": a.ID, "Key": a.Rule})
			continue
		}
		n.findings = kept
	}
}
