package catalogue_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"felleskrav/internal/catalogue"
	"felleskrav/requirements"
)

func TestLintIsSilentOnOurContent(t *testing.T) {
	findings, err := catalogue.Lint(requirements.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Errorf("%s (%s) %v", f.Fault, f.Lang, f.Args)
	}
}

// A small content without findings, to plant faults in. Each planted text
// stands once.
var clean = map[string]string{
	"sources.yaml": `sources:
  - {id: lov, kind: law, name: {nb: Loven, nn: Lova, en: The act}, citation: LOV-1}
`,
	"levels.yaml": "levels:\n" + level(1) + level(2) + level(3) + level(4),
	"tasks/a.yaml": `tasks:
  - id: fag.test
    name: {nb: Testoppgave, nn: Testoppgåve, en: Test task}
    description: {nb: En oppgave for testen., nn: Ei oppgåve for testen., en: A task for the test.}
    sectors: [all]
    informationTypes: [testdata]
    levels:
      confidentiality: {level: 2, reason: {nb: "Innsyn skader én person.", nn: "Innsyn skader éin person.", en: "Disclosure harms a person."}}
      integrity: {level: 2, reason: {nb: "Feil gir feil vedtak.", nn: "Feil gir feil vedtak.", en: "Errors give wrong decisions."}}
      availability: {level: 1, reason: {nb: "Oppgaven kan vente i uker.", nn: "Oppgåva kan vente i veker.", en: "The task can wait for weeks."}}
`,
	"information-types/a.yaml": `informationTypes:
  - id: testdata
    name: {nb: Testdata, nn: Testdata, en: Test data}
    description: {nb: Data for testen., nn: Data for testen., en: Data for the test.}
    personalData: none
    levels:
      confidentiality: {level: 1, reason: {nb: "Alle kan se dem.", nn: "Alle kan sjå dei.", en: "Anyone may see them."}}
      integrity: {level: 1, reason: {nb: "Feil oppdages straks.", nn: "Feil blir sedde straks.", en: "Errors show at once."}}
      availability: {level: 1, reason: {nb: "De trengs sjelden fort.", nn: "Det hastar sjeldan.", en: "They are rarely urgent."}}
`,
	"measures/a.yaml": `measures:
  - id: T-TEST-01
    title: {nb: Testtiltak, nn: Testtiltak, en: Test measure}
    text: {nb: "Hver konto stenges etter 90 dager uten bruk.", nn: "Kvar konto blir stengd etter 90 dagar utan bruk.", en: "Every account is closed after 90 days without use."}
    why: {nb: "Gamle kontoer er åpne dører.", nn: "Gamle kontoar er opne dører.", en: "Old accounts are open doors."}
    from: {confidentiality: 1}
    carrier: supplier
    nsm: ["2.6.1"]
    iso27002: ["5.15"]
    shownBy: {nb: "Liste over kontoer med siste bruk.", nn: "Liste over kontoar med siste bruk.", en: "A list of accounts with last use."}
`,
	"themes/a.yaml": `id: TEST
name: {nb: Test, nn: Test, en: Test}
description: {nb: Krav for testen., nn: Krav for testen., en: Requirements for the test.}
requirements:
  - id: K-TEST-01
    title: {nb: Kontoer stenges, nn: Kontoar blir stengde, en: Accounts are closed}
    text:
      nb: "Leverandøren skal stenge kontoer etter ISO/IEC 27001 eller tilsvarende senest etter 90 dager."
      nn: "Leverandøren skal stengje kontoar etter ISO/IEC 27001 eller tilsvarande seinast etter 90 dagar."
      en: "The supplier shall close accounts under ISO/IEC 27001 or equivalent within 90 days."
    rationale: {nb: "Gamle kontoer misbrukes.", nn: "Gamle kontoar blir misbrukte.", en: "Old accounts get misused."}
    kind: qualification
    suggested: absolute
    from: {confidentiality: 1}
    deliveryModels: [saas]
    measures: [T-TEST-01]
    verify: {nb: "Be om listen over kontoer.", nn: "Be om lista over kontoar.", en: "Ask for the list of accounts."}
    evidence: [policy]
    crosswalk: {nsm: ["2.6.2"], iso27001: ["6.1.2"], iso27002: ["5.16"], ccm: ["IAM-10"], c5: ["IDM-04"], csf: ["PR.AA-01"], gdpr: ["32(1)(b)"]}
`,
	"sets/a.yaml": `id: testsett
name: {nb: Testsett, nn: Testsett, en: Test set}
purpose: {nb: Et sett for testen., nn: Eit sett for testen., en: A set for the test.}
deliveryModels: [saas]
requirements: [K-TEST-01]
`,
}

