package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/evidence"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

const bundleType = signing.MediaType

// door is a server with two suppliers, and a statement one of them can sign.
type door struct {
	*walk
	server         *running
	selling, other string
	offering       string
	otherOffering  string
	statement      []byte
}

func newDoor(t *testing.T, store []string) *door {
	t.Helper()
	server := serve(t, append([]string{"--quiet"}, store...)...)
	w := &walk{t: t, dir: t.TempDir(), store: store, base: server.base}
	d := &door{walk: w, server: server, selling: w.token(seller, "supplier"), other: w.token(otherSeller, "supplier")}
	d.offering = w.register(d.selling, seller, "Prøve AS (oppdiktet)", "supplier.key")
	d.otherOffering = w.register(d.other, otherSeller, "Naboen AS (oppdiktet)", "other.key")
	d.statement = d.prepare(d.selling, d.offering)
	return d
}

// prepare has the server write a statement with every requirement met.
func (d *door) prepare(token, offering string) []byte {
	d.t.Helper()
	return want(d.t, http.StatusOK, http.MethodPost, d.base+"/api/v1/attestations/prepare", token, "", map[string]any{
		"offering": offering, "set": setRef, "answers": allMet(d.walk),
	}, nil).body
}

// allMet answers every requirement of the set.
func allMet(w *walk) []attestation.Answer {
	w.t.Helper()
	var v struct {
		Requirements []struct {
			ID string `json:"id"`
		} `json:"requirements"`
	}
	want(w.t, http.StatusOK, http.MethodGet, w.base+"/api/v1/requirement-sets/skytjenester/versions/2.0.0", "", "", nil, &v)
	var out []attestation.Answer
	for _, r := range v.Requirements {
		out = append(out, attestation.Answer{Requirement: r.ID, Status: attestation.Met, Statement: "Oppfylt i dagens leveranse."})
	}
	return out
}

