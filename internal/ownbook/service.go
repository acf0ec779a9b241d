package ownbook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/workbook"
	"felleskrav/internal/workbook/own"
	"felleskrav/internal/workbook/patch"
)

// Procurements is what is asked of procurements: everything about one, for
// somebody of the body it belongs to, and to count whose declarations were used.
type Procurements interface {
	Tender(ctx context.Context, actor access.Actor, id string) (procurement.TenderData, error)
	Exported(ctx context.Context, t procurement.TenderData, only organisation.Number) error
}

// Service holds the rules.
type Service struct {
	Store        Store
	Procurements Procurements
	Catalogue    catalogue.Provider
	Texts        *locale.Bundle
	Limits       workbook.Limits
	Now          func() time.Time
	NewID        func() string

	once    sync.Once
	reading chan struct{} // one place for each file that is held in memory
}

// atOnce is how many files are read at the same time: one may take much memory.
const atOnce = 2

// turn waits for a place to read a file in. What it gives must be called.
func (s *Service) turn(ctx context.Context) (done func(), err error) {
	s.once.Do(func() { s.reading = make(chan struct{}, atOnce) })
	select {
	case s.reading <- struct{}{}:
		return func() { <-s.reading }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to read workbook: %w", ctx.Err())
	}
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// Upload is a file that somebody sends in. RetentionDays nil is the default.
type Upload struct {
	FileName      string
	RetentionDays *int
}

// View is a workbook as it is understood, with what must be asked.
type View struct {
	Workbook Workbook
	Tables   []TableView
}

// TableView is one table with suggestions, and what is decided about its rows.
type TableView struct {
	own.Table
	// Suggestions are by row, the best first.
	Suggestions map[int][]own.Match
	// Rows are the requirements that rows equal: decided for this file, or
	// remembered from one of the same template.
	Rows map[int]string
	// Decided tells that somebody has decided about this table in this file,
	// and Remembered that what is shown is from another of the same template.
	Decided, Remembered bool
}

// Add takes a file in. It is read at the door: one that is no workbook, could
// do harm or has too much in it is refused with the reason and not kept.
func (s *Service) Add(ctx context.Context, actor access.Actor, procurementID string, up Upload, r io.Reader) (View, error) {
	data, err := s.tender(ctx, actor, procurementID)
	if err != nil {
		return View{}, err
	}
	w := Workbook{
		ID: s.NewID(), Body: data.Procurement.Agency, Procurement: procurementID, By: actor.ID, FileName: up.FileName,
		RetentionDays: DefaultRetentionDays, CreatedAt: s.now(),
	}
	if up.RetentionDays != nil {
		w.RetentionDays = *up.RetentionDays
	}
	var c problem.Collector
	c.Line("name", w.FileName, 0, maxName)
	c.Check(w.RetentionDays >= 1 && w.RetentionDays <= MaxRetentionDays, "retention", "field.range", problem.Args{"Min": 1, "Max": MaxRetentionDays})
	if err := c.Err(); err != nil {
		return View{}, err
	}
	have, err := s.Store.OwnWorkbooksOf(ctx, procurementID, MaxKept)
	if err != nil {
		return View{}, fmt.Errorf("list workbooks: %w", err)
	}
	if len(have) >= MaxKept {
		return View{}, problem.New(problem.Refused, "ownbook.many", problem.Args{"Max": MaxKept})
	}
	file, err := io.ReadAll(io.LimitReader(r, s.Limits.MaxBytes+1))
	if err != nil {
		return View{}, fmt.Errorf("receive workbook: %w", err)
	}
	done, err := s.turn(ctx)
	if err != nil {
		return View{}, err
	}
	view, err := s.view(ctx, w, data, file)
	done()
	if err != nil {
		return View{}, err
	}
	sum := sha256.Sum256(file)
	w.Size, w.SHA256 = int64(len(file)), hex.EncodeToString(sum[:])
	// The document first: the sweep finds documents, and with them files that
	// nobody was told are there.
	w.Receiving, w.KeepUntil = true, s.now().Add(receiving)
	if err := s.Store.InsertOwnWorkbook(ctx, w); err != nil {
		return View{}, fmt.Errorf("save workbook: %w", err)
	}
	if _, err := s.Store.PutKeptFile(ctx, w.fileKey(), bytes.NewReader(file)); err != nil {
		return View{}, fmt.Errorf("save workbook: %w", err)
	}
	view.Workbook, err = s.update(ctx, w.ID, func(w Workbook) (Workbook, error) {
		w.Receiving = false
		return s.kept(w), nil
	})
	return view, err
}

// receiving is how long a file may take to be stored.
const receiving = time.Hour

// update changes a workbook that may have been removed in the meantime.
func (s *Service) update(ctx context.Context, id string, change func(Workbook) (Workbook, error)) (Workbook, error) {
	w, err := s.Store.UpdateOwnWorkbook(ctx, id, change)
	if errors.Is(err, problem.ErrNotFound) {
		return w, problem.New(problem.NotFound, "ownbook.not-found", nil)
	}
	if err != nil {
		return w, fmt.Errorf("save workbook: %w", err)
	}
	return w, nil
}

// kept says anew how long a workbook is kept, from now.
func (s *Service) kept(w Workbook) Workbook {
	w.KeepUntil = s.now().Add(time.Duration(w.RetentionDays) * 24 * time.Hour)
	return w
}

// tender reads a procurement for somebody who may change it.
func (s *Service) tender(ctx context.Context, actor access.Actor, id string) (procurement.TenderData, error) {
	data, err := s.Procurements.Tender(ctx, actor, id)
	if err != nil {
		return procurement.TenderData{}, err
	}
	return data, access.Check(actor, access.WriteProcurement, string(data.Procurement.Agency))
}

// read finds a workbook of a procurement of the actor's own. Those of others
// are not found.
func (s *Service) read(ctx context.Context, actor access.Actor, procurementID, id string) (Workbook, procurement.TenderData, error) {
	data, err := s.tender(ctx, actor, procurementID)
	if err != nil {
		return Workbook{}, data, err
	}
	w, err := s.Store.OwnWorkbook(ctx, id)
	if err != nil && !errors.Is(err, problem.ErrNotFound) {
		return Workbook{}, data, fmt.Errorf("read workbook: %w", err)
	}
	if err != nil || w.Procurement != procurementID || w.Body != data.Procurement.Agency || !s.shown(w) {
		return Workbook{}, data, problem.New(problem.NotFound, "ownbook.not-found", nil)
	}
	return w, data, nil
}

// shown reports whether anybody may see a workbook: it is whole, and its time
// is not up.
func (s *Service) shown(w Workbook) bool { return !w.Receiving && s.now().Before(w.KeepUntil) }

// List gives the workbooks of a procurement, newest first.
func (s *Service) List(ctx context.Context, actor access.Actor, procurementID string) ([]Workbook, error) {
	if _, err := s.tender(ctx, actor, procurementID); err != nil {
		return nil, err
	}
	all, err := s.Store.OwnWorkbooksOf(ctx, procurementID, MaxKept)
	if err != nil {
		return nil, fmt.Errorf("list workbooks: %w", err)
	}
	return slices.DeleteFunc(all, func(w Workbook) bool { return !s.shown(w) }), nil
}

// Get reads a workbook and what it was understood as.
func (s *Service) Get(ctx context.Context, actor access.Actor, procurementID, id string) (View, error) {
	w, data, err := s.read(ctx, actor, procurementID, id)
	if err != nil {
		return View{}, err
	}
	done, err := s.turn(ctx)
	if err != nil {
		return View{}, err
	}
	defer done()
	file, err := s.file(ctx, w)
	if err != nil {
		return View{}, err
	}
	return s.view(ctx, w, data, file)
}

func (s *Service) file(ctx context.Context, w Workbook) ([]byte, error) {
	r, _, err := s.Store.OpenKeptFile(ctx, w.fileKey())
	if errors.Is(err, problem.ErrNotFound) {
		return nil, problem.New(problem.NotFound, "ownbook.not-found", nil)
	}
	if err != nil {
		return nil, fmt.Errorf("open workbook: %w", err)
	}
	data, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read workbook: %w", err)
	}
	return data, nil
}

