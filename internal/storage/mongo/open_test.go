package mongo

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
)

func mustOpen(t *testing.T, uri string, now func() time.Time) *Store {
	t.Helper()
	s, err := Open(t.Context(), uri, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestDatabaseName(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://h":        DefaultDatabase,
		"mongodb://h:1/":     DefaultDatabase,
		"mongodb://h:1/?w=1": DefaultDatabase,
		"mongodb://h:1?w=1":  DefaultDatabase,
		"mongodb://u:p@h1:1,h2:2/krav?replicaSet=": "krav",
		"mongodb+srv://h/krav":                     "krav",
		"mongodb://h/a%2Db":                        "a-b",
	} {
		if got, err := databaseName(uri); got != want || err != nil {
			t.Errorf("%s names %q, %v; want %q", uri, got, err, want)
		}
	}
	for _, uri := range []string{"", "krav", "mongodb://h/%zz"} {
		if got, err := databaseName(uri); err == nil {
			t.Errorf("%q names %q", uri, got)
		}
	}
}

// The address holds a password, which no error may repeat.
func TestOpenRefuses(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, uri := range []string{
		"", "http://user:hemmelig@h/", "mongodb://user:hemmelig@h:nothing/", "mongodb://user:hemmelig@127.0.0.1:1/?serverSelectionTimeoutMS=200",
		"mongodb://user:hemmelig@h/%zz",
	} {
		s, err := Open(ctx, uri, time.Now)
		if err == nil {
			t.Errorf("%q was opened: %v", uri, s.Close())
		} else if strings.Contains(err.Error(), "hemmelig") {
			t.Errorf("the error has the password: %v", err)
		}
	}
}

// contents is what a database is made of: collections and their indexes.
func contents(t *testing.T, s *Store) map[string][]string {
	t.Helper()
	names, err := s.db.ListCollectionNames(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, name := range names {
		specs, err := s.db.Collection(name).Indexes().ListSpecifications(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all[name] = []string{}
		for _, x := range specs {
			all[name] = append(all[name], x.KeysDocument.String())
		}
	}
	return all
}

// Opening again, and several at once, comes to the same as opening once.
func TestMigrate(t *testing.T) {
	once := contents(t, mustOpen(t, database(t), time.Now))
	if len(once) < 10 {
		t.Fatalf("a new database has only %v", once)
	}
	uri := database(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := Open(t.Context(), uri, time.Now)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s := mustOpen(t, uri, time.Now)
	if d := cmp.Diff(once, contents(t, s)); d != "" {
		t.Errorf("opened several times (-once +often):\n%s", d)
	}
	n, err := s.db.Collection("migrations").CountDocuments(t.Context(), bson.D{})
	if err != nil || int(n) != len(steps) {
		t.Errorf("%d migrations are recorded, %v; want %d", n, err, len(steps))
	}
}

// Withdrawals of older versions, without their time beside the document, are
// found by it after the migration.
func TestDateWithdrawals(t *testing.T) {
	s := mustOpen(t, database(t), time.Now)
	at := time.Date(2026, 11, 23, 12, 0, 0, 123e6, time.UTC)
	old := bson.D{{Key: "_id", Value: "aa"}, {Key: "offering", Value: "o"}, {Key: "doc", Value: `{"attestation":"aa","at":"2026-11-23T12:00:00.123Z"}`}}
	if _, err := s.withdrawals.InsertOne(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := dateWithdrawals(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		got, err := s.WithdrawalsSince(t.Context(), at, 10)
		if d := cmp.Diff([]string{"aa"}, got); d != "" || err != nil {
			t.Errorf("withdrawals (-want +got), %v:\n%s", err, d)
		}
		if got, err := s.WithdrawalsSince(t.Context(), at.Add(time.Millisecond), 10); len(got) != 0 || err != nil {
			t.Errorf("withdrawals after the last are %v, %v", got, err)
		}
	}
}

// Declarations of older versions get the outline they would have been stored
// with.
func TestOutlineAttestations(t *testing.T) {
	s := mustOpen(t, database(t), time.Now)
	at := time.Date(2026, 11, 23, 12, 0, 0, 123e6, time.UTC)
	r := attestation.Record{Digest: "aa", Offering: "o", Set: "s", DeclaredAt: at, ValidUntil: at, ReceivedAt: at, Answers: []attestation.Answer{
		{Requirement: "K-LOG-01", Status: attestation.Met, Evidence: []attestation.EvidenceRef{{Name: "a"}}},
		{Requirement: "K-LOG-02", Status: attestation.Planned, Statement: "Neste år"},
	}}
	if err := s.InsertAttestation(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if _, err := s.attestations.UpdateOne(t.Context(), byID("aa"), bson.D{{Key: "$unset", Value: bson.D{{Key: "outline", Value: ""}}}}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.LatestOutlines(t.Context(), []string{"o"}, "s", 5); err == nil {
		t.Fatalf("without an outline: %v", got)
	}
	for range 2 {
		if err := outlineAttestations(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		got, err := s.LatestOutlines(t.Context(), []string{"o"}, "s", 5)
		if d := cmp.Diff([]attestation.Record{r.Outline()}, got); d != "" || err != nil {
			t.Errorf("outlines (-want +got), %v:\n%s", err, d)
		}
	}
}

// Tokens of older versions, without their organisation beside the document, are
// listed after the migration, and lose nothing by it.
func TestOwnTokens(t *testing.T) {
	s := mustOpen(t, database(t), time.Now)
	doc := `{"id":"i","hash":"hh","org":"123456785","orgName":"A","roles":["adviser"],"createdAt":"2026-11-23T12:00:00Z","expiresAt":"2026-11-24T12:00:00Z"}`
	old := bson.D{{Key: "_id", Value: "hh"}, {Key: "rev", Value: int64(1)}, {Key: "id", Value: "i"}, {Key: "doc", Value: doc}}
	if _, err := s.tokens.InsertOne(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := ownTokens(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		got, err := s.TokensOf(t.Context(), "123456785", "", 10)
		if err != nil || len(got) != 1 || got[0].ID != "i" || got[0].OrgName != "A" {
			t.Errorf("tokens: %+v, %v", got, err)
		}
	}
	v, err := s.UpdateToken(t.Context(), "i", func(v organisation.Token) (organisation.Token, error) { v.Name = "B"; return v, nil })
	if err != nil || v.Rev != 2 || v.OrgName != "A" {
		t.Errorf("after the migration a change gives %+v, %v", v, err)
	}
}

// A next step, as a later release will bring, meets real data; it runs once,
// and again if it failed; and an older program then refuses the database.
func TestMigrateNext(t *testing.T) {
	uri := database(t)
	s := mustOpen(t, uri, time.Now)
	if err := s.InsertSupplier(t.Context(), supplier.Supplier{Number: "1", Name: "Før"}); err != nil {
		t.Fatal(err)
	}
	runs := 0
	broken := errors.New("broken")
	next := append(steps[:len(steps):len(steps)], func(ctx context.Context, s *Store) error {
		if runs++; runs == 1 {
			return broken
		}
		_, err := s.UpdateSupplier(ctx, "1", func(v supplier.Supplier) (supplier.Supplier, error) {
			v.Name = "Etter"
			return v, nil
		})
		return err
	})
	if err := s.migrateWith(t.Context(), next); !errors.Is(err, broken) {
		t.Fatalf("a step that fails gives %v", err)
	}
	for range 2 {
		if err := s.migrateWith(t.Context(), next); err != nil {
			t.Fatal(err)
		}
	}
	if runs != 2 {
		t.Errorf("the step ran %d times", runs)
	}
	if v, err := s.Supplier(t.Context(), "1"); err != nil || v.Name != "Etter" {
		t.Errorf("got %+v, %v", v, err)
	}
	_, err := Open(t.Context(), uri, time.Now)
	if !errors.Is(err, storage.ErrNewer) {
		t.Errorf("an older program opens a newer database: %v", err)
	}
}

func count(t *testing.T, c *mongo.Collection) int64 {
	t.Helper()
	n, err := c.CountDocuments(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// A failed upload leaves no chunk, no file and no note; nor does one of bytes
// that are there already.
func TestUploadLeavesNothing(t *testing.T) {
	s := mustOpen(t, database(t), time.Now)
	chunks, files := s.bucket.GetChunksCollection(), s.bucket.GetFilesCollection()
	three := strings.Repeat("x", 3*chunkBytes*sendChunks)
	broken := errors.New("broken")
	if _, err := s.PutBlob(t.Context(), io.MultiReader(strings.NewReader(three), errReader{broken})); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.PutBlob(ctx, io.MultiReader(strings.NewReader(three), readerFunc(func() { cancel() }), strings.NewReader(three)))
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for _, c := range []*mongo.Collection{chunks, files, s.blobs, s.uploads} {
		if n := count(t, c); n != 0 {
			t.Errorf("%d documents are left in %s", n, c.Name())
		}
	}
	for range 2 {
		if _, err := s.PutBlob(t.Context(), strings.NewReader(three)); err != nil {
			t.Fatal(err)
		}
	}
	for c, want := range map[*mongo.Collection]int64{chunks: 3 * sendChunks, files: 1, s.blobs: 1, s.uploads: 0} {
		if n := count(t, c); n != want {
			t.Errorf("%d documents are in %s, want %d", n, c.Name(), want)
		}
	}
	// What we wrote is what GridFS itself reads.
	var d blobDoc
	if err := s.blobs.FindOne(t.Context(), bson.D{}).Decode(&d); err != nil {
		t.Fatal(err)
	}
	r, err := s.bucket.OpenDownloadStream(t.Context(), d.File)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil || string(b) != three {
		t.Errorf("GridFS reads %d bytes, %v", len(b), err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

type readerFunc func()

func (f readerFunc) Read([]byte) (int, error) { f(); return 0, io.EOF }

// What a crash left is cleared a day later; what was published stays, also
// when the crash came before its note was struck out.
func TestHalfUploaded(t *testing.T) {
	uri := database(t)
	start := time.Now()
	s := mustOpen(t, uri, func() time.Time { return start })
	kept, err := s.PutBlob(t.Context(), strings.NewReader("published"))
	if err != nil {
		t.Fatal(err)
	}
	var d blobDoc
	if err := s.blobs.FindOne(t.Context(), bson.D{}).Decode(&d); err != nil {
		t.Fatal(err)
	}
	half, whole := bson.NewObjectID(), bson.NewObjectID()
	note := func(file bson.ObjectID, at time.Time) {
		if err := insert(t.Context(), s.uploads, bson.D{{Key: "_id", Value: file}, {Key: "at", Value: at}}); err != nil {
			t.Fatal(err)
		}
	}
	note(d.File, start)                      // published, not struck out
	note(whole, start)                       // uploaded, not published
	note(half, start)                        // chunks and no file
	note(bson.NewObjectID(), start)          // nothing yet
	note(bson.NewObjectID(), start.Add(1e9)) // younger
	if _, err := s.upload(t.Context(), whole, strings.NewReader("whole")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.upload(t.Context(), half, io.MultiReader(strings.NewReader(strings.Repeat("x", sendChunks*chunkBytes)), errReader{io.ErrUnexpectedEOF})); err == nil {
		t.Fatal("a broken upload went through")
	}
	if n := count(t, s.bucket.GetChunksCollection()); n != 2+sendChunks {
		t.Fatalf("%d chunks", n)
	}
	for _, x := range []struct {
		after                time.Duration
		notes, files, chunks int64
	}{
		{halfUploaded - time.Minute, 5, 2, 2 + sendChunks},
		{halfUploaded + time.Millisecond, 1, 1, 1},
		{halfUploaded + time.Hour, 0, 1, 1},
	} {
		mustOpen(t, uri, func() time.Time { return start.Add(x.after) })
		for c, want := range map[*mongo.Collection]int64{s.uploads: x.notes, s.bucket.GetFilesCollection(): x.files, s.bucket.GetChunksCollection(): x.chunks, s.blobs: 1} {
			if n := count(t, c); n != want {
				t.Errorf("after %s %d documents are in %s, want %d", x.after, n, c.Name(), want)
			}
		}
	}
	r, _, err := s.OpenBlob(t.Context(), kept.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || string(b) != "published" {
		t.Errorf("read %q, %v", b, err)
	}
}

// Bytes from before there were versions have one, and lose it when they are
// put again; what a crash leaves of a removal goes at the next opening.
func TestRemoveOldBytes(t *testing.T) {
	uri := database(t)
	s, ctx := mustOpen(t, uri, time.Now), t.Context()
	put := func() (sum, version string) {
		t.Helper()
		b, err := s.PutBlob(ctx, strings.NewReader("old"))
		if err != nil {
			t.Fatal(err)
		}
		version, err = s.BlobVersion(ctx, b.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		return b.SHA256, version
	}
	there := func(want bool) {
		t.Helper()
		chunks, files := count(t, s.bucket.GetChunksCollection()), count(t, s.bucket.GetFilesCollection())
		if n := count(t, s.blobs); (n == 1) != want || (chunks == 1) != want || (files == 1) != want || count(t, s.uploads) != 0 {
			t.Errorf("%d published, %d chunks, %d files, want them there: %v", n, chunks, files, want)
		}
	}
	sum, first := put()
	old := func() {
		t.Helper()
		if _, err := s.blobs.UpdateOne(ctx, byID(sum), bson.D{{Key: "$unset", Value: bson.D{{Key: "version", Value: ""}}}}); err != nil {
			t.Fatal(err)
		}
	}
	old()
	if v, err := s.BlobVersion(ctx, sum); err != nil || v != first {
		t.Errorf("version %q, %v, want that of the file", v, err)
	}
	_, second := put()
	if err := s.RemoveBlob(ctx, sum, first); err != nil || second == first {
		t.Errorf("%s then %s, %v", first, second, err)
	}
	there(true)
	old()
	if err := s.RemoveBlob(ctx, sum, first); err != nil {
		t.Fatal(err)
	}
	there(false)

	sum, version := put()
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.RemoveBlob(gone, sum, version); err == nil {
		t.Error("removed after the caller had gone")
	}
	there(true)
	// As after a crash: noted, and not published any more.
	var d blobDoc
	if err := s.blobs.FindOneAndDelete(ctx, byID(sum)).Decode(&d); err != nil {
		t.Fatal(err)
	}
	if err := insert(ctx, s.uploads, bson.D{{Key: "_id", Value: d.File}, {Key: "at", Value: time.Unix(0, 0)}}); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, uri, time.Now)
	there(false)
}

// Published bytes of which some are gone are never read as if they were whole.
func TestDamagedBytes(t *testing.T) {
	s := mustOpen(t, database(t), time.Now)
	for name, filter := range map[string]bson.D{
		"first":  {{Key: "n", Value: 0}},
		"middle": {{Key: "n", Value: 1}},
		"last":   {{Key: "n", Value: 2}},
		"all":    {},
	} {
		b, err := s.PutBlob(t.Context(), strings.NewReader(name+strings.Repeat("x", 2*chunkBytes)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.bucket.GetChunksCollection().DeleteMany(t.Context(), filter); err != nil {
			t.Fatal(err)
		}
		r, _, err := s.OpenBlob(t.Context(), b.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); !errors.Is(err, errBytes) || errors.Is(err, problem.ErrNotFound) {
			t.Errorf("%s missing: %v", name, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