// sign signs bytes with a key file of the test.
func (d *door) sign(keyFile string, payload []byte) []byte {
	d.t.Helper()
	key, err := signing.ParsePrivateKey(d.read(keyFile))
	if err != nil {
		d.t.Fatal(err)
	}
	b, err := signing.SignBundle(d.t.Context(), key, payload)
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

// edit changes a statement as JSON.
func (d *door) edit(change func(st map[string]any)) []byte {
	d.t.Helper()
	var st map[string]any
	if err := json.Unmarshal(d.statement, &st); err != nil {
		d.t.Fatal(err)
	}
	change(st)
	out, err := json.Marshal(st)
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

// editBundle changes a signed bundle as JSON.
func (d *door) editBundle(change func(b, envelope map[string]any)) []byte {
	d.t.Helper()
	var b map[string]any
	if err := json.Unmarshal(d.sign("supplier.key", d.statement), &b); err != nil {
		d.t.Fatal(err)
	}
	change(b, b["dsseEnvelope"].(map[string]any))
	out, err := json.Marshal(b)
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

func predicate(st map[string]any) map[string]any { return st["predicate"].(map[string]any) }

// TestDoor hands in what must not get in. Each is refused with its own reason,
// and nothing is stored or logged.
func TestDoor(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		d := newDoor(t, store)
		must(t, 0, d.dir, nil, "key", "generate", "-o", "stranger.key")
		strange := strings.Repeat("ab", 32)
		cases := []struct {
			name   string
			token  string
			body   []byte
			status int
			kind   string
		}{
			{"tampered payload", d.selling, d.editBundle(func(_, e map[string]any) {
				e["payload"] = base64.StdEncoding.EncodeToString(bytes.Replace(d.statement, []byte("dagens"), []byte("morgendagens"), 1))
			}), 422, "signature.wrong"},
			{"tampered signature", d.selling, d.editBundle(func(_, e map[string]any) {
				e["signatures"].([]any)[0].(map[string]any)["sig"] = base64.StdEncoding.EncodeToString([]byte("not a signature"))
			}), 422, "signature.wrong"},
			{"key nobody enrolled", d.selling, d.sign("stranger.key", d.statement), 422, "signature.unknown-key"},
			{"another supplier's key", d.selling, d.sign("other.key", d.statement), 422, "signature.unknown-key"},
			{"another supplier's token", d.other, d.sign("supplier.key", d.statement), 403, "access.other-organisation"},
			{"no token", "", d.sign("supplier.key", d.statement), 401, "access.login"},
			{"a buyer's token", d.token(buyer, "procurement"), d.sign("supplier.key", d.statement), 403, "access.denied"},
			{"another supplier's offering", d.selling, d.sign("supplier.key", d.prepare(d.other, d.otherOffering)), 403, "access.other-organisation"},
			{"another supplier in the statement", d.selling, d.sign("supplier.key", d.edit(func(st map[string]any) {
				predicate(st)["supplier"].(map[string]any)["id"] = "0192:" + otherSeller
			})), 422, "statement.supplier"},
			{"unknown offering", d.selling, d.sign("supplier.key", bytes.ReplaceAll(d.statement, []byte(d.offering), []byte("01a20000-0000-7000-8000-000000000000"))), 404, "offering.not-found"},
			{"statement v0.1", d.selling, d.sign("supplier.key", d.edit(func(st map[string]any) { st["_type"] = "https://in-toto.io/Statement/v0.1" })), 422, "statement.type"},
			{"unknown predicate", d.selling, d.sign("supplier.key", d.edit(func(st map[string]any) { st["predicateType"] = "https://slsa.dev/provenance/v1" })), 422, "statement.predicate"},
			{"unknown field", d.selling, d.sign("supplier.key", d.edit(func(st map[string]any) { predicate(st)["extra"] = 1 })), 422, "statement.json"},
			{"two subjects", d.selling, d.sign("supplier.key", d.edit(func(st map[string]any) {
				st["subject"] = append(st["subject"].([]any), st["subject"].([]any)[0])
			})), 422, "statement.subject"},
			{"descriptor of yesterday", d.selling, d.sign("supplier.key", d.edit(func(st map[string]any) {
				st["subject"].([]any)[0].(map[string]any)["digest"] = map[string]any{"sha256": strange}
			})), 422, "statement.descriptor"},
			{"set digest not published", d.selling, d.sign("supplier.key", d.edit(func(st map[string]any) {
				predicate(st)["requirementSet"].(map[string]any)["digest"] = map[string]any{"sha256": strange}
			})), 422, "statement.set"},
			{"set version not published", d.selling, d.sign("supplier.key", d.edit(func(st map[string]any) {
				predicate(st)["requirementSet"].(map[string]any)["version"] = "9.9.9"
			})), 422, "statement.set"},
			{"evidence not uploaded", d.selling, d.sign("supplier.key", d.edit(func(st map[string]any) {
				predicate(st)["answers"].([]any)[0].(map[string]any)["evidence"] = []any{map[string]any{"name": "x", "digest": map[string]any{"sha256": strange}}}
			})), 422, "statement.evidence"},
			{"unknown answer", d.selling, d.sign("supplier.key", d.edit(func(st map[string]any) {
				predicate(st)["answers"].([]any)[0].(map[string]any)["status"] = "maybe"
			})), 422, "statement.invalid"},
			{"valid for ten years", d.selling, d.sign("supplier.key", d.edit(func(st map[string]any) {
				predicate(st)["validUntil"] = time.Now().AddDate(10, 0, 0).UTC().Format(time.RFC3339)
			})), 422, "statement.invalid"},
			{"supersedes nothing we know", d.selling, d.sign("supplier.key", d.edit(func(st map[string]any) {
				predicate(st)["supersedes"] = map[string]any{"digest": map[string]any{"sha256": strange}}
			})), 422, "statement.supersedes"},
			{"two signatures", d.selling, d.editBundle(func(_, e map[string]any) {
				e["signatures"] = append(e["signatures"].([]any), e["signatures"].([]any)[0])
			}), 422, "bundle.signatures"},
			{"no signature", d.selling, d.editBundle(func(_, e map[string]any) { e["signatures"] = []any{} }), 422, "bundle.signatures"},
			{"other payload type", d.selling, d.editBundle(func(_, e map[string]any) { e["payloadType"] = "text/plain" }), 422, "bundle.payload-type"},
			{"older bundle version", d.selling, d.editBundle(func(b, _ map[string]any) {
				b["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1"
			}), 422, "bundle.media-type"},
			{"certificate", d.selling, d.editBundle(func(b, _ map[string]any) {
				b["verificationMaterial"] = map[string]any{"certificate": map[string]any{"rawBytes": "AAAA"}}
			}), 422, "certificate.malformed"},
			{"not JSON", d.selling, []byte("PK\x03\x04"), 400, "request.malformed"},
			{"too large", d.selling, append(d.sign("supplier.key", d.statement), bytes.Repeat([]byte(" "), 2<<20)...), 413, "request.too-large"},
		}
		before := do(t, http.MethodGet, d.base+"/log/checkpoint", "", "", nil).body
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				a := do(t, http.MethodPost, d.base+"/api/v1/attestations", c.token, bundleType, c.body)
				if a.status != c.status || a.problemType() != c.kind {
					t.Errorf("answered %d %s, want %d %s\n%s", a.status, a.problemType(), c.status, c.kind, a.body)
				}
				if ct := a.header.Get("Content-Type"); !strings.HasPrefix(ct, "application/problem+json") {
					t.Errorf("the answer is %s", ct)
				}
			})
		}
		if after := do(t, http.MethodGet, d.base+"/log/checkpoint", "", "", nil).body; !bytes.Equal(before, after) {
			t.Errorf("the log changed:\n%s\n%s", before, after)
		}
		for _, offering := range []string{d.offering, d.otherOffering} {
			if st := d.status(offering); st.Overall != "missing" || len(st.History) != 0 {
				t.Errorf("something was stored: %s is %s with %d declarations", offering, st.Overall, len(st.History))
			}
		}
		// What was refused above gets in once it is as it should be.
		bundle := d.sign("supplier.key", d.statement)
		want(t, http.StatusCreated, http.MethodPost, d.base+"/api/v1/attestations", d.selling, bundleType, bundle, nil)
		want(t, http.StatusOK, http.MethodPost, d.base+"/api/v1/attestations", d.selling, bundleType, bundle, nil)
		d.revoked()
	})
}

