package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/review"
	"felleskrav/internal/status"
)

// engine draws the pages. All are parsed and checked once, when it is made, but
// each is kept only from when it is first asked for in a language: parsed pages
// are what takes memory, and most installations are asked for few of them.
type engine struct {
	pages map[string]map[string]func() (*template.Template, error) // language → page → template
	texts *locale.Bundle
}

// assets maps plain file names to the content-hashed ones in dist.
type assets map[string]string

func loadAssets(dist fs.FS) (assets, error) {
	b, err := fs.ReadFile(dist, "dist/manifest.json")
	if err != nil {
		return nil, fmt.Errorf("read list of assets: %w", err)
	}
	a := assets{}
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, fmt.Errorf("read list of assets: %w", err)
	}
	for _, name := range []string{"app.css", "icon.svg", "autosave.js", "copy.js", "keys.js", "sign.js", "upload.js"} {
		if a[name] == "" {
			return nil, fmt.Errorf("read list of assets: %s is not in it", name)
		}
	}
	return a, nil
}

// newEngine parses the pages named in names and refuses a set of files that
// differs from it, so that a page cannot be missing when it is first asked for.
func newEngine(files fs.FS, names []string, texts *locale.Bundle, cat catalogue.Provider, a assets) (*engine, error) {
	found, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("list pages: %w", err)
	}
	var problems []error
	for _, f := range found {
		if name := strings.TrimSuffix(path.Base(f), ".html"); !slices.Contains(names, name) {
			problems = append(problems, fmt.Errorf("page %s is not declared", name))
		}
	}
	for _, name := range names {
		if !slices.Contains(found, "pages/"+name+".html") {
			problems = append(problems, fmt.Errorf("page %s has no file", name))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("check pages: %w", err)
	}

	// Functions are bound per language further down; parsing needs their names.
	known := functions(texts.In(locale.Default), cat, a)
	common, err := template.New("layout").Funcs(known).ParseFS(files, "partials/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse partials: %w", err)
	}
	e := &engine{pages: map[string]map[string]func() (*template.Template, error){}, texts: texts}
	small := map[string]func() (*parts, error){}
	for _, lang := range locale.Languages() {
		e.pages[lang] = map[string]func() (*template.Template, error){}
		small[lang] = sync.OnceValues(func() (*parts, error) {
			own, err := common.Clone()
			if err != nil {
				return nil, fmt.Errorf("parse small parts: %w", err)
			}
			return newParts(own.Funcs(functions(texts.In(lang), cat, a)), texts.In(lang)), nil
		})
	}
	parse := func(name string) (*template.Template, error) {
		page, err := common.Clone()
		if err == nil {
			page, err = page.ParseFS(files, "pages/"+name+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("parse page %s: %w", name, err)
		}
		return page, nil
	}
	for _, name := range names {
		// Checked by itself: with all the partials it takes ten times as long.
		page, err := template.New(name).Funcs(known).ParseFS(files, "pages/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("parse page %s: %w", name, err)
		}
		for _, needed := range []string{"title", "main"} {
			if page.Lookup(needed) == nil {
				return nil, fmt.Errorf("parse page %s: it defines no %q", name, needed)
			}
		}
		for _, lang := range locale.Languages() {
			e.pages[lang][name] = sync.OnceValues(func() (*template.Template, error) {
				page, err := parse(name)
				if err != nil {
					return nil, err
				}
				p, err := small[lang]()
				if err != nil {
					return nil, err
				}
				folder{texts.In(lang), p}.fold(page)
				return page.Funcs(functions(texts.In(lang), cat, a)).Funcs(template.FuncMap{"drawn": p.draw}), nil
			})
		}
	}
	return e, nil
}

// render draws a page whole before the first byte is sent, so that a failing
// page never goes out half. What it gives is to be returned by giveBack.
func (e *engine) render(lang, page string, data any) (*bytes.Buffer, error) {
	bound, ok := e.pages[lang][page]
	if !ok {
		return nil, fmt.Errorf("draw page %s in %s: no such page", page, lang)
	}
	t, err := bound()
	if err != nil {
		return nil, fmt.Errorf("draw page %s in %s: %w", page, lang, err)
	}
	b := buffers.Get().(*bytes.Buffer)
	if err := t.ExecuteTemplate(b, "layout.html", data); err != nil {
		giveBack(b)
		return nil, fmt.Errorf("draw page %s in %s: %w", page, lang, err)
	}
	return b, nil
}

// buffers are what pages are drawn into. A large page is some hundred kilobytes,
// and as much again for each time that its buffer has to grow.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// mostReused is the largest buffer that is kept for the next page, in bytes.
const mostReused = 2 << 20

// giveBack takes back a page that was sent.
func giveBack(b *bytes.Buffer) {
	if b.Cap() <= mostReused {
		b.Reset()
		buffers.Put(b)
	}
}

