package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"felleskrav/internal/api"
	"felleskrav/internal/console"
	"felleskrav/internal/organisation"
	"felleskrav/internal/workbook"
)

type workbookCmd struct {
	Export workbookExportCmd `cmd:""`
	Fill   workbookFillCmd   `cmd:""`
	Import workbookImportCmd `cmd:""`
	Verify workbookVerifyCmd `cmd:""`
}

type workbookExportCmd struct {
	Procurement string `arg:"" placeholder:"ID"`
	Supplier    string `placeholder:"ORGNR"`
	Bidders     bool   ``
	Output      string `short:"o" required:"" placeholder:"FILE"`
	remote
}

// Run fetches a procurement's workbook, the buyer's own or a copy to send out,
// or its requirements as CSV or JSON.
func (c *workbookExportCmd) Run(s *session) error {
	format, err := console.Output{File: c.Output}.Choose("xlsx", "csv", "json")
	if err != nil {
		return err
	}
	query := url.Values{"lang": {s.Lang}, "format": {format}}
	if c.Bidders {
		query.Set("copy", "bidder")
	}
	if c.Supplier != "" {
		n, err := organisation.ParseIdentifier(c.Supplier)
		if err != nil {
			return err
		}
		query.Set("supplier", string(n))
	}
	server, err := s.client(c.remote)
	if err != nil {
		return err
	}
	data, _, err := server.call(s.Ctx, http.MethodGet, "/api/v1/procurements/"+url.PathEscape(c.Procurement)+"/workbook", query, "", nil)
	if err != nil {
		return err
	}
	return s.Put(console.Output{File: c.Output}, data)
}

type workbookImportCmd struct {
	Procurement string `arg:"" placeholder:"ID"`
	File        string `arg:"" placeholder:"FILE.xlsx"`
	Supplier    string `required:"" placeholder:"ORGNR"`
	remote
	console.Output
}

// xlsxType is the media type of .xlsx files.
const xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// Run hands in a bidder's filled workbook and tells what was read of each row.
// Either all of it is taken in or nothing.
func (c *workbookImportCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	n, err := organisation.ParseIdentifier(c.Supplier)
	if err != nil {
		return err
	}
	data, err := s.Read(c.File)
	if err != nil {
		return err
	}
	server, err := s.client(c.remote)
	if err != nil {
		return err
	}
	query := url.Values{"supplier": {string(n)}}
	answer, _, err := server.call(s.Ctx, http.MethodPost, "/api/v1/procurements/"+url.PathEscape(c.Procurement)+"/responses", query, xlsxType, bytes.NewReader(data))
	if refused, ok := errors.AsType[*remoteProblem](err); ok {
		var r api.RefusedResponse
		if json.Unmarshal(refused.raw, &r) == nil && len(r.Rows) > 0 {
			fmt.Fprint(s.Stderr, reportText(r.Rows))
		}
		return err
	}
	if err != nil {
		return err
	}
	var report api.ResponseReport
	if err := server.decode(answer, &report); err != nil {
		return err
	}
	read := 0
	for _, r := range report.Rows {
		if r.Outcome == workbook.OutcomeRead {
			read++
		}
	}
	s.Say("cli.import.done", "Count", read, "Supplier", n.Grouped(), "ID", report.Id)
	if format == "text" {
		return s.Put(c.Output, []byte(reportText(report.Rows)))
	}
	return s.PutValue(c.Output, format, report)
}

// reportText lists the rows there is something to say about.
func reportText(rows []api.ReportRow) string {
	var b strings.Builder
	for _, r := range rows {
		if r.Detail != "" {
			fmt.Fprintf(&b, "  %s!%s %s: %s\n", r.Sheet, r.Cell, r.Requirement, r.Detail)
		}
	}
	return b.String()
}
