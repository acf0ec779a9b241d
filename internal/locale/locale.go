package locale

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
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
type Bundle struct {
	texts map[string]*Texts
	keys  map[string][]string
}

// Load reads every LANGUAGE/*.yaml below root in fsys. A file is a flat
// mapping from key to text, or to {one, other} for a text that counts; values
// are filled in as in {{.Name}}. A key given twice in a language is an error.
func Load(fsys fs.FS, root string) (*Bundle, error) {
	b := &Bundle{texts: map[string]*Texts{}, keys: map[string][]string{}}
	bundle := i18n.NewBundle(language.MustParse(Default))
	for _, lang := range Languages() {
		tag := language.MustParse(lang)
		files, err := fs.Glob(fsys, path.Join(root, lang, "*.yaml"))
		if err != nil {
			return nil, fmt.Errorf("list texts: %w", err)
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("load texts: no files for %s below %s", lang, root)
		}
		seen := map[string]string{}
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
				b.keys[lang] = append(b.keys[lang], m.ID)
			}
			if err := bundle.AddMessages(tag, msgs...); err != nil {
				return nil, fmt.Errorf("load texts %s: %w", f, err)
			}
		}
		slices.Sort(b.keys[lang])
	}
	for _, lang := range Languages() {
		tag := language.MustParse(lang)
		b.texts[lang] = &Texts{Lang: lang, localizer: i18n.NewLocalizer(bundle, tag.String()), printer: message.NewPrinter(tag), known: set(b.keys[lang])}
	}
	return b, nil
}

func set(keys []string) map[string]bool {
	m := make(map[string]bool, len(keys))
	for _, k := range keys {
		m[k] = true
	}
	return m
}

func read(fsys fs.FS, file string) ([]*i18n.Message, error) {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	var raw map[string]yaml.Node
	if err := yaml.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("read texts %s: %w", file, err)
	}
	var out []*i18n.Message
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
func (b *Bundle) Keys(lang string) []string { return b.keys[lang] }

// Texts gives texts in one language. It is safe for concurrent use.
type Texts struct {
	Lang      string
	localizer *i18n.Localizer
	printer   *message.Printer
	known     map[string]bool
}

// Has reports whether there is a text for key.
func (t *Texts) Has(key string) bool { return t.known[key] }

// T gives the text for key. args fill it in: either one map from name to
// value, or names and values in turn. A missing key gives the key itself, so
// that it is seen; tests hold that none is missing.
func (t *Texts) T(key string, args ...any) string {
	if !t.known[key] { // the library would fall back on another language
		return key
	}
	data := arguments(args)
	cfg := &i18n.LocalizeConfig{MessageID: key, TemplateData: data}
	if n, ok := data["Count"]; ok {
		cfg.PluralCount = n
	}
	s, err := t.localizer.Localize(cfg)
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

// Number writes an integer with the language's grouping.
func (t *Texts) Number(n int64) string { return t.printer.Sprint(number.Decimal(n)) }

// Percent writes a share, 0 to 1, in whole percent.
func (t *Texts) Percent(share float64) string {
	p := int(share*100 + 0.5)
	if t.Lang == "en" {
		return fmt.Sprintf("%d%%", p)
	}
	return fmt.Sprintf("%d\u00a0%%", p)
}
