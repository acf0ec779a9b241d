package maskinporten

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"felleskrav/internal/safehttp"
)

const (
	// fresh is for how long keys are used without asking again. A key that the
	// issuer has taken away is believed no longer than this, as long as the
	// issuer answers.
	fresh = 10 * time.Minute
	// kept is for how long keys are used when the issuer does not answer.
	kept = 4 * time.Hour
	// pause is the least time between two questions, so that tokens with made-up
	// key ids do not become a stream of questions.
	pause = 30 * time.Second
	// fetchTime bounds one question.
	fetchTime = 5 * time.Second
	// maxDocument is the most bytes of an answer, and maxKeys the most keys.
	maxDocument = 64 << 10
	maxKeys     = 64
	// minBits is the least size of a key (RFC 7518, 3.3).
	minBits = 2048
)

var (
	errNoKey    = errors.New("no such key")
	errKeys     = errors.New("the issuer's keys cannot be fetched")
	errMetadata = errors.New("metadata are another issuer's")
)

// keySet holds the issuer's keys. It is safe for concurrent use.
type keySet struct {
	issuer string
	// address is where the keys are; empty is where the issuer's metadata say.
	address string
	// insecure allows http.
	insecure bool
	client   *http.Client
	now      func() time.Time
	failed   func(error)

	mu      sync.Mutex
	keys    map[string]publicKey
	fetched time.Time // when keys came
	tried   time.Time // when they were last asked for
	flight  chan struct{}
}

type publicKey struct {
	key *rsa.PublicKey
	// algorithm is empty when the key may be used with all of them.
	algorithm string
}

// find gives the key with this id. It asks the issuer when the keys are no
// longer fresh or the id is unknown, but not more often than once in a pause.
// The error wraps errNoKey or errKeys.
func (k *keySet) find(ctx context.Context, id string) (publicKey, error) {
	k.mu.Lock()
	key, known := k.keys[id]
	if known && k.age() < fresh {
		k.mu.Unlock()
		return key, nil
	}
	starts := k.flight == nil && (k.tried.IsZero() || k.now().Sub(k.tried) >= pause)
	if starts {
		k.tried, k.flight = k.now(), make(chan struct{})
		// The request that asks first may be given up; the others wait for the answer too.
		go k.fetch(context.WithoutCancel(ctx), k.flight)
	}
	flight := k.flight
	if known && !starts && k.age() < kept {
		flight = nil // somebody else waits for newer ones
	}
	k.mu.Unlock()
	if flight != nil {
		select {
		case <-flight:
		case <-ctx.Done():
			return publicKey{}, ctx.Err()
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	key, known = k.keys[id]
	switch {
	case k.keys == nil || k.age() >= kept:
		return publicKey{}, errKeys
	case !known:
		return publicKey{}, fmt.Errorf("%w: %q", errNoKey, id)
	}
	return key, nil
}

func (k *keySet) age() time.Duration { return k.now().Sub(k.fetched) }

// fetch asks for the keys and ends the flight. When it fails, the old keys stay.
func (k *keySet) fetch(ctx context.Context, flight chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	at := k.now()
	keys, err := k.read(ctx)
	k.mu.Lock()
	if err == nil {
		k.keys, k.fetched = keys, at
	}
	k.flight = nil
	k.mu.Unlock()
	close(flight)
	if err != nil {
		k.failed(err)
	}
}

func (k *keySet) read(ctx context.Context) (map[string]publicKey, error) {
	address := k.address
	if address == "" {
		var err error
		if address, err = k.discover(ctx); err != nil {
			return nil, err
		}
	}
	body, err := k.get(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("fetch keys: %w", err)
	}
	return parseKeys(body)
}

// discover reads where the keys are (RFC 8414). The metadata must name the
// issuer that they were asked for.
func (k *keySet) discover(ctx context.Context) (string, error) {
	body, err := k.get(ctx, strings.TrimRight(k.issuer, "/")+"/.well-known/oauth-authorization-server")
	if err != nil {
		return "", fmt.Errorf("fetch metadata: %w", err)
	}
	var m struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return "", fmt.Errorf("read metadata: %w", err)
	}
	if m.Issuer != k.issuer {
		return "", fmt.Errorf("%w: %q", errMetadata, m.Issuer)
	}
	return m.Keys, nil
}

func (k *keySet) get(ctx context.Context, address string) ([]byte, error) {
	if err := checkAddress(address, k.insecure); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	return safehttp.Fetch(ctx, k.client, req, maxDocument)
}

var errAddress = errors.New("not an https address")

// checkAddress holds that whoever listens in between cannot give us keys.
func checkAddress(address string, insecure bool) error {
	u, err := url.Parse(address)
	if err != nil || safehttp.CheckURL(u) != nil || u.Fragment != "" || u.Scheme != "https" && !insecure {
		return fmt.Errorf("%w: %q", errAddress, address)
	}
	return nil
}

var errKeyTwice = errors.New("a key id is there twice")

// parseKeys reads a JWK Set (RFC 7517). Keys that could not be used are left
// out: others than RSA, such for encryption, weak ones, those without an id.
func parseKeys(body []byte) (map[string]publicKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("read keys: %d are more than %d", len(set.Keys), maxKeys)
	}
	keys := make(map[string]publicKey, len(set.Keys))
	for _, raw := range set.Keys {
		var j jose.JSONWebKey
		if err := j.UnmarshalJSON(raw); err != nil {
			continue // of a kind that is not known
		}
		pub, ok := j.Key.(*rsa.PublicKey)
		if !ok || j.KeyID == "" || j.Use != "" && j.Use != "sig" || pub.N.BitLen() < minBits {
			continue
		}
		if _, twice := keys[j.KeyID]; twice {
			return nil, fmt.Errorf("read keys: %w: %q", errKeyTwice, j.KeyID)
		}
		keys[j.KeyID] = publicKey{key: pub, algorithm: j.Algorithm}
	}
	return keys, nil
}
