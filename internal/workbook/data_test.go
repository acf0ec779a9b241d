package workbook

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/selection"
	"felleskrav/internal/status"
)

var testNow = time.Date(2026, 11, 23, 13, 5, 0, 0, time.UTC)

// testBundle loads the texts that workbooks use.
func testBundle(t testing.TB) *locale.Bundle {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, lang := range locale.Languages() {
		for _, name := range []string{"workbook.yaml", "workbook-verify.yaml", "enums.yaml"} {
			data, err := os.ReadFile(filepath.Join("..", "..", "templates", "locales", lang, name))
			if err != nil {
				t.Fatal(err)
			}
			fsys["locales/"+lang+"/"+name] = &fstest.MapFile{Data: data}
		}
	}
	b, err := locale.Load(fsys, "locales")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func same3(s string) catalogue.Text { return catalogue.Text{NB: s, NN: s, EN: s} }

type sample struct {
	theme                    string
	title, text, verify      catalogue.Text
	kind                     catalogue.Kind
	suggested                catalogue.Suggested
	evidence                 []catalogue.EvidenceKind
	themeNB, themeNN, themeE string
}

var samples = []sample{
	{
		theme: "STYRING", themeNB: "Styring", themeNN: "Styring", themeE: "Governance",
		title: catalogue.Text{NB: "Ledelsessystem for informasjonssikkerhet", NN: "Leiingssystem for informasjonstryggleik", EN: "Information security management system"},
		text: catalogue.Text{
			NB: "Leverandøren har et ledelsessystem for informasjonssikkerhet som omfatter virksomheten som leverer tjenesten. Øverste ledelse har godkjent det og gjennomgår det minst én gang i året.",
			NN: "Leverandøren har eit leiingssystem for informasjonstryggleik som omfattar verksemda som leverer tenesta. Øvste leiing har godkjent det og går gjennom det minst éin gong i året.",
			EN: "The supplier has an information security management system that covers the organisation delivering the service. Top management has approved it and reviews it at least once a year.",
		},
		verify: catalogue.Text{
			NB: "Be om sertifikat med omfangserklæring, eller siste referat fra ledelsens gjennomgang. Kontroller at omfanget dekker tjenesten.",
			NN: "Be om sertifikat med omfangserklæring, eller siste referat frå gjennomgangen i leiinga. Kontroller at omfanget dekkjer tenesta.",
			EN: "Ask for the certificate with its scope statement, or the latest management review minutes. Check that the scope covers the service.",
		},
		kind: catalogue.KindQualification, suggested: catalogue.SuggestedAbsolute, evidence: []catalogue.EvidenceKind{"iso27001-certificate", "policy"},
	},
	{
		theme: "TILGANG", themeNB: "Tilgangsstyring", themeNN: "Tilgangsstyring", themeE: "Access control",
		title: catalogue.Text{NB: "Innlogging med flere faktorer", NN: "Innlogging med fleire faktorar", EN: "Multi-factor authentication"},
		text: catalogue.Text{
			NB: "All innlogging til tjenesten fra internett og alle driftskontoer krever minst to faktorer. Metoden tåler forsøk på å lure brukeren, slik FIDO2 eller smartkort gjør. Kode på SMS brukes bare når ingen annen metode virker, og utløper etter fem minutter.",
			NN: "All innlogging til tenesta frå internett og alle driftskontoar krev minst to faktorar. Metoden toler forsøk på å lure brukaren, slik FIDO2 eller smartkort gjer. Kode på SMS blir berre brukt når ingen annan metode verkar, og går ut etter fem minutt.",
			EN: "All logins to the service from the internet and all operations accounts need at least two factors. The method resists phishing, as FIDO2 and smart cards do. SMS codes are used only when no other method works and expire after five minutes.",
		},
		verify: catalogue.Text{
			NB: "Logg inn i et prøvemiljø uten andre faktor og se at det avvises. Be om uttrekk av oppsettet som viser at regelen gjelder alle kontoer.",
			NN: "Logg inn i eit prøvemiljø utan andre faktor og sjå at det blir avvist. Be om uttrekk av oppsettet som viser at regelen gjeld alle kontoar.",
			EN: "Log in to a test environment without the second factor and see it refused. Ask for a configuration extract showing that the rule applies to every account.",
		},
		kind: catalogue.KindRequirement, suggested: catalogue.SuggestedAbsolute, evidence: []catalogue.EvidenceKind{"configuration-extract", "test-record", "soc2-report"},
	},
	{
		theme: "KRYPTO", themeNB: "Kryptering", themeNN: "Kryptering", themeE: "Encryption",
		title: catalogue.Text{NB: "Kundens data er kryptert i ro", NN: "Data frå kunden er krypterte i ro", EN: "Customer data is encrypted at rest"},
		text: catalogue.Text{
			NB: "Kundens data, sikkerhetskopier og logger lagres kryptert med AES-256 eller en algoritme med tilsvarende styrke. Nøklene oppbevares atskilt fra dataene.",
			NN: "Data frå kunden, tryggingskopiar og loggar blir lagra krypterte med AES-256 eller ein algoritme med tilsvarande styrke. Nøklane blir oppbevarte skilde frå dataa.",
			EN: "Customer data, backups and logs are stored encrypted with AES-256 or an algorithm of equivalent strength. Keys are kept apart from the data.",
		},
		verify: catalogue.Text{
			NB: "Be om beskrivelse av nøkkelforvaltningen og uttrekk av oppsettet for hvert lager.",
			NN: "Be om skildring av nøkkelforvaltinga og uttrekk av oppsettet for kvart lager.",
			EN: "Ask for a description of key management and a configuration extract for every store.",
		},
		kind: catalogue.KindRequirement, suggested: catalogue.SuggestedEvaluated, evidence: []catalogue.EvidenceKind{"architecture-description", "configuration-extract"},
	},
	{
		theme: "HENDELSE", themeNB: "Hendelser", themeNN: "Hendingar", themeE: "Incidents",
		title: catalogue.Text{NB: "Varsel om sikkerhetsbrudd innen 24 timer", NN: "Varsel om tryggleiksbrot innan 24 timar", EN: "Breach notice within 24 hours"},
		text: catalogue.Text{
			NB: "Leverandøren varsler kunden om brudd på sikkerheten som kan ramme kundens data, senest 24 timer etter at bruddet ble oppdaget. Varselet sier hva som er rammet, fra når, og hva som er gjort.",
			NN: "Leverandøren varslar kunden om brot på tryggleiken som kan råke data frå kunden, seinast 24 timar etter at brotet vart oppdaga. Varselet seier kva som er råka, frå når, og kva som er gjort.",
			EN: "The supplier notifies the customer of security breaches that may affect customer data within 24 hours of discovery. The notice says what is affected, since when, and what has been done.",
		},
		verify: catalogue.Text{
			NB: "Les avtaleteksten. Be om rutinen og varselet fra den siste øvelsen.",
			NN: "Les avtaleteksten. Be om rutinen og varselet frå den siste øvinga.",
			EN: "Read the contract text. Ask for the procedure and the notice from the latest exercise.",
		},
		kind: catalogue.KindContractTerm, suggested: catalogue.SuggestedAbsolute, evidence: []catalogue.EvidenceKind{"contract", "procedure"},
	},
}

// testVersion makes a set version with n requirements.
func testVersion(n int) catalogue.Version {
	v := catalogue.Version{
		Set: "grunnsett", Version: "1.0.0", URI: "urn:felleskrav:set:grunnsett:1.0.0", Published: "2026-11-20", Status: "proposal",
		Name:    catalogue.Text{NB: "Grunnsett", NN: "Grunnsett", EN: "Base set"},
		Purpose: same3("Krav som gjelder for alle leveranser."),
		Digest:  "9f2c1e07a4b35d68cf10e2a97b43d5568e0c7f1d2b3a49586776859403a2b1c0",
	}
	for i := range n {
		s := samples[i%len(samples)]
		if i < len(samples) {
			v.Themes = append(v.Themes, catalogue.ThemeName{ID: s.theme, Name: catalogue.Text{NB: s.themeNB, NN: s.themeNN, EN: s.themeE}})
		}
		v.Requirements = append(v.Requirements, catalogue.Requirement{
			ID: fmt.Sprintf("K-%s-%02d", s.theme, i/len(samples)+1), Theme: s.theme, Title: s.title, Text: s.text, Kind: s.kind, Suggested: s.suggested,
			Verify: s.verify, Evidence: s.evidence, Measures: []string{"T-" + s.theme + "-01"},
		})
	}
	return v
}

func testCatalogue() *catalogue.Catalogue {
	c := &catalogue.Catalogue{Sources: []catalogue.Source{
		{ID: "gdpr", Kind: "law", Name: catalogue.Text{NB: "Personvernforordningen (GDPR)", NN: "Personvernforordninga (GDPR)", EN: "General Data Protection Regulation (GDPR)"}},
		{ID: "eforvaltning", Kind: "law", Name: same3("eForvaltningsforskriften")},
	}}
	for i, s := range samples {
		c.Measures = append(c.Measures, catalogue.Measure{
			ID: "T-" + s.theme + "-01", Title: s.title, Text: s.text, Carrier: catalogue.CarrierShared, NSM: []string{"2.6.1", fmt.Sprintf("2.6.%d", i+2)}, ISO27002: []string{"5.15", "8.5"},
		})
	}
	c.Measures = append(c.Measures, catalogue.Measure{
		ID: "T-STYRING-09", Title: catalogue.Text{NB: "Egen kontroll med leverandøren", NN: "Eigen kontroll med leverandøren", EN: "Own follow-up of the supplier"},
		Text:    catalogue.Text{NB: "Virksomheten følger opp leverandøren minst én gang i året og fører oversikt over avvik.", NN: "Verksemda følgjer opp leverandøren minst éin gong i året og fører oversikt over avvik.", EN: "The agency follows up the supplier at least once a year and keeps a record of deviations."},
		Carrier: catalogue.CarrierAgency, NSM: []string{"1.1.1"}, ISO27002: []string{"5.22"},
	})
	for l, n := range map[catalogue.Level]catalogue.Text{1: {NB: "Lav", NN: "Låg", EN: "Low"}, 2: {NB: "Moderat", NN: "Moderat", EN: "Moderate"}, 3: {NB: "Høy", NN: "Høg", EN: "High"}, 4: {NB: "Kritisk", NN: "Kritisk", EN: "Critical"}} {
		c.Levels = append(c.Levels, catalogue.LevelDescription{Level: l, Name: n})
	}
	return c
}

// testTender makes a tender with n requirements and no bidders.
func testTender(t testing.TB, lang string, n int) Tender {
	t.Helper()
	v := testVersion(n)
	deadline := testNow.AddDate(0, 1, 0)
	origin := func(name, reason string) selection.Origin {
		return selection.Origin{Kind: "task", ID: "fag.barnevern", Name: same3(name), Level: catalogue.High, Reason: same3(reason)}
	}
	res := selection.Result{
		Overall: catalogue.High, Sets: []string{"grunnsett"},
		Levels: []selection.DimensionLevel{
			{Dimension: catalogue.Confidentiality, Level: catalogue.High, Proposed: catalogue.High, Origins: []selection.Origin{
				origin("Barnevern", "Opplysninger om barn og familier i krise er underlagt taushetsplikt, og en lekkasje kan utsette barn for fare."),
				{Kind: "information", ID: "info.helse", Name: same3("Helseopplysninger"), Level: catalogue.High, Reason: same3("Særlig kategori av personopplysninger; et brudd kan ikke gjøres om."), Via: "fag.barnevern"},
			}},
			{Dimension: catalogue.Integrity, Level: catalogue.High, Proposed: catalogue.Moderate, Origins: []selection.Origin{origin("Barnevern", "Uriktige opplysninger kan gi feil vedtak.")},
				Override: &selection.Override{Dimension: catalogue.Integrity, Level: catalogue.High, Reason: "Vedtak fattes uten manuell kontroll i vårt fagsystem."}},
			{Dimension: catalogue.Availability, Level: catalogue.Moderate, Proposed: catalogue.Moderate, Origins: []selection.Origin{origin("Barnevern", "Tjenesten kan utføres manuelt i inntil ett døgn.")}},
		},
	}
	for _, r := range v.Requirements {
		res.Requirements = append(res.Requirements, selection.SelectedRequirement{ID: r.ID, Kind: r.Kind, Type: r.Suggested, Measures: r.Measures})
	}
	for _, s := range samples {
		m := selection.SelectedMeasure{ID: "T-" + s.theme + "-01", Carrier: catalogue.CarrierShared, Law: []catalogue.LawRef{{Source: "gdpr", Section: "art. 32"}, {Source: "eforvaltning", Section: "§ 15"}},
			Triggers: []selection.Trigger{{Dimension: catalogue.Confidentiality, From: catalogue.Low, Level: catalogue.High}, {Dimension: catalogue.Integrity, From: catalogue.Moderate, Level: catalogue.High}}}
		for i, r := range v.Requirements {
			if r.Theme == s.theme && i < 3*len(samples) {
				m.ServedBy = append(m.ServedBy, r.ID)
			}
		}
		res.Measures = append(res.Measures, m)
	}
	res.Measures = append(res.Measures, selection.SelectedMeasure{ID: "T-STYRING-09", Carrier: catalogue.CarrierAgency,
		Triggers: []selection.Trigger{{Dimension: catalogue.Confidentiality, From: catalogue.Low, Level: catalogue.High}}, Law: []catalogue.LawRef{{Source: "eforvaltning", Section: "§ 15"}}})
	p := procurement.Procurement{
		ID: "0193a000-0000-7000-8000-000000000001", Agency: "123456785", Title: "Nytt fagsystem for barnevernet", Reference: "2026/1234", Deadline: &deadline, Language: lang,
		Input:   selection.Input{DeliveryModels: []catalogue.DeliveryModel{catalogue.ModelSaaS, catalogue.ModelOperations}},
		Sets:    []procurement.SetRef{{ID: v.Set, Version: v.Version, Digest: v.Digest}},
		Choices: []procurement.Choice{{Requirement: "K-KRYPTO-01", Type: procurement.TypeB, Weight: 20}},
	}
	versions := []catalogue.Version{v}
	return Tender{
		Texts: testBundle(t).In(lang), Procurement: p, AgencyName: "Prøve kommune", Selection: res, Versions: versions, Catalogue: testCatalogue(),
		Lines: p.Lines(res, versions), LogOrigin: "felleskrav.example/log", Checkpoint: "felleskrav.example/log\n118\nqjLKh1kFQy4EfPNq2Lz1vJ2m0rTqz0sVnU0J3b6B1hE=", GeneratedAt: testNow, BaseURL: "https://felleskrav.example",
	}
}

// withBidders adds four bidders with different standing and answers.
func withBidders(tender Tender) Tender { return withManyBidders(tender, 4) }

// withManyBidders adds at most 20 bidders; every fourth stands like the first.
func withManyBidders(tender Tender, n int) Tender {
	names := []string{"Nordlys Sky AS", "Fjordata Drift AS", "=HYPERLINK(\"http://x\";\"Vestvind\")", "Kystlinje Programvare AS"}
	numbers := []string{
		"314168267", "123456785", "310567891", "315554326", "974760673", "889640782", "974761076", "971032081", "958935420", "960507878",
		"964338531", "942110464", "940209288", "972417807", "938644500", "961381274", "971045698", "874780782", "921627009", "920124021",
	}
	overall := []status.Overall{status.Valid, status.Expiring, status.Missing, status.SupersededSet}
	statuses := map[string][]status.Status{}
	var responses []procurement.Response
	for i := range n {
		b := procurement.Bidder{Supplier: organisation.Number(numbers[i]), Name: names[i%4], Offering: fmt.Sprintf("offering-%d", i)}
		tender.Procurement.Bidders = append(tender.Procurement.Bidders, b)
		statuses[numbers[i]] = []status.Status{testStatus(tender, b, overall[i%4], i)}
		if i%4 == 1 || i%4 == 2 {
			responses = append(responses, testResponse(tender, b, i))
		}
	}
	tender.Comparison = procurement.Compare(tender.Lines, tender.Procurement.Bidders, statuses, responses)
	return tender
}

func testStatus(tender Tender, b procurement.Bidder, o status.Overall, i int) status.Status {
	s := status.Status{Offering: b.Offering, OfferingName: "Saksflyt Barn " + fmt.Sprint(i+1), Supplier: b.Supplier, SupplierName: b.Name, Set: "grunnsett", SetVersion: "1.0.0", Overall: o, At: testNow}
	if o == status.Missing {
		s.Counts.Unanswered = len(tender.Lines)
		return s
	}
	s.Declaration = &status.DeclarationStatus{
		Digest: "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9", SetVersion: "1.0.0", Lifecycle: status.LifeActive, KeyID: "5e1f0c2a9b8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f",
		DeclaredAt: testNow.AddDate(0, -3, 0), LoggedAt: testNow.AddDate(0, -3, 0), LogIndex: int64(41 + i), ValidUntil: testNow.AddDate(0, 9, 0),
	}
	if o == status.SupersededSet {
		s.Declaration.SetVersion = "0.9.0"
	}
	for j, l := range tender.Lines {
		answer := attestation.AnswerStatuses()[0]
		statement := "Dekket av rutinene våre; se vedlagt dokumentasjon."
		if (i+j)%5 == 4 {
			answer, statement = attestation.AnswerStatuses()[(i+j)%6], "Vi innfører dette i løpet av første halvår, og loggfører all tilgang manuelt inntil da."
		}
		r := status.RequirementStatus{Requirement: l.Requirement.ID, Answer: answer, Statement: statement, Assurance: status.Declared}
		if j%2 == 0 {
			r.Assurance = status.Documented
			r.Evidence = []attestation.EvidenceRef{{Name: "ISO 27001 sertifikat 2026.pdf", Digest: attestation.DigestSet{SHA256: s.Declaration.Digest}}}
			s.Counts.Documented++
		}
		s.Counts.Add(answer)
		s.Requirements = append(s.Requirements, r)
	}
	if i == 0 {
		s.Chain = []status.Link{{Name: "Datahall Nord AS", Country: "NO", Purpose: "Drift", Overall: status.Expired}}
		s.Weakest = &s.Chain[0]
	}
	return s
}

func testResponse(tender Tender, b procurement.Bidder, i int) procurement.Response {
	r := procurement.Response{ID: "r", Procurement: tender.Procurement.ID, Supplier: b.Supplier, ReceivedAt: testNow}
	for j, l := range tender.Lines {
		a := procurement.ResponseAnswer{Requirement: l.Requirement.ID, Status: attestation.AnswerStatuses()[(i*j)%6], Statement: "=1+1 – beskrivelse"}
		if j%7 == 3 {
			a.Deviation = "Gjelder ikke for rapporteringsmodulen før versjon 3."
		}
		r.Answers = append(r.Answers, a)
	}
	return r
}

func writeTender(t testing.TB, tender Tender) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := WriteTender(&buf, tender); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
