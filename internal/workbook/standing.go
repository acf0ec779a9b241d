package workbook

import (
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

// standing writes the sheet with what each bidder has declared, set by set.
func (d *tenderBook) standing() {
	st := d.st
	type col struct {
		key   string
		width float64
	}
	cols := []col{
		{"supplier", 26}, {"number", 15}, {"offering", 22}, {"set", 18}, {"status", 22}, {"met", 12}, {"declared", 14}, {"until", 14},
		{"signer", 28}, {"index", 10}, {"weakest", 25}, {"digest", 42},
	}
	at := d.t.T("workbook.standing.at", "Time", d.t.DateTime(d.GeneratedAt))
	if d.contractEnds() {
		cols = slices.Insert(cols, lastsColumn, col{"lasts", 22})
		at += "  ·  " + d.t.T("workbook.standing.contract", "Day", d.t.Date(d.Comparison.ContractEnd.Time()))
	}
	widths := make([]float64, len(cols))
	head := make([]excelize.Cell, len(cols))
	for i, c := range cols {
		widths[i] = c.width
		head[i] = text(st.header, d.t.T("workbook.standing."+c.key))
	}
	s := d.sheet(d.t.T("workbook.sheet.standing"), page{landscape: true, tab: "14532D", widths: widths, frozenRows: 4, frozenCols: 1, protect: true, footer: d.footer()})
	s.put(30, text(st.title, d.t.T("workbook.standing.title")))
	s.put(16, text(st.subtitle, at))
	if d.Prefill == nil {
		s.put(20, text(st.warning, d.t.T("workbook.internal")))
	} else {
		s.put(20, text(st.notice, d.t.T("workbook.standing.notice")))
	}
	s.put(32, head...)

	rows := 0
	if d.Prefill != nil {
		rows += d.standings(s, d.Prefill.Bidder, d.Prefill.Statuses, nil)
	} else {
		for _, b := range d.Comparison.Bidders {
			rows += d.standings(s, b.Bidder, b.Statuses, b.Coverage)
		}
	}
	if rows == 0 {
		s.put(0, text(st.notice, d.t.T("workbook.no-bidders")))
	} else if d.err == nil {
		d.fail("add filter", d.f.AutoFilter(s.name, area(4, s.row, len(cols)), nil))
	}
	s.close()
}

// lastsColumn is where it stands, from 0, whether a declaration lasts as long
// as the contract: after its end. The column is there when the contract has an
// end, and not in what is sent to bidders.
const lastsColumn = 8

func (d *tenderBook) contractEnds() bool { return d.Prefill == nil && d.Comparison.ContractEnd != "" }

func (d *tenderBook) standings(s *sheet, bidder procurement.Bidder, statuses []status.Status, lasts []procurement.Coverage) int {
	if len(statuses) == 0 {
		statuses = []status.Status{{Overall: status.Missing}}
	}
	for i, x := range statuses {
		cells := d.standingRow(bidder, x)
		if d.contractEnds() && i < len(lasts) {
			cells = slices.Insert(cells, lastsColumn, d.lasts(lasts[i]))
		}
		s.put(0, cells...)
	}
	return len(statuses)
}

// lasts writes whether a declaration lasts as long as the contract, and how
// many days it lacks.
func (d *tenderBook) lasts(c procurement.Coverage) excelize.Cell {
	look := map[procurement.Lasts]look{
		procurement.LastsOut: {toneGood, "✓"}, procurement.LastsShort: {toneWarn, "!"}, procurement.LastsNot: {toneNone, "○"},
	}[c.Lasts]
	return text(d.st.toneLeft[look.tone], look.symbol+" "+d.t.T("lasts."+string(c.Lasts), "Count", c.MissingDays))
}

func (d *tenderBook) standingRow(bidder procurement.Bidder, x status.Status) []excelize.Cell {
	st := d.st
	look := statusLooks[x.Overall]
	set := ""
	if x.Set != "" {
		set = d.setName(x.Set) + " " + x.SetVersion
	}
	cells := []excelize.Cell{
		text(st.strong, oneLine(bidder.Name)), text(st.cell, bidder.Supplier.Grouped()), text(st.cell, oneLine(x.OfferingName)), text(st.cell, set),
		text(st.toneLeft[look.tone], look.symbol+" "+d.t.T("status."+string(x.Overall))),
	}
	if x.Declaration == nil {
		for range 5 {
			cells = append(cells, text(st.cell, ""))
		}
		return append(cells, text(st.cell, d.weakest(x)), text(st.cell, ""))
	}
	dec := x.Declaration
	digest := "sha256 " + dec.Digest
	if dec.SetVersion != x.SetVersion {
		digest = d.t.T("workbook.standing.for-version", "Version", dec.SetVersion) + "\n" + digest
	}
	return append(cells,
		text(st.cell, d.t.T("workbook.standing.met-of", "Met", x.Counts.Met, "Total", x.Counts.Total())),
		text(st.cell, d.t.Date(dec.DeclaredAt)), text(st.cell, d.t.Date(dec.ValidUntil)),
		noted(st.cell, oneLine(x.SupplierName), d.t.T("workbook.standing.key", "Key", short(dec.KeyID))),
		count(st.number, int(dec.LogIndex)), text(st.cell, d.weakest(x)), text(st.cell, digest))
}

func (d *tenderBook) setName(id string) string {
	for _, v := range d.Versions {
		if v.Set == id {
			return v.Name.In(d.t.Lang)
		}
	}
	return id
}

// weakest names the weakest link of the chain with its status.
func (d *tenderBook) weakest(x status.Status) string {
	if x.Weakest == nil {
		if len(x.Chain) == 0 {
			return d.t.T("workbook.standing.no-chain")
		}
		return d.t.T("workbook.standing.chain-fine")
	}
	path := x.Weakest.Path
	if len(path) == 0 {
		path = []string{x.Weakest.Name}
	}
	look := statusLooks[x.Weakest.Overall]
	return oneLine(strings.Join(path, " → ")) + "\n" + look.symbol + " " + d.t.T("status."+string(x.Weakest.Overall))
}

// short gives the beginning of a key id or digest, enough to tell it by.
func short(id string) string {
	if len(id) > 16 {
		return id[:16] + "…"
	}
	return id
}
