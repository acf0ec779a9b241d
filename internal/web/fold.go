package web

import (
	"html"
	"html/template"
	"slices"
	"strconv"
	"text/template/parse"

	"felleskrav/internal/locale"
)

// folder writes into parsed pages what is the same each time: a call of "t" or
// "term" with nothing but quoted words becomes the text itself, and a small
// part about a quoted word its drawing. Small parts about something else are
// asked of parts, which has them drawn. Half of what it takes to draw a long
// table is otherwise to look up and draw the same again for every row.
//
// Texts are escaped for HTML, and drawings are HTML, so such calls may stand
// only where that is what is needed: texts in the text of the page or in a
// quoted attribute, small parts in the text.
type folder struct {
	texts *locale.Texts
	parts *parts // nil where small parts are to stay as they are
}

// fold goes through a page and its partials; only before it is first drawn.
func (f folder) fold(pages *template.Template) {
	for _, page := range pages.Templates() {
		if page.Tree != nil {
			f.list(page.Tree.Root)
		}
	}
}

func (f folder) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	nodes := list.Nodes[:0]
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			if key, ok := fixedKey(n); ok {
				node = &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(html.EscapeString(f.texts.T(key)))}
			}
		case *parse.TemplateNode:
			if f.parts != nil && slices.Contains(smallParts, n.Name) {
				node = f.part(n)
			}
		case *parse.IfNode:
			f.list(n.List)
			f.list(n.ElseList)
		case *parse.WithNode:
			f.list(n.List)
			f.list(n.ElseList)
		case *parse.RangeNode:
			f.list(n.List)
			f.list(n.ElseList)
		}
		// Neighbours become one, so that they are written at once.
		if text, ok := node.(*parse.TextNode); ok && len(nodes) > 0 {
			if before, ok := nodes[len(nodes)-1].(*parse.TextNode); ok {
				joined := *before
				joined.Text = append(slices.Clone(before.Text), text.Text...)
				nodes[len(nodes)-1] = &joined
				continue
			}
		}
		nodes = append(nodes, node)
	}
	list.Nodes = nodes
}

// part is the drawing of a small part, or a call for it.
func (f folder) part(n *parse.TemplateNode) parse.Node {
	if word, ok := fixedWord(n.Pipe); ok {
		drawn, err := f.parts.draw(n.Name, word)
		if err != nil {
			return n // fails again when the page is drawn, which tells where
		}
		return &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(drawn)}
	}
	args := []parse.Node{
		parse.NewIdentifier("drawn").SetPos(n.Pos),
		&parse.StringNode{NodeType: parse.NodeString, Pos: n.Pos, Quoted: strconv.Quote(n.Name), Text: n.Name},
		n.Pipe,
	}
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: n.Pos, Line: n.Line, Pipe: &parse.PipeNode{
		NodeType: parse.NodePipe, Pos: n.Pos, Line: n.Line,
		Cmds: []*parse.CommandNode{{NodeType: parse.NodeCommand, Pos: n.Pos, Args: args}},
	}}
}

// fixedWord is the quoted word that a part is about; nothing counts as one,
// since a part without a word is always the same.
func fixedWord(p *parse.PipeNode) (word any, ok bool) {
	if p == nil {
		return nil, true
	}
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return nil, false
	}
	s, ok := p.Cmds[0].Args[0].(*parse.StringNode)
	if !ok {
		return nil, false
	}
	return s.Text, true
}

// fixedKey is the key of the text that an action writes, when it writes the
// same one whatever the page is about.
func fixedKey(n *parse.ActionNode) (key string, ok bool) {
	if len(n.Pipe.Decl) > 0 || len(n.Pipe.Cmds) != 1 {
		return "", false
	}
	args := n.Pipe.Cmds[0].Args
	name, ok := args[0].(*parse.IdentifierNode)
	if !ok {
		return "", false
	}
	words := make([]string, len(args)-1)
	for i, a := range args[1:] {
		s, ok := a.(*parse.StringNode)
		if !ok {
			return "", false
		}
		words[i] = s.Text
	}
	switch {
	case name.Ident == "t" && len(words) == 1:
		return words[0], true
	case name.Ident == "term" && len(words) == 2:
		return termKey(words[0], words[1]), true
	default:
		return "", false
	}
}