// revoked shows that a key signs nothing more once it is revoked, and that
// what it signed before stands.
func (d *door) revoked() {
	t := d.t
	t.Helper()
	next := d.prepare(d.selling, d.offering)
	var keys struct {
		Items []supplier.Key `json:"items"`
	}
	want(t, http.StatusOK, http.MethodGet, d.base+"/api/v1/suppliers/"+seller+"/keys", "", "", nil, &keys)
	if len(keys.Items) != 1 {
		t.Fatalf("there are %d keys", len(keys.Items))
	}
	want(t, http.StatusOK, http.MethodPost, d.base+"/api/v1/suppliers/"+seller+"/keys/"+keys.Items[0].ID+"/revocation", d.selling, "", map[string]string{"reason": "replaced"}, nil)
	a := do(t, http.MethodPost, d.base+"/api/v1/attestations", d.selling, bundleType, d.sign("supplier.key", next))
	if a.status != 422 || a.problemType() != "signature.key-revoked" {
		t.Errorf("a revoked key: %d %s", a.status, a.body)
	}
	if st := d.status(d.offering); st.Overall != "valid" {
		t.Errorf("what was signed before the key was revoked is %s", st.Overall)
	}
}

// TestUploads hands in evidence that must not get in, and shows that what is
// restricted stays so.
func TestUploads(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		d := newDoor(t, store)
		up := func(query string) string { return d.base + "/api/v1/evidence?" + query }
		octets := "application/octet-stream"
		cases := []struct {
			name, query string
			body        []byte
			status      int
			kind        string
		}{
			{"empty", "name=a.txt&kind=policy", []byte{}, 400, "request.no-body"},
			{"program", "name=a.txt&kind=policy", []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00>\x00"), 415, "evidence.type"},
			{"wrong ending", "name=a.pdf&kind=policy", []byte("plain text\n"), 415, "evidence.ending"},
			{"other digest", "name=a.txt&kind=policy&sha256=" + strings.Repeat("ab", 32), []byte("plain text\n"), 422, "evidence.digest"},
			{"unknown kind", "name=a.txt&kind=gossip", []byte("plain text\n"), 422, "invalid.fields"},
			{"path as name", "name=..%2Fa.txt&kind=policy", []byte("plain text\n"), 422, "invalid.fields"},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				a := do(t, http.MethodPost, up(c.query), d.selling, octets, c.body)
				if a.status != c.status || a.problemType() != c.kind {
					t.Errorf("answered %d %s, want %d %s\n%s", a.status, a.problemType(), c.status, c.kind, a.body)
				}
			})
		}
		var list struct {
			Items []evidence.Evidence `json:"items"`
		}
		want(t, http.StatusOK, http.MethodGet, d.base+"/api/v1/suppliers/"+seller+"/evidence", d.selling, "", nil, &list)
		if len(list.Items) != 0 {
			t.Errorf("%d pieces of evidence were stored", len(list.Items))
		}
		// What agencies may read is read by them and the owner, and by nobody else.
		body := []byte("Bare for virksomheter.\n")
		var e evidence.Evidence
		want(t, http.StatusCreated, http.MethodPost, up("name=a.txt&kind=policy&visibility=agencies"), d.selling, octets, body, &e)
		for _, r := range []struct {
			token  string
			status int
		}{{"", 404}, {d.other, 404}, {d.selling, 200}, {d.token(buyer, "adviser"), 200}} {
			a := do(t, http.MethodGet, d.base+"/api/v1/evidence/"+e.SHA256, r.token, "", nil)
			if a.status != r.status || a.status == 200 && !bytes.Equal(a.body, body) {
				t.Errorf("download: %d, want %d", a.status, r.status)
			}
		}
	})
}
