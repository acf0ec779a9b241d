package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"unicode/utf8"

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

// readCSV reads rows with the separator the first line uses most.
func readCSV(data []byte) ([][]string, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		data = fromLatin1(data)
	}
	first, _, _ := bytes.Cut(data, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	r.LazyQuotes = true
	best := -1
	for _, comma := range []rune{';', ',', '\t'} {
		if n := bytes.Count(first, []byte(string(comma))); n > best {
			best, r.Comma = n, comma
		}
	}
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read CSV: %w", err)
	}
	return rows, nil
}

// fromLatin1 reads text that older programs wrote in ISO 8859-1.
func fromLatin1(data []byte) []byte {
	var b bytes.Buffer
	for _, c := range data {
		b.WriteRune(rune(c))
	}
	return b.Bytes()
}
