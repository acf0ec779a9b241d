package signing_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sigbundle "github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"pgregory.net/rapid"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/certtest"
)

// service is what the statements here are about.
var service = signing.Digest([]byte("a service"))

// statementOf makes a statement with some answers, about the size of a real one for 45 of them.
func statementOf(answers int) []byte {
	var list []string
	for i := range answers {
		list = append(list, fmt.Sprintf(`{"requirement":"K-LOG-%02d","status":"met","statement":"%s","evidence":[{"name":"rapport.pdf","digest":{"sha256":"%s"},"mediaType":"application/pdf"}]}`,
			i, strings.Repeat("Vi logger innlogging. ", 6), signing.Digest([]byte{byte(i)})))
	}
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"urn:felleskrav:service:x","digest":{"sha256":"%s"}}],`+
		`"predicateType":"urn:felleskrav:attestation:supplier-declaration:v1","predicate":{"answers":[%s]}}`, service, strings.Join(list, ","))
}

func signed(t testing.TB, a signing.Algorithm, payload []byte) []byte {
	t.Helper()
	data, err := signing.SignBundle(t.Context(), testKey(t, a), payload)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestBundleRoundTrip(t *testing.T) {
	payload := statementOf(3)
	for _, a := range signing.Algorithms() {
		key := testKey(t, a)
		pub := publicOf(t, key)
		data := signed(t, a, payload)
		b, err := signing.ParseBundle(data)
		if err != nil {
			t.Fatal(err)
		}
		want := &signing.Bundle{Payload: payload, Hint: pub.Hint(), Signature: b.Signature, Raw: data}
		if diff := cmp.Diff(want, b); diff != "" {
			t.Errorf("%s: %s", a, diff)
		}
		if err := b.Verify(pub, service); err != nil {
			t.Errorf("%s: %v", a, err)
		}
		if err := b.Verify(pub); err != nil {
			t.Errorf("%s, any subject: %v", a, err)
		}
		if err := bySigstore(data, pub, service); err != nil {
			t.Errorf("%s: sigstore-go: %v", a, err)
		}
		if err := b.Verify(pub, service, signing.Digest([]byte("another"))); !errors.Is(err, signing.ErrSubject) {
			t.Errorf("%s: two subjects, of which one is not there: %v", a, err)
		}
		if err := b.Verify(pub, ""); !errors.Is(err, signing.ErrSubject) {
			t.Errorf("%s: empty subject: %v", a, err)
		}
		other, err := signing.GenerateKey(signing.Ed25519)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Verify(publicOf(t, other), service); !errors.Is(err, signing.ErrSignature) {
			t.Errorf("%s: another key: %v", a, err)
		}
	}
}

func TestSignBundleRefuses(t *testing.T) {
	key := testKey(t, signing.ECDSAP256)
	if _, err := signing.SignBundle(t.Context(), key, make([]byte, signing.MaxBundle)); !errors.Is(err, signing.ErrTooLarge) {
		t.Errorf("large payload: %v", err)
	}
	if _, err := signing.SignBundle(t.Context(), oddKey{}, []byte("{}")); !errors.Is(err, signing.ErrAlgorithm) {
		t.Errorf("ECDH key: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := signing.SignBundle(ctx, key, []byte("{}")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// bySigstore verifies as sigstore-go does for a plain key.
func bySigstore(data []byte, key signing.PublicKey, subject string) error {
	var b sigbundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return err
	}
	pub, err := cryptoutils.UnmarshalPEMToPublicKey([]byte(key.PEM))
	if err != nil {
		return err
	}
	verifier, err := signature.LoadDefaultVerifier(pub)
	if err != nil {
		return err
	}
	trusted := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
		return root.NewExpiringKey(verifier, time.Time{}, time.Time{}), nil
	})
	v, err := verify.NewVerifier(trusted, verify.WithNoObserverTimestamps())
	if err != nil {
		return err
	}
	digest, err := hex.DecodeString(subject)
	if err != nil {
		return err
	}
	_, err = v.Verify(&b, verify.NewPolicy(verify.WithArtifactDigest("sha256", digest), verify.WithKey()))
	return err
}

// refused is a bundle that must not be accepted.
type refused struct {
	bundle []byte
	want   error
}

// edit replaces text in a bundle and fails if it is not there.
func edit(t testing.TB, data []byte, old, replacement string) []byte {
	t.Helper()
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("%q is not in the bundle", old)
	}
	return bytes.Replace(data, []byte(old), []byte(replacement), 1)
}

// negatives returns bundles that differ from a good one in one thing each.
func negatives(t testing.TB) map[string]refused {
	t.Helper()
	key := testKey(t, signing.ECDSAP256)
	good := signed(t, signing.ECDSAP256, statementOf(2))
	b, err := signing.ParseBundle(good)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.StdEncoding.EncodeToString
	payload, sig := encode(b.Payload), encode(b.Signature)
	hint := publicOf(t, key).Hint()
	// A payload whose base64 has a character in which the two alphabets differ.
	marked := signed(t, signing.ECDSAP256, append([]byte(">>>"), statementOf(2)...))
	if !bytes.Contains(marked, []byte("Pj4+")) {
		t.Fatal("the payload has no plus sign")
	}
	changed := bytes.Replace(b.Payload, []byte(`"met"`), []byte(`"not-met"`), 1)
	statement := func(old, replacement string) []byte {
		return signed(t, signing.ECDSAP256, edit(t, statementOf(2), old, replacement))
	}
	list := map[string]refused{
		"payload changed":           {edit(t, good, payload, encode(changed)), signing.ErrSignature},
		"signature changed":         {edit(t, good, sig[:20], strings.ToLower(sig[:20])), signing.ErrSignature},
		"signature of another key":  {edit(t, good, sig, encode(must(signing.SignMessage(testKey(t, signing.Ed25519), b.Payload)))), signing.ErrSignature},
		"signature without PAE":     {edit(t, good, sig, encode(must(signing.SignMessage(key, b.Payload)))), signing.ErrSignature},
		"two signatures":            {edit(t, good, `"signatures":[`, `"signatures":[{"sig":"`+sig+`"},`), signing.ErrSignatureCount},
		"bogus and good signature":  {edit(t, good, `"signatures":[`, `"signatures":[{"sig":"AAAA"},`), signing.ErrSignatureCount},
		"no signature":              {edit(t, good, `{"sig":"`+sig+`"}`, ``), signing.ErrSignatureCount},
		"signatures null":           {edit(t, good, `[{"sig":"`+sig+`"}]`, `null`), signing.ErrSignatureCount},
		"empty signature":           {edit(t, good, sig, ``), signing.ErrEncoding},
		"key id":                    {edit(t, good, `{"sig"`, `{"keyid":"x","sig"`), signing.ErrKeyID},
		"unknown field":             {edit(t, good, `{"mediaType"`, `{"x":1,"mediaType"`), signing.ErrUnknownField},
		"unknown field in envelope": {edit(t, good, `"payloadType"`, `"x":1,"payloadType"`), signing.ErrUnknownField},
		"case-variant field":        {edit(t, good, `"payloadType"`, `"PayloadType"`), signing.ErrUnknownField},
		"case-variant second field": {edit(t, good, `"payloadType"`, `"Payload":"e30=","payloadType"`), signing.ErrUnknownField},
		"snake-case field":          {edit(t, good, `"payloadType"`, `"payload_type"`), signing.ErrUnknownField},
		"duplicate field":           {edit(t, good, `"payloadType"`, `"payload":"e30=","payloadType"`), signing.ErrDuplicateField},
		"base64url payload":         {bytes.Replace(marked, []byte("Pj4+"), []byte("Pj4-"), 1), signing.ErrEncoding},
		"unpadded payload":          {bytes.ReplaceAll(signed(t, signing.ECDSAP256, padded(statementOf(2), 1)), []byte(`=",`), []byte(`",`)), signing.ErrEncoding},
		"broken line in payload":    {edit(t, good, payload[:40], payload[:40]+`\n`), signing.ErrEncoding},
		"loose bits in payload":     {edit(t, signed(t, signing.ECDSAP256, padded(statementOf(2), 2)), `IA==",`, `IB==",`), signing.ErrEncoding},
		"empty payload":             {edit(t, good, payload, ``), signing.ErrEncoding},
		"wrong payload type":        {edit(t, good, signing.PayloadType, `application/vnd.in-toto+xml`), signing.ErrPayloadType},
		"media type v0.1":           {edit(t, good, signing.MediaType, `application/vnd.dev.sigstore.bundle+json;version=0.1`), signing.ErrMediaType},
		"media type v0.3, old form": {edit(t, good, signing.MediaType, `application/vnd.dev.sigstore.bundle+json;version=0.3`), signing.ErrMediaType},
		"media type v0.4":           {edit(t, good, `v0.3`, `v0.4`), signing.ErrMediaType},
		"no media type":             {edit(t, good, `"mediaType":"`+signing.MediaType+`",`, ``), signing.ErrMediaType},
		"certificate not DER":       {edit(t, good, `"publicKey":{"hint":"`+hint+`"}`, `"certificate":{"rawBytes":"AAAA"}`), signing.ErrCertificate},
		"certificate not base64":    {edit(t, good, `"publicKey":{"hint":"`+hint+`"}`, `"certificate":{"rawBytes":"*"}`), signing.ErrCertificate},
		"certificate empty":         {edit(t, good, `"publicKey":{"hint":"`+hint+`"}`, `"certificate":{"rawBytes":""}`), signing.ErrCertificate},
		"certificate, odd field":    {edit(t, good, `"publicKey":{"hint":"`+hint+`"}`, `"certificate":{"raw_bytes":"AAAA"}`), signing.ErrUnknownField},
		"certificate of 20 kB":      {edit(t, good, `"publicKey":{"hint":"`+hint+`"}`, `"certificate":{"rawBytes":"`+encode(make([]byte, 20000))+`"}`), signing.ErrCertificate},
		"empty certificate chain":   {edit(t, good, `"publicKey":{"hint":"`+hint+`"}`, `"x509CertificateChain":{"certificates":[]}`), signing.ErrCertificate},
		"key and certificate":       {edit(t, good, `"publicKey"`, `"certificate":{"rawBytes":"AAAA"},"publicKey"`), signing.ErrCertificate},
		"certificate and chain":     {edit(t, good, `"publicKey":{"hint":"`+hint+`"}`, `"certificate":{"rawBytes":"AAAA"},"x509CertificateChain":{"certificates":[]}`), signing.ErrCertificate},
		"no key":                    {edit(t, good, `"publicKey":{"hint":"`+hint+`"}`, ``), signing.ErrNoKeyMaterial},
		"no material":               {edit(t, good, `"verificationMaterial":{"publicKey":{"hint":"`+hint+`"}},`, ``), signing.ErrNoKeyMaterial},
		"message signature":         {edit(t, good, `"dsseEnvelope"`, `"messageSignature":{"signature":"AAAA"},"dsseEnvelope"`), signing.ErrNoEnvelope},
		"no envelope":               {[]byte(`{"mediaType":"` + signing.MediaType + `","verificationMaterial":{"publicKey":{"hint":"x"}}}`), signing.ErrNoEnvelope},
		"log entry without proof":   {edit(t, good, `"publicKey"`, `"tlogEntries":[{"logIndex":"1","logId":{"keyId":"AAAA"},"kindVersion":{"kind":"x","version":"1"},"canonicalizedBody":"AAAA"}],"publicKey"`), signing.ErrLogEntry},
		"log index as a number":     {edit(t, good, `"publicKey"`, `"tlogEntries":[{"logIndex":1}],"publicKey"`), signing.ErrJSON},
		"many log entries":          {edit(t, good, `"publicKey"`, `"tlogEntries":[`+strings.Repeat(`{},`, 32)+`{}],"publicKey"`), signing.ErrLogEntry},
		"many timestamps":           {edit(t, good, `"publicKey"`, `"timestampVerificationData":{"rfc3161Timestamps":[`+strings.Repeat(`{},`, 32)+`{}]},"publicKey"`), signing.ErrLogEntry},
		"timestamp not base64":      {edit(t, good, `"publicKey"`, `"timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":"*"}]},"publicKey"`), signing.ErrEncoding},
		"text after":                {append(bytes.Clone(good), "{}"...), signing.ErrJSON},
		"cut off":                   {good[:len(good)-1], signing.ErrJSON},
		"empty":                     {nil, signing.ErrJSON},
		"null":                      {[]byte("null"), signing.ErrMediaType},
		"a list":                    {[]byte("[]"), signing.ErrJSON},
		"oversize":                  {append(bytes.Clone(good), bytes.Repeat([]byte(" "), signing.MaxBundle)...), signing.ErrTooLarge},

		"statement v0.1":              {statement(`Statement/v1`, `Statement/v0.1`), signing.ErrStatement},
		"statement without type":      {statement(`"_type":"https://in-toto.io/Statement/v1",`, ``), signing.ErrStatement},
		"no predicate type":           {statement(`"predicateType":"urn:felleskrav:attestation:supplier-declaration:v1",`, ``), signing.ErrStatement},
		"snake-case predicate type":   {statement(`"predicateType"`, `"predicate_type"`), signing.ErrUnknownField},
		"case-variant predicate":      {statement(`"predicate":`, `"Predicate":`), signing.ErrUnknownField},
		"unknown field in statement":  {statement(`"_type"`, `"x":1,"_type"`), signing.ErrUnknownField},
		"duplicate field in payload":  {statement(`"_type"`, `"predicateType":"x","_type"`), signing.ErrDuplicateField},
		"duplicate field deep inside": {statement(`"status"`, `"status":"not-met","status"`), signing.ErrDuplicateField},
		"large number":                {statement(`"met"`, `9007199254740993`), signing.ErrNumber},
		"predicate is a list":         {statement(`"predicate":{"answers":`, `"predicate":[{"answers":`), signing.ErrStatement},
		"predicate is null":           {signed(t, signing.ECDSAP256, []byte(`{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"`+service+`"}}],"predicateType":"x","predicate":null}`)), signing.ErrStatement},
		"no subject":                  {statement(`{"name":"urn:felleskrav:service:x","digest":{"sha256":"`+service+`"}}`, ``), signing.ErrStatement},
		"subject without digest":      {statement(`"sha256":"`+service+`"`, ``), signing.ErrStatement},
		"subject with another digest": {statement(`"sha256":"`+service, `"sha512":"`+service+service), signing.ErrStatement},
		"upper-case digest":           {statement(service, strings.ToUpper(service)), signing.ErrStatement},
		"short digest":                {statement(service, service[:62]), signing.ErrStatement},
		"another subject":             {statement(service, signing.Digest([]byte("other"))), signing.ErrSubject},
		"too many subjects":           {statement(`"subject":[`, `"subject":[`+strings.Repeat(`{"digest":{"sha256":"`+service+`"}},`, 1024)), signing.ErrStatement},
		"not JSON":                    {signed(t, signing.ECDSAP256, []byte("hello")), signing.ErrStatement},
		"invalid UTF-8":               {statement(`"met"`, "\"\xff\""), signing.ErrStatement},
	}
	return list
}

// padded lengthens a payload with spaces until its base64 ends in n padding characters.
func padded(payload []byte, n int) []byte {
	payload = append(payload, ' ')
	for len(payload)%3 != 3-n {
		payload = append(payload, ' ')
	}
	return payload
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func accept(data []byte, key signing.PublicKey) error {
	b, err := signing.ParseBundle(data)
	if err != nil {
		return err
	}
	return b.Verify(key, service)
}

func TestBundlesRefused(t *testing.T) {
	key := publicOf(t, testKey(t, signing.ECDSAP256))
	for name, c := range negatives(t) {
		if err := accept(c.bundle, key); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// Nothing is accepted that sigstore-go refuses, whatever is done to a bundle.
func TestAgreesWithSigstore(t *testing.T) {
	key := publicOf(t, testKey(t, signing.ECDSAP256))
	refusedByBoth := 0
	for name, c := range negatives(t) {
		if accept(c.bundle, key) == nil {
			t.Errorf("%s: accepted", name)
		}
		if bySigstore(c.bundle, key, service) != nil {
			refusedByBoth++
		}
	}
	if refusedByBoth < 25 {
		t.Errorf("sigstore-go refuses only %d of the bundles: is it asked right?", refusedByBoth)
	}
	good := signed(t, signing.ECDSAP256, statementOf(1))
	spaced := new(bytes.Buffer)
	if err := json.Indent(spaced, good, "", "\t"); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"as made":       good,
		"indented":      spaced.Bytes(),
		"empty hint":    edit(t, good, publicOf(t, testKey(t, signing.ECDSAP256)).Hint(), ""),
		"empty key id":  edit(t, good, `{"sig"`, `{"keyid":"","sig"`),
		"empty lists":   edit(t, good, `"publicKey"`, `"tlogEntries":[],"timestampVerificationData":{"rfc3161Timestamps":[]},"publicKey"`),
		"escaped slash": edit(t, good, `application/vnd.in-toto`, `application\/vnd.in-toto`),
		"all of a subject": signed(t, signing.ECDSAP256, edit(t, statementOf(1), `{"name"`,
			`{"uri":"urn:x","content":"AAAA","downloadLocation":"urn:y","mediaType":"text/plain","annotations":{"a":[1,{"b":null}]},"name"`)),
	} {
		if err := accept(data, key); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := bySigstore(data, key, service); err != nil {
			t.Errorf("%s: sigstore-go: %v", name, err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		data := bytes.Clone(good)
		for range rapid.IntRange(1, 3).Draw(rt, "edits") {
			at := rapid.IntRange(0, len(data)-1).Draw(rt, "at")
			switch rapid.IntRange(0, 2).Draw(rt, "kind") {
			case 0:
				data[at] = rapid.Byte().Draw(rt, "byte")
			case 1:
				data = append(data[:at], data[min(at+rapid.IntRange(1, 8).Draw(rt, "cut"), len(data)):]...)
			case 2:
				insert := rapid.SampledFrom([]string{" ", "\n", `"`, "A", "=", ",", "{}", `"a":1,`, "\\u0041"}).Draw(rt, "insert")
				data = append(data[:at:at], append([]byte(insert), data[at:]...)...)
			}
		}
		if accept(data, key) == nil {
			if err := bySigstore(data, key, service); err != nil {
				rt.Fatalf("accepted, but sigstore-go says %v: %s", err, data)
			}
		}
	})
}

func FuzzParseBundle(f *testing.F) {
	for _, c := range negatives(f) {
		if len(c.bundle) < 10000 {
			f.Add(c.bundle)
		}
	}
	// One key for all of the fuzzer's processes.
	fixed := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	f.Add(must(signing.SignBundle(f.Context(), fixed, statementOf(1))))
	key := publicOf(f, fixed)
	ca := certtest.New(f, certNow)
	id := ca.Issue("123456785", certtest.Key(fixed))
	whole := must(signing.SignBundleWithCertificate(f.Context(), fixed, id.Chain, statementOf(1)))
	f.Add(whole)
	f.Add(must(signing.SignBundleWithCertificate(f.Context(), fixed, id.Chain[:1], statementOf(1))))
	f.Add(must(signing.KeyForm(whole)))
	f.Add(edit(f, whole, `"x509CertificateChain"`, `"certificate":{"rawBytes":"`+base64Of(id.Certificate.Raw)+`"},"x509CertificateChain"`))
	f.Add(edit(f, whole, base64Of(ca.Issuing.Raw), "AAAA"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := signing.ParseBundle(data)
		// What a bundle carries from other logs and from time-stampers is looked into by whoever uses it.
		if err != nil || len(b.Inclusions)+len(b.Timestamps) > 0 {
			return
		}
		// Everyone else reads the same payload and signature.
		other, err := readBySigstore(data)
		if err != nil {
			t.Fatalf("parsed, but sigstore-go says %v", err)
		}
		content, err := other.VerificationContent()
		if err != nil {
			t.Fatal(err)
		}
		if c := content.Certificate(); (c == nil) != (b.Certificate == nil) || (c != nil && !bytes.Equal(c.Raw, b.Certificate)) {
			t.Fatal("sigstore-go reads another certificate than we do")
		}
		if data, err = signing.KeyForm(data); err != nil {
			if errors.Is(err, signing.ErrAlgorithm) {
				return
			}
			t.Fatal(err)
		}
		envelope, err := other.Envelope()
		if err != nil {
			t.Fatal(err)
		}
		if envelope.RawEnvelope().Payload != base64.StdEncoding.EncodeToString(b.Payload) || !bytes.Equal(envelope.Signature(), b.Signature) {
			t.Fatalf("sigstore-go reads another payload or signature than we do")
		}
		if b.Verify(key, service) == nil {
			if err := bySigstore(data, key, service); err != nil {
				t.Fatalf("verified, but sigstore-go says %v", err)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	payload := statementOf(45)
	for _, a := range []signing.Algorithm{signing.ECDSAP256, signing.Ed25519, signing.RSA3072} {
		data, key := signed(b, a, payload), publicOf(b, testKey(b, a))
		for name, f := range map[string]func() error{
			"floor":       nil,
			"ours":        func() error { return accept(data, key) },
			"sigstore-go": func() error { return bySigstore(data, key, service) },
		} {
			if name == "floor" {
				sig, err := signing.SignMessage(testKey(b, a), payload)
				if err != nil {
					b.Fatal(err)
				}
				f = func() error { return signing.VerifyMessage(key, payload, sig) }
			}
			b.Run(fmt.Sprintf("%s/%s", a, name), func(b *testing.B) {
				b.SetBytes(int64(len(payload)))
				for b.Loop() {
					if err := f(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bundles/s")
			})
		}
	}
}
