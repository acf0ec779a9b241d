package catalogue

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// The words below are what makes a demand impossible to test, by language.
// Each has what to write instead.
type vagueWord struct {
	re pattern
	// measurable words are fine in a sentence that states a number: "regularly,
	// at least every 12 months".
	measurable bool
	instead    string
}

// pattern is an expression that is compiled when it is first used: most are for
// lint alone, and every start of the program would pay for them.
type pattern func() *regexp.Regexp

func matching(expr string) pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

func anyOf(words string) pattern { return matching(`(?i)(^|[^\pL])(` + words + `)([^\pL]|$)`) }

var vagueWords = map[string][]vagueWord{
	"nb": {
		{anyOf(`tilstrekkelige?|tilfredsstillende|forsvarlige?`), false, "hva som er nok: et tall, en standard eller en frist"},
		{anyOf(`egne(t|de)|passende|hensiktsmessige?|formålstjenlige?`), false, "hvilken løsning eller standard som godtas"},
		{anyOf(`nødvendige?|relevante?|aktuelle?`), false, "hvilke det gjelder"},
		{anyOf(`så langt (som |det er )?mulig|best mulig|i størst mulig grad|om mulig|ved behov|fortrinnsvis`), false, "når kravet gjelder, uten forbehold"},
		{anyOf(`rimelige?|adekvate?|gode?|høye? grad|vesentlige?`), false, "et mål som kan kontrolleres"},
		{anyOf(`jevnlige?|regelmessige?|periodiske?|løpende|til enhver tid`), true, "hvor ofte, for eksempel «minst hver 12. måned»"},
		{anyOf(`raskt|snarest( mulig)?|umiddelbart|uten ugrunnet opphold|omgående|innen rimelig tid`), true, "en frist, for eksempel «senest 24 timer etter»"},
	},
	"nn": {
		{anyOf(`tilstrekkelege?|tilfredsstillande|forsvarlege?|nok gode?`), false, "kva som er nok: eit tal, ein standard eller ein frist"},
		{anyOf(`eigna|passande|formålstenlege?|føremålstenlege?|høvelege?`), false, "kva løysing eller standard som er godteken"},
		{anyOf(`nødvendige?|naudsynte?|relevante?|aktuelle?`), false, "kva det gjeld"},
		{anyOf(`så langt (som |det er )?(mogleg|mogeleg|råd)|best mogleg|i størst mogleg grad|om mogleg|ved behov|helst`), false, "når kravet gjeld, utan atterhald"},
		{anyOf(`rimelege?|adekvate?|gode?|høg grad|vesentlege?`), false, "eit mål som kan kontrollerast"},
		{anyOf(`jamlege?|jamnlege?|regelmessige?|periodiske?|løpande|til kvar tid|til ei kvar tid`), true, "kor ofte, til dømes «minst kvar 12. månad»"},
		{anyOf(`raskt|snarast( råd| mogleg)?|straks|med ein gong|utan ugrunna opphald|innan rimeleg tid`), true, "ein frist, til dømes «seinast 24 timar etter»"},
	},
	"en": {
		{anyOf(`sufficient(ly)?|satisfactory|sound`), false, "what is enough: a figure, a standard or a deadline"},
		{anyOf(`appropriate(ly)?|suitable|adequate(ly)?|proper(ly)?`), false, "which solution or standard is accepted"},
		{anyOf(`necessary|relevant|applicable`), false, "which ones it concerns"},
		{anyOf(`as far as (is )?possible|where possible|if possible|as needed|where feasible|preferably|best effort(s)?`), false, "when the requirement holds, without reservation"},
		{anyOf(`reasonable|reasonably|good|high degree|significant(ly)?`), false, "a measure that can be checked"},
		{anyOf(`regular(ly)?|periodic(ally)?|continuous(ly)?|at all times|frequently`), true, "how often, for example “at least every 12 months”"},
		{anyOf(`promptly|quickly|immediately|without undue delay|as soon as possible|timely`), true, "a deadline, for example “within 24 hours of”"},
	},
}

var stated = matching(`[0-9]`)

// numberWords count as a stated number, too.
var numberWords = map[string]pattern{
	"nb": anyOf(`én|ett|to|tre|fire|fem|seks|sju|åtte|ni|ti|tolv|hver (time|dag|uke|måned)`),
	"nn": anyOf(`éin|eitt|to|tre|fire|fem|seks|sju|åtte|ni|ti|tolv|kvar (time|dag|veke|månad)`),
	"en": anyOf(`one|two|three|four|five|six|seven|eight|nine|ten|twelve|every (hour|day|week|month)|hourly|daily|weekly|monthly`),
}

// vague finds the first vague word of a text and what to write instead.
func vague(lang, text string) (word, instead string) {
	for _, sentence := range sentences(text) {
		for _, v := range vagueWords[lang] {
			m := v.re().FindStringSubmatch(sentence)
			if m == nil {
				continue
			}
			plain := standards().ReplaceAllString(sentence, "") // the 27001 of ISO/IEC 27001 measures nothing
			if v.measurable && (stated().MatchString(plain) || numberWords[lang]().MatchString(plain)) {
				continue
			}
			return m[2], v.instead
		}
	}
	return "", ""
}

