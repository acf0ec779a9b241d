package attestation_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
)

// TestEditsOfWhatIsSigned makes every kind of small change to what a signature
// covers, and to the signature: each is refused, or is known as the declaration
// it was before; a change of the payload is never taken in.
func TestEditsOfWhatIsSigned(t *testing.T) {
	for _, alg := range []signing.Algorithm{signing.ECDSAP256, signing.ECDSAP384, signing.Ed25519, signing.RSA2048} {
		t.Run(string(alg), func(t *testing.T) {
			h := newHouse(t, nil)
			key, _ := h.enrol(ours, alg)
			good := sign(t, key, h.prepare(h.draft("grunnsett")))
			first := h.submit(good)
			size := logSize(t, h)
			var doc map[string]any
			if err := json.Unmarshal(good, &doc); err != nil {
				t.Fatal(err)
			}
			envelope := doc["dsseEnvelope"].(map[string]any)
			signature := envelope["signatures"].([]any)[0].(map[string]any)
			// The bytes of each part, and how they are put back.
			parts := []struct {
				name string
				text []byte
				put  func([]byte)
			}{
				{"payload", decodeBase64(t, envelope["payload"].(string)), func(b []byte) { envelope["payload"] = encodeBase64(b) }},
				{"signature", decodeBase64(t, signature["sig"].(string)), func(b []byte) { signature["sig"] = encodeBase64(b) }},
				{"type", []byte(envelope["payloadType"].(string)), func(b []byte) { envelope["payloadType"] = string(b) }},
				{"base64 of the payload", []byte(envelope["payload"].(string)), func(b []byte) { envelope["payload"] = string(b) }},
				{"base64 of the signature", []byte(signature["sig"].(string)), func(b []byte) { signature["sig"] = string(b) }},
			}
			rapid.Check(t, func(rt *rapid.T) {
				part := parts[rapid.IntRange(0, len(parts)-1).Draw(rt, "part")]
				text := edit(rt, part.text)
				part.put(text)
				defer part.put(part.text)
				r, created, err := h.service.Submit(t.Context(), as(ours), mustJSON(t, doc))
				switch {
				case err != nil && problem.KindOf(err) == problem.Internal:
					rt.Fatalf("%s: a fault of ours: %v", part.name, err)
				case err != nil:
				case created || r.Attestation != first.Attestation || r.Log.Index != first.Log.Index:
					rt.Fatalf("%s: taken in as %s at %d", part.name, r.Attestation, r.Log.Index)
				case part.name == "payload" || part.name == "type":
					rt.Fatalf("%s: another one verifies: %q", part.name, text)
				}
			})
			if got := logSize(t, h); got != size {
				t.Errorf("the log grew from %d to %d", size, got)
			}
		})
	}
}

// edit makes one change that leaves text another than it was.
func edit(rt *rapid.T, text []byte) []byte {
	for {
		out := slices.Clone(text)
		at := rapid.IntRange(0, len(out)-1).Draw(rt, "at")
		switch rapid.IntRange(0, 4).Draw(rt, "kind") {
		case 0:
			out[at] ^= 1 << rapid.IntRange(0, 6).Draw(rt, "bit")
		case 1:
			out = slices.Delete(out, at, min(at+rapid.IntRange(1, 8).Draw(rt, "cut"), len(out)))
		case 2:
			out = slices.Insert(out, at, rapid.SliceOfN(rapid.ByteRange(0, 127), 1, 4).Draw(rt, "insert")...)
		case 3:
			to := rapid.IntRange(0, len(out)-1).Draw(rt, "to")
			out[at], out[to] = out[to], out[at]
		case 4:
			out = append(out, out[at:]...)
		}
		if !bytes.Equal(out, text) {
			return out
		}
	}
}
