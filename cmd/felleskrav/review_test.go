package main

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"felleskrav/internal/access"
	"felleskrav/internal/api"
	"felleskrav/internal/audit"
	"felleskrav/internal/review"
	"felleskrav/internal/status"
)

// TestReviewJourney has an adviser review a supplier's evidence with the real
// program, verify it offline, and take it back; on both backends.
func TestReviewJourney(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		server := serve(t, store...)
		w := &walk{t: t, dir: t.TempDir(), store: store, base: server.base}
		selling, advising := w.token(seller, "supplier"), w.token(buyer, "adviser")
		offering := w.register(selling, seller, "Prøve AS (oppdiktet)", "supplier.key")
		w.answer("answers.xlsx", "sertifikat.txt")
		w.write("sertifikat.txt", []byte("Oppdiktet sertifikat, bare til prøve.\n"))
		w.run(0, selling, "attest", "prepare", "--offering", offering, "--set", setRef, "--answers", "answers.xlsx", "--evidence-dir", ".", "-o", "statement.json")
		must(t, 0, w.dir, nil, "attest", "sign", "statement.json", "--key", "supplier.key", "-o", "bundle.json")
		w.run(0, selling, "attest", "submit", "bundle.json", "-o", "declared.json")

		want(t, http.StatusCreated, http.MethodPut, w.base+"/api/v1/bodies/"+buyer, advising, "", map[string]any{"name": "Prøve kommune (oppdiktet)"}, nil)
		must(t, 0, w.dir, nil, "key", "generate", "-o", "body.key")
		w.run(0, advising, "key", "enrol", "--key", "body.key", "--supplier", buyer, "--label", "Prøve")
		var d api.ReviewDraft
		st := w.status(offering)
		for _, r := range st.Requirements {
			if len(r.Evidence) > 0 {
				d = api.ReviewDraft{Attestation: st.Declaration.Digest, Requirement: r.Requirement, Evidence: []string{r.Evidence[0].Digest.SHA256}}
			}
		}
		d.Outcome, d.Conditions, d.Reason, d.Shared = review.AcceptedWithConditions, "Nytt sertifikat til våren.", "Sertifikatet dekker tjenesten.", review.SharedAgencies
		w.write("review.json", want(t, http.StatusOK, http.MethodPost, w.base+"/api/v1/reviews/prepare", advising, "", d, nil).body)
		for lang, words := range map[string][]string{
			"nb": {"Vurdert av: Prøve kommune (oppdiktet), 311 036 459", "Godtatt med vilkår", "Deles med: Alle offentlige virksomheter"},
			"nn": {"Godteke med vilkår", "Blir delt med: Alle offentlege verksemder", "Gjeld erklæringa " + d.Attestation},
			"en": {"Accepted with conditions", "Shared with: All public bodies", "Conditions: Nytt sertifikat til våren.", "Has looked at sertifikat.txt"},
		} {
			said := must(t, 0, w.dir, []string{"FELLESKRAV_LANG=" + lang}, "attest", "sign", "review.json", "--key", "body.key", "-o", "reviewed.json")
			for _, word := range append(words, d.Requirement, d.Reason) {
				if !strings.Contains(said.stderr, word) {
					t.Errorf("in %s sign does not say %q:\n%s", lang, word, said.stderr)
				}
			}
		}
		w.run(0, advising, "attest", "submit", "reviewed.json", "-o", "receipt.json")
		w.write("log.key", do(t, http.MethodGet, w.base+"/log/key", "", "", nil).body)
		v := w.verified("reviewed.json", "receipt.json")
		if v.Kind != "review" || v.Attestation != d.Attestation || v.Requirement != d.Requirement || v.Outcome != string(d.Outcome) || v.Reviewer != "0192:"+buyer {
			t.Errorf("verified as %+v", v)
		}
		must(t, 1, w.dir, nil, "attest", "verify", "--bundle", "reviewed.json", "--receipt", "declared.json", "--log-key", "log.key")
		if got := w.status(offering).Counts.Reviewed; got != 1 {
			t.Errorf("%d answers are reviewed, want 1", got)
		}
		w.cosignReview(v.Review, d.Attestation, advising)

		taken := map[string]string{"reason": "Vi leste feil fil."}
		w.write("end.json", want(t, http.StatusOK, http.MethodPost, w.base+"/api/v1/reviews/"+v.Review+"/withdrawals/prepare", advising, "", taken, nil).body)
		said := must(t, 0, w.dir, nil, "attest", "sign", "end.json", "--key", "body.key", "-o", "ended.json")
		if !strings.Contains(said.stderr, "Trekker tilbake vurderingen "+v.Review) || !strings.Contains(said.stderr, taken["reason"]) {
			t.Errorf("sign does not say what is withdrawn:\n%s", said.stderr)
		}
		w.run(0, advising, "attest", "submit", "ended.json", "-o", "receipt2.json")
		if end := w.verified("ended.json", "receipt2.json"); end.Kind != "review-withdrawal" || end.Review != v.Review {
			t.Errorf("the withdrawal is verified as %+v", end)
		}
		if got := w.status(offering).Counts.Reviewed; got != 0 {
			t.Errorf("after the withdrawal %d answers are reviewed", got)
		}
	})
}

