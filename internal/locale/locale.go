package locale

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // days are shown in Oslo time on machines without a zone database

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// Default is the language used when nothing else is asked for.
const Default = "nb"

// Languages lists the languages, the default first.
func Languages() []string { return []string{"nb", "nn", "en"} }

// matcher's order follows Languages; plain "no" means bokmål.
var matcher = language.NewMatcher([]language.Tag{language.MustParse("nb"), language.MustParse("nn"), language.English})

// Negotiate picks a language from an explicit choice, which may be empty or
// unknown, and an Accept-Language header (RFC 9110 §12.5.4).
func Negotiate(choice, acceptLanguage string) string {
	if slices.Contains(Languages(), choice) {
		return choice
	}
	if acceptLanguage == "" || len(acceptLanguage) > 200 {
		return Default
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(tags) == 0 {
		return Default
	}
	_, i, confidence := matcher.Match(tags...)
	if confidence == language.No {
		return Default
	}
	return Languages()[i]
}

// Bundle holds all texts.
type Bundle struct{ texts map[string]*Texts }

// Load reads every LANGUAGE/*.yaml below root in fsys. A file is a flat
// mapping from key to text, or to {one, other} for a text that counts; values
// are filled in as in {{.Name}}. A key given twice in a language is an error.
func Load(fsys fs.FS, root string) (*Bundle, error) {
	b := &Bundle{texts: map[string]*Texts{}}
	for _, lang := range Languages() {
		files, err := filesOf(fsys, root, lang)
		if err != nil {
			return nil, err
		}
		seen := map[string]string{}
		var all []*i18n.Message
		for _, f := range files {
			msgs, err := read(fsys, f)
			if err != nil {
				return nil, err
			}
			for _, m := range msgs {
				if other, dup := seen[m.ID]; dup {
					return nil, fmt.Errorf("load texts: key %s stands in both %s and %s", m.ID, other, f)
				}
				seen[m.ID] = f
			}
			all = append(all, msgs...)
		}
		t := newTable(lang)
		if err := t.add(all...); err != nil {
			return nil, err
		}
		b.texts[lang] = newTexts(lang, t)
	}
	return b, nil
}

func filesOf(fsys fs.FS, root, lang string) ([]string, error) {
	files, err := fs.Glob(fsys, path.Join(root, lang, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("list texts: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("load texts: no files for %s below %s", lang, root)
	}
	return files, nil
}

func read(fsys fs.FS, file string) ([]*i18n.Message, error) {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	return parse(data, file)
}

// parse reads the texts in data, which is file or a part of it.
func parse(data []byte, file string) ([]*i18n.Message, error) {
	var raw map[string]yaml.Node
	if err := yaml.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("read texts %s: %w", file, err)
	}
	out := make([]*i18n.Message, 0, len(raw))
	for key, node := range raw {
		m := &i18n.Message{ID: key}
		if node.Kind == yaml.ScalarNode {
			m.Other = node.Value
		} else {
			var forms struct {
				One   string `yaml:"one"`
				Other string `yaml:"other"`
			}
			if err := node.Decode(&forms); err != nil {
				return nil, fmt.Errorf("read texts %s: key %s (line %d): %w", file, key, node.Line, err)
			}
			m.One, m.Other = forms.One, forms.Other
		}
		if strings.TrimSpace(m.Other) == "" {
			return nil, fmt.Errorf("read texts %s: key %s (line %d) has no text", file, key, node.Line)
		}
		out = append(out, m)
	}
	return out, nil
}

// In returns the texts of a language; an unknown one gives the default.
func (b *Bundle) In(lang string) *Texts {
	if t, ok := b.texts[lang]; ok {
		return t
	}
	return b.texts[Default]
}

// Keys lists the keys of a language, sorted.
func (b *Bundle) Keys(lang string) []string {
	t, ok := b.texts[lang]
	if !ok {
		return nil
	}
	keys := slices.Collect(maps.Keys(t.table.plain))
	if t.unread != nil {
		keys = slices.Collect(maps.Keys(t.unread.all()))
	}
	slices.Sort(keys)
	return keys
}

// table holds texts by key.
type table struct {
	lang string
	// plain has the text of every key, or "" for one with values to fill in or
	// forms to choose from: those are for the library, which takes ten times the
	// memory for a text.
	plain  map[string]string
	filled *i18n.Localizer
	bundle *i18n.Bundle
}

func newTable(lang string) *table { return &table{lang: lang, plain: map[string]string{}} }

func (t *table) add(msgs ...*i18n.Message) error {
	tag := language.MustParse(t.lang)
	if t.bundle == nil {
		t.bundle = i18n.NewBundle(tag)
		t.filled = i18n.NewLocalizer(t.bundle, t.lang)
	}
	for _, m := range msgs {
		if m.One == "" && !strings.Contains(m.Other, "{{") {
			t.plain[m.ID] = m.Other
			continue
		}
		t.plain[m.ID] = ""
		if err := t.bundle.AddMessages(tag, m); err != nil {
			return fmt.Errorf("load text %s in %s: %w", m.ID, t.lang, err)
		}
	}
	return nil
}

// Texts gives texts in one language. It is safe for concurrent use.
type Texts struct {
	Lang    string
	table   *table
	unread  *unread // nil when all are in the table
	printer *message.Printer
}

func newTexts(lang string, t *table) *Texts {
	return &Texts{Lang: lang, table: t, printer: message.NewPrinter(language.MustParse(lang))}
}

// Has reports whether there is a text for key.
func (t *Texts) Has(key string) bool {
	if t.unread != nil {
		defer t.unread.fetch(key, t.table)()
	}
	_, ok := t.table.plain[key]
	return ok
}

// T gives the text for key. args fill it in: either one map from name to
// value, or names and values in turn. A missing key gives the key itself, so
// that it is seen; tests hold that none is missing.
func (t *Texts) T(key string, args ...any) string {
	if t.unread != nil {
		defer t.unread.fetch(key, t.table)()
	}
	switch text, ok := t.table.plain[key]; {
	case !ok:
		return key
	case text != "":
		return text
	}
	data := arguments(args)
	cfg := &i18n.LocalizeConfig{MessageID: key, TemplateData: data}
	if n, ok := data["Count"]; ok {
		cfg.PluralCount = n
	}
	s, err := t.table.filled.Localize(cfg)
	if err != nil && s == "" {
		return key
	}
	return s
}

func arguments(args []any) map[string]any {
	data := map[string]any{}
	if len(args) == 1 {
		switch m := args[0].(type) {
		case map[string]any:
			return m
		case nil:
			return data
		}
	}
	for i := 0; i+1 < len(args); i += 2 {
		data[fmt.Sprint(args[i])] = args[i+1]
	}
	return data
}

// oslo is where our users' calendars are.
var oslo = func() *time.Location {
	l, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		panic("locale: the time zone database lacks Europe/Oslo: " + err.Error())
	}
	return l
}()

// Zone is the time zone in which days and clock times are shown and read.
func Zone() *time.Location { return oslo }

// Date writes a day: 23.11.2026, in English 23 November 2026.
func (t *Texts) Date(at time.Time) string {
	if t.Lang == "en" {
		return at.In(oslo).Format("2 January 2006")
	}
	return at.In(oslo).Format("02.01.2006")
}

// DateTime writes a day and a time of day in Oslo: 23.11.2026 kl. 14.05.
func (t *Texts) DateTime(at time.Time) string {
	if t.Lang == "en" {
		return at.In(oslo).Format("2 January 2006 at 15:04")
	}
	return at.In(oslo).Format("02.01.2006 kl. 15.04")
}

// Clock writes a time of day in Oslo: 14.05, in English 14:05.
func (t *Texts) Clock(at time.Time) string {
	if t.Lang == "en" {
		return at.In(oslo).Format("15:04")
	}
	return at.In(oslo).Format("15.04")
}

// Number writes an integer with the language's grouping.
func (t *Texts) Number(n int64) string {
	if 0 <= n && n < 1000 { // the same in all our languages, and most of what tables show
		return strconv.FormatInt(n, 10)
	}
	return t.printer.Sprint(number.Decimal(n))
}

// Percent writes a share, 0 to 1, in whole percent.
func (t *Texts) Percent(share float64) string {
	p := int(share*100 + 0.5)
	if t.Lang == "en" {
		return fmt.Sprintf("%d%%", p)
	}
	return fmt.Sprintf("%d\u00a0%%", p)
}
