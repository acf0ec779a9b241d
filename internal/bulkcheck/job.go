package bulkcheck

import (
	"fmt"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/workbook"
)

// State is where a job is.
type State string

// The states.
const (
	Receiving State = "receiving" // its file is being stored
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
	// Deleted jobs are seen by nobody; what is left of them goes soon.
	Deleted State = "deleted"
)

// States lists what a job can be seen in.
func States() []State { return []State{Receiving, Queued, Running, Done, Failed, Cancelled} }

// Open reports whether work on the job is still to come.
func (s State) Open() bool { return s == Receiving || s == Queued || s == Running }

// Job is one check of a list. It belongs to the body whose people started it.
type Job struct {
	ID   string              `json:"id"`
	Rev  int64               `json:"rev"`
	Body organisation.Number `json:"body"`
	// By is who started it. The check is made with the rights they had.
	By    string        `json:"by"`
	Roles []access.Role `json:"roles"`

	// FileName is the sender's, Kind what the file is and Size its bytes.
	FileName string            `json:"fileName"`
	Kind     workbook.ListKind `json:"kind"`
	Size     int64             `json:"size"`
	// Set is the version asked about ("grunnsett@1.0.0") and At the moment.
	Set string    `json:"set"`
	At  time.Time `json:"at"`
	// Column is what the sender named, Heading and Sheet what was found.
	Column   string `json:"column,omitempty"`
	Heading  string `json:"heading,omitempty"`
	Sheet    string `json:"sheet,omitempty"`
	Language string `json:"language"`
	// RetentionDays is how long the result is kept when it is made; with 0 it
	// goes once it has been downloaded.
	RetentionDays int `json:"retentionDays"`

	State     State     `json:"state"`
	CreatedAt time.Time `json:"createdAt"`
	StartedAt time.Time `json:"startedAt,omitzero"`
	EndedAt   time.Time `json:"endedAt,omitzero"`
	// KeepUntil is when the job and its result are deleted.
	KeepUntil time.Time `json:"keepUntil,omitzero"`

	// Done of Total rows have been looked up.
	Done  int `json:"done"`
	Total int `json:"total"`
	// Counts are rows by workbook.CountKeys, when the work is done.
	Counts map[string]int `json:"counts,omitempty"`
	// Doubts are the first rows whose number could not be read, of Doubtful.
	Doubts   []workbook.Doubt `json:"doubts,omitempty"`
	Doubtful int              `json:"doubtful"`
	// Failure is why a job failed.
	Failure *Failure `json:"failure,omitempty"`

	// Input and Result name stored files; empty when there is none.
	Input      string `json:"input,omitempty"`
	Result     string `json:"result,omitempty"`
	ResultSize int64  `json:"resultSize,omitempty"`

	// Attempts counts how often work has begun. Worker has it until Lease runs
	// out; before then nobody else begins.
	Attempts int       `json:"attempts"`
	Worker   string    `json:"worker,omitempty"`
	Lease    time.Time `json:"lease,omitzero"`
}

// Failure is a text for people.
type Failure struct {
	Key  string            `json:"key"`
	Args map[string]string `json:"args,omitempty"`
}

// TextArgs are the arguments of the text.
func (f Failure) TextArgs() map[string]any {
	out := map[string]any{}
	for k, v := range f.Args {
		out[k] = v
	}
	return out
}

// Limits of what is kept about a job.
const (
	// MaxDoubts is how many doubtful rows are kept one by one.
	MaxDoubts = 1000
	// MaxRetentionDays and DefaultRetentionDays bound how long a result is kept.
	MaxRetentionDays     = 90
	DefaultRetentionDays = 7
)

const (
	// halfReceived is how long a file may take to be stored before its job is
	// taken for what a crash left.
	halfReceived = time.Hour
	// unclaimed is how long a result waits to be downloaded that goes then.
	unclaimed = 24 * time.Hour
	// tombstone is how long a deleted job is remembered, so that nothing a
	// worker writes after the deletion stays.
	tombstone = time.Hour
)

// Due is when the sweep has something to do with the job; zero is never.
func (j Job) Due() time.Time {
	switch {
	case j.State == Receiving:
		return j.CreatedAt.Add(halfReceived)
	case j.State.Open():
		return time.Time{}
	case j.State == Deleted:
		if j.Input != "" || j.Result != "" {
			return j.EndedAt
		}
		return j.EndedAt.Add(tombstone)
	case j.Input != "":
		return j.EndedAt
	}
	return j.KeepUntil
}

// end closes the job and says how long it is kept.
func (j Job) end(s State, now time.Time) Job {
	j.State, j.EndedAt, j.Worker, j.Lease = s, now, "", time.Time{}
	keep := time.Duration(j.RetentionDays) * 24 * time.Hour
	if keep == 0 {
		keep = unclaimed
	}
	j.KeepUntil = now.Add(keep)
	return j
}

// delete makes the job one that nobody sees. What it said goes with it.
func (j Job) delete(now time.Time) Job {
	return Job{
		ID: j.ID, Rev: j.Rev, Body: j.Body, State: Deleted, CreatedAt: j.CreatedAt, EndedAt: now, Attempts: j.Attempts,
		Input: j.Input, Result: j.Result,
	}
}

func (j Job) inputKey() string { return j.ID + "-input" }

func (j Job) resultKey(attempt int) string { return fmt.Sprintf("%s-result-%d", j.ID, attempt) }

// files are the names of all files the job may have, also those that a crash
// left without a word in the document.
func (j Job) files() []string {
	out := []string{j.inputKey()}
	for n := 1; n <= j.Attempts; n++ {
		out = append(out, j.resultKey(n))
	}
	return out
}

// ResultName is the name of the result for people.
func (j Job) ResultName() string {
	name := j.FileName
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	if name == "" {
		name = "status"
	}
	return name + "-status." + string(j.Kind)
}
