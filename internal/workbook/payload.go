package workbook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"
)

// hiddenSheet is the name of the sheet programs read; it is very hidden, so
// that people do not meet it.
const hiddenSheet = "_felleskrav"

// The kinds of workbook and the version of the hidden sheet's format. Format 1
// had one table; it is still read.
const (
	kindTender       = "tender"
	kindAnswers      = "answers"
	payloadFormat    = 2
	payloadFormatOne = 1
)

// payloadChunk is how many bytes of the payload one cell holds, below the
// limit of a cell.
const payloadChunk = 32000

// payload is what the hidden sheet holds, as JSON: where everything stands
// and what the official texts were, so that a changed one can be named. It is
// a help for reading and no proof: whoever can edit the file can edit this.
// The proof is the seal beside it.
type payload struct {
	Format      int             `json:"format"`
	Kind        string          `json:"kind"`
	Language    string          `json:"language"`
	Procurement string          `json:"procurement,omitempty"`
	GeneratedAt time.Time       `json:"generatedAt"`
	BaseURL     string          `json:"baseUrl,omitempty"`
	LogOrigin   string          `json:"logOrigin,omitempty"`
	Checkpoint  string          `json:"checkpoint,omitempty"`
	Bidder      string          `json:"bidder,omitempty"`
	Sets        []SetRef        `json:"sets"`
	Tables      []payloadTable  `json:"tables"`
	Rows        []payloadRow    `json:"rows"`
	Statuses    []payloadStatus `json:"statuses,omitempty"`
}

// payloadTable is where one table of requirements stood: the sheet, the row of
// its header and its columns by role, from 1.
type payloadTable struct {
	Sheet   string         `json:"sheet"`
	Header  int            `json:"header"`
	Columns map[string]int `json:"columns"`
}

// SetRef names a set version by id, version and digest.
type SetRef struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Digest  string `json:"digest"`
}

// payloadRow is one requirement: where it stood and what stood there. Text
// and Documentation are fingerprints of the cells.
type payloadRow struct {
	ID string `json:"id"`
	// Sheet is that of one of the tables.
	Sheet string `json:"sheet"`
	Row   int    `json:"row"`
	// Number is the number in the procurement, such as "1.2.3".
	Number        string `json:"number,omitempty"`
	Kind          string `json:"kind,omitempty"`
	Type          string `json:"type,omitempty"`
	Weight        int    `json:"weight,omitempty"`
	Text          string `json:"text"`
	Documentation string `json:"documentation"`
}

// payloadStatus is what was known about one bidder and set.
type payloadStatus struct {
	Supplier   string    `json:"supplier"`
	Offering   string    `json:"offering"`
	Set        string    `json:"set"`
	Overall    string    `json:"overall"`
	Digest     string    `json:"digest,omitempty"`
	KeyID      string    `json:"keyId,omitempty"`
	LogIndex   int64     `json:"logIndex"`
	DeclaredAt time.Time `json:"declaredAt,omitzero"`
	ValidUntil time.Time `json:"validUntil,omitzero"`
}

// parsePayload reads a payload of any format that was ever written; ok is
// false when it is none.
func parsePayload(data []byte) (_ *payload, ok bool) {
	var in struct {
		payload
		payloadTable // where format 1 has its only table
	}
	if json.Unmarshal(data, &in) != nil {
		return nil, false
	}
	p := in.payload
	switch p.Format {
	case payloadFormat:
	case payloadFormatOne:
		p.Tables = []payloadTable{in.payloadTable}
		for i := range p.Rows {
			p.Rows[i].Sheet = in.payloadTable.Sheet
		}
	default:
		return nil, false
	}
	return &p, true
}

// table is the table that stood on a sheet.
func (p *payload) table(sheet string) (payloadTable, bool) {
	for _, t := range p.Tables {
		if t.Sheet == sheet {
			return t, true
		}
	}
	return payloadTable{}, false
}

func (d *tenderBook) newPayload() *payload {
	p := &payload{
		Format: payloadFormat, Kind: kindTender, Language: d.t.Lang, Procurement: d.Procurement.ID, GeneratedAt: d.GeneratedAt.UTC(),
		BaseURL: d.BaseURL, LogOrigin: d.LogOrigin, Checkpoint: d.Checkpoint,
	}
	for _, v := range d.Versions {
		p.Sets = append(p.Sets, SetRef{v.Set, v.Version, v.Digest})
	}
	note := func(b Prefill) {
		for _, s := range b.Statuses {
			x := payloadStatus{Supplier: string(b.Bidder.Supplier), Offering: s.Offering, Set: s.Set + "@" + s.SetVersion, Overall: string(s.Overall)}
			if dec := s.Declaration; dec != nil {
				x.Digest, x.KeyID, x.LogIndex = dec.Digest, dec.KeyID, dec.LogIndex
				x.DeclaredAt, x.ValidUntil = dec.DeclaredAt.UTC(), dec.ValidUntil.UTC()
			}
			p.Statuses = append(p.Statuses, x)
		}
	}
	switch {
	case d.Prefill != nil:
		p.Bidder = string(d.Prefill.Bidder.Supplier)
		note(*d.Prefill)
	case !d.BidderCopy:
		for _, b := range d.Comparison.Bidders {
			note(Prefill{b.Bidder, b.Statuses})
		}
	}
	return p
}

// writePayload adds the hidden sheet: names in the first column, values in
// the second, the payload in as many rows as it needs at the end.
func (b *book) writePayload(p *payload) {
	data, err := json.Marshal(p)
	b.fail("encode payload", err)
	z := b.sealer
	b.sealer = nil // the hidden sheet itself is not sealed
	s := b.sheet(hiddenSheet, page{tab: "FFFFFF", widths: []float64{24, 80}})
	b.hide(hiddenSheet)
	put := func(name, value string) { s.put(0, text(b.st.internal, name), text(b.st.internal, value)) }
	sum := sha256.Sum256(data)
	put("felleskrav", p.Kind)
	put("format", strconv.Itoa(p.Format))
	put("language", p.Language)
	put("procurement", p.Procurement)
	for _, set := range p.Sets {
		put("set", set.ID+"@"+set.Version+" sha256:"+set.Digest)
	}
	put("payload-sha256", hex.EncodeToString(sum[:]))
	// The payload is cut between runes: json.Marshal gives valid UTF-8.
	for len(data) > 0 {
		n := min(len(data), payloadChunk)
		for n < len(data) && data[n]&0xc0 == 0x80 {
			n--
		}
		put("payload", string(data[:n]))
		data = data[n:]
	}
	if z != nil && b.err == nil {
		b.fail("seal workbook", z.write(put, hex.EncodeToString(sum[:])))
	}
	s.close()
}
