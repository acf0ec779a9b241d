package storage_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"felleskrav/internal/storage"
)

type inner struct {
	At  *time.Time           `json:"at"`
	All []time.Time          `json:"all"`
	Map map[string]time.Time `json:"map"`
	Two [2]time.Time         `json:"two"`
	own time.Time
}

type outer struct {
	Text   string   `json:"text"`
	Inner  *inner   `json:"inner"`
	Inners []inner  `json:"inners,omitempty"`
	List   []string `json:"list"`
}

// Times deep in a value are normalised, and the caller's value is left alone.
func TestEncodeTimes(t *testing.T) {
	at := time.Date(2026, 1, 1, 1, 0, 0, 999_999_999, time.FixedZone("", 3600))
	utc := time.Date(2026, 1, 1, 0, 0, 0, 999_000_000, time.UTC)
	one := func(at time.Time) inner {
		return inner{At: &at, All: []time.Time{at, at}, Map: map[string]time.Time{"a": at}, Two: [2]time.Time{at, at}}
	}
	v, kept := one(at), one(at)
	in := outer{Inner: &v, Inners: []inner{one(at)}}
	b, err := storage.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := storage.Decode[outer](b)
	if err != nil {
		t.Fatal(err)
	}
	w := one(utc)
	exact := cmp.Options{cmp.Comparer(func(a, b time.Time) bool { return a == b }), cmp.AllowUnexported(inner{})}
	if d := cmp.Diff(outer{Inner: &w, Inners: []inner{w}}, got, exact); d != "" {
		t.Errorf("stored value (-want +got):\n%s", d)
	}
	if d := cmp.Diff(outer{Inner: &kept, Inners: []inner{kept}}, in, cmp.AllowUnexported(inner{})); d != "" {
		t.Errorf("the caller's value was changed:\n%s", d)
	}
}

// Whatever text there is comes back, or is refused.
func TestEncodeText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.String(),
			rapid.StringOfN(rapid.SampledFrom([]rune(`\ufffd"x�`)), 0, 30, -1),
		).Draw(t, "text")
		b, err := storage.Encode(outer{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		got, err := storage.Decode[outer](b)
		if err != nil || got.Text != text {
			t.Fatalf("%q came back as %q, %v", text, got.Text, err)
		}
	})
	for _, text := range []string{"\xff", `\` + "\xff", `\\` + "\xc3", "a\ufffd\xe2\x82", "\xed\xa0\x80"} {
		if b, err := storage.Encode(outer{Text: text}); err == nil {
			t.Errorf("%q was stored as %s", text, b)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	if _, err := storage.Encode(math.NaN()); err == nil {
		t.Error("NaN was encoded")
	}
	if _, err := storage.Decode[outer]([]byte(`{"text": 1}`)); err == nil {
		t.Error("a number was decoded as text")
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"ÆØÅ": "æøå", "A\u030a": "å", "a\u030a": "å", "ÉCOLE": "école", "": "", "ΑΒΓ": "αβγ", "Straße": "straße",
	} {
		if got := storage.Fold(in); got != want {
			t.Errorf("Fold(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestIsDigest(t *testing.T) {
	const good = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for in, want := range map[string]bool{
		good: true, good[1:]: false, good + "0": false, "A" + good[1:]: false, "/" + good[1:]: false, "": false,
	} {
		if storage.IsDigest(in) != want {
			t.Errorf("IsDigest(%q) is %v", in, !want)
		}
	}
}
