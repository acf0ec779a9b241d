package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/workbook"
)

// readWorkbook reads an uploaded workbook whole: a zip file is read from its
// end.
func readWorkbook(c *gin.Context) (upload, []byte, error) {
	up, err := readUpload(c, "workbook")
	if err != nil {
		return up, nil, err
	}
	b, err := readBytes(up)
	return up, b, tooLarge(err)
}

// reportRows tells what was not read as it stood. Empty rows and rows that
// were read are left out.
func reportRows(t *locale.Texts, rows []workbook.RowReport) []reportRow {
	var out []reportRow
	for _, r := range rows {
		if r.Outcome == workbook.OutcomeEmpty || r.Outcome == workbook.OutcomeRead && r.Key == workbook.RowRead {
			continue
		}
		out = append(out, reportRow{
			Where: r.Path(), Requirement: r.Requirement, Text: t.T(r.Key, map[string]any(r.Args)),
			Refused: r.Obstacle(),
		})
	}
	return out
}

type responsePage struct {
	Base
	Procurement procurement.Procurement
	Bidder      procurement.Bidder
	Saved       bool
	Read        int
	Report      []reportRow
}

// responseUpload reads a bidder's filled workbook: all of it or nothing.
func (w *Web) responseUpload(c *gin.Context) error {
	ctx, actor, t := c.Request.Context(), w.actor(c), w.texts(c)
	tender, err := w.Procurements.Tender(ctx, actor, c.Param("id"))
	if err != nil {
		return err
	}
	if err := access.Check(actor, access.WriteProcurement, string(tender.Procurement.Agency)); err != nil {
		return err
	}
	up, file, err := readWorkbook(c)
	var reading workbook.Reading
	if err == nil {
		reading, err = w.reader.Tender(bytes.NewReader(file), int64(len(file)), workbook.KnownLines(tender.Lines))
	}
	if err != nil {
		if mendable(err) {
			return w.showProcurement(c, err)
		}
		return err
	}
	number := organisation.Number(up.fields.Get("supplier"))
	i := slices.IndexFunc(tender.Procurement.Bidders, func(b procurement.Bidder) bool { return b.Supplier == number })
	if i < 0 {
		return w.showProcurement(c, problem.New(problem.Invalid, "response.bidder", problem.Args{"Number": number.Grouped()}))
	}
	if err := reading.From(tender.Procurement.ID, number); err != nil {
		return w.showProcurement(c, err)
	}
	reading.Against(tender.Declared(number), t)
	p := responsePage{Base: w.base(c, "procurements"), Procurement: tender.Procurement, Bidder: tender.Procurement.Bidders[i], Report: reportRows(t, reading.Rows), Read: len(reading.Answers)}
	p.Here = "/procurements/" + tender.Procurement.ID
	code := http.StatusOK
	if len(reading.Refused()) > 0 {
		code = http.StatusUnprocessableEntity
	} else {
		sum := sha256.Sum256(file)
		_, err := w.Procurements.AddResponse(ctx, actor, tender.Procurement.ID, procurement.Response{Supplier: number, SHA256: hex.EncodeToString(sum[:]), Answers: reading.Answers})
		if err != nil {
			if mendable(err) {
				return w.showProcurement(c, err)
			}
			return err
		}
		p.Saved = true
	}
	return w.show(c, code, "procurement-response", p)
}

// answersWorkbook sends the sheet a supplier can answer in, with the answers
// it already has.
func (w *Web) answersWorkbook(c *gin.Context) error {
	a, err := w.answering(c)
	if err != nil {
		return err
	}
	d, err := w.started(c, a)
	if err != nil {
		return err
	}
	t := w.texts(c)
	var out bytes.Buffer
	if err := workbook.WriteAnswerSheet(&out, a.version, t, d.list(a.version)); err != nil {
		return fmt.Errorf("write answer sheet: %w", err)
	}
	return sendWorkbook(c, t.T("page.answers.file")+" "+a.version.Name.In(t.Lang)+" "+a.version.Version, workbook.XLSX, &out)
}

// answersUpload takes an uploaded answer sheet into the draft. Rows that could
// not be read are told about, and the rest is kept: nothing is declared yet.
func (w *Web) answersUpload(c *gin.Context) error {
	a, err := w.answering(c)
	if err != nil {
		return err
	}
	_, file, err := readWorkbook(c)
	var reading workbook.AnswerReading
	if err == nil {
		reading, err = w.reader.Answers(bytes.NewReader(file), int64(len(file)), func(ref workbook.SetRef) (catalogue.Version, bool) {
			return a.version, ref.ID == "" || ref.ID == a.version.Set && ref.Version == a.version.Version
		})
	}
	var report []reportRow
	if err == nil {
		report, err = w.keepReading(c, a, reading)
	}
	if err != nil && !mendable(err) {
		return err
	}
	d, readErr := w.started(c, a)
	if readErr != nil {
		return readErr
	}
	if err == nil {
		d.prefilled, d.report, d.read = "page.answers.read", report, len(reading.Answers)
	}
	return w.showAnswers(c, a, d, err)
}

// keepReading saves what was read from an answer sheet, with the uploaded files
// that it names, and reports what could not be taken as it stood.
func (w *Web) keepReading(c *gin.Context, a answering, reading workbook.AnswerReading) ([]reportRow, error) {
	ctx, t := c.Request.Context(), w.texts(c)
	files, err := w.Evidence.Of(ctx, w.actor(c), a.offering.Supplier)
	if err != nil {
		return nil, err
	}
	uploaded := make([]attestation.EvidenceRef, len(files))
	for i, f := range files {
		uploaded[i] = attestation.EvidenceRef{Name: f.Name, Digest: attestation.DigestSet{SHA256: f.SHA256}}
	}
	report := reportRows(t, reading.Rows)
	var in answerdraft.Sheet
	for _, answer := range reading.Answers {
		var unknown []string
		answer.Evidence, unknown = reading.Files(answer.Requirement, uploaded)
		for _, name := range unknown {
			report = append(report, reportRow{Requirement: answer.Requirement, Text: t.T("page.answers.no-evidence", "Name", name)})
		}
		in.Changes = append(in.Changes, answerdraft.Change{Answer: answer})
	}
	_, _, err = w.Answering.Save(ctx, w.actor(c), a.ref(), in)
	return report, err
}
