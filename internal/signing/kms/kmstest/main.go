// Command kmstest is a plugin for tests: a key management service whose keys are PEM files. It is built
// as sigstore-kms-NAME; the key of NAME:///FOLDER/KEY.pem is that file.
//
// What comes after "?" makes it misbehave: hang, hang-child (leaves behind a process that holds its
// output), fail, garbage, empty, other-key (tells the public key in KEY.pem.other), bad-signature. A file
// KEY.pem.MISBEHAVIOUR does the same for signatures only, as long as it is there.
package main

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/common"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/handler"
)

func main() {
	if err := run(os.Args, os.Stdin, os.Stdout); err != nil {
		if err := handler.WriteErrorResponse(os.Stdout, err); err != nil {
			fmt.Fprintln(os.Stderr, "kmstest:", err)
		}
		os.Exit(1)
	}
}

var errAnswered = errors.New("it was answered already")

func run(args []string, stdin io.Reader, stdout io.Writer) error {
	in, err := handler.GetPluginArgs(args)
	if err != nil {
		return err
	}
	file, how, _ := strings.Cut(in.InitOptions.KeyResourceID, "?")
	k := &keeper{signing: in.MethodName == common.SignMessageMethodName, file: file, how: how, hash: in.InitOptions.HashFunc}
	if err := k.misbehave(stdout); err != nil {
		if errors.Is(err, errAnswered) {
			return nil
		}
		return err
	}
	if k.SignerVerifier, err = signerOf(file, k.hash); err != nil {
		return err
	}
	_, err = handler.Dispatch(stdout, stdin, in, k)
	return err
}

// keeper keeps one key.
type keeper struct {
	signature.SignerVerifier
	signing   bool
	file, how string
	hash      crypto.Hash
}

func signerOf(file string, hash crypto.Hash) (signature.SignerVerifier, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the key store has no such key: %w", err)
	}
	key, err := cryptoutils.UnmarshalPEMToPrivateKey(pem, cryptoutils.SkipPassword)
	if err != nil {
		return nil, err
	}
	return signature.LoadSignerVerifier(key, hash)
}

// does reports whether it is to misbehave in that way now.
func (k *keeper) does(how string) bool {
	if k.how == how {
		return true
	}
	_, err := os.Stat(k.file + "." + how)
	return err == nil && k.signing
}

func (k *keeper) misbehave(stdout io.Writer) error {
	switch {
	case k.does("hang"):
		time.Sleep(time.Minute)
	case k.does("hang-child"):
		child := exec.Command("sleep", "60")
		child.Stdout = os.Stdout
		if err := child.Run(); err != nil {
			return err
		}
	case k.does("fail"):
		return errors.New("the token is locked")
	case k.does("garbage"):
		_, err := fmt.Fprint(stdout, "\x00<html>")
		return errors.Join(errAnswered, err)
	case k.does("empty"):
		_, err := fmt.Fprint(stdout, "{}")
		return errors.Join(errAnswered, err)
	}
	return nil
}

// PublicKey implements the plugin's side of the protocol.
func (k *keeper) PublicKey(opts ...signature.PublicKeyOption) (crypto.PublicKey, error) {
	if !k.does("other-key") {
		return k.SignerVerifier.PublicKey(opts...)
	}
	other, err := signerOf(k.file+".other", k.hash)
	if err != nil {
		return nil, err
	}
	return other.PublicKey(opts...)
}

// SignMessage implements the plugin's side of the protocol.
func (k *keeper) SignMessage(message io.Reader, opts ...signature.SignOption) ([]byte, error) {
	sig, err := k.SignerVerifier.SignMessage(message, opts...)
	if err == nil && k.does("bad-signature") {
		sig[len(sig)-1] ^= 1
	}
	return sig, err
}

// CreateKey implements the plugin's side of the protocol.
func (k *keeper) CreateKey(context.Context, string) (crypto.PublicKey, error) {
	return nil, errors.New("keys are made by the test")
}

// CryptoSigner is never asked of a plugin.
func (k *keeper) CryptoSigner(context.Context, func(error)) (crypto.Signer, crypto.SignerOpts, error) {
	return nil, nil, errors.New("not a method of a plugin")
}

// SupportedAlgorithms implements the plugin's side of the protocol.
func (k *keeper) SupportedAlgorithms() []string { return nil }

// DefaultAlgorithm implements the plugin's side of the protocol.
func (k *keeper) DefaultAlgorithm() string { return "" }
