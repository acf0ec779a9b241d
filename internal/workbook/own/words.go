package own

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Role is what a column of a requirement table holds.
type Role string

// The roles. The first six are the buyer's, the others the bidder's and the
// evaluation's.
const (
	RoleID          Role = "id"
	RoleText        Role = "text"
	RoleType        Role = "type"
	RoleTheme       Role = "theme"
	RoleInstruction Role = "instruction"
	RoleWeight      Role = "weight"
	RoleMet         Role = "met"
	RoleAnswer      Role = "answer"
	RoleReference   Role = "reference"
	RoleDeviation   Role = "deviation"
	RolePoints      Role = "points"
	RoleComment     Role = "comment"
)

// Roles lists all roles in the order people meet them.
func Roles() []Role {
	return []Role{RoleID, RoleTheme, RoleText, RoleType, RoleInstruction, RoleWeight, RoleMet, RoleAnswer, RoleReference, RoleDeviation, RolePoints, RoleComment}
}

// heading is a header text that means a role, with how sure that is: 1 for
// one that means nothing else in a requirement table. Several roles for the
// same text are told apart by what stands in the column.
type heading struct {
	role Role
	sure float64
}

// headings are header texts as [plain] writes them, in bokmål, nynorsk and
// English, from published tender documents.
var headings = map[string][]heading{}

