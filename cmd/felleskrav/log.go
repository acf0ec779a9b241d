package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"felleskrav/internal/storage"
	"felleskrav/internal/transparency"
)

type logCmd struct {
	Verify     logVerifyCmd     `cmd:""`
	Checkpoint logCheckpointCmd `cmd:""`
}

// logSource says which log: the one in a store, or a server's.
type logSource struct {
	Server string `conf:"" placeholder:"URL"`
	local
	logKey
}

// openLog is a log that can be read, with the key that verifies it.
type openLog struct {
	transparency.Reader
	verifier note.Verifier
	close    func()
}

// open gives the log to read. key is what the reader trusts; without it, the
// log's own word is taken, which proves that the log is whole and not whose
// it is.
func (c logSource) open(s *session, key string) (*openLog, error) {
	var trusted note.Verifier
	if key != "" {
		var err error
		if trusted, err = s.logVerifier(key); err != nil {
			return nil, err
		}
	}
	if c.Server != "" {
		return c.remoteLog(s, trusted)
	}
	if faults := c.logKey.faults(); faults != nil {
		return nil, configFaults(faults)
	}
	store, err := c.local.open(s.ctx, s.now)
	if err != nil {
		return nil, err
	}
	signer, err := c.logKey.existing(s.ctx, store)
	if err != nil {
		store.Close() //nolint:errcheck,gosec // nothing was written
		return nil, err
	}
	log, err := transparency.Open(s.ctx, store, transparency.Config{Signer: signer, Now: s.now})
	if err != nil {
		store.Close() //nolint:errcheck,gosec // nothing was written
		if c.LogKeyKMS != "" && !errors.Is(err, transparency.ErrInconsistent) {
			return nil, kmsFault(c.LogKeyKMS, err)
		}
		return nil, no("cli.log.inconsistent-detail", "Detail", err.Error())
	}
	if trusted == nil {
		trusted = signer.Verifier()
	}
	return &openLog{log, trusted, func() {
		log.Close()   //nolint:errcheck,gosec // nothing was written
		store.Close() //nolint:errcheck,gosec // nothing was written
	}}, nil
}

var errNoLog = errors.New("there is no log")

// existing finds the key of a log that is there, and makes none.
func (k logKey) existing(ctx context.Context, store storage.Store) (*transparency.Signer, error) {
	if k.LogKeyKMS != "" || k.LogKeyFile != "" {
		return k.signer(ctx, store, "")
	}
	text, err := store.SecretOrCreate(ctx, logSecret, func() ([]byte, error) { return nil, errNoLog })
	if errors.Is(err, errNoLog) {
		return nil, cannot(nil, "cli.log.none")
	}
	if err != nil {
		return nil, fmt.Errorf("read log key: %w", err)
	}
	return transparency.ParseSigner(strings.TrimSpace(string(text)))
}

func (c logSource) remoteLog(s *session, trusted note.Verifier) (*openLog, error) {
	api, err := s.client(remote{Server: c.Server})
	if err != nil {
		return nil, err
	}
	if trusted == nil {
		data, _, err := api.call(s.ctx, http.MethodGet, "/log/key", nil, "", nil)
		if err != nil {
			return nil, err
		}
		if trusted, err = s.logVerifier(strings.TrimSpace(string(data))); err != nil {
			return nil, err
		}
	}
	return &openLog{remoteReader{api}, trusted, func() {}}, nil
}

// remoteReader reads a server's log as C2SP tlog-tiles.
type remoteReader struct{ api *client }

// Checkpoint implements transparency.Reader.
func (r remoteReader) Checkpoint(ctx context.Context) ([]byte, error) {
	data, _, err := r.api.call(ctx, http.MethodGet, "/log/checkpoint", nil, "", nil)
	return data, err
}

// EntryBundle implements transparency.Reader.
func (r remoteReader) EntryBundle(ctx context.Context, index int64, width int) ([]byte, error) {
	path := transparency.TilePath{Level: transparency.EntriesLevel, Index: index, Width: width}
	data, _, err := r.api.call(ctx, http.MethodGet, "/log/"+path.String(), nil, "", nil)
	return data, err
}

