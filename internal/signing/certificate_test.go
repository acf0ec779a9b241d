package signing_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sigbundle "github.com/sigstore/sigstore-go/pkg/bundle"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/certtest"
)

var certNow = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// signedBy makes a bundle with an identity's whole chain.
func signedBy(t testing.TB, id *certtest.Identity, payload []byte) []byte {
	t.Helper()
	data, err := signing.SignBundleWithCertificate(t.Context(), id.Key, id.Chain, payload)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readBySigstore reads a bundle as sigstore-go does, which asks that chains are allowed by name.
func readBySigstore(data []byte) (*sigbundle.Bundle, error) {
	b := new(sigbundle.Bundle)
	sigbundle.AllowCertificateChain()(b)
	return b, b.UnmarshalJSON(data)
}

func TestCertificateBundleRoundTrip(t *testing.T) {
	ca := certtest.New(t, certNow)
	payload := statementOf(3)
	for _, a := range signing.Algorithms() {
		id := ca.Issue("123456785", certtest.Key(testKey(t, a)))
		key := publicOf(t, id.Key)
		for form, c := range map[string]struct {
			chain []*x509.Certificate
			want  string
			above [][]byte
		}{
			"alone":                    {id.Chain[:1], `"certificate":{"rawBytes":`, nil},
			"with its root":            {[]*x509.Certificate{id.Certificate, ca.Root}, `"certificate":{"rawBytes":`, nil},
			"with its issuer":          {id.Chain, `"x509CertificateChain":{"certificates":[`, [][]byte{ca.Issuing.Raw}},
			"with its issuer and root": {append(id.Chain[:2:2], ca.Root), `"x509CertificateChain":{"certificates":[`, [][]byte{ca.Issuing.Raw}},
		} {
			data, err := signing.SignBundleWithCertificate(t.Context(), id.Key, c.chain, payload)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(data, []byte(c.want)) || bytes.Contains(data, []byte("publicKey")) {
				t.Errorf("%s, %s: %s", a, form, data[:200])
			}
			b, err := signing.ParseBundle(data)
			if err != nil {
				t.Fatal(err)
			}
			want := &signing.Bundle{Payload: payload, Certificate: id.Certificate.Raw, Chain: c.above, Signature: b.Signature, Raw: data}
			if diff := cmp.Diff(want, b); diff != "" {
				t.Errorf("%s, %s: %s", a, form, diff)
			}
			if got, err := b.LeafKey(); err != nil || got.ID != key.ID || got.Algorithm != a {
				t.Errorf("%s, %s: leaf key %+v, %v", a, form, got, err)
			}
			if err := b.Verify(key, service); err != nil {
				t.Errorf("%s, %s: %v", a, form, err)
			}
			if _, err := readBySigstore(data); err != nil {
				t.Errorf("%s, %s: sigstore-go: %v", a, form, err)
			}
		}
	}
}

func TestSignBundleWithCertificateRefuses(t *testing.T) {
	ca := certtest.New(t, certNow)
	id := ca.Issue("123456785")
	p521 := ca.Issue("123456785", certtest.Key(testKeyP521(t)))
	many := make([]*x509.Certificate, 9)
	for i := range many {
		many[i] = id.Certificate
	}
	for name, c := range map[string]struct {
		key   *certtest.Identity
		chain []*x509.Certificate
		want  error
	}{
		"no certificate":            {id, nil, signing.ErrCertificate},
		"nine":                      {id, many, signing.ErrCertificate},
		"another's":                 {id, []*x509.Certificate{ca.Issue("123456785", certtest.Key(testKey(t, signing.ECDSAP256))).Certificate}, signing.ErrCertificateKey},
		"the wrong way round":       {ca.Issue("123456785", certtest.Key(testKey(t, signing.ECDSAP256))), []*x509.Certificate{ca.Issuing, id.Certificate}, signing.ErrCertificateKey},
		"a key not on the list":     {p521, p521.Chain, signing.ErrAlgorithm},
		"a certificate not on it":   {id, p521.Chain, signing.ErrAlgorithm},
		"a payload that is too big": {id, id.Chain, signing.ErrTooLarge},
	} {
		payload := []byte("{}")
		if c.want == signing.ErrTooLarge {
			payload = make([]byte, signing.MaxBundle)
		}
		if _, err := signing.SignBundleWithCertificate(t.Context(), c.key.Key, c.chain, payload); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestParseCertificates(t *testing.T) {
	ca := certtest.New(t, certNow)
	id := ca.Issue("123456785")
	text := certtest.PEM(ca.Root, ca.Issuing)
	for name, data := range map[string][]byte{
		"two": text, "text around": append([]byte("subject=x\n"), append(text, "\nissuer=y\n"...)...), "Windows lines": bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")),
	} {
		got, err := signing.ParseCertificates(data)
		if err != nil || len(got) != 2 || !got[0].Equal(ca.Root) || !got[1].Equal(ca.Issuing) {
			t.Errorf("%s: %d certificates, %v", name, len(got), err)
		}
	}
	block := func(kind string, data []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}) }
	for name, c := range map[string]struct {
		text []byte
		want error
	}{
		"nothing":                {nil, signing.ErrCertificate},
		"DER":                    {ca.Root.Raw, signing.ErrCertificate},
		"broken":                 {block("CERTIFICATE", []byte("x")), signing.ErrCertificate},
		"two in one block":       {block("CERTIFICATE", append(ca.Root.Raw[:len(ca.Root.Raw):len(ca.Root.Raw)], ca.Root.Raw...)), signing.ErrCertificate},
		"a good and a broken":    {append(text[:len(text):len(text)], block("CERTIFICATE", []byte("x"))...), signing.ErrCertificate},
		"a public key":           {[]byte(publicOf(t, id.Key).PEM), signing.ErrCertificate},
		"with a private key":     {append(id.ChainPEM(), id.KeyPEM()...), signing.ErrKeyPrivate},
		"with an encrypted key":  {append(id.ChainPEM(), block("ENCRYPTED PRIVATE KEY", []byte("x"))...), signing.ErrKeyPrivate},
		"more than is ever read": {bytes.Repeat([]byte(" "), 5<<20), signing.ErrCertificate},
	} {
		if _, err := signing.ParseCertificates(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestLeafKeyRefuses(t *testing.T) {
	plain := must(signing.ParseBundle(signed(t, signing.ECDSAP256, statementOf(1))))
	if _, err := plain.LeafKey(); !errors.Is(err, signing.ErrNoCertificate) {
		t.Errorf("plain key: %v", err)
	}
	ca := certtest.New(t, certNow)
	b := must(signing.ParseBundle(signedBy(t, ca.Issue("123456785"), statementOf(1))))
	b.Certificate = ca.Issue("123456785", certtest.Key(testKeyP521(t))).Certificate.Raw
	if _, err := b.LeafKey(); !errors.Is(err, signing.ErrAlgorithm) {
		t.Errorf("P-521: %v", err)
	}
	b.Certificate = []byte("x")
	if _, err := b.LeafKey(); !errors.Is(err, signing.ErrCertificate) {
		t.Errorf("not a certificate: %v", err)
	}
}

// A chain may have eight certificates, of 16 kB each.
func TestChainCaps(t *testing.T) {
	ca := certtest.New(t, certNow)
	id := ca.Issue("123456785")
	good := signedBy(t, id, statementOf(1))
	encode := base64Of
	one := fmt.Sprintf(`{"rawBytes":"%s"}`, encode(ca.Issuing.Raw))
	with := func(n int, of string) []byte { return edit(t, good, one, strings.Repeat(of+",", n-2)+of) }
	if b, err := signing.ParseBundle(with(8, one)); err != nil || len(b.Chain) != 7 {
		t.Errorf("eight: %v", err)
	}
	if _, err := signing.ParseBundle(with(9, one)); !errors.Is(err, signing.ErrCertificate) {
		t.Errorf("nine: %v", err)
	}
	large := func(name string) string {
		return fmt.Sprintf(`{"rawBytes":"%s"}`, encode(ca.Issue("123456785", certtest.AsIssuer(), certtest.Email(name+"@example.no")).Certificate.Raw))
	}
	if _, err := signing.ParseBundle(with(2, large(strings.Repeat("x", 14000)))); err != nil {
		t.Errorf("15 kB: %v", err)
	}
	if _, err := signing.ParseBundle(with(2, large(strings.Repeat("x", 17000)))); !errors.Is(err, signing.ErrCertificate) {
		t.Errorf("17 kB: %v", err)
	}
	for bits, want := range map[int]error{8192: nil, 8193: signing.ErrCertificate} {
		modulus := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
		cert := ca.Issue("123456785", certtest.AsIssuer(), certtest.Key(rsaOf{modulus.Add(modulus, big.NewInt(1))})).Certificate
		if _, err := signing.ParseBundle(with(2, fmt.Sprintf(`{"rawBytes":"%s"}`, encode(cert.Raw)))); !errors.Is(err, want) {
			t.Errorf("RSA of %d bits: %v", bits, err)
		}
	}
	for name, text := range map[string]string{
		"the root": fmt.Sprintf(`{"rawBytes":"%s"}`, encode(ca.Root.Raw)), "a signer": fmt.Sprintf(`{"rawBytes":"%s"}`, encode(id.Certificate.Raw)), "not base64": `{"rawBytes":"*"}`, "empty": `{}`, "trailing": fmt.Sprintf(`{"rawBytes":"%s"}`, encode(append(ca.Issuing.Raw[:len(ca.Issuing.Raw):len(ca.Issuing.Raw)], 0))),
	} {
		if _, err := signing.ParseBundle(with(2, text)); !errors.Is(err, signing.ErrCertificate) || errors.Is(err, signing.ErrEncoding) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeyForm(t *testing.T) {
	ca := certtest.New(t, certNow)
	log := newLogSigner(t)
	trustedRoot := must(signing.TrustedRootJSON(logHost, logURL, log.PublicKeyDER(), log.LogID()))
	stamper := certtest.NewTimestamper(t, certNow, certNow.Add(time.Hour))
	for _, a := range signing.Algorithms() {
		id := ca.Issue("123456785", certtest.Key(testKey(t, a)))
		data := signedBy(t, id, statementOf(3))
		b := must(signing.ParseBundle(data))
		key := must(b.LeafKey())
		leaf := must(signing.LeafBody(b, key))
		// The log says nothing of the certificate.
		if plain := must(signing.ParseBundle(must(signing.KeyForm(data)))); !bytes.Equal(must(signing.LeafBody(plain, key)), leaf) {
			t.Errorf("%s: the two forms have different leaves", a)
		}
		in := logged(t, log, leaf)
		with := must(signing.WithInclusion(data, in))
		if again := must(signing.ParseBundle(with)); !bytes.Equal(again.Certificate, b.Certificate) || !cmp.Equal(again.Chain, b.Chain) || len(again.Inclusions) != 1 {
			t.Errorf("%s: the inclusion changes the certificates", a)
		}
		stamped := must(signing.WithTimestamp(with, stamper.Stamp(t, b.Signature, certNow)))
		form := must(signing.KeyForm(stamped))
		got := must(signing.ParseBundle(form))
		want := &signing.Bundle{
			Payload: b.Payload, Hint: key.Hint(), Signature: b.Signature, Inclusions: []signing.Inclusion{in},
			Timestamps: must(signing.ParseBundle(stamped)).Timestamps, Raw: form,
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got.Timestamps) != 1 {
			t.Errorf("%s: %s", a, diff)
		}
		if err := verifyLogged(form, trustedRoot, key); err != nil {
			t.Errorf("%s: sigstore-go: %v", a, err)
		}
		if err := verifyLogged(with, trustedRoot, key); err == nil {
			t.Errorf("%s: sigstore-go accepts the certificate form", a)
		}
		if err := bySigstore(must(signing.KeyForm(data)), key, service); err != nil {
			t.Errorf("%s: sigstore-go, not logged: %v", a, err)
		}
		// The order of the two does not matter.
		if other := must(signing.WithInclusion(must(signing.KeyForm(data)), in)); !bytes.Equal(other, must(signing.KeyForm(with))) {
			t.Errorf("%s: the order matters", a)
		}
	}
	plain := signed(t, signing.ECDSAP256, statementOf(1))
	if got := must(signing.KeyForm(plain)); !bytes.Equal(got, plain) {
		t.Error("a bundle with a key is changed")
	}
	if _, err := signing.KeyForm([]byte("{}")); !errors.Is(err, signing.ErrMediaType) {
		t.Errorf("not a bundle: %v", err)
	}
	if _, err := signing.KeyForm(edit(t, signedBy(t, ca.Issue("123456785"), statementOf(1)), base64.StdEncoding.EncodeToString(ca.Issuing.Raw), "AAAA")); !errors.Is(err, signing.ErrCertificate) {
		t.Errorf("broken issuer: %v", err)
	}
}

func TestWithTimestampRefuses(t *testing.T) {
	data := signed(t, signing.ECDSAP256, statementOf(1))
	if _, err := signing.WithTimestamp([]byte("{}"), []byte("x")); !errors.Is(err, signing.ErrMediaType) {
		t.Errorf("not a bundle: %v", err)
	}
	if _, err := signing.WithTimestamp(data, nil); !errors.Is(err, signing.ErrEncoding) {
		t.Errorf("no timestamp: %v", err)
	}
	for range 32 {
		data = must(signing.WithTimestamp(data, []byte("x")))
	}
	if _, err := signing.WithTimestamp(data, []byte("x")); !errors.Is(err, signing.ErrLogEntry) {
		t.Errorf("one too many: %v", err)
	}
}

func base64Of(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// rsaOf is an RSA key with a modulus that is none.
type rsaOf struct{ modulus *big.Int }

func (k rsaOf) Public() crypto.PublicKey { return &rsa.PublicKey{N: k.modulus, E: 65537} }

func (k rsaOf) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("it cannot sign")
}
