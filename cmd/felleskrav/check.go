package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/console"
	"felleskrav/internal/organisation"
	"felleskrav/internal/status"
	"felleskrav/internal/workbook"
)

type checkCmd struct {
	File   string `arg:"" placeholder:"FILE"`
	Set    string `placeholder:"SET[@VERSION]"`
	At     string `placeholder:"TIME"`
	Column string `placeholder:"NAME"`
	remote
	console.Output
}

// Run looks many suppliers up at once: a spreadsheet or text file with a column
// of organisation numbers, or a bare list. It ends with 1 when one of them is
// neither valid nor about to expire.
func (c *checkCmd) Run(s *session) error {
	format, err := c.Choose("text", "xlsx", "csv", "json", "yaml")
	if err != nil {
		return err
	}
	at, err := moment(c.At)
	if err != nil {
		return err
	}
	data, err := s.Read(c.File)
	if err != nil {
		return err
	}
	if int64(len(data)) > maxWorkbookFile {
		return console.Cannot(nil, "cli.check.too-large", "Max", maxWorkbookFile>>20)
	}
	api, err := s.client(c.remote)
	if err != nil {
		return err
	}
	switch kind := workbook.KindOfList(data); {
	case format == string(workbook.ListXLSX) || format == string(workbook.ListCSV):
		if format != string(kind) {
			return console.Usage("cli.check.same-kind", "Kind", string(kind))
		}
		return c.asFile(s, api, data, kind, at)
	default:
		return c.asTable(s, api, data, format, at)
	}
}

// maxWorkbookFile is the largest list, in bytes.
var maxWorkbookFile = workbook.DefaultLimits().MaxBytes

// asTable asks about all numbers at once and writes what is said of them.
func (c *checkCmd) asTable(s *session, api *client, data []byte, format string, at time.Time) error {
	list, err := workbook.ReadSuppliers(data, c.Column, workbook.DefaultLimits())
	if err != nil {
		return err
	}
	in := map[string]any{"suppliers": list.Values()}
	if c.Set != "" {
		in["set"] = c.Set
	}
	if !at.IsZero() {
		in["at"] = at.Format(time.RFC3339)
	}
	var result checkResult
	if err := api.send(s.Ctx, http.MethodPost, "/api/v1/status/check", in, &result); err != nil {
		return err
	}
	if format == "text" {
		err = s.Put(c.Output, []byte(s.checkText(result)))
	} else {
		err = s.PutValue(c.Output, format, result)
	}
	if err != nil {
		return err
	}
	good := 0
	for _, r := range result.Items {
		if r.good() {
			good++
		}
	}
	return s.checkSummary(len(result.Items), good, result.Set)
}

func (s *session) checkSummary(count, good int, set string) error {
	s.Say("cli.check.summary", "Count", count, "Good", good, "Set", set)
	if good < count {
		return console.ErrNo
	}
	return nil
}

// checkJob is the server's word on the check of a file.
type checkJob struct {
	ID       string          `json:"id"`
	State    bulkcheck.State `json:"state"`
	Set      string          `json:"set"`
	Progress struct {
		Done  int `json:"done"`
		Total int `json:"total"`
	} `json:"progress"`
	Counts   map[string]int `json:"counts"`
	Doubtful int            `json:"doubtful"`
	Problem  *struct {
		Detail string `json:"detail"`
	} `json:"problem"`
	Links struct {
		Self   string `json:"self"`
		Result string `json:"result"`
	} `json:"links"`
}

// Pauses between questions about a job: at first, and at most.
const (
	firstPoll = 50 * time.Millisecond
	lastPoll  = time.Second
)

// asFile has the server check the file, and writes it back with statuses in
// it. The job is deleted when its result is here, and when the user gives up.
func (c *checkCmd) asFile(s *session, api *client, data []byte, kind workbook.ListKind, at time.Time) error {
	query := url.Values{"retention": {"1"}, "lang": {s.Texts.Lang}}
	for name, value := range map[string]string{"set": c.Set, "column": c.Column} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if c.File != "-" {
		query.Set("name", filepath.Base(c.File))
	}
	if !at.IsZero() {
		query.Set("at", at.Format(time.RFC3339))
	}
	answer, _, err := api.call(s.Ctx, http.MethodPost, "/api/v1/status/check", query, mediaTypes[kind], bytes.NewReader(data))
	if err != nil {
		return err
	}
	var job checkJob
	if err := api.decode(answer, &job); err != nil {
		return err
	}
	defer func() {
		// Else it is deleted after a day.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.Ctx), 10*time.Second)
		defer cancel()
		_, _, _ = api.call(ctx, http.MethodDelete, job.Links.Self, nil, "", nil)
	}()
	if err := s.follow(api, &job); err != nil {
		return err
	}
	if job.State != bulkcheck.Done {
		detail := string(job.State)
		if job.Problem != nil {
			detail = job.Problem.Detail
		}
		return console.No("cli.check.stopped", "Detail", detail)
	}
	result, _, err := api.call(s.Ctx, http.MethodGet, job.Links.Result, nil, "", nil)
	if err != nil {
		return err
	}
	if err := s.Put(c.Output, result); err != nil {
		return err
	}
	if job.Doubtful > 0 {
		s.Say("cli.check.doubtful", "Count", job.Doubtful)
	}
	return s.checkSummary(job.Progress.Total, job.Counts[string(status.Valid)]+job.Counts[string(status.Expiring)], job.Set)
}

