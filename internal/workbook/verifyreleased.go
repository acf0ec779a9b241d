package workbook

import (
	"slices"
	"strings"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
)

// releases are the set versions that a workbook names, as far as the catalogue
// knows them by the very digest.
func (v *verifying) releases(sets []SetRef) (known []catalogue.Version, unknown []string) {
	for _, ref := range sets {
		version, ok := catalogue.Version{}, false
		if v.trust.Catalogue != nil && ref.Version != "" {
			version, ok = v.trust.Catalogue.Version(ref.ID, ref.Version)
		}
		if ok && version.Digest == ref.Digest {
			known = append(known, version)
			continue
		}
		unknown = append(unknown, clip(oneLine(ref.ID+"@"+ref.Version), 80))
	}
	return known, unknown
}

// checkReleased holds the requirement texts against those released, whatever
// the seal says they were.
func (v *verifying) checkReleased() {
	sets, unknown := v.releases(v.seal.Sets)
	known, compared, wrong := released(sets), 0, 0
	for i, l := range v.layouts {
		if l == nil {
			continue
		}
		roles := v.roles(i)
		id, hasID := roles[colID]
		col, hasText := roles[colRequirement]
		_, table := roles[colMet]
		if !hasID || !hasText || !table || col >= len(l.cols) {
			continue
		}
		for r, row := range l.rows {
			s := v.seal.Sheets[i]
			if s.Rows[r].Row <= s.Header || row < 0 || l.cols[col] < 0 || id >= len(s.Rows[r].Cells) || col >= len(s.Rows[r].Cells) {
				continue
			}
			requirement, _ := v.seal.text(s.Rows[r].Cells[id])
			texts := known[requirement]
			if len(texts) == 0 {
				continue
			}
			compared++
			now := l.now.cell(row, l.cols[col])
			if slices.ContainsFunc(texts, func(q catalogue.Requirement) bool { return officialText(q, now) }) {
				continue
			}
			q := texts[0]
			was := q.Title.In(v.seal.Language) + "\n" + q.Text.In(v.seal.Language)
			if j := v.told(i, r, col); j >= 0 {
				v.out.Findings[j].Was, v.out.Findings[j].WasKnown = clip(was, shown), true
				continue
			}
			wrong++
			f := v.finding(ClassNotReleased, i, r, col)
			f.Cell, f.Was, f.WasKnown, f.Now = at(l.cols[col]+1, row+1), was, true, now
			v.find(f)
		}
	}
	switch {
	case wrong > 0:
		v.check(CheckReleased, Fails, "texts-other", problem.Args{"Count": wrong})
	case len(unknown) > 0:
		v.check(CheckReleased, Unchecked, "set-unknown", problem.Args{"Sets": strings.Join(unknown, ", ")})
	case compared > 0:
		v.check(CheckReleased, Holds, "", nil)
	}
}

// released are requirements by id, in every version of them.
func released(sets []catalogue.Version) map[string][]catalogue.Requirement {
	out := map[string][]catalogue.Requirement{}
	for _, s := range sets {
		for _, q := range s.Requirements {
			out[q.ID] = append(out[q.ID], q)
		}
	}
	return out
}

// officialText reports whether a cell holds a requirement's title and text in
// some language.
func officialText(q catalogue.Requirement, cell string) bool {
	for _, lang := range locale.Languages() {
		if foldSpace(cell) == foldSpace(q.Title.In(lang)+"\n"+q.Text.In(lang)) {
			return true
		}
	}
	return false
}

// told finds the finding that there is about a cell already.
func (v *verifying) told(sheet, row, col int) int {
	return slices.IndexFunc(v.out.Findings, func(f Finding) bool {
		return f.Class.Alteration() && f.sheet == sheet && f.row == row && f.col == col
	})
}

// recall finds out what altered cells held where the seal has a digest only:
// texts of the released sets, of the measures and of workbooks themselves.
func (v *verifying) recall() {
	var texts map[string]string
	for i := range v.out.Findings {
		f := &v.out.Findings[i]
		if f.WasKnown || f.row < 0 || f.sheet >= len(v.seal.Sheets) || f.row >= len(v.seal.Sheets[f.sheet].Rows) {
			continue
		}
		cells := v.seal.Sheets[f.sheet].Rows[f.row].Cells
		if f.col >= len(cells) {
			continue
		}
		place := cells[f.col]
		if place < 0 {
			place = -1 - place
		}
		if place == 0 {
			continue
		}
		digest, ok := v.seal.Texts[place-1].(string)
		if !ok || digest[0] != '#' {
			continue
		}
		if texts == nil {
			texts = v.longTexts()
		}
		if was, ok := texts[digest]; ok {
			f.Was, f.WasKnown = clip(was, shown), true
		}
	}
}

// longTexts are the official texts that are known here, by their digests.
func (v *verifying) longTexts() map[string]string {
	out := map[string]string{}
	lang := v.seal.Language
	t := v.texts.In(lang)
	add := func(s string) {
		if folded := foldSpace(s); len(folded) > verbatim {
			out[cellDigest(folded)] = s
		}
	}
	names := newNames(v.trust.Catalogue, t)
	sets, _ := v.releases(v.seal.Sets)
	for _, s := range sets {
		for _, q := range s.Requirements {
			add(q.Title.In(lang) + "\n" + q.Text.In(lang))
			add(names.evidence(q.Evidence) + "\n" + q.Verify.In(lang))
			add(names.evidence(q.Evidence))
			add(q.Verify.In(lang))
		}
	}
	for _, m := range names.measures {
		add(m.Title.In(lang) + "\n" + m.Text.In(lang))
	}
	for _, k := range v.texts.Keys(lang) {
		if strings.HasPrefix(k, "workbook.") {
			add(t.T(k))
		}
	}
	return out
}
