package workbooktest

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/xuri/excelize/v2"
)

// Cell is what a program that is not ours reads in a cell.
type Cell struct{ Text, Formula string }

// Cells opens a workbook; what it gives reads one cell, by its sheet and name.
// A cell that is not there is the zero value.
func Cells(file []byte) (read func(sheet, ref string) (Cell, error), err error) {
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("open workbook: %w", err)
	}
	return func(sheet, ref string) (Cell, error) {
		text, err1 := f.GetCellValue(sheet, ref)
		formula, err2 := f.GetCellFormula(sheet, ref)
		return Cell{text, formula}, errors.Join(err1, err2)
	}, nil
}
