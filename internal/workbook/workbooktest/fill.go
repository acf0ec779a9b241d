// Package workbooktest fills in workbooks the way a supplier does, for tests
// of others that may not know how a workbook is written.
package workbooktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/xuri/excelize/v2"
)

// Answer is what somebody writes in one row. Status is a word of the
// drop-down, in the workbook's language.
type Answer struct{ Status, Statement, Evidence, Deviation string }

// place is the part of the hidden sheet's payload that says where things are.
type place struct {
	Sheet   string         `json:"sheet"`
	Columns map[string]int `json:"columns"`
	Rows    []struct {
		ID  string `json:"id"`
		Row int    `json:"row"`
	} `json:"rows"`
}

// Requirements lists the ids in a tender workbook or answer sheet, in order.
func Requirements(file []byte) ([]string, error) {
	f, p, err := open(file)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range p.Rows {
		ids = append(ids, r.ID)
	}
	return ids, f.Close()
}

// Fill writes answers, by requirement, into a tender workbook or answer sheet
// and returns the file. A requirement that is not in it is an error.
func Fill(file []byte, answers map[string]Answer) ([]byte, error) {
	f, p, err := open(file)
	if err != nil {
		return nil, err
	}
	rows := map[string]int{}
	for _, r := range p.Rows {
		rows[r.ID] = r.Row
	}
	for id, a := range answers {
		row, ok := rows[id]
		if !ok {
			return nil, fmt.Errorf("fill workbook: it has no requirement %s", id)
		}
		for role, value := range map[string]string{"met": a.Status, "answer": a.Statement, "evidence": a.Evidence, "files": a.Evidence, "deviation": a.Deviation} {
			col, ok := p.Columns[role]
			if !ok || value == "" {
				continue
			}
			cell, err := excelize.CoordinatesToCellName(col, row)
			if err != nil {
				return nil, fmt.Errorf("fill workbook: %w", err)
			}
			if err := f.SetCellStr(p.Sheet, cell, value); err != nil {
				return nil, fmt.Errorf("fill workbook: %w", err)
			}
		}
	}
	var b bytes.Buffer
	if err := errors.Join(f.Write(&b), f.Close()); err != nil {
		return nil, fmt.Errorf("fill workbook: %w", err)
	}
	return b.Bytes(), nil
}

func open(file []byte) (*excelize.File, place, error) {
	var p place
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		return nil, p, fmt.Errorf("open workbook: %w", err)
	}
	rows, err := f.GetRows("_felleskrav")
	if err != nil {
		return nil, p, fmt.Errorf("read hidden sheet: %w", err)
	}
	var data []byte
	for _, r := range rows {
		if len(r) > 1 && r[0] == "payload" {
			data = append(data, r[1]...)
		}
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, p, fmt.Errorf("read hidden sheet: %w", err)
	}
	return f, p, nil
}
