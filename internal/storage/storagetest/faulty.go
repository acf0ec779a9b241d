package storagetest

import (
	"context"
	"io"
	"slices"
	"sync"
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
	"felleskrav/internal/procurement"
	"felleskrav/internal/review"
	"felleskrav/internal/storage"
	"felleskrav/internal/supplier"
	"felleskrav/internal/trail"
	"felleskrav/internal/transparency"
)

// Write names a method of storage.Store that writes.
type Write string

// The writes that can be made to fail. AnyWrite stands for whichever comes.
const (
	AnyWrite             Write = ""
	InsertToken          Write = "InsertToken"
	UpdateToken          Write = "UpdateToken"
	InsertSupplier       Write = "InsertSupplier"
	UpdateSupplier       Write = "UpdateSupplier"
	InsertOffering       Write = "InsertOffering"
	UpdateOffering       Write = "UpdateOffering"
	InsertChallenge      Write = "InsertChallenge"
	TakeChallenge        Write = "TakeChallenge"
	DropChallenges       Write = "DropChallenges"
	InsertEvidence       Write = "InsertEvidence"
	UpdateEvidence       Write = "UpdateEvidence"
	PutBlob              Write = "PutBlob"
	RemoveBlob           Write = "RemoveBlob"
	InsertAttestation    Write = "InsertAttestation"
	InsertWithdrawal     Write = "InsertWithdrawal"
	InsertSignature      Write = "InsertSignature"
	InsertReview         Write = "InsertReview"
	WithdrawReview       Write = "InsertReviewWithdrawal"
	InsertProcurement    Write = "InsertProcurement"
	UpdateProcurement    Write = "UpdateProcurement"
	InsertResponse       Write = "InsertResponse"
	InsertIssuedWorkbook Write = "InsertIssuedWorkbook"
	InsertOwnWorkbook    Write = "InsertOwnWorkbook"
	UpdateOwnWorkbook    Write = "UpdateOwnWorkbook"
	RemoveOwnWorkbook    Write = "RemoveOwnWorkbook"
	PutOwnMapping        Write = "PutOwnMapping"
	UpdateAnswerDraft    Write = "UpdateAnswerDraft"
	RemoveAnswerDraft    Write = "RemoveAnswerDraft"
	UpdateUses           Write = "UpdateDeclarationUses"
	PutRegisterEntry     Write = "PutRegisterEntry"
	UpdateWatchList      Write = "UpdateWatchList"
	InsertCheckJob       Write = "InsertCheckJob"
	UpdateCheckJob       Write = "UpdateCheckJob"
	RemoveCheckJob       Write = "RemoveCheckJob"
	PutKeptFile          Write = "PutKeptFile"
	RemoveKeptFile       Write = "RemoveKeptFile"
	InsertDraft          Write = "InsertDraft"
	UpdateDraft          Write = "UpdateDraft"
	UpdatePublished      Write = "UpdatePublishedContent"
	InsertSetRelease     Write = "InsertSetRelease"
	InsertReport         Write = "InsertReport"
	UpdateReport         Write = "UpdateReport"
	CreateLogState       Write = "CreateLogState"
	SwapLogState         Write = "SwapLogState"
	InsertLogEntries     Write = "InsertLogEntries"
	PutLogHashes         Write = "PutLogHashes"
	SwapLogLease         Write = "SwapLogLease"
	SwapLogCosigned      Write = "SwapLogCosigned"
	InsertTrail          Write = "InsertTrailEntries"
	EraseTrail           Write = "EraseTrailAddresses"
	DropTrail            Write = "DropTrailEntries"
	InsertAnchor         Write = "InsertTrailAnchor"
	DropSessions         Write = "DropSessions"
	SecretOrCreate       Write = "SecretOrCreate"
)

// When says what has happened to a write that fails.
type When int

// The moments. Halfway stores the first half of what the writes of several
// things (InsertLogEntries, PutLogHashes) were given, and is Before for others.
const (
	Before When = iota
	Halfway
	After
)

// Moments lists them.
func Moments() []When { return []When{Before, Halfway, After} }

// Faulty is a store some of whose writes fail with storage.ErrInjected, as if
// the connection to the database were lost before or after it did its work.
// It is safe for concurrent use.
type Faulty struct {
	storage.Store

	mu     sync.Mutex
	seen   []Write
	faults []fault
	dead   bool
}

type fault struct {
	write Write
	left  int // how many matching writes still pass
	when  When
	kill  bool // and none after it
}

