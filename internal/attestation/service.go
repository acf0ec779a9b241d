package attestation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// MaxValidity is how long a declaration may last: a year, and a month to renew
// it in.
const MaxValidity = 396 * 24 * time.Hour

// maxSkew is how far ahead of ours the signer's clock may be.
const maxSkew = 10 * time.Minute

// Service holds the rules for declarations.
type Service struct {
	Store     Store
	Suppliers supplier.Store
	Evidence  evidence.Store
	Catalogue catalogue.Provider
	Log       Log
	// Signers tells who signed; nil knows enrolled keys only.
	Signers *supplier.Signers
	// Keeper takes in signers that are seen for the first time.
	Keeper Keeper
	// Drafts is told what has been declared; nil tells nobody.
	Drafts Drafts
	// Verifier signs verdicts; without it there are none that are signed.
	Verifier *Verifier
	Now      func() time.Time
}

// Drafts are answers that are worked on before they are signed.
type Drafts interface {
	// Settle takes what has been declared out of what is worked on. It is
	// idempotent.
	Settle(ctx context.Context, r Record) error
}

// settle tells the drafts of a declaration that is in the log. It stands
// whatever comes of that: a draft that is left is there to be deleted, and
// expires by itself.
func (s *Service) settle(ctx context.Context, r Record) {
	if s.Drafts == nil {
		return
	}
	_ = s.Drafts.Settle(ctx, r)
}

// Keeper adds a signer that was seen for the first time to an organisation's
// own, and gives it as it is then. It is idempotent.
type Keeper interface {
	Keep(ctx context.Context, number organisation.Number, signed supplier.Signed) (supplier.Signed, supplier.Supplier, error)
}

