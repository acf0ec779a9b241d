package maskinporten

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"felleskrav/internal/organisation"
)

// Whatever a party says, it is one valid number in the one way to write it, or
// nobody.
func TestParty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`(0192|9908|):?[0-9]{8,10}`), rapid.SampledFrom([]string{"0192:123456785", "0192:314168267"}))
		some := func(name string) *string {
			if rapid.Bool().Draw(t, name+" is there") {
				s := text.Draw(t, name)
				return &s
			}
			return nil
		}
		p := party{Authority: rapid.SampledFrom([]string{authority, "", "x"}).Draw(t, "authority"), Upper: some("ID"), Lower: some("id")}
		n, err := p.number()
		if err != nil {
			if n != "" {
				t.Fatalf("%v, and yet %q", err, n)
			}
			return
		}
		if again, err := organisation.ParseNumber(string(n)); err != nil || again != n || p.Authority != authority {
			t.Fatalf("%+v is %q, %v", p, n, err)
		}
		for _, s := range []*string{p.Upper, p.Lower} {
			if s != nil && *s != n.ID() {
				t.Fatalf("%+v is %q", p, n)
			}
		}
	})
}

// The parser refuses or gives what is there, and never panics.
func FuzzParseClaims(f *testing.F) {
	f.Add([]byte(`{"iss":"i","aud":["a"],"exp":1,"iat":1.5,"nbf":2,"jti":"j","scope":"a b","consumer":{"authority":"iso6523-actorid-upis","ID":"0192:123456785"}}`))
	f.Add([]byte(`{"aud":null,"exp":null,"consumer":null}`))
	f.Add([]byte(`{"exp":1e400}`))
	f.Add([]byte(`{"consumer":{"ID":"a","id":"b"}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, err := parseClaims(payload)
		if err != nil {
			return
		}
		if !json.Valid(payload) {
			t.Fatalf("%q was read", payload)
		}
		for _, at := range []numericDate{c.Expires, c.IssuedAt, c.NotBefore} {
			if !at.IsZero() && (at.Unix() < 0 || at.Year() > 9999) {
				t.Fatalf("%q gives %s", payload, at)
			}
		}
		for _, s := range c.scopes() {
			if s == "" || strings.ContainsAny(s, " \t") {
				t.Fatalf("%q gives the scope %q", payload, s)
			}
		}
		if c.Consumer != nil {
			_, _ = c.Consumer.number()
		}
	})
}
