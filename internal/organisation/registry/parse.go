package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"felleskrav/internal/organisation"
)

// answer is an entry as the register sends it, whose fields come and go: they
// are missing, null, empty or of another type, and others are added. Whatever
// cannot be read says nothing.
type answer map[string]any

// parse reads an answer about n, and believes nothing of one that is about
// another number: a proxy or a cache in between may have mixed them up.
func parse(body []byte, n organisation.Number) (organisation.RegisterEntry, error) {
	var a answer
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&a); err != nil || a == nil {
		return organisation.RegisterEntry{}, fmt.Errorf("%w: not a JSON object", ErrAnswer)
	}
	about, err := organisation.ParseNumber(a.text("organisasjonsnummer"))
	if err != nil || about != n {
		return organisation.RegisterEntry{}, fmt.Errorf("%w: it is about %.20q", ErrAnswer, a.text("organisasjonsnummer"))
	}
	e := organisation.RegisterEntry{
		Number: n, Found: true, Name: cleanName(a.text("navn")), Form: code(a.object("organisasjonsform").text("kode"), formCode),
		Sector:   code(a.object("institusjonellSektorkode").text("kode"), sectorCode),
		Language: language(a.text("maalform")), Bankrupt: a.flag("konkurs") || a.date("konkursdato") != "", VAT: a.flag("registrertIMvaregisteret"),
		DeletedOn: a.date("slettedato"),
	}
	e.PublicBody = publicSectors[e.Sector]
	// A sub-unit is closed down where an entity is deleted.
	if e.DeletedOn == "" {
		e.DeletedOn = a.date("nedleggelsesdato")
	}
	e.Deleted = e.DeletedOn != ""
	for _, key := range []string{"forretningsadresse", "beliggenhetsadresse", "postadresse"} {
		if e.Municipality = code(a.object(key).text("kommunenummer"), municipalityCode); e.Municipality != "" {
			break
		}
	}
	if p, err := organisation.ParseNumber(a.text("overordnetEnhet")); err == nil && p != n {
		e.Parent = p
	}
	for key := range a {
		// The register has several, with names that have changed.
		if (key == "underAvvikling" || strings.HasPrefix(key, "underTvangsavvikling")) && !strings.HasSuffix(key, "Dato") {
			e.WindingUp = e.WindingUp || a.flag(key)
		}
	}
	return e, nil
}

// publicSectors are the institutional sectors of central and local government.
var publicSectors = map[string]bool{"6100": true, "6500": true}

var (
	formCode         = regexp.MustCompile(`^[A-ZÆØÅ0-9]{1,10}$`)
	sectorCode       = regexp.MustCompile(`^[0-9]{4}$`)
	municipalityCode = regexp.MustCompile(`^[0-9]{4}$`)
)

func code(s string, form *regexp.Regexp) string {
	if !form.MatchString(s) {
		return ""
	}
	return s
}

// text is a field that is a text or a number.
func (a answer) text(key string) string {
	switch v := a[key].(type) {
	case string:
		return strings.TrimSpace(v)
	case json.Number:
		return v.String()
	}
	return ""
}

func (a answer) object(key string) answer {
	v, _ := a[key].(map[string]any)
	return v
}

// flag is a field that says yes.
func (a answer) flag(key string) bool {
	switch v := a[key].(type) {
	case bool:
		return v
	case string:
		return strings.EqualFold(v, "true") || strings.EqualFold(v, "J")
	}
	return false
}

// date is the day of a field that holds one, as 2026-01-31; an empty text is
// none. A time of day is left out.
func (a answer) date(key string) string {
	s := a.text(key)
	if len(s) < len(time.DateOnly) {
		return ""
	}
	s = s[:len(time.DateOnly)]
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return ""
	}
	return s
}

func language(maalform string) string {
	switch strings.ToLower(maalform) {
	case "bokmål", "bokmaal", "nb", "b":
		return "nb"
	case "nynorsk", "nn", "n":
		return "nn"
	}
	return ""
}

// maxName is the most characters of a name that are kept.
const maxName = 200

// cleanName gives a name on one line, without what does not show.
func cleanName(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) { // marks of direction and the like
			return -1
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) > maxName {
		s = string([]rune(s)[:maxName])
	}
	return strings.TrimSpace(s)
}