// sentences splits at full stops that end a sentence; "12. måned" does not.
func sentences(text string) []string {
	var out []string
	start := 0
	r := []rune(text)
	for i := range r {
		if (r[i] == '.' || r[i] == '!' || r[i] == '?') && (i+1 == len(r) || r[i+1] == ' ' && i+2 < len(r) && isUpper(r[i+2])) {
			if i > 0 && r[i] == '.' && r[i-1] >= '0' && r[i-1] <= '9' && i+1 < len(r) {
				continue
			}
			out = append(out, strings.TrimSpace(string(r[start:i+1])))
			start = i + 1
		}
	}
	if rest := strings.TrimSpace(string(r[start:])); rest != "" {
		out = append(out, rest)
	}
	return out
}

func isUpper(r rune) bool { return strings.ToLower(string(r)) != string(r) }

var dutyVerb = map[string]string{"nb": "skal", "nn": "skal", "en": "shall"}

var dutyRE = map[string]pattern{"nb": anyOf("skal"), "nn": anyOf("skal"), "en": anyOf("shall")}

// duties counts the verbs of duty.
func duties(lang, text string) int { return len(dutyRE[lang]().FindAllString(text, -1)) }

var jointRE = matching(`og/eller|and/or|;`)

// joint finds what joins two demands in one.
func joint(text string) string { return jointRE().FindString(text) }

var (
	standards    = matching(`ISO/IEC [0-9]+|ISO [0-9]+|SOC [123]|BSI C5|NIST|FIPS|TLS [0-9.]+|CIS Benchmarks?|OpenID Connect|SAML|CycloneDX|SPDX|OWASP|CVSS|AES|SCIM|STIX|NOARK|Noark|PCI DSS|CSA STAR|FIDO2|RFC [0-9]+`)
	orEquivalent = map[string]string{"nb": "eller tilsvarende", "nn": "eller tilsvarande", "en": "or equivalent"}
	// equivalents also takes the inflected forms.
	equivalents = map[string]pattern{"nb": matching(`eller (noe |annet )?tilsvarende`), "nn": matching(`eller (noko |anna )?tilsvarande`), "en": matching(`or (an )?equivalent`)}
)

// standardNamed finds the first standard or certificate a text names.
func standardNamed(text string) string { return standards().FindString(text) }

func equivalent(lang, text string) bool { return equivalents[lang]().MatchString(text) }

var supplierSubject = map[string]string{"nb": "Leverandøren", "nn": "Leverandøren", "en": "The supplier"}

// lookVerbs are what a buyer can do to verify an answer.
var lookVerbs = map[string][]string{
	"nb": {"be om", "be leverandøren", "se ", "sjekk", "kontroller", "test", "les ", "spør", "velg", "logg", "slå opp", "sammenlign", "prøv", "finn", "avtal", "åpne", "tell", "skann", "kjør", "mål ", "ring", "send", "verifiser", "gå gjennom", "la ", "gjør ", "utfør "},
	"nn": {"be om", "be leverandøren", "sjå ", "sjekk", "kontroller", "test", "les ", "spør", "vel ", "logg", "slå opp", "samanlikn", "prøv", "finn", "avtal", "opne", "tel ", "skann", "køyr", "mål ", "ring", "send", "verifiser", "gå gjennom", "la ", "gjer ", "utfør "},
	"en": {"ask", "look", "check", "test", "read", "choose", "pick", "log ", "compare", "try", "find", "agree", "open", "count", "scan", "run", "measure", "call", "send", "verify", "go through", "have ", "select", "request", "review", "do ", "carry out", "perform"},
}

// looks reports whether a sentence of text begins with something to do.
func looks(lang, text string) bool {
	return slices.ContainsFunc(sentences(text), func(s string) bool {
		low := strings.ToLower(s)
		return slices.ContainsFunc(lookVerbs[lang], func(v string) bool { return strings.HasPrefix(low, v) })
	})
}

func lookWords(lang string) string { return strings.Join(lookVerbs[lang][:4], ", ") }

// foreignWords are words that do not belong in a language, but in one of the
// two others.
var foreignWords = map[string]pattern{
	"nb": anyOf(`ikkje|eit|ein|kva|kven|korleis|kvar|kor|verksemda?|verksemder|tenesta?|tenester|opplysningar|tryggleik(en)?|berre|frå|nokon|nokre|dei|å gjere|vere|skildring|the|shall|and`),
	"nn": anyOf(`ikke|en|hva|hvem|hvordan|hver|hvor|hvilke[nt]?|virksomhet(en)?|virksomheter|tjenesten?|tjenester|opplysninger|sikkerhet(en)?|bare|fra|noen|noe|jeg|de|gjøre|være|beskrivelse|også at|the|shall|and`),
	"en": anyOf(`ikke|ikkje|og|eller|skal|leverandøren|kunden|tjenesten|tenesta`),
}

// foreign finds the first word that belongs in another language.
func foreign(lang, text string) string {
	if m := foreignWords[lang]().FindStringSubmatch(text); m != nil {
		return m[2]
	}
	return ""
}
