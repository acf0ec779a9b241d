// Package workbooktest fills in workbooks the way a supplier does, for tests
// of others that may not know how a workbook is written.
package workbooktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Answer is what somebody writes in one row. Status is a word of the
// drop-down, in the workbook's language.
type Answer struct{ Status, Statement, Evidence, Deviation string }

// place is the part of the hidden sheet's payload that says where things are.
type place struct {
	Tables []struct {
		Sheet   string         `json:"sheet"`
		Columns map[string]int `json:"columns"`
	} `json:"tables"`
	Rows []row `json:"rows"`
}

// row is where one requirement stands.
type row struct {
	ID    string `json:"id"`
	Sheet string `json:"sheet"`
	Row   int    `json:"row"`
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
	rows, columns := map[string]row{}, map[string]map[string]int{}
	for _, r := range p.Rows {
		rows[r.ID] = r
	}
	for _, t := range p.Tables {
		columns[t.Sheet] = t.Columns
	}
	for id, a := range answers {
		at, ok := rows[id]
		if !ok {
			return nil, fmt.Errorf("fill workbook: it has no requirement %s", id)
		}
		for role, value := range map[string]string{"met": a.Status, "answer": a.Statement, "evidence": a.Evidence, "files": a.Evidence, "deviation": a.Deviation} {
			col, ok := columns[at.Sheet][role]
			if !ok || value == "" {
				continue
			}
			cell, err := excelize.CoordinatesToCellName(col, at.Row)
			if err != nil {
				return nil, fmt.Errorf("fill workbook: %w", err)
			}
			if err := f.SetCellStr(at.Sheet, cell, value); err != nil {
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

// Alter writes texts over cells, named as in "Krav!D7", whatever they hold.
func Alter(file []byte, cells map[string]string) ([]byte, error) {
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("open workbook: %w", err)
	}
	for path, value := range cells {
		sheet, cell, _ := strings.Cut(path, "!")
		if err := f.SetCellStr(sheet, cell, value); err != nil {
			return nil, fmt.Errorf("alter workbook: %w", err)
		}
	}
	var b bytes.Buffer
	if err := errors.Join(f.Write(&b), f.Close()); err != nil {
		return nil, fmt.Errorf("alter workbook: %w", err)
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
