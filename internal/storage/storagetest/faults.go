package storagetest

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/attestation/reuse"
	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/notify"
	"felleskrav/internal/organisation"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/review"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

// RunFaults checks that whoever repeats a write that failed, not knowing
// whether it happened, comes to the same state as if it had not failed: the
// write is either done now, or answers that it is there already.
func RunFaults(t *testing.T, open Open) {
	ctx, f := t.Context(), NewFaulty(open(t))
	// One write each: how to make a fresh one, how to do it, and what must be
	// there in the end.
	type operation struct {
		do    func() error
		check func(t *testing.T)
	}
	operations := map[Write]func() operation{
		InsertToken: func() operation {
			v := organisation.Token{ID: id(), Hash: digest(), Rev: 1}
			return operation{func() error { return f.InsertToken(ctx, v) }, func(t *testing.T) {
				want(t, result[organisation.Token](t)(f.TokenByHash(ctx, v.Hash)), v)
			}}
		},
		UpdateToken: func() operation {
			v := organisation.Token{ID: id(), Hash: digest()}
			check(t, f.Store.InsertToken(ctx, v))
			return operation{func() error {
				_, err := f.UpdateToken(ctx, v.ID, func(v organisation.Token) (organisation.Token, error) {
					if v.RevokedAt != nil {
						return v, problem.ErrExists
					}
					v.RevokedAt = &utc
					return v, nil
				})
				return err
			}, func(t *testing.T) {
				v := result[organisation.Token](t)(f.TokenByHash(ctx, v.Hash))
				want(t, v.Rev, int64(2))
				want(t, *v.RevokedAt, utc)
			}}
		},
		InsertSupplier: func() operation {
			v := supplierWith("A")
			return operation{func() error { return f.InsertSupplier(ctx, v) }, func(t *testing.T) {
				want(t, result[supplier.Supplier](t)(f.Supplier(ctx, v.Number)), keptSupplier(v))
			}}
		},
		UpdateSupplier: func() operation {
			v := supplierWith("A")
			check(t, f.Store.InsertSupplier(ctx, v))
			return operation{func() error {
				_, err := f.UpdateSupplier(ctx, v.Number, func(v supplier.Supplier) (supplier.Supplier, error) {
					if v.Name == "B" {
						return v, problem.ErrExists // what an idempotent updater does
					}
					v.Name = "B"
					return v, nil
				})
				return err
			}, func(t *testing.T) {
				got := result[supplier.Supplier](t)(f.Supplier(ctx, v.Number))
				want(t, got.Name, "B")
				want(t, got.Rev, int64(2))
			}}
		},
		InsertOffering: func() operation {
			v := offeringOf(number())
			return operation{func() error { return f.InsertOffering(ctx, v) }, func(t *testing.T) {
				want(t, result[supplier.Offering](t)(f.Offering(ctx, v.ID)), keptOffering(v))
			}}
		},
		TakeChallenge: func() operation {
			v := supplier.Challenge{ID: id(), ExpiresAt: at}
			check(t, f.Store.InsertChallenge(ctx, v))
			return operation{func() error {
				_, err := f.TakeChallenge(ctx, v.ID)
				if errors.Is(err, problem.ErrNotFound) {
					return nil // it was taken; the supplier asks for another
				}
				return err
			}, func(t *testing.T) {
				_, err := f.TakeChallenge(ctx, v.ID)
				wantErr(t, err, problem.ErrNotFound)
			}}
		},
		InsertEvidence: func() operation {
			v := evidenceOf(number(), digest(), at)
			return operation{func() error { return f.InsertEvidence(ctx, v) }, func(t *testing.T) {
				want(t, result[evidence.Evidence](t)(f.EvidenceBy(ctx, v.Owner, v.SHA256)), keptEvidence(v))
			}}
		},
		UpdateEvidence: func() operation {
			v := evidenceOf(number(), digest(), at)
			check(t, f.Store.InsertEvidence(ctx, v))
			clean := evidence.Scan{State: evidence.Clean, At: utc}
			return operation{func() error {
				_, err := f.UpdateEvidence(ctx, v.Owner, v.SHA256, func(e evidence.Evidence) (evidence.Evidence, error) {
					e.Scan = clean
					return e, nil
				})
				return err
			}, func(t *testing.T) {
				e, err := f.EvidenceBy(ctx, v.Owner, v.SHA256)
				check(t, err)
				want(t, e.Scan, clean)
			}}
		},
		PutBlob: func() operation {
			seed := byte(serial.Add(1))
			return operation{func() error { _, err := f.PutBlob(ctx, newStream(seed, 1000, io.EOF)); return err }, func(t *testing.T) {
				d, _ := sum(newStream(seed, 1000, io.EOF))
				r, _, err := f.OpenBlob(ctx, d)
				check(t, err)
				got, _ := sum(r)
				want(t, got, d)
				check(t, r.Close())
			}}
		},
		RemoveBlob: func() operation {
			b := result[evidence.Blob](t)(f.Store.PutBlob(ctx, newStream(byte(serial.Add(1)), 1000, io.EOF)))
			version := result[string](t)(f.BlobVersion(ctx, b.SHA256))
			return operation{func() error { return f.RemoveBlob(ctx, b.SHA256, version) }, func(t *testing.T) {
				_, _, err := f.OpenBlob(ctx, b.SHA256)
				wantErr(t, err, problem.ErrNotFound)
			}}
		},
		InsertAttestation: func() operation {
			v := recordFor(id(), "a", at)
			return operation{func() error { return f.InsertAttestation(ctx, v) }, func(t *testing.T) {
				want(t, result[attestation.Record](t)(f.Attestation(ctx, v.Digest)), keptRecord(v))
			}}
		},
		InsertWithdrawal: func() operation {
			v := attestation.Withdrawal{Attestation: digest(), Offering: id(), At: utc}
			return operation{func() error { return f.InsertWithdrawal(ctx, v) }, func(t *testing.T) {
				want(t, result[[]attestation.Withdrawal](t)(f.Withdrawals(ctx, []string{v.Attestation})), []attestation.Withdrawal{v})
			}}
		},
		InsertReview: func() operation {
			v := reviewOf(id(), number(), review.SharedAgencies, at)
			return operation{func() error { return f.InsertReview(ctx, v) }, func(t *testing.T) {
				want(t, result[review.Record](t)(f.Review(ctx, v.Digest)), keptReview(v))
			}}
		},
		WithdrawReview: func() operation {
			v := review.Withdrawal{Review: digest(), Offering: id(), Shared: review.SharedAgencies, At: utc}
			return operation{func() error { return f.InsertReviewWithdrawal(ctx, v) }, func(t *testing.T) {
				want(t, result[[]review.Withdrawal](t)(f.ReviewWithdrawals(ctx, []string{v.Review})), []review.Withdrawal{v})
			}}
		},
		InsertProcurement: func() operation {
			v := procurementOf(number())
			return operation{func() error { return f.InsertProcurement(ctx, v) }, func(t *testing.T) {
				want(t, result[procurement.Procurement](t)(f.Procurement(ctx, v.ID)), keptProcurement(v))
			}}
		},
		InsertIssuedWorkbook: func() operation {
			v := procurement.IssuedWorkbook{ID: id(), Procurement: id(), At: at.UTC().Truncate(time.Millisecond), By: "somebody", Format: "xlsx"}
			return operation{func() error { return f.InsertIssuedWorkbook(ctx, v) }, func(t *testing.T) {
				want(t, result[[]procurement.IssuedWorkbook](t)(f.IssuedWorkbooks(ctx, v.Procurement, 2)), []procurement.IssuedWorkbook{v})
			}}
		},
		InsertOwnWorkbook: func() operation {
			v := ownWorkbook(id())
			return operation{func() error { return f.InsertOwnWorkbook(ctx, v) }, func(t *testing.T) {
				want(t, result[ownbook.Workbook](t)(f.OwnWorkbook(ctx, v.ID)), keptOwnWorkbook(v))
			}}
		},
		UpdateOwnWorkbook: func() operation {
			v := ownWorkbook(id())
			check(t, f.Store.InsertOwnWorkbook(ctx, v))
			return operation{func() error {
				_, err := f.UpdateOwnWorkbook(ctx, v.ID, func(w ownbook.Workbook) (ownbook.Workbook, error) {
					if w.FileName == "B" {
						return w, problem.ErrExists // what an idempotent updater does
					}
					w.FileName = "B"
					return w, nil
				})
				return err
			}, func(t *testing.T) {
				w := result[ownbook.Workbook](t)(f.OwnWorkbook(ctx, v.ID))
				want(t, []any{w.FileName, w.Rev}, []any{"B", int64(2)})
			}}
		},
		RemoveOwnWorkbook: func() operation {
			v := ownWorkbook(id())
			check(t, f.Store.InsertOwnWorkbook(ctx, v))
			return operation{func() error { return f.RemoveOwnWorkbook(ctx, v.ID) }, func(t *testing.T) {
				_, err := f.OwnWorkbook(ctx, v.ID)
				wantErr(t, err, problem.ErrNotFound)
			}}
		},
		UpdateAnswerDraft: func() operation {
			v := answerDraft()
			return operation{func() error {
				_, err := f.UpdateAnswerDraft(ctx, v.Offering, v.Set, func(d answerdraft.Draft) (answerdraft.Draft, error) {
					if d.Rev > 0 {
						return d, problem.ErrExists
					}
					return v, nil
				})
				return err
			}, func(t *testing.T) {
				want(t, result[answerdraft.Draft](t)(f.AnswerDraft(ctx, v.Offering, v.Set)), keptAnswerDraft(v, 1))
			}}
		},
		UpdateUses: func() operation {
			d := digest()
			return operation{func() error {
				_, err := f.UpdateDeclarationUses(ctx, d, func(u reuse.Uses) (reuse.Uses, error) {
					if u.Rev > 0 {
						return u, problem.ErrExists
					}
					u.Since = map[string]time.Time{"a": utc}
					return u, nil
				})
				return err
			}, func(t *testing.T) {
				want(t, result[[]reuse.Uses](t)(f.DeclarationUses(ctx, []string{d})), []reuse.Uses{{Attestation: d, Rev: 1, Since: map[string]time.Time{"a": utc}}})
			}}
		},
		RemoveAnswerDraft: func() operation {
			v := answerDraft()
			_, err := f.Store.UpdateAnswerDraft(ctx, v.Offering, v.Set, func(answerdraft.Draft) (answerdraft.Draft, error) { return v, nil })
			check(t, err)
			return operation{func() error { return f.RemoveAnswerDraft(ctx, v.Offering, v.Set, 1) }, func(t *testing.T) {
				_, err := f.AnswerDraft(ctx, v.Offering, v.Set)
				wantErr(t, err, problem.ErrNotFound)
			}}
		},
		PutRegisterEntry: func() operation {
			v := registerEntry(number())
			return operation{func() error { return f.PutRegisterEntry(ctx, v) }, func(t *testing.T) {
				got := result[[]organisation.RegisterEntry](t)(f.RegisterEntries(ctx, []organisation.Number{v.Number}))
				want(t, got, []organisation.RegisterEntry{keptRegisterEntry(v)})
			}}
		},
		PutOwnMapping: func() operation {
			v := ownMapping(number())
			return operation{func() error { return f.PutOwnMapping(ctx, v) }, func(t *testing.T) {
				m := result[ownbook.Mapping](t)(f.OwnMapping(ctx, v.Body, v.Template))
				m.Rev = 0 // it may have been put twice
				want(t, m, keptOwnMapping(v, 0))
			}}
		},
		UpdateWatchList: func() operation {
			org, v := number(), watched(number(), "")
			return operation{func() error {
				_, err := f.UpdateWatchList(ctx, org, func(l notify.List) (notify.List, error) {
					if l.Has(v.Target) {
						return l, problem.ErrExists
					}
					l.Items = append(slices.Clone(l.Items), v)
					return l, nil
				})
				return err
			}, func(t *testing.T) {
				want(t, result[notify.List](t)(f.WatchList(ctx, org)), notify.List{Org: org, Items: []notify.Item{keptWatched(v)}, Rev: 1})
			}}
		},
		InsertCheckJob: func() operation {
			v := checkJobOf(number(), bulkcheck.Done)
			return operation{func() error { return f.InsertCheckJob(ctx, v) }, func(t *testing.T) {
				want(t, result[bulkcheck.Job](t)(f.CheckJob(ctx, v.ID)), keptCheckJob(v))
			}}
		},
		PutKeptFile: func() operation {
			name := id()
			return operation{func() error { _, err := f.PutKeptFile(ctx, name, strings.NewReader("x")); return err }, func(t *testing.T) {
				r, size, err := f.OpenKeptFile(ctx, name)
				check(t, err)
				want(t, size, int64(1))
				check(t, r.Close())
			}}
		},
		RemoveKeptFile: func() operation {
			name := id()
			_, err := f.Store.PutKeptFile(ctx, name, strings.NewReader("x"))
			check(t, err)
			return operation{func() error { return f.RemoveKeptFile(ctx, name) }, func(t *testing.T) {
				_, _, err := f.OpenKeptFile(ctx, name)
				wantErr(t, err, problem.ErrNotFound)
			}}
		},
		InsertDraft: func() operation {
			v := draftOf()
			return operation{func() error { return f.InsertDraft(ctx, v) }, func(t *testing.T) {
				want(t, result[catalogue.Draft](t)(f.Draft(ctx, v.ID)), keptDraft(v))
			}}
		},
		UpdatePublished: func() operation {
			draft := id()
			return operation{func() error {
				_, err := f.UpdatePublishedContent(ctx, func(v catalogue.PublishedContent) (catalogue.PublishedContent, error) {
					if v.Holds(draft) {
						return v, problem.ErrExists // what an idempotent updater does
					}
					v.Drafts = append(slices.Clone(v.Drafts), draft)
					return v, nil
				})
				return err
			}, func(t *testing.T) {
				got := result[catalogue.PublishedContent](t)(f.PublishedContent(ctx))
				want(t, slices.DeleteFunc(got.Drafts, func(d string) bool { return d != draft }), []string{draft})
			}}
		},
		InsertSetRelease: func() operation {
			v := catalogue.SetRelease{Set: id(), Version: "1.0.0", Bytes: []byte("x")}
			return operation{func() error { return f.InsertSetRelease(ctx, v) }, func(t *testing.T) {
				want(t, result[catalogue.SetRelease](t)(f.SetRelease(ctx, v.Set, v.Version)), v)
			}}
		},
		InsertReport: func() operation {
			v := catalogue.Report{ID: id(), Requirement: "K-LOG-01"}
			return operation{func() error { return f.InsertReport(ctx, v) }, func(t *testing.T) {
				kept := v
				kept.Rev = 1
				want(t, result[catalogue.Report](t)(f.Report(ctx, v.ID)), kept)
			}}
		},
		CreateLogState: func() operation {
			v := transparency.LogState{Origin: id(), Checkpoint: []byte("c"), Rev: 1}
			return operation{func() error { return f.CreateLogState(ctx, v) }, func(t *testing.T) {
				want(t, result[transparency.LogState](t)(f.LogState(ctx, v.Origin)), v)
			}}
		},
		SwapLogState: func() operation {
			v := transparency.LogState{Origin: id(), Checkpoint: []byte("c"), Rev: 1}
			check(t, f.Store.CreateLogState(ctx, v))
			v.Size = 3
			return operation{func() error { return f.SwapLogState(ctx, v) }, func(t *testing.T) {
				swapped := v
				swapped.Rev = 2
				want(t, result[transparency.LogState](t)(f.LogState(ctx, v.Origin)), swapped)
			}}
		},
		SwapLogLease: func() operation {
			v := transparency.Lease{Origin: id(), Holder: "a"}
			return operation{func() error { return f.SwapLogLease(ctx, v) }, func(t *testing.T) {
				kept := v
				kept.Rev = 1
				want(t, result[transparency.Lease](t)(f.LogLease(ctx, v.Origin)), kept)
			}}
		},
		SwapLogCosigned: func() operation {
			v := transparency.Cosigned{Origin: id()}
			check(t, f.Store.SwapLogCosigned(ctx, v))
			v.Rev, v.Checkpoints = 1, []transparency.CosignedCheckpoint{{Size: 1, Checkpoint: []byte("c"), Lines: []string{"— w x\n"}}}
			return operation{func() error { return f.SwapLogCosigned(ctx, v) }, func(t *testing.T) {
				kept := v
				kept.Rev = 2
				want(t, result[transparency.Cosigned](t)(f.LogCosigned(ctx, v.Origin)), kept)
			}}
		},
		InsertLogEntries: func() operation {
			o := id()
			all := []transparency.Entry{entry(0, "a"), entry(1, "b"), entry(2, "c"), entry(3, "d")}
			return operation{func() error {
				// As the log does: see what is there, and go on from it.
				there, err := f.LogEntries(ctx, o, 0, 10)
				if err != nil {
					return err
				}
				return f.InsertLogEntries(ctx, o, all[len(there):])
			}, func(t *testing.T) {
				want(t, result[[]transparency.Entry](t)(f.LogEntries(ctx, o, 0, 10)), keptEntries(all...))
			}}
		},
		PutLogHashes: func() operation {
			o := id()
			all := []transparency.StoredHash{{Index: 0, Hash: hashOf(0)}, {Index: 1, Hash: hashOf(1)}, {Index: 2, Hash: hashOf(2)}}
			return operation{func() error { return f.PutLogHashes(ctx, o, all) }, func(t *testing.T) {
				want(t, result[[]transparency.Hash](t)(f.LogHashes(ctx, o, []int64{0, 1, 2})), []transparency.Hash{hashOf(0), hashOf(1), hashOf(2)})
			}}
		},
		SecretOrCreate: func() operation {
			name, n := id(), 0
			do := func() error {
				_, err := f.SecretOrCreate(ctx, name, func() ([]byte, error) { n++; return []byte(strconv.Itoa(n)), nil })
				return err
			}
			return operation{do, func(t *testing.T) { check(t, do()); want(t, n, 1) }}
		},
	}
	for write, fresh := range operations {
		for _, when := range Moments() {
			t.Run(fmt.Sprintf("%s %d", write, when), func(t *testing.T) {
				op := fresh()
				f.Fail(write, 1, when)
				wantErr(t, op.do(), storage.ErrInjected)
				want(t, f.Pending(), 0)
				if err := op.do(); err != nil && !isRepeat(err) {
					t.Fatalf("the second time: %v", err)
				}
				op.check(t)
				if err := op.do(); err != nil && !isRepeat(err) {
					t.Fatalf("the third time: %v", err)
				}
				op.check(t)
			})
		}
	}
	t.Run("counting", func(t *testing.T) {
		f := NewFaulty(f.Store)
		f.Fail(AnyWrite, 3, Before)
		f.Fail(InsertSupplier, 2, Before)
		var failed []int
		for i := range 5 {
			if f.InsertSupplier(ctx, supplierWith("A")) != nil {
				failed = append(failed, i)
			}
		}
		want(t, failed, []int{1, 2})
		want(t, len(f.Seen()), 5)
		f.Fail(PutBlob, 1, After)
		want(t, f.Pending(), 1)
		f.Heal()
		want(t, f.Pending(), 0)
	})
}

// isRepeat tells whether err says that what was to be written is there.
func isRepeat(err error) bool {
	return errors.Is(err, problem.ErrExists) || errors.Is(err, transparency.ErrExists) || errors.Is(err, transparency.ErrStale)
}
