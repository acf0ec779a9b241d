package catalogue

import (
	"slices"
	"strings"
	"time"

	"felleskrav/internal/problem"
)

// ReportKind is what a user finds wrong with a requirement.
type ReportKind string

// The kinds of report.
const (
	ReportUnclear          ReportKind = "unclear"
	ReportDisproportionate ReportKind = "disproportionate"
	ReportDuplicate        ReportKind = "duplicate"
	ReportOther            ReportKind = "other"
)

// ReportKinds lists the kinds in display order.
func ReportKinds() []ReportKind {
	return []ReportKind{ReportUnclear, ReportDisproportionate, ReportDuplicate, ReportOther}
}

// Report is a user's remark on a requirement, for the editors.
type Report struct {
	ID          string     `json:"id"` // UUIDv7
	Requirement string     `json:"requirement"`
	Kind        ReportKind `json:"kind"`
	Text        string     `json:"text"`
	// Org and ActorName are whom the reporter acted for and how they are shown.
	Org       string    `json:"org"`
	ActorName string    `json:"actorName"`
	At        time.Time `json:"at"`
	// Resolved is nil while the editors have not answered.
	Resolved *ReportResolution `json:"resolved,omitempty"`
	Rev      int64             `json:"rev"`
}

// ReportResolution is the editors' answer to a report.
type ReportResolution struct {
	By   Person    `json:"by"`
	At   time.Time `json:"at"`
	Note string    `json:"note"`
}

// maxReportText is the longest remark and the longest answer, in characters.
const maxReportText = 2000

// Validate checks kind and text. Whether the requirement exists is for the
// service to say.
func (r Report) Validate() error {
	c := problem.Collector{Key: "report.invalid"}
	c.Check(slices.Contains(ReportKinds(), r.Kind), "kind", "field.choice", problem.Args{"Known": strings.Join(strs(ReportKinds()), ", ")})
	c.Check(strings.TrimSpace(r.Text) != "", "text", "field.required", nil)
	checkProse(&c, "text", r.Text, maxReportText)
	return c.Err()
}

// ReportCounts is how many reports a requirement has of each kind. It is what
// everyone may know.
type ReportCounts struct {
	Open     map[ReportKind]int `json:"open"`
	Resolved map[ReportKind]int `json:"resolved"`
}

// Total is the number of open reports of all kinds.
func (c ReportCounts) Total() int {
	n := 0
	for _, k := range c.Open {
		n += k
	}
	return n
}
