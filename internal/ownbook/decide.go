package ownbook

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/procurement"
	"felleskrav/internal/workbook/own"
	"felleskrav/internal/workbook/patch"
)

// tableKey says which table of a file.
type tableKey struct {
	sheet  string
	header int
}

func key(t own.Table) tableKey { return tableKey{t.Sheet, t.Header[len(t.Header)-1]} }

func keyOf(d own.Decision) tableKey { return tableKey{d.Sheet, d.Header} }

// remember adds to what is decided about this file what the body has decided
// about the same templates before. Nothing remembered goes before a decision
// about this file.
func (s *Service) remember(ctx context.Context, w Workbook, found []own.Table) ([]own.Decision, map[tableKey]bool, error) {
	decisions := slices.Clone(w.Decisions)
	remembered := map[tableKey]bool{}
	for _, t := range found {
		if slices.ContainsFunc(decisions, func(d own.Decision) bool { return keyOf(d) == key(t) }) {
			continue
		}
		m, err := s.Store.OwnMapping(ctx, w.Body, t.Template())
		if errors.Is(err, problem.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read mapping: %w", err)
		}
		d := own.Decision{Sheet: t.Sheet, Header: key(t).header, Columns: map[int]own.Role{}, Codes: m.Codes, Rows: map[int]string{}}
		for i, c := range t.Columns {
			if role, decided := m.Columns[i]; decided {
				d.Columns[c.Col] = role
			}
		}
		for _, l := range t.Lines {
			if r := m.Rows[l.Fingerprint()]; r != "" {
				d.Rows[l.Row] = r
			}
		}
		remembered[key(t)] = true
		decisions = append(decisions, d)
	}
	return decisions, remembered, nil
}

