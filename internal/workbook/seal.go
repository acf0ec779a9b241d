package workbook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"felleskrav/internal/attestation"
	"felleskrav/internal/status"
)

// The format of the seal, and the names of its parts in the hidden sheet. A
// bundle's name is followed by the digest of the declaration.
const (
	sealFormat    = 1
	partSeal      = "seal"
	partSealSum   = "seal-sha256"
	partSignature = "signature"
	partBundle    = "bundle "
)

// maxBundles is how many bytes of signed declarations a workbook carries at
// most; those beyond it are left out, and the seal says so.
const maxBundles = 5 << 20

// Seal makes a workbook one that [Reader.Verify] can check later, offline.
type Seal struct {
	// Sign signs for the service that the seal with this SHA-256 (hex) is its
	// own, and gives a Sigstore bundle as [attestation.Verifier.SignWorkbook]
	// does.
	Sign func(digest string) ([]byte, error)
	// Declarations are those that the workbook refers to.
	Declarations []attestation.Proved
}

// NewSeal prepares the seal of a tender workbook. prove proves declarations, as
// [attestation.Service.Prove] does. Without a verifier there is no seal.
func NewSeal(ctx context.Context, t Tender, v *attestation.Verifier, prove func(ctx context.Context, digests []string) ([]attestation.Proved, error)) (*Seal, error) {
	if v == nil {
		return nil, nil //nolint:nilnil // none is what a service without a key has
	}
	var digests []string
	for _, s := range t.statuses() {
		if s.Declaration != nil && !slices.Contains(digests, s.Declaration.Digest) {
			digests = append(digests, s.Declaration.Digest)
		}
	}
	out := &Seal{Sign: func(digest string) ([]byte, error) {
		return v.SignWorkbook(ctx, "urn:felleskrav:workbook:"+t.Procurement.ID, digest, t.GeneratedAt)
	}}
	var err error
	if len(digests) > 0 {
		if out.Declarations, err = prove(ctx, digests); err != nil {
			return nil, fmt.Errorf("prove declarations: %w", err)
		}
	}
	return out, nil
}

// statuses are those that the workbook shows.
func (t Tender) statuses() []status.Status {
	var out []status.Status
	switch {
	case t.Prefill != nil:
		return t.Prefill.Statuses
	case !t.BidderCopy:
		for _, b := range t.Comparison.Bidders {
			out = append(out, b.Statuses...)
		}
	}
	return out
}

// seal is what the service says a workbook held when it made it: every cell,
// and the declarations that statuses and answers rest on. Its digest is what
// the service signs.
type seal struct {
	Format      int       `json:"format"`
	Kind        string    `json:"kind"`
	Language    string    `json:"language"`
	Procurement string    `json:"procurement,omitempty"`
	GeneratedAt time.Time `json:"generatedAt"`
	BaseURL     string    `json:"baseUrl,omitempty"`
	LogOrigin   string    `json:"logOrigin,omitempty"`
	Sets        []SetRef  `json:"sets"`
	// Map is the SHA-256 (hex) of the hidden sheet's row map.
	Map string `json:"map"`
	// Bidder is whose answers are filled in, in a copy for one bidder.
	Bidder string `json:"bidder,omitempty"`
	// Bidders are those compared, as they are named in the comparison.
	Bidders []sealBidder `json:"bidders,omitempty"`
	// Texts are the different contents of cells: ":" and a text with white space
	// folded, "#" and the digest of a long one (see cellDigest), or a number.
	Texts        []any             `json:"texts"`
	Sheets       []sealSheet       `json:"sheets"`
	Declarations []sealDeclaration `json:"declarations,omitempty"`
	// Checkpoints are those that proofs lead to.
	Checkpoints []string `json:"checkpoints,omitempty"`
}

type sealBidder struct {
	Supplier string `json:"supplier"`
	Name     string `json:"name"`
}

type sealSheet struct {
	Name string `json:"name"`
	// Header is the number of the row with the headings of columns; 0 for none.
	Header int       `json:"header,omitempty"`
	Rows   []sealRow `json:"rows"`
}

// sealRow is a row with content: its number, and its cells from column A. A
// cell is the place of its text in Texts, from 1; 0 is empty. A cell that
// others fill in is -1 when empty, and else -1 minus the place of what was
// filled in beforehand.
type sealRow struct {
	Row   int   `json:"r"`
	Cells []int `json:"c"`
}

