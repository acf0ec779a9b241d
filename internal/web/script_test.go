package web

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/chromedp/chromedp"

	"felleskrav/internal/signing"
)

// TestSignaturesOfScriptsAreDER holds the scripts' signatures against Go's
// reader and writer: some hundred real ones, and r and s chosen for where the
// encoding turns.
func TestSignaturesOfScriptsAreDER(t *testing.T) {
	s := newSite(t, true)
	ctx := newChromium(t)
	signIn(t, ctx, s)
	run(t, ctx, "open a page with scripts", chromedp.Navigate(s.keysPage()), chromedp.WaitVisible(makeKey))

	type signed struct {
		SPKI []byte
		Sigs [][]byte
	}
	const count = 300
	real := inPage[signed](t, ctx, "signature.js", fmt.Sprintf(`{
		const bytes = await import(%q);
		const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
		const Sigs = [];
		for (let i = 0; i < %d; i++) Sigs.push(bytes.toBase64(await m.signMessage(pair.privateKey, Uint8Array.of(i, i >> 8))));
		return { SPKI: bytes.toBase64(new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey))), Sigs };
	}`, script(t, "bytes.js"), count))
	pem := inPage[string](t, ctx, "bytes.js", fmt.Sprintf(`m.toPEM(m.fromBase64(%q))`, base64.StdEncoding.EncodeToString(real.SPKI)))
	pub := must[signing.PublicKey](t)(signing.ParsePublicKey([]byte(pem)))
	if pub.PEM != pem || !bytes.Equal(pub.DER, real.SPKI) {
		t.Errorf("the key is written\n%s\nand in Go\n%s", pem, pub.PEM)
	}
	if len(real.Sigs) != count {
		t.Fatalf("%d signatures", len(real.Sigs))
	}
	for i, sig := range real.Sigs {
		if err := signing.VerifyMessage(pub, []byte{byte(i), byte(i >> 8)}, sig); err != nil {
			t.Errorf("signature %d, %x: %v", i, sig, err)
		}
	}

	type pair struct{ r, s []byte }
	full := func(set func(b []byte)) []byte { b := make([]byte, 32); set(b); return b }
	edge := [][]byte{
		full(func(b []byte) { b[31] = 1 }), full(func(b []byte) { b[31] = 0x7f }), full(func(b []byte) { b[31] = 0x80 }),
		full(func(b []byte) { b[30], b[31] = 0x80, 0 }), full(func(b []byte) { b[0] = 0x7f }), full(func(b []byte) { b[0] = 0x80 }),
		full(func(b []byte) { b[1] = 0x80 }), full(func(b []byte) { b[1] = 0x7f }), bytes.Repeat([]byte{0xff}, 32),
	}
	var pairs []pair
	for _, r := range edge {
		for _, s := range edge {
			pairs = append(pairs, pair{r, s})
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		p := pair{make([]byte, 32), make([]byte, 32)}
		for _, b := range [][]byte{p.r, p.s} {
			for i := random.IntN(32); i < 32; i++ {
				b[i] = byte(random.Uint32())
			}
			b[31] |= 1
		}
		pairs = append(pairs, p)
	}
	var raw [][]byte
	for _, p := range pairs {
		raw = append(raw, append(bytes.Clone(p.r), p.s...))
	}
	got := inPage[[][]byte](t, ctx, "signature.js", fmt.Sprintf(`{
		const bytes = await import(%q);
		return %s.map((raw) => bytes.toBase64(m.toDER(bytes.fromBase64(raw))));
	}`, script(t, "bytes.js"), must[[]byte](t)(json.Marshal(raw))))
	for i, p := range pairs {
		want := must[[]byte](t)(asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(p.r), new(big.Int).SetBytes(p.s)}))
		if !bytes.Equal(got[i], want) {
			t.Errorf("r %x, s %x: %x, want %x", p.r, p.s, got[i], want)
		}
	}

	// What is no signature is not made to look like one.
	for _, bad := range []string{`new Uint8Array(64)`, `new Uint8Array(64).fill(1, 0, 32)`, `new Uint8Array(64).fill(1, 32)`, `new Uint8Array(63).fill(1)`, `new Uint8Array(96).fill(1)`, `new Uint8Array(0)`} {
		if !inPage[bool](t, ctx, "signature.js", fmt.Sprintf(`{ try { m.toDER(%s); return false; } catch { return true; } }`, bad)) {
			t.Errorf("%s is taken for a signature", bad)
		}
	}
	for _, bad := range []string{"e30", "e30=\n", " e30=", "e31=", "====", "e3 0="} {
		if !inPage[bool](t, ctx, "bytes.js", fmt.Sprintf(`{ try { m.fromBase64(%q); return false; } catch { return true; } }`, bad)) {
			t.Errorf("%q is taken for base64", bad)
		}
	}
}
