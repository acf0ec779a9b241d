package attestation_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
)

// seeds are a good statement and what has been written wrongly in one.
func seeds(f *testing.F, good []byte) {
	f.Helper()
	f.Add(good)
	for _, e := range [][2]string{
		{`"predicateType"`, `"predicate_type"`},
		{`"_type"`, `"_type":null,"_type"`},
		{`in-toto.io/Statement/v1`, `in-toto.io/Statement/v0.1`},
		{`"subject":[`, `"subject":[null,`},
		{`"answers":[`, `"answers":[null,`},
		{`"answers":[`, `"subSuppliers":null,"answers":[`},
		{`"status":"met"`, `"status":"not-met"`},
		{`"status":"met"`, `"st\u0061tus":"met"`},
		{`"status":"met"`, `"status":"met","evidence":[{"name":"a","digest":{"sha256":"` + strings.Repeat("ab", 32) + `"},"mediaType":"text/plain","uri":"https://example.no/a"}]`},
		{`"declaredAt":"2026-11-23T12:00:00Z"`, `"declaredAt":"2026-11-23T12:00:00.123456789+01:00"`},
		{`"declaredAt":"2026-11-23T12:00:00Z"`, `"declaredAt":"2026-11-23T9:00:00,5+24:00"`},
		{`"validUntil":"2027-11-23T12:00:00Z"`, `"validUntil":"9999-12-31T23:59:59-23:59"`},
	} {
		if !bytes.Contains(good, []byte(e[0])) {
			f.Fatalf("%q is not in the statement", e[0])
		}
		f.Add(bytes.Replace(good, []byte(e[0]), []byte(e[1]), 1))
	}
	f.Add([]byte("{}"))
	f.Add([]byte("null"))
}

// FuzzDecode holds that what is read as a declaration has no names but ours,
// each once, and says the same when it is written anew.
func FuzzDecode(f *testing.F) {
	digest := attestation.DigestSet{SHA256: strings.Repeat("ab", 32)}
	good, err := attestation.Encode(attestation.DeclarationType, attestation.Subject{Name: "urn:felleskrav:service:x", Digest: digest}, attestation.Declaration{
		Supplier: attestation.Party{ID: ours.ID(), Name: "Vår Sky AS"}, RequirementSet: attestation.SetRef{URI: "urn:x", Version: "1.0.0", Digest: digest},
		DeclaredAt: "2026-11-23T12:00:00Z", ValidUntil: "2027-11-23T12:00:00Z", SubSuppliers: []attestation.SubSupplier{{Name: "Rom AS", Country: "NO", Purpose: "drift"}},
		Answers:    []attestation.Answer{{Requirement: "K-1", Status: attestation.Met, Evidence: []attestation.EvidenceRef{{Name: "a.pdf", Digest: digest}}}},
		Supersedes: &attestation.Superseded{Digest: digest},
	})
	if err != nil {
		f.Fatal(err)
	}
	seeds(f, good)
	f.Fuzz(func(t *testing.T, payload []byte) {
		st, err := attestation.Decode[attestation.Declaration](payload, attestation.DeclarationType)
		if err != nil {
			if problem.KindOf(err) != problem.Refused {
				t.Fatalf("a statement of others is a fault of ours: %v", err)
			}
			return
		}
		names(t, payload)
		written, err := attestation.Encode(attestation.DeclarationType, st.Subject[0], st.Predicate)
		if err != nil {
			t.Fatalf("read, but cannot be written: %v", err)
		}
		again, err := attestation.Decode[attestation.Declaration](written, attestation.DeclarationType)
		if err != nil {
			t.Fatalf("written anew it is refused: %v\n%s", err, written)
		}
		if twice, err := attestation.Encode(attestation.DeclarationType, again.Subject[0], again.Predicate); err != nil || !bytes.Equal(twice, written) {
			t.Fatalf("written twice it differs: %v\n%s\n%s", err, written, twice)
		}
		// null and nothing are the same list.
		if a, b := mustJSON(t, st), mustJSON(t, again); !bytes.Equal(a, b) && !strings.Contains(string(a), "null") {
			t.Fatalf("read anew it says something else:\n%s", cmp.Diff(string(a), string(b)))
		}
	})
}

// known are the names that a declaration may have, by the name above them.
var known = map[string][]string{
	"": {"_type", "subject", "predicateType", "predicate"}, "subject": {"name", "digest"}, "digest": {"sha256"},
	"predicate": {"supplier", "requirementSet", "declaredAt", "validUntil", "subSuppliers", "answers", "supersedes"},
	"supplier":  {"id", "name"}, "requirementSet": {"uri", "version", "digest"}, "subSuppliers": {"id", "name", "country", "purpose"},
	"answers": {"requirement", "status", "statement", "evidence"}, "evidence": {"name", "digest", "mediaType", "uri"}, "supersedes": {"digest"},
}

