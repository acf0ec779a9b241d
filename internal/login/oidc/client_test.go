package oidc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/login"
	"felleskrav/internal/login/oidc"
	"felleskrav/internal/login/oidc/oidctest"
	"felleskrav/internal/problem"
)

const (
	resource = "urn:altinn:resource:test-felleskrav"
	base     = "http://felleskrav.test"
)

func configFor(issuer string) oidc.Config {
	return oidc.Config{
		Issuer: issuer, Name: "Test", ClientID: oidctest.ClientID, Secret: oidctest.Secret, Scopes: []string{"profile"}, Resources: []string{resource},
		BaseURL: base, AllowPrivate: true, Now: time.Now,
	}
}

func newClient(t *testing.T, c oidc.Config) *oidc.Client {
	t.Helper()
	client, err := oidc.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// visit follows the browser's way through the provider, until it is sent back.
func visit(t *testing.T, address string) url.Values {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 5 {
		resp, err := browser.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
		to, err := resp.Location()
		if err != nil {
			t.Fatalf("%s answers %s", address, resp.Status)
		}
		if strings.HasPrefix(to.String(), base+oidc.CallbackPath+"?") {
			return to.Query()
		}
		address = to.String()
	}
	t.Fatal("the provider sends the browser around")
	return nil
}

// attempt logs in from beginning to end.
func attempt(t *testing.T, c *oidc.Client, acr string) (login.Proof, error) {
	t.Helper()
	a, to, err := c.Begin(t.Context(), login.Ask{ACR: acr, Lang: "nn"})
	if err != nil {
		return login.Proof{}, err
	}
	a.ACR = acr
	params := visit(t, to)
	if params.Get("state") != a.State {
		t.Fatal("the state did not come back")
	}
	return c.Finish(t.Context(), a, params)
}

func TestLoginAtAProvider(t *testing.T) {
	p := oidctest.NewProvider(t, nil, base+oidc.CallbackPath)
	p.Is(oidctest.Person{Subject: "pairwise-1", Name: "Test Testesen", ACRs: []string{"substantial", "high"}, SID: "s1", More: map[string]any{
		"authorization_details": []any{oidctest.Right(resource, "910000012")},
	}})
	c := newClient(t, configFor(p.URL))
	got, err := attempt(t, c, "substantial")
	if err != nil {
		t.Fatal(err)
	}
	if got.Hint == "" || got.Session != "s1" || time.Since(got.Identity.AuthTime) > time.Minute {
		t.Errorf("%+v", got)
	}
	got.Identity.AuthTime = time.Time{}
	want := login.Identity{Issuer: p.URL, Subject: "pairwise-1", Name: "Test Testesen", ACR: "substantial", Reportees: []login.Reportee{{Org: "910000012", Name: "Virksomhet 910000012", Resources: []string{resource}}}}
	if d := cmp.Diff(want, got.Identity); d != "" {
		t.Error(d)
	}
	if p.Details != `[{"resource":"`+resource+`","type":"ansattporten:altinn:resource"}]` {
		t.Errorf("asked for %s", p.Details)
	}
	if got, err := attempt(t, c, "high"); err != nil || got.Identity.ACR != "high" {
		t.Errorf("the higher level: %+v %v", got, err)
	}
	end, err := url.Parse(c.End(got.Hint))
	if err != nil || end.Query().Get("id_token_hint") != got.Hint || end.Query().Get("post_logout_redirect_uri") != base+"/" {
		t.Errorf("end is %v, %v", end, err)
	}

	// Without rights to ask about, as at any provider.
	plain := configFor(p.URL)
	plain.Resources = nil
	got, err = attempt(t, newClient(t, plain), "")
	if err != nil || len(got.Identity.Reportees) != 0 || p.Details != "" {
		t.Errorf("%+v %v; asked for %q", got, err, p.Details)
	}

	// The provider takes another key into use: the new one is fetched.
	p.Rotate(t)
	if _, err := attempt(t, c, ""); err != nil {
		t.Errorf("after a new key: %v", err)
	}

	bad := configFor(p.URL)
	bad.Secret = "wrong"
	if _, err := attempt(t, newClient(t, bad), ""); !errors.Is(err, login.ErrAnswer) && problem.KeyOf(err) != "login.answer" {
		t.Errorf("a wrong secret: %v", err)
	}
}

func TestCodeIsGoodOnceAndForItsVerifierOnly(t *testing.T) {
	p := oidctest.NewProvider(t, nil, base+oidc.CallbackPath)
	p.Is(oidctest.Person{Subject: "pairwise-1"})
	c := newClient(t, configFor(p.URL))
	a, to, err := c.Begin(t.Context(), login.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	params := visit(t, to)
	other := a
	other.Verifier = strings.Repeat("x", 43)
	if _, err := c.Finish(t.Context(), other, params); problem.KeyOf(err) != "login.answer" {
		t.Errorf("another verifier: %v", err)
	}
	a, to, err = c.Begin(t.Context(), login.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	params = visit(t, to)
	if _, err := c.Finish(t.Context(), a, params); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Finish(t.Context(), a, params); problem.KeyOf(err) != "login.answer" {
		t.Errorf("the code a second time: %v", err)
	}
}

func TestClientProvesItselfWithAKey(t *testing.T) {
	key := oidctest.NewKey(t)
	p := oidctest.NewProvider(t, &key.PublicKey, base+oidc.CallbackPath)
	p.Is(oidctest.Person{Subject: "pairwise-1"})
	cfg := configFor(p.URL)
	cfg.Secret, cfg.Key = "", key
	if _, err := attempt(t, newClient(t, cfg), ""); err != nil {
		t.Fatal(err)
	}
	cfg.Key = oidctest.NewKey(t)
	if _, err := attempt(t, newClient(t, cfg), ""); problem.KeyOf(err) != "login.answer" {
		t.Errorf("another key: %v", err)
	}

	i := oidctest.NewIssuer(t)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cfg = configFor(i.URL)
	cfg.Secret, cfg.Key, cfg.KeyID = "", ec, "our key"
	if _, err := attempt(t, newClient(t, cfg), ""); err != nil {
		t.Fatal(err)
	}
	jws, err := jose.ParseSigned(i.Form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := jws.Verify(&ec.PublicKey)
	if err != nil || jws.Signatures[0].Header.KeyID != "our key" {
		t.Fatalf("%v, kid %q", err, jws.Signatures[0].Header.KeyID)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if claims["aud"] != i.URL && !cmp.Equal(claims["aud"], []any{i.URL}) || claims["iss"] != oidctest.ClientID || claims["sub"] != oidctest.ClientID || claims["jti"] == "" || claims["exp"].(float64)-claims["iat"].(float64) > 120 {
		t.Errorf("%v", claims)
	}
	if i.Form.Get("client_secret") != "" {
		t.Error("a secret was sent too")
	}
}

func set(name string, value any) func(map[string]any) {
	return func(c map[string]any) {
		if value == nil {
			delete(c, name)
			return
		}
		c[name] = value
	}
}

func TestTokensThatProveNothing(t *testing.T) {
	now := time.Now().Unix()
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return base64.RawURLEncoding.EncodeToString(sum[:16])
	}
	for name, c := range map[string]struct {
		claims func(map[string]any)
		want   string // "" is a login
	}{
		"as it should be":         {func(map[string]any) {}, ""},
		"right at_hash":           {set("at_hash", hash("access")), ""},
		"wrong at_hash":           {set("at_hash", hash("other")), "answer"},
		"wrong nonce":             {set("nonce", "other"), "answer"},
		"no nonce":                {set("nonce", nil), "answer"},
		"empty nonce":             {set("nonce", ""), "answer"},
		"wrong audience":          {set("aud", "other"), "answer"},
		"no audience":             {set("aud", nil), "answer"},
		"two audiences":           {set("aud", []string{oidctest.ClientID, "other"}), "answer"},
		"two audiences, ours azp": {func(c map[string]any) { c["aud"] = []string{oidctest.ClientID, "other"}; c["azp"] = oidctest.ClientID }, ""},
		"other azp":               {set("azp", "other"), "answer"},
		"our azp":                 {set("azp", oidctest.ClientID), ""},
		"wrong issuer":            {set("iss", "https://other.example"), "answer"},
		"no issuer":               {set("iss", nil), "answer"},
		"expired":                 {set("exp", now-1), "answer"},
		"no expiry":               {set("exp", nil), "answer"},
		"issued in the future":    {set("iat", now+120), "answer"},
		"clock somewhat ahead":    {set("iat", now+30), ""},
		"issued long ago":         {set("iat", now-3600), "answer"},
		"no iat":                  {set("iat", nil), "answer"},
		"not yet":                 {set("nbf", now+3600), "answer"},
		"no subject":              {set("sub", nil), "answer"},
		"empty subject":           {set("sub", ""), "answer"},
		"long subject":            {set("sub", strings.Repeat("a", 256)), "answer"},
		"hidden subject":          {set("sub", "a\x00b"), "answer"},
		"national id as subject":  {func(c map[string]any) { c["sub"] = "12345678901"; c["pid"] = "12345678901" }, "answer"},
		"low acr":                 {set("acr", "low"), "acr"},
		"no acr":                  {set("acr", nil), "acr"},
		"unknown acr":             {set("acr", "highest"), "acr"},
		"acr of another list":     {set("acr", "idporten-loa-high"), "acr"},
		"higher acr":              {set("acr", "high"), ""},
		"claims of other types":   {set("acr", 4), "answer"},
		"strange details":         {set("authorization_details", "x"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			i := oidctest.NewIssuer(t)
			i.Claims = c.claims
			got, err := attempt(t, newClient(t, configFor(i.URL)), "substantial")
			if c.want == "" {
				if err != nil || got.Identity.Subject != "subject-1" || len(got.Identity.Reportees) != 0 {
					t.Fatalf("%+v, %v", got, err)
				}
				return
			}
			if problem.KeyOf(err) != "login."+c.want || !cmp.Equal(got, login.Proof{}) {
				t.Fatalf("%+v, %v; want %s", got, err, c.want)
			}
		})
	}
}

func TestSignatures(t *testing.T) {
	i := oidctest.NewIssuer(t)
	stranger := oidctest.NewKey(t)
	with := func(alg jose.SignatureAlgorithm, key any, id string) func(map[string]any) string {
		return func(c map[string]any) string { return oidctest.Signed(alg, key, id, c) }
	}
	for name, c := range map[string]struct {
		sign func(map[string]any) string
		ok   bool
	}{
		"RS256": {with(jose.RS256, i.Key, oidctest.KeyID), true},
		"RS384": {with(jose.RS384, i.Key, oidctest.KeyID), true},
		"RS512": {with(jose.RS512, i.Key, oidctest.KeyID), true},
		"PS256": {with(jose.PS256, i.Key, oidctest.KeyID), true},
		"ES256": {with(jose.ES256, i.EC, oidctest.ECKeyID), true},

		"PS512":                     {with(jose.PS512, i.Key, oidctest.KeyID), false},
		"HS256 with the secret":     {with(jose.HS256, []byte(strings.Repeat(oidctest.Secret, 3)), oidctest.KeyID), false},
		"HS256 with the public key": {func(c map[string]any) string { return oidctest.Confused(&i.Key.PublicKey, c) }, false},
		"none":                      {oidctest.None, false},
		"a stranger's key":          {with(jose.RS256, stranger, oidctest.KeyID), false},
		"a key that is not there":   {with(jose.RS256, stranger, "three"), false},
		"ES256 by the name of RSA":  {with(jose.ES256, i.EC, oidctest.KeyID), false},
		"changed after it was signed": {func(c map[string]any) string {
			parts := strings.Split(oidctest.Signed(jose.RS256, i.Key, oidctest.KeyID, c), ".")
			c["sub"] = "somebody else"
			return parts[0] + "." + strings.Split(oidctest.None(c), ".")[1] + "." + parts[2]
		}, false},
		"no token at all": {func(map[string]any) string { return "" }, false},
		"rubbish":         {func(map[string]any) string { return "a.b.c" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			i.Sign = c.sign
			_, err := attempt(t, newClient(t, configFor(i.URL)), "")
			if c.ok && err != nil || !c.ok && problem.KeyOf(err) != "login.answer" {
				t.Error(err)
			}
		})
	}
}

// A key that the issuer has taken away is good for nothing after an hour, also
// when no new one was asked for.
func TestKeysAreForgotten(t *testing.T) {
	i := oidctest.NewIssuer(t)
	now := time.Now()
	cfg := configFor(i.URL)
	cfg.Now = func() time.Time { return now }
	i.Claims = func(c map[string]any) { c["iat"], c["exp"] = now.Unix(), now.Unix()+60 }
	c := newClient(t, cfg)
	if _, err := attempt(t, c, ""); err != nil {
		t.Fatal(err)
	}
	old := i.Key
	i.Key = oidctest.NewKey(t)
	i.Published = []jose.JSONWebKey{{Key: &i.Key.PublicKey, KeyID: "other", Use: "sig"}}
	i.Sign = func(c map[string]any) string { return oidctest.Signed(jose.RS256, old, oidctest.KeyID, c) }
	now = now.Add(time.Hour + time.Second)
	if _, err := attempt(t, c, ""); problem.KeyOf(err) != "login.answer" {
		t.Errorf("a key that was taken away: %v", err)
	}
	i.Sign = func(c map[string]any) string { return oidctest.Signed(jose.RS256, i.Key, "other", c) }
	if _, err := attempt(t, c, ""); err != nil {
		t.Errorf("the new key: %v", err)
	}
}

func TestAnswersOfTheBrowserAndTheTokenEndpoint(t *testing.T) {
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		}
	}
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the code was sent elsewhere") }))
	defer thief.Close()
	for name, c := range map[string]struct {
		callback func(url.Values)
		token    http.HandlerFunc
		says     bool
		want     string
	}{
		"cancelled":               {callback: func(v url.Values) { v.Set("error", "access_denied") }, want: "cancelled"},
		"level not reached":       {callback: func(v url.Values) { v.Set("error", "unmet_authentication_requirements") }, want: "acr"},
		"busy":                    {callback: func(v url.Values) { v.Set("error", "temporarily_unavailable") }, want: "unavailable"},
		"other error":             {callback: func(v url.Values) { v.Set("error", "invalid_request") }, want: "answer"},
		"no code":                 {callback: func(v url.Values) { v.Del("code") }, want: "answer"},
		"two codes":               {callback: func(v url.Values) { v.Add("code", "x") }, want: "answer"},
		"code of nobody":          {callback: func(v url.Values) { v.Set("code", "x") }, want: "answer"},
		"another issuer's answer": {callback: func(v url.Values) { v.Set("iss", "https://other.example") }, want: "answer"},
		"issuer is not named":     {says: true, want: "answer"},
		"token endpoint fails":    {token: status(500, "x"), want: "unavailable"},
		"token endpoint is slow":  {token: status(429, "x"), want: "unavailable"},
		"no id_token":             {token: status(200, `{"access_token":"x","token_type":"Bearer"}`), want: "answer"},
		"no token":                {token: status(200, `{}`), want: "answer"},
		"rubbish":                 {token: status(200, `rubbish`), want: "answer"},
		"endless":                 {token: status(200, `{"access_token":"`+strings.Repeat("x", 2<<20)+`"}`), want: "answer"},
		"redirect":                {token: http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect).ServeHTTP, want: "answer"},
	} {
		t.Run(name, func(t *testing.T) {
			i := oidctest.NewIssuer(t)
			i.Callback, i.Token = c.callback, c.token
			if c.says {
				i.Discovery = func(d map[string]any) { d["authorization_response_iss_parameter_supported"] = true }
			}
			_, err := attempt(t, newClient(t, configFor(i.URL)), "")
			if problem.KeyOf(err) != "login."+c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), "code=") || strings.Contains(err.Error(), "rubbish")) {
				t.Errorf("the error repeats the answer: %v", err)
			}
		})
	}
}

