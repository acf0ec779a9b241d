package storage_test

import (
	"fmt"
	"testing"

	"felleskrav/internal/storage"
)

func TestDecoder(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 128, 1000} {
		var d storage.Decoder[outer]
		buf := make([]byte, 0, 100) // used again for each, as a cursor does
		for i := range n {
			buf = fmt.Appendf(buf[:0], `{"text": "%d"}`, i)
			d.Add(buf)
		}
		got, err := d.Values()
		if err != nil || got == nil || len(got) != n {
			t.Fatalf("%d documents gave %d, %v, %v", n, len(got), got == nil, err)
		}
		for i, v := range got {
			if v.Text != fmt.Sprint(i) {
				t.Fatalf("number %d of %d is %q", i, n, v.Text)
			}
		}
	}
	for _, bad := range []int{0, 70, 199} {
		var d storage.Decoder[outer]
		for i := range 200 {
			if i == bad {
				d.Add([]byte(`{"text": `))
			} else {
				d.Add([]byte(`{}`))
			}
		}
		if got, err := d.Values(); err == nil || got != nil {
			t.Errorf("a broken document at %d gave %d values and %v", bad, len(got), err)
		}
	}
}
