package main

import (
	"context"
	"crypto"
	"fmt"
	"os"
	"strings"

	"felleskrav/internal/console"
	"felleskrav/internal/signing"
	"felleskrav/internal/storage"
	"felleskrav/internal/transparency"
)

// logSecret names the log's private key among the store's secrets.
const logSecret = "log-key"

// logKey says where the log's private key is and what the log is called.
type logKey struct {
	LogOrigin  string `conf:"" placeholder:"HOST"`
	LogKeyFile string `conf:"" placeholder:"FILE"`
	LogKeyKMS  string `name:"log-key-kms" conf:"" placeholder:"NAME://KEY"`
}

// faults are what is wrong with it and can be told without looking.
func (k logKey) faults() []error {
	var out []error
	if strings.ContainsAny(k.LogOrigin, "/:+ \t") {
		out = append(out, console.Usage("cli.serve.log-origin", "Value", k.LogOrigin))
	}
	if k.LogKeyKMS == "" {
		return out
	}
	if k.LogKeyFile != "" {
		out = append(out, console.Usage("cli.kms.twice", "File", "--log-key-file", "KMS", "--log-key-kms"))
	}
	// A key in a file or in the store has the name with it. Were it taken from
	// the address people use, another address would begin another log.
	if k.LogOrigin == "" {
		out = append(out, console.Usage("cli.kms.origin"))
	}
	return out
}

// kms finds the log's key in a key management service.
func (k logKey) kms(ctx context.Context) (*transparency.Signer, error) {
	key, err := kmsKey(ctx, k.LogKeyKMS)
	if err != nil {
		return nil, err
	}
	if public, err := signing.PublicOf(key); err != nil || public.Algorithm != signing.Ed25519 {
		return nil, console.Cannot(err, "cli.kms.log-algorithm", "Key", k.LogKeyKMS)
	}
	signer, err := transparency.NewSigner(k.LogOrigin, key)
	if err != nil {
		return nil, console.Cannot(err, "cli.kms.log-algorithm", "Key", k.LogKeyKMS)
	}
	return signer, nil
}

// signer finds the log's key, wherever it is; fallback names a new log.
func (k logKey) signer(ctx context.Context, store storage.Store, fallback string) (*transparency.Signer, error) {
	if k.LogKeyKMS != "" {
		return k.kms(ctx)
	}
	return logSigner(ctx, store, k.LogKeyFile, k.LogOrigin, fallback)
}

// logSigner finds the log's key: in the file the operator keeps it in, or in
// the store, which makes one the first time. origin names a new log, and must
// be "" or the name of one that is there: a log keeps its name.
func logSigner(ctx context.Context, store storage.Store, file, origin, fallback string) (*transparency.Signer, error) {
	var text []byte
	var err error
	if file != "" {
		if text, err = os.ReadFile(file); err != nil {
			return nil, console.Cannot(err, "cli.file.read", "File", file)
		}
	} else {
		text, err = store.SecretOrCreate(ctx, logSecret, func() ([]byte, error) {
			name := origin
			if name == "" {
				name = fallback
			}
			key, err := transparency.GenerateSignerKey(name)
			return []byte(key), err
		})
		if err != nil {
			return nil, fmt.Errorf("make log key: %w", err)
		}
	}
	signer, err := transparency.ParseSigner(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, console.Cannot(nil, "cli.log.key", "File", file)
	}
	if origin != "" && signer.Name() != origin {
		return nil, console.Usage("cli.log.origin", "Origin", origin, "Known", signer.Name())
	}
	return signer, nil
}

// verdictSecret names the private key for verdicts among the store's secrets.
const verdictSecret = "verdict-key"

// verdictSigner finds the registry's own key: in the file the operator keeps
// it in, or in the store, which makes one the first time. It is another than
// the log's, since stock verifiers take no log key for a signer's.
func verdictSigner(ctx context.Context, store storage.Store, file string) (crypto.Signer, error) {
	if file == "" {
		text, err := store.SecretOrCreate(ctx, verdictSecret, func() ([]byte, error) {
			key, err := signing.GenerateKey(signing.ECDSAP256)
			if err != nil {
				return nil, err
			}
			return signing.MarshalPrivateKey(key)
		})
		if err != nil {
			return nil, fmt.Errorf("make verdict key: %w", err)
		}
		key, err := signing.ParsePrivateKey(text)
		if err != nil {
			return nil, fmt.Errorf("read verdict key: %w", err)
		}
		return key, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, console.Cannot(err, "cli.file.read", "File", file)
	}
	key, err := signing.ParsePrivateKey(text)
	if err != nil {
		return nil, console.Cannot(err, "cli.serve.verdict-key", "File", file)
	}
	public, err := signing.PublicOf(key)
	if err != nil || !public.Algorithm.CosignVerifiable() {
		return nil, console.Cannot(err, "cli.serve.verdict-key", "File", file)
	}
	return key, nil
}

// verdictKMS finds the registry's own key in a key management service.
func verdictKMS(ctx context.Context, uri string) (crypto.Signer, error) {
	key, err := kmsKey(ctx, uri)
	if err != nil {
		return nil, err
	}
	public, err := signing.PublicOf(key)
	if err != nil || !public.Algorithm.CosignVerifiable() {
		return nil, console.Cannot(err, "cli.kms.verdict-algorithm", "Key", uri)
	}
	return key, nil
}