// sealDeclaration is a declaration with its place in the log.
type sealDeclaration struct {
	// Digest is the SHA-256 of the signed statement, in hex.
	Digest   string    `json:"digest"`
	Supplier string    `json:"supplier"`
	Offering string    `json:"offering"`
	Set      string    `json:"set"`
	Index    int64     `json:"index"`
	LoggedAt time.Time `json:"loggedAt,omitzero"`
	TreeSize int64     `json:"treeSize"`
	RootHash []byte    `json:"rootHash"`
	Hashes   [][]byte  `json:"hashes"`
	// Checkpoint is a place in Checkpoints, from 0.
	Checkpoint int    `json:"checkpoint"`
	Body       []byte `json:"body"`
	// Relied tells that answers in the workbook are from it.
	Relied bool `json:"relied,omitempty"`
	// Bundle tells that the hidden sheet has what the supplier signed.
	Bundle bool `json:"bundle,omitempty"`
}

// verbatim is the longest text, in bytes, that the seal holds as it is; of
// longer ones it holds a digest. What it holds can be told when it has changed.
const verbatim = 120

// cellDigest is the first 128 bits of the SHA-256 of a text with white space
// folded, in base64.
func cellDigest(folded string) string {
	sum := sha256.Sum256([]byte(folded))
	return "#" + base64.RawStdEncoding.EncodeToString(sum[:16])
}

// sealer notes what is written into every cell while a workbook is made.
type sealer struct {
	doc     seal
	seal    *Seal
	open    []int             // the styles of cells that others fill in
	seen    map[string]int    // places in Texts, by the text as it is written
	forms   map[string]int    // and by its form in Texts
	bundles map[string][]byte // what suppliers signed, by digest
}

func newSealer(s *Seal, st styles) *sealer {
	return &sealer{
		seal: s, open: []int{st.input, st.inputCenter}, doc: seal{Format: sealFormat},
		seen: map[string]int{"": 0}, forms: map[string]int{}, bundles: map[string][]byte{},
	}
}

// row notes a row of a sheet that is being written.
func (z *sealer) row(name string, number int, cells []excelize.Cell) {
	if n := len(z.doc.Sheets); n == 0 || z.doc.Sheets[n-1].Name != name {
		z.doc.Sheets = append(z.doc.Sheets, sealSheet{Name: name})
	}
	out, content := make([]int, len(cells)), false
	for i, c := range cells {
		n := z.place(c.Value)
		if slices.Contains(z.open, c.StyleID) {
			n = -1 - n
		}
		out[i] = n
		content = content || n != 0
	}
	if content {
		s := &z.doc.Sheets[len(z.doc.Sheets)-1]
		s.Rows = append(s.Rows, sealRow{number, out})
	}
}

// header notes which row of the sheet just written has the headings.
func (z *sealer) header(name string, row int) {
	if n := len(z.doc.Sheets); n > 0 && z.doc.Sheets[n-1].Name == name {
		z.doc.Sheets[n-1].Header = row
	}
}

// place gives the place of a cell's content in Texts.
func (z *sealer) place(value any) int {
	var s string
	switch v := value.(type) {
	case nil:
		return 0
	case string:
		s = v
	case []excelize.RichTextRun:
		var b strings.Builder
		for _, run := range v {
			b.WriteString(run.Text)
		}
		s = b.String()
	case int:
		form := "\x00" + strconv.Itoa(v)
		return z.add(form, form, v)
	default:
		panic(fmt.Sprintf("workbook: a cell with %T", value)) // only our own values come here
	}
	if n, ok := z.seen[s]; ok {
		return n
	}
	folded := foldSpace(s)
	switch {
	case folded == "":
		return 0
	case len(folded) <= verbatim:
		return z.add(s, ":"+folded, ":"+folded)
	}
	d := cellDigest(folded)
	return z.add(s, d, d)
}

func (z *sealer) add(raw, form string, entry any) int {
	if n, ok := z.seen[raw]; ok {
		return n
	}
	n, ok := z.forms[form]
	if !ok {
		z.doc.Texts = append(z.doc.Texts, entry)
		n = len(z.doc.Texts)
		z.forms[form] = n
	}
	z.seen[raw] = n
	return n
}

