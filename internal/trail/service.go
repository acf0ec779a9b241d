package trail

import (
	"context"
	"log/slog"
	"time"
)

// Log is the transparency log that anchors go into.
type Log interface {
	// Append logs body under key; the same again is no error.
	Append(ctx context.Context, key string, body []byte) (index int64, at time.Time, err error)
}

// Config says how the trail is kept. Store is required.
type Config struct {
	Store Store
	// Log takes the anchors; without one there are none, and nothing is ever
	// old enough to be removed.
	Log Log
	Now func() time.Time
	// Logger hears about entries that could not be written. Nil is silent.
	Logger *slog.Logger
	// Retention is how long entries are kept, and Addresses how long network
	// addresses in them are; zero is for ever.
	Retention, Addresses time.Duration
}

// Service records and reads. It is safe for concurrent use.
type Service struct {
	Config
	recorder *recorder
}

// New begins to take entries; the caller closes the service.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{Config: cfg, recorder: newRecorder(cfg.Store, cfg.Now, cfg.Logger)}
}

// Record writes an entry and returns when it is durable. An entry whose caller
// has gone is written all the same.
func (s *Service) Record(ctx context.Context, e Entry) error {
	w, err := s.recorder.put(ctx, e)
	if err != nil {
		return err
	}
	return <-w.done
}

// Later has an entry written soon. It waits only when too many wait already.
// A fault is logged and counted.
func (s *Service) Later(ctx context.Context, e Entry) error {
	_, err := s.recorder.put(ctx, e)
	return err
}

// Failed counts the entries that could not be written.
func (s *Service) Failed() int64 { return s.recorder.failed.Load() }

// Close takes no more entries and returns when those that waited are written.
func (s *Service) Close() { s.recorder.close() }