// NewFaulty wraps a store; until told otherwise all writes pass.
func NewFaulty(s storage.Store) *Faulty { return &Faulty{Store: s} }

// Fail makes the nth write of this name from now on, counted from 1, fail
// once. Several faults may be set.
func (f *Faulty) Fail(w Write, n int, when When) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, fault{w, n - 1, when, false})
}

// Kill is Fail for a process that is ended there: no write after it happens.
func (f *Faulty) Kill(w Write, n int, when When) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, fault{w, n - 1, when, true})
}

// Pending says how many of the faults set have not come about.
func (f *Faulty) Pending() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.faults)
}

// Heal forgets the faults that have not come about.
func (f *Faulty) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// Seen lists the writes asked for so far, in order, failed ones included. A
// test can run an operation once to learn its writes, and then break each.
func (f *Faulty) Seen() []Write {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.seen)
}

// meet notes a write and says whether and when it is to fail.
func (f *Faulty) meet(w Write) (when When, fail bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, w)
	if f.dead {
		return Before, true
	}
	for i := 0; i < len(f.faults); i++ {
		x := &f.faults[i]
		if x.write != AnyWrite && x.write != w {
			continue
		}
		if x.left > 0 {
			x.left--
			continue
		}
		if !fail {
			when, fail, f.dead = x.when, true, x.kill
			f.faults = slices.Delete(f.faults, i, i+1)
			i--
		}
	}
	return when, fail
}

// do runs one write, or fails it.
func (f *Faulty) do(w Write, run func() error) error {
	when, fail := f.meet(w)
	switch {
	case !fail:
		return run()
	case when != After:
		return storage.ErrInjected
	}
	if err := run(); err != nil {
		return err
	}
	return storage.ErrInjected
}

// some runs a write of n things, or fails it.
func (f *Faulty) some(w Write, n int, run func(n int) error) error {
	when, fail := f.meet(w)
	if !fail {
		return run(n)
	}
	done := map[When]int{Before: 0, Halfway: n / 2, After: n}[when]
	if err := run(done); err != nil {
		return err
	}
	return storage.ErrInjected
}

// get is do for a write that answers with a value, which is lost with it.
func get[T any](f *Faulty, w Write, run func() (T, error)) (T, error) {
	var v, none T
	err := f.do(w, func() (err error) { v, err = run(); return err })
	if err != nil {
		return none, err
	}
	return v, nil
}

// InsertToken implements storage.Store.
func (f *Faulty) InsertToken(ctx context.Context, v organisation.Token) error {
	return f.do(InsertToken, func() error { return f.Store.InsertToken(ctx, v) })
}

// UpdateToken implements storage.Store.
func (f *Faulty) UpdateToken(ctx context.Context, id string, change func(organisation.Token) (organisation.Token, error)) (organisation.Token, error) {
	return get(f, UpdateToken, func() (organisation.Token, error) { return f.Store.UpdateToken(ctx, id, change) })
}

// InsertSupplier implements storage.Store.
func (f *Faulty) InsertSupplier(ctx context.Context, v supplier.Supplier) error {
	return f.do(InsertSupplier, func() error { return f.Store.InsertSupplier(ctx, v) })
}

// UpdateSupplier implements storage.Store.
func (f *Faulty) UpdateSupplier(ctx context.Context, n organisation.Number, change func(supplier.Supplier) (supplier.Supplier, error)) (supplier.Supplier, error) {
	return get(f, UpdateSupplier, func() (supplier.Supplier, error) { return f.Store.UpdateSupplier(ctx, n, change) })
}

// InsertOffering implements storage.Store.
func (f *Faulty) InsertOffering(ctx context.Context, v supplier.Offering) error {
	return f.do(InsertOffering, func() error { return f.Store.InsertOffering(ctx, v) })
}

// UpdateOffering implements storage.Store.
func (f *Faulty) UpdateOffering(ctx context.Context, id string, change func(supplier.Offering) (supplier.Offering, error)) (supplier.Offering, error) {
	return get(f, UpdateOffering, func() (supplier.Offering, error) { return f.Store.UpdateOffering(ctx, id, change) })
}

// InsertChallenge implements storage.Store.
func (f *Faulty) InsertChallenge(ctx context.Context, v supplier.Challenge) error {
	return f.do(InsertChallenge, func() error { return f.Store.InsertChallenge(ctx, v) })
}

