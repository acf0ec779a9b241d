package api

import (
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/httpd"
	"felleskrav/internal/problem"
)

// guard holds a request against its rule and the contract before its handler
// runs: may the caller do this at all, is the body of a kind and size that is
// taken, are parameters and body what the contract says.
func (a *API) guard(c *gin.Context) {
	op, ok := a.spec.operations[c.Request.Method+" "+c.FullPath()]
	if !ok || op.rule.action == "" {
		httpd.Fail(c, problem.New(problem.Forbidden, "access.denied", nil))
		return
	}
	if strings.HasPrefix(op.path, "/api/") {
		h := c.Writer.Header()
		h["Cache-Control"] = noCache
		if httpd.Actor(c).Known() {
			h["Cache-Control"] = noStore
		}
		h["Vary"] = vary
	}
	httpd.Act(c, op.rule.action, access.Changes(op.rule.action), access.Restricted(op.rule.action))
	if _, err := access.ScopeFor(httpd.Actor(c), op.rule.action); err != nil {
		httpd.Fail(c, err)
		return
	}
	switch {
	case op.rule.costly:
		httpd.Costly(c)
	case op.rule.long:
		httpd.Long(c)
	}
	if c.IsAborted() || !a.checkBody(c, op) {
		return
	}
	if err := checkQuery(c, op); err != nil {
		httpd.Fail(c, err)
		return
	}
	if len(op.route.Operation.Parameters) == 0 && op.route.Operation.RequestBody == nil {
		return
	}
	input := &openapi3filter.RequestValidationInput{Request: c.Request, Route: op.route, Options: &parameters}
	if len(c.Params) > 0 {
		input.PathParams = make(map[string]string, len(c.Params))
		for _, p := range c.Params {
			input.PathParams[p.Key] = p.Value
		}
	}
	if op.route.Operation.RequestBody != nil && !op.rule.raw && !op.isFile(c) {
		input.Options = &everything
	}
	if err := openapi3filter.ValidateRequest(c.Request.Context(), input); err != nil {
		httpd.Fail(c, invalid(err))
	}
}

// Headers that most answers share. Never appended to.
var (
	noCache = []string{"private, no-cache"}
	noStore = []string{"no-store"} // for answers to those who say who they are
	vary    = []string{"Authorization, Accept-Language"}
)

// What the validator checks. It knows no security schemes: see loadContract.
var (
	everything = openapi3filter.Options{
		MultiError: true, SkipSettingDefaults: true, KeepValidatedValue: true,
	}
	parameters = openapi3filter.Options{
		MultiError: true, SkipSettingDefaults: true, ExcludeRequestBody: true,
	}
)

// checkBody answers and says no when the body cannot be taken.
func (a *API) checkBody(c *gin.Context, op *operation) bool {
	if op.route.Operation.RequestBody == nil {
		if c.Request.ContentLength > 0 {
			httpd.Fail(c, problem.New(problem.Invalid, "request.body", nil))
			return false
		}
		return true
	}
	httpd.Limit(a.limit(c, op))(c)
	if c.IsAborted() {
		return false
	}
	if c.Request.ContentLength == 0 {
		httpd.Fail(c, problem.New(problem.Invalid, "request.no-body", nil))
		return false
	}
	if !op.accepts(c.Request.Header.Get("Content-Type")) {
		httpd.Fail(c, problem.New(problem.Unsupported, "request.content-type", problem.Args{"Known": strings.Join(op.media, ", ")}))
		return false
	}
	return true
}

// checkQuery refuses query parameters that the operation does not have: one
// that is misspelt would otherwise silently not count.
func checkQuery(c *gin.Context, op *operation) error {
	if c.Request.URL.RawQuery == "" {
		return nil
	}
	p := problem.New(problem.Invalid, "request.parameters", nil)
	query := c.Request.URL.Query()
	if strings.Contains(c.Request.URL.RawQuery, ";") || strings.Contains(c.Request.URL.RawQuery, "%") && badEscape(c.Request.URL.RawQuery) {
		return p
	}
	for name, values := range query {
		switch {
		case !op.query[name]:
			p.Fields = append(p.Fields, problem.Field{Path: problem.Clip(name), Key: "request.unknown-parameter", Args: problem.Args{"Name": problem.Clip(name), "Known": known(op)}})
		case len(values) > 1:
			p.Fields = append(p.Fields, problem.Field{Path: name, Key: "request.repeated-parameter", Args: problem.Args{"Name": name}})
		}
	}
	if len(p.Fields) == 0 {
		return nil
	}
	slices.SortFunc(p.Fields, func(a, b problem.Field) int { return strings.Compare(a.Path, b.Path) })
	return p
}

func known(op *operation) string {
	names := make([]string, 0, len(op.query))
	for n := range op.query {
		names = append(names, n)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// isFile reports whether the body is a file, where JSON is taken as well.
func (o *operation) isFile(c *gin.Context) bool {
	return o.rule.file > 0 && !strings.HasPrefix(c.Request.Header.Get("Content-Type"), "application/json")
}

func (a *API) limit(c *gin.Context, op *operation) int64 {
	switch {
	case op.isFile(c):
		return op.rule.file
	case op.rule.body >= 0:
		return op.rule.body
	case a.Evidence.MaxBytes > 0:
		return a.Evidence.MaxBytes
	}
	return evidence.DefaultMaxBytes
}