// open holds a file against the limits and opens it.
func (s *Service) open(file []byte) (*patch.File, error) {
	r := bytes.NewReader(file)
	if err := workbook.CheckArchive(r, int64(len(file)), s.Limits); err != nil {
		return nil, err
	}
	f, err := patch.Open(r, int64(len(file)))
	return f, own.Problem(err)
}

// view reads the tables of a file with what is decided about them.
func (s *Service) view(ctx context.Context, w Workbook, data procurement.TenderData, file []byte) (View, error) {
	f, err := s.open(file)
	if err != nil {
		return View{}, err
	}
	out := View{Workbook: w}
	found, err := own.Decided(f, w.Decisions)
	if err != nil {
		return View{}, own.Problem(err)
	}
	decisions, remembered, err := s.remember(ctx, w, found)
	if err != nil {
		return View{}, err
	}
	if len(remembered) > 0 {
		if found, err = own.Decided(f, decisions); err != nil {
			return View{}, own.Problem(err)
		}
	}
	known := asked(data)
	m := own.NewMatcher(requirements(data))
	for _, t := range found {
		v := TableView{Table: t, Suggestions: map[int][]own.Match{}, Rows: map[int]string{}, Remembered: remembered[key(t)]}
		v.Decided = slices.ContainsFunc(w.Decisions, func(d own.Decision) bool { return keyOf(d) == key(t) })
		for _, x := range m.Suggest(t) {
			v.Suggestions[x.Row] = append(v.Suggestions[x.Row], x)
		}
		for _, d := range decisions {
			if d.Sheet != t.Sheet || d.Header != t.Header[len(t.Header)-1] {
				continue
			}
			for row, requirement := range d.Rows {
				if known[requirement] { // the tender may have lost it since
					v.Rows[row] = requirement
				}
			}
		}
		out.Tables = append(out.Tables, v)
	}
	return out, nil
}