// TakeChallenge implements storage.Store.
func (f *Faulty) TakeChallenge(ctx context.Context, id string) (supplier.Challenge, error) {
	return get(f, TakeChallenge, func() (supplier.Challenge, error) { return f.Store.TakeChallenge(ctx, id) })
}

// DropChallenges implements storage.Store.
func (f *Faulty) DropChallenges(ctx context.Context, t time.Time) error {
	return f.do(DropChallenges, func() error { return f.Store.DropChallenges(ctx, t) })
}

// InsertEvidence implements storage.Store.
func (f *Faulty) InsertEvidence(ctx context.Context, v evidence.Evidence) error {
	return f.do(InsertEvidence, func() error { return f.Store.InsertEvidence(ctx, v) })
}

// UpdateEvidence implements storage.Store.
func (f *Faulty) UpdateEvidence(ctx context.Context, n organisation.Number, sha256 string, change func(evidence.Evidence) (evidence.Evidence, error)) (evidence.Evidence, error) {
	return get(f, UpdateEvidence, func() (evidence.Evidence, error) { return f.Store.UpdateEvidence(ctx, n, sha256, change) })
}

// PutBlob implements storage.Store.
func (f *Faulty) PutBlob(ctx context.Context, r io.Reader) (evidence.Blob, error) {
	return get(f, PutBlob, func() (evidence.Blob, error) { return f.Store.PutBlob(ctx, r) })
}

// RemoveBlob implements storage.Store.
func (f *Faulty) RemoveBlob(ctx context.Context, sha256, version string) error {
	return f.do(RemoveBlob, func() error { return f.Store.RemoveBlob(ctx, sha256, version) })
}

// InsertAttestation implements storage.Store.
func (f *Faulty) InsertAttestation(ctx context.Context, r attestation.Record) error {
	return f.do(InsertAttestation, func() error { return f.Store.InsertAttestation(ctx, r) })
}

// InsertWithdrawal implements storage.Store.
func (f *Faulty) InsertWithdrawal(ctx context.Context, w attestation.Withdrawal) error {
	return f.do(InsertWithdrawal, func() error { return f.Store.InsertWithdrawal(ctx, w) })
}

// InsertSignature implements storage.Store.
func (f *Faulty) InsertSignature(ctx context.Context, s attestation.Signature) error {
	return f.do(InsertSignature, func() error { return f.Store.InsertSignature(ctx, s) })
}

// InsertReview implements storage.Store.
func (f *Faulty) InsertReview(ctx context.Context, r review.Record) error {
	return f.do(InsertReview, func() error { return f.Store.InsertReview(ctx, r) })
}

// InsertReviewWithdrawal implements storage.Store.
func (f *Faulty) InsertReviewWithdrawal(ctx context.Context, w review.Withdrawal) error {
	return f.do(WithdrawReview, func() error { return f.Store.InsertReviewWithdrawal(ctx, w) })
}

// InsertProcurement implements storage.Store.
func (f *Faulty) InsertProcurement(ctx context.Context, v procurement.Procurement) error {
	return f.do(InsertProcurement, func() error { return f.Store.InsertProcurement(ctx, v) })
}

// UpdateProcurement implements storage.Store.
func (f *Faulty) UpdateProcurement(ctx context.Context, id string, change func(procurement.Procurement) (procurement.Procurement, error)) (procurement.Procurement, error) {
	return get(f, UpdateProcurement, func() (procurement.Procurement, error) { return f.Store.UpdateProcurement(ctx, id, change) })
}

// InsertResponse implements storage.Store.
func (f *Faulty) InsertResponse(ctx context.Context, r procurement.Response) error {
	return f.do(InsertResponse, func() error { return f.Store.InsertResponse(ctx, r) })
}

// InsertIssuedWorkbook implements storage.Store.
func (f *Faulty) InsertIssuedWorkbook(ctx context.Context, w procurement.IssuedWorkbook) error {
	return f.do(InsertIssuedWorkbook, func() error { return f.Store.InsertIssuedWorkbook(ctx, w) })
}

// InsertOwnWorkbook implements storage.Store.
func (f *Faulty) InsertOwnWorkbook(ctx context.Context, w ownbook.Workbook) error {
	return f.do(InsertOwnWorkbook, func() error { return f.Store.InsertOwnWorkbook(ctx, w) })
}

