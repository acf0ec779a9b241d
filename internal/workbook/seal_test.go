package workbook

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/signing"
	"felleskrav/internal/status"
	"felleskrav/internal/transparency"
)

// notary is a service that seals workbooks: its log, its key, and the keys of
// suppliers.
type notary struct {
	t         testing.TB
	signer    *transparency.Signer
	leaves    [][]byte
	hashes    stored
	verifier  *attestation.Verifier
	suppliers crypto.Signer
}

// stored are a log's hashes in the order that tlog keeps them.
type stored []tlog.Hash

func (s stored) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		out[i] = s[n]
	}
	return out, nil
}

func newNotary(t testing.TB) *notary {
	t.Helper()
	key, err := transparency.GenerateSignerKey("felleskrav.example")
	must(t, err)
	n := &notary{t: t, suppliers: testKey(t)}
	n.signer, err = transparency.ParseSigner(key)
	must(t, err)
	n.verifier = attestation.NewVerifier(n.signer.Name(), testKey(t))
	return n
}

// add logs a leaf and gives its place.
func (n *notary) add(leaf []byte) int64 {
	n.t.Helper()
	at := int64(len(n.leaves))
	more, err := tlog.StoredHashes(at, leaf, n.hashes)
	must(n.t, err)
	n.hashes, n.leaves = append(n.hashes, more...), append(n.leaves, leaf)
	return at
}

// prove proves that a leaf is in the log as it is now.
func (n *notary) prove(at int64) attestation.LogProof {
	n.t.Helper()
	size := int64(len(n.leaves))
	root, err := tlog.TreeHash(size, n.hashes)
	must(n.t, err)
	hashes, err := tlog.ProveRecord(size, at, n.hashes)
	must(n.t, err)
	checkpoint, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", n.signer.Name(), size, root)}, n.signer)
	must(n.t, err)
	p := attestation.LogProof{
		Origin: n.signer.Name(), Key: n.signer.VerifierKey(), Index: at, LoggedAt: testNow, TreeSize: size, RootHash: root[:], Checkpoint: string(checkpoint), Body: n.leaves[at],
	}
	for _, h := range hashes {
		p.Hashes = append(p.Hashes, bytes.Clone(h[:]))
	}
	return p
}

