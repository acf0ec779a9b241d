package catalogue_test

import (
	"testing"

	"felleskrav/internal/catalogue"
	"felleskrav/requirements"
)

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := catalogue.Load(requirements.FS); err != nil {
			b.Fatal(err)
		}
	}
}
