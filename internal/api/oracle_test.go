package api

import (
	"bytes"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	tiles "github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"felleskrav/internal/storage/mongo"
	"felleskrav/internal/storage/mongo/mongotest"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/transparency"
)

const (
	// logEntries make a tree whose hashes fill tiles of three levels, the
	// topmost of them partial, with a partial tile at the end of each.
	logEntries = 70_000
	// seenEarly is how many there are when the outsider looks first: inside a
	// tile, so that the proof from there needs nodes that no tile has.
	seenEarly = 1_000
	// changed is the entry that somebody alters.
	changed = 777
)

// TestOracle has somebody else's client for C2SP logs, tessera's, read the
// log over HTTP with nothing but its address and its key.
func TestOracle(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { oracle(t, sqliteLog) })
	t.Run("mongo", func(t *testing.T) { oracle(t, mongoLog) })
}

// logStore is a store of a test's own, and how somebody with access to its
// database changes what is in it.
type logStore struct {
	transparency.Store
	alter func(index int64, body []byte)
}

func oracle(t *testing.T, newStore func(*testing.T) logStore) {
	ctx := t.Context()
	h := newHouse(t)
	signer, err := transparency.NewSigner("log.test", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	serve := func(store transparency.Store) *transparency.Log {
		l, err := transparency.Open(ctx, store, transparency.Config{Signer: signer, Now: h.now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		h.api.Log = l
		return l
	}
	store := newStore(t)
	l := serve(store)
	bodies := fill(t, l, nil, seenEarly)

	out := newOutsider(t, h)
	tracker := out.tracker(nil)
	early := out.checkpoint()
	if got := tracker.Latest(); got.Size != seenEarly {
		t.Fatalf("the outsider sees %d entries first, want %d", got.Size, seenEarly)
	}
	began := time.Now()
	bodies = fill(t, l, bodies, logEntries)
	t.Logf("%d entries appended in %s", logEntries-seenEarly, time.Since(began).Round(time.Millisecond))

	_, consistency, late, err := tracker.Update(ctx)
	if err != nil {
		t.Fatalf("the log grew, and the outsider does not follow: %v", err)
	}
	own, err := l.ConsistencyProof(ctx, seenEarly, logEntries)
	if err != nil {
		t.Fatal(err)
	}
	if got := tracker.Latest(); got.Size != logEntries || !sameHashes(consistency, own) {
		t.Errorf("the outsider follows to %d by %d hashes, want %d by our own %d", got.Size, len(consistency), logEntries, len(own))
	}
	out.reads(l, bodies)
	if err := out.fsck(); err != nil {
		t.Fatalf("fsck of the log: %v", err)
	}

	store.alter(changed, []byte("something else"))
	if err := out.fsck(); err == nil || !strings.Contains(err.Error(), "tile/") {
		t.Errorf("fsck of a log with entry %d changed: %v", changed, err)
	}
	store.alter(changed, bodies[changed])
	if err := out.fsck(); err != nil {
		t.Errorf("fsck after entry %d was put back: %v", changed, err)
	}

	// Now whoever has the key writes the history anew, whole and well signed.
	// It is a little longer, or the outsider would not look at it.
	bodies[changed] = []byte("something else")
	serve(rewritten(t, newStore(t), append(bodies, []byte("one more"))))
	if err := out.fsck(); err != nil {
		t.Errorf("fsck sees one moment, and in that all is well: %v", err)
	}
	for name, tracker := range map[string]*client.LogStateTracker{
		"who followed all the time": tracker, "with the late checkpoint": out.tracker(late), "with the early checkpoint": out.tracker(early),
	} {
		before := tracker.Latest()
		_, _, _, err := tracker.Update(ctx)
		var broken client.ErrInconsistency
		if !errors.As(err, &broken) {
			t.Errorf("an outsider %s meets a rewritten history: %v", name, err)
			continue
		}
		// Both checkpoints carry the log's signature: that is the evidence.
		older, errOlder := transparency.ParseCheckpoint(out.verifier, broken.SmallerRaw)
		newer, errNewer := transparency.ParseCheckpoint(out.verifier, broken.LargerRaw)
		if errOlder != nil || errNewer != nil || uint64(older.Size) != before.Size || newer.Size != logEntries+1 {
			t.Errorf("an outsider %s has as evidence %d, %v and %d, %v", name, older.Size, errOlder, newer.Size, errNewer)
		}
		if after := tracker.Latest(); after.Size != before.Size || !bytes.Equal(after.Hash, before.Hash) {
			t.Errorf("an outsider %s went along from %d to %d", name, before.Size, after.Size)
		}
	}
}

// fill appends until the log has n entries, many at a time as many callers
// would, and gives the bodies in the log's order; bodies are those it has.
func fill(t *testing.T, l *transparency.Log, bodies [][]byte, n int) [][]byte {
	t.Helper()
	have := len(bodies)
	bodies = append(bodies, make([][]byte, n-have)...)
	var g errgroup.Group
	g.SetLimit(1024)
	for i := have; i < n; i++ {
		body := fmt.Appendf(nil, `{"entry":%d,"of":"%s"}`, i, strings.Repeat("x", i%300))
		switch i {
		case 0: // the shortest and the longest that there can be
			body = []byte{0}
		case 1:
			body = bytes.Repeat([]byte{0xff}, transparency.MaxBody)
		}
		g.Go(func() error {
			entry, err := l.Append(t.Context(), fmt.Sprintf("key %d", i), body)
			if err != nil {
				return err
			}
			if entry.Index < int64(have) || entry.Index >= int64(n) {
				return fmt.Errorf("entry %d of %d to %d", entry.Index, have, n)
			}
			bodies[entry.Index] = body
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(bodies, func(b []byte) bool { return b == nil }); i >= 0 {
		t.Fatalf("nobody got position %d", i)
	}
	return bodies
}

// rewritten stores bodies in this order. A log that opens the store publishes
// them as what a writer before it has left.
func rewritten(t *testing.T, store logStore, bodies [][]byte) transparency.Store {
	t.Helper()
	entries := make([]transparency.Entry, len(bodies))
	for i, body := range bodies {
		entries[i] = transparency.Entry{Index: int64(i), Key: fmt.Sprintf("key %d", i), Body: body, LoggedAt: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	}
	for part := range slices.Chunk(entries, 1000) {
		if err := store.InsertLogEntries(t.Context(), "log.test", part); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// outsider knows the log's address and key.
type outsider struct {
	t        *testing.T
	fetcher  *client.HTTPFetcher
	verifier note.Verifier
}

func newOutsider(t *testing.T, h *house) *outsider {
	t.Helper()
	verifier, err := note.NewVerifier(strings.TrimSpace(string(h.want(200, "", "GET", "/log/key", nil).body)))
	if err != nil {
		t.Fatal(err)
	}
	root, err := url.Parse(h.server.URL + "/log/")
	if err != nil {
		t.Fatal(err)
	}
	fetcher, err := client.NewHTTPFetcher(root, h.server.Client())
	if err != nil {
		t.Fatal(err)
	}
	return &outsider{t, fetcher, verifier}
}

// tracker follows the log from a checkpoint kept earlier; nil is from now.
func (o *outsider) tracker(from []byte) *client.LogStateTracker {
	o.t.Helper()
	tracker, err := client.NewLogStateTracker(o.t.Context(), o.fetcher.ReadTile, from, o.verifier, o.verifier.Name(), client.UnilateralConsensus(o.fetcher.ReadCheckpoint))
	if err != nil {
		o.t.Fatal(err)
	}
	return tracker
}

func (o *outsider) checkpoint() []byte {
	o.t.Helper()
	_, raw, _, err := client.FetchCheckpoint(o.t.Context(), o.fetcher.ReadCheckpoint, o.verifier, o.verifier.Name())
	if err != nil {
		o.t.Fatal(err)
	}
	return raw
}

// fsck reads every page and computes the whole tree anew. Each of its workers
// ends at the first wrong tile, and when none is left it waits forever; one
// changed entry makes one tile wrong per level, so there are more workers.
func (o *outsider) fsck() error {
	return fsck.New(o.verifier.Name(), o.verifier, o.fetcher, leafHashes, fsck.Opts{N: 8}).Check(o.t.Context())
}

func leafHashes(bundle []byte) ([][]byte, error) {
	var b tiles.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, len(b.Entries))
	for i, e := range b.Entries {
		hashes[i] = rfc6962.DefaultHasher.HashLeaf(e)
	}
	return hashes, nil
}

// reads has the outsider find entries and make proofs from tiles, and holds
// them against what was appended and against the log's own proofs.
func (o *outsider) reads(l *transparency.Log, bodies [][]byte) {
	t, ctx := o.t, o.t.Context()
	t.Helper()
	cp, _, _, err := client.FetchCheckpoint(ctx, o.fetcher.ReadCheckpoint, o.verifier, o.verifier.Name())
	if err != nil || cp.Origin != "log.test" || cp.Size != uint64(len(bodies)) {
		t.Fatalf("checkpoint %+v, %v", cp, err)
	}
	builder, err := client.NewProofBuilder(ctx, cp.Size, o.fetcher.ReadTile)
	if err != nil {
		t.Fatal(err)
	}
	// Beside the ends: both sides of a tile's, a level-1 tile's and the
	// partial tile's border, and one somewhere in each part of the tree.
	for _, i := range []uint64{0, 1, 255, 256, changed, seenEarly - 1, 31_415, 65_535, 65_536, 69_887, 69_888, cp.Size - 1} {
		bundle, err := client.GetEntryBundle(ctx, o.fetcher.ReadEntryBundle, i/256, cp.Size)
		if err != nil {
			t.Fatal(err)
		}
		if got := bundle.Entries[i%256]; !bytes.Equal(got, bodies[i]) {
			t.Errorf("entry %d has %d bytes, not the %d that were appended", i, len(got), len(bodies[i]))
		}
		hashes, err := builder.InclusionProof(ctx, i)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, i, cp.Size, rfc6962.DefaultHasher.HashLeaf(bodies[i]), hashes, cp.Hash); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
		own, err := l.Proof(ctx, int64(i))
		if err != nil || !sameHashes(hashes, own.Hashes) || !bytes.Equal(own.RootHash[:], cp.Hash) {
			t.Errorf("entry %d: the outsider's proof is not the log's own: %v", i, err)
		}
	}
}

func sameHashes(a [][]byte, b []tlog.Hash) bool {
	return slices.EqualFunc(a, b, func(x []byte, y tlog.Hash) bool { return bytes.Equal(x, y[:]) })
}

func sqliteLog(t *testing.T) logStore {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return logStore{store, func(index int64, body []byte) {
		t.Helper()
		db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, sqlite.FileName)+"?_pragma=busy_timeout(5000)")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		res, err := db.ExecContext(t.Context(), `UPDATE log_entries SET body = ? WHERE origin = 'log.test' AND idx = ?`, body, index)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := res.RowsAffected(); n != 1 || err != nil {
			t.Fatalf("changed %d entries: %v", n, err)
		}
	}}
}

// mongoLog is in a database of its own, dropped at the test's end. Without a
// server the test fails: this backend is not to go untested.
func mongoLog(t *testing.T) logStore {
	t.Helper()
	uri, database := mongotest.Database(t)
	store, err := mongo.Open(t.Context(), uri, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return logStore{store, func(index int64, body []byte) {
		t.Helper()
		res, err := database.Collection("log_entries").UpdateOne(t.Context(),
			bson.D{{Key: "origin", Value: "log.test"}, {Key: "index", Value: index}}, bson.D{{Key: "$set", Value: bson.D{{Key: "body", Value: body}}}})
		if err != nil || res.ModifiedCount != 1 {
			t.Fatalf("change an entry: %+v, %v", res, err)
		}
	}}
}
