package main

import (
	"context"
	"crypto"
	"errors"

	"felleskrav/internal/console"
	"felleskrav/internal/signing"
	"felleskrav/internal/signing/kms"
)

// kmsKey finds a key that a key management service keeps.
func kmsKey(ctx context.Context, uri string) (crypto.Signer, error) {
	key, err := kms.Load(ctx, uri)
	if err != nil {
		return nil, kmsFault(uri, err)
	}
	return key, nil
}

// kmsFault says for people what went wrong with such a key, at loading or at
// signing. Other errors come back as they are.
func kmsFault(uri string, err error) error {
	plugin := kms.PluginName(uri)
	switch {
	case errors.Is(err, kms.ErrURI):
		return console.Usage("cli.kms.uri", "Key", uri)
	case !kms.IsURI(uri):
		return err
	case errors.Is(err, signing.ErrAlgorithm):
		return console.No("cli.key.algorithm-of", "File", uri)
	case errors.Is(err, kms.ErrNoPlugin):
		return console.Cannot(nil, "cli.kms.no-plugin", "Plugin", plugin, "Key", uri)
	case errors.Is(err, kms.ErrTimeout):
		return console.Cannot(nil, "cli.kms.timeout", "Plugin", plugin)
	case errors.Is(err, kms.ErrAnswer):
		return console.Cannot(err, "cli.kms.answer", "Plugin", plugin)
	case errors.Is(err, kms.ErrPlugin):
		return console.Cannot(err, "cli.kms.failed", "Plugin", plugin)
	}
	return err
}
