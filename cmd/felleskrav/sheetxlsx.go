package main

import (
	"bytes"
	"fmt"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/workbook"
)

// answersXLSX writes an empty sheet of answers as a workbook.
func (s *session) answersXLSX(v catalogue.Version) ([]byte, error) {
	var b bytes.Buffer
	if err := workbook.WriteAnswerSheet(&b, v, s.t, nil); err != nil {
		return nil, fmt.Errorf("write answers: %w", err)
	}
	return b.Bytes(), nil
}

// answersFromXLSX reads a filled workbook of answers. find knows the set
// versions; what it gives is believed over what the file says of itself.
func (s *session) answersFromXLSX(data []byte, find workbook.FindVersion) (sheet, error) {
	reader := workbook.NewReader(s.texts, workbook.DefaultLimits())
	in, err := reader.Answers(bytes.NewReader(data), int64(len(data)), find)
	if err != nil {
		return sheet{}, err
	}
	if err := in.Err(); err != nil {
		return sheet{}, err
	}
	var out sheet
	if len(in.Sets) > 0 {
		out.Set = in.Sets[0].ID + "@" + in.Sets[0].Version
	}
	for _, a := range in.Answers {
		out.Answers = append(out.Answers, newSheetAnswer(a.Requirement, string(a.Status), a.Statement, in.Evidence[a.Requirement]))
	}
	return out, nil
}
