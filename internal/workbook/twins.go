package workbook

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/procurement"
)

// Format is a form a tender can be written in.
type Format string

// The formats. CSV and JSON hold the tables of requirements, for programs;
// only .xlsx has the other sheets and is read back.
const (
	XLSX Format = "xlsx"
	CSV  Format = "csv"
	JSON Format = "json"
)

// MediaType is what a file of the format is sent as.
func (f Format) MediaType() string {
	switch f {
	case CSV:
		return "text/csv; charset=utf-8"
	case JSON:
		return "application/json"
	}
	return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
}

// WriteTenderAs writes a tender in a format: as [WriteTender] does, or its
// requirements as CSV or JSON. Those have the columns the buyer chose and no
// others, and the answers of [Tender.Prefill].
func WriteTenderAs(w io.Writer, tender Tender, f Format) error {
	switch f {
	case CSV:
		return newTenderBook(&book{t: tender.Texts}, tender).csv(w)
	case JSON:
		return newTenderBook(&book{t: tender.Texts}, tender).json(w)
	}
	return WriteTender(w, tender)
}

// csv writes one table with all kinds of requirement: the kind first, then the
// tables' columns, with the texts the workbook's cells have.
func (d *tenderBook) csv(w io.Writer) error {
	head := []string{d.t.T("workbook.column.kind")}
	for _, c := range d.columns {
		head = append(head, d.t.T("workbook.column."+c.role))
	}
	rows, filled := [][]string{head}, d.prefilled()
	for i := range d.Lines {
		l := &d.Lines[i]
		row := []string{d.names.word("kind." + string(l.Requirement.Kind))}
		for _, c := range d.columns {
			row = append(row, cellText(d.cell(c.role, l, d.documentation(&l.Requirement), filled[l.Requirement.ID])))
		}
		rows = append(rows, row)
	}
	if err := WriteCSV(w, ';', rows); err != nil {
		return fmt.Errorf("write tender as CSV: %w", err)
	}
	return nil
}

// cellText is the text of a cell.
func cellText(c excelize.Cell) string {
	switch v := c.Value.(type) {
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case []excelize.RichTextRun:
		var out strings.Builder
		for _, run := range v {
			out.WriteString(run.Text)
		}
		return out.String()
	}
	return ""
}

// Document is a tender as JSON. Texts are in one language.
type Document struct {
	Language    string              `json:"language"`
	GeneratedAt time.Time           `json:"generatedAt"`
	Service     string              `json:"service,omitempty"`
	Procurement DocumentProcurement `json:"procurement"`
	// Bidder is there when its declared answers are filled in.
	Bidder       *DocumentParty        `json:"bidder,omitempty"`
	Sets         []DocumentSet         `json:"sets"`
	Levels       []DocumentLevel       `json:"levels"`
	Columns      []procurement.Column  `json:"columns"`
	Requirements []DocumentRequirement `json:"requirements"`
}

// DocumentProcurement is what the tender says about the competition.
type DocumentProcurement struct {
	ID             string                    `json:"id"`
	Title          string                    `json:"title"`
	Reference      string                    `json:"reference,omitempty"`
	Agency         DocumentParty             `json:"agency"`
	Deadline       *time.Time                `json:"deadline,omitempty"`
	DeliveryModels []catalogue.DeliveryModel `json:"deliveryModels"`
}

// DocumentParty is an organisation.
type DocumentParty struct {
	Number string `json:"number"`
	Name   string `json:"name,omitempty"`
}

// DocumentSet is a set version the requirements come from.
type DocumentSet struct {
	SetRef
	URI  string `json:"uri"`
	Name string `json:"name"`
}

// DocumentLevel is the level of one dimension, 1 to 4.
type DocumentLevel struct {
	Dimension catalogue.Dimension `json:"dimension"`
	Level     catalogue.Level     `json:"level"`
}

