package main

import (
	"context"
	"errors"
	"fmt"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
	"felleskrav/internal/review"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// review registers the adviser's invented body with a key, and has it review
// the evidence of one answer, for others to build on.
func (m *market) review(ctx context.Context) error {
	p := demoOrgs[access.Adviser]
	actor := access.Actor{ID: "demo:fill", Name: p.name, Org: string(p.number), Roles: []access.Role{access.Adviser}}
	body, _, err := m.suppliers.RegisterBody(ctx, actor, supplier.Supplier{Number: p.number, Name: p.name, Invented: true})
	if err != nil {
		return fmt.Errorf("register %s: %w", p.name, err)
	}
	if err := m.enrol(ctx, actor, "", body); err != nil {
		return fmt.Errorf("enrol key of %s: %w", p.name, err)
	}
	have, _, err := m.reviews.List(ctx, actor, review.Query{Reviewer: p.number, Limit: 1})
	if err != nil || len(have) > 0 {
		return err
	}
	declared, err := m.attestations.Of(ctx, actor, m.offerings[demoReviewed], 1)
	if err != nil || len(declared) == 0 {
		return errors.Join(err, problem.ErrNotFound)
	}
	d := review.Draft{
		Attestation: declared[0].Digest, Outcome: review.AcceptedWithConditions, Shared: review.SharedAgencies, ValidUntil: m.clock.at.AddDate(1, 0, 0),
		Reason:     "Sertifikatet omfatter leveransen og er gyldig. (Oppdiktet vurdering)",
		Conditions: "Leverandøren legger fram nytt sertifikat når dette går ut. (Oppdiktet vilkår)",
	}
	for _, a := range declared[0].Answers {
		if len(a.Evidence) > 0 {
			d.Requirement, d.Evidence = a.Requirement, []string{a.Evidence[0].Digest.SHA256}
			break
		}
	}
	payload, err := m.reviews.Prepare(ctx, actor, d)
	if err != nil {
		return fmt.Errorf("prepare review: %w", err)
	}
	key, err := m.keys.of(p.number, signing.ECDSAP256)
	if err != nil {
		return fmt.Errorf("read key of %s: %w", p.name, err)
	}
	bundle, err := signing.SignBundle(ctx, key, payload)
	if err != nil {
		return fmt.Errorf("sign for %s: %w", p.name, err)
	}
	if _, _, err := m.reviews.Submit(ctx, actor, bundle); err != nil {
		return fmt.Errorf("submit review: %w", err)
	}
	return nil
}

// demoReviewed is whose declaration is reviewed.
const demoReviewed = "fjordsky"
