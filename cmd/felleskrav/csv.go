package main

import (
	"bytes"
	"fmt"

	"felleskrav/internal/workbook"
)

// writeCSV writes rows the way Norwegian Excel opens them. No cell can be taken
// for a formula.
func writeCSV(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	if err := workbook.WriteCSV(&b, ';', rows); err != nil {
		return nil, fmt.Errorf("write CSV: %w", err)
	}
	return b.Bytes(), nil
}
