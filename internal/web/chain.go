package web

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"felleskrav/internal/locale"
	"felleskrav/internal/status"
)

// chain is a drawing of an offering and those it depends on, from the top down,
// as SVG. A table with the same stands below it.
type chain struct {
	Title, Description string
	Width, Height      int
	Nodes              []chainNode
	// Left is how many sub-suppliers are in the table only.
	Left int
}

type chainNode struct {
	X, Y, Width, Height int
	// Line leads from the node above; "" at the top.
	Line string
	// Class is the colour, and Symbol the icon that stands for the same.
	Class, Symbol string
	IconX, IconY  int
	TextX         int
	NameY, WordY  int
	Name, Word    string
	// Weakest marks the weakest link.
	Weakest bool
}

const (
	chainWidth = 440
	nodeHeight = 52
	nodeGap    = 14
	nodeIndent = 28
	// shownNodes is how many sub-suppliers the drawing has, the weakest first.
	shownNodes = 12
)

// newChain draws the offering of a status with its sub-suppliers, the weakest
// first, and below each the way down to what makes it weak.
func newChain(t *locale.Texts, s status.Status) chain {
	c := chain{Title: t.T("page.status.chain-drawing", "Name", s.OfferingName), Width: chainWidth}
	links := weakestFirst(s.Chain)
	if len(links) > shownNodes {
		c.Left = len(links) - shownNodes
		links = links[:shownNodes]
	}
	var said []string
	c.node(t, 0, -1, s.OfferingName, s.Overall, false)
	said = append(said, t.T("page.status.chain-node", "Name", s.OfferingName, "Status", termWord(t, s.Overall)))
	for i := range links {
		l := &links[i]
		weakest := s.Weakest != nil && l.Name == s.Weakest.Name && l.Offering == s.Weakest.Offering && l.Overall == s.Weakest.Overall && l.Purpose == s.Weakest.Purpose
		path := l.Path
		if len(path) == 0 {
			path = []string{l.Name}
		}
		above := 0
		for depth, name := range path {
			if depth < len(path)-1 {
				above = c.node(t, depth+1, above, name, "", false)
				continue
			}
			above = c.node(t, depth+1, above, name, l.Overall, weakest)
		}
		line := t.T("page.status.chain-node", "Name", strings.Join(path, " → "), "Status", termWord(t, l.Overall))
		if weakest {
			line += " (" + t.T("page.status.weakest") + ")"
		}
		said = append(said, line)
	}
	c.Height = len(c.Nodes)*(nodeHeight+nodeGap) - nodeGap + 2
	c.Description = strings.Join(said, ". ") + "."
	return c
}

func termWord(t *locale.Texts, o status.Overall) string { return t.T(termKey("status", o)) }

// weakestFirst orders the links of a chain, the weakest first.
func weakestFirst(links []status.Link) []status.Link {
	order := status.Overalls()
	out := slices.Clone(links)
	slices.SortStableFunc(out, func(a, b status.Link) int {
		return slices.Index(order, b.Overall) - slices.Index(order, a.Overall)
	})
	return out
}

// node adds a node below another one, and returns its place. One without a
// status is on the way to one that has.
func (c *chain) node(t *locale.Texts, depth, above int, name string, o status.Overall, weakest bool) int {
	x, y := min(depth, 5)*nodeIndent+1, len(c.Nodes)*(nodeHeight+nodeGap)+1
	n := chainNode{
		X: x, Y: y, Width: chainWidth - x - 1, Height: nodeHeight, Class: colour(o), Symbol: symbol(o), Weakest: weakest,
		IconX: x + 12, IconY: y + 14, TextX: x + 46, NameY: y + 22, WordY: y + 41,
	}
	if o == "" {
		n.Word, n.Class, n.Symbol = t.T("page.status.chain-below"), "neutral", "link"
	} else {
		n.Word = termWord(t, o)
	}
	if weakest {
		n.Word += " – " + t.T("page.status.weakest")
	}
	n.Name = fitted(name, n.Width-56, 8.2)
	n.Word = fitted(n.Word, n.Width-56, 7)
	if above >= 0 {
		up := c.Nodes[above]
		from := up.X + 14
		n.Line = fmt.Sprintf("M%d %dV%dH%d", from, up.Y+up.Height, y+nodeHeight/2, x)
	}
	c.Nodes = append(c.Nodes, n)
	return len(c.Nodes) - 1
}

// fitted shortens a text to about a width; the whole of it is in the
// description and the table.
func fitted(s string, width int, perLetter float64) string {
	most := int(float64(width) / perLetter)
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:max(1, most-1)]) + "…"
}
