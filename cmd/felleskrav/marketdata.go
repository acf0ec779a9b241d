package main

import (
	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
	"felleskrav/internal/selection"
	"felleskrav/internal/signing"
)

// Everything below is made up. Organisation numbers in the register of real
// units begin with 8 or 9; these begin with 3, as those of Norwegian test
// data do, and have a right check digit.

const (
	// demoSet is the set the demonstration's suppliers answer.
	demoSet = "skytjenester"
	// demoSupplier is whom a visitor is as a supplier: its key is enrolled and
	// its offering has declared nothing yet.
	demoSupplier = organisation.Number("310911380")
	demoOffering = "tindra"
)

// demoOrgs are the organisations a visitor can act for.
var demoOrgs = map[access.Role]struct {
	name   string
	number organisation.Number
}{
	access.Editor:      {"Fellesenheten (oppdiktet)", "311047825"},
	access.Procurement: {"Eksempel kommune (oppdiktet)", "311036459"},
	access.Supplier:    {"Tindra Læring AS (oppdiktet)", demoSupplier},
	access.Adviser:     {"Eksempel kommune (oppdiktet)", "311036459"},
}

// The second editor's organisation.
const (
	secondReaderName                       = "Fagrådet (oppdiktet)"
	secondReaderNumber organisation.Number = "311062743"
)

type demoParty struct {
	key         string
	number      organisation.Number
	name        string
	website     string
	service     string
	description string
	models      []catalogue.DeliveryModel
	algorithm   signing.Algorithm
	subs        []demoSub
	evidence    []demoEvidence
	// since, withdrawn and changed are days ago; zero means never.
	since, withdrawn, changed int
	declared                  []demoDeclaration
}

type demoSub struct{ key, purpose string }

type demoDeclaration struct {
	// set is the newest version of a set, or the one named after "@".
	set     string
	daysAgo int
	// days is how long it is valid.
	days    int
	profile demoProfile
}

type demoEvidence struct {
	name, kind string
	visibility evidence.Visibility
}

func (e demoEvidence) text(supplier string) string {
	return "OPPDIKTET DOKUMENT – bare til demonstrasjon.\n\n" + e.name + "\nUtstedt til " + supplier + ".\nDokumentet viser hvor en leverandør legger ved dokumentasjon, og har ellers ikke noe innhold.\n"
}

var (
	demoCertificate = demoEvidence{"ISO 27001-sertifikat (oppdiktet).txt", "iso27001-certificate", evidence.VisiblePublic}
	demoPenTest     = demoEvidence{"Sammendrag av inntrengningstest (oppdiktet).txt", "penetration-test-summary", evidence.VisibleAgencies}
	demoPolicy      = demoEvidence{"Retningslinjer for tilgang (oppdiktet).txt", "policy", evidence.VisibleAgencies}
)