// verified verifies a bundle with its receipt, offline.
func (w *walk) verified(bundle, receipt string) audit.Verification {
	w.t.Helper()
	r := must(w.t, 0, w.dir, nil, "attest", "verify", "--bundle", bundle, "--receipt", receipt, "--log-key", "log.key", "--key", "body.key.pub", "--format", "json")
	var v audit.Verification
	if err := json.Unmarshal([]byte(r.stdout), &v); err != nil || !v.Verified {
		w.t.Fatalf("verified: %v\n%s", err, r.stdout)
	}
	return v
}

// cosignReview has a program that nobody here wrote verify a review: signature,
// type, and the declaration that it is about.
func (w *walk) cosignReview(digest, attestation, token string) {
	w.t.Helper()
	cosign := os.Getenv("FELLESKRAV_COSIGN")
	if cosign == "" {
		w.t.Fatal("FELLESKRAV_COSIGN is not set: run the tests with `make test`, which installs cosign and sets it")
	}
	w.write("root.json", want(w.t, http.StatusOK, http.MethodGet, w.base+"/log/trusted_root.json", "", "", nil, nil).body)
	w.write("logged.json", want(w.t, http.StatusOK, http.MethodGet, w.base+"/api/v1/reviews/"+digest+"/bundle?format=key", token, "", nil, nil).body)
	for subject, good := range map[string]bool{attestation: true, digest: false} {
		cmd := exec.CommandContext(w.t.Context(), cosign, "verify-blob-attestation", "--trusted-root", "root.json", "--key", "body.key.pub", "--bundle", "logged.json",
			"--type", review.ReviewType, "--digest", subject, "--digestAlg", "sha256")
		cmd.Dir = w.dir
		cmd.Env = environment("HOME="+w.dir, "TUF_ROOT="+w.file("tuf"), "HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1")
		if out, err := cmd.CombinedOutput(); (err == nil) != good {
			w.t.Errorf("cosign about %s: %v, want it to hold: %v\n%s", subject, err, good, out)
		}
	}
}

// demoReview wants the demonstration to show one review: to public bodies what
// it says, to others that there is one.
func demoReview(t *testing.T, f demoFile) {
	t.Helper()
	var list struct {
		Items []review.Entry `json:"items"`
	}
	want(t, http.StatusOK, http.MethodGet, f.BaseURL+"/api/v1/reviews", f.Tokens["editor"], "", nil, &list)
	if len(list.Items) != 1 || list.Items[0].Reviewer != demoOrgs[access.Adviser].number || !strings.Contains(list.Items[0].Reason, "(Oppdiktet") || list.Items[0].Standing.State != review.Active {
		t.Fatalf("the demonstration has the reviews %+v", list.Items)
	}
	for who, shown := range map[string]int{"": 0, "supplier": 0, "procurement": 1, "adviser": 1} {
		var st status.Status
		want(t, http.StatusOK, http.MethodGet, f.BaseURL+"/api/v1/offerings/"+list.Items[0].Offering+"/status", f.Tokens[who], "", nil, &st)
		n := 0
		for _, r := range st.Requirements {
			n += len(r.Reviews)
		}
		if n != shown || st.Counts.Reviewed != 1 {
			t.Errorf("%q sees %d reviews of %d answers, want %d of 1", who, n, st.Counts.Reviewed, shown)
		}
	}
}
