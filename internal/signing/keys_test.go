package signing_test

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/signing"
)

// testKey returns one key per algorithm, made once, since RSA takes long.
func testKey(t testing.TB, a signing.Algorithm) crypto.Signer {
	t.Helper()
	key, err := keyOnce(a)()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var (
	keysMu sync.Mutex
	keys   = map[signing.Algorithm]func() (crypto.Signer, error){}
)

func keyOnce(a signing.Algorithm) func() (crypto.Signer, error) {
	keysMu.Lock()
	defer keysMu.Unlock()
	if keys[a] == nil {
		keys[a] = sync.OnceValues(func() (crypto.Signer, error) { return signing.GenerateKey(a) })
	}
	return keys[a]
}

func publicOf(t testing.TB, key crypto.Signer) signing.PublicKey {
	t.Helper()
	pub, err := signing.PublicOf(key)
	if err != nil {
		t.Fatal(err)
	}
	return pub
}

func TestKeysReadBack(t *testing.T) {
	for _, a := range signing.Algorithms() {
		key := testKey(t, a)
		text, err := signing.MarshalPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		again, err := signing.ParsePrivateKey(text)
		if err != nil {
			t.Fatal(err)
		}
		if !again.(interface{ Equal(crypto.PrivateKey) bool }).Equal(key) {
			t.Errorf("%s: private key reads back as another", a)
		}
		pub := publicOf(t, key)
		if pub.Algorithm != a {
			t.Errorf("%s: public key is %s", a, pub.Algorithm)
		}
		read, err := signing.ParsePublicKey([]byte("\n" + pub.PEM + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(pub, read); diff != "" {
			t.Errorf("%s: %s", a, diff)
		}
		sum := sha256.Sum256(pub.DER)
		if pub.ID != hex.EncodeToString(sum[:]) || pub.Hint() != base64.StdEncoding.EncodeToString(sum[:]) {
			t.Errorf("%s: id %s, hint %s", a, pub.ID, pub.Hint())
		}
		if got, want := a.CosignVerifiable(), a != signing.ECDSAP384; got != want {
			t.Errorf("%s: CosignVerifiable is %t", a, got)
		}
	}
	if signing.Algorithm("ecdsa-p521").CosignVerifiable() {
		t.Error("an algorithm that is not on the list is cosign-verifiable")
	}
}

func TestOlderKeyForms(t *testing.T) {
	ec := testKey(t, signing.ECDSAP256).(*ecdsa.PrivateKey)
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	// As "openssl ecparam -genkey" writes it.
	text := append(block("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}), block("EC PRIVATE KEY", sec1)...)
	if key, err := signing.ParsePrivateKey(text); err != nil || !ec.Equal(key) {
		t.Errorf("SEC 1: %v", err)
	}
	r := testKey(t, signing.RSA2048).(*rsa.PrivateKey)
	if key, err := signing.ParsePrivateKey(block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r))); err != nil || !r.Equal(key) {
		t.Errorf("PKCS #1: %v", err)
	}
	pub, err := signing.ParsePublicKey(block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&r.PublicKey)))
	if err != nil || pub.ID != publicOf(t, r).ID {
		t.Errorf("PKCS #1 public key: %v; its id must not depend on the form", err)
	}
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pkix(t *testing.T, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("PUBLIC KEY", der)
}

func TestPublicKeysRefused(t *testing.T) {
	p224, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	p521, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	modulus := func(bits uint) *big.Int {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return n.Add(n, big.NewInt(12345))
	}
	good := publicOf(t, testKey(t, signing.ECDSAP256))
	private, err := signing.MarshalPrivateKey(testKey(t, signing.ECDSAP256))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text []byte
		want error
	}{
		"P-224":                 {pkix(t, &p224.PublicKey), signing.ErrAlgorithm},
		"P-521":                 {pkix(t, &p521.PublicKey), signing.ErrAlgorithm},
		"RSA 1024":              {pkix(t, &rsa.PublicKey{N: modulus(1024), E: 65537}), signing.ErrAlgorithm},
		"RSA 2047":              {pkix(t, &rsa.PublicKey{N: modulus(2047), E: 65537}), signing.ErrAlgorithm},
		"RSA 2560":              {pkix(t, &rsa.PublicKey{N: modulus(2560), E: 65537}), signing.ErrAlgorithm},
		"RSA 8192":              {pkix(t, &rsa.PublicKey{N: modulus(8192), E: 65537}), signing.ErrAlgorithm},
		"RSA exponent 3":        {pkix(t, &rsa.PublicKey{N: modulus(3072), E: 3}), signing.ErrAlgorithm},
		"RSA even exponent":     {pkix(t, &rsa.PublicKey{N: modulus(3072), E: 65538}), signing.ErrAlgorithm},
		"a private key":         {private, signing.ErrKeyPrivate},
		"a certificate":         {block("CERTIFICATE", []byte("x")), signing.ErrCertificateNotEnabled},
		"an encrypted key":      {block("ENCRYPTED PRIVATE KEY", []byte("x")), signing.ErrKeyEncrypted},
		"two keys":              {[]byte(good.PEM + good.PEM), signing.ErrKeyMalformed},
		"text after":            {[]byte(good.PEM + "x"), signing.ErrKeyMalformed},
		"empty":                 {nil, signing.ErrKeyMalformed},
		"not PEM":               {good.DER, signing.ErrKeyMalformed},
		"bytes after the key":   {block("PUBLIC KEY", append(bytes.Clone(good.DER), 0)), signing.ErrKeyMalformed},
		"a point off the curve": {block("PUBLIC KEY", append(bytes.Clone(good.DER[:len(good.DER)-1]), good.DER[len(good.DER)-1]^1)), signing.ErrKeyMalformed},
		"another PEM type":      {block("SSH KEY", good.DER), signing.ErrKeyMalformed},
		"too long":              {[]byte(strings.Repeat("\n", 20000) + good.PEM), signing.ErrKeyMalformed},
	} {
		if key, err := signing.ParsePublicKey(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %s, %v; want %v", name, key.Algorithm, err, c.want)
		}
	}
}

// Signatures by points of small order need no private key: each of them verifies one that was made for none, and
// so does with the sign of x turned.
func TestPointsOfSmallOrder(t *testing.T) {
	neutral := append([]byte{1}, make([]byte, 31)...)
	for _, text := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000", "0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		for _, sign := range []byte{0, 0x80} {
			point := ed25519.PublicKey(must(hex.DecodeString(text)))
			point[31] |= sign
			forged := 0
			for i := range 200 {
				if ed25519.Verify(point, []byte{byte(i)}, append(bytes.Clone(neutral), make([]byte, 32)...)) {
					forged++
				}
			}
			if forged == 0 {
				t.Errorf("%x is not what it is taken for", point)
			}
			if _, err := signing.ParsePublicKey(pkix(t, point)); !errors.Is(err, signing.ErrAlgorithm) {
				t.Errorf("%x, by which %d of 200 messages are signed: %v", point, forged, err)
			}
			der := must(x509.MarshalPKIXPublicKey(point))
			if err := signing.VerifyMessage(signing.PublicKey{Algorithm: signing.Ed25519, DER: der}, []byte{1}, append(bytes.Clone(neutral), make([]byte, 32)...)); !errors.Is(err, signing.ErrAlgorithm) {
				t.Errorf("%x verifies: %v", point, err)
			}
		}
	}
}

