package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Output are the flags that say where a result goes and how it is written.
type Output struct {
	File   string `name:"output" short:"o" placeholder:"FILE"`
	Format string `placeholder:"FORMAT"`
}

// formats are the endings of each format.
var formats = map[string][]string{
	"json": {".json"}, "yaml": {".yaml", ".yml"}, "csv": {".csv"}, "xlsx": {".xlsx"}, "text": {".txt"},
}

// Choose settles on one of the formats a command can write: the one asked
// for, else the file's ending, else the first.
func (o Output) Choose(can ...string) (string, error) {
	format := o.Format
	if format == "" && o.File != "" && o.File != "-" {
		ext := strings.ToLower(filepath.Ext(o.File))
		for f, endings := range formats {
			if slices.Contains(endings, ext) {
				format = f
			}
		}
		if format == "" && ext != "" {
			return "", Usage("cli.usage.ending", "Ending", ext, "Known", strings.Join(can, ", "))
		}
	}
	if format == "" {
		format = can[0]
	}
	if !slices.Contains(can, format) {
		return "", Usage("cli.usage.format", "Format", format, "Known", strings.Join(can, ", "))
	}
	return format, nil
}

// Put writes a result where it belongs.
func (s *Session) Put(o Output, data []byte) error {
	if o.File == "" || o.File == "-" {
		if _, err := s.Stdout.Write(data); err != nil {
			return Cannot(err, "cli.file.write", "File", "stdout")
		}
		return nil
	}
	if err := ReplaceFile(o.File, data, 0o644); err != nil {
		return Cannot(err, "cli.file.write", "File", o.File)
	}
	s.Say("cli.wrote", "File", o.File)
	return nil
}

// PutValue writes a value as JSON or YAML.
func (s *Session) PutValue(o Output, format string, v any) error {
	data, err := Encode(format, v)
	if err != nil {
		return err
	}
	return s.Put(o, data)
}

// Encode writes a value as JSON or YAML.
func Encode(format string, v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write result: %w", err)
	}
	if format != "yaml" {
		return b.Bytes(), nil
	}
	return ToYAML(b.Bytes())
}

// ToYAML writes JSON as YAML for people, with the fields in the same order.
func ToYAML(data []byte) ([]byte, error) {
	var n yaml.Node
	if err := yaml.Unmarshal(data, &n); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	var plain func(*yaml.Node)
	plain = func(n *yaml.Node) {
		n.Style = 0
		for _, c := range n.Content {
			plain(c)
		}
	}
	plain(&n)
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(&n), enc.Close()); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return b.Bytes(), nil
}
