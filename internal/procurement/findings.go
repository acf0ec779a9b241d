package procurement

import (
	"cmp"
	"slices"

	"felleskrav/internal/status"
)

// Gap is a requirement that one or more bidders do not meet.
type Gap struct {
	// Line is the comparison's own.
	Line *Line
	// Bidders are the places of those who do not meet it, and Cells their
	// answers.
	Bidders []int
	Cells   []Cell
	// Nobody tells that no bidder meets it.
	Nobody bool
}

// Gaps lists the requirements that somebody does not meet: minimum requirements
// first, and among them and the others those nobody meets; beyond that in the
// order of the tender.
func (c Comparison) Gaps() []Gap {
	var out []Gap
	for i := range c.Rows {
		r := &c.Rows[i]
		g := Gap{Line: &r.Line}
		for b, x := range r.Cells {
			if !x.Meets() {
				g.Bidders, g.Cells = append(g.Bidders, b), append(g.Cells, x)
			}
		}
		if len(g.Bidders) == 0 {
			continue
		}
		g.Nobody = len(g.Bidders) == len(r.Cells)
		out = append(out, g)
	}
	slices.SortStableFunc(out, func(a, b Gap) int {
		return cmp.Or(later(a.Line.Type == TypeA, b.Line.Type == TypeA), later(a.Nobody, b.Nobody))
	})
	return out
}

// later orders true before false.
func later(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

// Deviation is an answer in a bid with a stated deviation, or another answer
// than the bidder has signed in its declaration, or both.
type Deviation struct {
	// Line and Cell are the comparison's own: there can be thousands.
	Line *Line
	// Bidder is the place of the bidder.
	Bidder int
	Cell   *Cell
}

// Deviations lists them bidder by bidder, each bidder's in the order of the
// tender.
func (c Comparison) Deviations() []Deviation {
	var out []Deviation
	for b := range c.Bidders {
		for i := range c.Rows {
			r := &c.Rows[i]
			if x := &r.Cells[b]; x.Contradicts || x.Deviation != "" {
				out = append(out, Deviation{&r.Line, b, x})
			}
		}
	}
	return out
}

// Overall is the worst of the statuses of the bidder's declarations; missing
// without any.
func (b ComparedBidder) Overall() status.Overall {
	worst := status.Missing
	for i, s := range b.Statuses {
		if i == 0 || worse(s.Overall, worst) {
			worst = s.Overall
		}
	}
	return worst
}

// Chain lists the bidder's sub-suppliers, each once, with the worst status it
// has for any set of the procurement.
func (b ComparedBidder) Chain() []status.Link {
	var out []status.Link
	for _, s := range b.Statuses {
		for _, l := range s.Chain {
			i := slices.IndexFunc(out, func(x status.Link) bool { return x.Name == l.Name && x.Number == l.Number && x.Offering == l.Offering })
			switch {
			case i < 0:
				out = append(out, l)
			case worse(l.Overall, out[i].Overall):
				out[i] = l
			}
		}
	}
	return out
}

// Weakest is the weakest link of the bidder's chain over all sets; nil when no
// link is weaker than the declaration it stands behind.
func (b ComparedBidder) Weakest() *status.Link {
	var out *status.Link
	for _, s := range b.Statuses {
		if s.Weakest != nil && (out == nil || worse(s.Weakest.Overall, out.Overall)) {
			out = s.Weakest
		}
	}
	return out
}

// worse reports whether status a is worse than b.
func worse(a, b status.Overall) bool {
	all := status.Overalls()
	return slices.Index(all, a) > slices.Index(all, b)
}
