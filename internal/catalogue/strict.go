package catalogue

import (
	"errors"
	"io/fs"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader reads YAML files strictly and gathers faults.
type reader struct {
	fsys   fs.FS
	faults Faults
}

func (r *reader) fault(file string, line int, key string, args map[string]any) {
	r.faults = append(r.faults, Fault{File: file, Line: line, Key: key, Args: args})
}

// exists reports whether there is such a file.
func (r *reader) exists(file string) bool {
	_, err := fs.Stat(r.fsys, file)
	return err == nil
}

// read decodes one file into v, which points to a struct. Every unknown,
// repeated or missing key and every missing language becomes a fault. It
// returns the document's root mapping, or nil when the file could not be read.
func (r *reader) read(file string, v any) *yaml.Node {
	data, err := readShared(r.fsys, file)
	if err != nil {
		r.fault(file, 0, "unreadable", map[string]any{"Detail": err.Error()})
		return nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		line, detail := yamlError(err.Error())
		r.fault(file, line, "syntax", map[string]any{"Detail": detail})
		return nil
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		r.fault(file, 1, "empty", nil)
		return nil
	}
	root := doc.Content[0]
	before := len(r.faults)
	r.shape(file, root, reflect.TypeOf(v).Elem())
	if len(r.faults) > before {
		// Decoding what is left finds the faults of ids too; a value of the
		// wrong type is told by shape already.
		_ = root.Decode(v)
		return root
	}
	if err := root.Decode(v); err != nil {
		var te *yaml.TypeError
		if errors.As(err, &te) {
			for _, m := range te.Errors {
				line, detail := yamlError(m)
				r.fault(file, line, "type", map[string]any{"Detail": detail})
			}
		} else {
			r.fault(file, root.Line, "type", map[string]any{"Detail": err.Error()})
		}
	}
	return root
}

var yamlLine = matching(`line (\d+): (.*)`)

// yamlError splits the YAML library's "line N: what".
func yamlError(s string) (int, string) {
	if m := yamlLine().FindStringSubmatch(s); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n, m[2]
	}
	return 1, s
}

var textType = reflect.TypeFor[Text]()

// shape compares a node with the Go type it is to be decoded into.
func (r *reader) shape(file string, n *yaml.Node, t reflect.Type) {
	if n.Kind == yaml.AliasNode {
		r.fault(file, n.Line, "alias", nil)
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		r.mapping(file, n, t)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			r.fault(file, n.Line, "list-expected", nil)
			return
		}
		for _, c := range n.Content {
			r.shape(file, c, t.Elem())
		}
	default:
		if n.Kind != yaml.ScalarNode {
			r.fault(file, n.Line, "value-expected", nil)
		}
	}
}

func (r *reader) mapping(file string, n *yaml.Node, t reflect.Type) {
	if n.Kind != yaml.MappingNode {
		r.fault(file, n.Line, "mapping-expected", nil)
		return
	}
	fields, required := yamlFields(t)
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		ft, ok := fields[key.Value]
		switch {
		case !ok:
			r.fault(file, key.Line, "unknown-key", map[string]any{"Key": key.Value, "Near": strings.Join(Nearest(key.Value, names), ", ")})
		case seen[key.Value]:
			r.fault(file, key.Line, "repeated-key", map[string]any{"Key": key.Value})
		case t == textType && strings.TrimSpace(value.Value) == "":
			r.fault(file, key.Line, "missing-language", map[string]any{"Key": key.Value})
		default:
			r.shape(file, value, ft)
		}
		seen[key.Value] = true
	}
	for _, name := range required {
		if !seen[name] {
			key := "missing-key"
			if t == textType {
				key = "missing-language"
			}
			r.fault(file, n.Line, key, map[string]any{"Key": name})
		}
	}
}

// yamlFields lists the YAML keys of a struct with their types, and those that
// must be there: every one without omitempty.
func yamlFields(t reflect.Type) (fields map[string]reflect.Type, required []string) {
	fields = map[string]reflect.Type{}
	for f := range t.Fields() {
		name, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		fields[name] = f.Type
		if opts != "omitempty" && t != reflect.TypeFor[Levels]() {
			required = append(required, name)
		}
	}
	return fields, required
}

// items gives the nodes of a list below a key of the root mapping.
func items(root *yaml.Node, key string) []*yaml.Node {
	if root == nil || root.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == key && root.Content[i+1].Kind == yaml.SequenceNode {
			return root.Content[i+1].Content
		}
	}
	return nil
}

// lineOf finds the line of a scalar with this value below n, else n's line.
func lineOf(n *yaml.Node, value string) int {
	if n == nil {
		return 1
	}
	if n.Kind == yaml.ScalarNode && n.Value == value {
		return n.Line
	}
	for _, c := range n.Content {
		if l := lineIn(c, value); l > 0 {
			return l
		}
	}
	return n.Line
}

func lineIn(n *yaml.Node, value string) int {
	if n.Kind == yaml.ScalarNode && n.Value == value {
		return n.Line
	}
	for _, c := range n.Content {
		if l := lineIn(c, value); l > 0 {
			return l
		}
	}
	return 0
}
