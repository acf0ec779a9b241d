package attestation

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// Submit takes a signed declaration in at the door: it verifies everything,
// stores the bundle verbatim, logs it, and answers with the receipt. The same
// payload again gives the receipt of the first time, and created is false.
// Every refusal is a [problem.Refused] that says why, and stores nothing.
//
// Nothing is acknowledged before it is both stored and logged. A crash between
// the two is made good by [Service.CompleteLog].
func (s *Service) Submit(ctx context.Context, actor access.Actor, bundleJSON []byte) (r Receipt, created bool, err error) {
	bundle, err := signing.ParseBundle(bundleJSON)
	if err != nil {
		return Receipt{}, false, BundleProblem(err)
	}
	st, err := Decode[Declaration](bundle.Payload, DeclarationType)
	if err != nil {
		return Receipt{}, false, err
	}
	id, ok := strings.CutPrefix(st.Subject[0].Name, supplier.ServiceURN(""))
	if !ok {
		return Receipt{}, false, refused("statement.subject", nil)
	}
	o, sup, err := s.offering(ctx, id)
	if err != nil {
		return Receipt{}, false, err
	}
	if err := access.Check(actor, access.SubmitAttestation, string(o.Supplier)); err != nil {
		return Receipt{}, false, err
	}
	if st.Predicate.Supplier.ID != o.Supplier.ID() {
		return Receipt{}, false, refused("statement.supplier", map[string]any{"Value": problem.Clip(st.Predicate.Supplier.ID), "Known": o.Supplier.ID()})
	}
	now := s.now()
	signed, err := s.Signers.Of(ctx, bundle, sup, now)
	if err != nil {
		return Receipt{}, false, BundleProblem(err)
	}
	digest := signing.Digest(bundle.Payload)
	known, err := s.Store.Attestation(ctx, digest)
	switch {
	case err == nil:
		return s.again(ctx, known)
	case !errors.Is(err, problem.ErrNotFound):
		return Receipt{}, false, wrap("look for attestation", err)
	}
	if err := sup.MayDeclare(); err != nil {
		return Receipt{}, false, err
	}
	if err := sup.Usable(signed.Key, signed.At); err != nil {
		return Receipt{}, false, err
	}
	rec, err := s.check(ctx, st, o, sup, now)
	if err != nil {
		return Receipt{}, false, err
	}
	if signed, sup, err = Known(ctx, s.Keeper, signed, sup); err != nil {
		return Receipt{}, false, err
	}
	rec.Digest, rec.KeyID, rec.ReceivedAt, rec.Bundle = digest, signed.Key.ID, now, bundleJSON
	if sup.FourEyes {
		return s.submitSigned(ctx, rec, sup)
	}
	leaf, err := signing.LeafBody(bundle, signed.Public)
	if err != nil {
		return Receipt{}, false, wrap("write log entry", err)
	}
	if known, err = s.insert(ctx, rec); err != nil {
		return Receipt{}, false, err
	} else if known.Digest != "" {
		return s.again(ctx, known)
	}
	place, in, err := s.Log.AppendProved(ctx, rec.LogKey(), leaf)
	if err != nil {
		return Receipt{}, false, wrap("log attestation", err)
	}
	s.settle(ctx, rec)
	return receiptOf(rec, logProof(s.Log, place, in)), true, nil
}

// insert notes that the evidence is needed and stores a declaration. It gives
// the one that is there if the same payload came at the same time.
func (s *Service) insert(ctx context.Context, rec Record) (known Record, err error) {
	if err := s.need(ctx, rec); err != nil {
		return Record{}, err
	}
	err = s.Store.InsertAttestation(ctx, rec)
	if errors.Is(err, problem.ErrExists) {
		known, err = s.Store.Attestation(ctx, rec.Digest)
		return known, wrap("read attestation", err)
	}
	return Record{}, wrap("store attestation", err)
}

// again answers for a payload that is stored. The log entry is that of the
// bundle which was stored first, whatever signature came with this one.
func (s *Service) again(ctx context.Context, known Record) (Receipt, bool, error) {
	p, err := s.logRecord(ctx, known)
	if err != nil {
		return Receipt{}, false, err
	}
	r, err := s.receiptFor(ctx, known, p)
	return r, false, err
}

// check makes the checks on what a declaration says.
func (s *Service) check(ctx context.Context, st Statement[Declaration], o supplier.Offering, sup supplier.Supplier, now time.Time) (Record, error) {
	p := st.Predicate
	if st.Subject[0].Digest.SHA256 != o.Descriptor().Digest {
		return Record{}, refused("statement.descriptor", nil)
	}
	if p.Supplier.Name != sup.Name || !slices.Equal(p.SubSuppliers, subSuppliers(o)) {
		return Record{}, refused("statement.descriptor", nil)
	}
	set, ok := strings.CutPrefix(p.RequirementSet.URI, "urn:felleskrav:requirement-set:")
	v, found := s.Catalogue.Content().Version(set, p.RequirementSet.Version)
	if !ok || !found || p.RequirementSet.Version != v.Version || p.RequirementSet.Digest.SHA256 != v.Digest {
		return Record{}, refused("statement.set", map[string]any{"Set": problem.Clip(p.RequirementSet.URI), "Version": problem.Clip(p.RequirementSet.Version)})
	}
	c := problem.Collector{Key: "statement.invalid"}
	declared, ok := ParseTime(p.DeclaredAt)
	c.Check(ok, "declaredAt", "field.time", nil)
	until, ok2 := ParseTime(p.ValidUntil)
	c.Check(ok2, "validUntil", "field.time", nil)
	if ok && ok2 {
		checkValidity(&c, now, declared, until)
	}
	checkAnswers(&c, p.Answers, func(id string) bool { _, ok := v.Requirement(id); return ok })
	if err := c.Err(); err != nil {
		var pe *problem.Error
		if errors.As(err, &pe) {
			pe.Kind = problem.Refused
		}
		return Record{}, err
	}
	rec := Record{
		Supplier: o.Supplier, SupplierName: sup.Name, Offering: o.ID, Descriptor: o.Descriptor().Digest,
		Set: v.Set, SetVersion: v.Version, SetDigest: v.Digest, DeclaredAt: declared, ValidUntil: until, Answers: p.Answers,
	}
	if p.Supersedes != nil {
		if err := s.checkSuperseded(ctx, p.Supersedes.Digest.SHA256, rec); err != nil {
			return Record{}, err
		}
		rec.Supersedes = p.Supersedes.Digest.SHA256
	}
	return rec, nil
}

func (s *Service) checkSuperseded(ctx context.Context, digest string, r Record) error {
	old, err := s.read(ctx, digest)
	if problem.KindOf(err) == problem.NotFound {
		return refused("statement.supersedes", nil)
	}
	if err != nil {
		return err
	}
	if old.Offering != r.Offering || old.Set != r.Set {
		return refused("statement.supersedes", nil)
	}
	return nil
}
