package attestation_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"felleskrav/internal/attestation"
)

// TestOutlineIsKept holds that what is kept beside a declaration gives its
// outline back, whatever the ids in it look like.
func TestOutlineIsKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := attestation.Record{Digest: "d", Set: "s", Supersedes: rapid.String().Draw(t, "supersedes")}
		for range rapid.IntRange(0, 5).Draw(t, "answers") {
			r.Answers = append(r.Answers, attestation.Answer{
				Requirement: rapid.String().Draw(t, "requirement"), Status: attestation.AnswerStatus(rapid.StringN(1, 5, -1).Draw(t, "status")),
				Statement: rapid.String().Draw(t, "statement"), Evidence: make([]attestation.EvidenceRef, rapid.IntRange(0, 20).Draw(t, "evidence")),
			})
		}
		if rapid.Bool().Draw(t, "empty") {
			r.Answers = []attestation.Answer{}
		}
		data, err := json.Marshal(attestation.NewOutlined(r))
		if err != nil {
			t.Fatal(err)
		}
		var back attestation.Outlined
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if d := cmp.Diff(r.Outline(), back.Outline()); d != "" {
			t.Fatal(d)
		}
	})
}

func TestDamagedOutline(t *testing.T) {
	for _, text := range []string{`{"answers":"K-1 met"}`, `{"answers":"K-1 met -1"}`, `{"answers":"K-1 met 99999999"}`, `{"answers":"%zz met 1"}`, `{"answers":["K-1 met 1"]}`} {
		var o attestation.Outlined
		if err := json.Unmarshal([]byte(text), &o); err == nil {
			t.Errorf("%s is read as %+v", text, o)
		}
	}
}
