package api

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// attack is something that is handed in and must not get in.
type attack struct {
	name string
	body []byte
	// status and key are the answer's; field is the key of a field in it, or "".
	status     int
	key, field string
	// again is set when it is something that got in before: the answer is that
	// receipt, and nothing is new.
	again *Receipt

	who    string              // "supplier" if empty
	to     string              // the address for declarations if empty
	kind   string              // that of a bundle if empty
	during func(strike func()) // strikes at its moment; nil is now
}

const noToken = "nobody"

// minAttacks is how many there are at least, of all subjects.
const minAttacks = 80

// siege is a house with a good declaration that waits to be handed in, and
// what it takes to make bad ones of it.
type siege struct {
	*house
	offering, foreign string // ours and theirs
	key, second, away crypto.Signer
	statement, good   []byte
}

func newSiege(t *testing.T) *siege {
	t.Helper()
	s := &siege{house: newHouse(t)}
	s.offering, s.key = s.supplierWith(ours)
	s.second = s.enrol(ours, signing.ECDSAP256)
	s.foreign, s.away = s.supplierWith(theirs)
	s.statement = s.prepared(ours, s.offering, "grunnsett")
	s.good = s.sign(s.key, s.statement)
	return s
}

// TestAttacks hands in, at the real server, everything that must not get in.
// Each is refused with its own reason, in words for people, and leaves nothing
// behind; what is as it should be is still taken in afterwards.
func TestAttacks(t *testing.T) {
	log := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // hundreds of refusals
	t.Cleanup(func() { slog.SetDefault(log) })
	s := newSiege(t)
	var all []attack
	for _, subject := range []func() []attack{
		s.onSignatures, s.onKeys, s.onEnvelopes, s.onBundleJSON, s.onLogEntries, s.onStatements, s.onStatementJSON, s.onAnswers,
		s.onTimes, s.onOrganisations, s.onProtocols, s.onReplays, s.onReviews, s.onEnrolment, s.onCertificates,
	} {
		all = append(all, subject()...)
	}
	if len(all) < minAttacks {
		t.Errorf("%d attacks, want %d at least", len(all), minAttacks)
	}
	names := map[string]bool{}
	before := s.kept()
	for _, a := range all {
		if names[a.name] {
			t.Errorf("two attacks are called %q", a.name)
		}
		names[a.name] = true
		t.Run(a.name, func(t *testing.T) {
			s.t = t
			s.strike(a)
			if after := s.kept(); after != before {
				t.Errorf("it left something behind:\n%s\nbefore:\n%s", after, before)
				before = after
			}
		})
	}
	s.t = t
	t.Logf("%d attacks", len(all))
	s.want(201, "supplier", "POST", "/api/v1/attestations", s.good, "Content-Type", bundleType)
	s.wantStatus(s.offering, "valid")
}

// strike hands an attack in and holds the answer against what it should be.
func (s *siege) strike(a attack) {
	s.t.Helper()
	switch a.who {
	case "":
		a.who = "supplier"
	case noToken:
		a.who = ""
	}
	if a.to == "" {
		a.to = "/api/v1/attestations"
	}
	if a.kind == "" {
		a.kind = bundleType
	}
	if a.during == nil {
		a.during = func(strike func()) { strike() }
	}
	a.during(func() {
		s.t.Helper()
		r := s.do(a.who, "POST", a.to, a.body, "Content-Type", a.kind, "Accept-Language", "en")
		if a.again != nil {
			var got Receipt
			if r.status != 200 {
				s.t.Errorf("%d %s, want the receipt of the first time", r.status, r.body)
			} else if r.into(s.t, &got); got.Attestation != a.again.Attestation || got.Log.Index != a.again.Log.Index {
				s.t.Errorf("receipt for %s at %d, want %s at %d", got.Attestation, got.Log.Index, a.again.Attestation, a.again.Log.Index)
			}
			return
		}
		if r.status != a.status || r.key() != a.key || a.field != "" && !strings.Contains(string(r.body), `"key":"`+a.field+`"`) {
			s.t.Errorf("%d %s\nwant %d %s %s", r.status, r.body, a.status, a.key, a.field)
		}
		for _, leak := range []string{"json:", "asn1", "x509", "sql", "goroutine", "%!", "crypto/"} {
			if strings.Contains(string(r.body), leak) {
				s.t.Errorf("the answer tells of our insides: %s", r.body)
			}
		}
	})
}

