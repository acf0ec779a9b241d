package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// output says where a result goes and how it is written.
type output struct {
	Output string `short:"o" placeholder:"FILE"`
	Format string `placeholder:"FORMAT"`
}

// formats are the endings of each format.
var formats = map[string][]string{
	"json": {".json"}, "yaml": {".yaml", ".yml"}, "csv": {".csv"}, "xlsx": {".xlsx"}, "text": {".txt"},
}

// choose settles on one of the formats a command can write: the one asked
// for, else the file's ending, else the first.
func (o output) choose(can ...string) (string, error) {
	format := o.Format
	if format == "" && o.Output != "" && o.Output != "-" {
		ext := strings.ToLower(filepath.Ext(o.Output))
		for f, endings := range formats {
			if slices.Contains(endings, ext) {
				format = f
			}
		}
		if format == "" && ext != "" {
			return "", usage("cli.usage.ending", "Ending", ext, "Known", strings.Join(can, ", "))
		}
	}
	if format == "" {
		format = can[0]
	}
	if !slices.Contains(can, format) {
		return "", usage("cli.usage.format", "Format", format, "Known", strings.Join(can, ", "))
	}
	return format, nil
}

// put writes a result where it belongs.
func (s *session) put(o output, data []byte) error {
	if o.Output == "" || o.Output == "-" {
		if _, err := s.stdout.Write(data); err != nil {
			return cannot(err, "cli.file.write", "File", "stdout")
		}
		return nil
	}
	if err := replaceFile(o.Output, data, 0o644); err != nil {
		return cannot(err, "cli.file.write", "File", o.Output)
	}
	s.say("cli.wrote", "File", o.Output)
	return nil
}

// putValue writes a value as JSON or YAML.
func (s *session) putValue(o output, format string, v any) error {
	data, err := encode(format, v)
	if err != nil {
		return err
	}
	return s.put(o, data)
}

func encode(format string, v any) ([]byte, error) {
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
	return toYAML(b.Bytes())
}

// toYAML writes JSON as YAML for people, with the fields in the same order.
func toYAML(data []byte) ([]byte, error) {
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

// replaceFile writes a file whole or not at all: readers see the old bytes or
// the new ones, also after a crash.
func replaceFile(name string, data []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// newFile writes a file that must not be there already.
func newFile(name string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// maxInput is the most that is read of any file a command is given.
const maxInput = 64 << 20

// read gives the bytes of a file, or of standard input for "-".
func (s *session) read(name string) ([]byte, error) {
	var r io.Reader = s.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, cannot(err, "cli.file.read", "File", name)
		}
		defer f.Close() //nolint:errcheck // nothing was written
		r = f
	}
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return nil, cannot(err, "cli.file.read", "File", name)
	}
	if len(data) > maxInput {
		return nil, no("cli.file.large", "File", name, "MB", maxInput>>20)
	}
	return data, nil
}
