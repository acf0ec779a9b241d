package storagetest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"felleskrav/internal/transparency"
)

// RunAppend checks that the log itself works on the store: two instances that
// append at the same time, with writes that fail before, halfway and after,
// make one log, in which every acknowledged entry is found and proved.
func RunAppend(t *testing.T, open Open) {
	ctx := t.Context()
	store := open(t)
	key, err := transparency.GenerateSignerKey("test.example/log")
	check(t, err)
	signer, err := transparency.ParseSigner(key)
	check(t, err)
	verifier, err := transparency.NewVerifier(signer.VerifierKey())
	check(t, err)

	type ack struct {
		entry transparency.Entry
		body  []byte
	}
	var mu sync.Mutex
	acked := map[string]ack{}
	var wg sync.WaitGroup
	var logs []*transparency.Log
	for instance := range 2 {
		f := NewFaulty(store)
		l, err := transparency.Open(ctx, f, transparency.Config{Signer: signer})
		check(t, err)
		t.Cleanup(func() { check(t, l.Close()) })
		logs = append(logs, l)
		for n, w := range []Write{InsertLogEntries, PutLogHashes, SwapLogState} {
			for _, when := range Moments() {
				f.Fail(w, 2+3*n+int(when), when)
			}
		}
		for worker := range 4 {
			wg.Go(func() {
				for i := range 15 {
					// Every third key is appended by both instances.
					key := fmt.Sprintf("%d/%d/%d", instance, worker, i)
					if i%3 == 0 {
						key = fmt.Sprintf("both/%d/%d", worker, i)
					}
					body := []byte("body of " + key)
					e, err := l.Append(ctx, key, body)
					for try := 0; err != nil && try < 20; try++ { // as a client does that got no answer
						e, err = l.Append(ctx, key, body)
					}
					if err != nil {
						t.Errorf("append %s: %v", key, err)
						return
					}
					mu.Lock()
					if a, ok := acked[key]; ok && a.entry.Index != e.Index {
						t.Errorf("%s is at %d and at %d", key, a.entry.Index, e.Index)
					}
					acked[key] = ack{e, body}
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	for key, a := range acked {
		for _, l := range logs {
			e, err := l.Lookup(ctx, key)
			check(t, err)
			want(t, e.Index, a.entry.Index)
			p, err := l.Proof(ctx, e.Index)
			check(t, err)
			check(t, transparency.VerifyProof(verifier, p))
			if !bytes.Equal(p.Body, a.body) {
				t.Errorf("%s is logged with body %q", key, p.Body)
			}
		}
	}
	c, err := transparency.VerifyLog(ctx, logs[0], verifier)
	check(t, err)
	want(t, c.Size, int64(len(acked)))
	want(t, len(acked), 2*4*10+4*5)
	if _, err := logs[0].Lookup(ctx, "nothing"); !errors.Is(err, transparency.ErrNotFound) {
		t.Errorf("an entry nobody made: %v", err)
	}
}