// DocumentRequirement is one line of the tender. Type, weight and
// documentation are there when the buyer's tables have their columns.
type DocumentRequirement struct {
	Number        string                 `json:"number"`
	ID            string                 `json:"id"`
	Kind          catalogue.Kind         `json:"kind"`
	Theme         DocumentTheme          `json:"theme"`
	Title         string                 `json:"title"`
	Text          string                 `json:"text"`
	Type          string                 `json:"type,omitempty"`
	Weight        int                    `json:"weight,omitempty"`
	Documentation *DocumentDocumentation `json:"documentation,omitempty"`
	Measures      []string               `json:"measures,omitempty"`
	Answer        *DocumentAnswer        `json:"answer,omitempty"`
}

// DocumentTheme groups requirements.
type DocumentTheme struct {
	Number string `json:"number"`
	ID     string `json:"id"`
	Name   string `json:"name"`
}

// DocumentDocumentation says what shows that a requirement is met.
type DocumentDocumentation struct {
	Accepted     string                   `json:"accepted,omitempty"`
	Kinds        []catalogue.EvidenceKind `json:"kinds,omitempty"`
	Verification string                   `json:"verification,omitempty"`
}

// DocumentAnswer is what the bidder has declared.
type DocumentAnswer struct {
	Status    attestation.AnswerStatus `json:"status"`
	Statement string                   `json:"statement,omitempty"`
	Evidence  string                   `json:"evidence,omitempty"`
}

func (d *tenderBook) json(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d.document()); err != nil {
		return fmt.Errorf("write tender as JSON: %w", err)
	}
	return nil
}

func (d *tenderBook) document() Document {
	p := d.Procurement
	out := Document{
		Language: d.t.Lang, GeneratedAt: d.GeneratedAt.UTC(), Service: d.BaseURL,
		Procurement: DocumentProcurement{
			ID: p.ID, Title: p.Title, Reference: p.Reference, Deadline: p.Deadline, DeliveryModels: p.Input.DeliveryModels,
			Agency: DocumentParty{string(p.Agency), d.AgencyName},
		},
		Sets: []DocumentSet{}, Levels: []DocumentLevel{}, Columns: p.Layout(), Requirements: []DocumentRequirement{},
	}
	if out.Procurement.DeliveryModels == nil {
		out.Procurement.DeliveryModels = []catalogue.DeliveryModel{}
	}
	if d.Prefill != nil {
		out.Bidder = &DocumentParty{string(d.Prefill.Bidder.Supplier), d.Prefill.Bidder.Name}
	}
	for _, v := range d.Versions {
		out.Sets = append(out.Sets, DocumentSet{SetRef{v.Set, v.Version, v.Digest}, v.URI, v.Name.In(d.t.Lang)})
	}
	for _, l := range d.Selection.Levels {
		out.Levels = append(out.Levels, DocumentLevel{l.Dimension, l.Level})
	}
	filled := d.prefilled()
	for i := range d.Lines {
		out.Requirements = append(out.Requirements, d.documentRequirement(&d.Lines[i], filled))
	}
	return out
}

func (d *tenderBook) documentRequirement(l *procurement.Line, filled map[string]prefilled) DocumentRequirement {
	r := &l.Requirement
	out := DocumentRequirement{
		Number: l.Number, ID: r.ID, Kind: r.Kind, Theme: DocumentTheme{themeNumber(l.Number), r.Theme, l.ThemeName.In(d.t.Lang)},
		Title: r.Title.In(d.t.Lang), Text: r.Text.In(d.t.Lang), Measures: r.Measures,
	}
	if d.has(colType) {
		out.Type = l.Type
	}
	if d.has(colWeight) {
		out.Weight = l.Weight
	}
	if d.has(colDocument) {
		out.Documentation = &DocumentDocumentation{d.documentation(r), r.Evidence, r.Verify.In(d.t.Lang)}
	}
	if f, ok := filled[r.ID]; ok {
		out.Answer = &DocumentAnswer{Status: f.answer, Statement: f.statement}
		if d.has(colEvidence) {
			out.Answer.Evidence = f.evidence
		}
	}
	return out
}
