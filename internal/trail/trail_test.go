package trail_test

import (
	"context"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/trail"
)

const (
	ours   = "910000012"
	theirs = "910000020"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)

func open(t *testing.T) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), t.TempDir(), time.Now)
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

// fixed is a store of entries in memory, to tamper with.
type fixed struct {
	trail.Store
	all []trail.Entry
}

func (f fixed) TrailEntries(_ context.Context, from int64, limit int) ([]trail.Entry, error) {
	var out []trail.Entry
	for _, e := range f.all {
		if e.Seq >= from && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

// made is a trail of n entries as a store gives it back.
func made(t *testing.T, n int) []trail.Entry {
	t.Helper()
	s, now := open(t), start
	svc := trail.New(trail.Config{Store: s, Now: func() time.Time { now = now.Add(time.Second); return now }})
	defer svc.Close()
	for range n {
		e := trail.Entry{
			Actor: "person:1", Org: ours, Via: theirs, Action: "key.write", Operation: "POST /suppliers/:orgnr/keys", Owner: ours, Status: 403,
			Problem: "access.denied", Request: "r", Address: "192.0.2.7", Targets: []trail.Target{{Kind: "supplier", ID: ours}},
		}
		if err := svc.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.TrailEntries(t.Context(), 0, n+1)
	if err != nil || len(all) != n {
		t.Fatalf("%d entries, %v", len(all), err)
	}
	return all
}

// Whatever is changed in whichever entry is found, and named.
func TestVerifyFindsWhatWasChanged(t *testing.T) {
	whole := made(t, 8)
	anchors := []trail.Anchor{{Seq: 5, Hash: whole[4].Hash, At: whole[4].At}, {Seq: 8, Hash: whole[7].Hash, At: whole[7].At}}
	if v, err := trail.Verify(t.Context(), fixed{all: whole}, anchors); err != nil || !v.OK || v.Anchors != 2 || v.Anchored != 8 {
		t.Fatalf("%+v %v", v, err)
	}
	fields := reflect.TypeFor[trail.Entry]()
	rapid.Check(t, func(t *rapid.T) {
		all := append([]trail.Entry(nil), whole...)
		i := rapid.IntRange(0, len(all)-1).Draw(t, "entry")
		field := fields.Field(rapid.IntRange(0, fields.NumField()-1).Draw(t, "field"))
		v := reflect.ValueOf(&all[i]).Elem().FieldByIndex(field.Index)
		switch field.Type.Kind() {
		case reflect.String:
			old := v.String()
			v.SetString(rapid.StringMatching(`[0-9a-f]{0,64}`).Filter(func(s string) bool { return s != old }).Draw(t, "text"))
		case reflect.Int, reflect.Int64:
			v.SetInt(v.Int() + rapid.Int64Range(1, 1000).Draw(t, "more"))
		case reflect.Slice:
			all[i].Targets = []trail.Target{{Kind: "supplier", ID: theirs}}
		default:
			t.Fatalf("no way to change %s", field.Name)
		}
		got, err := trail.Verify(context.Background(), fixed{all: all}, anchors)
		if err != nil || got.OK {
			t.Fatalf("a change of %s in %d is not found: %+v %v", field.Name, i+1, got, err)
		}
		// A number that is changed is missing where it was.
		if want := int64(i + 1); got.Bad != want && field.Name != "Seq" {
			t.Fatalf("a change of %s in %d is said to be in %d", field.Name, i+1, got.Bad)
		}
	})
}

func TestVerifyFindsWhatIsGoneOrForged(t *testing.T) {
	whole := made(t, 8)
	anchor := trail.Anchor{Seq: 8, Hash: whole[7].Hash, At: whole[7].At}
	for name, x := range map[string]struct {
		all     []trail.Entry
		anchors []trail.Anchor
		bad     int64
		fault   trail.Fault
	}{
		"the first":      {whole[1:], []trail.Anchor{anchor}, 2, trail.FaultStart},
		"one inside":     {append(append([]trail.Entry(nil), whole[:3]...), whole[4:]...), []trail.Anchor{anchor}, 4, trail.FaultMissing},
		"the last":       {whole[:7], []trail.Anchor{anchor}, 8, trail.FaultTruncated},
		"all":            {nil, []trail.Anchor{anchor}, 1, trail.FaultTruncated},
		"written anew":   {made(t, 8), []trail.Anchor{anchor}, 8, trail.FaultAnchor},
		"address half":   {[]trail.Entry{func() trail.Entry { e := whole[0]; e.Salt = ""; return e }()}, nil, 1, trail.FaultAddress},
		"address put in": {[]trail.Entry{func() trail.Entry { e := whole[0].Erased(); e.Address, e.Salt = "192.0.2.8", "00"; return e }()}, nil, 1, trail.FaultAddress},
	} {
		v, err := trail.Verify(t.Context(), fixed{all: x.all}, x.anchors)
		if err != nil || v.OK || v.Bad != x.bad || v.Fault != x.fault {
			t.Errorf("%s: %+v %v", name, v, err)
		}
	}
	erased := make([]trail.Entry, len(whole))
	for i, e := range whole {
		erased[i] = e.Erased()
	}
	if v, _ := trail.Verify(t.Context(), fixed{all: erased}, []trail.Anchor{anchor}); !v.OK {
		t.Errorf("without addresses: %+v", v)
	}
}

// counted counts the writes.
type counted struct {
	trail.Store
	mu     sync.Mutex
	writes int
}

func (c *counted) InsertTrailEntries(ctx context.Context, e []trail.Entry) error {
	c.mu.Lock()
	c.writes++
	c.mu.Unlock()
	return c.Store.InsertTrailEntries(ctx, e)
}

func TestManyAreWrittenAtOnce(t *testing.T) {
	c := &counted{Store: open(t)}
	svc := trail.New(trail.Config{Store: c})
	const writers, each = 64, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				if err := svc.Record(context.Background(), trail.Entry{Actor: "a", Action: "x"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	svc.Close()
	v, err := trail.Verify(t.Context(), c, nil)
	if err != nil || !v.OK || v.Entries != writers*each {
		t.Fatalf("%+v %v", v, err)
	}
	if c.writes > writers*each/4 {
		t.Errorf("%d writes for %d entries", c.writes, writers*each)
	}
	if err := svc.Record(t.Context(), trail.Entry{}); !errors.Is(err, trail.ErrClosed) {
		t.Errorf("after closing: %v", err)
	}
}

// broken fails every write.
type broken struct{ trail.Store }

func (broken) InsertTrailEntries(context.Context, []trail.Entry) error {
	return errors.New("the disk is full")
}

func TestFaultsAreTold(t *testing.T) {
	svc := trail.New(trail.Config{Store: broken{open(t)}})
	defer svc.Close()
	if err := svc.Record(t.Context(), trail.Entry{Actor: "a", Action: "x"}); err == nil || svc.Failed() != 1 {
		t.Errorf("%v, %d failed", err, svc.Failed())
	}
}

func TestWhatWaitsIsWrittenAtTheEnd(t *testing.T) {
	s := open(t)
	svc := trail.New(trail.Config{Store: s})
	for range 500 {
		if err := svc.Later(t.Context(), trail.Entry{Actor: "a", Action: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	svc.Close()
	if v, _ := trail.Verify(t.Context(), s, nil); !v.OK || v.Entries != 500 {
		t.Errorf("%+v", v)
	}
}

func TestTimesDoNotGoBack(t *testing.T) {
	s, now := open(t), start
	svc := trail.New(trail.Config{Store: s, Now: func() time.Time { now = now.Add(-time.Hour); return now }})
	for range 3 {
		if err := svc.Record(t.Context(), trail.Entry{Actor: "a", Action: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	svc.Close()
	if v, _ := trail.Verify(t.Context(), s, nil); !v.OK {
		t.Errorf("%+v", v)
	}
}

func TestAnchorsAreMadeOnce(t *testing.T) {
	s := open(t)
	log := &keptLog{}
	svc := trail.New(trail.Config{Store: s, Log: log})
	defer svc.Close()
	if a, err := svc.Anchor(t.Context()); err != nil || a.Seq != 0 || len(log.bodies) != 0 {
		t.Fatalf("an anchor of nothing: %+v %v", a, err)
	}
	for range 2 {
		if err := svc.Record(t.Context(), trail.Entry{Actor: "person:secret", Org: ours, Action: "x"}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := svc.Anchor(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(log.bodies) != 2 || strings.Contains(strings.Join(log.bodies, ""), "secret") || strings.Contains(strings.Join(log.bodies, ""), ours) {
		t.Fatalf("leaves %q", log.bodies)
	}
	a, ok := trail.ReadAnchor([]byte(log.bodies[1]))
	last, _ := s.LastTrailEntry(t.Context())
	if !ok || a.Seq != 2 || a.Hash != last.Hash || a.At != last.At {
		t.Errorf("%+v, %+v", a, last)
	}
	if _, err := hex.DecodeString(a.Hash); err != nil {
		t.Error(err)
	}
	if _, ok := trail.ReadAnchor([]byte(`{"type":"urn:felleskrav:other"}`)); ok {
		t.Error("another leaf is read as an anchor")
	}
}

type keptLog struct{ bodies []string }

func (l *keptLog) Append(_ context.Context, _ string, body []byte) (int64, time.Time, error) {
	l.bodies = append(l.bodies, string(body))
	return int64(len(l.bodies)), time.Time{}, nil
}

func TestReadersSeeTheirOwn(t *testing.T) {
	s := open(t)
	svc := trail.New(trail.Config{Store: s})
	defer svc.Close()
	record := func(e trail.Entry) {
		t.Helper()
		e.Address, e.Request = "192.0.2.9", "request-id"
		if err := svc.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	record(trail.Entry{Actor: "person:mine", Org: ours, Action: "evidence.write", Owner: ours})
	record(trail.Entry{Actor: "person:theirs", Org: theirs, Action: "evidence.read", Owner: ours})
	record(trail.Entry{Actor: "person:theirs", Org: theirs, Action: "procurement.write"})
	admin := func(role access.Role, org string) access.Actor {
		return access.Actor{ID: "person:admin", Org: org, Roles: []access.Role{role}}
	}
	list := func(a access.Actor, f trail.Filter) []trail.Entry {
		t.Helper()
		f.Limit = 10
		all, err := svc.List(t.Context(), a, f)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	mine := list(admin(access.SupplierAdmin, ours), trail.Filter{})
	if len(mine) != 2 || mine[1].Actor != "person:mine" || mine[1].Address == "" {
		t.Fatalf("%+v", mine)
	}
	if e := mine[0]; e.Actor != "" || e.Address != "" || e.Salt != "" || e.Request != "" || e.Org != theirs {
		t.Errorf("the owner sees who it was: %+v", e)
	}
	if got := list(admin(access.SupplierAdmin, ours), trail.Filter{Actor: "person:theirs"}); len(got) != 0 {
		t.Errorf("asking tells who it was: %+v", got)
	}
	if got := list(admin(access.AgencyAdmin, theirs), trail.Filter{}); len(got) != 2 || got[1].Actor != "person:theirs" {
		t.Errorf("%+v", got)
	}
	if got := list(admin(access.AgencyAdmin, "910000039"), trail.Filter{}); len(got) != 0 {
		t.Errorf("somebody else sees %+v", got)
	}
	if got := list(admin(access.Operator, "910000047"), trail.Filter{Action: "procurement.write"}); len(got) != 1 || got[0].Address == "" {
		t.Errorf("%+v", got)
	}
	for _, role := range []access.Role{access.SupplierSigner, access.Adviser, access.Editor} {
		if _, err := svc.List(t.Context(), admin(role, ours), trail.Filter{Limit: 1}); problem.KindOf(err) != problem.Forbidden {
			t.Errorf("%s reads the trail: %v", role, err)
		}
	}
}