// requirements are those of the tender, as they were released.
func requirements(data procurement.TenderData) []catalogue.Requirement {
	out := make([]catalogue.Requirement, len(data.Lines))
	for i, l := range data.Lines {
		out[i] = l.Requirement
	}
	return out
}

// Remove deletes a workbook before its time.
func (s *Service) Remove(ctx context.Context, actor access.Actor, procurementID, id string) error {
	w, _, err := s.read(ctx, actor, procurementID, id)
	if err != nil {
		return err
	}
	return s.remove(ctx, w)
}

// remove deletes the document last: until then the sweep finds what is left.
func (s *Service) remove(ctx context.Context, w Workbook) error {
	if err := s.Store.RemoveKeptFile(ctx, w.fileKey()); err != nil {
		return fmt.Errorf("remove workbook: %w", err)
	}
	if err := s.Store.RemoveOwnWorkbook(ctx, w.ID); err != nil {
		return fmt.Errorf("remove workbook: %w", err)
	}
	return nil
}

// sweepAtOnce is how many workbooks one sweep deletes.
const sweepAtOnce = 500

// Sweep deletes the workbooks that have been kept for long enough and says how
// many they were.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	due, err := s.Store.DueOwnWorkbooks(ctx, s.now(), sweepAtOnce)
	if err != nil {
		return 0, fmt.Errorf("list workbooks to delete: %w", err)
	}
	var errs []error
	n := 0
	for _, w := range due {
		if err := s.remove(ctx, w); err != nil {
			errs = append(errs, err)
			continue
		}
		n++
	}
	return n, errors.Join(errs...)
}
