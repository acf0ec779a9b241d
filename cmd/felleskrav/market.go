package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// market fills a store with invented suppliers through the same services that
// real ones use. Every step leaves alone what is there already.
type market struct {
	*installation
	keys  demoKeys
	clock *demoClock
	now   time.Time
	// offerings are the ids of the offerings by their short names.
	offerings map[string]string
}

// event is something that happens a number of days ago.
type event struct {
	daysAgo int
	do      func(context.Context) error
}

// fill lets the market's past happen in order.
func (m *market) fill(ctx context.Context) error {
	var events []event
	for _, s := range demoMarket {
		events = append(events, event{s.since, func(ctx context.Context) error { return m.register(ctx, s) }})
		for _, d := range s.declared {
			events = append(events, event{d.daysAgo, func(ctx context.Context) error { return m.declare(ctx, s, d) }})
		}
		if s.withdrawn > 0 {
			events = append(events, event{s.withdrawn, func(ctx context.Context) error { return m.withdraw(ctx, s) }})
		}
		if s.changed > 0 {
			events = append(events, event{s.changed, func(ctx context.Context) error { return m.change(ctx, s) }})
		}
	}
	events = append(events, event{25, m.watchSome}, event{20, m.review}, event{14, m.procure}, event{2, m.respond})
	slices.SortStableFunc(events, func(a, b event) int { return b.daysAgo - a.daysAgo })
	for _, e := range events {
		// Office hours; the exact minute does not matter, the order does.
		if at := m.now.AddDate(0, 0, -e.daysAgo); at.After(m.clock.at) {
			m.clock.at = at
		}
		if err := e.do(ctx); err != nil {
			return err
		}
		m.clock.at = m.clock.at.Add(time.Minute)
	}
	return nil
}

func (s demoParty) actor() access.Actor {
	return access.Actor{ID: "demo:fill", Name: s.name, Org: string(s.number), Roles: []access.Role{access.Supplier}}
}

// register makes a supplier with its key, its offering and its evidence.
func (m *market) register(ctx context.Context, s demoParty) error {
	sup, _, err := m.suppliers.Register(ctx, s.actor(), supplier.Supplier{Number: s.number, Name: s.name, Country: "NO", Website: s.website, Invented: true})
	if err != nil {
		return fmt.Errorf("register %s: %w", s.name, err)
	}
	if err := m.enrol(ctx, s.actor(), s.algorithm, sup); err != nil {
		return fmt.Errorf("enrol key of %s: %w", s.name, err)
	}
	for _, e := range s.evidence {
		up := evidence.Upload{Name: e.name, Kind: e.kind, Visibility: e.visibility}
		if _, _, err := m.evidence.Upload(ctx, s.actor(), up, strings.NewReader(e.text(s.name))); err != nil {
			return fmt.Errorf("upload evidence of %s: %w", s.name, err)
		}
	}
	have, err := m.suppliers.Offerings(ctx, s.actor(), s.number)
	if err != nil {
		return fmt.Errorf("read offerings of %s: %w", s.name, err)
	}
	if len(have) > 0 {
		m.offerings[s.key] = have[0].ID
		return nil
	}
	o, err := m.suppliers.CreateOffering(ctx, s.actor(), m.offering(s))
	if err != nil {
		return fmt.Errorf("create offering of %s: %w", s.name, err)
	}
	m.offerings[s.key] = o.ID
	return nil
}

func (m *market) offering(s demoParty) supplier.Offering {
	o := supplier.Offering{
		Supplier: s.number, Name: s.service, Description: s.description, Models: s.models, Version: "4.2", Regions: []string{"NO"},
	}
	for _, sub := range s.subs {
		p := partyOf(sub.key)
		o.SubSuppliers = append(o.SubSuppliers, supplier.SubSupplier{
			Name: p.name, Country: "NO", Number: p.number, Offering: m.offerings[sub.key], Purpose: sub.purpose,
		})
	}
	return o
}

