package procurement

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/reuse"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/selection"
	"felleskrav/internal/status"
	"felleskrav/internal/supplier"
)

// Statuses computes the status of an offering for a set version.
type Statuses interface {
	Status(ctx context.Context, actor access.Actor, offering, setRef string, at time.Time) (status.Status, error)
}

// Service holds the rules for procurements. What a body does here is seen by
// that body only.
type Service struct {
	Store     Store
	Catalogue catalogue.Provider
	Facts     Statuses
	Suppliers supplier.Store
	// Reuse counts that declarations are used; nil counts nothing.
	Reuse *reuse.Service
	Now   func() time.Time
	// NewID makes UUIDv7 strings.
	NewID func() string
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// Limits on one procurement.
const (
	maxBidders   = 50
	maxChoices   = 2000
	maxTitle     = 200
	maxAnswers   = 2000
	maxStatement = 8000
)

// readsAtOnce is how many statuses of one procurement are worked out at the
// same time: they do not wait for each other, and others want to read as well.
const readsAtOnce = 4

// Create starts a procurement. It is bound to the newest release of each set
// the selection leads to, and keeps to them.
func (s *Service) Create(ctx context.Context, actor access.Actor, p Procurement) (Procurement, error) {
	if p.Agency == "" {
		p.Agency = organisation.Number(actor.Org)
	}
	if err := access.Check(actor, access.WriteProcurement, string(p.Agency)); err != nil {
		return Procurement{}, err
	}
	p.ID, p.Rev, p.Sets, p.Basis = s.NewID(), 0, nil, nil
	p.CreatedAt, p.CreatedBy, p.UpdatedBy = s.now(), actor.ID, actor.ID
	p, err := s.prepare(ctx, p)
	if err != nil {
		return Procurement{}, err
	}
	if err := s.Store.InsertProcurement(ctx, p); err != nil {
		return Procurement{}, fmt.Errorf("save procurement: %w", err)
	}
	saved, err := s.Store.Procurement(ctx, p.ID)
	if err != nil {
		return Procurement{}, fmt.Errorf("read procurement: %w", err)
	}
	return saved, nil
}

// prepare checks a procurement, binds it to content if it is not bound yet and
// completes its bidders.
func (s *Service) prepare(ctx context.Context, p Procurement) (Procurement, error) {
	if p.Language == "" {
		p.Language = "nb"
	}
	p, err := s.bind(p)
	if err != nil {
		return Procurement{}, err
	}
	_, result, err := s.selected(p)
	if err != nil {
		return Procurement{}, err
	}
	c := problem.Collector{Key: "procurement.invalid"}
	c.Line("title", p.Title, 1, maxTitle)
	c.Line("reference", p.Reference, 0, 100)
	c.Check(slices.Contains([]string{"nb", "nn", "en"}, p.Language), "language", "field.unknown", problem.Args{"Value": problem.Clip(p.Language)})
	switch end := p.ContractEnd; {
	case end == "":
	case !end.Valid():
		c.Add("contractEnd", "procurement.contract-end", problem.Args{"Value": problem.Clip(string(end))})
	default:
		c.Check(p.Deadline == nil || end >= DayOf(*p.Deadline), "contractEnd", "procurement.contract-end-early", nil)
	}
	checkChoices(&c, p.Choices, result)
	p.Columns = checkColumns(&c, p.Columns)
	p.Bidders, err = s.bidders(ctx, &c, p.Bidders)
	if err != nil {
		return Procurement{}, err
	}
	if err := c.Err(); err != nil {
		return Procurement{}, err
	}
	p.UpdatedAt = s.now()
	return p, nil
}

func checkChoices(c *problem.Collector, choices []Choice, result selection.Result) {
	c.Check(len(choices) <= maxChoices, "choices", "field.many", problem.Args{"Max": maxChoices})
	seen := map[string]bool{}
	for i, ch := range choices[:min(len(choices), maxChoices)] {
		path := fmt.Sprintf("choices[%d]", i)
		known := slices.ContainsFunc(result.Requirements, func(r selection.SelectedRequirement) bool { return r.ID == ch.Requirement })
		c.Check(known, path+".requirement", "procurement.choice", problem.Args{"Requirement": problem.Clip(ch.Requirement)})
		c.Check(!seen[ch.Requirement], path+".requirement", "procurement.choice-repeated", problem.Args{"Requirement": problem.Clip(ch.Requirement)})
		seen[ch.Requirement] = true
		c.Check(ch.Type == "" || ch.Type == TypeA || ch.Type == TypeB, path+".type", "procurement.type", nil)
		c.Check(ch.Weight >= 0 && ch.Weight <= 100, path+".weight", "procurement.weight", nil)
	}
}

// bidders checks bidders and fills in names of those registered here.
func (s *Service) bidders(ctx context.Context, c *problem.Collector, in []Bidder) ([]Bidder, error) {
	c.Check(len(in) <= maxBidders, "bidders", "field.many", problem.Args{"Max": maxBidders})
	out := slices.Clone(in[:min(len(in), maxBidders)])
	seen := map[organisation.Number]bool{}
	for i := range out {
		b, path := &out[i], fmt.Sprintf("bidders[%d]", i)
		n, err := organisation.ParseIdentifier(string(b.Supplier))
		if err != nil {
			c.Add(path+".supplier", problem.KeyOf(err), problem.Args{"Number": problem.Clip(string(b.Supplier))})
			continue
		}
		b.Supplier = n
		c.Check(!seen[n], path+".supplier", "procurement.bidder-repeated", problem.Args{"Number": n.Grouped()})
		seen[n] = true
		if b.Offering != "" {
			o, err := s.Suppliers.Offering(ctx, b.Offering)
			if err != nil && !errors.Is(err, problem.ErrNotFound) {
				return nil, fmt.Errorf("read bidder's offering: %w", err)
			}
			c.Check(err == nil && o.Supplier == n, path+".offering", "procurement.offering", nil)
		}
		if b.Name == "" {
			sup, err := s.Suppliers.Supplier(ctx, n)
			if err != nil && !errors.Is(err, problem.ErrNotFound) {
				return nil, fmt.Errorf("read bidder: %w", err)
			}
			b.Name = sup.Name
		}
		c.Line(path+".name", b.Name, 1, maxTitle)
	}
	return out, nil
}

// Update changes a procurement. rev is the revision the change was made from;
// 0 means whatever is there.
func (s *Service) Update(ctx context.Context, actor access.Actor, in Procurement, rev int64) (Procurement, error) {
	old, err := s.read(ctx, actor, access.WriteProcurement, in.ID)
	if err != nil {
		return Procurement{}, err
	}
	in.Sets, in.Basis = old.Sets, old.Basis
	if !in.Input.Same(old.Input) {
		in.Basis = nil // what is chosen now leads to something else
	}
	in, err = s.prepare(ctx, in)
	if err != nil {
		return Procurement{}, err
	}
	saved, err := s.Store.UpdateProcurement(ctx, in.ID, func(p Procurement) (Procurement, error) {
		if rev != 0 && p.Rev != rev {
			return Procurement{}, problem.New(problem.Stale, "procurement.stale", nil)
		}
		p.Title, p.Reference, p.Deadline, p.Language = in.Title, in.Reference, in.Deadline, in.Language
		p.ContractEnd, p.Input, p.Sets, p.Basis, p.Choices, p.Columns = in.ContractEnd, in.Input, in.Sets, in.Basis, in.Choices, in.Columns
		p.Bidders, p.UpdatedAt, p.UpdatedBy = in.Bidders, in.UpdatedAt, actor.ID
		return p, nil
	})
	if err != nil {
		return Procurement{}, fmt.Errorf("save procurement: %w", err)
	}
	return saved, nil
}

// Get reads one procurement of the actor's own body. Those of others are not
// found, so that nothing shows of an ongoing competition.
func (s *Service) Get(ctx context.Context, actor access.Actor, id string) (Procurement, error) {
	return s.read(ctx, actor, access.ReadProcurement, id)
}

func (s *Service) read(ctx context.Context, actor access.Actor, action access.Action, id string) (Procurement, error) {
	scope, err := access.ScopeFor(actor, action)
	if err != nil {
		return Procurement{}, err
	}
	p, err := s.Store.Procurement(ctx, id)
	if err != nil && !errors.Is(err, problem.ErrNotFound) {
		return Procurement{}, fmt.Errorf("read procurement: %w", err)
	}
	if err != nil || !scope.All && scope.Org != string(p.Agency) {
		return Procurement{}, problem.New(problem.NotFound, "procurement.not-found", nil)
	}
	return p, nil
}

// List gives the procurements of the actor's body, newest first.
func (s *Service) List(ctx context.Context, actor access.Actor, after string, limit int) ([]Procurement, error) {
	scope, err := access.ScopeFor(actor, access.ReadProcurement)
	if err != nil {
		return nil, err
	}
	out, err := s.Store.ProcurementsOf(ctx, organisation.Number(scope.Org), after, limit)
	if err != nil {
		return nil, fmt.Errorf("list procurements: %w", err)
	}
	return out, nil
}

// TenderData is everything a tender workbook or page shows.
type TenderData struct {
	Procurement Procurement
	Result      selection.Result
	Versions    []catalogue.Version
	Lines       []Line
	Comparison  Comparison
}

// Tender gathers a procurement's requirements, reasons, bidders and answers.
func (s *Service) Tender(ctx context.Context, actor access.Actor, id string) (TenderData, error) {
	return s.TenderAt(ctx, actor, id, time.Time{})
}

// TenderAt is Tender with the bidders' statuses and answers as they were at a
// moment; the zero time is now. What the body itself chose is as it is now.
func (s *Service) TenderAt(ctx context.Context, actor access.Actor, id string, at time.Time) (TenderData, error) {
	p, err := s.Get(ctx, actor, id)
	if err != nil {
		return TenderData{}, err
	}
	var t TenderData
	if t.Procurement, err = s.bind(p); err != nil {
		return TenderData{}, fmt.Errorf("select for procurement: %w", err)
	}
	if t.Versions, t.Result, err = s.selected(t.Procurement); err != nil {
		return TenderData{}, err
	}
	t.Lines = p.Lines(t.Result, t.Versions)
	responses, err := s.Store.ResponsesTo(ctx, id)
	if err != nil {
		return TenderData{}, fmt.Errorf("read responses: %w", err)
	}
	if !at.IsZero() {
		responses = slices.DeleteFunc(responses, func(r Response) bool { return r.ReceivedAt.After(at) })
	}
	for i := range responses {
		responses[i] = s.holding(responses[i], t)
	}
	statuses, err := s.statuses(ctx, actor, t.Procurement, at)
	if err != nil {
		return TenderData{}, err
	}
	t.Comparison = Compare(t.Lines, p.Bidders, statuses, responses).Until(p.ContractEnd)
	return t, nil
}

// statuses are those of each bidder's offering, for the sets in their order.
func (s *Service) statuses(ctx context.Context, actor access.Actor, p Procurement, at time.Time) (map[string][]status.Status, error) {
	all := make([][]status.Status, len(p.Bidders))
	reads, readCtx := errgroup.WithContext(ctx)
	reads.SetLimit(readsAtOnce)
	for i, b := range p.Bidders {
		if b.Offering == "" {
			continue
		}
		all[i] = make([]status.Status, len(p.Sets))
		for j, ref := range p.Sets {
			reads.Go(func() error {
				st, err := s.Facts.Status(readCtx, actor, b.Offering, ref.ID+"@"+ref.Version, at)
				if err != nil {
					return fmt.Errorf("status of bidder %s: %w", b.Supplier, err)
				}
				all[i][j] = st
				return nil
			})
		}
	}
	if err := reads.Wait(); err != nil {
		return nil, err
	}
	out := map[string][]status.Status{}
	for i, b := range p.Bidders {
		out[string(b.Supplier)] = append(out[string(b.Supplier)], all[i]...)
	}
	return out, nil
}

// Exported counts that the declarations of the bidders, or of the one given, were
// put into a file. Their suppliers are told how many procurements that was, long
// after the deadline, and never which.
func (s *Service) Exported(ctx context.Context, t TenderData, only organisation.Number) error {
	if s.Reuse == nil {
		return nil
	}
	var used []reuse.Declaration
	for _, b := range t.Comparison.Bidders {
		if only != "" && b.Bidder.Supplier != only {
			continue
		}
		for _, st := range b.Statuses {
			if st.Declaration != nil && counts(st.Overall) {
				used = append(used, reuse.Declaration{Attestation: st.Declaration.Digest, Supplier: st.Supplier})
			}
		}
	}
	if err := s.Reuse.Note(ctx, t.Procurement.ID, t.Procurement.Deadline, used); err != nil {
		return fmt.Errorf("procurement %s: %w", t.Procurement.ID, err)
	}
	return nil
}

// Comparison sets the bidders side by side.
func (s *Service) Comparison(ctx context.Context, actor access.Actor, id string) (Comparison, error) {
	t, err := s.Tender(ctx, actor, id)
	return t.Comparison, err
}

// AddResponse keeps what a bidder answered. Every answer must be to a
// requirement of the tender, the bidder must be one of its bidders, and the
// file must not be what another bidder's answers were read from.
func (s *Service) AddResponse(ctx context.Context, actor access.Actor, id string, r Response) (Response, error) {
	p, err := s.read(ctx, actor, access.WriteProcurement, id)
	if err != nil {
		return Response{}, err
	}
	t, err := s.Tender(ctx, actor, id)
	if err != nil {
		return Response{}, err
	}
	c := problem.Collector{Key: "response.invalid"}
	c.Check(slices.ContainsFunc(p.Bidders, func(b Bidder) bool { return b.Supplier == r.Supplier }), "supplier", "response.bidder", problem.Args{"Number": r.Supplier.Grouped()})
	c.Check(len(r.Answers) > 0, "answers", "response.empty", nil)
	c.Check(len(r.Answers) <= maxAnswers, "answers", "field.many", problem.Args{"Max": maxAnswers})
	seen := map[string]bool{}
	for _, a := range r.Answers[:min(len(r.Answers), maxAnswers)] {
		path := "answers[" + problem.Clip(a.Requirement) + "]"
		c.Check(slices.ContainsFunc(t.Lines, func(l Line) bool { return l.Requirement.ID == a.Requirement }), path, "response.requirement", problem.Args{"Requirement": problem.Clip(a.Requirement)})
		c.Check(!seen[a.Requirement], path, "answer.repeated", problem.Args{"Requirement": problem.Clip(a.Requirement)})
		seen[a.Requirement] = true
		c.Check(slices.Contains(attestation.AnswerStatuses(), a.Status), path+".status", "answer.status", problem.Args{"Value": problem.Clip(string(a.Status)), "Requirement": problem.Clip(a.Requirement)})
		c.Text(path+".statement", a.Statement, 0, maxStatement)
		c.Text(path+".deviation", a.Deviation, 0, maxStatement)
		c.Text(path+".evidenceRef", a.EvidenceRef, 0, maxStatement)
	}
	if err := s.otherFile(ctx, &c, p, r); err != nil {
		return Response{}, err
	}
	if err := c.Err(); err != nil {
		return Response{}, err
	}
	r.ID, r.Procurement, r.ReceivedAt, r.Sets = s.NewID(), id, s.now(), t.Procurement.Sets
	if err := s.Store.InsertResponse(ctx, r); err != nil {
		return Response{}, fmt.Errorf("save response: %w", err)
	}
	return r, nil
}

// otherFile checks that the answers of no other bidder stand on the same file:
// a workbook made for nobody in particular does not say whose it is, and the
// same one chosen twice would have two bidders answer alike. What a bidder has
// replaced since, and what bidders who are out have answered, is no hindrance.
func (s *Service) otherFile(ctx context.Context, c *problem.Collector, p Procurement, r Response) error {
	if r.SHA256 == "" {
		return nil
	}
	responses, err := s.Store.ResponsesTo(ctx, p.ID)
	if err != nil {
		return fmt.Errorf("read responses: %w", err)
	}
	files := map[organisation.Number]string{}
	for _, x := range responses { // oldest first
		files[x.Supplier] = x.SHA256
	}
	for _, b := range p.Bidders {
		c.Check(b.Supplier == r.Supplier || files[b.Supplier] != r.SHA256, "workbook", "response.same-file",
			problem.Args{"Number": r.Supplier.Grouped(), "Other": b.Supplier.Grouped()})
	}
	return nil
}
