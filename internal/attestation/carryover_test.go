package attestation_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
)

func setVersion(t *testing.T, version string, texts map[string]catalogue.Text, order ...string) catalogue.Version {
	t.Helper()
	v := catalogue.Version{Set: "grunnsett", Version: version}
	for _, id := range order {
		v.Requirements = append(v.Requirements, catalogue.Requirement{ID: id, Text: texts[id]})
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := catalogue.ParseVersion(b)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestCarryOver(t *testing.T) {
	same := catalogue.Text{NB: "likt", NN: "likt", EN: "same"}
	old := setVersion(t, "1.0.0", map[string]catalogue.Text{
		"K-A-01": same, "K-A-02": {NB: "før", NN: "før", EN: "before"}, "K-A-03": {NB: "en", NN: "ein", EN: "one"}, "K-A-04": same, "K-A-05": same,
	}, "K-A-01", "K-A-02", "K-A-03", "K-A-04", "K-A-05")
	now := setVersion(t, "2.0.0", map[string]catalogue.Text{
		"K-A-01": same, "K-A-02": {NB: "før", NN: "no", EN: "before"}, "K-A-03": {NB: "2", NN: "2", EN: "2"}, "K-A-05": same, "K-A-06": same,
	}, "K-A-06", "K-A-03", "K-A-02", "K-A-01", "K-A-05")
	given := map[string]attestation.Answer{}
	var answers []attestation.Answer
	for _, id := range []string{"K-A-01", "K-A-02", "K-A-03", "K-A-04"} {
		a := attestation.Answer{Requirement: id, Status: attestation.Met, Statement: "Ja, " + id}
		given[id] = a
		answers = append(answers, a)
	}
	before := given["K-A-03"]
	want := []attestation.CarriedAnswer{
		{Answer: attestation.Answer{Requirement: "K-A-06"}, State: attestation.CarryAnswer, Change: catalogue.Change{Requirement: "K-A-06", Kind: catalogue.ChangeAdded}},
		{Answer: attestation.Answer{Requirement: "K-A-03"}, State: attestation.CarryAnswer, Change: catalogue.Change{Requirement: "K-A-03", Kind: catalogue.ChangeSubstance, Fields: []string{"figures", "text"}}, Before: &before},
		{Answer: given["K-A-02"], State: attestation.CarryConfirm, Change: catalogue.Change{Requirement: "K-A-02", Kind: catalogue.ChangeReworded, Fields: []string{"text"}}},
		{Answer: given["K-A-01"], State: attestation.CarryKept, Change: catalogue.Change{Requirement: "K-A-01", Kind: catalogue.ChangeUnchanged}},
		{Answer: attestation.Answer{Requirement: "K-A-05"}, State: attestation.CarryAnswer, Change: catalogue.Change{Requirement: "K-A-05", Kind: catalogue.ChangeUnchanged}},
	}
	if diff := cmp.Diff(want, attestation.CarryOver(old, now, answers)); diff != "" {
		t.Error(diff)
	}
}
