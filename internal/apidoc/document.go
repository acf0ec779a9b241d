package apidoc

import "strings"

// Document is the whole contract. All texts in it are English.
type Document struct {
	Title, Version string
	Description    []Paragraph
	Tags           []Tag
}

// Tag gives a group of operations by its name.
func (d Document) Tag(name string) (Tag, bool) {
	for _, t := range d.Tags {
		if t.Name == name {
			return t, true
		}
	}
	return Tag{}, false
}

// Tag is a group of operations, with the shapes that they take and give.
type Tag struct {
	Name        string
	Description Paragraph
	Operations  []Operation
	// Schemas are those that the operations refer to, and those refer to in turn,
	// by name.
	Schemas []Schema
}

// Operation is one method of one path.
type Operation struct {
	ID, Method, Path string
	Summary          string
	Description      []Paragraph
	// Token tells that it wants one, and For who may do it, in words.
	Token      bool
	For        string
	Parameters []Parameter
	Body       Body
	Answers    []Answer
	// Example is a command to copy.
	Example string
}

// Parameter is a value in the address or the header.
type Parameter struct {
	Name, In    string
	Required    bool
	Type        Type
	Description Paragraph
}

// Body is what a request carries; without Media nothing.
type Body struct {
	Required bool
	Media    []Media
}

// Media is one form that a body or an answer can have.
type Media struct {
	Name string
	// Type is what it holds; the zero is bytes that are not described.
	Type Type
}

// Answer is a status with what comes with it.
type Answer struct {
	Status      string
	Description Paragraph
	Media       []Media
	Headers     []string
}

// Type is the type of a value in words, of which one may be a schema.
type Type struct {
	// Words come before the schema: "array of".
	Words string
	// Schema is a name among the tag's schemas, or "".
	Schema string
	// Limits say what else holds: "at most 200 characters".
	Limits string
}

// Schema is a named shape.
type Schema struct {
	Name        string
	Description Paragraph
	// Type is what it is when it has no properties.
	Type       Type
	Properties []Property
	// Closed tells that nothing else than the properties is taken.
	Closed bool
}

// Property is a value in an object. Those of an object within it have its name
// before theirs: "answers[].status".
type Property struct {
	Name        string
	Required    bool
	Type        Type
	Description Paragraph
}

// Paragraph is a text in pieces.
type Paragraph []Run

// Run is a piece of a paragraph.
type Run struct {
	Text         string
	Code, Strong bool
}

// Paragraphs reads the little of Markdown that the contract uses: empty lines
// between paragraphs, `code` and **strong**.
func Paragraphs(s string) []Paragraph {
	var out []Paragraph
	for p := range strings.SplitSeq(s, "\n\n") {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			out = append(out, Line(p))
		}
	}
	return out
}

// Line is one paragraph.
func Line(s string) Paragraph {
	var out Paragraph
	for i, part := range strings.Split(s, "`") {
		if i%2 == 1 {
			out = append(out, Run{Text: part, Code: true})
			continue
		}
		for j, words := range strings.Split(part, "**") {
			if words != "" {
				out = append(out, Run{Text: words, Strong: j%2 == 1})
			}
		}
	}
	return out
}