func TestRightsInTokens(t *testing.T) {
	detail := func(resource, reportees string) string {
		return `[{"type":"ansattporten:altinn:resource","resource":"` + resource + `","reportees":` + reportees + `}]`
	}
	const one = `{"Rights":["access"],"Authority":"iso6523-actorid-upis","ID":"0192:910000012","Name":"Testsky AS"}`
	good := []login.Reportee{{Org: "910000012", Name: "Testsky AS", Resources: []string{resource}}}
	for name, c := range map[string]struct {
		details string
		want    []login.Reportee
	}{
		"capital letters":                   {detail(resource, "["+one+"]"), good},
		"small letters":                     {detail(resource, "["+strings.NewReplacer("Rights", "rights", "Authority", "authority", "ID", "id", "Name", "name").Replace(one)+"]"), good},
		"several":                           {detail(resource, "["+one+","+strings.ReplaceAll(one, "910000012", "910000004")+"]"), []login.Reportee{good[0], {Org: "910000004", Name: "Testsky AS", Resources: []string{resource}}}},
		"same twice":                        {detail(resource, "["+one+","+one+"]"), good},
		"no organisation":                   {detail(resource, "[]"), nil},
		"organisations missing":             {`[{"type":"ansattporten:altinn:resource","resource":"` + resource + `"}]`, nil},
		"resource missing":                  {`[{"type":"ansattporten:altinn:resource","reportees":[` + one + `]}]`, nil},
		"other resource":                    {detail("urn:altinn:resource:other", "["+one+"]"), nil},
		"other type":                        {strings.ReplaceAll(detail(resource, "["+one+"]"), "altinn:resource\"", "altinn:service\""), nil},
		"other authority":                   {detail(resource, "["+strings.ReplaceAll(one, "iso6523-actorid-upis", "other")+"]"), nil},
		"no authority":                      {detail(resource, "["+strings.ReplaceAll(one, `"Authority":"iso6523-actorid-upis",`, "")+"]"), nil},
		"no rights":                         {detail(resource, "["+strings.ReplaceAll(one, `["access"]`, "[]")+"]"), nil},
		"rights are null":                   {detail(resource, "["+strings.ReplaceAll(one, `["access"]`, "null")+"]"), nil},
		"other scheme":                      {detail(resource, "["+strings.ReplaceAll(one, "0192:", "0007:")+"]"), nil},
		"no scheme":                         {detail(resource, "["+strings.ReplaceAll(one, "0192:", "")+"]"), nil},
		"scheme twice":                      {detail(resource, "["+strings.ReplaceAll(one, "0192:", "0192:0192:")+"]"), nil},
		"wrong check digit":                 {detail(resource, "["+strings.ReplaceAll(one, "910000012", "910000013")+"]"), nil},
		"as people write it":                {detail(resource, "["+strings.ReplaceAll(one, "910000012", "910 000 012")+"]"), nil},
		"a person":                          {detail(resource, "["+strings.ReplaceAll(one, "910000012", "12345678901")+"]"), nil},
		"both ways at once":                 {detail(resource, "["+strings.ReplaceAll(one, `"ID"`, `"id":"0192:910000004","ID"`)+"]"), nil},
		"not a list":                        {detail(resource, one), nil},
		"null":                              {`null`, nil},
		"nothing of it spoils another":      {detail(resource, `[null,7,"x",{"ID":7},`+one+"]"), good},
		"details that are no details":       {`[null,7,` + strings.TrimPrefix(detail(resource, "["+one+"]"), "["), good},
		"a name that cannot be shown":       {detail(resource, "["+strings.ReplaceAll(one, "Testsky AS", `a\u202eb`)+"]"), []login.Reportee{{Org: "910000012", Resources: []string{resource}}}},
		"capital letters around the detail": {`[{"Type":"ansattporten:altinn:resource","Resource":"` + resource + `","Reportees":[` + one + `]}]`, good},
	} {
		t.Run(name, func(t *testing.T) {
			i := oidctest.NewIssuer(t)
			i.Claims = set("authorization_details", oidctest.JSON(t, c.details))
			if c.details == "null" {
				i.Claims = func(m map[string]any) { m["authorization_details"] = nil }
			}
			got, err := attempt(t, newClient(t, configFor(i.URL)), "")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got.Identity.Reportees); d != "" {
				t.Error(d)
			}
		})
	}
}

