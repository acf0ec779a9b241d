package workbook

import (
	"felleskrav/internal/catalogue"
	"felleskrav/internal/procurement"
)

// The columns of the requirement table, by role. The header text of a column
// is the text "workbook.column." and its role; readers find columns by these
// texts in any language, or else by the hidden map.
const (
	colNumber      = string(procurement.ColumnNumber)
	colID          = string(procurement.ColumnID)
	colTheme       = string(procurement.ColumnTheme)
	colRequirement = string(procurement.ColumnRequirement)
	colType        = string(procurement.ColumnType)
	colDocument    = string(procurement.ColumnDocumentation)
	colWeight      = string(procurement.ColumnWeight)
	colMet         = string(procurement.ColumnMet)
	colAnswer      = string(procurement.ColumnAnswer)
	colEvidence    = string(procurement.ColumnEvidence)
	colDeviation   = string(procurement.ColumnDeviation)
	// colKind stood in files of the first format, which had one sheet.
	colKind = "kind"
)

type column struct {
	role  string
	width float64
	input bool
}

// tenderColumns has every column of a tender workbook.
var tenderColumns = map[procurement.Column]column{
	procurement.ColumnNumber:        {colNumber, 9, false},
	procurement.ColumnID:            {colID, 20.5, false},
	procurement.ColumnTheme:         {colTheme, 18, false},
	procurement.ColumnRequirement:   {colRequirement, 48, false},
	procurement.ColumnType:          {colType, 7, false},
	procurement.ColumnDocumentation: {colDocument, 34, false},
	procurement.ColumnWeight:        {colWeight, 9, false},
	procurement.ColumnMet:           {colMet, 20, true},
	procurement.ColumnAnswer:        {colAnswer, 40, true},
	procurement.ColumnEvidence:      {colEvidence, 20, true},
	procurement.ColumnDeviation:     {colDeviation, 21, true},
}

// narrowest is the least width of a table: that of the texts above it, and
// what a page in landscape takes without making letters larger than elsewhere.
const narrowest = 190.0

// layout gives the columns of a procurement's tables. When some are left out,
// those with long texts share what a page has room for.
func layout(chosen []procurement.Column) []column {
	out := make([]column, 0, len(chosen))
	total, long := 0.0, 0.0
	for _, c := range chosen {
		col, ok := tenderColumns[c]
		if !ok {
			continue
		}
		out = append(out, col)
		total += col.width
		if c == procurement.ColumnRequirement || c == procurement.ColumnAnswer {
			long += col.width
		}
	}
	for i := range out {
		if role := out[i].role; total < narrowest && (role == colRequirement || role == colAnswer) {
			out[i].width *= 1 + (narrowest-total)/long
		}
	}
	return out
}

func columnMap(cols []column) map[string]int {
	out := map[string]int{}
	for i, c := range cols {
		out[c.role] = i + 1
	}
	return out
}

// keyColumns is how many columns tell which requirement a row is about and so
// stay in view: those before the id and the id itself, unless it stands far out.
func keyColumns(cols []column) int {
	for i, c := range cols[:min(len(cols), 3)] {
		if c.role == colID {
			return i + 1
		}
	}
	return 1
}

// tableNames are the ASCII names the tables have in every language. The named
// ranges of their columns are the table's name and the column's: Krav_svar.
var tableNames = map[catalogue.Kind]string{
	catalogue.KindRequirement: "Krav", catalogue.KindQualification: "Kvalifikasjonskrav", catalogue.KindContractTerm: "Kontraktsvilkaar",
}

var rangeNames = map[string]string{
	colNumber: "nr", colID: "id", colTheme: "tema", colRequirement: "tekst", colType: "type", colDocument: "dokumentasjon", colWeight: "vekt",
	colMet: "oppfylt", colAnswer: "svar", colEvidence: "vedlegg", colDeviation: "avvik",
}
