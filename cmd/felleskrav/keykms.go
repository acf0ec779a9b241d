package main

import (
	"context"
	"crypto"
	"errors"

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
		return usage("cli.kms.uri", "Key", uri)
	case !kms.IsURI(uri):
		return err
	case errors.Is(err, signing.ErrAlgorithm):
		return no("cli.key.algorithm-of", "File", uri)
	case errors.Is(err, kms.ErrNoPlugin):
		return cannot(nil, "cli.kms.no-plugin", "Plugin", plugin, "Key", uri)
	case errors.Is(err, kms.ErrTimeout):
		return cannot(nil, "cli.kms.timeout", "Plugin", plugin)
	case errors.Is(err, kms.ErrAnswer):
		return cannot(err, "cli.kms.answer", "Plugin", plugin)
	case errors.Is(err, kms.ErrPlugin):
		return cannot(err, "cli.kms.failed", "Plugin", plugin)
	}
	return err
}
