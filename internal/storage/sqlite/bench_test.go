package sqlite_test

import (
	"testing"

	"felleskrav/internal/storage/storagetest"
)

func BenchmarkStore(b *testing.B) { storagetest.Bench(b, openAt) }