// A token with a national identity number is not kept, not even as a hint.
func TestNationalIDIsNotKept(t *testing.T) {
	i := oidctest.NewIssuer(t)
	i.Claims = set("pid", "12345678901")
	got, err := attempt(t, newClient(t, configFor(i.URL)), "")
	if err != nil || got.Hint != "" {
		t.Fatalf("%+v %v", got, err)
	}
	b, err := json.Marshal(got)
	if err != nil || strings.Contains(string(b), "12345678901") {
		t.Errorf("%s %v", b, err)
	}
}

func TestProviderIsDownAndUpAgain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	cfg := configFor("http://" + address)
	cfg.Now = func() time.Time { return now }
	c := newClient(t, cfg) // starts all the same
	if err := c.Ready(t.Context()); problem.KeyOf(err) != "login.unavailable" {
		t.Fatalf("down: %v", err)
	}
	if _, _, err := c.Begin(t.Context(), login.Ask{}); problem.KeyOf(err) != "login.unavailable" {
		t.Fatalf("down: %v", err)
	}
	if c.End("x") != "" || !cmp.Equal(c.Origins(), []string{"http://" + address}) {
		t.Errorf("end %q, origins %v", c.End("x"), c.Origins())
	}
	i := oidctest.NewIssuer(t)
	i.Discovery = func(d map[string]any) { d["issuer"] = "http://" + address }
	up, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("the address was taken: %v", err)
	}
	target, _ := url.Parse(i.URL)
	server := &http.Server{Handler: http.RedirectHandler(target.String(), http.StatusFound)}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resp, err := http.Get(i.URL + r.URL.String())
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
		w.WriteHeader(resp.StatusCode)
		var body any
		if json.NewDecoder(resp.Body).Decode(&body) == nil {
			_ = json.NewEncoder(w).Encode(body)
		}
	})
	go func() { _ = server.Serve(up) }()
	defer server.Close()
	if err := c.Ready(t.Context()); err == nil {
		t.Error("it was asked again at once")
	}
	now = now.Add(6 * time.Second)
	if err := c.Ready(t.Context()); err != nil {
		t.Errorf("up: %v", err)
	}
}

