package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"felleskrav/internal/api"
	"felleskrav/internal/console"
	"felleskrav/internal/organisation"
)

type workbookFillCmd struct {
	File         string   `arg:"" placeholder:"FILE.xlsx"`
	Procurement  string   `required:"" placeholder:"ID"`
	Answers      string   `placeholder:"ORGNR"`
	Columns      []string `placeholder:"ORGNR,…"`
	Insert       string   `placeholder:"SHEET!ROW"`
	Decisions    string   `placeholder:"FILE.yaml"`
	DecisionsOut string   `placeholder:"FILE.yaml"`
	AcceptSame   bool     ``
	Output       string   `short:"o" placeholder:"OUT.xlsx"`
	remote
}

// order reads what is to be filled in.
func (c *workbookFillCmd) order(lang string) (api.OwnOrder, error) {
	o := api.OwnOrder{Lang: api.OwnOrderLang(lang)}
	if c.Answers != "" {
		n, err := organisation.ParseIdentifier(c.Answers)
		if err != nil {
			return o, err
		}
		o.Answers = n
	}
	for _, s := range c.Columns {
		n, err := organisation.ParseIdentifier(s)
		if err != nil {
			return o, err
		}
		o.Columns = append(o.Columns, n)
	}
	if c.Insert != "" {
		i := strings.LastIndexByte(c.Insert, '!')
		row, err := strconv.Atoi(c.Insert[i+1:])
		if i < 1 || err != nil || row < 1 {
			return o, console.Usage("cli.fill.insert", "Value", c.Insert)
		}
		o.Insert = api.OwnPlace{Sheet: c.Insert[:i], Header: row}
	}
	switch {
	case c.Output == "" && c.DecisionsOut == "":
		return o, console.Usage("cli.fill.output")
	case c.Output != "" && o.Answers == "" && len(o.Columns) == 0 && c.Insert == "":
		return o, console.Usage("cli.fill.nothing")
	}
	return o, nil
}

// Run has a body's own workbook filled in. The file is at the server for as
// long as that takes.
func (c *workbookFillCmd) Run(s *session) (err error) {
	if c.Output != "" {
		if _, err := (console.Output{File: c.Output}).Choose("xlsx"); err != nil {
			return err
		}
	}
	order, err := c.order(s.Lang)
	if err != nil {
		return err
	}
	var decided []tableDecision
	if c.Decisions != "" {
		if decided, err = s.readDecisions(c.Decisions); err != nil {
			return err
		}
	}
	data, err := s.Read(c.File)
	if err != nil {
		return err
	}
	server, err := s.client(c.remote)
	if err != nil {
		return err
	}
	path := "/api/v1/procurements/" + url.PathEscape(c.Procurement) + "/fill"
	query := url.Values{"name": {filepath.Base(c.File)}, "retention": {"1"}}
	answer, _, err := server.call(s.Ctx, http.MethodPost, path, query, xlsxType, bytes.NewReader(data))
	if err != nil {
		return err
	}
	var view api.OwnView
	if err := server.decode(answer, &view); err != nil {
		return err
	}
	path += "/" + view.Workbook.Id
	defer func() {
		// What fails here is swept away in a day.
		_, _, gone := server.call(context.WithoutCancel(s.Ctx), http.MethodDelete, path, nil, "", nil)
		if err == nil {
			err = gone
		}
	}()
	tables, err := c.tables(view, decided)
	if err != nil {
		return err
	}
	if c.DecisionsOut != "" {
		out, err := s.decisionsFile(view, tables)
		if err != nil {
			return err
		}
		if err := s.Put(console.Output{File: c.DecisionsOut}, out); err != nil {
			return err
		}
	}
	open := s.tellOpen(view, tables)
	if c.Output == "" {
		return nil
	}
	if open {
		s.Say("cli.fill.decide", "File", c.File)
		return console.ErrNo
	}
	return c.fill(s, server, path, tables, order)
}

// fill sends the decisions and fetches the report and the file.
func (c *workbookFillCmd) fill(s *session, server *client, path string, tables []tableDecision, order api.OwnOrder) error {
	if err := server.send(s.Ctx, http.MethodPut, path, api.OwnDecisions{Decisions: apiDecisions(tables)}, &api.OwnView{}); err != nil {
		return err
	}
	body, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("write order: %w", err)
	}
	answer, _, err := server.call(s.Ctx, http.MethodPost, path, url.Values{"format": {"report"}}, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	var report api.OwnReport
	if err := server.decode(answer, &report); err != nil {
		return err
	}
	file, _, err := server.call(s.Ctx, http.MethodPost, path, nil, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	for _, k := range report.Skips {
		fmt.Fprintf(s.Stderr, "  %s!%s %s: %s\n", k.Sheet, k.Cell, k.Requirement, k.Detail)
	}
	s.Say("cli.fill.done", "Count", len(report.Changes), "Left", len(report.Skips))
	return s.Put(console.Output{File: c.Output}, file)
}
