package storagetest

import (
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"testing"

	"felleskrav/internal/attestation"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

// declaration makes a record of about 15 kB, bundle included, as a set of 40
// requirements gives.
func declaration(offering string) attestation.Record {
	r := recordFor(offering, "a", at)
	r.Answers = nil
	for i := range 40 {
		r.Answers = append(r.Answers, attestation.Answer{Requirement: fmt.Sprintf("K-LOG-%02d", i), Status: attestation.Partial, Statement: unicodeText})
	}
	r.Bundle = make([]byte, 9_000)
	_, _ = rand.Read(r.Bundle)
	return r
}

// Bench measures a backend.
func Bench(b *testing.B, open func(b testing.TB) storage.Store) {
	insert := func(workers int) func(b *testing.B) {
		return func(b *testing.B) {
			s, ctx := open(b), b.Context()
			var left atomic.Int64
			left.Store(int64(b.N))
			errs := make(chan error, workers)
			b.ResetTimer()
			for range workers {
				go func() {
					for left.Add(-1) >= 0 {
						if err := s.InsertAttestation(ctx, declaration(id())); err != nil {
							errs <- err
							return
						}
					}
					errs <- nil
				}()
			}
			for range workers {
				if err := <-errs; err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "inserts/s")
		}
	}
	for _, workers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("insert 15 kB by %d", workers), insert(workers))
	}
	for _, c := range []struct{ instances, appenders int }{{1, 1}, {1, 16}, {1, 64}, {2, 64}} {
		b.Run(fmt.Sprintf("append by %d on %d", c.appenders, c.instances), func(b *testing.B) { benchAppend(b, open, c.instances, c.appenders) })
	}
	b.Run("read supplier", func(b *testing.B) {
		s, ctx := open(b), b.Context()
		v := supplierWith("Leverandøren")
		must(b, s.InsertSupplier(ctx, v))
		for b.Loop() {
			if _, err := s.Supplier(ctx, v.Number); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read log entry", func(b *testing.B) {
		s, ctx := open(b), b.Context()
		must(b, s.InsertLogEntries(ctx, "o", []transparency.Entry{entry(0, "a")}))
		for b.Loop() {
			if _, err := s.LogEntriesByKey(ctx, "o", []string{"a"}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("revision", func(b *testing.B) {
		s, ctx := open(b), b.Context()
		o := id()
		for range 100 {
			must(b, s.InsertAttestation(ctx, declaration(o)))
		}
		for b.Loop() {
			if _, err := s.AttestationsRevision(ctx, o); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read declaration", func(b *testing.B) {
		s, ctx := open(b), b.Context()
		r := declaration(id())
		must(b, s.InsertAttestation(ctx, r))
		for b.Loop() {
			if _, err := s.Attestation(ctx, r.Digest); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("update supplier", func(b *testing.B) {
		s, ctx := open(b), b.Context()
		v := supplierWith("Leverandøren")
		must(b, s.InsertSupplier(ctx, v))
		for b.Loop() {
			if _, err := s.UpdateSupplier(ctx, v.Number, func(v supplier.Supplier) (supplier.Supplier, error) { return v, nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("search", func(b *testing.B) { benchSearch(b, open(b)) })
	b.Run("latest of", func(b *testing.B) {
		s, ctx := open(b), b.Context()
		var offerings []string
		for range 10_000 {
			offerings = append(offerings, id())
		}
		work := make(chan string)
		errs := make(chan error, 16)
		for range 16 {
			go func() {
				var err error
				for o := range work {
					if e := s.InsertAttestation(ctx, declaration(o)); e != nil {
						err = e
					}
				}
				errs <- err
			}()
		}
		for _, o := range offerings {
			work <- o
		}
		close(work)
		for range 16 {
			must(b, <-errs)
		}
		for _, n := range []int{100, 1_000, 10_000} {
			b.Run(fmt.Sprint(n), func(b *testing.B) {
				for b.Loop() {
					all, err := s.LatestAttestations(ctx, offerings[:n], "a", 3)
					if err != nil || len(all) != n {
						b.Fatal(len(all), err)
					}
				}
			})
		}
	})
}

// benchAppend appends 600 bytes at a time to one log, through several instances of it.
func benchAppend(b *testing.B, open func(b testing.TB) storage.Store, instances, appenders int) {
	s, ctx := open(b), b.Context()
	key, err := transparency.GenerateSignerKey("test.example")
	must(b, err)
	signer, err := transparency.ParseSigner(key)
	must(b, err)
	var logs []*transparency.Log
	for range instances {
		l, err := transparency.Open(ctx, s, transparency.Config{Signer: signer})
		must(b, err)
		b.Cleanup(func() { _ = l.Close() })
		logs = append(logs, l)
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	errs := make(chan error, appenders)
	b.ResetTimer()
	for n := range appenders {
		go func() {
			for i := left.Add(-1); i >= 0; i = left.Add(-1) {
				if _, err := logs[n%instances].Append(ctx, fmt.Sprint(i), make([]byte, 600)); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range appenders {
		must(b, <-errs)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
