package keyless_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/keyless"
)

const (
	issuer  = "https://innlogging.example.no"
	person  = "kari@leverandor.example.no"
	builder = "https://github.com/leverandor/tjeneste/.github/workflows/signer.yml@refs/heads/main"
)

var start = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// statementOf makes a statement with some answers, about the size of a real one for 45 of them.
func statementOf(answers int) []byte {
	var list []string
	for i := range answers {
		list = append(list, fmt.Sprintf(`{"requirement":"K-LOG-%02d","status":"met","statement":"%s"}`, i, strings.Repeat("Vi logger innlogging. ", 6)))
	}
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"urn:felleskrav:service:x","digest":{"sha256":"%s"}}],`+
		`"predicateType":"urn:felleskrav:attestation:supplier-declaration:v1","predicate":{"answers":[%s]}}`,
		signing.Digest([]byte("a service")), strings.Join(list, ","))
}

func verifier(t testing.TB, trustedRoot []byte) *keyless.Verifier {
	t.Helper()
	v, err := keyless.New(trustedRoot)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// compact takes out the spaces that protobuf puts into JSON at random.
func compact(data []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(data, []byte(`": `), []byte(`":`)), []byte(`, "`), []byte(`,"`))
}

// edit replaces text in a compact bundle and fails if it is not there.
func edit(t testing.TB, data []byte, old, replacement string) []byte {
	t.Helper()
	data = compact(data)
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("%q is not in the bundle", old)
	}
	return bytes.Replace(data, []byte(old), []byte(replacement), 1)
}