func init() {
	add := func(role Role, sure float64, texts ...string) {
		for _, t := range texts {
			headings[plain(t)] = append(headings[plain(t)], heading{role, sure})
		}
	}
	add(RoleID, 1, "krav nr", "kravnr", "krav nummer", "kravnummer", "krav id", "kravid", "krav-id", "id", "krav #", "ref id", "kravreferanse",
		"requirement id", "req id", "req no", "requirement no", "requirement number", "id nr", "id-nr", "krav-nr", "no.", "krav no", "løpenr", "løpenummer", "krav ident", "kravidentifikator")
	add(RoleID, 0.8, "nr", "nummer", "#", "pkt", "punkt", "ref", "number", "no", "item", "post", "kode", "clause", "section no")
	add(RoleText, 1, "kravtekst", "kundens krav", "kravbeskrivelse", "beskrivelse av krav", "beskrivelse av kravet", "krav til leverandør", "krav til løsningen", "krav til tjenesten",
		"oppdragsgivers krav", "oppdragsgivars krav", "kunden sine krav", "kunden sitt krav", "kravskildring", "skildring av kravet", "skildring av krav", "kravformulering", "requirement text", "requirement description",
		"customer's requirement", "customer requirement", "customer requirements", "skal-krav", "funksjonelt krav", "sikkerhetskrav", "tryggingskrav", "tryggleikskrav", "security requirement", "forventninger", "forventning", "krav og forventninger", "tekst krav", "description of requirement", "krav (tekst)")
	add(RoleText, 0.9, "krav", "requirement", "requirements", "kontrollspørsmål", "control", "kontroll", "krav/ønske", "behov", "kriterium")
	add(RoleText, 0.6, "beskrivelse", "skildring", "tekst", "description", "text", "innhold", "formulering")
	add(RoleText, 0.6, "spørsmål", "question")
	add(RoleText, 0.5, "tiltak")
	add(RoleType, 1, "kravtype", "type krav", "krav type", "krav-kategori", "kravkategori", "a/b", "a/b-krav", "a/b/c", "må/bør", "m/b", "må/bør/kan", "skal/bør", "absolutt/evaluering", "o/v", "requirement type", "type of requirement", "absolutt/evaluert", "prioritet", "priority",
		"viktighet", "type (a/b)", "type (m/b)", "kravklasse", "klasse", "kravnivå", "moscow", "must/should", "mandatory/optional", "krav-type")
	add(RoleType, 0.9, "type")
	add(RoleType, 0.5, "kategori", "category", "nivå")
	add(RoleTheme, 1, "tema", "kravområde", "temaområde", "theme", "topic", "hovedområde", "hovudområde", "emne", "kravgruppe", "delområde")
	add(RoleTheme, 0.9, "område", "area", "gruppe", "group", "kapittel", "domene", "domain", "overskrift", "fagområde")
	add(RoleTheme, 0.7, "kategori", "category", "seksjon", "section")
	add(RoleInstruction, 1, "svarinstruks", "dokumentasjonskrav", "krav til dokumentasjon", "krav til besvarelse", "krav til svar", "instruks", "instruks for svar", "slik skal kravet besvares", "dokumentasjon som kreves", "instruction", "instructions", "response instruction",
		"required documentation", "documentation requirement", "documentation required", "svarrettleiing", "svarveiledning", "rettleiing", "veiledning", "veiledning til leverandør", "rettleiing til leverandør", "etterspurt dokumentasjon", "hvordan besvare", "korleis svare", "verifikasjon", "slik svarer du", "response guidance", "guidance", "slik dokumenteres kravet", "dokumentasjonskrav/svarinstruks", "svarinstruks til leverandør")
	add(RoleInstruction, 0.6, "dokumentasjon", "documentation")
	add(RoleWeight, 1, "vekt", "vekting", "vekt %", "vekt (%)", "vekting (%)", "weight", "weighting", "weight (%)", "vekttal", "vekttall")
	add(RoleMet, 1, "oppfylt", "oppfylles", "oppfylles?", "oppfylt?", "oppfylt (ja/nei)", "oppfylles (ja/nei)", "ja/nei", "ja/nei/delvis", "j/n/d", "j/n", "oppfyller kravet", "oppfyller leverandøren kravet", "kravet er oppfylt", "krav oppfylt", "krav oppfylt?", "oppfylling", "oppfyllelse", "oppfyllingsgrad", "oppfyllelsesgrad",
		"compliant", "compliant?", "compliance", "compliant (y/n)", "met", "met?", "fulfilled", "fulfilled?", "yes/no", "y/n", "oppfyller (ja/nei)", "innfridd", "innfridd?", "innfris", "svar (ja/nei)", "svar ja/nei", "svar (ja/nei/delvis)", "compliance (y/n)", "meets requirement", "er kravet oppfylt", "vert oppfylt", "oppfylt ja/nei", "supplier compliance")
	add(RoleMet, 0.7, "status", "svar j/n")
	add(RoleMet, 0.5, "svar", "response", "answer")
	add(RoleAnswer, 1, "leverandørens svar", "leverandørens besvarelse", "leverandøren sitt svar", "svar frå leverandør", "svar fra leverandør", "svar frå leverandøren", "svar fra leverandøren", "leverandørs svar", "tilbyders svar", "tilbydars svar", "tilbyders besvarelse", "leverandørsvar", "svartekst",
		"leverandørens beskrivelse", "leverandørens løsning", "beskrivelse av oppfyllelse", "beskrivelse av løsning", "beskrivelse av hvordan kravet oppfylles", "supplier's response", "supplier response", "vendor response", "vendor's response", "tenderer's response", "bidder's response", "supplier's answer", "response from supplier", "besvarelse", "besvaring", "leverandøren si løysing",
		"utfyllende svar", "utdypende svar", "utdjupande svar", "svar og beskrivelse", "svar/beskrivelse", "leverandørens kommentar", "leverandørens utdyping", "leverandørens utfylling", "leverandørens kommentarer", "skildring frå leverandøren", "leverandøren si skildring", "beskrivelse fra leverandør", "description of compliance", "supplier's description", "supplier comments", "vår besvarelse", "beskriv hvordan kravet oppfylles", "hvordan kravet oppfylles", "hvordan oppfylles kravet", "hvordan oppfylles kravet?", "beskriv oppfyllelse", "korleis kravet blir oppfylt", "beskriv korleis kravet blir oppfylt", "how the requirement is met", "describe how the requirement is met", "svar fra tilbyder", "svar frå tilbydar", "leverandøren sin omtale", "utdypning", "utdjuping")
	add(RoleAnswer, 0.8, "svar", "answer", "response", "løsningsbeskrivelse", "løysingsskildring", "besvarelse/kommentar")
	add(RoleAnswer, 0.5, "beskrivelse", "skildring", "description", "begrunnelse", "grunngiving", "omtale", "forklaring")
	add(RoleReference, 1, "vedlegg/referanse", "vedlegg", "referanse til vedlegg", "vedleggsreferanse", "henvisning", "tilvising", "referanse til dokumentasjon", "referanse i tilbud", "referanse i tilbudet", "vedlegg nr", "attachment", "attachments", "reference to attachment", "reference to documentation", "appendix", "annex", "referanse/vedlegg",
		"dokumentreferanse", "document reference", "evidence", "henvisning til dokumentasjon", "tilvising til dokumentasjon", "vist til vedlegg", "tilvising til vedlegg", "henvisning til vedlegg", "evidence reference", "reference (attachment)", "vedlagt dokumentasjon", "sidehenvisning")
	add(RoleReference, 0.7, "referanse", "reference", "lenke", "lenkje", "link", "url")
	add(RoleDeviation, 1, "avvik", "forbehold", "avvik/forbehold", "forbehold/avvik", "avvik og forbehold", "forbehold og avvik", "atterhald", "avvik/atterhald", "avvik og atterhald", "atterhald/avvik", "deviation", "deviations", "reservation", "reservations", "deviation/reservation", "deviations/reservations", "eventuelle avvik", "ev. avvik", "avvik eller forbehold", "forutsetninger og forbehold", "exceptions", "deviation or reservation")
	add(RolePoints, 1, "poeng", "poengsum", "poeng (0-10)", "poeng 0-10", "score", "points", "karakter", "tildelte poeng", "vekta poeng", "vektede poeng", "vektet poeng", "evaluering (poeng)", "poeng gitt", "oppnådde poeng", "evaluated score", "maks poeng", "makspoeng")
	add(RoleComment, 1, "merknad", "merknader", "kommentar", "kommentarer", "merknad/kommentar", "kommentar/merknad", "comment", "comments", "remarks", "remark", "evaluators kommentar", "evaluering", "vurdering", "oppdragsgivers kommentar", "oppdragsgivers vurdering", "kundens kommentar", "kunden sin kommentar", "intern kommentar", "notat", "note", "notes", "evaluation")
}

