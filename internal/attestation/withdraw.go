package attestation

import (
	"context"
	"errors"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
)

const maxWithdrawalReason = 1000

// PrepareWithdrawal gives the exact bytes of the statement that withdraws a
// declaration.
func (s *Service) PrepareWithdrawal(ctx context.Context, actor access.Actor, digest, reason string) ([]byte, error) {
	r, err := s.read(ctx, digest)
	if err != nil {
		return nil, err
	}
	if err := access.Check(actor, access.Withdraw, string(r.Supplier)); err != nil {
		return nil, err
	}
	reason = strings.TrimSpace(reason)
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	return Encode(WithdrawalType, Subject{Name: URN(digest), Digest: DigestSet{digest}}, WithdrawalPredicate{
		Supplier: Party{ID: r.Supplier.ID(), Name: r.SupplierName}, Reason: reason,
		WithdrawnAt: s.now().Truncate(time.Second).Format(time.RFC3339),
	})
}

func checkReason(reason string) error {
	var c problem.Collector
	c.Text("reason", reason, 1, maxWithdrawalReason)
	return c.Err()
}

// Withdraw takes a signed withdrawal in. Withdrawing twice gives the receipt
// of the first time. The declaration stays, and shows as withdrawn.
func (s *Service) Withdraw(ctx context.Context, actor access.Actor, digest string, bundleJSON []byte) (r Receipt, created bool, err error) {
	rec, err := s.read(ctx, digest)
	if err != nil {
		return Receipt{}, false, err
	}
	if err := access.Check(actor, access.Withdraw, string(rec.Supplier)); err != nil {
		return Receipt{}, false, err
	}
	bundle, err := signing.ParseBundle(bundleJSON)
	if err != nil {
		return Receipt{}, false, BundleProblem(err)
	}
	st, err := Decode[WithdrawalPredicate](bundle.Payload, WithdrawalType)
	if err != nil {
		return Receipt{}, false, err
	}
	if st.Subject[0].Digest.SHA256 != digest || st.Subject[0].Name != URN(digest) {
		return Receipt{}, false, refused("withdrawal.subject", nil)
	}
	if st.Predicate.Supplier.ID != rec.Supplier.ID() {
		return Receipt{}, false, refused("statement.supplier", map[string]any{"Value": problem.Clip(st.Predicate.Supplier.ID), "Known": rec.Supplier.ID()})
	}
	if name := st.Predicate.Supplier.Name; name != rec.SupplierName {
		return Receipt{}, false, refused("statement.supplier", map[string]any{"Value": problem.Clip(name), "Known": rec.SupplierName})
	}
	if err := checkReason(st.Predicate.Reason); err != nil {
		return Receipt{}, false, err
	}
	now := s.now()
	if at, ok := ParseTime(st.Predicate.WithdrawnAt); !ok || at.After(now.Add(maxSkew)) {
		return Receipt{}, false, refused("withdrawal.time", nil)
	}
	sup, err := s.Suppliers.Supplier(ctx, rec.Supplier)
	if err != nil {
		return Receipt{}, false, wrap("read supplier", err)
	}
	signed, err := s.Signers.Of(ctx, bundle, sup, now)
	if err != nil {
		return Receipt{}, false, BundleProblem(err)
	}
	if err := sup.Usable(signed.Key, signed.At); err != nil {
		return Receipt{}, false, err
	}
	if signed, _, err = Known(ctx, s.Keeper, signed, sup); err != nil {
		return Receipt{}, false, err
	}
	leaf, err := signing.LeafBody(bundle, signed.Public)
	if err != nil {
		return Receipt{}, false, wrap("write log entry", err)
	}
	w := Withdrawal{
		Attestation: digest, Supplier: rec.Supplier, Offering: rec.Offering, Set: rec.Set, Reason: strings.TrimSpace(st.Predicate.Reason),
		At: now, KeyID: signed.Key.ID, Digest: signing.Digest(bundle.Payload), Bundle: bundleJSON,
	}
	err = s.Store.InsertWithdrawal(ctx, w)
	if errors.Is(err, problem.ErrExists) {
		return s.withdrawnBefore(ctx, rec)
	}
	if err != nil {
		return Receipt{}, false, wrap("store withdrawal", err)
	}
	index, at, err := s.Log.Append(ctx, w.LogKey(), leaf)
	if err != nil {
		return Receipt{}, false, wrap("log withdrawal", err)
	}
	r, err = s.withdrawalReceipt(ctx, rec, w, Place{index, at})
	return r, err == nil, err
}

// withdrawnBefore answers with the first withdrawal, and logs it if a crash
// left it unlogged. It is the stored bundle that is logged, whatever came with
// this one: the log holds what anyone can be shown.
func (s *Service) withdrawnBefore(ctx context.Context, rec Record) (Receipt, bool, error) {
	w, err := s.Store.Withdrawal(ctx, rec.Digest)
	if err != nil {
		return Receipt{}, false, wrap("read withdrawal", err)
	}
	p, err := s.logWithdrawal(ctx, w)
	if err != nil {
		return Receipt{}, false, err
	}
	r, err := s.withdrawalReceipt(ctx, rec, w, p)
	return r, false, err
}

func (s *Service) withdrawalReceipt(ctx context.Context, rec Record, w Withdrawal, p Place) (Receipt, error) {
	r, err := s.receiptFor(ctx, rec, p)
	r.ReceivedAt = w.At
	return r, err
}
