package api

import (
	"strings"
	"testing"

	"felleskrav/internal/transparency"
)

// TestLog reads the log as somebody outside does.
func TestLog(t *testing.T) {
	h := newHouse(t)
	offering, key := h.supplierWith(ours)
	digest := h.declare(ours, offering, "grunnsett", key)
	var receipt Receipt
	h.want(200, "", "GET", "/api/v1/attestations/"+digest+"/receipt", nil).into(t, &receipt)

	verifier, err := transparency.NewVerifier(strings.TrimSpace(string(h.want(200, "", "GET", "/log/key", nil).body)))
	if err != nil {
		t.Fatal(err)
	}
	note := h.want(200, "", "GET", "/log/checkpoint", nil)
	cp, err := transparency.ParseCheckpoint(verifier, note.body)
	if err != nil {
		t.Fatal(err)
	}
	if cp.Size != receipt.Log.TreeSize || !strings.Contains(note.header.Get("Cache-Control"), "no-cache") {
		t.Errorf("checkpoint of %d, receipt of %d, kept as %s", cp.Size, receipt.Log.TreeSize, note.header.Get("Cache-Control"))
	}
	page := transparency.TilePath{Level: transparency.EntriesLevel, Width: int(cp.Size)}
	entries := h.want(200, "", "GET", "/log/"+page.String(), nil)
	bodies, err := transparency.ParseEntryBundle(entries.body)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(bodies)) != cp.Size || string(bodies[receipt.Log.Index]) != string(receipt.Log.Body) {
		t.Error("the logged leaf is not the receipt's")
	}
	hashes := h.want(200, "", "GET", "/log/"+transparency.TilePath{Width: int(cp.Size)}.String(), nil)
	if len(hashes.body) != 32*int(cp.Size) {
		t.Errorf("tile of %d bytes for %d entries", len(hashes.body), cp.Size)
	}
	for _, r := range []reply{entries, hashes} {
		if r.header.Get("Content-Type") != "application/octet-stream" || !strings.Contains(r.header.Get("Cache-Control"), "immutable") || r.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("tile sent as %v", r.header)
		}
	}
	if root := h.want(200, "", "GET", "/log/trusted_root.json", nil); !strings.Contains(string(root.body), "trustedroot") {
		t.Errorf("trusted root: %s", root.body)
	}
	h.api.TrustedRoot = nil
	if r := h.want(404, "", "GET", "/log/trusted_root.json", nil); r.key() != "log.no-trusted-root" {
		t.Errorf("without a root: %s", r.body)
	}
}

// TestWitnessedCheckpoint has the log cosigned, and grown since.
func TestWitnessedCheckpoint(t *testing.T) {
	h := newHouse(t)
	if r := h.want(404, "", "GET", "/log/checkpoint/witnessed", nil); r.key() != "log.not-witnessed" {
		t.Errorf("without witnesses: %s", r.body)
	}
	offering, key := h.supplierWith(ours)
	h.declare(ours, offering, "grunnsett", key)
	before := h.want(200, "", "GET", "/log/checkpoint", nil).body
	line := "— witness.example AAAAAAAAAAAA\n"
	if err := h.api.Log.(*transparency.Log).AddCosignatures(t.Context(), before, []string{line}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/log/checkpoint", "/log/checkpoint/witnessed"} {
		if r := h.want(200, "", "GET", path, nil); string(r.body) != string(before)+line || r.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %s", path, r.body)
		}
	}
	other, otherKey := h.supplierWith(theirs)
	h.declare(theirs, other, "grunnsett", otherKey)
	if r := h.want(200, "", "GET", "/log/checkpoint", nil); strings.Contains(string(r.body), line) {
		t.Errorf("a newer tree is served with older cosignatures: %s", r.body)
	}
	if r := h.want(200, "", "GET", "/log/checkpoint/witnessed", nil); string(r.body) != string(before)+line {
		t.Errorf("the cosigned one is gone: %s", r.body)
	}
}
