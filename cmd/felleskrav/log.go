package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"felleskrav/internal/console"
	"felleskrav/internal/transparency"
	"felleskrav/internal/transparency/witness"
)

type logCmd struct {
	Verify     logVerifyCmd     `cmd:""`
	Checkpoint logCheckpointCmd `cmd:""`
	Witness    logWitnessCmd    `cmd:""`
}

type logVerifyCmd struct {
	LogKey  string   `conf:"" placeholder:"VKEY|FILE"`
	Since   []string `sep:"none" placeholder:"FILE"`
	Witness []string `sep:"none" placeholder:"VKEY|FILE"`
	// Quorum is how many of the witnesses must have cosigned; zero is all.
	Quorum int `placeholder:"N"`
	logSource
	console.Output
}

// logAnswer is the answer of log verify.
type logAnswer struct {
	Verified bool   `json:"verified"`
	Origin   string `json:"origin"`
	Size     int64  `json:"size"`
	Root     string `json:"root"`
	// Extends says that the log begins with everything in the older
	// checkpoints.
	Extends   *bool            `json:"extends,omitempty"`
	Since     []sinceAnswer    `json:"since,omitempty"`
	Witnessed *witnessedAnswer `json:"witnessed,omitempty"`
	Detail    string           `json:"detail,omitempty"`
}

// sinceAnswer is how the log compares with one older checkpoint.
type sinceAnswer struct {
	File    string `json:"file"`
	Size    int64  `json:"size"`
	Root    string `json:"root"`
	Extends bool   `json:"extends"`
	// Shrunk says that the log has fewer entries now.
	Shrunk bool   `json:"shrunk"`
	Detail string `json:"detail,omitempty"`
}

// witnessedAnswer is what the witnesses say.
type witnessedAnswer struct {
	// Met says that at least Quorum of them have cosigned a checkpoint, and
	// that the log begins with everything in it.
	Met          bool                `json:"met"`
	Quorum       int                 `json:"quorum"`
	Size         int64               `json:"size"`
	Root         string              `json:"root,omitempty"`
	Cosignatures []cosignatureAnswer `json:"cosignatures"`
	Shrunk       bool                `json:"shrunk,omitempty"`
	Rewritten    bool                `json:"rewritten,omitempty"`
	Detail       string              `json:"detail,omitempty"`
}

type cosignatureAnswer struct {
	Witness string    `json:"witness"`
	At      time.Time `json:"at"`
}

// Run reads every entry of the log and computes its root anew. With older
// checkpoints, also that nothing in them was taken away or changed since; with
// witnesses, also that they have seen the same log.
func (c *logVerifyCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	witnesses, err := c.witnesses(s)
	if err != nil {
		return err
	}
	log, err := c.logSource.open(s, c.LogKey)
	if err != nil {
		return err
	}
	defer log.close()
	answer := logAnswer{Origin: log.verifier.Name()}
	older, err := c.older(s, log.verifier, &answer)
	if err != nil {
		return err
	}
	cosigned, err := c.cosigned(s, log, witnesses, &answer)
	if err != nil {
		return err
	}
	if cosigned != nil {
		older = append(older, *cosigned)
	}
	cp, compared, err := transparency.VerifyHistory(s.Ctx, s.watch(log), log.verifier, older)
	switch {
	case err == nil:
		answer.Verified, answer.Size, answer.Root = true, cp.Size, cp.Root.String()
	case errors.Is(err, transparency.ErrVerification):
		answer.Detail = err.Error()
	default:
		return err
	}
	answer.compare(compared)
	if err := c.tell(s, format, answer); err != nil {
		return err
	}
	if !answer.Verified {
		return console.ErrNo
	}
	return nil
}

// witnesses reads the keys of the witnesses that are trusted.
func (c *logVerifyCmd) witnesses(s *session) ([]note.Verifier, error) {
	if c.Quorum < 0 || c.Quorum > len(c.Witness) {
		return nil, console.Usage("cli.log.quorum", "Quorum", c.Quorum, "Count", len(c.Witness))
	}
	var all []note.Verifier
	names := map[string]bool{}
	for _, key := range c.Witness {
		text := key
		if _, err := os.Stat(key); err == nil {
			data, err := s.Read(key)
			if err != nil {
				return nil, err
			}
			text = string(data)
		}
		v, err := witness.ParseVerifier(text)
		if err != nil {
			return nil, console.Usage("cli.log.witness-key", "Key", key)
		}
		if names[v.Name()] {
			return nil, console.Usage("cli.log.witness-twice", "Name", v.Name())
		}
		names[v.Name()] = true
		all = append(all, v)
	}
	return all, nil
}

// older reads the checkpoints that somebody kept.
func (c *logVerifyCmd) older(s *session, v note.Verifier, answer *logAnswer) ([]transparency.Checkpoint, error) {
	var all []transparency.Checkpoint
	for _, file := range c.Since {
		data, err := s.Read(file)
		if err != nil {
			return nil, err
		}
		cp, err := transparency.ParseCheckpoint(v, data)
		if err != nil {
			return nil, console.No("cli.log.since", "File", file)
		}
		all = append(all, cp)
		answer.Since = append(answer.Since, sinceAnswer{File: file, Size: cp.Size, Root: cp.Root.String()})
	}
	return all, nil
}