// enrol enrols the key that an organisation has in a file.
func (m *market) enrol(ctx context.Context, actor access.Actor, algorithm signing.Algorithm, org supplier.Supplier) error {
	if algorithm == "" {
		algorithm = signing.ECDSAP256
	}
	key, err := m.keys.of(org.Number, algorithm)
	if err != nil {
		return err
	}
	public, err := signing.PublicOf(key)
	if err != nil {
		return err
	}
	if _, ok := org.Key(public.ID); ok {
		return nil
	}
	ch, err := m.suppliers.BeginEnrolment(ctx, actor, org.Number, supplier.Enrolment{PEM: public.PEM, Label: "Demonstrasjonsnøkkel (oppdiktet)"})
	if err != nil {
		return err
	}
	sig, err := signing.SignMessage(key, ch.Bytes)
	if err != nil {
		return err
	}
	_, err = m.suppliers.CompleteEnrolment(ctx, actor, org.Number, ch.ID, sig)
	return err
}

// declare signs and submits a declaration, unless one is there from about
// that day.
func (m *market) declare(ctx context.Context, s demoParty, d demoDeclaration) error {
	id := m.offerings[s.key]
	have, err := m.attestations.Of(ctx, s.actor(), id, 20)
	if err != nil {
		return fmt.Errorf("read declarations of %s: %w", s.name, err)
	}
	if n := slices.IndexFunc(s.declared, func(x demoDeclaration) bool { return x == d }); len(have) > n {
		return nil
	}
	v, err := version(m.live.Content(), d.set)
	if err != nil {
		return err
	}
	draft := attestation.Draft{Offering: id, Set: v.Set, Version: v.Version, Answers: s.answers(v, d.profile), ValidUntil: m.clock.at.AddDate(0, 0, d.days)}
	payload, err := m.attestations.Prepare(ctx, s.actor(), draft)
	if err != nil {
		return fmt.Errorf("prepare declaration of %s: %w", s.name, err)
	}
	bundle, err := m.sign(ctx, s, payload)
	if err != nil {
		return err
	}
	if _, _, err := m.attestations.Submit(ctx, s.actor(), bundle); err != nil {
		return fmt.Errorf("submit declaration of %s: %w", s.name, err)
	}
	return nil
}

func (m *market) sign(ctx context.Context, s demoParty, payload []byte) ([]byte, error) {
	key, err := m.keys.of(s.number, signing.ECDSAP256)
	if err != nil {
		return nil, fmt.Errorf("read key of %s: %w", s.name, err)
	}
	bundle, err := signing.SignBundle(ctx, key, payload)
	if err != nil {
		return nil, fmt.Errorf("sign for %s: %w", s.name, err)
	}
	return bundle, nil
}

func (m *market) withdraw(ctx context.Context, s demoParty) error {
	have, err := m.attestations.Of(ctx, s.actor(), m.offerings[s.key], 1)
	if err != nil || len(have) == 0 {
		return errors.Join(err, problem.ErrNotFound)
	}
	done, err := m.store.Withdrawals(ctx, []string{have[0].Digest})
	if err != nil || len(done) > 0 {
		return err
	}
	payload, err := m.attestations.PrepareWithdrawal(ctx, s.actor(), have[0].Digest, "Tjenesten legges om, og svarene gjelder ikke lenger. Ny erklæring kommer når omleggingen er ferdig. (Oppdiktet)")
	if err != nil {
		return fmt.Errorf("prepare withdrawal of %s: %w", s.name, err)
	}
	bundle, err := m.sign(ctx, s, payload)
	if err != nil {
		return err
	}
	if _, _, err := m.attestations.Withdraw(ctx, s.actor(), have[0].Digest, bundle); err != nil {
		return fmt.Errorf("withdraw declaration of %s: %w", s.name, err)
	}
	return nil
}

// change moves an offering to other regions after it was signed for.
func (m *market) change(ctx context.Context, s demoParty) error {
	o, err := m.suppliers.Offering(ctx, s.actor(), m.offerings[s.key])
	if err != nil {
		return err
	}
	if len(o.Descriptors) > 1 {
		return nil
	}
	o.Version, o.Regions = "5.0", []string{"NO", "IE"}
	if _, err := m.suppliers.UpdateOffering(ctx, s.actor(), o, 0); err != nil {
		return fmt.Errorf("change offering of %s: %w", s.name, err)
	}
	return nil
}

