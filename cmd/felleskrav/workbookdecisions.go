package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"felleskrav/internal/api"
	"felleskrav/internal/console"
	"felleskrav/internal/workbook/own"
	"felleskrav/internal/workbook/patch"
)

// unsaid stands in a file of decisions for what somebody must still decide.
const unsaid = "?"

// tableDecision is what is decided about one table, as people write it:
// columns by letter.
type tableDecision struct {
	Sheet   string            `yaml:"sheet"`
	Header  int               `yaml:"header"`
	None    bool              `yaml:"none"`
	Columns map[string]string `yaml:"columns"`
	Codes   map[string]string `yaml:"codes"`
	Rows    map[int]string    `yaml:"rows"`
}

func (d tableDecision) about(t api.OwnTable) bool { return d.Sheet == t.Sheet && d.Header == t.Header }

// readDecisions reads a file that somebody has edited.
func (s *session) readDecisions(name string) ([]tableDecision, error) {
	data, err := s.Read(name)
	if err != nil {
		return nil, err
	}
	var in struct {
		Tables []tableDecision `yaml:"tables"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&in); err != nil {
		return nil, console.UsageOf(err, "cli.fill.decisions", "File", name)
	}
	for _, t := range in.Tables {
		for col := range t.Columns {
			if patch.ParseColumn(col) == 0 {
				return nil, console.Usage("cli.fill.column", "File", name, "Column", col, "Sheet", t.Sheet)
			}
		}
	}
	return in.Tables, nil
}

// tables puts what a person decided before what the service is sure of. Rows
// count only when somebody said so: in the file, or with --accept-same.
func (c *workbookFillCmd) tables(view api.OwnView, said []tableDecision) ([]tableDecision, error) {
	var out []tableDecision
	for _, d := range said {
		if !slices.ContainsFunc(view.Tables, d.about) {
			out = append(out, d) // set aside, or pointed out by a person
		}
	}
	for _, t := range view.Tables {
		d := tableDecision{Sheet: t.Sheet, Header: t.Header, Columns: map[string]string{}, Codes: map[string]string{}, Rows: map[int]string{}}
		for _, col := range t.Columns {
			d.Columns[col.Name] = col.Role
			if col.Ask {
				d.Columns[col.Name] = unsaid
			}
		}
		for _, code := range t.Codes {
			d.Codes[code.Value] = code.Meaning
			if code.Ask {
				d.Codes[code.Value] = unsaid
			}
		}
		if i := slices.IndexFunc(said, func(d tableDecision) bool { return d.about(t) }); i >= 0 {
			d.None = said[i].None
			maps.Copy(d.Columns, said[i].Columns)
			maps.Copy(d.Codes, said[i].Codes)
			maps.Copy(d.Rows, said[i].Rows)
		}
		if c.AcceptSame {
			accept(t, d.Rows)
		}
		out = append(out, d)
	}
	return out, nil
}

// accept adds the rows that have the id or the text of one requirement.
func accept(t api.OwnTable, rows map[int]string) {
	for _, l := range t.Lines {
		s := l.Suggestions
		if _, decided := rows[l.Row]; decided || len(s) == 0 || !s[0].Same || len(s) > 1 && s[1].Same {
			continue
		}
		rows[l.Row] = s[0].Requirement
	}
}

// tellOpen lists what must be decided before tables are filled in, and tells
// whether there is anything. What codes mean is needed only to insert, and
// then the server asks.
func (s *session) tellOpen(view api.OwnView, tables []tableDecision) bool {
	open := false
	for _, t := range view.Tables {
		d := tables[slices.IndexFunc(tables, func(d tableDecision) bool { return d.about(t) })]
		if d.None {
			continue
		}
		for _, c := range t.Columns {
			if d.Columns[c.Name] == unsaid {
				open = true
				s.Say("cli.fill.open-column", "Sheet", t.Sheet, "Row", t.Header, "Column", c.Name, "Header", c.Header, "Role", s.T("own-role."+orNone(c.Role)))
			}
		}
		for _, c := range t.Codes {
			if d.Codes[c.Value] == unsaid {
				s.Say("cli.fill.open-code", "Sheet", t.Sheet, "Row", t.Header, "Code", c.Value, "Count", c.Count)
			}
		}
	}
	return open
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// apiDecisions are decisions as the server takes them, without what nobody has
// decided.
func apiDecisions(tables []tableDecision) []api.OwnDecision {
	var out []api.OwnDecision
	for _, t := range tables {
		d := api.OwnDecision{Sheet: t.Sheet, Header: t.Header, None: t.None, Columns: map[int]own.Role{}, Codes: map[string]own.Meaning{}, Rows: t.Rows}
		for col, role := range t.Columns {
			if role != unsaid {
				d.Columns[patch.ParseColumn(col)] = own.Role(role)
			}
		}
		for value, m := range t.Codes {
			if m != unsaid && m != "" {
				d.Codes[value] = own.Meaning(m)
			}
		}
		out = append(out, d)
	}
	return out
}

// decisionsFile writes decisions for somebody to edit, with what there is to
// know beside each.
func (s *session) decisionsFile(view api.OwnView, tables []tableDecision) ([]byte, error) {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, d := range tables {
		i := slices.IndexFunc(view.Tables, d.about)
		if i < 0 {
			continue
		}
		list.Content = append(list.Content, s.decisionNode(view.Tables[i], d))
	}
	root := mapping()
	add(root, "tables", list, "")
	root.HeadComment = s.T("cli.fill.template", "Roles", words(own.Roles()), "Meanings", words(own.Meanings()))
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(root), enc.Close()); err != nil {
		return nil, fmt.Errorf("write decisions: %w", err)
	}
	return b.Bytes(), nil
}

func (s *session) decisionNode(t api.OwnTable, d tableDecision) *yaml.Node {
	n := mapping()
	add(n, "sheet", text(t.Sheet), "")
	add(n, "header", number(t.Header), "")
	add(n, "none", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(d.None)}, "")
	columns, codes, rows := mapping(), mapping(), mapping()
	for _, c := range t.Columns {
		note := c.Header
		if c.Ask && c.Role != "" {
			note += " (" + c.Role + "?)"
		}
		add(columns, c.Name, text(d.Columns[c.Name]), note)
	}
	for _, c := range t.Codes {
		add(codes, c.Value, text(d.Codes[c.Value]), c.From)
	}
	for _, l := range t.Lines {
		var may []string
		for _, m := range l.Suggestions {
			may = append(may, m.Requirement+" ("+m.Word+")")
		}
		r, said := d.Rows[l.Row]
		if before := t.Rows[strconv.Itoa(l.Row)]; !said && before != "" {
			r, said = before, true // what was decided about another file of the template
		}
		if !said && len(may) == 0 {
			continue
		}
		key := number(l.Row)
		value := text(r)
		note := strings.Join(append(may, l.Text), " | ")
		if !said { // for somebody to take the mark away from
			rows.FootComment = strings.TrimPrefix(rows.FootComment+"\n"+strconv.Itoa(l.Row)+": "+l.Suggestions[0].Requirement+" # "+brief(note), "\n")
			continue
		}
		value.LineComment = brief(note)
		rows.Content = append(rows.Content, key, value)
	}
	add(n, "columns", columns, "")
	add(n, "codes", codes, "")
	// What is only suggested stands as comments below.
	notes := rows.FootComment
	rows.FootComment = ""
	add(n, "rows", rows, "")
	n.Content[len(n.Content)-2].HeadComment = notes
	return n
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func text(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

func number(n int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(n)}
}

func add(m *yaml.Node, key string, value *yaml.Node, note string) {
	value.LineComment = brief(note)
	m.Content = append(m.Content, text(key), value)
}

// brief is a text as one line of a comment.
func brief(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return s
}

func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return strings.Join(out, ", ")
}
