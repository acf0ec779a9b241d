package api

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"testing"

	"felleskrav/internal/signing"
)

// onProtocols are signatures that our suppliers make, or we do, for something
// else.
func (s *siege) onProtocols() []attack {
	key, err := signing.GenerateKey(signing.ECDSAP256)
	if err != nil {
		s.t.Fatal(err)
	}
	public := publicOf(s.t, key)
	var ch Challenge
	s.want(201, "supplier", "POST", "/api/v1/suppliers/"+ours+"/keys", EnrolmentInput{Pem: public.PEM, Label: "ikke bevist"}).into(s.t, &ch)
	proof := func(message []byte) []byte {
		sig, err := signing.SignMessage(key, message)
		if err != nil {
			s.t.Fatal(err)
		}
		return sig
	}
	parsed := func(name string, payload []byte) attack {
		return attack{name: name + " as a declaration", body: s.sign(s.key, payload), status: 422, key: "statement.json"}
	}
	mine, err := signing.SignMessage(s.key, ch.Message)
	if err != nil {
		s.t.Fatal(err)
	}
	b, err := signing.ParseBundle(s.good)
	if err != nil {
		s.t.Fatal(err)
	}
	leaf, err := signing.LeafBody(b, publicOf(s.t, s.key))
	if err != nil {
		s.t.Fatal(err)
	}
	return []attack{
		parsed("challenge", ch.Message),
		parsed("checkpoint", s.want(200, "", "GET", "/log/checkpoint", nil).body),
		parsed("log entry", leaf),
		parsed("key", []byte(public.PEM)),
		parsed("certificate", []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")),
		parsed("bundle", s.good),
		parsed("envelope", []byte(`{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}`)),
		parsed("descriptor", s.want(200, "", "GET", "/api/v1/offerings/"+s.offering+"/descriptor", nil).body),
		parsed("trusted root", s.want(200, "", "GET", "/log/trusted_root.json", nil).body),
		parsed("encoded message", pae(signing.PayloadType, s.statement)),
		{name: "signature of a challenge on a declaration", body: s.signature(func([]byte) []byte { return mine }), status: 422, key: "signature.wrong"},
		{name: "key that is challenged and not proved", body: s.sign(key, s.statement), status: 422, key: "signature.unknown-key"},
		s.proof("proof by another supplier", "supplier@"+theirs, theirs, ch.Id, proof(ch.Message), 404, "key.challenge-gone"),
		s.proof("proof by a declaration's signature", "", ours, ch.Id, proof(pae(signing.PayloadType, ch.Message)), 422, "key.proof"),
		s.proof("proof that comes after a wrong one", "", ours, ch.Id, proof(ch.Message), 404, "key.challenge-gone"),
	}
}

// proof answers a challenge.
func (s *siege) proof(name, who, org, challenge string, signature []byte, status int, key string) attack {
	return attack{
		name: name, who: who, kind: "application/json", to: "/api/v1/suppliers/" + org + "/keys/challenges/" + challenge,
		body: marshal(s.t, ProofInput{Signature: signature}), status: status, key: key,
	}
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// onEnrolment are keys that must not become a supplier's.
func (s *siege) onEnrolment() []attack {
	public := func(key any) string {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			s.t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	curve := func(c elliptic.Curve) string {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			s.t.Fatal(err)
		}
		return public(k.Public())
	}
	good, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		s.t.Fatal(err)
	}
	bits := func(n uint, e int) string {
		m := new(big.Int).Lsh(big.NewInt(1), n-1)
		return public(&rsa.PublicKey{N: m.SetBit(m, 0, 1), E: e})
	}
	private, err := signing.MarshalPrivateKey(s.key)
	if err != nil {
		s.t.Fatal(err)
	}
	key := func(name, pem, field string) attack {
		return attack{
			name: "enrolling " + name, kind: "application/json", to: "/api/v1/suppliers/" + ours + "/keys",
			body: marshal(s.t, EnrolmentInput{Pem: pem, Label: "ond"}), status: 422, key: "invalid.fields", field: field,
		}
	}
	out := []attack{
		key("a private key", string(private), "key.malformed"),
		key("a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "key.malformed"),
		key("two keys", public(good.Public())+public(s.key.Public()), "key.malformed"),
		key("no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "key.malformed"),
		key("P-224", curve(elliptic.P224()), "key.algorithm"),
		key("P-521", curve(elliptic.P521()), "key.algorithm"),
		key("RSA of 1024 bits", bits(1024, 65537), "key.algorithm"),
		key("RSA of 2560 bits", bits(2560, 65537), "key.algorithm"),
		key("RSA of 8192 bits", bits(8192, 65537), "key.algorithm"),
		key("RSA with the exponent 1", public(&rsa.PublicKey{N: good.N, E: 1}), "key.algorithm"),
		key("RSA with the exponent 3", public(&rsa.PublicKey{N: good.N, E: 3}), "key.algorithm"),
	}
	// With the private half unknown to everybody, these verify what anyone writes.
	for _, point := range []string{
		"0100000000000000000000000000000000000000000000000000000000000000", // the neutral one
		"0000000000000000000000000000000000000000000000000000000000000000", // of order 4
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // of order 2
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // of order 8
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", // of order 8
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // the neutral one, written otherwise
	} {
		raw, err := hex.DecodeString(point)
		if err != nil {
			s.t.Fatal(err)
		}
		out = append(out, key("Ed25519 of the point "+point[:4]+point[60:], public(ed25519.PublicKey(raw)), "key.algorithm"))
	}
	return out
}