// Known makes sure that a signer that passed every check is among the
// organisation's own.
func Known(ctx context.Context, k Keeper, signed supplier.Signed, org supplier.Supplier) (supplier.Signed, supplier.Supplier, error) {
	if !signed.Fresh {
		return signed, org, nil
	}
	if k == nil {
		return signed, org, refused("bundle.certificate", nil)
	}
	signed, org, err := k.Keep(ctx, org.Number, signed)
	return signed, org, wrap("keep signer", err)
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// Draft is what a supplier wants to declare.
type Draft struct {
	Offering string
	Set      string
	// Version of the set; empty means the newest.
	Version    string
	Answers    []Answer
	ValidUntil time.Time // zero means a year from now
	// Supersedes is the digest of the declaration this one replaces; empty
	// means the newest one for the same offering and set, if there is one.
	Supersedes string
}

// Prepare gives the exact bytes of the statement to sign. Answers are put in
// the order of the set, and evidence refers to what the supplier has uploaded.
func (s *Service) Prepare(ctx context.Context, actor access.Actor, d Draft) ([]byte, error) {
	o, sup, err := s.offering(ctx, d.Offering)
	if err != nil {
		return nil, err
	}
	if err := access.Check(actor, access.PrepareStatement, string(o.Supplier)); err != nil {
		return nil, err
	}
	v, ok := s.Catalogue.Content().Version(d.Set, d.Version)
	if !ok {
		return nil, problem.New(problem.NotFound, "set.not-found", problem.Args{"Set": problem.Clip(d.Set), "Version": problem.Clip(d.Version)})
	}
	now := s.now()
	if d.ValidUntil.IsZero() {
		d.ValidUntil = now.AddDate(1, 0, 0)
	}
	c := problem.Collector{Key: "statement.invalid"}
	checkValidity(&c, now, now, d.ValidUntil)
	checkAnswers(&c, d.Answers, func(id string) bool { _, ok := v.Requirement(id); return ok })
	if err := c.Err(); err != nil {
		return nil, err
	}
	answers, err := s.describeEvidence(ctx, o.Supplier, inOrder(v, d.Answers))
	if err != nil {
		return nil, err
	}
	if d.Supersedes == "" {
		last, _, err := s.newest(ctx, o.ID, v.Set, sup)
		if err != nil {
			return nil, err
		}
		d.Supersedes = last.Digest
	}
	p := Declaration{
		Supplier:       Party{ID: o.Supplier.ID(), Name: sup.Name},
		RequirementSet: SetRef{URI: v.URI, Version: v.Version, Digest: DigestSet{v.Digest}},
		DeclaredAt:     now.Truncate(time.Second).Format(time.RFC3339),
		ValidUntil:     d.ValidUntil.UTC().Truncate(time.Second).Format(time.RFC3339),
		SubSuppliers:   subSuppliers(o), Answers: answers,
	}
	if d.Supersedes != "" {
		p.Supersedes = &Superseded{DigestSet{d.Supersedes}}
	}
	return Encode(DeclarationType, Subject{Name: supplier.ServiceURN(o.ID), Digest: DigestSet{o.Descriptor().Digest}}, p)
}

func inOrder(v catalogue.Version, answers []Answer) []Answer {
	byID := map[string]Answer{}
	for _, a := range answers {
		byID[a.Requirement] = a
	}
	out := make([]Answer, 0, len(answers))
	for _, r := range v.Requirements {
		if a, ok := byID[r.ID]; ok {
			a.Statement = strings.TrimSpace(a.Statement)
			out = append(out, a)
		}
	}
	return out
}

// maxPassedOver is how many declarations are looked through for the newest that
// is the supplier's word.
const maxPassedOver = 200

// newest is the newest declaration that a new one replaces. One that was signed
// with a revoked key was never the supplier's word, and takes nobody's place.
func (s *Service) newest(ctx context.Context, offering, set string, sup supplier.Supplier) (Record, bool, error) {
	for _, limit := range []int{1, maxPassedOver} {
		all, err := s.Store.AttestationsFor(ctx, offering, set, limit)
		if err != nil {
			return Record{}, false, wrap("find earlier declaration", err)
		}
		for _, r := range all {
			revoked, err := s.revoked(ctx, r, sup)
			if err != nil || !revoked {
				return r, err == nil, err
			}
		}
		if len(all) < limit {
			break
		}
	}
	return Record{}, false, nil
}

// revoked tells whether a key that a declaration needs was revoked before it got
// its place in the log.
func (s *Service) revoked(ctx context.Context, r Record, sup supplier.Supplier) (bool, error) {
	var ended []supplier.Key
	for _, id := range []string{r.KeyID, r.SecondKeyID} {
		if k, ok := sup.Key(id); ok && k.Revoked != nil {
			ended = append(ended, k)
		}
	}
	if len(ended) == 0 {
		return false, nil
	}
	places, err := s.Log.Places(ctx, []string{r.LogKey()})
	if err != nil {
		return false, wrap("find log entry", err)
	}
	p, logged := places[r.LogKey()]
	return !signatures{keys: ended}.standing(p, logged), nil
}

// Last gives the supplier's newest word about an offering and a set, without a
// bundle: the answers that new ones begin with. There may be none.
func (s *Service) Last(ctx context.Context, actor access.Actor, offering, set string) (Record, bool, error) {
	o, sup, err := s.offering(ctx, offering)
	if err != nil {
		return Record{}, false, err
	}
	if err := access.Check(actor, access.PrepareStatement, string(o.Supplier)); err != nil {
		return Record{}, false, err
	}
	return s.newest(ctx, offering, set, sup)
}

func subSuppliers(o supplier.Offering) []SubSupplier {
	var out []SubSupplier
	for _, sub := range o.SubSuppliers {
		x := SubSupplier{Name: sub.Name, Country: sub.Country, Purpose: sub.Purpose}
		if sub.Number != "" {
			x.ID = sub.Number.ID()
		}
		out = append(out, x)
	}
	return out
}

// checkValidity notes what is wrong with the times of a declaration.
func checkValidity(c *problem.Collector, now, declared, until time.Time) {
	c.Check(!declared.After(now.Add(maxSkew)), "declaredAt", "statement.declared-future", nil)
	c.Check(!declared.Before(now.Add(-MaxValidity)), "declaredAt", "statement.declared-old", nil)
	c.Check(until.After(now) && until.After(declared), "validUntil", "statement.valid-past", nil)
	c.Check(!until.After(declared.Add(MaxValidity)), "validUntil", "statement.valid-long", problem.Args{"Days": int(MaxValidity.Hours() / 24)})
}

func (s *Service) offering(ctx context.Context, id string) (supplier.Offering, supplier.Supplier, error) {
	o, err := s.Suppliers.Offering(ctx, id)
	if errors.Is(err, problem.ErrNotFound) {
		return o, supplier.Supplier{}, problem.New(problem.NotFound, "offering.not-found", nil)
	}
	if err != nil {
		return o, supplier.Supplier{}, wrap("read offering", err)
	}
	sup, err := s.Suppliers.Supplier(ctx, o.Supplier)
	return o, sup, wrap("read supplier", err)
}

// Get reads a declaration with its bundle.
func (s *Service) Get(ctx context.Context, actor access.Actor, digest string) (Record, error) {
	if err := access.Check(actor, access.ReadAttestation, ""); err != nil {
		return Record{}, err
	}
	return s.read(ctx, digest)
}

func (s *Service) read(ctx context.Context, digest string) (Record, error) {
	missing := problem.New(problem.NotFound, "attestation.not-found", nil)
	if !isDigest(digest) {
		return Record{}, missing
	}
	r, err := s.Store.Attestation(ctx, digest)
	if errors.Is(err, problem.ErrNotFound) {
		return Record{}, missing
	}
	return r, wrap("read attestation", err)
}

// Of lists an offering's declarations, newest first, without bundles.
func (s *Service) Of(ctx context.Context, actor access.Actor, offering string, limit int) ([]Record, error) {
	if err := access.Check(actor, access.ReadAttestation, ""); err != nil {
		return nil, err
	}
	out, err := s.Store.AttestationsFor(ctx, offering, "", limit)
	return out, wrap("list attestations", err)
}

// Receipt proves that a declaration is in the log, with the log as it is now.
func (s *Service) Receipt(ctx context.Context, actor access.Actor, digest string) (Receipt, error) {
	r, err := s.Get(ctx, actor, digest)
	if err != nil {
		return Receipt{}, err
	}
	p, err := s.place(ctx, r.LogKey())
	if err != nil {
		return Receipt{}, err
	}
	return s.receiptFor(ctx, r, p)
}

// place finds a logged key. A declaration that is stored but not logged yet
// was never acknowledged, and is not found.
func (s *Service) place(ctx context.Context, key string) (Place, error) {
	places, err := s.Log.Places(ctx, []string{key})
	if err != nil {
		return Place{}, wrap("find log entry", err)
	}
	p, ok := places[key]
	if !ok {
		return Place{}, problem.New(problem.NotFound, "attestation.not-found", nil)
	}
	return p, nil
}

// Bundle gives the bundle: as received, or, when logged, with the log's
// inclusion proof in it and the signer named by key, which is what stock
// verifiers read.
func (s *Service) Bundle(ctx context.Context, actor access.Actor, digest string, logged bool) ([]byte, error) {
	r, err := s.Get(ctx, actor, digest)
	if err != nil {
		return nil, err
	}
	if !logged {
		return r.Bundle, nil
	}
	p, err := s.place(ctx, r.LogKey())
	if err != nil {
		return nil, err
	}
	in, err := s.Log.Inclusion(ctx, p.Index)
	if err != nil {
		return nil, wrap("prove inclusion", err)
	}
	b := r.Bundle
	if parsed, err := signing.ParseBundle(b); err != nil {
		return nil, wrap("read stored bundle", err)
	} else if parsed.Certificate != nil {
		if b, err = signing.KeyForm(b); err != nil {
			return nil, wrap("write bundle", err)
		}
	}
	b, err = signing.WithInclusion(b, in)
	return b, wrap("write bundle", err)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func refused(key string, args map[string]any) *problem.Error {
	return problem.New(problem.Refused, key, args)
}