// cosigned finds the checkpoint that the witnesses have cosigned; nil when
// there is none, or too few have.
func (c *logVerifyCmd) cosigned(s *session, log *openLog, witnesses []note.Verifier, answer *logAnswer) (*transparency.Checkpoint, error) {
	if len(witnesses) == 0 {
		return nil, nil //nolint:nilnil // nobody asked
	}
	a := &witnessedAnswer{Quorum: c.Quorum, Cosignatures: []cosignatureAnswer{}}
	if a.Quorum == 0 {
		a.Quorum = len(witnesses)
	}
	answer.Witnessed = a
	signed, err := log.WitnessedCheckpoint(s.Ctx)
	if errors.Is(err, transparency.ErrNotFound) {
		a.Detail = "no checkpoint is cosigned"
		return nil, nil //nolint:nilnil // that is the answer
	}
	if err != nil {
		return nil, err
	}
	cp, by, err := witness.Witnessed(signed, log.verifier, witnesses, a.Quorum)
	for _, w := range by {
		a.Cosignatures = append(a.Cosignatures, cosignatureAnswer(w))
	}
	a.Size = cp.Size
	if err != nil {
		a.Detail = err.Error()
		return nil, nil //nolint:nilnil // that is the answer
	}
	a.Met, a.Root = true, cp.Root.String()
	return &cp, nil
}

// compare takes in how the log compares with the checkpoints it was held
// against: those that were kept, and last the cosigned one. compared is nil
// when the reading did not come to that.
func (a *logAnswer) compare(compared []error) {
	if len(a.Since) > 0 {
		a.Extends = new(bool)
		*a.Extends = true
	}
	for i := range a.Since {
		since := &a.Since[i]
		if compared == nil {
			*a.Extends = false
			continue
		}
		since.Extends, since.Shrunk = compared[i] == nil, errors.Is(compared[i], transparency.ErrShrunk)
		if compared[i] != nil {
			since.Detail, *a.Extends, a.Verified = compared[i].Error(), false, false
		}
	}
	w := a.Witnessed
	if w == nil {
		return
	}
	if w.Met && len(compared) > len(a.Since) {
		if err := compared[len(a.Since)]; err != nil {
			w.Met, w.Detail = false, err.Error()
			w.Shrunk, w.Rewritten = errors.Is(err, transparency.ErrShrunk), errors.Is(err, transparency.ErrRewritten)
		}
	}
	a.Verified = a.Verified && w.Met
}

func (c *logVerifyCmd) tell(s *session, format string, a logAnswer) error {
	if format != "text" {
		return s.PutValue(c.Output, format, a)
	}
	var lines []string
	say := func(key string, args ...any) { lines = append(lines, s.T(key, args...)) }
	switch {
	case a.Verified:
		say("cli.log.verified", "Origin", a.Origin, "Size", a.Size, "Root", a.Root)
	case a.Root == "":
		say("cli.log.broken", "Origin", a.Origin, "Detail", a.Detail)
	}
	for _, since := range a.Since {
		switch {
		case since.Extends:
			say("cli.log.extends", "File", since.File)
		case since.Shrunk:
			say("cli.log.shrunk", "Origin", a.Origin, "File", since.File, "Size", a.Size, "Had", since.Size)
		case since.Detail != "":
			say("cli.log.rewritten", "Origin", a.Origin, "File", since.File)
		}
	}
	if w := a.Witnessed; w != nil {
		lines = append(lines, s.witnessedText(a, *w)...)
	}
	return s.Put(c.Output, []byte(strings.Join(lines, "\n")+"\n"))
}

// witnessedText says what the witnesses say, a line for each and one for all.
func (s *session) witnessedText(a logAnswer, w witnessedAnswer) []string {
	var lines []string
	for _, by := range w.Cosignatures {
		lines = append(lines, s.T("cli.log.cosigned", "Witness", by.Witness, "Size", w.Size, "At", s.DateTime(by.At)))
	}
	verdict := ""
	switch {
	case w.Met:
		verdict = s.T("cli.log.witnessed", "Count", len(w.Cosignatures), "Quorum", w.Quorum, "Size", w.Size)
	case w.Shrunk:
		verdict = s.T("cli.log.witnessed-shrunk", "Origin", a.Origin, "Size", a.Size, "Had", w.Size)
	case w.Rewritten:
		verdict = s.T("cli.log.witnessed-rewritten", "Origin", a.Origin, "Had", w.Size)
	default:
		verdict = s.T("cli.log.not-witnessed", "Origin", a.Origin, "Count", len(w.Cosignatures), "Quorum", w.Quorum)
	}
	return append(lines, verdict)
}

type logCheckpointCmd struct {
	LogKey    string `conf:"" placeholder:"VKEY|FILE"`
	Witnessed bool
	logSource
	Output string `short:"o" placeholder:"FILE"`
}

// Run fetches the newest checkpoint, or the newest that is cosigned, for
// keeping: whoever has an old one can tell when the log has been rewritten.
func (c *logCheckpointCmd) Run(s *session) error {
	log, err := c.logSource.open(s, c.LogKey)
	if err != nil {
		return err
	}
	defer log.close()
	read := log.Checkpoint
	if c.Witnessed {
		read = log.WitnessedCheckpoint
	}
	data, err := read(s.Ctx)
	if errors.Is(err, transparency.ErrNotFound) {
		return console.No("cli.log.no-witnessed", "Origin", log.verifier.Name())
	}
	if err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	cp, err := transparency.ParseCheckpoint(log.verifier, data)
	if err != nil {
		return console.No("cli.log.checkpoint", "Origin", log.verifier.Name())
	}
	s.Say("cli.log.size", "Origin", cp.Origin, "Size", cp.Size)
	return s.Put(console.Output{File: c.Output}, data)
}
