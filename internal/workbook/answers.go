package workbook

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
)

// The columns that only the answer sheet has.
const (
	colKinds  = "kinds"
	colVerify = "verify"
	colFiles  = "files"
	colNote   = "note"
)

var answerColumns = []column{
	{colID, 20.5, false}, {colTheme, 19.5, false}, {colRequirement, 50, false}, {colKinds, 25, false}, {colVerify, 34, false},
	{colMet, 20, true}, {colAnswer, 46, true}, {colFiles, 30, true},
}

// WriteAnswerSheet writes the workbook a supplier answers a set version in,
// with the answers it already has. Evidence is written as file name and
// digest, and read back as the digest; evidence without a digest as its name.
func WriteAnswerSheet(w io.Writer, v catalogue.Version, texts *locale.Texts, existing []attestation.Answer) error {
	return WriteNotedAnswerSheet(w, v, texts, existing, nil)
}

// WriteNotedAnswerSheet is [WriteAnswerSheet] with notes by requirement. They
// stand in a locked column of their own, which is there only when notes are.
func WriteNotedAnswerSheet(w io.Writer, v catalogue.Version, texts *locale.Texts, existing []attestation.Answer, notes map[string]AnswerNote) error {
	b, err := newBook(texts)
	if err != nil {
		return err
	}
	defer b.f.Close()
	// A set version never changes, so neither does its empty answer sheet.
	published, err := time.Parse(time.DateOnly, v.Published)
	if err != nil {
		published = time.Unix(0, 0)
	}
	n := newNames(nil, texts)
	title := v.Name.In(texts.Lang) + " " + v.Version
	b.answersGuide(v, len(notes) > 0)
	columns := answerColumns
	if len(notes) > 0 {
		columns = notedColumns
	}

	answers := map[string]attestation.Answer{}
	for _, a := range existing {
		answers[a.Requirement] = a
	}
	themes := map[string]string{}
	for _, t := range v.Themes {
		themes[t.ID] = t.Name.In(texts.Lang)
	}
	s := b.table(texts.T("workbook.sheet.answers"), columns, tableHead{
		title: texts.T("workbook.answers.title"), subtitle: title, notice: texts.T("workbook.answers.notice"), footer: title,
	})
	p := &payload{
		Format: payloadFormat, Kind: kindAnswers, Language: texts.Lang, GeneratedAt: published.UTC(),
		Sets: []SetRef{{v.Set, v.Version, v.Digest}}, Tables: []payloadTable{{s.name, s.row, columnMap(columns)}},
	}
	st := b.st
	for _, r := range v.Requirements {
		a := answers[r.ID]
		var files []string
		for _, e := range a.Evidence {
			files = append(files, evidenceLine(e))
		}
		cells := []excelize.Cell{
			text(st.strong, r.ID), text(st.cell, themes[r.Theme]), headed(st.cell, r.Title.In(texts.Lang), r.Text.In(texts.Lang)),
			text(st.cell, n.evidence(r.Evidence)), text(st.cell, r.Verify.In(texts.Lang)),
		}
		if len(notes) > 0 {
			cells = append(cells, b.note(notes[r.ID]))
		}
		s.put(0, append(cells, text(st.inputCenter, b.answerWord(a.Status)), text(st.input, a.Statement), text(st.input, strings.Join(files, "\n")))...)
		p.Rows = append(p.Rows, payloadRow{ID: r.ID, Sheet: s.name, Row: s.row, Text: fingerprint(r.Title.In(texts.Lang) + "\n" + r.Text.In(texts.Lang))})
	}
	b.finishTable(s, columns, "")
	b.writePayload(p)
	return b.finish(w, texts.T("workbook.answers.guide-title")+" – "+title, v.URI, published)
}

// answersGuide writes the first sheet of an answer workbook.
func (b *book) answersGuide(v catalogue.Version, noted bool) {
	t, st := b.t, b.st
	s := b.sheet(t.T("workbook.sheet.guide"), page{tab: navy, widths: []float64{25, 88}, protect: true, footer: v.Name.In(t.Lang) + " " + v.Version})
	s.put(34, text(st.title, t.T("workbook.answers.guide-title")))
	s.put(18, text(st.subtitle, v.Name.In(t.Lang)+" "+v.Version))
	s.skip(8)
	s.put(0, text(st.label, t.T("workbook.guide.set")), headed(st.value, v.Name.In(t.Lang)+" "+v.Version, v.Purpose.In(t.Lang)))
	s.put(0, text(st.label, t.T("workbook.guide.proposal")), text(st.value, t.T("workbook.answers.proposal")))
	s.put(0, text(st.label, t.T("workbook.answers.published")), text(st.value, v.Published))
	s.put(0, text(st.label, t.T("workbook.guide.origin")), text(st.value, v.URI+"\nsha256 "+v.Digest))
	s.section(t.T("workbook.guide.how"))
	for i := 1; i <= 4; i++ {
		s.put(0, text(st.label, t.T("workbook.guide.step", "Number", i)), text(st.value, t.T(fmt.Sprintf("workbook.answers.step-%d", i))))
	}
	if noted {
		b.noteLegend(s)
	}
	b.answerLegend(s)
	s.close()
}

