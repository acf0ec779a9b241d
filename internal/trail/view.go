package trail

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// View is an entry as readers get it.
type View struct {
	Seq       int64     `json:"seq"`
	At        time.Time `json:"at"`
	Actor     string    `json:"actor,omitempty"`
	Org       string    `json:"org,omitempty"`
	Via       string    `json:"via,omitempty"`
	Action    string    `json:"action"`
	Operation string    `json:"operation,omitempty"`
	Targets   []Target  `json:"targets,omitempty"`
	Owner     string    `json:"owner,omitempty"`
	Status    int       `json:"status,omitempty"`
	Problem   string    `json:"problem,omitempty"`
	Request   string    `json:"request,omitempty"`
	Address   string    `json:"address,omitempty"`
	Prev      string    `json:"prev,omitempty"`
	Hash      string    `json:"hash"`
}

// View gives the entry without what only verification needs.
func (e Entry) View() View {
	return View{e.Seq, e.Time(), e.Actor, e.Org, e.Via, e.Action, e.Operation, e.Targets, e.Owner, e.Status, e.Problem, e.Request, e.Address, e.Prev, e.Hash}
}

// Writer writes views one by one.
type Writer interface {
	Write(v View) error
	// Flush writes what is held back.
	Flush() error
}

// Formats are those that NewWriter knows.
const (
	CSV   = "csv"
	JSONL = "jsonl"
)

// NewWriter writes a JSON object a line, or else CSV with a heading,
// comma-separated (RFC 4180).
func NewWriter(w io.Writer, format string) Writer {
	if format == JSONL {
		return jsonWriter{json.NewEncoder(w)}
	}
	return &csvWriter{w: csv.NewWriter(w)}
}

type jsonWriter struct{ e *json.Encoder }

func (w jsonWriter) Write(v View) error { return w.e.Encode(v) }
func (jsonWriter) Flush() error         { return nil }

type csvWriter struct {
	w     *csv.Writer
	begun bool
}

var heading = []string{"seq", "at", "actor", "org", "via", "action", "operation", "targets", "owner", "status", "problem", "request", "address", "prev", "hash"}

func (w *csvWriter) Write(v View) error {
	if err := w.begin(); err != nil {
		return err
	}
	var targets []string
	for _, t := range v.Targets {
		targets = append(targets, t.Kind+":"+t.ID)
	}
	status := ""
	if v.Status != 0 {
		status = strconv.Itoa(v.Status)
	}
	row := []string{
		strconv.FormatInt(v.Seq, 10), v.At.Format(leafTime), v.Actor, v.Org, v.Via, v.Action, v.Operation, strings.Join(targets, " "), v.Owner,
		status, v.Problem, v.Request, v.Address, v.Prev, v.Hash,
	}
	if err := w.w.Write(row); err != nil {
		return fmt.Errorf("write trail: %w", err)
	}
	return nil
}

func (w *csvWriter) begin() error {
	if w.begun {
		return nil
	}
	w.begun = true
	if err := w.w.Write(heading); err != nil {
		return fmt.Errorf("write trail: %w", err)
	}
	return nil
}

func (w *csvWriter) Flush() error {
	if err := w.begin(); err != nil {
		return err
	}
	w.w.Flush()
	return w.w.Error()
}
