package signing

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"slices"
)

// Algorithm is a kind and size of key together with the one signature scheme used with it.
type Algorithm string

// The allowed algorithms. ECDSA signatures are ASN.1 DER; RSA is PKCS #1 v1.5 with SHA-256.
const (
	ECDSAP256 Algorithm = "ecdsa-p256" // SHA-256
	ECDSAP384 Algorithm = "ecdsa-p384" // SHA-384
	Ed25519   Algorithm = "ed25519"    // pure, RFC 8032
	RSA2048   Algorithm = "rsa-2048"
	RSA3072   Algorithm = "rsa-3072"
	RSA4096   Algorithm = "rsa-4096"
)

// maxKey bounds the PEM text of one key, in bytes; RSA-4096 in PKCS #8 is 3.3 kB.
const maxKey = 16 << 10

// Algorithms returns the allowed algorithms, the recommended one first.
func Algorithms() []Algorithm {
	return []Algorithm{ECDSAP256, Ed25519, RSA3072, RSA4096, RSA2048, ECDSAP384}
}

// CosignVerifiable reports whether stock cosign v3 verifies bundles signed with a. It does not for
// P-384 (cosign assumes SHA-256 for it).
func (a Algorithm) CosignVerifiable() bool {
	return a != ECDSAP384 && slices.Contains(Algorithms(), a)
}

// GenerateKey makes a new private key. An algorithm that is not on the list gives ErrAlgorithm.
func GenerateKey(a Algorithm) (crypto.Signer, error) {
	switch a {
	case ECDSAP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case ECDSAP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	}
	return nil, fmt.Errorf("generate key %q: %w", a, ErrAlgorithm)
}

// MarshalPrivateKey encodes key as unencrypted PKCS #8 in PEM. A key that lives in hardware gives
// ErrKeyMalformed.
func MarshalPrivateKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("marshal private key: %w: %w", ErrKeyMalformed, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// ParsePrivateKey reads one private key in PEM: PKCS #8, SEC 1 ("EC PRIVATE KEY") or PKCS #1 ("RSA
// PRIVATE KEY"), unencrypted and of an allowed algorithm.
func ParsePrivateKey(pemBytes []byte) (crypto.Signer, error) {
	block, err := onlyBlock(pemBytes)
	if err != nil {
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	var key any
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("parse private key: %w: PEM type is %q", ErrKeyMalformed, block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("parse private key: %w: %w", ErrKeyMalformed, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("parse private key: %w: %T cannot sign", ErrAlgorithm, key)
	}
	if _, err := algorithmOf(signer.Public()); err != nil {
		return nil, fmt.Errorf("parse private key: %w", err)
	}
	return signer, nil
}

// onlyBlock returns the single PEM block of a text. The parameter block that openssl writes in front of
// an EC key is passed over.
func onlyBlock(text []byte) (*pem.Block, error) {
	if len(text) > maxKey {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrKeyMalformed, maxKey)
	}
	block, rest := pem.Decode(text)
	if block != nil && block.Type == "EC PARAMETERS" {
		block, rest = pem.Decode(rest)
	}
	if block == nil {
		return nil, fmt.Errorf("%w: no PEM block", ErrKeyMalformed)
	}
	if len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("%w: text after the key", ErrKeyMalformed)
	}
	switch block.Type {
	case "ENCRYPTED PRIVATE KEY", "ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY":
		return nil, ErrKeyEncrypted
	}
	if _, ok := block.Headers["DEK-Info"]; ok {
		return nil, ErrKeyEncrypted
	}
	return block, nil
}

// PublicKey is a verified-to-be-allowed public key in the forms that are stored and shown. All fields
// follow from DER. The zero value verifies nothing.
type PublicKey struct {
	// Algorithm is the only scheme accepted with the key.
	Algorithm Algorithm
	// DER is the key as SubjectPublicKeyInfo.
	DER []byte
	// PEM is DER as a "PUBLIC KEY" block.
	PEM string
	// ID is the SHA-256 digest of DER, 64 lower-case hexadecimal digits.
	ID string
}

// Hint returns what cosign writes into a bundle to say which key signed it: the standard base64 of the
// SHA-256 digest of k.DER.
func (k PublicKey) Hint() string {
	sum := sha256.Sum256(k.DER)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// ParsePublicKey reads one public key in PEM: SubjectPublicKeyInfo or PKCS #1 ("RSA PUBLIC KEY"), of an
// allowed algorithm. A private key gives ErrKeyPrivate, a certificate ErrCertificateNotEnabled.
func ParsePublicKey(pemBytes []byte) (PublicKey, error) {
	block, err := onlyBlock(pemBytes)
	if err != nil {
		return PublicKey{}, fmt.Errorf("parse public key: %w", err)
	}
	var key any
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY":
		return PublicKey{}, fmt.Errorf("parse public key: %w", ErrKeyPrivate)
	case "CERTIFICATE":
		return PublicKey{}, fmt.Errorf("parse public key: %w", ErrCertificateNotEnabled)
	default:
		return PublicKey{}, fmt.Errorf("parse public key: %w: PEM type is %q", ErrKeyMalformed, block.Type)
	}
	if err != nil {
		return PublicKey{}, fmt.Errorf("parse public key: %w: %w", ErrKeyMalformed, err)
	}
	return publicKey(key)
}

// PublicOf returns the public half of key.
func PublicOf(key crypto.Signer) (PublicKey, error) {
	return publicKey(key.Public())
}

func publicKey(key crypto.PublicKey) (PublicKey, error) {
	algorithm, err := algorithmOf(key)
	if err != nil {
		return PublicKey{}, err
	}
	// Encoding anew gives every key one DER, and so one ID, however it was written.
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return PublicKey{}, fmt.Errorf("encode public key: %w: %w", ErrKeyMalformed, err)
	}
	sum := sha256.Sum256(der)
	return PublicKey{
		Algorithm: algorithm,
		DER:       der,
		PEM:       string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		ID:        hex.EncodeToString(sum[:]),
	}, nil
}