// answers makes up answers to every requirement of a set version.
func (s demoParty) answers(v catalogue.Version, profile demoProfile) []attestation.Answer {
	var out []attestation.Answer
	for i, r := range v.Requirements {
		if profile == profileIncomplete && i >= len(v.Requirements)-12 {
			break
		}
		a := attestation.Answer{Requirement: r.ID, Status: attestation.Met}
		if x, ok := demoExceptions[profile][i]; ok {
			a.Status, a.Statement = x, demoStatements[x]
		} else if i%3 == 0 {
			a.Statement = demoStatements[attestation.Met]
		}
		for j, e := range s.evidence {
			if a.Status == attestation.Met && (i+j)%4 == 0 {
				a.Evidence = append(a.Evidence, attestation.EvidenceRef{Digest: attestation.DigestSet{SHA256: signing.Digest([]byte(e.text(s.name)))}})
			}
		}
		out = append(out, a)
	}
	return out
}

func (m *market) buyer() access.Actor {
	p := demoOrgs[access.Procurement]
	return access.Actor{ID: "demo:fill", Name: p.name, Org: string(p.number), Roles: []access.Role{access.Procurement}}
}

// procure starts the agency's procurement with three bidders.
func (m *market) procure(ctx context.Context) error {
	p, err := m.theProcurement(ctx)
	if err != nil || p.ID != "" {
		return err
	}
	deadline := m.now.AddDate(0, 0, 21)
	p = procurement.Procurement{Title: demoProcurement, Reference: "2026/0417 (oppdiktet)", Deadline: &deadline, Language: "nb", Input: demoInput}
	for _, key := range demoBidders {
		s := partyOf(key)
		p.Bidders = append(p.Bidders, procurement.Bidder{Supplier: s.number, Name: s.name, Offering: m.offerings[key]})
	}
	if _, err := m.procurements.Create(ctx, m.buyer(), p); err != nil {
		return fmt.Errorf("create procurement: %w", err)
	}
	return nil
}

// theProcurement finds the demonstration's procurement; its id is empty when
// there is none.
func (m *market) theProcurement(ctx context.Context) (procurement.Procurement, error) {
	all, err := m.procurements.List(ctx, m.buyer(), "", 200)
	if err != nil {
		return procurement.Procurement{}, fmt.Errorf("list procurements: %w", err)
	}
	for _, p := range all {
		if p.Title == demoProcurement {
			return p, nil
		}
	}
	return procurement.Procurement{}, nil
}

// respond has the first bidder answer the tender.
func (m *market) respond(ctx context.Context) error {
	p, err := m.theProcurement(ctx)
	if err != nil || p.ID == "" {
		return errors.Join(err, problem.ErrNotFound)
	}
	have, err := m.store.ResponsesTo(ctx, p.ID)
	if err != nil || len(have) > 0 {
		return err
	}
	t, err := m.procurements.Tender(ctx, m.buyer(), p.ID)
	if err != nil {
		return fmt.Errorf("read tender: %w", err)
	}
	var file bytes.Buffer
	r := procurement.Response{Supplier: partyOf(demoBidders[0]).number}
	for i, l := range t.Lines {
		a := procurement.ResponseAnswer{Requirement: l.Requirement.ID, Status: attestation.Met}
		switch i % 11 {
		case 4:
			a.Status, a.Statement = attestation.Alternative, demoStatements[attestation.Alternative]
		case 8:
			a.Status, a.Statement, a.Deviation = attestation.Partial, demoStatements[attestation.Partial], "Avviket er priset inn i tilbudet. (Oppdiktet)"
		}
		fmt.Fprintln(&file, a.Requirement, a.Status)
		r.Answers = append(r.Answers, a)
	}
	r.SHA256 = signing.Digest(file.Bytes())
	if _, err := m.procurements.AddResponse(ctx, m.buyer(), p.ID, r); err != nil {
		return fmt.Errorf("add response: %w", err)
	}
	return nil
}
