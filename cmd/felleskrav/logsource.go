package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"felleskrav/internal/audit"
	"felleskrav/internal/console"
	"felleskrav/internal/storage"
	"felleskrav/internal/transparency"
)

// logSource says which log: the one in a store, or a server's.
type logSource struct {
	Server string `conf:"" placeholder:"URL"`
	local
	logKey
}

// logReader is what anybody may read of a log.
type logReader interface {
	transparency.Reader
	// WitnessedCheckpoint is the newest one that is cosigned; a
	// transparency.ErrNotFound when there is none.
	WitnessedCheckpoint(ctx context.Context) ([]byte, error)
}

// openLog is a log that can be read, with the key that verifies it.
type openLog struct {
	logReader
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
		if trusted, err = audit.LogVerifier(s.Session, key); err != nil {
			return nil, err
		}
	}
	if c.Server != "" {
		return c.remoteLog(s, trusted)
	}
	if faults := c.logKey.faults(); faults != nil {
		return nil, configFaults(faults)
	}
	store, err := c.local.open(s.Ctx, s.Now)
	if err != nil {
		return nil, err
	}
	signer, err := c.logKey.existing(s.Ctx, store)
	if err != nil {
		store.Close() //nolint:errcheck,gosec // nothing was written
		return nil, err
	}
	log, err := transparency.Open(s.Ctx, store, transparency.Config{Signer: signer, Now: s.Now})
	if err != nil {
		store.Close() //nolint:errcheck,gosec // nothing was written
		if c.LogKeyKMS != "" && !errors.Is(err, transparency.ErrInconsistent) {
			return nil, kmsFault(c.LogKeyKMS, err)
		}
		return nil, console.No("cli.log.inconsistent-detail", "Detail", err.Error())
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
		return nil, console.Cannot(nil, "cli.log.none")
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
		data, _, err := api.call(s.Ctx, http.MethodGet, "/log/key", nil, "", nil)
		if err != nil {
			return nil, err
		}
		if trusted, err = audit.LogVerifier(s.Session, strings.TrimSpace(string(data))); err != nil {
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

// WitnessedCheckpoint implements logReader.
func (r remoteReader) WitnessedCheckpoint(ctx context.Context) ([]byte, error) {
	data, _, err := r.api.call(ctx, http.MethodGet, "/log/checkpoint/witnessed", nil, "", nil)
	if p, ok := errors.AsType[*remoteProblem](err); ok && p.Status == http.StatusNotFound {
		return nil, fmt.Errorf("%w: %w", transparency.ErrNotFound, err)
	}
	return data, err
}

// EntryBundle implements transparency.Reader.
func (r remoteReader) EntryBundle(ctx context.Context, index int64, width int) ([]byte, error) {
	path := transparency.TilePath{Level: transparency.EntriesLevel, Index: index, Width: width}
	data, _, err := r.api.call(ctx, http.MethodGet, "/log/"+path.String(), nil, "", nil)
	return data, err
}
