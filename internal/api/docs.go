package api

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/apidoc"
)

func (a *API) openapi(c *gin.Context) {
	c.Header("Cache-Control", "public, max-age=300")
	c.Header("Access-Control-Allow-Origin", "*")
	c.Header("Cross-Origin-Resource-Policy", "cross-origin")
	c.Data(http.StatusOK, "application/json", a.spec.json)
}

// Document is the contract for people without a tool for it. Commands in it are
// for the installation's address.
func (a *API) Document() apidoc.Document { return a.spec.describe(a.BaseURL) }

// Document reads the contract without any service behind it.
func Document(baseURL string) (apidoc.Document, error) {
	c, err := loadContract()
	if err != nil {
		return apidoc.Document{}, err
	}
	return c.describe(baseURL), nil
}

func (c *contract) describe(baseURL string) apidoc.Document {
	out := apidoc.Document{Title: c.doc.Info.Title, Version: c.doc.Info.Version, Description: apidoc.Paragraphs(c.doc.Info.Description)}
	for _, t := range c.doc.Tags {
		d := describer{doc: c.doc, base: baseURL, used: map[string]bool{}}
		tag := apidoc.Tag{Name: t.Name, Description: apidoc.Line(t.Description)}
		for _, o := range c.list {
			if slices.Contains(o.route.Operation.Tags, t.Name) {
				tag.Operations = append(tag.Operations, d.operation(o))
			}
		}
		tag.Schemas = d.schemas()
		out.Tags = append(out.Tags, tag)
	}
	return out
}

// describer notes which schemas a tag's operations come to.
type describer struct {
	doc  *openapi3.T
	base string
	used map[string]bool
	wait []string // used, and not yet described
}

func (d *describer) operation(o *operation) apidoc.Operation {
	op := o.route.Operation
	out := apidoc.Operation{
		ID: o.id, Method: o.method, Path: o.path, Summary: op.Summary, Description: apidoc.Paragraphs(op.Description), Token: o.secured, For: roles(o.rule.action),
	}
	for _, p := range op.Parameters {
		out.Parameters = append(out.Parameters, apidoc.Parameter{
			Name: p.Value.Name, In: p.Value.In, Required: p.Value.Required, Type: d.typeOf(p.Value.Schema), Description: apidoc.Line(p.Value.Description),
		})
	}
	if op.RequestBody != nil {
		out.Body = apidoc.Body{Required: op.RequestBody.Value.Required, Media: d.media(op.RequestBody.Value.Content)}
	}
	for _, status := range op.Responses.Keys() {
		out.Answers = append(out.Answers, d.answer(status, op.Responses.Value(status)))
	}
	slices.SortFunc(out.Answers, func(a, b apidoc.Answer) int { return strings.Compare(a.Status, b.Status) })
	out.Example = d.example(o)
	return out
}

func (d *describer) media(content openapi3.Content) []apidoc.Media {
	var out []apidoc.Media
	for _, name := range slices.Sorted(maps.Keys(content)) {
		out = append(out, apidoc.Media{Name: name, Type: d.typeOf(content[name].Schema)})
	}
	return out
}

func (d *describer) answer(status string, r *openapi3.ResponseRef) apidoc.Answer {
	out := apidoc.Answer{Status: status, Media: d.media(r.Value.Content), Headers: slices.Sorted(maps.Keys(r.Value.Headers))}
	if r.Value.Description != nil {
		out.Description = apidoc.Line(*r.Value.Description)
	}
	if status == "default" {
		out.Status = "4xx, 5xx"
	}
	return out
}