func testKey(t testing.TB) crypto.Signer {
	t.Helper()
	k, err := signing.GenerateKey(signing.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// trust is what the notary's workbooks are verified with.
func (n *notary) trust(tender Tender) Trust {
	n.t.Helper()
	k, err := n.verifier.PublicKey()
	if err != nil {
		n.t.Fatal(err)
	}
	c := testCatalogue()
	c.Releases = tender.Versions
	return Trust{Log: n.signer.Verifier(), Service: &k, Catalogue: c}
}

// declare signs and logs what a status says was declared, and puts the digest
// and place into it. The declaration beside it is what was proved.
func (n *notary) declare(s *status.Status, v catalogue.Version) attestation.Proved {
	n.t.Helper()
	d := attestation.Declaration{
		Supplier:       attestation.Party{ID: "0192:" + string(s.Supplier), Name: s.SupplierName},
		RequirementSet: attestation.SetRef{URI: v.URI, Version: s.Declaration.SetVersion, Digest: attestation.DigestSet{SHA256: v.Digest}},
		DeclaredAt:     s.Declaration.DeclaredAt.Format(time.RFC3339), ValidUntil: s.Declaration.ValidUntil.Format(time.RFC3339),
	}
	for _, r := range s.Requirements {
		d.Answers = append(d.Answers, attestation.Answer{Requirement: r.Requirement, Status: r.Answer, Statement: r.Statement})
	}
	payload, err := attestation.Encode(attestation.DeclarationType, attestation.Subject{Name: "urn:felleskrav:service:" + s.Offering, Digest: attestation.DigestSet{SHA256: v.Digest}}, d)
	if err != nil {
		n.t.Fatal(err)
	}
	raw, err := signing.SignBundle(n.t.Context(), n.suppliers, payload)
	if err != nil {
		n.t.Fatal(err)
	}
	b, err := signing.ParseBundle(raw)
	if err != nil {
		n.t.Fatal(err)
	}
	key, err := signing.PublicOf(n.suppliers)
	if err != nil {
		n.t.Fatal(err)
	}
	leaf, err := signing.LeafBody(b, key)
	if err != nil {
		n.t.Fatal(err)
	}
	digest := signing.Digest(payload)
	s.Declaration.Digest, s.Declaration.LogIndex = digest, n.add(leaf)
	return attestation.Proved{Digest: digest, Bundle: raw}
}

// seal declares everything for real and has the tender sealed.
func (n *notary) seal(tender Tender) Tender {
	n.t.Helper()
	var proved []attestation.Proved
	for _, b := range tender.Comparison.Bidders {
		for i := range b.Statuses {
			if b.Statuses[i].Declaration != nil {
				proved = append(proved, n.declare(&b.Statuses[i], tender.Versions[0]))
			}
		}
	}
	s, err := NewSeal(n.t.Context(), tender, n.verifier, func(_ context.Context, digests []string) ([]attestation.Proved, error) {
		for i := range proved { // when all are there, as when a workbook is made
			proved[i].Log = n.prove(int64(i))
		}
		if len(digests) != len(proved) {
			return nil, fmt.Errorf("asked for %d proofs of %d", len(digests), len(proved))
		}
		return proved, nil
	})
	must(n.t, err)
	tender.Seal, tender.LogOrigin, tender.Checkpoint = s, n.signer.Name(), ""
	return tender
}

// sealed makes the buyer's workbook and a copy with the first bidder's answers.
func sealed(t testing.TB, lang string, requirements int) (buyer, copy []byte, trust Trust) {
	t.Helper()
	n := newNotary(t)
	tender := n.seal(withBidders(testTender(t, lang, requirements)))
	buyer = writeTender(t, tender)
	b := tender.Comparison.Bidders[0]
	tender.Prefill = &Prefill{b.Bidder, b.Statuses}
	return buyer, writeTender(t, tender), n.trust(tender)
}

func verify(t testing.TB, data []byte, trust Trust) Verification {
	t.Helper()
	v, err := testReader(t).Verify(bytes.NewReader(data), int64(len(data)), trust)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// told writes what was found and what does not hold, for comparing and for
// people to read when a test fails.
func told(v Verification) []string {
	var out []string
	for _, c := range v.Checks {
		if c.Result != Holds {
			out = append(out, fmt.Sprintf("%s %s %s", c.Name, c.Result, c.Key))
		}
	}
	for _, f := range v.Findings {
		if f.Class != ClassFilled {
			out = append(out, string(f.Class)+" "+f.Path())
		}
	}
	return out
}

// hiddenPart gives what a written workbook has in its hidden sheet.
func hiddenPart(t testing.TB, data []byte, name string) string {
	t.Helper()
	parts, err := readHidden(openBook(t, data), 20_000)
	if err != nil {
		t.Fatal(err)
	}
	return parts[name]
}

// setPart replaces what a hidden part holds.
func setPart(t testing.TB, f *excelize.File, name, value string) {
	t.Helper()
	rows, err := f.GetRows(hiddenSheet)
	if err != nil {
		t.Fatal(err)
	}
	pieces := []string{""}
	if value != "" {
		pieces = chunks([]byte(value))
	}
	for i, r := range rows {
		if len(r) > 0 && r[0] == name {
			piece := ""
			if len(pieces) > 0 {
				piece, pieces = pieces[0], pieces[1:]
			}
			set(t, f, hiddenSheet, at(2, i+1), piece)
		}
	}
	for i, piece := range pieces {
		set(t, f, hiddenSheet, at(1, len(rows)+1+i), name)
		set(t, f, hiddenSheet, at(2, len(rows)+1+i), piece)
	}
}

// Every cell of every sheet is in the seal, and those that a bidder may fill
// in are those that are not locked.
func TestSealHasEveryCell(t *testing.T) {
	buyer, forBidder, _ := sealed(t, "nn", 12)
	for name, data := range map[string][]byte{"buyer's": buyer, "bidder's": forBidder} {
		s, err := parseSeal([]byte(hiddenPart(t, data, partSeal)))
		if err != nil {
			t.Fatal(err)
		}
		f := openBook(t, data)
		cells, open := 0, 0
		for _, sheet := range f.GetSheetList() {
			if sheet == hiddenSheet {
				continue
			}
			sealed := map[string]int{}
			for _, sh := range s.Sheets {
				if sh.Name == sheet {
					for _, r := range sh.Rows {
						for c, n := range r.Cells {
							sealed[at(c+1, r.Row)] = n
						}
					}
				}
			}
			rows, err := f.GetRows(sheet)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range rows {
				for c, now := range r {
					n, there := sealed[at(c+1, i+1)]
					if now != "" && (!there || n == 0 || n == -1) {
						t.Errorf("%s: the seal does not have %s!%s %q", name, sheet, at(c+1, i+1), now)
					}
					if !there {
						continue
					}
					cells++
					id, err := f.GetCellStyle(sheet, at(c+1, i+1))
					if err != nil {
						t.Fatal(err)
					}
					st, err := f.GetStyle(id)
					if err != nil {
						t.Fatal(err)
					}
					if unlocked := st.Protection != nil && !st.Protection.Locked; unlocked != (n < 0) {
						t.Errorf("%s: %s!%s is open %v, and sealed as %d", name, sheet, at(c+1, i+1), unlocked, n)
					} else if unlocked {
						open++
					}
				}
			}
		}
		if cells < 250 || name == "bidder's" && open < 24 {
			t.Errorf("%s: only %d cells, %d of them open", name, cells, open)
		}
	}
}

// Without a seal nothing is added, and the bundles stop at the limit.
func TestSealIsBounded(t *testing.T) {
	n := newNotary(t)
	tender := n.seal(withBidders(testTender(t, "nb", 4)))
	pad, err := json.Marshal(string(bytes.Repeat([]byte("x"), maxBundles/2)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range tender.Seal.Declarations {
		tender.Seal.Declarations[i].Bundle = pad
	}
	s, err := parseSeal([]byte(hiddenPart(t, writeTender(t, tender), partSeal)))
	if err != nil {
		t.Fatal(err)
	}
	carried := 0
	for _, d := range s.Declarations {
		if d.Bundle {
			carried++
		}
	}
	if carried != 1 || len(s.Declarations) != 3 {
		t.Errorf("%d bundles of %d are carried", carried, len(s.Declarations))
	}
	tender.Seal = nil
	if got := hiddenPart(t, writeTender(t, tender), partSeal); got != "" {
		t.Error("a seal that nobody asked for")
	}
}

func TestChunksKeepEverything(t *testing.T) {
	data := bytes.Repeat([]byte(`{"a":"æ = = ø ==","b":"  "},`), 9000)
	var back []byte
	for _, c := range chunks(data) {
		if len(c) > payloadChunk || c[0] == '=' || c[0] == ' ' || c[len(c)-1] == ' ' || clean(c) != c {
			t.Errorf("a chunk of %d bytes from %q to %q", len(c), c[:5], c[len(c)-5:])
		}
		back = append(back, c...)
	}
	if !bytes.Equal(back, data) {
		t.Error("the pieces are not the whole")
	}
}
