package api

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"slices"
	"testing"

	"felleskrav/internal/signing"
)

// pair is an ECDSA signature (RFC 3279 §2.2.3).
type pair struct{ R, S *big.Int }

func (s *siege) pairs(change func(p *pair)) []byte {
	s.t.Helper()
	return s.signature(func(sig []byte) []byte { return repaired(s.t, sig, change) })
}

func repaired(t testing.TB, sig []byte, change func(p *pair)) []byte {
	t.Helper()
	var p pair
	if _, err := asn1.Unmarshal(sig, &p); err != nil {
		t.Fatal(err)
	}
	change(&p)
	out, err := asn1.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// malleable is the other signature by the same key over the same bytes, which
// anybody can make of the first.
func malleable(t testing.TB, sig []byte) []byte {
	t.Helper()
	return repaired(t, sig, func(p *pair) { p.S.Sub(elliptic.P256().Params().N, p.S) })
}

// signedBy puts another signature in the good bundle, and names its key.
func (s *siege) signedBy(key crypto.Signer, message []byte, opts crypto.SignerOpts) []byte {
	s.t.Helper()
	sig, err := key.Sign(rand.Reader, message, opts)
	if err != nil {
		s.t.Fatal(err)
	}
	return hinted(s.t, s.signature(func([]byte) []byte { return sig }), hintOf(s.t, key))
}

func (s *siege) onSignatures() []attack {
	n := elliptic.P256().Params().N
	covered := pae(signing.PayloadType, s.statement)
	sum := sha256.Sum256(covered)
	sum512 := sha512.Sum512(covered)
	over := func(message []byte) []byte {
		h := sha256.Sum256(message)
		return s.signedBy(s.key, h[:], crypto.SHA256)
	}
	twice := sha256.Sum256(sum[:])
	large, edwards, bits := s.enrol(ours, signing.ECDSAP384), s.enrol(ours, signing.Ed25519), s.enrol(ours, signing.RSA2048)
	flip := func(at int) []byte {
		return s.signature(func(sig []byte) []byte { sig[(at+len(sig))%len(sig)] ^= 1; return sig })
	}
	is := func(sig []byte) []byte { return s.signature(func([]byte) []byte { return sig }) }
	wrong := func(name string, body []byte) attack {
		return attack{name: name, body: body, status: 422, key: "signature.wrong"}
	}
	// RFC 8032 §5.1.7 asks that S is below the order; older verifiers did not.
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	lifted := func(sig []byte) []byte {
		le := slices.Clone(sig[32:])
		slices.Reverse(le)
		v := new(big.Int).SetBytes(le)
		le = v.Add(v, order).FillBytes(make([]byte, 32))
		slices.Reverse(le)
		return append(sig[:32:32], le...)
	}
	byEdwards := s.sign(edwards, s.statement)
	return []attack{
		wrong("signature with its first bit flipped", flip(0)),
		wrong("signature with a bit flipped in its middle", flip(20)),
		wrong("signature with its last bit flipped", flip(-1)),
		wrong("r and s swapped", s.pairs(func(p *pair) { p.R, p.S = p.S, p.R })),
		wrong("r and s zero", s.pairs(func(p *pair) { p.R, p.S = new(big.Int), new(big.Int) })),
		wrong("r and s one", s.pairs(func(p *pair) { p.R, p.S = big.NewInt(1), big.NewInt(1) })),
		wrong("r and s the order", s.pairs(func(p *pair) { p.R, p.S = n, n })),
		wrong("s plus the order", s.pairs(func(p *pair) { p.S.Add(p.S, n) })),
		wrong("r negative", s.pairs(func(p *pair) { p.R.Neg(p.R) })),
		wrong("r and s side by side", s.signature(func(sig []byte) []byte {
			var p pair
			if _, err := asn1.Unmarshal(sig, &p); err != nil {
				s.t.Fatal(err)
			}
			return append(p.R.FillBytes(make([]byte, 32)), p.S.FillBytes(make([]byte, 32))...)
		})),
		wrong("signature cut short", s.signature(func(sig []byte) []byte { return sig[:len(sig)-1] })),
		wrong("text after the signature", s.signature(func(sig []byte) []byte { return append(sig, 0) })),
		wrong("signature in a long form of DER", s.signature(func(sig []byte) []byte { return append([]byte{0x30, 0x81}, sig[1:]...) })),
		wrong("signature is some DER", is([]byte{0x30, 0x80, 0, 0})),
		wrong("signature of half a megabyte", is(bytes.Repeat([]byte{0x30}, 500_000))),
		{name: "signature is empty", body: is(nil), status: 422, key: "bundle.encoding"},
		wrong("signature over the bare payload", over(s.statement)),
		wrong("signature over another type", over(pae("application/json", s.statement))),
		wrong("signature over another length", over(bytes.Replace(covered, []byte("json "), []byte("json 0"), 1))),
		wrong("signature over DSSE version 2", over(append([]byte("DSSEv2"), covered[6:]...))),
		wrong("signature over another payload", over(pae(signing.PayloadType, append(slices.Clone(s.statement), ' ')))),
		wrong("signature over the digest of the digest", s.signedBy(s.key, twice[:], crypto.SHA256)),
		wrong("P-256 over SHA-512", s.signedBy(s.key, sum512[:], crypto.SHA512)),
		wrong("P-384 over SHA-256", s.signedBy(large, sum[:], crypto.SHA256)),
		wrong("RSA-PSS", s.signedBy(bits, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})),
		wrong("RSA over SHA-512", s.signedBy(bits, sum512[:], crypto.SHA512)),
		wrong("RSA signature of zeros", hinted(s.t, is(make([]byte, 256)), hintOf(s.t, bits))),
		wrong("Ed25519 prehashed", s.signedBy(edwards, sum512[:], crypto.SHA512)),
		wrong("Ed25519 with a context", s.signedBy(edwards, covered, &ed25519.Options{Context: "DSSE"})),
		wrong("Ed25519 with s plus the order", resigned(s.t, byEdwards, lifted)),
		wrong("Ed25519 signature of zeros", resigned(s.t, byEdwards, func([]byte) []byte { return make([]byte, 64) })),
		wrong("Ed25519 signature cut short", resigned(s.t, byEdwards, func(sig []byte) []byte { return sig[:63] })),
		wrong("ECDSA signature for an RSA key", hinted(s.t, s.good, hintOf(s.t, bits))),
		wrong("payload changed", s.edit(func(_, e object) {
			e["payload"] = base64.StdEncoding.EncodeToString(edited(s.t, s.statement, "Ja,", "Nei,"))
		})),
		wrong("payload with a space after it", s.edit(func(_, e object) {
			e["payload"] = base64.StdEncoding.EncodeToString(append(slices.Clone(s.statement), ' '))
		})),
	}
}

