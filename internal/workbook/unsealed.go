package workbook

import (
	"slices"
	"strings"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
)

// unsealed says what can be said of a workbook without a seal: whether the
// requirement texts are those released, and what its row map says they were.
// Whoever took the seal away can have altered everything else.
func (v *verifying) unsealed() error {
	if len(v.out.Checks) == 0 {
		v.check(CheckSealed, Unchecked, "no-seal", nil)
	}
	p, mapped := parsePayload([]byte(v.parts["payload"]))
	if mapped {
		v.out.Kind, v.out.Language, v.out.Procurement, v.out.MadeAt, v.out.Sets = p.Kind, p.Language, p.Procurement, p.GeneratedAt, p.Sets
		v.out.BaseURL, v.out.LogOrigin = p.BaseURL, p.LogOrigin
		if v.parts.sum("payload") != v.parts["payload-sha256"] {
			v.check(CheckReleased, Fails, "map-altered", nil)
		}
	}
	sets, unknown := v.releases(v.out.Sets)
	if !mapped && v.trust.Catalogue != nil { // any released text is better than none
		for _, s := range v.trust.Catalogue.Sets {
			sets = append(sets, v.trust.Catalogue.Versions(s.ID)...)
		}
	}
	texts := released(sets)
	tables, compared, wrong := 0, 0, 0
	for _, name := range v.file.GetSheetList() {
		s := v.sheets[name]
		if s == nil {
			continue
		}
		header, columns, ok := v.header(s.rows, kindTender)
		if !ok {
			continue
		}
		tables++
		for i := header; i < len(s.rows); i++ {
			id := cellAt(s.rows[i], columns[colID])
			now := cellAt(s.rows[i], columns[colRequirement])
			if id == "" || columns[colRequirement] < 1 {
				continue
			}
			q, official, altered := v.alteredText(p, texts[id], id, now)
			if !official {
				continue
			}
			compared++
			if !altered {
				continue
			}
			wrong++
			f := Finding{Class: ClassAltered, Sheet: name, Cell: at(columns[colRequirement], i+1), Row: id, Column: cellAt(s.rows[header-1], columns[colRequirement]), Now: now}
			if q.ID != "" {
				lang := v.out.Language
				if !known(lang) {
					lang = "nb"
				}
				f.Was, f.WasKnown = q.Title.In(lang)+"\n"+q.Text.In(lang), true
			}
			v.find(f)
		}
	}
	v.out.Compared = compared
	if !mapped && tables == 0 {
		return problem.New(problem.Invalid, "workbook.error.not-ours", nil)
	}
	switch {
	case wrong > 0:
		v.check(CheckReleased, Fails, "texts-other", problem.Args{"Count": wrong})
	case len(unknown) > 0:
		v.check(CheckReleased, Unchecked, "set-unknown", problem.Args{"Sets": strings.Join(unknown, ", ")})
	case compared > 0:
		v.check(CheckReleased, Holds, "", nil)
	}
	return nil
}

// alteredText holds a requirement's text against those released, and else
// against the row map. official is false when neither knows the requirement;
// the requirement has no id when only the map does.
func (v *verifying) alteredText(p *payload, texts []catalogue.Requirement, id, now string) (_ catalogue.Requirement, official, altered bool) {
	if len(texts) > 0 {
		same := slices.ContainsFunc(texts, func(q catalogue.Requirement) bool { return officialText(q, now) })
		return texts[len(texts)-1], true, !same
	}
	if p == nil {
		return catalogue.Requirement{}, false, false
	}
	i := slices.IndexFunc(p.Rows, func(r payloadRow) bool { return r.ID == id })
	if i < 0 || p.Rows[i].Text == "" {
		return catalogue.Requirement{}, false, false
	}
	return catalogue.Requirement{}, true, fingerprint(now) != p.Rows[i].Text
}
