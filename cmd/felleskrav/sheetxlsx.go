package main

import (
	"bytes"
	"fmt"
	"strings"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/workbook"
)

// answersXLSX writes a sheet of answers as a workbook; it is empty when
// nothing is carried over.
func (s *session) answersXLSX(v catalogue.Version, over *carried) ([]byte, error) {
	var answers []attestation.Answer
	var notes map[string]workbook.AnswerNote
	if over != nil {
		notes = map[string]workbook.AnswerNote{}
		for _, line := range over.lines {
			if line.State != attestation.CarryAnswer {
				answers = append(answers, line.Answer)
			}
			notes[line.Requirement] = workbook.AnswerNote{State: line.State, Text: strings.Join(s.carryNote(over, line), "\n")}
		}
	}
	var b bytes.Buffer
	if err := workbook.WriteNotedAnswerSheet(&b, v, s.Texts, answers, notes); err != nil {
		return nil, fmt.Errorf("write answers: %w", err)
	}
	return b.Bytes(), nil
}

// answersFromXLSX reads a filled workbook of answers. find knows the set
// versions; what it gives is believed over what the file says of itself.
func (s *session) answersFromXLSX(data []byte, find workbook.FindVersion) (sheet, error) {
	reader := workbook.NewReader(s.Bundle, workbook.DefaultLimits())
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
		_, written := in.Files(a.Requirement, nil) // nothing is known to be uploaded here
		out.Answers = append(out.Answers, newSheetAnswer(a.Requirement, string(a.Status), a.Statement, written))
	}
	return out, nil
}
