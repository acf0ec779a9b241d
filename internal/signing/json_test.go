package signing_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gowebpki/jcs"
	"pgregory.net/rapid"

	"felleskrav/internal/signing"
)

type document struct {
	Name  string            `json:"name"`
	Count int64             `json:"count,omitempty"`
	Share float64           `json:"share,omitempty"`
	At    time.Time         `json:"at,omitzero"`
	Parts []document        `json:"parts,omitempty"`
	Tags  map[string]string `json:"tags,omitempty"`
	Raw   json.RawMessage   `json:"raw,omitempty"`
	Any   any               `json:"any,omitempty"`
	Bytes []byte            `json:"bytes,omitempty"`
}

func TestStrictJSON(t *testing.T) {
	var got document
	err := signing.StrictJSON([]byte(` {"name":"blåbær \u00f8 \ud83d\ude00","count":9007199254740991,"share":-0.5e-3,"at":"2026-11-23T12:00:00Z",
		"parts":[{"name":"x"}],"tags":{"Name":"a","name":"b"},"raw":{"b" : 1},"any":[null,true,-9007199254740991],"bytes":"AAE="} `+"\n"), &got)
	if err != nil {
		t.Fatal(err)
	}
	want := document{
		Name: "blåbær ø 😀", Count: 9007199254740991, Share: -0.0005, At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		Parts: []document{{Name: "x"}}, Tags: map[string]string{"Name": "a", "name": "b"}, Raw: json.RawMessage(`{"b" : 1}`),
		Any: []any{nil, true, -9007199254740991.0}, Bytes: []byte{0, 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestStrictJSONRefuses(t *testing.T) {
	deep := func(n int) string { return strings.Repeat(`[`, n) + strings.Repeat(`]`, n) }
	for text, want := range map[string]struct {
		reason  error
		pointer string
	}{
		`{"name":"a","name":"b"}`:                   {signing.ErrDuplicateField, "/name"},
		`{"name":"a","\u006eame":"b"}`:              {signing.ErrDuplicateField, "/name"},
		`{"any":[{"a":1,"b":{"c":1,"c":1}}]}`:       {signing.ErrDuplicateField, "/any/0/b/c"},
		`{"raw":{"a":1,"a":1}}`:                     {signing.ErrDuplicateField, "/raw/a"},
		`{"Name":"a"}`:                              {signing.ErrUnknownField, "/Name"},
		`{"NAME":"a"}`:                              {signing.ErrUnknownField, "/NAME"},
		`{"name":"a","parts":[{"name":"b","x":1}]}`: {signing.ErrUnknownField, "/parts/0/x"},
		`{"count":9007199254740992}`:                {signing.ErrNumber, "/count"},
		`{"count":-9007199254740992}`:               {signing.ErrNumber, "/count"},
		`{"any":{"a":[1e400]}}`:                     {signing.ErrNumber, "/any/a/0"},
		`{"any":1e-400}`:                            {signing.ErrNumber, "/any"},
		`{"any":` + deep(32) + `}`:                  {signing.ErrDepth, "/any" + strings.Repeat("/0", 31)},
		`{"name":"a"} {}`:                           {signing.ErrJSON, ""},
		`{"name":"a"}x`:                             {signing.ErrJSON, ""},
		`{"name":"` + "\xff" + `"}`:                 {signing.ErrJSON, "/name"},
		`{"name":"` + "\xc0\xaf" + `"}`:             {signing.ErrJSON, "/name"},
		`{"name":"\ud800"}`:                         {signing.ErrJSON, "/name"},
		`{"name":"a` + "\x00" + `"}`:                {signing.ErrJSON, "/name"},
		`{"name":1}`:                                {signing.ErrJSON, "/name"},
		`{"count":1.5}`:                             {signing.ErrJSON, "/count"},
		`{"count":"1"}`:                             {signing.ErrJSON, "/count"},
		`{"count":01}`:                              {signing.ErrJSON, ""},
		`{"count":+1}`:                              {signing.ErrJSON, "/count"},
		`{"count":NaN}`:                             {signing.ErrJSON, "/count"},
		`{"name":"a",}`:                             {signing.ErrJSON, ""},
		`{'name':"a"}`:                              {signing.ErrJSON, ""},
		`{"name":"a"/**/}`:                          {signing.ErrJSON, ""},
		"\ufeff{}":                                  {signing.ErrJSON, ""},
		`[]`:                                        {signing.ErrJSON, ""},
		`"x"`:                                       {signing.ErrJSON, ""},
		``:                                          {signing.ErrJSON, ""},
		`  `:                                        {signing.ErrJSON, ""},
		`{`:                                         {signing.ErrJSON, ""},
	} {
		var got document
		err := signing.StrictJSON([]byte(text), &got)
		var detail *signing.JSONError
		if !errors.Is(err, want.reason) || !errors.As(err, &detail) {
			t.Errorf("%s: %v, want %v", text, err, want.reason)
			continue
		}
		if want.pointer != "" && detail.Pointer != want.pointer {
			t.Errorf("%s: place is %q, want %q", text, detail.Pointer, want.pointer)
		}
	}
	var got document
	if err := signing.StrictJSON([]byte(`{"any":`+deep(31)+`}`), &got); err != nil {
		t.Errorf("as deep as allowed: %v", err)
	}
}

func TestCanonical(t *testing.T) {
	got, err := signing.Canonical(document{
		Name: "<b>&\u2028ø", Count: 1e15, Share: 1e-7, Tags: map[string]string{"\u20ac": "euro", "\r": "return", "\ufb33": "dalet", "1": "one", "😀": "grin", "ö": "o"},
		Raw: json.RawMessage(`{"b" : [ 1.0, 0.0 ], "a":"\u00e5\/"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"count":1000000000000000,"name":"<b>&` + "\u2028" + `ø","raw":{"a":"å/","b":[1,0]},"share":1e-7,` +
		`"tags":{"\r":"return","1":"one","ö":"o","€":"euro","😀":"grin",` + "\"\ufb33\"" + `:"dalet"}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, c := range map[string]struct {
		value any
		want  error
	}{
		"large integer":      {map[string]int64{"a": 1 << 53}, signing.ErrNumber},
		"large float":        {1e300, signing.ErrNumber},
		"not a number":       {math.NaN(), signing.ErrJSON},
		"invalid UTF-8":      {map[string]string{"a": "\xff"}, signing.ErrJSON},
		"invalid UTF-8 name": {map[string]string{"\xff": "a"}, signing.ErrJSON},
		"duplicate in text":  {json.RawMessage(`{"a":1,"a":2}`), signing.ErrDuplicateField},
		"a function":         {func() {}, signing.ErrJSON},
		"too deep":           {json.RawMessage(strings.Repeat("[", 33) + strings.Repeat("]", 33)), signing.ErrDepth},
	} {
		if got, err := signing.Canonical(c.value); !errors.Is(err, c.want) {
			t.Errorf("%s: %s, %v; want %v", name, got, err, c.want)
		}
	}
	if _, err := signing.CanonicalJSON([]byte(`{"a":1}}`)); !errors.Is(err, signing.ErrJSON) {
		t.Errorf("text after: %v", err)
	}
}

// The canonical form reads back as the same value, and does not depend on how the text was written.
func TestCanonicalRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := map[string]any{
			rapid.String().Draw(t, "a"): rapid.String().Draw(t, "text"),
			rapid.String().Draw(t, "b"): float64(rapid.Int64Range(-1<<53+1, 1<<53-1).Draw(t, "number")),
			rapid.String().Draw(t, "c"): []any{rapid.Float64Range(-1e15, 1e15).Filter(func(f float64) bool { return f == 0 || math.Abs(f) > 1e-300 }).Draw(t, "float"), nil, true},
		}
		first, err := signing.Canonical(value)
		if err != nil {
			t.Fatal(err)
		}
		spaced, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		second, err := signing.CanonicalJSON(spaced)
		if err != nil || string(first) != string(second) {
			t.Fatalf("%s and %s, %v", first, second, err)
		}
		var back map[string]any
		if err := signing.StrictJSON(first, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(value, back); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestDigest(t *testing.T) {
	if got, want := signing.Digest([]byte("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; got != want {
		t.Errorf("digest is %s, want %s", got, want)
	}
}

func FuzzStrictJSON(f *testing.F) {
	for _, text := range []string{
		`{"name":"a","count":1,"parts":[{"name":"b"}],"tags":{"a":"b"},"any":[1.5e3,null,false]}`, `{"a":1,"a":2}`, `{"Name":"\ud83d\ude00"}`, `1e400`, `[[[[]]]]`, ` null `, `"\u0000"`,
		`{"a":{"b":"x","b":"y"}}`, `{"a":"\ud800"}`, `{"a":"b"}}`, `{"a":"b`, `{"a":"\"-1"}`, `["\\",-0]`, `]`, ``, "\"\xff\"", strings.Repeat(`[`, 33) + strings.Repeat(`]`, 33),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var value any
		if err := signing.StrictJSON(data, &value); err != nil {
			var detail *signing.JSONError
			if !errors.As(err, &detail) || detail.Reason == nil || detail.Error() == "" {
				t.Fatalf("not a JSONError: %v", err)
			}
			// Everything fits in any, so it is the text that is refused, and for the same reason.
			var same *signing.JSONError
			if _, err := signing.CanonicalJSON(data); !errors.As(err, &same) || *same != *detail {
				t.Fatalf("refused for %v, but canonical form for %v", detail, err)
			}
			return
		}
		// The standard library reads the same value.
		var other any
		if err := json.Unmarshal(data, &other); err != nil {
			t.Fatalf("accepted, but encoding/json says %v", err)
		}
		if diff := cmp.Diff(other, value); diff != "" {
			t.Fatal(diff)
		}
		// It has one canonical form, on which JCS agrees with itself.
		canonical, err := signing.CanonicalJSON(data)
		if err != nil {
			t.Fatal(err)
		}
		again, err := jcs.Transform(canonical)
		if err != nil || string(again) != string(canonical) {
			t.Fatalf("%s becomes %s, %v", canonical, again, err)
		}
	})
}
