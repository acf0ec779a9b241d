package catalogue

import (
	"cmp"
	"slices"
	"strings"
)

// Framework is another framework that measures and requirements refer to by id.
type Framework string

// The frameworks, by the key that the content files have for them.
const (
	FrameworkNSM      Framework = "nsm"
	FrameworkISO27001 Framework = "iso27001"
	FrameworkISO27002 Framework = "iso27002"
	FrameworkCCM      Framework = "ccm"
	FrameworkC5       Framework = "c5"
	FrameworkCSF      Framework = "csf"
	FrameworkGDPR     Framework = "gdpr"
	FrameworkDFO      Framework = "dfo"
	FrameworkLaw      Framework = "law"
)

// Frameworks lists them in display order.
func Frameworks() []Framework {
	return []Framework{
		FrameworkNSM, FrameworkISO27001, FrameworkISO27002, FrameworkCCM, FrameworkC5, FrameworkCSF, FrameworkGDPR, FrameworkDFO, FrameworkLaw,
	}
}

// Of gives the ids that a crosswalk has of a framework; law is no part of it.
func (x Crosswalk) Of(f Framework) []string {
	switch f {
	case FrameworkNSM:
		return x.NSM
	case FrameworkISO27001:
		return x.ISO27001
	case FrameworkISO27002:
		return x.ISO27002
	case FrameworkCCM:
		return x.CCM
	case FrameworkC5:
		return x.C5
	case FrameworkCSF:
		return x.CSF
	case FrameworkGDPR:
		return x.GDPR
	case FrameworkDFO:
		return x.DFO
	default:
		return nil
	}
}

// ids gives what a measure refers to of a framework.
func (m Measure) ids(f Framework) []string {
	switch f {
	case FrameworkNSM:
		return m.NSM
	case FrameworkISO27002:
		return m.ISO27002
	default:
		return nil
	}
}

// Crosswalk lists what the content refers to of a framework, in the order of
// the framework, each with the measures and requirements that refer to it
// themselves. Of NSM's Grunnprinsipper it is every measure, also those that
// nothing refers to, with the reason.
func (c *Catalogue) Crosswalk(f Framework) []Covered {
	rows := map[string]*Covered{}
	var order []string
	row := func(source, id string) *Covered {
		key := source + " " + id
		if rows[key] == nil {
			rows[key] = &Covered{Source: source, ID: id}
			order = append(order, key)
		}
		return rows[key]
	}
	if f == FrameworkNSM {
		for _, r := range c.CoverageOfNSM() {
			row("", r.ID).Reason = r.Reason
		}
	}
	for _, m := range c.Measures {
		for _, id := range m.ids(f) {
			r := row("", id)
			r.Measures = append(r.Measures, m.ID)
		}
		if f == FrameworkLaw {
			for _, l := range m.Law {
				r := row(l.Source, l.Section)
				r.Measures = append(r.Measures, m.ID)
			}
		}
	}
	for _, q := range c.Requirements() {
		for _, id := range q.Crosswalk.Of(f) {
			r := row("", id)
			r.Requirements = append(r.Requirements, q.ID)
		}
		if f == FrameworkLaw {
			for _, l := range q.Law {
				r := row(l.Source, l.Section)
				r.Requirements = append(r.Requirements, q.ID)
			}
		}
	}
	slices.SortFunc(order, naturally)
	out := make([]Covered, len(order))
	for i, key := range order {
		out[i] = *rows[key]
		slices.Sort(out[i].Measures)
		slices.Sort(out[i].Requirements)
	}
	return out
}

// RefersTo reports whether the content refers to anything of a framework.
func (c *Catalogue) RefersTo(f Framework) bool {
	law := f == FrameworkLaw
	return slices.ContainsFunc(c.Measures, func(m Measure) bool { return len(m.ids(f)) > 0 || law && len(m.Law) > 0 }) ||
		slices.ContainsFunc(c.Requirements(), func(r Requirement) bool { return len(r.Crosswalk.Of(f)) > 0 || law && len(r.Law) > 0 })
}

// naturally orders ids as people do: 5.9 before 5.10.
func naturally(a, b string) int {
	for a != "" && b != "" {
		x, y := leadingNumber(a), leadingNumber(b)
		if x != "" && y != "" {
			tx, ty := strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			if d := cmp.Or(cmp.Compare(len(tx), len(ty)), cmp.Compare(tx, ty)); d != 0 {
				return d
			}
			a, b = a[len(x):], b[len(y):]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func leadingNumber(s string) string {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}