// algorithmOf applies the list of allowed algorithms.
func algorithmOf(key crypto.PublicKey) (Algorithm, error) {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return ECDSAP256, nil
		case elliptic.P384():
			return ECDSAP384, nil
		}
		return "", fmt.Errorf("%w: curve %s", ErrAlgorithm, k.Curve.Params().Name)
	case ed25519.PublicKey:
		if smallOrder(k) {
			return "", fmt.Errorf("%w: Ed25519 point of small order", ErrAlgorithm)
		}
		return Ed25519, nil
	case *rsa.PublicKey:
		// Small or even exponents are legal in old keys and have been behind forgeries
		// (FIPS 186-5 §5.1 asks for an odd one above 2^16).
		if k.E < 1<<16 || k.E%2 == 0 {
			return "", fmt.Errorf("%w: RSA exponent %d", ErrAlgorithm, k.E)
		}
		switch k.N.BitLen() {
		case 2048:
			return RSA2048, nil
		case 3072:
			return RSA3072, nil
		case 4096:
			return RSA4096, nil
		}
		return "", fmt.Errorf("%w: RSA of %d bits", ErrAlgorithm, k.N.BitLen())
	}
	return "", fmt.Errorf("%w: %T", ErrAlgorithm, key)
}

// The y coordinates of the Ed25519 points whose order divides the cofactor 8, without the sign of x, in every
// spelling that decodes: 0, 1, p-1, the two of order 8, and p and p+1 for 0 and 1.
var smallOrders = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

// smallOrder reports whether anyone can sign for key: signatures by such a point, that need no private key, verify
// over one message in eight or over all of them (RFC 8032 §8.4 leaves the check to the protocol).
func smallOrder(key ed25519.PublicKey) bool {
	y := bytes.Clone(key)
	y[len(y)-1] &= 0x7f
	return slices.Contains(smallOrders, hex.EncodeToString(y))
}