func level(n int) string {
	return fmt.Sprintf("  - {level: %d, name: {nb: N%d, nn: N%d, en: N%d}, description: {nb: Et nivå., nn: Eit nivå., en: A level.}, consequences: []}\n", n, n, n, n)
}

func planted(t *testing.T, file, old, new string) fstest.MapFS {
	t.Helper()
	m := fstest.MapFS{}
	for f, s := range clean {
		m[f] = &fstest.MapFile{Data: []byte(s)}
	}
	if file != "" {
		if strings.Count(clean[file], old) != 1 {
			t.Fatalf("%q stands %d times in %s, want once", old, strings.Count(clean[file], old), file)
		}
		m[file] = &fstest.MapFile{Data: []byte(strings.Replace(clean[file], old, new, 1))}
	}
	return m
}

func TestLintCatchesPlantedFaults(t *testing.T) {
	if findings, err := catalogue.Lint(planted(t, "", "", "")); err != nil || len(findings) > 0 {
		t.Fatalf("the clean content has findings: %v, %v", findings, err)
	}
	const theme, task, measure, set, info = "themes/a.yaml", "tasks/a.yaml", "measures/a.yaml", "sets/a.yaml", "information-types/a.yaml"
	long := strings.Repeat("svært ", 70)
	tests := []struct {
		name, file, old, new string
		rule, lang           string
	}{
		{"vague adjective, nb", theme, "senest etter 90 dager", "etter en passende tid", "vague", "nb"},
		{"vague adjective, nn", theme, "seinast etter 90 dagar", "etter ei høveleg tid", "vague", "nn"},
		{"vague adjective, en", theme, "within 90 days", "in an appropriate time", "vague", "en"},
		{"tilstrekkelig", theme, "skal stenge kontoer", "skal stenge tilstrekkelig mange kontoer", "vague", "nb"},
		{"nødvendig", theme, "skal stengje kontoar", "skal stengje nødvendige kontoar", "vague", "nn"},
		{"adequate", theme, "shall close accounts", "shall with adequate means close accounts", "vague", "en"},
		{"så langt som mulig", theme, "skal stenge kontoer", "skal så langt som mulig stenge kontoer", "vague", "nb"},
		{"så langt råd er", theme, "skal stengje kontoar", "skal så langt råd er stengje kontoar", "vague", "nn"},
		{"as far as possible", theme, "shall close accounts", "shall as far as possible close accounts", "vague", "en"},
		{"jevnlig without a figure", theme, "senest etter 90 dager", "jevnlig", "vague", "nb"},
		{"jamleg without a figure", theme, "seinast etter 90 dagar", "jamleg", "vague", "nn"},
		{"regularly without a figure", theme, "or equivalent within 90 days", "or equivalent regularly", "vague", "en"},
		{"regularly with a figure", theme, "or equivalent within 90 days", "or equivalent regularly, at least every 90 days", "", ""},
		{"vague measure, nb", measure, "stenges etter 90 dager uten bruk", "stenges ved behov", "vague", "nb"},
		{"vague measure, nn", measure, "blir stengd etter 90 dagar utan bruk", "blir stengd ved behov", "vague", "nn"},
		{"vague measure, en", measure, "is closed after 90 days without use", "is closed regularly", "vague", "en"},
		{"vague proof", measure, "A list of accounts with last use.", "A list of relevant accounts.", "vague", "en"},
		{"two demands, nb", theme, "senest etter 90 dager.", "senest etter 90 dager, og skal varsle kunden.", "joined", "nb"},
		{"two demands, nn", theme, "seinast etter 90 dagar.", "seinast etter 90 dagar, og skal varsle kunden.", "joined", "nn"},
		{"two demands, en", theme, "within 90 days.", "within 90 days and shall notify the customer.", "joined", "en"},
		{"og/eller", theme, "stenge kontoer", "stenge og/eller slette kontoer", "joined-by", "nb"},
		{"og/eller, nn", theme, "stengje kontoar", "stengje og/eller slette kontoar", "joined-by", "nn"},
		{"and/or", theme, "close accounts", "close and/or delete accounts", "joined-by", "en"},
		{"no duty, nb", theme, "Leverandøren skal stenge", "Leverandøren bør stenge", "no-duty", "nb"},
		{"no duty, nn", theme, "Leverandøren skal stengje", "Leverandøren bør stengje", "no-duty", "nn"},
		{"no duty, en", theme, "The supplier shall close", "The supplier should close", "no-duty", "en"},
		{"no equivalent, nb", theme, " eller tilsvarende", "", "no-equivalent", "nb"},
		{"no equivalent, nn", theme, " eller tilsvarande", "", "no-equivalent", "nn"},
		{"no equivalent, en", theme, " or equivalent", "", "no-equivalent", "en"},
		{"no way to verify, nb", theme, "Be om listen over kontoer.", "Leverandøren har en liste.", "no-verification", "nb"},
		{"no way to verify, nn", theme, "Be om lista over kontoar.", "Leverandøren har ei liste.", "no-verification", "nn"},
		{"no way to verify, en", theme, "Ask for the list of accounts.", "The supplier has a list.", "no-verification", "en"},
		{"no evidence kind", theme, "    evidence: [policy]\n", "", "no-evidence-kind", ""},
		{"long text", measure, "Gamle kontoer er åpne dører.", long, "long", "nb"},
		{"long title", theme, "nb: Kontoer stenges", "nb: " + strings.Repeat("Kontoer ", 12), "long", "nb"},
		{"long sentence", measure, "Old accounts are open doors.", strings.Repeat("very ", 45) + "open.", "long-sentence", "en"},
		{"nynorsk in bokmål", measure, "Gamle kontoer er åpne dører.", "Gamle kontoer er ikkje stengt.", "wrong-language", "nb"},
		{"bokmål in nynorsk", measure, "Gamle kontoar er opne dører.", "Gamle kontoar er ikke stengde.", "wrong-language", "nn"},
		{"Norwegian in English", measure, "Old accounts are open doors.", "Old accounts skal close.", "wrong-language", "en"},
		{"double space", measure, "Old accounts are open doors.", "Old accounts  are open doors.", "spaces", "en"},
		{"qualification about the service", theme, "nb: \"Leverandøren skal", "nb: \"Tjenesten skal", "qualification-subject", "nb"},
		{"thin reason, nb", task, "Innsyn skader én person.", "Fordi.", "thin-reason", "nb"},
		{"thin reason, nn", task, "Innsyn skader éin person.", "Fordi.", "thin-reason", "nn"},
		{"thin reason, en", info, "Anyone may see them.", "Because.", "thin-reason", "en"},
		{"task below its information", task, "confidentiality: {level: 2", "confidentiality: {level: 1", "", ""}, // equal is fine
		{"information above its task", info, "availability: {level: 1", "availability: {level: 3", "level-below-information", ""},
		{"task without information", task, "informationTypes: [testdata]", "informationTypes: []", "task-without-information", ""},
		{"unknown NSM id", theme, `nsm: ["2.6.2"]`, `nsm: ["2.6.8"]`, "unknown-reference", ""},
		{"unknown ISO 27001 clause", theme, `iso27001: ["6.1.2"]`, `iso27001: ["6.1.9"]`, "unknown-reference", ""},
		{"unknown ISO 27002 control", measure, `iso27002: ["5.15"]`, `iso27002: ["5.38"]`, "unknown-reference", ""},
		{"unknown CCM control", theme, "IAM-10", "IAM-17", "unknown-reference", ""},
		{"unknown C5 criterion", theme, "IDM-04", "IDM-10", "unknown-reference", ""},
		{"unknown CSF subcategory", theme, "PR.AA-01", "PR.DS-03", "unknown-reference", ""},
		{"unknown GDPR article", theme, "32(1)(b)", "artikkel 32", "unknown-reference", ""},
		{"requirement that is never selected", measure, "from: {confidentiality: 1}", "from: {confidentiality: 2}", "unreachable", ""},
		{"requirement no set uses", set, "requirements: [K-TEST-01]", "requirements: [K-TEST-02]", "fault", ""},
	}
	caught := 0
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			findings, err := catalogue.Lint(planted(t, tt.file, tt.old, tt.new))
			if tt.rule == "fault" {
				if err == nil {
					t.Error("no fault")
				}
				caught++
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tt.rule == "" {
				if len(findings) > 0 {
					t.Errorf("found %v, want nothing", findings)
				}
				return
			}
			for _, f := range findings {
				if f.Key == tt.rule && f.Lang == tt.lang && f.Line > 0 {
					caught++
					return
				}
			}
			t.Errorf("found %v, want %s (%s)", findings, tt.rule, tt.lang)
		})
	}
	if caught < 40 {
		t.Errorf("%d planted faults are caught, want at least 40", caught)
	}
}