// UpdateOwnWorkbook implements storage.Store.
func (f *Faulty) UpdateOwnWorkbook(ctx context.Context, id string, change func(ownbook.Workbook) (ownbook.Workbook, error)) (ownbook.Workbook, error) {
	return get(f, UpdateOwnWorkbook, func() (ownbook.Workbook, error) { return f.Store.UpdateOwnWorkbook(ctx, id, change) })
}

// RemoveOwnWorkbook implements storage.Store.
func (f *Faulty) RemoveOwnWorkbook(ctx context.Context, id string) error {
	return f.do(RemoveOwnWorkbook, func() error { return f.Store.RemoveOwnWorkbook(ctx, id) })
}

// PutRegisterEntry implements storage.Store.
func (f *Faulty) PutRegisterEntry(ctx context.Context, e organisation.RegisterEntry) error {
	return f.do(PutRegisterEntry, func() error { return f.Store.PutRegisterEntry(ctx, e) })
}

// PutOwnMapping implements storage.Store.
func (f *Faulty) PutOwnMapping(ctx context.Context, m ownbook.Mapping) error {
	return f.do(PutOwnMapping, func() error { return f.Store.PutOwnMapping(ctx, m) })
}

// UpdateAnswerDraft implements storage.Store.
func (f *Faulty) UpdateAnswerDraft(ctx context.Context, offering, set string, change func(answerdraft.Draft) (answerdraft.Draft, error)) (answerdraft.Draft, error) {
	return get(f, UpdateAnswerDraft, func() (answerdraft.Draft, error) { return f.Store.UpdateAnswerDraft(ctx, offering, set, change) })
}

// UpdateDeclarationUses implements storage.Store.
func (f *Faulty) UpdateDeclarationUses(ctx context.Context, attestation string, change func(reuse.Uses) (reuse.Uses, error)) (reuse.Uses, error) {
	return get(f, UpdateUses, func() (reuse.Uses, error) { return f.Store.UpdateDeclarationUses(ctx, attestation, change) })
}

// RemoveAnswerDraft implements storage.Store.
func (f *Faulty) RemoveAnswerDraft(ctx context.Context, offering, set string, rev int64) error {
	return f.do(RemoveAnswerDraft, func() error { return f.Store.RemoveAnswerDraft(ctx, offering, set, rev) })
}

// UpdateWatchList implements storage.Store.
func (f *Faulty) UpdateWatchList(ctx context.Context, org organisation.Number, change func(notify.List) (notify.List, error)) (notify.List, error) {
	return get(f, UpdateWatchList, func() (notify.List, error) { return f.Store.UpdateWatchList(ctx, org, change) })
}

// InsertCheckJob implements storage.Store.
func (f *Faulty) InsertCheckJob(ctx context.Context, j bulkcheck.Job) error {
	return f.do(InsertCheckJob, func() error { return f.Store.InsertCheckJob(ctx, j) })
}

// UpdateCheckJob implements storage.Store.
func (f *Faulty) UpdateCheckJob(ctx context.Context, id string, change func(bulkcheck.Job) (bulkcheck.Job, error)) (bulkcheck.Job, error) {
	return get(f, UpdateCheckJob, func() (bulkcheck.Job, error) { return f.Store.UpdateCheckJob(ctx, id, change) })
}

// RemoveCheckJob implements storage.Store.
func (f *Faulty) RemoveCheckJob(ctx context.Context, id string) error {
	return f.do(RemoveCheckJob, func() error { return f.Store.RemoveCheckJob(ctx, id) })
}

// PutKeptFile implements storage.Store.
func (f *Faulty) PutKeptFile(ctx context.Context, name string, r io.Reader) (int64, error) {
	return get(f, PutKeptFile, func() (int64, error) { return f.Store.PutKeptFile(ctx, name, r) })
}

// RemoveKeptFile implements storage.Store.
func (f *Faulty) RemoveKeptFile(ctx context.Context, name string) error {
	return f.do(RemoveKeptFile, func() error { return f.Store.RemoveKeptFile(ctx, name) })
}

// InsertDraft implements storage.Store.
func (f *Faulty) InsertDraft(ctx context.Context, v catalogue.Draft) error {
	return f.do(InsertDraft, func() error { return f.Store.InsertDraft(ctx, v) })
}

// UpdateDraft implements storage.Store.
func (f *Faulty) UpdateDraft(ctx context.Context, id string, change func(catalogue.Draft) (catalogue.Draft, error)) (catalogue.Draft, error) {
	return get(f, UpdateDraft, func() (catalogue.Draft, error) { return f.Store.UpdateDraft(ctx, id, change) })
}