// Decide keeps what people said about the tables of a workbook, for this file
// and for the next one of the same template. rev is the revision it was said
// about; 0 means whatever is there.
func (s *Service) Decide(ctx context.Context, actor access.Actor, procurementID, id string, decisions []own.Decision, rev int64) (View, error) {
	w, data, err := s.read(ctx, actor, procurementID, id)
	if err != nil {
		return View{}, err
	}
	if err := check(decisions, w.Decisions, asked(data)); err != nil {
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
	w.Decisions = decisions
	view, err := s.view(ctx, w, data, file)
	if err != nil {
		return View{}, err
	}
	saved, err := s.update(ctx, id, func(w Workbook) (Workbook, error) {
		if rev != 0 && w.Rev != rev {
			return Workbook{}, problem.New(problem.Stale, "ownbook.stale", nil)
		}
		w.Decisions = decisions
		return s.kept(w), nil
	})
	if err != nil {
		return View{}, err
	}
	view.Workbook = saved
	for _, t := range view.Tables {
		i := slices.IndexFunc(decisions, func(d own.Decision) bool { return keyOf(d) == key(t.Table) })
		if i < 0 {
			continue
		}
		if err := s.keepMapping(ctx, w.Body, t.Table, decisions[i], asked(data)); err != nil {
			return View{}, err
		}
	}
	return view, nil
}

// keepMapping adds a decision to what is remembered of its template. What is
// remembered of rows and codes that this table does not have stays: they stand
// in another table or file of the same template. So do rows that equal what is
// not asked in this procurement: nobody was shown that.
func (s *Service) keepMapping(ctx context.Context, body organisation.Number, t own.Table, d own.Decision, asked map[string]bool) error {
	m, err := s.Store.OwnMapping(ctx, body, t.Template())
	if err != nil && !errors.Is(err, problem.ErrNotFound) {
		return fmt.Errorf("read mapping: %w", err)
	}
	m.Body, m.Template, m.UpdatedAt = body, t.Template(), s.now()
	m.Columns, m.Codes, m.Rows = orNew(m.Columns), orNew(m.Codes), orNew(m.Rows)
	for i, c := range t.Columns {
		delete(m.Columns, i)
		if role, decided := d.Columns[c.Col]; decided {
			m.Columns[i] = role
		}
	}
	for _, c := range t.Codes {
		delete(m.Codes, c.Value)
		if meaning, decided := d.Codes[c.Value]; decided && len(m.Codes) < maxCodes {
			m.Codes[c.Value] = meaning
		}
	}
	for _, l := range t.Lines {
		if asked[m.Rows[l.Fingerprint()]] {
			delete(m.Rows, l.Fingerprint())
		}
	}
	for _, l := range t.Lines {
		if r := d.Rows[l.Row]; r != "" && len(m.Rows) < maxRows {
			m.Rows[l.Fingerprint()] = r
		}
	}
	if err := s.Store.PutOwnMapping(ctx, m); err != nil {
		return fmt.Errorf("save mapping: %w", err)
	}
	return nil
}

func orNew[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return m
}

// asked are the requirements of the tender.
func asked(data procurement.TenderData) map[string]bool {
	out := map[string]bool{}
	for _, l := range data.Lines {
		out[l.Requirement.ID] = true
	}
	return out
}

// check holds decisions against what there is to decide. What was decided before
// may stay: the tender may have lost a requirement since, and get it back.
func check(decisions, before []own.Decision, asked map[string]bool) error {
	c := problem.Collector{Key: "ownbook.invalid"}
	c.Check(len(decisions) <= maxDecisions, "decisions", "field.many", problem.Args{"Max": maxDecisions})
	was := func(d own.Decision, row int) bool {
		return slices.ContainsFunc(before, func(b own.Decision) bool { return keyOf(b) == keyOf(d) && b.Rows[row] == d.Rows[row] })
	}
	seen := map[tableKey]bool{}
	for i, d := range decisions[:min(len(decisions), maxDecisions)] {
		path := fmt.Sprintf("decisions[%d]", i)
		c.Line(path+".sheet", d.Sheet, 1, maxName)
		c.Check(d.Header >= 1 && d.Header <= patch.MaxRow, path+".header", "field.range", problem.Args{"Min": 1, "Max": patch.MaxRow})
		c.Check(!seen[keyOf(d)], path, "ownbook.repeated", problem.Args{"Sheet": problem.Clip(d.Sheet), "Row": d.Header})
		seen[keyOf(d)] = true
		c.Check(len(d.Columns) <= maxColumns, path+".columns", "field.many", problem.Args{"Max": maxColumns})
		c.Check(len(d.Codes) <= maxCodes, path+".codes", "field.many", problem.Args{"Max": maxCodes})
		c.Check(len(d.Rows) <= maxRows, path+".rows", "field.many", problem.Args{"Max": maxRows})
		roles := map[own.Role]bool{}
		for _, col := range slices.Sorted(maps.Keys(d.Columns)) {
			role := d.Columns[col]
			at := fmt.Sprintf("%s.columns[%d]", path, col)
			if col < 1 || col > patch.MaxColumn {
				c.Add(at, "field.range", problem.Args{"Min": 1, "Max": patch.MaxColumn})
				continue
			}
			c.Check(role == "" || slices.Contains(own.Roles(), role), at, "field.unknown", problem.Args{"Value": problem.Clip(string(role))})
			c.Check(role == "" || !roles[role], at, "ownbook.role-twice", problem.Args{"Column": patch.ColumnName(col)})
			roles[role] = true
		}
		for _, value := range slices.Sorted(maps.Keys(d.Codes)) {
			c.Check(slices.Contains(own.Meanings(), d.Codes[value]), path+".codes["+problem.Clip(value)+"]", "field.unknown", problem.Args{"Value": problem.Clip(string(d.Codes[value]))})
		}
		for _, row := range slices.Sorted(maps.Keys(d.Rows)) {
			c.Check(row >= 1 && row <= patch.MaxRow, fmt.Sprintf("%s.rows[%d]", path, row), "field.range", problem.Args{"Min": 1, "Max": patch.MaxRow})
			c.Check(d.Rows[row] == "" || asked[d.Rows[row]] || was(d, row), fmt.Sprintf("%s.rows[%d]", path, row), "procurement.choice", problem.Args{"Requirement": problem.Clip(d.Rows[row])})
		}
	}
	return c.Err()
}
