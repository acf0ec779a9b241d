package selection_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/selection"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestScenarios holds ten purchases a public body really makes against files
// that a reader of the field has looked at: levels and why, sets, measures and
// requirements. After a change of content, run with -update and read the
// difference.
func TestScenarios(t *testing.T) {
	saas := []catalogue.DeliveryModel{catalogue.ModelSaaS}
	tests := []struct {
		name string
		in   selection.Input
		most int // requirements
	}{
		{"barnevern-fagsystem", selection.Input{Tasks: []string{"fag.barnevern"}, DeliveryModels: saas}, 110},
		{"fylkeskommune-kollektivapp", selection.Input{Tasks: []string{"fag.kollektivtransport"}, DeliveryModels: saas}, 110},
		{"direktorat-sak-og-arkiv", selection.Input{Tasks: []string{"stotte.arkiv-og-saksbehandling"}, DeliveryModels: saas}, 110},
		{"liten-kommune-lonn", selection.Input{Tasks: []string{"stotte.lonn"}, DeliveryModels: saas}, 100},
		{"konsulenter-med-driftstilgang", selection.Input{Tasks: []string{"stotte.ikt-drift"}, DeliveryModels: []catalogue.DeliveryModel{catalogue.ModelConsulting}}, 75},
		{"skole-laeringsplattform", selection.Input{Tasks: []string{"fag.grunnskole"}, DeliveryModels: saas}, 110},
		{"bibliotek-utlaan", selection.Input{Tasks: []string{"fag.bibliotek"}, DeliveryModels: saas}, 80},
		{"apne-data-portal", selection.Input{InformationTypes: []string{"apne-data"}, DeliveryModels: saas}, 60},
		{"vannverk-driftskontroll", selection.Input{Tasks: []string{"fag.vannforsyning"}, DeliveryModels: []catalogue.DeliveryModel{catalogue.ModelOperations}}, 140},
		{"lavt-niva-med-egen-vurdering", selection.Input{
			InformationTypes: []string{"apne-data"}, DeliveryModels: saas,
			Overrides: []selection.Override{{Dimension: catalogue.Integrity, Level: catalogue.Low, Reason: "Feil rettes samme dag."}},
		}, 35},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := mustSelect(t, tt.in)
			if n := len(r.Requirements); n == 0 || n > tt.most {
				t.Errorf("%d requirements, want 1 to %d", n, tt.most)
			}
			got := describe(r)
			file := filepath.Join("testdata", tt.name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("run go test ./internal/selection -update and read what changed:\n%s", diff)
			}
		})
	}
}

// describe writes a result the way a person checks it, in bokmål.
func describe(r selection.Result) string {
	var b strings.Builder
	for _, l := range r.Levels {
		fmt.Fprintf(&b, "%s %d\n", l.Dimension, l.Level)
		if l.Override != nil {
			fmt.Fprintf(&b, "  foreslått %d, satt til %d: %s\n", l.Proposed, l.Level, l.Override.Reason)
		}
		for _, o := range l.Origins {
			fmt.Fprintf(&b, "  %s: %s\n", o.ID, o.Reason.NB)
		}
	}
	for _, f := range r.Flags {
		fmt.Fprintf(&b, "flagg %s: %s\n", f.Flag, strings.Join(f.By, ", "))
	}
	fmt.Fprintf(&b, "sett: %s\n\n%d tiltak\n", strings.Join(r.Sets, ", "), len(r.Measures))
	for _, m := range r.Measures {
		full, _ := content.Measure(m.ID)
		fmt.Fprintf(&b, "  %s (%s) %s ← %s; dekkes av %s\n", m.ID, m.Carrier, full.Title.NB, triggers(m.Triggers), strings.Join(m.ServedBy, " "))
	}
	fmt.Fprintf(&b, "\n%d krav\n", len(r.Requirements))
	for _, q := range r.Requirements {
		full, _ := content.Requirement(q.ID)
		fmt.Fprintf(&b, "  %s (%s) %s ← %s; %s\n", q.ID, q.Kind, full.Title.NB, triggers(q.Triggers), strings.Join(q.Measures, " "))
	}
	return b.String()
}

func triggers(ts []selection.Trigger) string {
	var out []string
	for _, t := range ts {
		out = append(out, fmt.Sprintf("%c%d≥%d", strings.ToUpper(string(t.Dimension))[0], t.Level, t.From))
	}
	return strings.Join(out, " ")
}