// demoMarket lists the suppliers; a sub-supplier comes before those it serves.
var demoMarket = []demoParty{
	{
		key: "nordlys", number: "310922757", name: "Nordlys Plattform AS (oppdiktet)", since: 330,
		service: "Nordlys Plattform", description: "Driftsplattform i to norske datasentre. Oppdiktet tjeneste.",
		models: []catalogue.DeliveryModel{catalogue.ModelIaaS, catalogue.ModelPaaS}, evidence: []demoEvidence{demoCertificate, demoPenTest},
		declared: []demoDeclaration{{demoSet, 90, 365, profileStrong}},
	},
	{
		key: "granitt", number: "310934127", name: "Granitt Datasenter AS (oppdiktet)", since: 329, algorithm: signing.Ed25519,
		service: "Granitt Serverdrift", description: "Servere og lagring. Oppdiktet tjeneste.",
		models: []catalogue.DeliveryModel{catalogue.ModelIaaS}, evidence: []demoEvidence{demoPolicy},
		declared: []demoDeclaration{{demoSet, 250, 200, profileAverage}},
	},
	{
		key: "fjordsky", number: "310945498", name: "Fjordsky AS (oppdiktet)", since: 328,
		service: "Fjordsky Sak og arkiv", description: "Saksbehandling og arkiv som skytjeneste. Oppdiktet tjeneste.",
		models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, evidence: []demoEvidence{demoCertificate, demoPenTest, demoPolicy},
		subs:     []demoSub{{"nordlys", "Drift av servere og lagring"}},
		declared: []demoDeclaration{{demoSet, 310, 365, profileAverage}, {demoSet, 45, 365, profileStrong}},
	},
	{
		key: "bolge", number: "310956864", name: "Bølge Sak AS (oppdiktet)", since: 320,
		service: "Bølge Innsyn", description: "Saksbehandling med innsynsløsning. Erklæringen gjelder en eldre versjon av kravsettet, og underleverandørens er utløpt. Oppdiktet tjeneste.",
		models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, evidence: []demoEvidence{demoPenTest},
		subs:     []demoSub{{"granitt", "Drift av servere og lagring"}},
		declared: []demoDeclaration{{demoSet + "@1.0.0", 120, 365, profileAverage}},
	},
	{
		key: "vidde", number: "310968234", name: "Vidde Arkiv AS (oppdiktet)", since: 327,
		service: "Vidde Arkiv", description: "Arkivkjerne som skytjeneste. Oppdiktet tjeneste.",
		models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, evidence: []demoEvidence{demoCertificate},
		subs:     []demoSub{{"nordlys", "Drift av servere og lagring"}},
		declared: []demoDeclaration{{demoSet, 320, 350, profileStrong}},
	},
	{
		key: "skarv", number: "310979600", name: "Skarv Helse AS (oppdiktet)", since: 200,
		service: "Skarv Journal", description: "Journal for helse- og omsorgstjenester. Oppdiktet tjeneste.",
		models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, evidence: []demoEvidence{demoPolicy},
		declared: []demoDeclaration{{demoSet, 30, 365, profileIncomplete}},
	},
	{
		key: "lyng", number: "310990973", name: "Lyng Skole AS (oppdiktet)", since: 190, changed: 10,
		service: "Lyng Klasserom", description: "Læringsplattform for grunnskolen. Tjenesten er flyttet etter at erklæringen ble signert. Oppdiktet tjeneste.",
		models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, evidence: []demoEvidence{demoCertificate},
		declared: []demoDeclaration{{demoSet, 100, 365, profileAverage}},
	},
	{
		key: "myr", number: "311002341", name: "Myr Lønn AS (oppdiktet)", since: 180, withdrawn: 20,
		service: "Myr Lønn", description: "Lønn og personal som skytjeneste. Oppdiktet tjeneste.",
		models:   []catalogue.DeliveryModel{catalogue.ModelSaaS},
		declared: []demoDeclaration{{demoSet, 150, 365, profileAverage}},
	},
	{
		key: demoOffering, number: demoSupplier, name: "Tindra Læring AS (oppdiktet)", since: 60,
		service: "Tindra Læringsplattform", description: "Læringsplattform for grunnskolen. Oppdiktet tjeneste.",
		models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, evidence: []demoEvidence{demoCertificate, demoPolicy},
		subs: []demoSub{{"nordlys", "Drift av servere og lagring"}},
	},
}

// partyOf finds a supplier of the market by its short name.
func partyOf(key string) demoParty {
	for _, s := range demoMarket {
		if s.key == key {
			return s
		}
	}
	return demoParty{}
}

// demoProfile is how good a supplier's answers are.
type demoProfile int

const (
	profileStrong demoProfile = iota
	profileAverage
	profileIncomplete
)

// demoExceptions are the answers that are not simply "met", by their place in
// the set.
var demoExceptions = map[demoProfile]map[int]attestation.AnswerStatus{
	profileStrong: {7: attestation.Alternative, 19: attestation.Partial, 33: attestation.NotApplicable},
	profileAverage: {
		2: attestation.Partial, 5: attestation.Planned, 9: attestation.Alternative, 13: attestation.Partial, 18: attestation.NotMet,
		22: attestation.Planned, 26: attestation.Partial, 31: attestation.NotApplicable, 37: attestation.Partial, 41: attestation.NotMet,
	},
	profileIncomplete: {1: attestation.Partial, 6: attestation.Planned, 11: attestation.Partial, 17: attestation.NotMet, 24: attestation.Planned},
}

var demoStatements = map[attestation.AnswerStatus]string{
	attestation.Met:           "Oppfylt i dagens leveranse. Rutinen gjennomgås hvert år. (Oppdiktet svar)",
	attestation.Partial:       "Oppfylt for produksjonsmiljøet. Testmiljøet kommer etter i løpet av neste kvartal. (Oppdiktet svar)",
	attestation.Planned:       "Innføres i neste hovedversjon. (Oppdiktet svar)",
	attestation.Alternative:   "Vi når samme sikkerhet på en annen måte, beskrevet i den vedlagte dokumentasjonen. (Oppdiktet svar)",
	attestation.NotMet:        "Oppfylles ikke i dag. (Oppdiktet svar)",
	attestation.NotApplicable: "Gjelder ikke, siden leveransen ikke omfatter denne delen. (Oppdiktet svar)",
}

const demoProcurement = "Nytt sak- og arkivsystem (oppdiktet eksempel)"

var (
	demoInput = selection.Input{
		Tasks: []string{"stotte.arkiv-og-saksbehandling"}, DeliveryModels: []catalogue.DeliveryModel{catalogue.ModelSaaS},
		Sets: []string{demoSet},
	}
	// demoBidders take part in the procurement; the first one has answered.
	demoBidders = []string{"fjordsky", "bolge", "vidde"}
)