// functions are what templates can call, bound to one language.
func functions(t *locale.Texts, cat catalogue.Provider, a assets) template.FuncMap {
	regions := display.Regions(language.MustParse(t.Lang))
	return template.FuncMap{
		"t":        t.T,
		"term":     func(kind string, value any) string { return t.T(termKey(kind, value)) },
		"tx":       func(s catalogue.Text) string { return s.In(t.Lang) },
		"date":     t.Date,
		"datetime": t.DateTime,
		"day":      dayText(t),
		"month":    func(at time.Time) string { return at.In(locale.Zone()).Format("01.2006") },
		"changed":  changeText(t),
		"isodate":  func(at time.Time) string { return at.In(locale.Zone()).Format(time.RFC3339) },
		"number":   func(n any) string { return t.Number(integer(n)) },
		"percent":  t.Percent,
		"asset":    func(name string) string { return "/assets/" + a[name] },
		"country": func(code string) string {
			if r, err := language.ParseRegion(code); err == nil {
				if name := regions.Name(r); name != "" {
					return name
				}
			}
			return code
		},
		"grouped": func(n organisation.Number) string { return n.Grouped() },
		"orgnr":   func(s string) organisation.Number { return organisation.Number(s) },
		// identifier is an organisation's id in a statement, as people read it.
		"identifier": func(id string) string {
			if n, err := organisation.ParseIdentifier(id); err == nil {
				return n.Grouped()
			}
			return id
		},
		// ranked puts roles in the order in which they are offered.
		"ranked": func(roles []access.Role) []access.Role {
			order := access.Roles()
			return slices.SortedStableFunc(slices.Values(roles), func(a, b access.Role) int {
				return slices.Index(order, a) - slices.Index(order, b)
			})
		},
		"law": func(r catalogue.LawRef) string {
			s, ok := cat.Content().Source(r.Source)
			if !ok {
				return strings.TrimSpace(r.Source + " " + r.Section)
			}
			return strings.TrimSpace(s.Name.In(t.Lang) + " " + r.Section)
		},
		"measure":     func(id string) catalogue.Measure { m, _ := cat.Content().Measure(id); return m },
		"requirement": func(id string) catalogue.Requirement { r, _ := cat.Content().Requirement(id); return r },
		"task":        func(id string) catalogue.Task { v, _ := cat.Content().Task(id); return v },
		"information": func(id string) catalogue.InformationType { v, _ := cat.Content().InformationType(id); return v },
		"set":         func(id string) catalogue.Set { v, _ := cat.Content().KnownSet(id); return v },
		"theme":       func(id string) catalogue.Theme { v, _ := cat.Content().Theme(id); return v },
		"colour":      colour,
		"symbol":      symbol,
		"short":       short,
		"join":        strings.Join,
		"add":         func(x, y int) int { return x + y },
		"pick":        func(v any, list ...string) bool { return slices.Contains(list, fmt.Sprint(v)) },
	}
}

// termKey is the key of the word for an enumerated value.
func termKey(kind string, value any) string {
	v := fmt.Sprint(value)
	if v == "" {
		v = "none"
	}
	return kind + "." + v
}

func integer(n any) int64 {
	switch v := n.(type) {
	case int:
		return int64(v)
	case int64:
		return v
	default:
		return 0
	}
}

// short gives the beginning of a digest, enough for a person to compare.
func short(digest string) string {
	if len(digest) <= 12 {
		return digest
	}
	return digest[:12]
}

// colour is the Designsystemet colour for a status, answer or level. It never
// stands alone: a word and a symbol go with it.
func colour(v any) string {
	switch x := v.(type) {
	case status.Overall:
		switch x {
		case status.Valid:
			return "success"
		case status.Expiring, status.SupersededSet, status.Incomplete, status.ScopeMismatch:
			return "warning"
		case status.Missing:
			return "neutral"
		default:
			return "danger"
		}
	case attestation.AnswerStatus:
		switch x {
		case attestation.Met:
			return "success"
		case attestation.Alternative:
			return "info"
		case attestation.Partial, attestation.Planned:
			return "warning"
		case attestation.NotMet:
			return "danger"
		default:
			return "neutral"
		}
	case review.Outcome:
		switch x {
		case review.Accepted:
			return "success"
		case review.AcceptedWithConditions:
			return "warning"
		default:
			return "danger"
		}
	case catalogue.Level:
		return []string{"neutral", "success", "info", "warning", "danger"}[max(0, min(4, int(x)))]
	case status.Lifecycle:
		switch x {
		case status.LifeActive:
			return "success"
		case status.LifeSuperseded:
			return "neutral"
		default:
			return "danger"
		}
	default:
		return "neutral"
	}
}

// symbol names the icon for a status or an answer.
func symbol(v any) string {
	switch x := v.(type) {
	case status.Overall:
		switch colour(x) {
		case "success":
			return "check"
		case "warning":
			return "warning"
		case "danger":
			return "cross"
		default:
			return "dash"
		}
	case attestation.AnswerStatus:
		switch x {
		case attestation.Met:
			return "check"
		case attestation.Alternative:
			return "swap"
		case attestation.Partial:
			return "half"
		case attestation.Planned:
			return "clock"
		case attestation.NotMet:
			return "cross"
		default:
			return "dash"
		}
	case review.Outcome:
		switch x {
		case review.Accepted:
			return "check"
		case review.AcceptedWithConditions:
			return "half"
		default:
			return "cross"
		}
	case status.Lifecycle:
		switch x {
		case status.LifeActive:
			return "check"
		case status.LifeSuperseded:
			return "swap"
		case status.LifeExpired:
			return "clock"
		default:
			return "cross"
		}
	default:
		return "dash"
	}
}
