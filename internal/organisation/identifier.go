package organisation

import (
	"regexp"
	"strings"

	"felleskrav/internal/problem"
)

// foreignForm is an identifier of an organisation outside Norway in the form
// of ETSI EN 319 412-1 §5.1.4: the kind of register, its country, and the
// number there. It is narrower than the standard, so that an identifier can
// stand in an address, in the name of a file and in the key of a log entry.
var (
	foreignForm = regexp.MustCompile(`^(NTR|VAT|LEI)([A-Z]{2})-([0-9A-Z](?:[0-9A-Z.-]{0,38}[0-9A-Z])?)$`)
	leiForm     = regexp.MustCompile(`^[0-9A-Z]{18}[0-9]{2}$`)
)

// ParseIdentifier reads what an organisation is known by here: a Norwegian
// organisation number, as [ParseNumber] reads it, or for one that has none, the
// identifier of another register in the form of ETSI EN 319 412-1 §5.1.4:
// "NTRSE-5560125790" (business register), "VATDE-136695976" (VAT number) or
// "LEIXG-…" (legal entity identifier, ISO 17442, with its check digits). Small
// letters and spaces are fine. A Norwegian identifier ("NTRNO-123456785") is
// read as the number in it, so that nobody has two. The error is a
// [problem.Invalid].
func ParseIdentifier(s string) (Number, error) {
	if len(s) > 100 {
		return "", problem.New(problem.Invalid, "organisation.identifier", problem.Args{"Value": problem.Clip(s)})
	}
	text := strings.ToUpper(strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\u00a0', '\u202f', '\t':
			return -1
		}
		return r
	}, s))
	parts := foreignForm.FindStringSubmatch(text)
	if parts == nil {
		return ParseNumber(s)
	}
	scheme, country, number := parts[1], parts[2], parts[3]
	bad := problem.New(problem.Invalid, "organisation.identifier", problem.Args{"Value": problem.Clip(s)})
	switch {
	case scheme == "LEI":
		if country != "XG" || !leiForm.MatchString(number) {
			return "", bad
		}
		if !leiChecks(number) {
			return "", problem.New(problem.Invalid, "organisation.lei-check", problem.Args{"Value": problem.Clip(number)})
		}
	case country == "XG":
		return "", bad
	case country == "NO":
		return ParseNumber(number)
	}
	return Number(text), nil
}

// leiChecks tells whether the last two digits check the others (ISO 7064,
// modulo 97-10, with A as 10).
func leiChecks(s string) bool {
	sum := 0
	for _, r := range s {
		if r >= 'A' {
			sum = (sum*100 + int(r-'A') + 10) % 97
		} else {
			sum = (sum*10 + int(r-'0')) % 97
		}
	}
	return sum == 1
}

// Foreign reports whether the organisation is known by the identifier of a
// register outside Norway. Such an identifier begins with letters and has a
// hyphen in it, and no Norwegian number has either.
func (n Number) Foreign() bool { return strings.ContainsRune(string(n), '-') }

// RegisterCountry is the country of the register that a foreign identifier is
// of, by ISO 3166-1 alpha-2, or "" for a legal entity identifier, which is of
// no country. A Norwegian number is of "NO".
func (n Number) RegisterCountry() string {
	if !n.Foreign() {
		return "NO"
	}
	switch c := string(n[3:5]); c {
	case "XG":
		return ""
	case "EL": // VAT numbers have codes of their own for Greece
		return "GR"
	case "XI": // and for Northern Ireland
		return "GB"
	default:
		return c
	}
}