// schemas describes what is used, and what that uses.
func (d *describer) schemas() []apidoc.Schema {
	var out []apidoc.Schema
	for len(d.wait) > 0 {
		name := d.wait[0]
		d.wait = d.wait[1:]
		s := d.doc.Components.Schemas[name]
		if s == nil {
			continue
		}
		one := apidoc.Schema{Name: name, Description: apidoc.Line(s.Value.Description), Closed: closed(s.Value)}
		one.Properties = d.properties("", s.Value)
		if len(one.Properties) == 0 {
			one.Type = d.plain(s.Value)
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b apidoc.Schema) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func closed(s *openapi3.Schema) bool {
	return s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has
}

// properties lists those of an object, and of the unnamed objects within it.
func (d *describer) properties(before string, s *openapi3.Schema) []apidoc.Property {
	var out []apidoc.Property
	for _, part := range s.AllOf {
		if name := named(part); name != "" {
			out = append(out, apidoc.Property{Name: before + "…", Type: apidoc.Type{Words: "all of", Schema: d.use(name)}})
			continue
		}
		out = append(out, d.properties(before, part.Value)...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		out = append(out, apidoc.Property{
			Name: before + name, Required: slices.Contains(s.Required, name), Type: d.typeOf(p), Description: apidoc.Line(p.Value.Description),
		})
		within, at := p, before+name+"."
		if p.Value.Type.Is("array") && named(p) == "" {
			within, at = p.Value.Items, before+name+"[]."
		}
		if within != nil && named(within) == "" {
			out = append(out, d.properties(at, within.Value)...)
		}
	}
	return out
}

// named is the name of the schema that ref refers to, or "".
func named(ref *openapi3.SchemaRef) string {
	if ref == nil {
		return ""
	}
	name, ok := strings.CutPrefix(ref.Ref, "#/components/schemas/")
	if !ok {
		return ""
	}
	return name
}

func (d *describer) use(name string) string {
	if !d.used[name] {
		d.used[name] = true
		d.wait = append(d.wait, name)
	}
	return name
}

func (d *describer) typeOf(ref *openapi3.SchemaRef) apidoc.Type {
	if ref == nil || ref.Value == nil {
		return apidoc.Type{}
	}
	if name := named(ref); name != "" {
		return apidoc.Type{Schema: d.use(name)}
	}
	return d.plain(ref.Value)
}

// plain is the type of a schema without a name.
func (d *describer) plain(s *openapi3.Schema) apidoc.Type {
	switch {
	case s.Type.Is("array"):
		of := d.typeOf(s.Items)
		return apidoc.Type{Words: strings.TrimSpace("array of " + of.Words), Schema: of.Schema, Limits: join(limits(s), of.Limits)}
	case len(s.OneOf) > 0 || len(s.AnyOf) > 0:
		var words []string
		for _, one := range append(slices.Clone(s.OneOf), s.AnyOf...) {
			t := d.typeOf(one)
			words = append(words, strings.TrimSpace(t.Words+" "+t.Schema))
		}
		return apidoc.Type{Words: "one of " + strings.Join(words, ", ")}
	case s.AdditionalProperties.Schema != nil:
		of := d.typeOf(s.AdditionalProperties.Schema)
		return apidoc.Type{Words: strings.TrimSpace("object with values of " + of.Words), Schema: of.Schema}
	case len(s.AllOf) == 1:
		return d.typeOf(s.AllOf[0])
	}
	words := "any value"
	if s.Type != nil && len(s.Type.Slice()) > 0 {
		words = strings.Join(s.Type.Slice(), " or ")
	}
	if s.Format != "" {
		words += " (" + s.Format + ")"
	}
	return apidoc.Type{Words: words, Limits: limits(s)}
}

// limits says in words what else a value must keep.
func limits(s *openapi3.Schema) string {
	var out []string
	add := func(format string, v any) { out = append(out, fmt.Sprintf(format, v)) }
	if len(s.Enum) > 0 {
		var values []string
		for _, v := range s.Enum {
			values = append(values, fmt.Sprint(v))
		}
		add("one of: %s", strings.Join(values, ", "))
	}
	if s.Min != nil {
		add("at least %v", *s.Min)
	}
	if s.Max != nil {
		add("at most %v", *s.Max)
	}
	if s.MaxLength != nil {
		add("at most %d characters", *s.MaxLength)
	}
	if s.MaxItems != nil {
		add("at most %d items", *s.MaxItems)
	}
	if s.Pattern != "" {
		add("must fit %s", s.Pattern)
	}
	return strings.Join(out, "; ")
}

func join(a, b string) string {
	if a != "" && b != "" {
		return a + "; " + b
	}
	return a + b
}

// example is a curl command for the operation, with the values of its own
// parameters in capitals.
func (d *describer) example(o *operation) string {
	op := o.route.Operation
	var b strings.Builder
	b.WriteString("curl")
	if o.method != http.MethodGet {
		b.WriteString(" -X " + o.method)
	}
	if o.secured {
		b.WriteString(` -H "Authorization: Bearer $TOKEN"`)
	}
	for _, p := range op.Parameters {
		if p.Value.In == openapi3.ParameterInHeader && p.Value.Required {
			fmt.Fprintf(&b, " -H '%s: %s'", p.Value.Name, capitals(p.Value.Name))
		}
	}
	if op.RequestBody != nil && len(o.media) > 0 {
		b.WriteString(" \\\n  -H 'Content-Type: " + o.media[0] + "'")
		if slices.Contains(o.media, "application/json") {
			b.Reset()
			d.jsonCommand(&b, o)
		} else {
			b.WriteString(" --data-binary @FILE")
		}
	}
	if address := "'" + d.base + addressOf(op, o.path) + "'"; b.Len() > len("curl -X DELETE") {
		b.WriteString(" \\\n  " + address)
	} else {
		b.WriteString(" " + address)
	}
	return b.String()
}

// jsonCommand is the beginning of a command that sends JSON.
func (d *describer) jsonCommand(b *strings.Builder, o *operation) {
	b.WriteString("curl -X " + o.method)
	if o.secured {
		b.WriteString(` -H "Authorization: Bearer $TOKEN"`)
	}
	body := o.route.Operation.RequestBody.Value.Content["application/json"].Schema
	b.WriteString(" \\\n  -H 'Content-Type: application/json' \\\n  -d '" + strings.ReplaceAll(sample(body, 0), "'", `'\''`) + "'")
}

// addressOf is a path with the parameters it must have.
func addressOf(op *openapi3.Operation, path string) string {
	var query []string
	for _, p := range op.Parameters {
		switch {
		case p.Value.In == openapi3.ParameterInPath:
			path = strings.ReplaceAll(path, "{"+p.Value.Name+"}", capitals(p.Value.Name))
		case p.Value.In == openapi3.ParameterInQuery && p.Value.Required:
			query = append(query, p.Value.Name+"="+capitals(p.Value.Name))
		}
	}
	if len(query) > 0 {
		return path + "?" + strings.Join(query, "&")
	}
	return path
}

// capitals marks what whoever copies a command puts their own value for.
func capitals(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// deepSample is how deep a sample goes before it leaves the rest to the tables.
const deepSample = 4

// sample is JSON that has what a schema requires, with values that show the type.
func sample(ref *openapi3.SchemaRef, depth int) string {
	if ref == nil || ref.Value == nil || depth > deepSample {
		return "{}"
	}
	s := ref.Value
	switch {
	case len(s.AllOf) > 0:
		return sample(s.AllOf[0], depth)
	case len(s.OneOf) > 0:
		return sample(s.OneOf[0], depth)
	case len(s.Enum) > 0:
		if text, ok := s.Enum[0].(string); ok {
			return strconv.Quote(text)
		}
		return fmt.Sprint(s.Enum[0])
	case s.Type.Is("array"):
		return "[" + sample(s.Items, depth+1) + "]"
	case s.Type.Is("object"):
		var parts []string
		for _, name := range s.Required {
			parts = append(parts, strconv.Quote(name)+": "+sample(s.Properties[name], depth+1))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case s.Type.Is("integer"), s.Type.Is("number"):
		if s.Min != nil {
			return fmt.Sprint(*s.Min)
		}
		return "1"
	case s.Type.Is("boolean"):
		return "true"
	case s.Format == "date-time":
		return `"2027-01-01T12:00:00Z"`
	default:
		return `"…"`
	}
}

// roles says in words who may do an action.
func roles(action access.Action) string {
	if action == "" {
		return ""
	}
	if _, err := access.ScopeFor(access.Anyone(), action); err == nil {
		return "everyone"
	}
	var out []string
	for _, r := range access.Roles() {
		s, err := access.ScopeFor(access.Actor{Org: "own", Roles: []access.Role{r}}, action)
		switch {
		case err != nil:
		case s.All:
			out = append(out, string(r))
		default:
			out = append(out, string(r)+" (what belongs to its own organisation)")
		}
	}
	return strings.Join(out, ", ")
}
