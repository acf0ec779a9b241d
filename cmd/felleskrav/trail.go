package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/console"
	"felleskrav/internal/storage"
	"felleskrav/internal/trail"
	"felleskrav/internal/transparency"
)

// trailing says how long the server keeps what is in the audit trail. Three
// years is as long as complaints about most procurements and most claims for
// damages take to be raised; who must keep it for longer says so. An address
// serves to look into an attack, which shows within weeks.
type trailing struct {
	TrailRetentionDays int `conf:"" default:"1095" placeholder:"N"`
	TrailAddressDays   int `conf:"" default:"90" placeholder:"N"`
}

func (c trailing) faults(add func(key string, args ...any)) {
	for _, f := range []struct {
		name string
		days int
	}{{"--trail-retention-days", c.TrailRetentionDays}, {"--trail-address-days", c.TrailAddressDays}} {
		if f.days < 0 || f.days > maxRetentionDays {
			add("cli.serve.trail-days", "Flag", f.name, "Value", f.days, "Max", maxRetentionDays)
		}
	}
}

// trail begins the audit trail of a server.
func (v *server) trail(in *installation) *trail.Service {
	const day = 24 * time.Hour
	return trail.New(trail.Config{
		Store: in.store, Log: in.public, Now: in.now, Logger: v.logger,
		Retention: time.Duration(v.TrailRetentionDays) * day, Addresses: time.Duration(v.TrailAddressDays) * day,
	})
}

// endTrail writes what is left and anchors it, once nobody asks any more.
func (v *server) endTrail(in *installation) error {
	in.trail.Close()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	_, err := in.trail.Anchor(ctx)
	return err
}

// byOperator writes down what a command has done to the store.
func byOperator(s *session, store storage.Store, e trail.Entry) error {
	t := trail.New(trail.Config{Store: store, Now: s.Now})
	defer t.Close()
	e.Actor = trail.OperatorCLI
	return t.Record(s.Ctx, e)
}

type trailCmd struct {
	Verify trailVerifyCmd `cmd:""`
	Export trailExportCmd `cmd:""`
	Anchor trailAnchorCmd `cmd:""`
}

type trailVerifyCmd struct {
	LogKey string `conf:"" placeholder:"VKEY|FILE"`
	logSource
	console.Output
}

// trailAnswer is the answer of trail verify.
type trailAnswer struct {
	trail.Verdict
	Detail string `json:"detail,omitempty"`
}

// Run walks the audit trail and holds it against its anchors in the log, all of
// which is read and verified for that.
func (c *trailVerifyCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	log, err := c.logSource.open(s, c.LogKey)
	if err != nil {
		return err
	}
	anchors := &anchorReader{Reader: log.logReader}
	_, _, err = transparency.VerifyHistory(s.Ctx, anchors, log.verifier, nil)
	log.close()
	if errors.Is(err, transparency.ErrVerification) {
		return console.No("cli.trail.no-log", "Detail", err.Error())
	}
	if err != nil {
		return err
	}
	store, err := c.local.open(s.Ctx, s.Now)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // nothing was written
	var a trailAnswer
	if a.Verdict, err = trail.Verify(s.Ctx, store, anchors.found); err != nil {
		return err
	}
	text := s.T("cli.trail.ok", "Entries", a.Entries, "First", a.First, "Last", a.Last, "Anchors", a.Anchors, "Anchored", a.Anchored)
	if !a.OK {
		a.Detail = s.T("trail.fault." + string(a.Fault))
		text = s.T("cli.trail.bad", "Seq", a.Bad, "Why", a.Detail)
	}
	if format == "text" {
		err = s.Put(c.Output, []byte(text+"\n"))
	} else {
		err = s.PutValue(c.Output, format, a)
	}
	if err == nil && !a.OK {
		err = console.ErrNo
	}
	return err
}

// anchorReader keeps the anchors among the entries that are read of a log.
type anchorReader struct {
	transparency.Reader
	found []trail.Anchor
}

// EntryBundle implements transparency.Reader.
func (r *anchorReader) EntryBundle(ctx context.Context, index int64, width int) ([]byte, error) {
	bundle, err := r.Reader.EntryBundle(ctx, index, width)
	for rest := bundle; len(rest) >= 2; {
		n := int(rest[0])<<8 | int(rest[1])
		if rest = rest[2:]; n > len(rest) {
			break // verification says so
		}
		if a, ok := trail.ReadAnchor(rest[:n]); ok {
			r.found = append(r.found, a)
		}
		rest = rest[n:]
	}
	return bundle, err
}

type trailExportCmd struct {
	local
	console.Output
}

// Run writes every entry, oldest first. That it was done is an entry as well.
func (c *trailExportCmd) Run(s *session) error {
	format, err := c.Choose(trail.JSONL, trail.CSV)
	if err != nil {
		return err
	}
	store, err := c.open(s.Ctx, s.Now)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the write is durable already
	if err := byOperator(s, store, trail.Entry{Action: trail.ExportAction, Operation: "trail export"}); err != nil {
		return err
	}
	var out bytes.Buffer
	w := trail.NewWriter(&out, format)
	toFile := c.File != "" && c.File != "-"
	for e, err := range trail.All(s.Ctx, store, 0) {
		if err == nil {
			err = w.Write(e.View())
		}
		if err != nil {
			return err
		}
		if toFile || out.Len() < 1<<20 {
			continue
		}
		if err := errors.Join(w.Flush(), s.Put(c.Output, out.Bytes())); err != nil {
			return err
		}
		out.Reset()
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return s.Put(c.Output, out.Bytes())
}

type trailAnchorCmd struct {
	local
	logKey
}

// Run puts the newest hash into the log.
func (c *trailAnchorCmd) Run(s *session) error {
	if faults := c.logKey.faults(); faults != nil {
		return configFaults(faults)
	}
	store, err := c.local.open(s.Ctx, s.Now)
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the write is durable already
	signer, err := c.logKey.existing(s.Ctx, store)
	if err != nil {
		return err
	}
	log, err := transparency.Open(s.Ctx, store, transparency.Config{Signer: signer, Now: s.Now})
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer log.Close() //nolint:errcheck // the write is durable already
	t := trail.New(trail.Config{Store: store, Log: publiclog.New(log, store, signer), Now: s.Now})
	defer t.Close()
	a, err := t.Anchor(s.Ctx)
	if err != nil {
		return err
	}
	if a.Seq == 0 {
		s.Say("cli.trail.empty")
		return nil
	}
	s.Say("cli.trail.anchored", "Seq", a.Seq, "Index", a.Index)
	return nil
}
