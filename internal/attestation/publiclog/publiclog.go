// Package publiclog gives the nouns the log they ask for, on top of the
// Merkle log of package transparency. It owns the translation between the two
// and no rule of either.
package publiclog

import (
	"context"
	"fmt"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/signing"
	"felleskrav/internal/transparency"
)

// Store is what the log is kept in.
type Store interface {
	transparency.Store
	transparency.Places
}

// Log is the transparency log as attestation, supplier and status see it.
type Log struct {
	log    *transparency.Log
	store  Store
	signer *transparency.Signer
}

// New joins a log, the store it is kept in and the key it signs with.
func New(log *transparency.Log, store Store, signer *transparency.Signer) *Log {
	return &Log{log: log, store: store, signer: signer}
}

// Origin is the log's name.
func (l *Log) Origin() string { return l.signer.Name() }

// VerifierKey is the log's public key as a signed note's verifier key.
func (l *Log) VerifierKey() string { return l.signer.VerifierKey() }

// Append logs body under key; see [attestation.Log].
func (l *Log) Append(ctx context.Context, key string, body []byte) (int64, time.Time, error) {
	e, err := l.log.Append(ctx, key, body)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("append %s: %w", key, err)
	}
	return e.Index, e.LoggedAt, nil
}

// AppendProved logs body under key; see [attestation.Log].
func (l *Log) AppendProved(ctx context.Context, key string, body []byte) (attestation.Place, signing.Inclusion, error) {
	p, err := l.log.AppendProved(ctx, key, body)
	if err != nil {
		return attestation.Place{}, signing.Inclusion{}, fmt.Errorf("append %s: %w", key, err)
	}
	return attestation.Place{Index: p.Index, At: p.LoggedAt}, l.inclusion(p), nil
}

// Places finds where keys are logged. Entries above the log's size are not in
// the log yet and are left out.
func (l *Log) Places(ctx context.Context, keys []string) (map[string]attestation.Place, error) {
	out := make(map[string]attestation.Place, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	entries, err := l.store.LogPlacesByKey(ctx, l.Origin(), keys)
	if err != nil {
		return nil, fmt.Errorf("find log entries: %w", err)
	}
	size, err := l.log.Size(ctx)
	if err != nil {
		return nil, fmt.Errorf("read log size: %w", err)
	}
	for _, e := range entries {
		if e.Index < size {
			out[e.Key] = attestation.Place{Index: e.Index, At: e.LoggedAt}
		}
	}
	return out, nil
}

// Inclusion proves that the entry at index is in the log as it is now.
func (l *Log) Inclusion(ctx context.Context, index int64) (signing.Inclusion, error) {
	p, err := l.log.Proof(ctx, index)
	if err != nil {
		return signing.Inclusion{}, fmt.Errorf("prove entry %d: %w", index, err)
	}
	return l.inclusion(p), nil
}

func (l *Log) inclusion(p transparency.Proof) signing.Inclusion {
	in := signing.Inclusion{
		LogID: l.signer.LogID(), Index: p.Index, TreeSize: p.TreeSize, RootHash: p.RootHash[:], Checkpoint: p.Checkpoint, Body: p.Body,
		Hashes: make([][]byte, len(p.Hashes)),
	}
	for i := range p.Hashes {
		in.Hashes[i] = p.Hashes[i][:]
	}
	return in
}

// Proof turns a receipt's proof into the log's own form, which verifies
// offline.
func Proof(p attestation.LogProof) (transparency.Proof, error) {
	out := transparency.Proof{Index: p.Index, TreeSize: p.TreeSize, Checkpoint: p.Checkpoint, Body: p.Body, LoggedAt: p.LoggedAt}
	if len(p.RootHash) != len(out.RootHash) {
		return out, fmt.Errorf("read proof: the root hash has %d bytes, not %d", len(p.RootHash), len(out.RootHash))
	}
	copy(out.RootHash[:], p.RootHash)
	for _, h := range p.Hashes {
		var hash transparency.Hash
		if len(h) != len(hash) {
			return out, fmt.Errorf("read proof: a hash has %d bytes, not %d", len(h), len(hash))
		}
		copy(hash[:], h)
		out.Hashes = append(out.Hashes, hash)
	}
	return out, nil
}
