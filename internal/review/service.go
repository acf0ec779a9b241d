package review

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/supplier"
)

// Service holds the rules for reviews.
type Service struct {
	Store        Store
	Attestations attestation.Store
	Suppliers    supplier.Store
	Evidence     evidence.Store
	Log          attestation.Log
	// Signers tells who signed; nil knows enrolled keys only.
	Signers *supplier.Signers
	// Keeper takes in signers that are seen for the first time.
	Keeper attestation.Keeper
	Now    func() time.Time
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// Draft is what a body wants to record.
type Draft struct {
	// Attestation is the digest of the declaration that was reviewed.
	Attestation string
	Requirement string
	// Evidence are the digests of what was looked at.
	Evidence   []string
	Outcome    Outcome
	Reason     string
	Conditions string
	ValidUntil time.Time // zero means a year from now
	Shared     Sharing
}

// Prepare gives the exact bytes of the statement to sign, for the body that
// the actor acts for. It makes every check that the door will make.
func (s *Service) Prepare(ctx context.Context, actor access.Actor, d Draft) ([]byte, error) {
	if err := access.Check(actor, access.WriteReview, actor.Org); err != nil {
		return nil, err
	}
	org, err := s.reviewer(ctx, organisation.Number(actor.Org))
	if err != nil {
		return nil, err
	}
	rec, err := s.declaration(ctx, d.Attestation)
	if err != nil {
		return nil, err
	}
	now := s.now()
	if d.ValidUntil.IsZero() {
		d.ValidUntil = now.AddDate(1, 0, 0)
	}
	p := Predicate{
		Reviewer: attestation.Party{ID: org.Number.ID(), Name: org.Name}, Requirement: d.Requirement, RequirementSet: setRef(rec),
		Evidence: []attestation.EvidenceRef{}, Outcome: d.Outcome, Reason: strings.TrimSpace(d.Reason), Conditions: strings.TrimSpace(d.Conditions),
		ReviewedAt: now.Truncate(time.Second).Format(time.RFC3339), ValidUntil: d.ValidUntil.UTC().Truncate(time.Second).Format(time.RFC3339), Shared: d.Shared,
	}
	a, _ := answerTo(rec, d.Requirement)
	for _, digest := range d.Evidence[:min(len(d.Evidence), maxEvidence+1)] {
		ref := attestation.EvidenceRef{Digest: attestation.DigestSet{SHA256: digest}}
		if i := slices.IndexFunc(a.Evidence, func(e attestation.EvidenceRef) bool { return e.Digest == ref.Digest }); i >= 0 {
			ref = a.Evidence[i]
		}
		p.Evidence = append(p.Evidence, ref)
	}
	if d.Shared == SharedBody {
		nonce := make([]byte, 16)
		if _, err := rand.Read(nonce); err != nil {
			return nil, wrap("make nonce", err)
		}
		p.Nonce = base64.RawURLEncoding.EncodeToString(nonce)
	}
	if _, err := s.check(ctx, actor, p, org, rec, now); err != nil {
		return nil, err
	}
	earlier, err := s.Store.Reviews(ctx, Query{Attestation: rec.Digest, Reviewer: org.Number, Viewer: org.Number, Limit: maxEarlier})
	if err != nil {
		return nil, wrap("find earlier review", err)
	}
	if i := slices.IndexFunc(earlier, func(r Record) bool { return r.Requirement == d.Requirement }); i >= 0 {
		p.Supersedes = &attestation.Superseded{Digest: attestation.DigestSet{SHA256: earlier[i].Digest}}
	}
	return attestation.Encode(ReviewType, attestation.Subject{Name: attestation.URN(rec.Digest), Digest: attestation.DigestSet{SHA256: rec.Digest}}, p)
}

// maxEarlier is how many of a body's reviews of one declaration are looked
// through for the one that a new one takes the place of.
const maxEarlier = 1000

// reviewer is the organisation that reviews, which must be registered here to
// have a key.
func (s *Service) reviewer(ctx context.Context, n organisation.Number) (supplier.Supplier, error) {
	org, err := s.Suppliers.Supplier(ctx, n)
	if errors.Is(err, problem.ErrNotFound) {
		return org, problem.New(problem.Refused, "review.unregistered", problem.Args{"Number": n.Grouped()})
	}
	return org, wrap("read reviewer", err)
}

// declaration reads the declaration that is reviewed. One that is not logged
// was never acknowledged, and one that was withdrawn has nothing to review.
func (s *Service) declaration(ctx context.Context, digest string) (attestation.Record, error) {
	missing := problem.New(problem.NotFound, "attestation.not-found", nil)
	if !evidence.ValidDigest(digest) {
		return attestation.Record{}, missing
	}
	rec, err := s.Attestations.Attestation(ctx, digest)
	if errors.Is(err, problem.ErrNotFound) {
		return rec, missing
	}
	if err != nil {
		return rec, wrap("read attestation", err)
	}
	places, err := s.Log.Places(ctx, []string{rec.LogKey()})
	if err != nil {
		return rec, wrap("find log entry", err)
	}
	if _, ok := places[rec.LogKey()]; !ok {
		return rec, missing
	}
	withdrawn, err := s.Attestations.Withdrawals(ctx, []string{digest})
	if err != nil {
		return rec, wrap("read withdrawals", err)
	}
	if len(withdrawn) > 0 {
		return rec, refused("review.declaration-withdrawn", nil)
	}
	return rec, nil
}

func setRef(r attestation.Record) attestation.SetRef {
	return attestation.SetRef{URI: catalogue.SetURI(r.Set), Version: r.SetVersion, Digest: attestation.DigestSet{SHA256: r.SetDigest}}
}

func answerTo(r attestation.Record, requirement string) (attestation.Answer, bool) {
	i := slices.IndexFunc(r.Answers, func(a attestation.Answer) bool { return a.Requirement == requirement })
	if i < 0 {
		return attestation.Answer{}, false
	}
	return r.Answers[i], true
}

// check makes the checks on what a review says. What it gives lacks digest,
// key, time of receipt and bundle.
func (s *Service) check(ctx context.Context, actor access.Actor, p Predicate, org supplier.Supplier, d attestation.Record, now time.Time) (Record, error) {
	if org.Number == d.Supplier {
		return Record{}, refused("review.own", nil)
	}
	if p.Reviewer.ID != org.Number.ID() || p.Reviewer.Name != org.Name {
		return Record{}, refused("review.reviewer", problem.Args{"Value": problem.Clip(p.Reviewer.ID + " " + p.Reviewer.Name), "Known": org.Number.ID() + " " + org.Name})
	}
	if p.RequirementSet != setRef(d) {
		return Record{}, refused("review.set", problem.Args{"Set": problem.Clip(p.RequirementSet.URI), "Version": problem.Clip(p.RequirementSet.Version)})
	}
	a, ok := answerTo(d, p.Requirement)
	if !ok {
		return Record{}, refused("review.not-answered", problem.Args{"Requirement": problem.Clip(p.Requirement)})
	}
	c := problem.Collector{Key: "review.invalid"}
	reviewed, until := p.checkFields(&c, now)
	p.checkEvidence(&c, a)
	if err := c.Err(); err != nil {
		return Record{}, err
	}
	if err := s.readable(ctx, actor, d.Supplier, p.Evidence); err != nil {
		return Record{}, err
	}
	return Record{
		Reviewer: org.Number, ReviewerName: org.Name, Attestation: d.Digest, Supplier: d.Supplier, SupplierName: d.SupplierName, Offering: d.Offering, Set: d.Set, SetVersion: d.SetVersion,
		Requirement: p.Requirement, Answer: a, Evidence: p.Evidence, Outcome: p.Outcome, Reason: p.Reason, Conditions: p.Conditions,
		ReviewedAt: reviewed, ValidUntil: until, Shared: p.Shared,
	}, nil
}

// readable holds that the reviewer can read all the evidence it says it has
// looked at.
func (s *Service) readable(ctx context.Context, actor access.Actor, owner organisation.Number, refs []attestation.EvidenceRef) error {
	if len(refs) == 0 {
		return nil
	}
	found, err := s.Evidence.OwnerEvidence(ctx, owner, digests(refs))
	if err != nil {
		return wrap("find evidence", err)
	}
	c := problem.Collector{Key: "review.evidence"}
	for _, ref := range refs {
		ok := slices.ContainsFunc(found, func(e evidence.Evidence) bool {
			return e.SHA256 == ref.Digest.SHA256 && e.VisibleTo(actor, s.now()) && e.Readable()
		})
		c.Check(ok, "evidence", "review.evidence-unreadable", problem.Args{"Digest": ref.Digest.SHA256, "Name": problem.Clip(ref.Name)})
	}
	return refusedErr(c.Err())
}

// refusedErr makes what the collector found a reason to refuse a statement.
func refusedErr(err error) error {
	if pe, ok := errors.AsType[*problem.Error](err); ok {
		pe.Kind = problem.Refused
	}
	return err
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func refused(key string, args problem.Args) *problem.Error {
	return problem.New(problem.Refused, key, args)
}
