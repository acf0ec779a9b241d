package main

import (
	"time"

	"felleskrav/internal/httpd"
	"felleskrav/internal/transparency/witness"
)

const (
	// maxWitnesses is how many a log may have.
	maxWitnesses = 16
	// minWitnessEvery is how often witnesses may be asked.
	minWitnessEvery = 100 * time.Millisecond
)

// witnessing are the flags of a server whose log has witnesses.
type witnessing struct {
	Witness      []string      `conf:"" placeholder:"VKEY=URL"`
	WitnessEvery time.Duration `conf:"" default:"10s" placeholder:"DURATION"`
}

// clients are the witnesses to ask; add hears what is wrong.
func (w witnessing) clients(add func(key string, args ...any)) []*witness.Client {
	var all []*witness.Client
	names := map[string]bool{}
	for _, text := range w.Witness {
		c, err := witness.ParseClient(text)
		switch {
		case err != nil:
			add("cli.serve.witness", "Value", text)
		case names[c.Name()]:
			add("cli.log.witness-twice", "Name", c.Name())
		default:
			names[c.Name()] = true
			all = append(all, c)
		}
	}
	if len(all) > maxWitnesses {
		add("cli.serve.witnesses", "Max", maxWitnesses)
	}
	if w.WitnessEvery < minWitnessEvery {
		add("cli.serve.witness-every", "Value", w.WitnessEvery.String(), "Min", minWitnessEvery.String())
	}
	return all
}

// gather makes what asks the witnesses, with its measurements.
func (v *server) gather(in *installation, h *httpd.Server) *witness.Gatherer {
	clients := v.clients(func(string, ...any) {}) // they were checked
	g := witness.NewGatherer(in.log, in.signer.Verifier(), clients, v.WitnessEvery, in.now, v.logger)
	for _, name := range g.Witnesses() {
		labels := map[string]string{"witness": name}
		h.Gauge("felleskrav_log_witness_size", "Entries of the newest tree that the witness is known to have cosigned.", labels,
			func() float64 { return float64(g.Status(name).Size) })
		h.Gauge("felleskrav_log_witness_failures", "How often in a row the witness gave no cosignature.", labels,
			func() float64 { return float64(g.Status(name).Failures) })
	}
	return g
}