// kept tells everything that a declaration could have changed: what is stored
// and the log's size and root.
func (s *siege) kept() string {
	s.t.Helper()
	ctx := context.Background()
	store := s.api.Attestations.Store
	var out struct {
		Declared, Withdrawn []string
		Signatures          []attestation.Signature
		Keys                [][]supplier.Key
		Checkpoint          string
	}
	var err error
	check := func() {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
	}
	out.Declared, err = store.AttestationsSince(ctx, time.Time{}, 1000)
	check()
	out.Withdrawn, err = store.WithdrawalsSince(ctx, time.Time{}, 1000)
	check()
	out.Signatures, err = store.SignaturesOf(ctx, ours, time.Time{}, 1000)
	check()
	for _, of := range []string{ours, theirs} {
		var keys struct{ Items []supplier.Key }
		s.want(200, "", "GET", "/api/v1/suppliers/"+of+"/keys?limit=200", nil).into(s.t, &keys)
		out.Keys = append(out.Keys, keys.Items)
	}
	out.Checkpoint = string(s.want(200, "", "GET", "/log/checkpoint", nil).body)
	text, err := json.Marshal(out)
	check()
	return string(text)
}

// later strikes when so much time has gone.
func (s *siege) later(d time.Duration) func(func()) {
	return func(strike func()) {
		s.add(d)
		defer s.add(-d)
		strike()
	}
}

// text edits the good bundle as text. old must stand there.
func (s *siege) text(old, replacement string) []byte { return edited(s.t, s.good, old, replacement) }

// with edits the statement as text, and signs it as it is then.
func (s *siege) with(old, replacement string) []byte {
	s.t.Helper()
	return s.sign(s.key, edited(s.t, s.statement, old, replacement))
}

func edited(t testing.TB, in []byte, old, replacement string) []byte {
	t.Helper()
	if !bytes.Contains(in, []byte(old)) {
		t.Fatalf("%q does not stand in %s", old, in)
	}
	return bytes.Replace(in, []byte(old), []byte(replacement), 1)
}

// object is JSON as it is written.
type object = map[string]any

// edit changes the good bundle as JSON.
func (s *siege) edit(change func(bundle, envelope object)) []byte {
	s.t.Helper()
	return altered(s.t, s.good, func(b object) { change(b, b["dsseEnvelope"].(object)) })
}

func altered(t testing.TB, in []byte, change func(object)) []byte {
	t.Helper()
	var b object
	if err := json.Unmarshal(in, &b); err != nil {
		t.Fatal(err)
	}
	change(b)
	out, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// says changes the statement as JSON, and signs it as it is then.
func (s *siege) says(change func(statement, predicate object)) []byte {
	s.t.Helper()
	return s.sign(s.key, altered(s.t, s.statement, func(st object) { change(st, st["predicate"].(object)) }))
}

// signature changes the good bundle's signature, given in DER.
func (s *siege) signature(change func(sig []byte) []byte) []byte {
	s.t.Helper()
	return resigned(s.t, s.good, change)
}

func resigned(t testing.TB, bundle []byte, change func(sig []byte) []byte) []byte {
	t.Helper()
	return altered(t, bundle, func(b object) {
		sig := b["dsseEnvelope"].(object)["signatures"].([]any)[0].(object)
		raw, err := base64.StdEncoding.DecodeString(sig["sig"].(string))
		if err != nil {
			t.Fatal(err)
		}
		sig["sig"] = base64.StdEncoding.EncodeToString(change(raw))
	})
}

// hinted changes what a bundle says of its key.
func hinted(t testing.TB, bundle []byte, hint string) []byte {
	t.Helper()
	return altered(t, bundle, func(b object) { b["verificationMaterial"] = object{"publicKey": object{"hint": hint}} })
}

func hintOf(t testing.TB, key crypto.Signer) string {
	t.Helper()
	return publicOf(t, key).Hint()
}

func publicOf(t testing.TB, key crypto.Signer) signing.PublicKey {
	t.Helper()
	k, err := signing.PublicOf(key)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// pae is what a DSSE signature covers (DSSE v1.0.2, protocol.md).
func pae(payloadType string, payload []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
}
