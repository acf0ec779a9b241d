package maskinporten_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"felleskrav/internal/maskinporten"
	"felleskrav/internal/problem"
)

// signedBy is a token that is good for a year, by the nth key.
func (i *issuer) signedBy(t *testing.T, n int, id string) string {
	t.Helper()
	return sign(t, jose.RS256, rsaKeys()[n], object{"kid": id}, i.claims(object{"exp": noon.AddDate(1, 0, 0).Unix()}))
}

func good(t *testing.T, v *maskinporten.Verifier, what, token string) {
	t.Helper()
	if _, _, err := v.Authenticate(t.Context(), token); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// The issuer changes its keys under way.
func TestKeysChange(t *testing.T) {
	i, c := newIssuer(t), newClock()
	v := newVerifier(t, i.config(c))
	before, after := i.signedBy(t, 0, "one"), i.signedBy(t, 1, "two")
	good(t, v, "the first key", before)
	refused(t, v, "a key to come, within the pause", after, "maskinporten.signature")
	if n := i.asked.Load(); n != 1 {
		t.Fatalf("asked %d times", n)
	}
	i.serve(public("one", rsaKeys()[0]), public("two", rsaKeys()[1]))
	refused(t, v, "a new key, within the pause", after, "maskinporten.signature")
	c.advance(30*time.Second - time.Nanosecond)
	refused(t, v, "a new key, at the end of the pause", after, "maskinporten.signature")
	c.advance(time.Nanosecond)
	good(t, v, "a new key after the pause", after)
	good(t, v, "the old key beside it", before)
	if n := i.asked.Load(); n != 2 {
		t.Fatalf("asked %d times", n)
	}

	i.serve(public("two", rsaKeys()[1])) // the first one is taken away
	c.advance(10*time.Minute - time.Nanosecond)
	good(t, v, "the old key as long as the keys are fresh", before)
	c.advance(time.Nanosecond)
	refused(t, v, "the old key", before, "maskinporten.signature")
	good(t, v, "the new key", after)

	i.serve(public("two", rsaKeys()[2])) // the same name for another key
	c.advance(10 * time.Minute)
	refused(t, v, "the key that had the name", after, "maskinporten.signature")
	good(t, v, "the key that has the name", i.signedBy(t, 2, "two"))
}

// Made-up key ids do not become questions, however many come at once.
func TestUnknownKeysAskSeldom(t *testing.T) {
	i, c := newIssuer(t), newClock()
	v := newVerifier(t, i.config(c))
	tokens := make([]string, 30)
	for n := range tokens {
		tokens[n] = i.signedBy(t, 0, fmt.Sprint("made up ", n))
	}
	tokens = append(tokens, i.signedBy(t, 0, "one"))
	for round := range 3 {
		var wg sync.WaitGroup
		for n, token := range tokens {
			wg.Go(func() {
				_, _, err := v.Authenticate(t.Context(), token)
				if (err == nil) != (n == len(tokens)-1) {
					t.Errorf("token %d: %v", n, err)
				}
			})
		}
		wg.Wait()
		if n := i.asked.Load(); n != int64(round+1) {
			t.Errorf("asked %d times in %d rounds", n, round+1)
		}
		c.advance(30 * time.Second)
	}
}

// While the issuer does not answer, the keys it gave are used for some hours.
func TestKeysWhileIssuerIsAway(t *testing.T) {
	for name, away := range map[string]http.HandlerFunc{
		"status":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"not JSON": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"too much": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"keys":[],"x":"`+strings.Repeat("x", 64<<10)+`"}`)
		},
		"too many": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"keys":[`+strings.Repeat("1,", 64)+`1]}`)
		},
		"hangs up": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"one id twice": func(w http.ResponseWriter, _ *http.Request) {
			b, _ := public("one", rsaKeys()[1]).MarshalJSON()
			fmt.Fprintf(w, `{"keys":[%s,%s]}`, b, b)
		},
	} {
		t.Run(name, func(t *testing.T) {
			i, c := newIssuer(t), newClock()
			v := newVerifier(t, i.config(c))
			token := i.signedBy(t, 0, "one")
			i.fail(away)
			refused(t, v, "before any keys came", token, "maskinporten.keys")
			refused(t, v, "within the pause", token, "maskinporten.keys")
			if n := i.asked.Load(); n != 1 {
				t.Errorf("asked %d times", n)
			}
			i.serve(public("one", rsaKeys()[0]))
			c.advance(30 * time.Second)
			good(t, v, "when it answers", token)
			i.fail(away)
			c.advance(10 * time.Minute)
			good(t, v, "when it no longer answers", token)
			refused(t, v, "another key meanwhile", i.signedBy(t, 1, "two"), "maskinporten.signature")
			c.advance(4*time.Hour - 10*time.Minute - time.Nanosecond)
			good(t, v, "after almost four hours", token)
			c.advance(time.Nanosecond)
			refused(t, v, "after four hours", token, "maskinporten.keys")
			i.serve(public("one", rsaKeys()[0]))
			c.advance(30 * time.Second)
			good(t, v, "when it is back", token)
		})
	}
}

// Keys are fetched over https from public addresses, unless the operator says
// otherwise; from where the issuer says or from where the operator says.
func TestWhereKeysComeFrom(t *testing.T) {
	i, c := newIssuer(t), newClock()
	token := i.signedBy(t, 0, "one")
	direct := i.config(c)
	direct.Keys = i.URL + "/jwk"
	good(t, newVerifier(t, direct), "the operator's address", token)

	private := i.config(c)
	private.AllowPrivate = false
	if _, err := maskinporten.New(private); err == nil {
		t.Error("an issuer over http was taken")
	}
	private.Issuer = strings.Replace(private.Issuer, "http://", "https://", 1)
	before := i.asked.Load()
	refused(t, newVerifier(t, private), "a private address", token, "maskinporten.keys")
	if n := i.asked.Load(); n != before {
		t.Error("the private address was asked")
	}

	for name, answer := range map[string]string{
		"another's metadata":   `{"issuer":"https://other.example/","jwks_uri":"` + i.URL + `/jwk"}`,
		"no address":           `{"issuer":"SELF"}`,
		"an address of a file": `{"issuer":"SELF","jwks_uri":"file:///etc/hostname"}`,
	} {
		var self *httptest.Server
		self = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.ReplaceAll(answer, "SELF", self.URL+"/"))
		}))
		cfg := i.config(c)
		cfg.Issuer = self.URL + "/"
		refused(t, newVerifier(t, cfg), name, token, "maskinporten.keys")
		self.Close()
	}
}

// A request that is given up does not end the question that others wait for.
func TestGivenUpRequest(t *testing.T) {
	i, c := newIssuer(t), newClock()
	v := newVerifier(t, i.config(c))
	arrived, answer := make(chan struct{}), make(chan struct{})
	i.fail(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-answer
		b, _ := public("one", rsaKeys()[0]).MarshalJSON()
		fmt.Fprintf(w, `{"keys":[%s]}`, b)
	})
	token := i.signedBy(t, 0, "one")
	ctx, cancel := context.WithCancel(t.Context())
	gone, waits := make(chan error), make(chan error)
	go func() { _, _, err := v.Authenticate(ctx, token); gone <- err }()
	<-arrived
	go func() { _, _, err := v.Authenticate(t.Context(), token); waits <- err }()
	cancel()
	if err := <-gone; problem.KindOf(err) != problem.Internal {
		t.Errorf("given up: %v", err)
	}
	close(answer)
	if err := <-waits; err != nil {
		t.Errorf("who waited: %v", err)
	}
}
