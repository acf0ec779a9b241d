package maskinporten_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"felleskrav/internal/access"
	"felleskrav/internal/maskinporten"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

const (
	audience = "https://felleskrav.example"
	source   = "https://delegation.example/"
	consumer = "123456785"
	supplier = "314168267"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// rsaKeys are made once: making them is slow.
var rsaKeys = sync.OnceValue(func() (keys [3]*rsa.PrivateKey) {
	for i := range keys {
		keys[i], _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	return keys
})

// issuer is an authority with metadata and keys, on a server of its own.
type issuer struct {
	*httptest.Server
	mu    sync.Mutex
	keys  []any // JSON Web Keys
	asked atomic.Int64
	// answer replaces the answer with keys.
	answer http.HandlerFunc
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/oauth-authorization-server", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.URL + "/", "jwks_uri": i.URL + "/jwk"})
	})
	mux.HandleFunc("/jwk", func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.answer != nil {
			i.answer(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": i.keys})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	i.serve(public("one", rsaKeys()[0]))
	return i
}

func (i *issuer) serve(keys ...any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys, i.answer = keys, nil
}

func (i *issuer) fail(how http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = how
}

func public(id string, key *rsa.PrivateKey) jose.JSONWebKey {
	return jose.JSONWebKey{Key: &key.PublicKey, KeyID: id, Use: "sig"}
}

type clock struct{ atomic.Int64 }

func newClock() *clock                   { c := &clock{}; c.Store(noon.UnixNano()); return c }
func (c *clock) now() time.Time          { return time.Unix(0, c.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.Add(int64(d)) }

func (i *issuer) config(c *clock) maskinporten.Config {
	return maskinporten.Config{
		Issuer: i.URL + "/", Audience: audience, DelegationSource: source, AllowPrivate: true, Now: c.now,
		Scopes: map[string][]access.Role{"felleskrav:les": {access.AgencyReader, access.Procurement}, "felleskrav:lever": {access.SupplierAuthor}},
		Name: func(_ context.Context, n organisation.Number) string {
			if n == supplier {
				return "Testsky AS"
			}
			return ""
		},
	}
}

func newVerifier(t *testing.T, c maskinporten.Config) *maskinporten.Verifier {
	t.Helper()
	v, err := maskinporten.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

type object = map[string]any

func party(number string) object {
	return object{"authority": "iso6523-actorid-upis", "ID": "0192:" + number}
}

// claims are those of a good token, changed; a nil value takes a claim away.
func (i *issuer) claims(changes object) object {
	c := object{
		"iss": i.URL + "/", "aud": audience, "scope": "felleskrav:les", "client_id": "c", "client_amr": "virksomhetssertifikat", "token_type": "Bearer",
		"iat": noon.Unix(), "exp": noon.Add(2 * time.Minute).Unix(), "jti": "t-1", "consumer": party(consumer),
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

// sign makes a token; header adds to its header.
func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, header object, payload any) string {
	t.Helper()
	o := &jose.SignerOptions{}
	for k, v := range header {
		o.WithHeader(jose.HeaderKey(k), v)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	if err != nil {
		t.Fatal(err)
	}
	data, ok := payload.([]byte)
	if !ok {
		if data, err = json.Marshal(payload); err != nil {
			t.Fatal(err)
		}
	}
	jws, err := s.Sign(data)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (i *issuer) token(t *testing.T, changes object) string {
	t.Helper()
	return sign(t, jose.RS256, rsaKeys()[0], object{"kid": "one"}, i.claims(changes))
}

// refused fails unless the token is refused in this way.
func refused(t *testing.T, v *maskinporten.Verifier, name, token, key string) {
	t.Helper()
	a, until, err := v.Authenticate(t.Context(), token)
	if problem.KeyOf(err) != key || a.ID != "" || !until.IsZero() {
		t.Errorf("%s: %+v, %v; want %s", name, a, err, key)
	}
	kind := problem.Unauthenticated
	switch key {
	case "maskinporten.scope":
		kind = problem.Forbidden
	case "maskinporten.keys":
		kind = problem.Unavailable
	}
	if got := problem.KindOf(err); got != kind {
		t.Errorf("%s: %s, want %s", name, got, kind)
	}
}

func TestGoodToken(t *testing.T) {
	i, c := newIssuer(t), newClock()
	v := newVerifier(t, i.config(c))
	both := []access.Role{access.AgencyReader, access.Procurement}
	for name, test := range map[string]struct {
		alg     jose.SignatureAlgorithm
		changes object
		want    access.Actor
	}{
		"RS256":                          {jose.RS256, nil, access.Actor{ID: "machine:" + consumer, Name: "123 456 785", Org: consumer, Roles: both}},
		"RS384":                          {jose.RS384, nil, access.Actor{ID: "machine:" + consumer, Name: "123 456 785", Org: consumer, Roles: both}},
		"RS512":                          {jose.RS512, nil, access.Actor{ID: "machine:" + consumer, Name: "123 456 785", Org: consumer, Roles: both}},
		"registered":                     {jose.RS256, object{"consumer": party(supplier)}, access.Actor{ID: "machine:" + supplier, Name: "Testsky AS", Org: supplier, Roles: both}},
		"lower case":                     {jose.RS256, object{"consumer": object{"authority": "iso6523-actorid-upis", "id": "0192:" + consumer}}, access.Actor{ID: "machine:" + consumer, Name: "123 456 785", Org: consumer, Roles: both}},
		"both cases":                     {jose.RS256, object{"consumer": object{"authority": "iso6523-actorid-upis", "id": "0192:" + consumer, "ID": "0192:" + consumer}}, access.Actor{ID: "machine:" + consumer, Name: "123 456 785", Org: consumer, Roles: both}},
		"among many audiences":           {jose.RS256, object{"aud": []string{"https://other.example", audience}}, access.Actor{ID: "machine:" + consumer, Name: "123 456 785", Org: consumer, Roles: both}},
		"two scopes and one of others":   {jose.RS256, object{"scope": "other:x felleskrav:lever felleskrav:les felleskrav:les"}, access.Actor{ID: "machine:" + consumer, Name: "123 456 785", Org: consumer, Roles: []access.Role{access.SupplierAuthor, access.AgencyReader, access.Procurement}}},
		"on another's behalf":            {jose.RS256, object{"supplier": party(supplier), "delegation_source": source}, access.Actor{ID: "machine:" + consumer, Name: "123 456 785", Org: consumer, Via: supplier, Roles: both}},
		"with fractions and more claims": {jose.RS256, object{"iat": 1.7954e9, "exp": float64(noon.Unix()) + 120.5, "pid": object{"a": []any{1}}}, access.Actor{ID: "machine:" + consumer, Name: "123 456 785", Org: consumer, Roles: both}},
		"no client id":                   {jose.RS256, object{"client_id": nil}, access.Actor{ID: "machine:" + consumer, Name: "123 456 785", Org: consumer, Roles: both}},
	} {
		token := sign(t, test.alg, rsaKeys()[0], object{"kid": "one", "typ": "JWT"}, i.claims(test.changes))
		if !maskinporten.Looks(token) {
			t.Errorf("%s: does not look like a token", name)
		}
		a, until, err := v.Authenticate(t.Context(), token)
		if err != nil || a.ID != test.want.ID || a.Name != test.want.Name || a.Org != test.want.Org || a.Via != test.want.Via || !slices.Equal(a.Roles, test.want.Roles) {
			t.Errorf("%s: %+v, %v; want %+v", name, a, err, test.want)
		}
		if d := until.Sub(noon); d != 2*time.Minute && d != 2*time.Minute+500*time.Millisecond {
			t.Errorf("%s: good until %s", name, until)
		}
	}
	if n := i.asked.Load(); n != 1 {
		t.Errorf("keys were asked for %d times", n)
	}
}

func TestRefusedClaims(t *testing.T) {
	i, c := newIssuer(t), newClock()
	v := newVerifier(t, i.config(c))
	with := func(number, authority, key string) object { return object{"authority": authority, key: number} }
	const upis = "iso6523-actorid-upis"
	for name, test := range map[string]struct {
		changes object
		key     string
	}{
		"another issuer":            {object{"iss": "https://maskinporten.example/"}, "maskinporten.issuer"},
		"issuer without its slash":  {object{"iss": i.URL}, "maskinporten.issuer"},
		"no issuer":                 {object{"iss": nil}, "maskinporten.issuer"},
		"issuer is a list":          {object{"iss": []string{i.URL + "/"}}, "maskinporten.token"},
		"another audience":          {object{"aud": "https://other.example"}, "maskinporten.audience"},
		"audience begins the same":  {object{"aud": audience + "/x"}, "maskinporten.audience"},
		"other audiences":           {object{"aud": []string{"https://other.example", "x"}}, "maskinporten.audience"},
		"no audiences":              {object{"aud": []string{}}, "maskinporten.audience"},
		"no audience":               {object{"aud": nil}, "maskinporten.audience"},
		"audience is a number":      {object{"aud": 1}, "maskinporten.token"},
		"no end":                    {object{"exp": nil}, "maskinporten.incomplete"},
		"end is text":               {object{"exp": "1795435200"}, "maskinporten.token"},
		"end is zero":               {object{"exp": 0}, "maskinporten.token"},
		"end is before time":        {object{"exp": -1}, "maskinporten.token"},
		"end is after time":         {object{"exp": 1e300}, "maskinporten.token"},
		"no beginning":              {object{"iat": nil}, "maskinporten.incomplete"},
		"no id":                     {object{"jti": nil}, "maskinporten.incomplete"},
		"empty id":                  {object{"jti": ""}, "maskinporten.incomplete"},
		"expired":                   {object{"exp": noon.Add(-time.Minute).Unix()}, "maskinporten.expired"},
		"issued later":              {object{"iat": noon.Add(time.Minute).Unix()}, "maskinporten.not-yet"},
		"not valid yet":             {object{"nbf": noon.Add(time.Minute).Unix()}, "maskinporten.not-yet"},
		"no consumer":               {object{"consumer": nil}, "maskinporten.consumer"},
		"consumer is text":          {object{"consumer": "0192:" + consumer}, "maskinporten.token"},
		"consumer is empty":         {object{"consumer": object{}}, "maskinporten.consumer"},
		"consumer is null":          {object{"consumer": json.RawMessage("null")}, "maskinporten.consumer"},
		"another authority":         {object{"consumer": with("0192:"+consumer, "iso6523-actorid-eas", "ID")}, "maskinporten.consumer"},
		"authority in capitals":     {object{"consumer": with("0192:"+consumer, "ISO6523-ACTORID-UPIS", "ID")}, "maskinporten.consumer"},
		"no authority":              {object{"consumer": object{"ID": "0192:" + consumer}}, "maskinporten.consumer"},
		"authority by another name": {object{"consumer": object{"Authority": upis, "ID": "0192:" + consumer}}, "maskinporten.consumer"},
		"a foreign scheme":          {object{"consumer": with("0007:5560360793", upis, "ID")}, "maskinporten.consumer"},
		"a foreign scheme, same":    {object{"consumer": with("9908:"+consumer, upis, "ID")}, "maskinporten.consumer"},
		"no scheme":                 {object{"consumer": with(consumer, upis, "ID")}, "maskinporten.consumer"},
		"as people write it":        {object{"consumer": with("0192:123 456 785", upis, "ID")}, "maskinporten.consumer"},
		"with VAT":                  {object{"consumer": with("0192:"+consumer+"MVA", upis, "ID")}, "maskinporten.consumer"},
		"wrong check digit":         {object{"consumer": with("0192:123456784", upis, "ID")}, "maskinporten.consumer"},
		"short":                     {object{"consumer": with("0192:12345678", upis, "ID")}, "maskinporten.consumer"},
		"empty":                     {object{"consumer": with("", upis, "ID")}, "maskinporten.consumer"},
		"both cases, two numbers":   {object{"consumer": object{"authority": upis, "ID": "0192:" + consumer, "id": "0192:" + supplier}}, "maskinporten.consumer"},
		"both cases, the other way": {object{"consumer": object{"authority": upis, "id": "0192:" + consumer, "ID": "0192:" + supplier}}, "maskinporten.consumer"},
		"a third case":              {object{"consumer": object{"authority": upis, "Id": "0192:" + consumer}}, "maskinporten.consumer"},
		"unknown scope":             {object{"scope": "other:x"}, "maskinporten.scope"},
		"scope in capitals":         {object{"scope": "FELLESKRAV:LES"}, "maskinporten.scope"},
		"scope begins the same":     {object{"scope": "felleskrav:les.mer"}, "maskinporten.scope"},
		"no scope":                  {object{"scope": nil}, "maskinporten.scope"},
		"delegated by nobody":       {object{"supplier": party(supplier)}, "maskinporten.delegation"},
		"delegated by another":      {object{"supplier": party(supplier), "delegation_source": "https://other.example/"}, "maskinporten.delegation"},
		"delegated to nobody":       {object{"delegation_source": source}, "maskinporten.delegation"},
		"delegated, empty source":   {object{"supplier": party(supplier), "delegation_source": ""}, "maskinporten.delegation"},
		"delegated, bad number":     {object{"supplier": party("314168268"), "delegation_source": source}, "maskinporten.delegation"},
		"delegated, no consumer":    {object{"consumer": nil, "supplier": party(supplier), "delegation_source": source}, "maskinporten.consumer"},
	} {
		refused(t, v, name, i.token(t, test.changes), test.key)
	}
	for name, payload := range map[string]string{
		"not JSON": "x", "empty": "", "a list": "[]", "null": "null", "text": `"x"`, "two values": "{}{}", "invalid UTF-8": "{\"iss\":\"\xff\"}",
		"the consumer twice": `{"consumer":{"authority":"iso6523-actorid-upis","ID":"0192:314168267"},"consumer":{"authority":"iso6523-actorid-upis","ID":"0192:123456785"}}`,
		"deep":               strings.Repeat("[", 3000),
	} {
		key := "maskinporten.token"
		if payload == "null" {
			key = "maskinporten.issuer"
		}
		refused(t, v, name, sign(t, jose.RS256, rsaKeys()[0], object{"kid": "one"}, []byte(payload)), key)
	}
	none := i.config(c)
	none.DelegationSource = ""
	refused(t, newVerifier(t, none), "delegation is not set up", i.token(t, object{"supplier": party(supplier), "delegation_source": ""}), "maskinporten.delegation")
}

// The edges of a token's life, with the leeway for clocks that differ.
func TestClock(t *testing.T) {
	i, c := newIssuer(t), newClock()
	v := newVerifier(t, i.config(c))
	const ns = time.Nanosecond
	for _, test := range []struct {
		name   string
		claims object
		at     time.Duration // after noon
		key    string
	}{
		{"at its end", object{"exp": noon.Unix()}, 0, ""},
		{"a moment before the leeway ends", object{"exp": noon.Unix()}, maskinporten.Leeway - ns, ""},
		{"when the leeway ends", object{"exp": noon.Unix()}, maskinporten.Leeway, "maskinporten.expired"},
		{"when its leeway begins", object{"iat": noon.Add(maskinporten.Leeway).Unix()}, 0, ""},
		{"before its leeway begins", object{"iat": noon.Add(maskinporten.Leeway).Unix()}, -ns, "maskinporten.not-yet"},
		{"when its own beginning's leeway begins", object{"nbf": noon.Add(maskinporten.Leeway).Unix()}, 0, ""},
		{"before its own beginning's leeway begins", object{"nbf": noon.Add(maskinporten.Leeway).Unix()}, -ns, "maskinporten.not-yet"},
	} {
		if _, ok := test.claims["iat"]; !ok {
			test.claims["iat"] = noon.Add(-time.Hour).Unix()
		}
		c.Store(noon.Add(test.at).UnixNano())
		token := i.token(t, test.claims)
		if test.key != "" {
			refused(t, v, test.name, token, test.key)
			continue
		}
		if _, _, err := v.Authenticate(t.Context(), token); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestRefusedSignatures(t *testing.T) {
	i, c := newIssuer(t), newClock()
	v := newVerifier(t, i.config(c))
	ours, theirs, weak := rsaKeys()[0], rsaKeys()[1], rsaKeys()[2]
	point, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i.serve(public("one", ours), public("two", weak), jose.JSONWebKey{Key: &point.PublicKey, KeyID: "point", Use: "sig"},
		jose.JSONWebKey{Key: &weak.PublicKey, KeyID: "for encryption", Use: "enc"}, jose.JSONWebKey{Key: &weak.PublicKey, KeyID: "for RS512", Algorithm: "RS512"},
		jose.JSONWebKey{Key: []byte("a shared secret of thirty-two bytes"), KeyID: "shared"}, object{"kty": "new", "kid": "new"}, 1)
	good := i.claims(nil)
	data, _ := json.Marshal(good)
	encode := base64.RawURLEncoding.EncodeToString
	parts := strings.Split(i.token(t, nil), ".")
	der, _ := x509.MarshalPKIXPublicKey(&ours.PublicKey)
	own, _ := json.Marshal(jose.JSONWebKey{Key: &theirs.PublicKey, KeyID: "one"})
	var ownKey object
	_ = json.Unmarshal(own, &ownKey)
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("an address in the header was asked") }))
	defer evil.Close()
	for name, test := range map[string]struct{ token, key string }{
		"no signature":            {parts[0] + "." + parts[1] + ".", "maskinporten.signature"},
		"alg none":                {encode([]byte(`{"alg":"none","kid":"one"}`)) + "." + encode(data) + ".", "maskinporten.token"},
		"alg None":                {encode([]byte(`{"alg":"None","kid":"one"}`)) + "." + encode(data) + "." + parts[2], "maskinporten.token"},
		"no alg":                  {encode([]byte(`{"kid":"one"}`)) + "." + encode(data) + "." + parts[2], "maskinporten.token"},
		"HS256 with the key":      {sign(t, jose.HS256, der, object{"kid": "one"}, good), "maskinporten.token"},
		"HS256 with a shared key": {sign(t, jose.HS256, []byte("a shared secret of thirty-two bytes"), object{"kid": "shared"}, good), "maskinporten.token"},
		"ES256":                   {sign(t, jose.ES256, point, object{"kid": "point"}, good), "maskinporten.token"},
		"PS256":                   {sign(t, jose.PS256, ours, object{"kid": "one"}, good), "maskinporten.token"},
		"another's key":           {sign(t, jose.RS256, theirs, object{"kid": "one"}, good), "maskinporten.signature"},
		"two of its keys swapped": {sign(t, jose.RS256, ours, object{"kid": "two"}, good), "maskinporten.signature"},
		"no kid":                  {sign(t, jose.RS256, ours, nil, good), "maskinporten.signature"},
		"unknown kid":             {sign(t, jose.RS256, ours, object{"kid": "three"}, good), "maskinporten.signature"},
		"a key for encryption":    {sign(t, jose.RS256, weak, object{"kid": "for encryption"}, good), "maskinporten.signature"},
		"a key for another alg":   {sign(t, jose.RS256, weak, object{"kid": "for RS512"}, good), "maskinporten.signature"},
		"jku":                     {sign(t, jose.RS256, theirs, object{"kid": "one", "jku": evil.URL}, good), "maskinporten.signature"},
		"x5u":                     {sign(t, jose.RS256, theirs, object{"kid": "one", "x5u": evil.URL}, good), "maskinporten.signature"},
		"jwk":                     {sign(t, jose.RS256, theirs, object{"kid": "one", "jwk": ownKey}, good), "maskinporten.signature"},
		"jwk without kid":         {sign(t, jose.RS256, theirs, object{"jwk": ownKey}, good), "maskinporten.signature"},
		"crit":                    {sign(t, jose.RS256, ours, object{"kid": "one", "crit": []string{"x"}, "x": 1}, good), "maskinporten.signature"},
		"other claims":            {parts[0] + "." + encode([]byte(strings.Replace(string(data), consumer, supplier, 1))) + "." + parts[2], "maskinporten.signature"},
		"four parts":              {i.token(t, nil) + ".x", "maskinporten.token"},
		"two parts":               {parts[0] + "." + parts[1], "maskinporten.token"},
		"JSON form":               {`{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`, "maskinporten.token"},
		"line breaks":             {parts[0] + "\n." + parts[1] + "." + parts[2], "maskinporten.token"},
		"nothing":                 {"", "maskinporten.token"},
		"dots":                    {"..", "maskinporten.token"},
		"our own":                 {"fkt_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "maskinporten.token"},
		"huge":                    {i.token(t, object{"x": strings.Repeat("x", maskinporten.MaxToken)}), "maskinporten.token"},
	} {
		refused(t, v, name, test.token, test.key)
	}
	for _, id := range []string{"one", "for RS512"} { // the set is read around what cannot be used
		key, alg := ours, jose.RS256
		if id != "one" {
			key, alg = weak, jose.RS512
		}
		if _, _, err := v.Authenticate(t.Context(), sign(t, alg, key, object{"kid": id}, good)); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestConfigTellsAllFaults(t *testing.T) {
	err := maskinporten.Config{
		Issuer: "http://issuer.example", Keys: "ftp://x", Scopes: map[string][]access.Role{"a": {access.Editor}, "b": nil, "c": {access.Operator}, "d": {"root"}, "e": {access.Public}},
	}.Check()
	for _, want := range []error{maskinporten.ErrIssuer, maskinporten.ErrAudience, maskinporten.ErrKeys, maskinporten.ErrScopes, maskinporten.ErrRole} {
		if !errors.Is(err, want) {
			t.Errorf("%v is not among %v", want, err)
		}
	}
	if n := strings.Count(err.Error(), maskinporten.ErrRole.Error()); n != 4 {
		t.Errorf("%d roles are refused: %v", n, err)
	}
}