// answerLegend explains the answers.
func (b *book) answerLegend(s *sheet) {
	s.section(b.t.T("workbook.guide.answers"))
	for _, a := range attestation.AnswerStatuses() {
		look := answerLooks[a]
		s.put(0, text(b.st.toneLeft[look.tone], look.symbol+" "+b.t.T("answer."+string(a))), text(b.st.value, b.t.T("workbook.answer-help."+string(a))))
	}
}

// FindVersion looks up the set version a file says it is for. A file that has
// lost its hidden sheet asks with an empty SetRef.
type FindVersion func(SetRef) (catalogue.Version, bool)

// Answers reads a filled answer sheet of size bytes. The set version it is for
// must be known and have the digest the file was made from. The error is a
// *problem.Error about the whole file; problems of rows are in the reading.
func (rd *Reader) Answers(r io.ReaderAt, size int64, find FindVersion) (out AnswerReading, err error) {
	f, err := rd.open(r, size, kindAnswers)
	if err != nil {
		return AnswerReading{}, err
	}
	defer func() {
		if p := recover(); p != nil {
			out, err = AnswerReading{}, damaged(fmt.Errorf("read workbook: %v", p))
		}
	}()
	var ref SetRef
	if p := f.payload; p != nil && len(p.Sets) > 0 {
		ref = p.Sets[0]
		out.Language, out.Sets = p.Language, p.Sets
	}
	v, ok := find(ref)
	if !ok || ref.Digest != "" && ref.Digest != v.Digest {
		return AnswerReading{}, problem.New(problem.Invalid, "workbook.error.unknown-set", problem.Args{"Found": clip(oneLine(ref.ID+" "+ref.Version), 80)})
	}
	out.Evidence = map[string]string{}
	out.Rows = rd.each(f, KnownVersion(v), []string{colMet, colAnswer, colFiles}, func(id string, a answered) {
		out.Answers = append(out.Answers, attestation.Answer{Requirement: id, Status: a.status, Statement: a.statement})
		if oneLine(a.evidence) != "" {
			out.Evidence[id] = a.evidence
		}
	})
	return out, nil
}

var digest = regexp.MustCompile(`\b[0-9a-f]{64}\b`)

// joinedParts is how many pieces between semicolons are tried as one name.
const joinedParts = 20

// Files finds among the uploaded files those that the evidence cell of a
// requirement names, by SHA-256 or by name: one a line, or separated by
// semicolons. A digest goes before the name beside it, and a name that holds a
// semicolon is one name. What is not among the files comes back in unknown.
func (r AnswerReading) Files(requirement string, uploaded []attestation.EvidenceRef) (found []attestation.EvidenceRef, unknown []string) {
	by := map[string]int{}
	for i, e := range slices.Backward(uploaded) { // of the same name, the first
		by[oneLine(e.Name)], by[evidenceLine(e)] = i, i
	}
	for i, e := range uploaded {
		by[e.Digest.SHA256] = i
	}
	taken := map[int]bool{}
	// take takes the file that the text is for, and tells whether there is one.
	take := func(text string) bool {
		i, ok := by[text]
		if ok && text != "" && !taken[i] {
			taken[i] = true
			found = append(found, uploaded[i])
		}
		return ok && text != ""
	}
	for line := range strings.SplitSeq(r.Evidence[requirement], "\n") {
		parts := strings.Split(line, ";")
		for len(parts) > 0 {
			n := min(len(parts), joinedParts)
			for n > 1 && !take(oneLine(strings.Join(parts[:n], ";"))) {
				n--
			}
			if n == 1 {
				// A file can have a digest for its name, and another digest beside it.
				text := oneLine(parts[0])
				ok := take(text)
				for _, d := range digest.FindAllString(strings.ToLower(text), -1) {
					if !ok {
						text, ok = d, take(d)
					}
				}
				if text != "" && !ok {
					unknown = append(unknown, text)
				}
			}
			parts = parts[n:]
		}
	}
	return found, unknown
}