// mediaTypes are the names of the kinds on the way to the server.
var mediaTypes = map[workbook.ListKind]string{
	workbook.ListXLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook.ListCSV: "text/csv",
}

// follow asks about a job until it has ended, and shows on a terminal how far
// it has come.
func (s *session) follow(api *client, job *checkJob) error {
	bar := s.bar(int64(job.Progress.Total), s.T("cli.check.checking"))
	for pause := firstPoll; job.State.Open(); pause = min(2*pause, lastPoll) {
		select {
		case <-s.Ctx.Done():
			return s.Ctx.Err()
		case <-time.After(pause):
		}
		self := job.Links.Self
		answer, _, err := api.call(s.Ctx, http.MethodGet, self, nil, "", nil)
		if err != nil {
			return err
		}
		*job = checkJob{}
		if err := json.Unmarshal(answer, job); err != nil {
			return console.Cannot(err, "cli.server.strange", "Server", api.base, "Status", "200")
		}
		if bar != nil {
			_ = bar.Set(job.Progress.Done) // it only shows
		}
	}
	if bar != nil {
		_ = bar.Finish()
	}
	return nil
}

// checkResult is the server's answer.
type checkResult struct {
	Set   string     `json:"set"`
	Items []checkRow `json:"items"`
}

type checkRow struct {
	Number       string       `json:"orgnr"`
	Known        bool         `json:"known"`
	SupplierName string       `json:"supplierName,omitempty"`
	Status       *checkStatus `json:"status,omitempty"`
	Error        *struct {
		Key    string `json:"key"`
		Detail string `json:"detail"`
	} `json:"error,omitempty"`
}

type checkStatus struct {
	Offering     string                    `json:"offering"`
	OfferingName string                    `json:"offeringName"`
	Set          string                    `json:"set"`
	SetVersion   string                    `json:"setVersion"`
	Overall      status.Overall            `json:"overall"`
	At           time.Time                 `json:"at"`
	ChangesAt    *time.Time                `json:"changesAt,omitempty"`
	Declaration  *status.DeclarationStatus `json:"declaration,omitempty"`
	Counts       status.Counts             `json:"counts"`
	Weakest      *status.Link              `json:"weakest,omitempty"`
}

func (r checkRow) good() bool {
	return r.Status != nil && (r.Status.Overall == status.Valid || r.Status.Overall == status.Expiring)
}

// cells are the columns a check adds: status, offering, valid until, weakest
// link, and what was wrong with the number.
func (s *session) cells(r checkRow) []string {
	switch {
	case r.Error != nil:
		return []string{"", "", "", "", r.Error.Detail}
	case !r.Known:
		return []string{s.T("cli.check.unknown"), "", "", "", ""}
	case r.Status == nil:
		return []string{s.T("cli.check.no-offering"), "", "", "", ""}
	}
	out := []string{s.T("status." + string(r.Status.Overall)), r.Status.OfferingName, "", "", ""}
	if d := r.Status.Declaration; d != nil {
		out[2] = s.Date(d.ValidUntil)
	}
	if w := r.Status.Weakest; w != nil {
		out[3] = w.Name + ": " + strings.ToLower(s.T("status."+string(w.Overall)))
	}
	return out
}

func (s *session) checkHead() []string {
	var out []string
	for _, k := range []string{"number", "name", "status", "offering", "until", "weakest", "remark"} {
		out = append(out, s.T("cli.check.column."+k))
	}
	return out
}

func (s *session) checkText(r checkResult) string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(s.checkHead(), "\t"))
	for _, row := range r.Items {
		cells := append([]string{organisation.Number(row.Number).Grouped(), row.SupplierName}, s.cells(row)...)
		fmt.Fprintln(table, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	_ = table.Flush() // to memory
	return b.String()
}
