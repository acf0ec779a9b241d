package locale

import (
	"bytes"
	"io/fs"
	"sync"
)

// Lazy gives the texts that Load would, and reads each when it is first asked
// for. It is for a program that writes a few lines and ends: reading all of
// them takes longer than most of what it does. The files must be good ones, as
// those in the program are: what Load would refuse panics, or is a missing text.
func Lazy(fsys fs.FS, root string) *Bundle {
	b := &Bundle{texts: map[string]*Texts{}}
	for _, lang := range Languages() {
		t := newTexts(lang, newTable(lang))
		t.unread = &unread{all: sync.OnceValue(func() map[string]part { return partsOf(fsys, root, lang) })}
		b.texts[lang] = t
	}
	return b
}

// part is one text as it stands in a file.
type part struct {
	file  string
	lines []byte
}

// unread finds texts that are not in the table yet.
type unread struct {
	mu  sync.Mutex
	all func() map[string]part
}

// fetch puts the text for key into t, if there is one, and locks t until the
// function it gives is called.
func (u *unread) fetch(key string, t *table) (unlock func()) {
	u.mu.Lock()
	if _, have := t.plain[key]; have {
		return u.mu.Unlock
	}
	if p, ok := u.all()[key]; ok {
		msgs, err := parse(p.lines, p.file)
		if err == nil {
			err = t.add(msgs...)
		}
		if err != nil {
			u.mu.Unlock()
			panic("locale: " + err.Error())
		}
	}
	return u.mu.Unlock
}

// partsOf splits the files of a language. What belongs to a key is the line
// that begins with it and those after it that are indented.
func partsOf(fsys fs.FS, root, lang string) map[string]part {
	files, err := filesOf(fsys, root, lang)
	parts := map[string]part{}
	for _, file := range files {
		var data []byte
		if data, err = fs.ReadFile(fsys, file); err != nil {
			break
		}
		for len(data) > 0 {
			end := 0 // of this key's lines
			for {
				n := bytes.IndexByte(data[end:], '\n') + 1
				if n == 0 {
					end = len(data)
				} else {
					end += n
				}
				if end == len(data) || data[end] != ' ' && data[end] != '\n' {
					break
				}
			}
			if key, _, ok := bytes.Cut(data[:end], []byte(":")); ok && data[0] != '#' {
				parts[string(key)] = part{file, data[:end]}
			}
			data = data[end:]
		}
	}
	if err != nil {
		panic("locale: " + err.Error())
	}
	return parts
}
