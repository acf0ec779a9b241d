package patch

import (
	"bytes"
	"html"
	"strings"
)

// tag is one tag of a part, by where it stands. Everything is offsets, so that
// what is not changed can be copied as it is.
type tag struct {
	start, end int
	// name is the local name, prefix what stands before the colon with it.
	name, prefix string
	// attributes is what stands between the name and the end.
	attributes []byte
	attrStart  int
	closing    bool // </name>
	empty      bool // <name/>
}

// opens reports whether the tag begins an element of that name.
func (t tag) opens(name string) bool { return !t.closing && t.name == name }

// closes reports whether the tag ends an element of that name.
func (t tag) closes(name string) bool { return t.closing && t.name == name }

// tags walks through the tags of a part. Comments, processing instructions
// and CDATA sections are passed over.
type tags struct {
	data []byte
	pos  int
}

var (
	commentEnd = []byte("-->")
	cdataStart = []byte("<![CDATA[")
	cdataEnd   = []byte("]]>")
)

// next gives the next tag; ok is false at the end, and where the markup does
// not hold together.
func (s *tags) next() (t tag, ok bool) {
	for {
		i := bytes.IndexByte(s.data[s.pos:], '<')
		if i < 0 {
			return tag{}, false
		}
		start := s.pos + i
		rest := s.data[start:]
		var skip int
		switch {
		case bytes.HasPrefix(rest, []byte("<!--")):
			skip = after(rest, 4, commentEnd)
		case bytes.HasPrefix(rest, cdataStart):
			skip = after(rest, len(cdataStart), cdataEnd)
		case len(rest) > 1 && (rest[1] == '?' || rest[1] == '!'):
			skip = after(rest, 1, []byte{'>'})
		default:
			return s.tag(start)
		}
		if skip < 0 {
			return tag{}, false
		}
		s.pos = start + skip
	}
}

func after(data []byte, from int, end []byte) int {
	if from > len(data) {
		return -1
	}
	i := bytes.Index(data[from:], end)
	if i < 0 {
		return -1
	}
	return from + i + len(end)
}

func (s *tags) tag(start int) (tag, bool) {
	d := s.data
	i := start + 1
	t := tag{start: start}
	if i < len(d) && d[i] == '/' {
		t.closing = true
		i++
	}
	begin := i
	for i < len(d) && !space(d[i]) && d[i] != '>' && d[i] != '/' {
		i++
	}
	name := string(d[begin:i])
	if p, local, found := strings.Cut(name, ":"); found {
		t.prefix, t.name = p, local
	} else {
		t.name = name
	}
	t.attrStart = i
	for i < len(d) && d[i] != '>' {
		if q := d[i]; q == '"' || q == '\'' {
			n := bytes.IndexByte(d[i+1:], q)
			if n < 0 {
				return tag{}, false
			}
			i += n + 1
		}
		i++
	}
	if i >= len(d) {
		return tag{}, false
	}
	end := i
	if d[i-1] == '/' && i-1 >= t.attrStart {
		t.empty = true
		end = i - 1
	}
	t.attributes = d[t.attrStart:end]
	t.end = i + 1
	s.pos = t.end
	return t, true
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// attr gives an attribute's value as it is meant; a name may have a prefix.
func (t tag) attr(name string) string {
	from, to, ok := t.find(name)
	if !ok {
		return ""
	}
	v := t.attributes[from:to]
	if bytes.IndexByte(v, '&') < 0 {
		return string(v)
	}
	return html.UnescapeString(string(v))
}

// find gives where an attribute's value stands within the attributes.
func (t tag) find(name string) (from, to int, ok bool) {
	a := t.attributes
	for i := 0; i < len(a); {
		for i < len(a) && space(a[i]) {
			i++
		}
		begin := i
		for i < len(a) && a[i] != '=' && !space(a[i]) {
			i++
		}
		got := a[begin:i]
		for i < len(a) && (space(a[i]) || a[i] == '=') {
			i++
		}
		if i >= len(a) || a[i] != '"' && a[i] != '\'' {
			return 0, 0, false
		}
		q := a[i]
		n := bytes.IndexByte(a[i+1:], q)
		if n < 0 {
			return 0, 0, false
		}
		if string(got) == name {
			return i + 1, i + 1 + n, true
		}
		i += n + 2
	}
	return 0, 0, false
}

// without gives the attributes less the named ones.
func (t tag) without(names ...string) []byte {
	a := bytes.Clone(t.attributes)
	for _, name := range names {
		from, to, ok := (tag{attributes: a}).find(name)
		if !ok {
			continue
		}
		begin := bytes.LastIndex(a[:from], []byte(name))
		for begin > 0 && space(a[begin-1]) {
			begin--
		}
		a = append(a[:begin], a[to+1:]...)
	}
	return a
}

// with gives the attributes with one set to a value.
func (t tag) with(name, value string) []byte {
	from, to, ok := t.find(name)
	if !ok {
		return append(bytes.TrimRight(bytes.Clone(t.attributes), " \t\r\n"), (" " + name + `="` + escape(value) + `"`)...)
	}
	out := append([]byte{}, t.attributes[:from]...)
	out = append(out, escape(value)...)
	return append(out, t.attributes[to:]...)
}

// qualified gives a name the tag's own prefix.
func (t tag) qualified(name string) string {
	if t.prefix == "" {
		return name
	}
	return t.prefix + ":" + name
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\n", "&#10;", "\t", "&#9;", "\r", "&#13;")

func escape(s string) string { return escaper.Replace(s) }
