package audit_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/audit"
	"felleskrav/internal/console"
	"felleskrav/internal/review"
	"felleskrav/internal/signing"
	"felleskrav/internal/signing/certtest"
)

// body is the public body that reviews, and stranger somebody else.
const body, stranger = "311036459", "310911380"

// reviewStatements are a review and the withdrawal of it, by kind.
func reviewStatements(t *testing.T) map[string][]byte {
	t.Helper()
	reviewer := attestation.Party{ID: "0192:" + body, Name: "Prøve kommune (oppdiktet)"}
	about := []attestation.Subject{{Name: "urn:felleskrav:attestation:1", Digest: attestation.DigestSet{SHA256: strings.Repeat("ab", 32)}}}
	out := map[string][]byte{}
	for kind, st := range map[string]any{
		"review": attestation.Statement[review.Predicate]{
			Type: signing.StatementType, PredicateType: review.ReviewType, Subject: about,
			Predicate: review.Predicate{Reviewer: reviewer, Requirement: "K-STYRING-01", Outcome: review.Accepted, Shared: review.SharedAgencies},
		},
		"review-withdrawal": attestation.Statement[review.WithdrawalPredicate]{
			Type: signing.StatementType, PredicateType: review.WithdrawalType, Subject: about,
			Predicate: review.WithdrawalPredicate{Reviewer: reviewer, Reason: "Vi leste feil fil."},
		},
	} {
		data, err := json.Marshal(st)
		if err != nil {
			t.Fatal(err)
		}
		out[kind] = data
	}
	return out
}

// verify runs the program for auditors.
func verify(t *testing.T, args ...string) (code int, v audit.Verification) {
	t.Helper()
	args = append(args, "--format", "json", "--lang", "nn")
	var stdout, stderr bytes.Buffer
	s := console.New(t.Context(), args, strings.NewReader(""), &stdout, &stderr, func(string) string { return "" })
	code = s.Run(audit.Program(), args)
	if err := json.Unmarshal(stdout.Bytes(), &v); err != nil {
		t.Fatalf("ended with %d: %v\n%s%s", code, err, stdout.String(), stderr.String())
	}
	return code, v
}

// A review is the word of the body that made it: the certificate must be that
// body's.
func TestReviewByCertificate(t *testing.T) {
	ca := certtest.New(t, time.Now())
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	roots := write("roots.pem", certtest.PEM(ca.Root))
	for kind, statement := range reviewStatements(t) {
		for number, own := range map[string]bool{body: true, stranger: false} {
			seal := ca.Issue(number)
			bundle, err := signing.SignBundleWithCertificate(t.Context(), seal.Key, seal.Chain, statement)
			if err != nil {
				t.Fatal(err)
			}
			code, v := verify(t, "--bundle", write("bundle.json", bundle), "--certificate-roots", roots)
			if v.Kind != kind || v.Verified != own || (code == console.ExitDone) != own {
				t.Errorf("%s sealed by %s: ended with %d, %+v", kind, number, code, v)
			}
			if last := v.Checks[len(v.Checks)-1]; !own && (last.Check != "organisation" || !strings.Contains(last.Detail, "NTRNO-"+stranger)) {
				t.Errorf("%s sealed by %s fails at %+v", kind, number, last)
			}
		}
	}
}