// UpdatePublishedContent implements storage.Store.
func (f *Faulty) UpdatePublishedContent(ctx context.Context, change func(catalogue.PublishedContent) (catalogue.PublishedContent, error)) (catalogue.PublishedContent, error) {
	return get(f, UpdatePublished, func() (catalogue.PublishedContent, error) { return f.Store.UpdatePublishedContent(ctx, change) })
}

// InsertSetRelease implements storage.Store.
func (f *Faulty) InsertSetRelease(ctx context.Context, v catalogue.SetRelease) error {
	return f.do(InsertSetRelease, func() error { return f.Store.InsertSetRelease(ctx, v) })
}

// InsertReport implements storage.Store.
func (f *Faulty) InsertReport(ctx context.Context, v catalogue.Report) error {
	return f.do(InsertReport, func() error { return f.Store.InsertReport(ctx, v) })
}

// UpdateReport implements storage.Store.
func (f *Faulty) UpdateReport(ctx context.Context, id string, change func(catalogue.Report) (catalogue.Report, error)) (catalogue.Report, error) {
	return get(f, UpdateReport, func() (catalogue.Report, error) { return f.Store.UpdateReport(ctx, id, change) })
}

// CreateLogState implements storage.Store.
func (f *Faulty) CreateLogState(ctx context.Context, v transparency.LogState) error {
	return f.do(CreateLogState, func() error { return f.Store.CreateLogState(ctx, v) })
}

// SwapLogState implements storage.Store.
func (f *Faulty) SwapLogState(ctx context.Context, v transparency.LogState) error {
	return f.do(SwapLogState, func() error { return f.Store.SwapLogState(ctx, v) })
}

// InsertLogEntries implements storage.Store.
func (f *Faulty) InsertLogEntries(ctx context.Context, origin string, entries []transparency.Entry) error {
	return f.some(InsertLogEntries, len(entries), func(n int) error { return f.Store.InsertLogEntries(ctx, origin, entries[:n]) })
}

// PutLogHashes implements storage.Store.
func (f *Faulty) PutLogHashes(ctx context.Context, origin string, hashes []transparency.StoredHash) error {
	return f.some(PutLogHashes, len(hashes), func(n int) error { return f.Store.PutLogHashes(ctx, origin, hashes[:n]) })
}

// SwapLogLease implements storage.Store.
func (f *Faulty) SwapLogLease(ctx context.Context, v transparency.Lease) error {
	return f.do(SwapLogLease, func() error { return f.Store.SwapLogLease(ctx, v) })
}

// SwapLogCosigned implements storage.Store.
func (f *Faulty) SwapLogCosigned(ctx context.Context, v transparency.Cosigned) error {
	return f.do(SwapLogCosigned, func() error { return f.Store.SwapLogCosigned(ctx, v) })
}

// InsertTrailEntries implements storage.Store.
func (f *Faulty) InsertTrailEntries(ctx context.Context, entries []trail.Entry) error {
	return f.some(InsertTrail, len(entries), func(n int) error { return f.Store.InsertTrailEntries(ctx, entries[:n]) })
}

// EraseTrailAddresses implements storage.Store.
func (f *Faulty) EraseTrailAddresses(ctx context.Context, before time.Time, limit int) (int, error) {
	return get(f, EraseTrail, func() (int, error) { return f.Store.EraseTrailAddresses(ctx, before, limit) })
}

// DropTrailEntries implements storage.Store.
func (f *Faulty) DropTrailEntries(ctx context.Context, before int64, limit int) (int, error) {
	return get(f, DropTrail, func() (int, error) { return f.Store.DropTrailEntries(ctx, before, limit) })
}

// InsertTrailAnchor implements storage.Store.
func (f *Faulty) InsertTrailAnchor(ctx context.Context, a trail.Anchor) error {
	return f.do(InsertAnchor, func() error { return f.Store.InsertTrailAnchor(ctx, a) })
}

// DropSessions implements storage.Store.
func (f *Faulty) DropSessions(ctx context.Context, t time.Time) error {
	return f.do(DropSessions, func() error { return f.Store.DropSessions(ctx, t) })
}

// SecretOrCreate implements storage.Store.
func (f *Faulty) SecretOrCreate(ctx context.Context, name string, create func() ([]byte, error)) ([]byte, error) {
	return get(f, SecretOrCreate, func() ([]byte, error) { return f.Store.SecretOrCreate(ctx, name, create) })
}