func TestLintFindsWhatNothingUses(t *testing.T) {
	m := planted(t, "", "", "")
	second := strings.ReplaceAll(clean["themes/a.yaml"][strings.Index(clean["themes/a.yaml"], "  - id:"):], "K-TEST-01", "K-TEST-02")
	m["themes/a.yaml"].Data = append(m["themes/a.yaml"].Data, second...)
	measure := strings.ReplaceAll(clean["measures/a.yaml"][len("measures:\n"):], "T-TEST-01", "T-TEST-02")
	m["measures/a.yaml"].Data = append(m["measures/a.yaml"].Data, measure...)
	findings, err := catalogue.Lint(m)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range findings {
		got[f.Key] = f.ID
	}
	if len(findings) != 2 || got["unused-requirement"] != "K-TEST-02" || got["unserved-measure"] != "T-TEST-02" {
		t.Errorf("found %v, want the unused requirement and the unserved measure", findings)
	}
}

func TestAllowList(t *testing.T) {
	base := func(allow string) fstest.MapFS {
		m := planted(t, "themes/a.yaml", "senest etter 90 dager", "etter en passende tid")
		m["lint-allow.yaml"] = &fstest.MapFile{Data: []byte(allow)}
		return m
	}
	tests := []struct {
		name, allow, want string
	}{
		{"explained", "allow:\n  - {rule: vague, id: K-TEST-01, reason: The word is defined in the rationale.}\n", ""},
		{"without a reason", "allow:\n  - {rule: vague, id: K-TEST-01, reason: ok}\n", "allow-reason"},
		{"explains nothing", "allow:\n  - {rule: vague, id: K-TEST-01, reason: The word is defined in the rationale.}\n  - {rule: long, id: K-TEST-01, reason: It is long for a good reason.}\n", "allow-idle"},
		{"too many", "allow:\n" + strings.Repeat("  - {rule: vague, id: K-TEST-01, reason: The word is defined in the rationale.}\n", 11), "allow-many"},
		{"unknown key", "allow:\n  - {rule: vague, id: K-TEST-01, why: no}\n", "unknown-key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			findings, err := catalogue.Lint(base(tt.allow))
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == "" {
				if len(findings) > 0 {
					t.Errorf("found %v, want nothing", findings)
				}
				return
			}
			for _, f := range findings {
				if f.Key == tt.want && f.File == "lint-allow.yaml" {
					return
				}
			}
			t.Errorf("found %v, want %s", findings, tt.want)
		})
	}
}