// An ECDSA signature has one form; the library would read it in others.
func TestSignaturesSideBySide(t *testing.T) {
	for _, alg := range []signing.Algorithm{signing.ECDSAP256, signing.ECDSAP384} {
		key, message := testKey(t, alg), []byte("melding")
		sig := must(signing.SignMessage(key, message))
		var pair struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(sig, &pair); err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{32, 48, 66} {
			if pair.R.BitLen() > size*8 || pair.S.BitLen() > size*8 {
				continue
			}
			raw := append(pair.R.FillBytes(make([]byte, size)), pair.S.FillBytes(make([]byte, size))...)
			if err := signing.VerifyMessage(publicOf(t, key), message, raw); !errors.Is(err, signing.ErrSignature) {
				t.Errorf("%s, r and s of %d bytes: %v", alg, size, err)
			}
		}
		if err := signing.VerifyMessage(publicOf(t, key), message, append(sig, 0)); !errors.Is(err, signing.ErrSignature) {
			t.Errorf("%s, a byte after it: %v", alg, err)
		}
	}
}

func TestPrivateKeysRefused(t *testing.T) {
	p521, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	der, err := x509.MarshalPKCS8PrivateKey(p521)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text []byte
		want error
	}{
		"P-521":         {block("PRIVATE KEY", der), signing.ErrAlgorithm},
		"PKCS #8":       {block("ENCRYPTED PRIVATE KEY", []byte("x")), signing.ErrKeyEncrypted},
		"cosign":        {block("ENCRYPTED SIGSTORE PRIVATE KEY", []byte("x")), signing.ErrKeyEncrypted},
		"old openssl":   {pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}, Bytes: []byte("x")}), signing.ErrKeyEncrypted},
		"a public key":  {[]byte(publicOf(t, testKey(t, signing.Ed25519)).PEM), signing.ErrKeyMalformed},
		"broken":        {block("PRIVATE KEY", []byte("x")), signing.ErrKeyMalformed},
		"no PEM":        {[]byte("x"), signing.ErrKeyMalformed},
		"only EC param": {block("EC PARAMETERS", []byte("x")), signing.ErrKeyMalformed},
	} {
		if _, err := signing.ParsePrivateKey(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := signing.GenerateKey("ecdsa-p521"); !errors.Is(err, signing.ErrAlgorithm) {
		t.Errorf("GenerateKey: %v", err)
	}
	if _, err := signing.MarshalPrivateKey(inHardware{testKey(t, signing.ECDSAP256)}); !errors.Is(err, signing.ErrKeyMalformed) {
		t.Errorf("MarshalPrivateKey of a key in hardware: %v", err)
	}
	if _, err := signing.PublicOf(oddKey{}); !errors.Is(err, signing.ErrAlgorithm) {
		t.Errorf("PublicOf an ECDH key: %v", err)
	}
}

// inHardware is a signer that shows nothing of its key.
type inHardware struct{ crypto.Signer }

type oddKey struct{ crypto.Signer }

func (oddKey) Public() crypto.PublicKey { return &ecdh.PublicKey{} }

func TestMessages(t *testing.T) {
	message := []byte("prove that you hold the key")
	for _, a := range signing.Algorithms() {
		key := inHardware{testKey(t, a)}
		pub := publicOf(t, key)
		sig, err := signing.SignMessage(key, message)
		if err != nil {
			t.Fatal(err)
		}
		if err := signing.VerifyMessage(pub, message, sig); err != nil {
			t.Errorf("%s: %v", a, err)
		}
		changed := bytes.Clone(sig)
		changed[len(changed)/2] ^= 1
		other, err := signing.GenerateKey(signing.ECDSAP256)
		if err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"another message":   signing.VerifyMessage(pub, append(bytes.Clone(message), '\n'), sig),
			"changed signature": signing.VerifyMessage(pub, message, changed),
			"shorter signature": signing.VerifyMessage(pub, message, sig[:len(sig)-1]),
			"longer signature":  signing.VerifyMessage(pub, message, append(bytes.Clone(sig), 0)),
			"no signature":      signing.VerifyMessage(pub, message, nil),
			"another key":       signing.VerifyMessage(publicOf(t, other), message, sig),
		} {
			if !errors.Is(err, signing.ErrSignature) {
				t.Errorf("%s, %s: %v, want ErrSignature", a, name, err)
			}
		}
	}
	if err := signing.VerifyMessage(signing.PublicKey{}, message, nil); !errors.Is(err, signing.ErrKeyMalformed) {
		t.Errorf("zero key: %v", err)
	}
	p521, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	der, _ := x509.MarshalPKIXPublicKey(&p521.PublicKey)
	if err := signing.VerifyMessage(signing.PublicKey{Algorithm: signing.ECDSAP256, DER: der}, message, nil); !errors.Is(err, signing.ErrAlgorithm) {
		t.Errorf("key not on the list: %v", err)
	}
	if _, err := signing.SignMessage(p521, message); !errors.Is(err, signing.ErrAlgorithm) {
		t.Errorf("signing with a key not on the list: %v", err)
	}
}