func TestDiscoveryIsChecked(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"other issuer":      set("issuer", "https://other.example"),
		"no token endpoint": set("token_endpoint", nil),
		"plain http":        set("token_endpoint", "http://other.example/token"),
		"script":            set("authorization_endpoint", "javascript:alert(1)"),
		"file for keys":     set("jwks_uri", "file:///etc/passwd"),
		"user and password": set("authorization_endpoint", "https://a:b@other.example/"),
	} {
		i := oidctest.NewIssuer(t)
		i.Discovery = change
		if err := newClient(t, configFor(i.URL)).Ready(t.Context()); problem.KeyOf(err) != "login.unavailable" {
			t.Errorf("%s: %v", name, err)
		}
	}
	i := oidctest.NewIssuer(t)
	i.Discovery = set("end_session_endpoint", "http://other.example/end")
	c := newClient(t, configFor(i.URL))
	if err := c.Ready(t.Context()); err != nil || c.End("x") != "" {
		t.Errorf("%v, end %q", err, c.End("x"))
	}
}

func TestPrivateAddressesNeedLeave(t *testing.T) {
	i := oidctest.NewIssuer(t)
	cfg := configFor(i.URL)
	cfg.AllowPrivate = false
	if _, err := oidc.New(cfg); !errors.Is(err, oidc.ErrPrivate) {
		t.Errorf("this machine: %v", err)
	}
	// A name on the public internet that leads here is not followed either.
	cfg.Issuer = "https://10.255.255.1"
	c := newClient(t, cfg)
	if err := c.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "not public") {
		t.Errorf("a private address: %v", err)
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // it is what is refused
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*oidc.Config)
		want   error
	}{
		"good":         {func(*oidc.Config) {}, nil},
		"path":         {func(c *oidc.Config) { c.Issuer += "/realms/test" }, nil},
		"http":         {func(c *oidc.Config) { c.Issuer = "http://issuer.example" }, oidc.ErrIssuer},
		"query":        {func(c *oidc.Config) { c.Issuer += "?x" }, oidc.ErrIssuer},
		"empty query":  {func(c *oidc.Config) { c.Issuer += "?" }, oidc.ErrIssuer},
		"fragment":     {func(c *oidc.Config) { c.Issuer += "#x" }, oidc.ErrIssuer},
		"password":     {func(c *oidc.Config) { c.Issuer = "https://a:b@issuer.example" }, oidc.ErrIssuer},
		"no host":      {func(c *oidc.Config) { c.Issuer = "https://" }, oidc.ErrIssuer},
		"localhost":    {func(c *oidc.Config) { c.Issuer = "http://localhost:1" }, oidc.ErrPrivate},
		"no client id": {func(c *oidc.Config) { c.ClientID = "" }, oidc.ErrClientID},
		"no secret":    {func(c *oidc.Config) { c.Secret = "" }, oidc.ErrProof},
		"both":         {func(c *oidc.Config) { c.Key = small }, oidc.ErrProof},
		"small key":    {func(c *oidc.Config) { c.Secret, c.Key = "", crypto.Signer(small) }, oidc.ErrKey},
		"scope":        {func(c *oidc.Config) { c.Scopes = []string{"a b"} }, oidc.ErrScope},
		"resource":     {func(c *oidc.Config) { c.Resources = []string{""} }, oidc.ErrResource},
	} {
		cfg := oidc.Config{Issuer: "https://issuer.example", ClientID: "x", Secret: "x", BaseURL: base}
		c.change(&cfg)
		if err := errors.Join(cfg.Check()...); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