// sides are words in a header above several columns that say whose they are.
var supplierSide = []string{"leverandør", "tilbyder", "tilbydar", "supplier", "vendor", "bidder", "tenderer", "svar", "response", "besvar"}

var buyerSide = []string{"kunde", "oppdragsgiv", "customer", "buyer", "krav", "requirement", "contracting"}

var evaluationSide = []string{"evaluering", "vurdering", "evaluation", "intern", "poeng"}

// ofSupplier and ofBuyer tell whose a role is.
var (
	ofSupplier = map[Role]bool{RoleMet: true, RoleAnswer: true, RoleReference: true, RoleDeviation: true}
	ofBuyer    = map[Role]bool{RoleID: true, RoleText: true, RoleType: true, RoleTheme: true, RoleInstruction: true, RoleWeight: true}
)

// plain makes texts comparable: lower case, single spaces, signs at the ends
// and soft hyphens gone.
func plain(s string) string {
	s = strings.ToLower(norm.NFC.String(s))
	s = strings.Map(func(r rune) rune {
		switch {
		case r == 0xad || r == 0x200b || r == 0xfeff:
			return -1
		case r == '’' || r == '´' || r == '`':
			return '\''
		case r == '–' || r == '—' || r == '‑':
			return '-'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, s)
	return trim(strings.Join(strings.Fields(s), " "))
}

// trim takes signs off the ends of a plain text.
func trim(s string) string {
	if s == "#" {
		return s
	}
	return strings.TrimFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != ')' && r != '('
	})
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}