// A PSS signature is not the RSA scheme in use.
func TestPSSIsRefused(t *testing.T) {
	key := testKey(t, signing.RSA2048).(*rsa.PrivateKey)
	sum := sha256.Sum256([]byte("message"))
	sig, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := signing.VerifyMessage(publicOf(t, key), []byte("message"), sig); !errors.Is(err, signing.ErrSignature) {
		t.Errorf("PSS: %v", err)
	}
}

// openssl makes keys and signatures that are accepted, and accepts ours.
func TestOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("this test needs the openssl command (Debian package openssl)")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("openssl", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	read := func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	message := []byte("prove that you hold the key\n")
	if err := os.WriteFile(filepath.Join(dir, "message"), message, 0o600); err != nil {
		t.Fatal(err)
	}
	for a, generate := range map[signing.Algorithm][]string{
		signing.ECDSAP256: {"ecparam", "-name", "prime256v1", "-genkey", "-out", "key.pem"},
		signing.ECDSAP384: {"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", "key.pem"},
		signing.Ed25519:   {"genpkey", "-algorithm", "ed25519", "-out", "key.pem"},
		signing.RSA3072:   {"genrsa", "-traditional", "-out", "key.pem", "3072"},
	} {
		run(generate...)
		run("pkey", "-in", "key.pem", "-pubout", "-out", "pub.pem")
		pub, err := signing.ParsePublicKey(read("pub.pem"))
		if err != nil {
			t.Fatal(err)
		}
		key, err := signing.ParsePrivateKey(read("key.pem"))
		if err != nil {
			t.Fatal(err)
		}
		if pub.Algorithm != a || publicOf(t, key).ID != pub.ID {
			t.Errorf("%s: public key is %s, ids %s and %s", a, pub.Algorithm, pub.ID, publicOf(t, key).ID)
		}
		digest := "-sha256"
		if a == signing.ECDSAP384 {
			digest = "-sha384"
		}
		sign := []string{"dgst", digest, "-sign", "key.pem", "-out", "sig", "message"}
		verify := []string{"dgst", digest, "-verify", "pub.pem", "-signature", "sig", "message"}
		if a == signing.Ed25519 {
			sign = []string{"pkeyutl", "-sign", "-rawin", "-inkey", "key.pem", "-in", "message", "-out", "sig"}
			verify = []string{"pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "pub.pem", "-in", "message", "-sigfile", "sig"}
		}
		run(sign...)
		if err := signing.VerifyMessage(pub, message, read("sig")); err != nil {
			t.Errorf("%s: signature by openssl: %v", a, err)
		}
		sig, err := signing.SignMessage(key, message)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "sig"), sig, 0o600); err != nil {
			t.Fatal(err)
		}
		run(verify...)
	}
}
