package procurement

import (
	"context"
	"fmt"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
)

// IssuedWorkbook is a workbook that was made of a procurement. The file itself
// is not kept: its digest tells later whether a file is that one.
type IssuedWorkbook struct {
	// ID is a UUIDv7.
	ID          string    `json:"id"`
	Procurement string    `json:"procurement"`
	At          time.Time `json:"at"`
	// By is the id of the actor who had it made.
	By string `json:"by"`
	// ToBidders tells that it is the copy to send out.
	ToBidders bool `json:"toBidders,omitempty"`
	// Bidder is set when one bidder's signed answers are filled in.
	Bidder organisation.Number `json:"bidder,omitempty"`
	Format string              `json:"format"`
	// SHA256 is the digest of the file; "" when it was sent as it was written.
	SHA256 string `json:"sha256,omitempty"`
}

// listedWorkbooks is how many issued workbooks are listed.
const listedWorkbooks = 1000

// Issue notes that a workbook is made of what was gathered for it, and counts
// the declarations whose answers stand in it as used. A workbook filled in for
// one bidder is for that bidder.
func (s *Service) Issue(ctx context.Context, actor access.Actor, t TenderData, w IssuedWorkbook) error {
	if _, err := s.read(ctx, actor, access.ReadProcurement, t.Procurement.ID); err != nil {
		return err
	}
	w.ID, w.Procurement, w.By = s.NewID(), t.Procurement.ID, actor.ID
	bare := w.ToBidders // a copy without any bidder's answers
	w.ToBidders = w.ToBidders || w.Bidder != ""
	if !bare {
		if err := s.Exported(ctx, t, w.Bidder); err != nil {
			return err
		}
	}
	if err := s.Store.InsertIssuedWorkbook(ctx, w); err != nil {
		return fmt.Errorf("note issued workbook: %w", err)
	}
	return nil
}

// Issued lists the workbooks made of a procurement, the newest first and at most
// a thousand.
func (s *Service) Issued(ctx context.Context, actor access.Actor, id string) ([]IssuedWorkbook, error) {
	if _, err := s.read(ctx, actor, access.ReadProcurement, id); err != nil {
		return nil, err
	}
	return s.issued(ctx, id)
}

// issued is Issued for who has been let in.
func (s *Service) issued(ctx context.Context, id string) ([]IssuedWorkbook, error) {
	out, err := s.Store.IssuedWorkbooks(ctx, id, listedWorkbooks)
	if err != nil {
		return nil, fmt.Errorf("list issued workbooks: %w", err)
	}
	return out, nil
}

// lastTo finds when a bidder was last sent a workbook: one for all, or its own.
func lastTo(issued []IssuedWorkbook, n organisation.Number) (time.Time, bool) {
	for _, w := range issued {
		if w.ToBidders && (w.Bidder == "" || w.Bidder == n) {
			return w.At, true
		}
	}
	return time.Time{}, false
}
