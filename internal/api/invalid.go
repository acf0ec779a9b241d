package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"felleskrav/internal/problem"
)

// malformed is the problem of input that could not be read at all. What the
// reader said goes to nobody: it tends to repeat the input.
func malformed(err error) error {
	if _, ok := errors.AsType[*problem.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return problem.New(problem.Invalid, "request.malformed", nil).Because(err)
}

// invalid turns what the contract's validator found into a problem with keys
// of our own. It never passes on the validator's words, which quote values.
func invalid(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	var f findings
	f.walk(err)
	switch {
	case f.unreadable:
		return malformed(err)
	case len(f.unknown) > 0:
		// A field that is not known may be what the sender meant by one that
		// is missing, so both are told.
		p := problem.New(problem.Invalid, "request.unknown-fields", problem.Args{"Count": len(f.unknown)})
		p.Fields = append(f.unknown, f.fields...)
		return p
	case len(f.fields) > 0:
		p := problem.New(problem.Invalid, "invalid.fields", problem.Args{"Count": len(f.fields)})
		p.Fields = f.fields
		return p
	}
	return malformed(err)
}

// findings gathers what the validator found.
type findings struct {
	fields, unknown []problem.Field
	unreadable      bool
}

func (f *findings) walk(err error) {
	switch e := err.(type) { //nolint:errorlint // the tree is walked node by node
	case openapi3.MultiError:
		for _, inner := range e {
			f.walk(inner)
		}
	case *openapi3filter.RequestError:
		f.request(e)
	default:
		f.unreadable = true
	}
}

func (f *findings) request(e *openapi3filter.RequestError) {
	if e.Parameter == nil {
		f.schema(nil, e.Err)
		return
	}
	name := e.Parameter.Name
	switch {
	case errors.Is(e.Err, openapi3filter.ErrInvalidRequired), errors.Is(e.Err, openapi3filter.ErrInvalidEmptyValue):
		f.add(problem.Field{Path: name, Key: "field.required"})
	case isSchema(e.Err):
		f.schema([]string{name}, e.Err)
	default:
		f.add(problem.Field{Path: name, Key: "field.form"})
	}
}

func isSchema(err error) bool {
	if m, ok := err.(openapi3.MultiError); ok { //nolint:errorlint // this very node
		return len(m) > 0
	}
	_, ok := errors.AsType[*openapi3.SchemaError](err)
	return ok
}

func (f *findings) schema(prefix []string, err error) {
	switch e := err.(type) { //nolint:errorlint // the tree is walked node by node
	case openapi3.MultiError:
		for _, inner := range e {
			f.schema(prefix, inner)
		}
	case *openapi3.SchemaError:
		path := append(slices.Clone(prefix), e.JSONPointer()...)
		if e.SchemaField == "properties" {
			f.strangers(path, e)
			return
		}
		f.add(field(path, e))
	default:
		f.unreadable = true
	}
}

// strangers adds the fields of an object that its schema does not have.
func (f *findings) strangers(path []string, e *openapi3.SchemaError) {
	object, _ := e.Value.(map[string]any)
	var names []string
	for name := range object {
		if _, known := e.Schema.Properties[name]; !known {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		at := dotted(append(slices.Clone(path), problem.Clip(name)))
		if !slices.ContainsFunc(f.unknown, func(o problem.Field) bool { return o.Path == at }) {
			f.unknown = append(f.unknown, problem.Field{Path: at, Key: "field.stranger", Args: problem.Args{"Name": problem.Clip(name)}})
		}
	}
}

func (f *findings) add(one problem.Field) {
	const most = 100 // more would tell nobody anything
	if len(f.fields) < most {
		f.fields = append(f.fields, one)
	}
}

// field says in our own keys what a schema says no to.
func field(path []string, e *openapi3.SchemaError) problem.Field {
	out := problem.Field{Path: dotted(path), Key: "field.form"}
	switch e.SchemaField {
	case "required", "minLength", "minItems":
		out.Key = "field.required"
	case "maxLength":
		out.Key, out.Args = "field.long", problem.Args{"Max": deref(e.Schema.MaxLength)}
	case "maxItems":
		out.Key, out.Args = "field.many", problem.Args{"Max": deref(e.Schema.MaxItems)}
	case "minimum", "maximum":
		out.Key, out.Args = "field.range", problem.Args{"Min": number(e.Schema.Min), "Max": number(e.Schema.Max)}
	case "enum":
		out.Key, out.Args = "field.choice", problem.Args{"Known": choices(e.Schema.Enum)}
	case "type", "nullable":
		out.Key, out.Args = "field.type", problem.Args{"Type": typeName(e.Schema)}
	case "format":
		switch e.Schema.Format {
		case "date-time":
			out.Key = "field.time"
		case "byte":
			out.Key = "field.base64"
		}
	case "pattern":
		if key, ok := patterns[e.Schema.Pattern]; ok {
			out.Key = key
		}
	}
	return out
}

// patterns explain the forms the contract asks for.
var patterns = map[string]string{
	`^([0-9]{9}|(NTR|VAT|LEI)[A-Z]{2}-[0-9A-Z]([0-9A-Z.-]{0,38}[0-9A-Z])?)$`: "field.orgnr",
	`^[0-9a-f]{64}$`: "field.digest",
	`^[A-Z]{2}$`:     "field.country",
	`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`: "field.uuid",
}

func deref(n *uint64) uint64 {
	if n == nil {
		return 0
	}
	return *n
}

func number(n *float64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(*n, 'f', -1, 64)
}

func choices(values []any) string {
	var out []string
	for _, v := range values {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

func typeName(s *openapi3.Schema) string {
	if s.Type == nil || len(*s.Type) == 0 {
		return ""
	}
	return (*s.Type)[0]
}

// dotted writes a path as people write it: answers[3].status.
func dotted(path []string) string {
	var b strings.Builder
	for i, p := range path {
		_, err := strconv.Atoi(p)
		switch {
		case err == nil && i > 0:
			b.WriteString("[" + p + "]")
		case i > 0:
			b.WriteString("." + p)
		default:
			b.WriteString(p)
		}
	}
	return b.String()
}

func badEscape(query string) bool {
	_, err := url.ParseQuery(query)
	return err != nil
}