// names fails unless another parser finds no names but the known ones, each
// once in its object.
func names(t *testing.T, payload []byte) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(payload))
	var value func(above string)
	value = func(above string) {
		token, err := dec.Token()
		if err != nil {
			t.Fatalf("another parser refuses it: %v", err)
		}
		switch token {
		case json.Delim('{'):
			seen := map[string]bool{}
			for dec.More() {
				name, err := dec.Token()
				text, ok := name.(string)
				if err != nil || !ok {
					t.Fatalf("another parser refuses it: %v", err)
				}
				if seen[text] || !slices.Contains(known[above], text) {
					t.Fatalf("%q stands below %q, or stands twice", text, above)
				}
				seen[text] = true
				value(text)
			}
			_, err = dec.Token()
		case json.Delim('['):
			for dec.More() {
				value(above)
			}
			_, err = dec.Token()
		}
		if err != nil {
			t.Fatalf("another parser refuses it: %v", err)
		}
	}
	value("")
}

// FuzzSubmit holds that whatever a supplier signs is refused with a reason, or
// is a declaration that holds, and then stands as it was sent.
func FuzzSubmit(f *testing.F) {
	h := newHouse(f, nil)
	d := h.draft("grunnsett")
	d.Answers = d.Answers[:2] // short ones are changed in more places
	good := h.prepare(d)
	seeds(f, good)
	f.Add(good[:len(good)-1])
	f.Add(append(slices.Clone(good), '\n'))
	if _, _, err := h.service.Submit(f.Context(), as(ours), sign(f, h.key, good)); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		bundle, err := signing.SignBundle(t.Context(), h.key, payload)
		if err != nil {
			if errors.Is(err, signing.ErrTooLarge) {
				return
			}
			t.Fatal(err)
		}
		r, created, err := h.service.Submit(t.Context(), as(ours), bundle)
		if err != nil {
			if problem.KindOf(err) == problem.Internal {
				t.Fatalf("a fault of ours: %v", err)
			}
			return
		}
		if err := h.holds(payload); err != nil {
			t.Fatalf("it was taken in, but %v:\n%s", err, payload)
		}
		rec, err := h.service.Get(t.Context(), access.Anyone(), r.Attestation)
		if err != nil || r.Attestation != signing.Digest(payload) || created && !bytes.Equal(rec.Bundle, bundle) {
			t.Fatalf("it does not stand as it was sent: %v", err)
		}
	})
}

// holds says what is wrong with a declaration at this moment, in other words
// than the service's.
func (h *house) holds(payload []byte) error {
	var st struct {
		Type      string `json:"_type"`
		Subject   []attestation.Subject
		Predicate attestation.Declaration
		Kind      string `json:"predicateType"`
	}
	if err := json.Unmarshal(payload, &st); err != nil {
		return err
	}
	p := st.Predicate
	v, found := h.service.Catalogue.Content().Version("grunnsett", p.RequirementSet.Version)
	now := h.clock.now()
	declared, err := time.Parse(time.RFC3339, p.DeclaredAt)
	if err != nil {
		return err
	}
	until, err := time.Parse(time.RFC3339, p.ValidUntil)
	if err != nil {
		return err
	}
	for what, ok := range map[string]bool{
		"type":       st.Type == "https://in-toto.io/Statement/v1" && st.Kind == "urn:felleskrav:attestation:supplier-declaration:v1",
		"subject":    len(st.Subject) == 1 && st.Subject[0].Name == "urn:felleskrav:service:"+h.offering.ID && st.Subject[0].Digest.SHA256 == h.offering.Descriptor().Digest,
		"supplier":   p.Supplier == attestation.Party{ID: "0192:" + string(ours), Name: "Vår Sky AS"},
		"set":        found && p.RequirementSet == attestation.SetRef{URI: "urn:felleskrav:requirement-set:grunnsett", Version: v.Version, Digest: attestation.DigestSet{SHA256: v.Digest}},
		"times":      until.After(now) && until.After(declared) && !declared.After(now.Add(10*time.Minute)) && until.Sub(declared) <= 396*24*time.Hour+time.Millisecond,
		"supplement": p.Supersedes == nil && len(p.SubSuppliers) == 1 && p.SubSuppliers[0].Name == "Rom og strøm AS",
	} {
		if !ok {
			return fmt.Errorf("its %s does not hold", what)
		}
	}
	seen := map[string]bool{}
	for _, a := range p.Answers {
		_, asked := v.Requirement(a.Requirement)
		if !asked || seen[a.Requirement] || !slices.Contains(attestation.AnswerStatuses(), a.Status) || len(a.Evidence) > 0 ||
			a.Status != attestation.Met && strings.TrimSpace(a.Statement) == "" || strings.ContainsAny(a.Statement, "\x00\x1b\u202e") || len(a.Statement) > 4*4000 {
			return fmt.Errorf("its answer %+v does not hold", a)
		}
		seen[a.Requirement] = true
	}
	if len(seen) == 0 {
		return errors.New("it has no answers")
	}
	return nil
}