// describe says in the seal what the tender is and what it rests on.
func (z *sealer) describe(d *tenderBook) {
	doc := &z.doc
	doc.Kind, doc.Language, doc.Procurement, doc.GeneratedAt = kindTender, d.t.Lang, d.Procurement.ID, d.GeneratedAt.UTC()
	doc.BaseURL, doc.LogOrigin = d.BaseURL, d.LogOrigin
	for _, v := range d.Versions {
		doc.Sets = append(doc.Sets, SetRef{v.Set, v.Version, v.Digest})
	}
	switch {
	case d.Prefill != nil:
		doc.Bidder = string(d.Prefill.Bidder.Supplier)
	case !d.BidderCopy:
		for _, b := range d.Comparison.Bidders {
			doc.Bidders = append(doc.Bidders, sealBidder{string(b.Bidder.Supplier), oneLine(b.Bidder.Name)})
		}
	}
	proved := map[string]attestation.Proved{}
	for _, p := range z.seal.Declarations {
		proved[p.Digest] = p
	}
	size := 0
	for _, s := range d.statuses() {
		if s.Declaration == nil {
			continue
		}
		p, ok := proved[s.Declaration.Digest]
		if !ok || slices.ContainsFunc(doc.Declarations, func(x sealDeclaration) bool { return x.Digest == p.Digest }) {
			continue
		}
		x := sealDeclaration{
			Digest: p.Digest, Supplier: string(s.Supplier), Offering: s.Offering, Set: s.Set + "@" + s.Declaration.SetVersion,
			Index: p.Log.Index, LoggedAt: p.Log.LoggedAt.UTC(), TreeSize: p.Log.TreeSize, RootHash: p.Log.RootHash, Hashes: p.Log.Hashes, Body: p.Log.Body,
			Checkpoint: z.checkpoint(p.Log.Checkpoint), Relied: relied(s),
		}
		if bundle, ok := compactJSON(p.Bundle); ok && x.Relied && size+len(bundle) <= maxBundles {
			size += len(bundle)
			x.Bundle, z.bundles[p.Digest] = true, bundle
		}
		doc.Declarations = append(doc.Declarations, x)
	}
}

func (z *sealer) checkpoint(c string) int {
	i := slices.Index(z.doc.Checkpoints, c)
	if i < 0 {
		i = len(z.doc.Checkpoints)
		z.doc.Checkpoints = append(z.doc.Checkpoints, c)
	}
	return i
}

// write puts the seal, its signature and the bundles into the hidden sheet.
// rowMap is the digest of what the sheet holds already.
func (z *sealer) write(put func(name, value string), rowMap string) error {
	z.doc.Map = rowMap
	data, err := json.Marshal(z.doc)
	if err != nil {
		return fmt.Errorf("write seal: %w", err)
	}
	sum := sha256.Sum256(data)
	digest := hex.EncodeToString(sum[:])
	signature, err := z.seal.Sign(digest)
	if err != nil {
		return fmt.Errorf("sign workbook: %w", err)
	}
	put(partSealSum, digest)
	keep := func(name string, data []byte) {
		for _, chunk := range chunks(data) {
			put(name, chunk)
		}
	}
	keep(partSeal, data)
	keep(partSignature, signature)
	for _, d := range z.doc.Declarations {
		if d.Bundle {
			keep(partBundle+d.Digest, z.bundles[d.Digest])
		}
	}
	return nil
}

// compactJSON drops white space between values; ok is false for what is not
// JSON, and what cells would not keep as it is.
func compactJSON(data []byte) (_ []byte, ok bool) {
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		return nil, false
	}
	for _, chunk := range chunks(b.Bytes()) {
		if clean(chunk) != chunk {
			return nil, false
		}
	}
	return b.Bytes(), true
}

// chunks cuts JSON into pieces that fit in cells. No piece begins or ends with
// white space, which some programs drop, or begins with a sign that may make
// it a formula.
func chunks(data []byte) []string {
	var out []string
	for len(data) > 0 {
		n := min(len(data), payloadChunk)
		for n < len(data) && n > payloadChunk/2 && (data[n]&0xc0 == 0x80 || strings.IndexByte(" =+-@", data[n]) >= 0 || data[n-1] == ' ') {
			n--
		}
		out = append(out, string(data[:n]))
		data = data[n:]
	}
	return out
}
