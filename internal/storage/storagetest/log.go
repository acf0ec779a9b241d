package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/transparency"
)

// entry makes an entry with a key of its own.
func entry(index int64, key string) transparency.Entry {
	return transparency.Entry{Index: index, Key: key, Body: []byte(key + "\x00\xff"), LoggedAt: at}
}

func keptEntries(all ...transparency.Entry) []transparency.Entry {
	got := []transparency.Entry{}
	for _, e := range all {
		e.LoggedAt = utc
		got = append(got, e)
	}
	return got
}

func hashOf(n int64) (h transparency.Hash) {
	copy(h[:], fmt.Sprintf("%032d", n))
	return h
}

// RunLog checks transparency.Store.
func RunLog(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	list := result[[]transparency.Entry](t)
	t.Run("state", func(t *testing.T) {
		o := "example.no/log/" + id()
		_, err := s.LogState(ctx, o)
		wantErr(t, err, transparency.ErrNotFound)
		wantErr(t, s.SwapLogState(ctx, transparency.LogState{Origin: o, Rev: 0}), transparency.ErrStale)
		wantErr(t, s.SwapLogState(ctx, transparency.LogState{Origin: o, Rev: 1}), transparency.ErrStale)
		v := transparency.LogState{Origin: o, Size: 1 << 53, Root: hashOf(1), Checkpoint: []byte("x\n\n— é \xff\n"), Rev: 77}
		check(t, s.CreateLogState(ctx, v))
		v.Rev = 1
		want(t, result[transparency.LogState](t)(s.LogState(ctx, o)), v)
		wantErr(t, s.CreateLogState(ctx, transparency.LogState{Origin: o}), transparency.ErrExists)
		next := v
		next.Size, next.Root, next.Checkpoint = 5, hashOf(2), []byte("next")
		check(t, s.SwapLogState(ctx, next))
		wantErr(t, s.SwapLogState(ctx, next), transparency.ErrStale)
		next.Rev = 2
		want(t, result[transparency.LogState](t)(s.LogState(ctx, o)), next)
		// Another log is another matter.
		check(t, s.CreateLogState(ctx, transparency.LogState{Origin: o + "2", Root: hashOf(3), Checkpoint: []byte("c")}))
		want(t, result[transparency.LogState](t)(s.LogState(ctx, o)), next)
	})
	t.Run("lease", func(t *testing.T) {
		o := "example.no/log/" + id()
		_, err := s.LogLease(ctx, o)
		wantErr(t, err, transparency.ErrNotFound)
		v := transparency.Lease{Origin: o, Holder: "a", Until: at, Last: "b", Waiting: []transparency.Wish{{Holder: "c", Until: at}}}
		v.Rev = 1
		wantErr(t, s.SwapLogLease(ctx, v), transparency.ErrStale)
		v.Rev = 0
		check(t, s.SwapLogLease(ctx, v))
		wantErr(t, s.SwapLogLease(ctx, v), transparency.ErrStale)
		kept := v
		kept.Rev, kept.Until, kept.Waiting = 1, utc, []transparency.Wish{{Holder: "c", Until: utc}}
		want(t, result[transparency.Lease](t)(s.LogLease(ctx, o)), kept)
		v.Rev, v.Holder, v.Until, v.Waiting = 1, "", time.Time{}, nil
		check(t, s.SwapLogLease(ctx, v))
		wantErr(t, s.SwapLogLease(ctx, v), transparency.ErrStale)
		v.Rev = 2
		want(t, result[transparency.Lease](t)(s.LogLease(ctx, o)), v)
		// Another log is another matter.
		check(t, s.SwapLogLease(ctx, transparency.Lease{Origin: o + "2"}))
		want(t, result[transparency.Lease](t)(s.LogLease(ctx, o)), v)
	})
	t.Run("lease race", func(t *testing.T) {
		o, won := id(), make([]error, 12)
		for rev := range int64(3) {
			var wg sync.WaitGroup
			for w := range won {
				wg.Go(func() { won[w] = s.SwapLogLease(ctx, transparency.Lease{Origin: o, Holder: fmt.Sprint(w), Rev: rev}) })
			}
			wg.Wait()
			winner := ""
			for w, err := range won {
				if err == nil {
					winner += fmt.Sprint(w)
				} else {
					wantErr(t, err, transparency.ErrStale)
				}
			}
			want(t, result[transparency.Lease](t)(s.LogLease(ctx, o)), transparency.Lease{Origin: o, Holder: winner, Rev: rev + 1})
		}
	})
	t.Run("cosigned", func(t *testing.T) {
		o := "example.no/log/" + id()
		_, err := s.LogCosigned(ctx, o)
		wantErr(t, err, transparency.ErrNotFound)
		v := transparency.Cosigned{Origin: o, Checkpoints: []transparency.CosignedCheckpoint{
			{Size: 1 << 53, Checkpoint: []byte("x\n\n— é \xff\n"), Lines: []string{"— w/é AAAA\n", "— w2 <b>+/\n"}}, {Size: 1<<53 + 1, Checkpoint: []byte("y")},
		}}
		check(t, s.SwapLogCosigned(ctx, v))
		wantErr(t, s.SwapLogCosigned(ctx, v), transparency.ErrStale)
		v.Rev = 1
		want(t, result[transparency.Cosigned](t)(s.LogCosigned(ctx, o)), v)
		v.Checkpoints = v.Checkpoints[1:]
		check(t, s.SwapLogCosigned(ctx, v))
		wantErr(t, s.SwapLogCosigned(ctx, v), transparency.ErrStale)
		v.Rev = 2
		want(t, result[transparency.Cosigned](t)(s.LogCosigned(ctx, o)), v)
	})
	t.Run("swap race", func(t *testing.T) {
		o := id()
		check(t, s.CreateLogState(ctx, transparency.LogState{Origin: o, Checkpoint: []byte("c")}))
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for n := 0; n < 8; {
					v, err := s.LogState(ctx, o)
					if err != nil {
						t.Error(err)
						return
					}
					v.Size++
					switch err := s.SwapLogState(ctx, v); {
					case err == nil:
						n++
					case !errors.Is(err, transparency.ErrStale):
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		v := result[transparency.LogState](t)(s.LogState(ctx, o))
		want(t, v.Size, int64(16*8))
		want(t, v.Rev, int64(16*8+1))
	})
	t.Run("entries", func(t *testing.T) {
		o := id()
		check(t, s.InsertLogEntries(ctx, o, nil))
		want(t, list(s.LogEntries(ctx, o, 0, 10)), []transparency.Entry{})
		big := entry(3, "big")
		big.Body = make([]byte, 65535)
		all := []transparency.Entry{entry(0, "a"), entry(1, unicodeText), entry(2, "c"), big}
		check(t, s.InsertLogEntries(ctx, o, all))
		check(t, s.InsertLogEntries(ctx, id(), all)) // of another log
		want(t, list(s.LogEntries(ctx, o, 0, 10)), keptEntries(all...))
		want(t, list(s.LogEntries(ctx, o, 1, 2)), keptEntries(all[1:3]...))
		want(t, list(s.LogEntries(ctx, o, 4, 2)), []transparency.Entry{})
		want(t, list(s.LogEntries(ctx, o, 0, 0)), []transparency.Entry{})
		want(t, list(s.LogEntriesByKey(ctx, o, []string{unicodeText, "none"})), keptEntries(all[1]))
		want(t, list(s.LogEntriesByKey(ctx, o, nil)), []transparency.Entry{})
		place := keptEntries(all[1])[0]
		place.Body = nil
		want(t, list(s.LogPlacesByKey(ctx, o, []string{unicodeText, "none"})), []transparency.Entry{place})
		want(t, len(list(s.LogEntriesByKey(ctx, o, []string{"a", "c", "A"}))), 2)
		later := entry(4, "later")
		later.LoggedAt = at.Add(time.Hour)
		check(t, s.InsertLogEntries(ctx, o, []transparency.Entry{later}))
		later.LoggedAt = utc.Add(time.Hour)
		want(t, list(s.LogEntries(ctx, o, 4, 1)), []transparency.Entry{later})
	})
	t.Run("taken key or index", func(t *testing.T) {
		for name, clash := range map[string]transparency.Entry{"key": entry(12, "k1"), "index": entry(1, "new"), "both": entry(1, "k1")} {
			o := id()
			first := []transparency.Entry{entry(0, "k0"), entry(1, "k1")}
			check(t, s.InsertLogEntries(ctx, o, first))
			// A batch may hold the clash at any place in it.
			for place := range 3 {
				batch := []transparency.Entry{}
				base := int64(10 * (place + 1))
				for i := range 3 {
					e := entry(base+int64(i), fmt.Sprintf("%s %d %d", name, place, i))
					if i == place {
						e = clash
					}
					batch = append(batch, e)
				}
				wantErr(t, s.InsertLogEntries(ctx, o, batch), transparency.ErrExists)
				got := list(s.LogEntries(ctx, o, 0, 100))
				if len(got) < 2 {
					t.Fatalf("%s: entries are gone", name)
				}
				want(t, got[:2], keptEntries(first...))
				stored := list(s.LogEntries(ctx, o, base, 3))
				if len(stored) > place {
					t.Fatalf("%s: %d entries after a clash at place %d", name, len(stored), place)
				}
				want(t, stored, keptEntries(batch[:len(stored)]...))
			}
		}
	})
	t.Run("same batch at once", func(t *testing.T) {
		o := id()
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for w := range errs {
			wg.Go(func() {
				var batch []transparency.Entry
				for i := range int64(20) {
					batch = append(batch, entry(i, fmt.Sprintf("w%d %d", w, i)))
				}
				errs[w] = s.InsertLogEntries(ctx, o, batch)
			})
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				wantErr(t, err, transparency.ErrExists)
			}
		}
		all := list(s.LogEntries(ctx, o, 0, 100))
		want(t, len(all), 20)
		for i, e := range all {
			want(t, e.Index, int64(i))
		}
	})
	t.Run("same key at once", func(t *testing.T) {
		for range 5 {
			o := id()
			var wg sync.WaitGroup
			errs := make([]error, 8)
			for w := range errs {
				wg.Go(func() {
					errs[w] = s.InsertLogEntries(ctx, o, []transparency.Entry{entry(int64(2*w), fmt.Sprint("own ", w)), entry(int64(2*w+1), "same")})
				})
			}
			wg.Wait()
			won := 0
			for _, err := range errs {
				if err == nil {
					won++
				} else {
					wantErr(t, err, transparency.ErrExists)
				}
			}
			want(t, won, 1)
			want(t, len(list(s.LogEntriesByKey(ctx, o, []string{"same"}))), 1)
		}
	})
	t.Run("hashes", func(t *testing.T) {
		o := id()
		check(t, s.PutLogHashes(ctx, o, nil))
		var all []transparency.StoredHash
		for i := range int64(600) {
			all = append(all, transparency.StoredHash{Index: 599 - i, Hash: hashOf(599 - i)})
		}
		check(t, s.PutLogHashes(ctx, o, all))
		check(t, s.PutLogHashes(ctx, o, all[:300])) // again
		over := id()
		check(t, s.PutLogHashes(ctx, over, []transparency.StoredHash{{Index: 1, Hash: hashOf(9)}}))
		check(t, s.PutLogHashes(ctx, over, []transparency.StoredHash{{Index: 0, Hash: hashOf(0)}, {Index: 1, Hash: hashOf(1)}, {Index: 2, Hash: hashOf(2)}}))
		want(t, result[[]transparency.Hash](t)(s.LogHashes(ctx, over, []int64{0, 1, 2})), []transparency.Hash{hashOf(0), hashOf(1), hashOf(2)})
		hashes := result[[]transparency.Hash](t)
		want(t, hashes(s.LogHashes(ctx, o, []int64{5, 0, 599, 5})), []transparency.Hash{hashOf(5), hashOf(0), hashOf(599), hashOf(5)})
		want(t, hashes(s.LogHashes(ctx, o, nil)), []transparency.Hash{})
		var indexes []int64
		for i := range int64(600) {
			indexes = append(indexes, i)
		}
		got := hashes(s.LogHashes(ctx, o, indexes))
		for i, h := range got {
			want(t, h, hashOf(int64(i)))
		}
		_, err := s.LogHashes(ctx, o, []int64{1, 600})
		wantErr(t, err, transparency.ErrNotFound)
		_, err = s.LogHashes(ctx, id(), []int64{0})
		wantErr(t, err, transparency.ErrNotFound)
		var wg sync.WaitGroup
		for range 8 { // two instances that publish the same entries
			wg.Go(func() {
				if err := s.PutLogHashes(ctx, o, []transparency.StoredHash{{Index: 700, Hash: hashOf(7)}, {Index: 701, Hash: hashOf(8)}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		want(t, hashes(s.LogHashes(ctx, o, []int64{701, 700})), []transparency.Hash{hashOf(8), hashOf(7)})
	})
}
