package web

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
)

// Field is one input of a form, as the partials draw it.
type Field struct {
	// Name is both the form's name for the input and the path that services
	// use for it in a problem.
	Name string
	// Label and Hint are locale keys; no hint is "".
	Label, Hint string
	Value       string
	// Type is an HTML input type; "" is text.
	Type         string
	Autocomplete string
	Required     bool
	// Plain leaves out the mark for what may be left empty: in a search or a
	// filter it says nothing.
	Plain bool
	// Size is "s", "m" or "" for the whole width.
	Size string
	// Rows makes it a textarea.
	Rows int
	// Options make it a list to choose from.
	Options []Option
	// Accept narrows a file input.
	Accept string
	// Error is a text, already in the reader's language.
	Error string
}

// Option is one choice.
type Option struct {
	Value, Text string
	Selected    bool
}

// ID is the id of the input.
func (f Field) ID() string { return fieldID(f.Name) }

// fieldID makes a path into something that can be an id and a link target.
func fieldID(path string) string {
	return "f-" + strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-':
			return r
		default:
			return '-'
		}
	}, path), "-")
}

// capital begins a text with a capital letter: a word that stands inside
// sentences elsewhere.
func capital(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// SummaryItem is one line of the error summary: a link to what must be mended.
type SummaryItem struct {
	// Href is "" when the problem is not with one input.
	Href string
	// Label is a text; "" when there is none.
	Label string
	// Asks tells that the label is a question.
	Asks bool
	Text string
}

// Form turns a service's problem into the texts beside the inputs and the
// summary above the form. The zero of err is a form without problems.
type Form struct {
	texts  *locale.Texts
	prob   *problem.Error
	used   map[int]bool
	labels []SummaryItem
}

// newForm reads err. What is not a problem somebody can mend is not for a
// form: see mendable.
func newForm(t *locale.Texts, err error) *Form {
	f := &Form{texts: t, used: map[int]bool{}}
	if p, ok := errors.AsType[*problem.Error](err); ok {
		f.prob = p
	}
	return f
}

// mendable tells whether the person can do something about err in the form.
func mendable(err error) bool {
	switch problem.KindOf(err) {
	case problem.Invalid, problem.Refused, problem.Exists, problem.Stale, problem.TooLarge, problem.Unsupported:
		return true
	default:
		return false
	}
}

// field fills in the problem with the input, and notes its label for the summary.
func (f *Form) field(in Field) Field {
	in.Error = f.take(in.Name, f.texts.T(in.Label))
	return in
}

// take gives the text of the problems with path, or with a part of it, and
// links the summary to the input of that name.
func (f *Form) take(path, label string) string { return f.takeAs(fieldID(path), path, label) }

// takeAs is take for an input whose id does not follow from the path.
func (f *Form) takeAs(id, path, label string) string {
	if f.prob == nil {
		return ""
	}
	var out []string
	for i, p := range f.prob.Fields {
		if f.used[i] || p.Path != path && !strings.HasPrefix(p.Path, path+"[") && !strings.HasPrefix(p.Path, path+".") {
			continue
		}
		f.used[i] = true
		text := f.texts.T(p.Key, map[string]any(p.Args))
		out = append(out, text)
		f.labels = append(f.labels, SummaryItem{Href: "#" + id, Label: label, Asks: strings.HasSuffix(label, "?"), Text: text})
	}
	return strings.Join(out, " ")
}

// Failed reports whether there is anything to tell.
func (f *Form) Failed() bool { return f != nil && f.prob != nil }

// Lead is the problem as a whole.
func (f *Form) Lead() string {
	if !f.Failed() {
		return ""
	}
	return f.texts.T(f.prob.Key, map[string]any(f.prob.Args))
}

// Summary lists the problems: those with inputs in the order of the inputs,
// then the rest.
func (f *Form) Summary() []SummaryItem {
	if !f.Failed() {
		return nil
	}
	out := append([]SummaryItem{}, f.labels...)
	for i, p := range f.prob.Fields {
		if !f.used[i] {
			// The path is the service's name for it, and nobody else's.
			out = append(out, SummaryItem{Text: f.texts.T(p.Key, map[string]any(p.Args))})
		}
	}
	return out
}