type logVerifyCmd struct {
	LogKey string `conf:"" placeholder:"VKEY|FILE"`
	Since  string `placeholder:"FILE"`
	logSource
	output
}

// logAnswer is the answer of log verify.
type logAnswer struct {
	Verified bool   `json:"verified"`
	Origin   string `json:"origin"`
	Size     int64  `json:"size"`
	Root     string `json:"root"`
	// Extends says that the log begins with everything in an older checkpoint.
	Extends *bool  `json:"extends,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// Run reads every entry of the log and computes its root anew; with an older
// checkpoint, also that nothing in it was taken away or changed since.
func (c *logVerifyCmd) Run(s *session) error {
	format, err := c.choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	log, err := c.logSource.open(s, c.LogKey)
	if err != nil {
		return err
	}
	defer log.close()
	var older []byte
	if c.Since != "" {
		if older, err = c.older(s, log.verifier); err != nil {
			return err
		}
	}
	answer := logAnswer{Origin: log.verifier.Name()}
	twice := &rereader{Reader: s.watch(log), seen: map[int64]seenBundle{}}
	cp, err := transparency.VerifyLog(s.ctx, twice, log.verifier)
	if err == nil && older != nil {
		answer.Extends = new(bool)
		twice.older = older
		_, err = transparency.VerifyLog(s.ctx, twice, log.verifier)
		*answer.Extends = err == nil
	}
	switch {
	case err == nil:
		answer.Verified, answer.Size, answer.Root = true, cp.Size, cp.Root.String()
	case errors.Is(err, transparency.ErrVerification), errors.Is(err, errTwoFaced), errors.Is(err, errShrunk):
		answer.Detail = err.Error()
	default:
		return err
	}
	if err := c.tell(s, format, answer); err != nil {
		return err
	}
	if !answer.Verified {
		return errNo
	}
	return nil
}

// older reads a checkpoint that somebody kept.
func (c *logVerifyCmd) older(s *session, v note.Verifier) ([]byte, error) {
	data, err := s.read(c.Since)
	if err != nil {
		return nil, err
	}
	if _, err := transparency.ParseCheckpoint(v, data); err != nil {
		return nil, no("cli.log.since", "File", c.Since)
	}
	return data, nil
}

func (c *logVerifyCmd) tell(s *session, format string, a logAnswer) error {
	if format != "text" {
		return s.putValue(c.output, format, a)
	}
	text := s.t.T("cli.log.verified", "Origin", a.Origin, "Size", a.Size, "Root", a.Root)
	switch {
	case a.Extends != nil && !*a.Extends:
		text = s.t.T("cli.log.rewritten", "Origin", a.Origin, "File", c.Since)
	case !a.Verified:
		text = s.t.T("cli.log.broken", "Origin", a.Origin, "Detail", a.Detail)
	case a.Extends != nil:
		text += "\n" + s.t.T("cli.log.extends", "File", c.Since)
	}
	return s.put(c.output, []byte(text+"\n"))
}

type logCheckpointCmd struct {
	LogKey string `conf:"" placeholder:"VKEY|FILE"`
	logSource
	Output string `short:"o" placeholder:"FILE"`
}

// Run fetches the newest checkpoint, for keeping: whoever has an old one can
// tell when the log has been rewritten.
func (c *logCheckpointCmd) Run(s *session) error {
	log, err := c.logSource.open(s, c.LogKey)
	if err != nil {
		return err
	}
	defer log.close()
	data, err := log.Checkpoint(s.ctx)
	if err != nil {
		return err
	}
	cp, err := transparency.ParseCheckpoint(log.verifier, data)
	if err != nil {
		return no("cli.log.checkpoint", "Origin", log.verifier.Name())
	}
	s.say("cli.log.size", "Origin", cp.Origin, "Size", cp.Size)
	return s.put(output{Output: c.Output}, data)
}
