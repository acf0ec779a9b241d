package api

import (
	"bytes"
	_ "embed" // the contract is part of the program
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/go-json-experiment/json/jsontext"
)

//go:embed openapi.yaml
var source []byte

// contract is the OpenAPI document, made ready for checking requests.
type contract struct {
	// json is what is served.
	json []byte
	// operations are keyed by method and gin path: "GET /api/v1/tasks".
	operations map[string]*operation
	// list holds them in the order of the document.
	list []*operation
	doc  *openapi3.T
}

// operation is one method of one path.
type operation struct {
	id     string
	method string
	path   string // as in the document
	rule   rule
	route  *routers.Route
	// secured tells whether the document says that it wants a token.
	secured bool
	// query are the names of its query parameters.
	query map[string]bool
	// media are the media types its body may have; any stands for all of them.
	media []string
	any   bool
}

// oneValue reads a JSON body. Unlike the validator's own reader it refuses
// what could be read in two ways: anything after the value, a name that stands
// twice in an object, and bytes that are not UTF-8, which would be kept as
// replacement characters.
func oneValue(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
	data, err := io.ReadAll(body) // within the limit of the route
	if err != nil {
		return nil, &openapi3filter.ParseError{Kind: openapi3filter.KindInvalidFormat, Cause: err}
	}
	if !jsontext.Value(data).IsValid() {
		return nil, &openapi3filter.ParseError{Kind: openapi3filter.KindInvalidFormat, Reason: "not one JSON value"}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, &openapi3filter.ParseError{Kind: openapi3filter.KindInvalidFormat, Cause: err}
	}
	return v, nil
}

// readers tells the validator how to read bodies; it keeps that for the whole
// program.
var readers = sync.OnceFunc(func() { openapi3filter.RegisterBodyDecoder("application/json", oneValue) })

// loadContract reads the document.
func loadContract() (*contract, error) {
	readers()
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(source)
	if err != nil {
		return nil, fmt.Errorf("read contract: %w", err)
	}
	c := &contract{operations: map[string]*operation{}, doc: doc}
	if c.json, err = public(doc); err != nil {
		return nil, fmt.Errorf("write contract: %w", err)
	}
	// Under 3.1, kin-openapi compiles a JSON Schema for every parameter of
	// every request. The contract keeps to keywords that 3.0 and 3.1 share, so
	// requests are checked with the validator for 3.0, which does not.
	doc.OpenAPI = "3.0.3"
	// The guard sees to who may do what. The validator would read every body
	// whole for it, also a file that should pass through.
	doc.Security = nil
	for _, path := range doc.Paths.InMatchingOrder() {
		item := doc.Paths.Value(path)
		for method, op := range item.Operations() {
			secured := op.Security != nil
			op.Security = nil
			o := &operation{
				secured: secured,
				id:      op.OperationID, method: method, path: path, rule: rules[op.OperationID], query: map[string]bool{"lang": true},
				route: &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op},
			}
			for _, p := range op.Parameters {
				if p.Value.In == openapi3.ParameterInQuery {
					o.query[p.Value.Name] = true
				}
			}
			if op.RequestBody != nil {
				for m := range op.RequestBody.Value.Content {
					o.media = append(o.media, m)
				}
				slices.Sort(o.media)
				o.any = slices.Contains(o.media, "application/octet-stream")
			}
			c.operations[method+" "+ginPath(path)] = o
			c.list = append(c.list, o)
		}
	}
	slices.SortFunc(c.list, func(a, b *operation) int {
		if d := strings.Compare(a.path, b.path); d != 0 {
			return d
		}
		return strings.Compare(a.method, b.method)
	})
	return c, nil
}

// ginPath writes a path of the document the way gin names it. The tile's path
// goes on to the end.
func ginPath(path string) string {
	if path == "/log/tile/{tile}" {
		return "/log/tile/*tile"
	}
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// accepts reports whether the operation takes a body of this Content-Type.
// Where any file is taken, all types are but those that wrap the file in
// something else.
func (o *operation) accepts(contentType string) bool {
	m, _, err := mime.ParseMediaType(contentType)
	if o.any {
		return !strings.HasPrefix(m, "multipart/")
	}
	return err == nil && slices.Contains(o.media, m)
}

// public writes the document without what only the code generator reads.
func public(doc *openapi3.T) ([]byte, error) {
	data, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("marshal: %w", err)
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		return nil, fmt.Errorf("unmarshal: %w", err)
	}
	strip(tree)
	out, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("marshal: %w", err)
	}
	return out, nil
}

func strip(node any) {
	switch n := node.(type) {
	case map[string]any:
		for k, v := range n {
			if strings.HasPrefix(k, "x-go-") {
				delete(n, k)
				continue
			}
			strip(v)
		}
	case []any:
		for _, v := range n {
			strip(v)
		}
	}
}
