package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page is part of the program
	"encoding/base64"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/httpd"
)

func (a *API) openapi(c *gin.Context) {
	c.Header("Cache-Control", "public, max-age=300")
	c.Header("Access-Control-Allow-Origin", "*")
	c.Header("Cross-Origin-Resource-Policy", "cross-origin")
	c.Data(http.StatusOK, "application/json", a.spec.json)
}

//go:embed docs.html
var docsHTML string

var docsPage = template.Must(template.New("docs").Parse(docsHTML))

// docsData is what the page shows.
type docsData struct {
	Title, Version string
	Description    []string
	Tags           []docsTag
}

type docsTag struct {
	Name, Description string
	Operations        []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Description string
	Roles, Body                            string
	Parameters                             []docsParameter
	Answers                                []docsAnswer
}

type docsParameter struct {
	Name, In, Description string
	Required              bool
}

type docsAnswer struct{ Status, Media, Description string }

// docs shows the contract as a page, for people without a tool for it.
func (a *API) docs(c *gin.Context) {
	var b bytes.Buffer
	if err := docsPage.Execute(&b, a.spec.describe()); err != nil {
		httpd.Fail(c, err)
		return
	}
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+docsStyle+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "public, max-age=300")
	c.Data(http.StatusOK, "text/html; charset=utf-8", b.Bytes())
}

func (c *contract) describe() docsData {
	out := docsData{Title: c.doc.Info.Title, Version: c.doc.Info.Version, Description: paragraphs(c.doc.Info.Description)}
	for _, t := range c.doc.Tags {
		tag := docsTag{Name: t.Name, Description: t.Description}
		for _, o := range c.list {
			if slices.Contains(o.route.Operation.Tags, t.Name) {
				tag.Operations = append(tag.Operations, o.describe())
			}
		}
		out.Tags = append(out.Tags, tag)
	}
	return out
}

func paragraphs(s string) []string {
	var out []string
	for p := range strings.SplitSeq(strings.NewReplacer("**", "", "`", "").Replace(s), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

func (o *operation) describe() docsOperation {
	op := o.route.Operation
	out := docsOperation{
		ID: o.id, Method: o.method, Path: o.path, Summary: op.Summary, Description: strings.ReplaceAll(op.Description, "`", ""),
		Roles: roles(o.rule.action), Body: strings.Join(o.media, ", "),
	}
	for _, p := range op.Parameters {
		out.Parameters = append(out.Parameters, docsParameter{Name: p.Value.Name, In: p.Value.In, Description: p.Value.Description, Required: p.Value.Required})
	}
	for _, status := range op.Responses.Keys() {
		out.Answers = append(out.Answers, answer(status, op.Responses.Value(status)))
	}
	slices.SortFunc(out.Answers, func(a, b docsAnswer) int { return strings.Compare(a.Status, b.Status) })
	return out
}

func answer(status string, r *openapi3.ResponseRef) docsAnswer {
	a := docsAnswer{Status: status}
	if r.Value.Description != nil {
		a.Description = *r.Value.Description
	}
	if status == "default" {
		a.Status = "4xx, 5xx"
	}
	var media []string
	for m := range r.Value.Content {
		media = append(media, m)
	}
	slices.Sort(media)
	a.Media = strings.Join(media, ", ")
	return a
}

// docsStyle is the digest of the page's style sheet, the only one that the
// page's policy lets in.
var docsStyle = func() string {
	_, rest, _ := strings.Cut(docsHTML, "<style>")
	css, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(css))
	return base64.StdEncoding.EncodeToString(sum[:])
}()

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
