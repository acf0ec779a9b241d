package kms

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin"
	"github.com/sigstore/sigstore/pkg/signature/options"

	"felleskrav/internal/signing"
)

// The errors of this package wrap one of these, or signing.ErrAlgorithm for a key that is not of an
// allowed kind.
var (
	// ErrURI says that the text does not name a key.
	ErrURI = errors.New("not the URI of a key")
	// ErrNoPlugin says that the program that the URI asks for is not on PATH.
	ErrNoPlugin = errors.New("plugin is not on PATH")
	// ErrPlugin says that the plugin failed, in its own words.
	ErrPlugin = errors.New("plugin failed")
	// ErrAnswer says that the plugin answered something that cannot be used: no answer of the protocol,
	// no public key, or a signature that the public key does not verify.
	ErrAnswer = errors.New("plugin answered wrongly")
	// ErrTimeout says that the plugin did not answer in time.
	ErrTimeout = errors.New("plugin did not answer in time")
)

const (
	// loadWait bounds the first call, for which somebody may have to unlock a token.
	loadWait = 30 * time.Second
	// signWait bounds one signature, together with the wait for its turn. The log gives a round of its
	// work 15 seconds.
	signWait = 10 * time.Second
	// atOnce is how many programs one key may have running: what anybody can ask for must not fill the
	// machine with processes.
	atOnce = 4
	// maxURI bounds the name of a key, in bytes.
	maxURI = 1024
)

// uriForm keeps NAME from being a path, which would be looked up outside PATH.
var uriForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*://[^\x00-\x20\x7f]+$`)

// IsURI reports whether text names a key for a plugin and not a file.
func IsURI(text string) bool { return strings.Contains(text, "://") }

// PluginName returns the name of the program that signs for uri: "sigstore-kms-hsm" for "hsm://1".
func PluginName(uri string) string {
	name, _, _ := strings.Cut(uri, "://")
	return cliplugin.PluginBinaryPrefix + name
}

// Key is a private key that somebody else keeps. It is a crypto.Signer: digests for ECDSA and RSA
// (PKCS #1 v1.5), whole messages for Ed25519. It is safe for concurrent use.
type Key struct {
	client signature.Signer
	public crypto.PublicKey
	turns  chan struct{}
	wait   time.Duration
}

// Load asks the plugin of uri for the public key, once, and returns the key. ctx is for that call only.
func Load(ctx context.Context, uri string) (crypto.Signer, error) {
	key, err := load(ctx, uri, loadWait, signWait)
	if err != nil {
		return nil, err
	}
	return key, nil
}

func load(ctx context.Context, uri string, loadWait, signWait time.Duration) (*Key, error) {
	if len(uri) > maxURI || !uriForm.MatchString(uri) {
		return nil, fmt.Errorf("load key: %w", ErrURI)
	}
	ctx, cancel := context.WithTimeout(ctx, loadWait)
	defer cancel()
	client, err := plugin(ctx, uri, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	var public crypto.PublicKey
	err = ask(ctx, func() (err error) {
		public, err = client.PublicKey(options.WithContext(ctx))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load key: %w", err)
	}
	key := &Key{public: public, turns: make(chan struct{}, atOnce), wait: signWait}
	known, err := signing.PublicOf(key)
	if err != nil {
		return nil, fmt.Errorf("load key: %w", err)
	}
	// Plugins take the hash from here as well as from each call.
	hash := crypto.SHA256
	switch known.Algorithm {
	case signing.ECDSAP384:
		hash = crypto.SHA384
	case signing.Ed25519:
		hash = crypto.Hash(0)
	}
	if key.client, err = plugin(ctx, uri, hash); err != nil {
		return nil, err
	}
	return key, nil
}

// plugin finds the program and starts nothing. The deadline of ctx would be told to the plugin as that of
// every later call, so it is left out.
func plugin(ctx context.Context, uri string, hash crypto.Hash) (signature.SignerVerifier, error) {
	client, err := cliplugin.LoadSignerVerifier(context.WithoutCancel(ctx), uri, hash)
	switch {
	case errors.Is(err, cliplugin.ErrorInputKeyResourceID):
		return nil, fmt.Errorf("load key: %w", ErrURI)
	case err != nil: // not there, or not to be run
		return nil, fmt.Errorf("load key: %w: %w", ErrNoPlugin, err)
	}
	return client, nil
}

// ask makes one call of a plugin and turns what can go wrong into this package's errors.
func ask(ctx context.Context, call func() error) error {
	done := make(chan error, 1)
	go func() {
		// The client takes for granted that an answer has the part asked for.
		defer func() {
			if v := recover(); v != nil {
				done <- fmt.Errorf("%w: the answer lacks what was asked for", ErrAnswer)
			}
		}()
		done <- call()
	}()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		// The program is killed, but what it started may hold on to its output: do not wait for that.
		err = ctx.Err()
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrTimeout, ctx.Err())
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, cliplugin.ErrorPluginReturnError), errors.Is(err, cliplugin.ErrorExecutingPlugin), errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%w: %w", ErrPlugin, err)
	case errors.Is(err, ErrAnswer):
		return err
	}
	return fmt.Errorf("%w: %w", ErrAnswer, err)
}

// Public implements crypto.Signer.
func (k *Key) Public() crypto.PublicKey { return k.public }

// Sign implements crypto.Signer. data is the digest that opts names, or for Ed25519 the message. The
// random source is the plugin's own. What it returns has been verified with the public key.
func (k *Key) Sign(_ io.Reader, data []byte, opts crypto.SignerOpts) ([]byte, error) {
	if _, pss := opts.(*rsa.PSSOptions); pss {
		return nil, errors.New("sign with plugin: RSA-PSS is not used")
	}
	ctx, cancel := context.WithTimeout(context.Background(), k.wait)
	defer cancel()
	select {
	case k.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("sign with plugin: %w: others are signing", ErrTimeout)
	}
	hash := opts.HashFunc()
	settings := []signature.SignOption{options.WithContext(ctx), options.WithCryptoSignerOpts(hash)}
	message := data
	if hash != 0 {
		settings, message = append(settings, options.WithDigest(data)), nil
	}
	var sig []byte
	err := ask(ctx, func() (err error) {
		defer func() { <-k.turns }() // also when nobody waits for it any more
		sig, err = k.client.SignMessage(bytes.NewReader(message), settings...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sign with plugin: %w", err)
	}
	if !verifies(k.public, data, hash, sig) {
		return nil, fmt.Errorf("sign with plugin: %w: the signature is not that of the public key", ErrAnswer)
	}
	return sig, nil
}

// verifies checks what was signed as it was given to Sign.
func verifies(public crypto.PublicKey, data []byte, hash crypto.Hash, sig []byte) bool {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return hash != 0 && ecdsa.VerifyASN1(key, data, sig)
	case ed25519.PublicKey:
		return hash == 0 && ed25519.Verify(key, data, sig)
	case *rsa.PublicKey:
		return hash != 0 && rsa.VerifyPKCS1v15(key, hash, data, sig) == nil
	}
	return false
}