// onKeys are signatures that are right, by a key that does not count.
func (s *siege) onKeys() []attack {
	stranger, err := signing.GenerateKey(signing.ECDSAP256)
	if err != nil {
		s.t.Fatal(err)
	}
	weak, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	sum := sha256.Sum256(pae(signing.PayloadType, s.statement))
	byWeak, err := weak.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		s.t.Fatal(err)
	}
	return []attack{
		{name: "key that nobody enrolled", body: s.sign(stranger, s.statement), status: 422, key: "signature.unknown-key"},
		{name: "key that nobody enrolled, said to be ours", body: hinted(s.t, s.sign(stranger, s.statement), hintOf(s.t, s.key)), status: 422, key: "signature.wrong"},
		{name: "key of a kind that is not taken", body: hinted(s.t, s.signature(func([]byte) []byte { return byWeak }), ""), status: 422, key: "signature.unknown-key"},
		{name: "our second key, said to be the first", body: hinted(s.t, s.sign(s.second, s.statement), hintOf(s.t, s.key)), status: 422, key: "signature.wrong"},
		{name: "another supplier's key", body: s.sign(s.away, s.statement), status: 422, key: "signature.unknown-key"},
		{name: "another supplier's key, said to be ours", body: hinted(s.t, s.sign(s.away, s.statement), hintOf(s.t, s.key)), status: 422, key: "signature.wrong"},
		{name: "another supplier's key, said to be nobody's", body: hinted(s.t, s.sign(s.away, s.statement), "%%%"), status: 422, key: "signature.unknown-key"},
		{name: "sent by another supplier", who: "supplier@" + theirs, body: s.good, status: 403, key: "access.other-organisation"},
		{name: "sent by another supplier with its own key", who: "supplier@" + theirs, body: s.sign(s.away, s.statement), status: 403, key: "access.other-organisation"},
		{name: "sent by a public body", who: "procurement", body: s.good, status: 403, key: "access.denied"},
		{name: "sent by an editor", who: "editor", body: s.good, status: 403, key: "access.denied"},
		{name: "sent by nobody", who: noToken, body: s.good, status: 401, key: "access.login"},
	}
}
