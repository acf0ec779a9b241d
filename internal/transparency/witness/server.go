package witness

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"felleskrav/internal/transparency"
)

// Config says what a witness watches.
type Config struct {
	Signer *Signer
	// Logs are the verifier keys of the logs it knows; the name of a key is the log's origin, and a log
	// may have several keys.
	Logs []note.Verifier
	// Dir is the folder in which it remembers, made if it is not there.
	Dir string
	// About is what GET / begins with.
	About string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Logger hears what is refused; nil is silent.
	Logger *slog.Logger
}

// Server is a witness. It is a http.Handler for POST /add-checkpoint and GET /.
type Server struct {
	cfg    Config
	folder *folder
	logs   map[string]*watched
	mux    *http.ServeMux
}

// watched is one log.
type watched struct {
	origin string
	keys   []note.Verifier

	mu   sync.Mutex
	last transparency.Checkpoint // the newest that was cosigned
}

// NewServer opens the folder and reads what was cosigned before. A checkpoint there that none of its log's
// keys has signed is an error: the witness would forget what it has seen. The caller closes the Server.
func NewServer(cfg Config) (*Server, error) {
	if cfg.Signer == nil || len(cfg.Logs) == 0 {
		return nil, errors.New("open witness: no key, or no log to watch")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	folder, err := openFolder(cfg.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, folder: folder, logs: map[string]*watched{}, mux: http.NewServeMux()}
	for _, key := range cfg.Logs {
		w, ok := s.logs[key.Name()]
		if !ok {
			w = &watched{origin: key.Name(), last: transparency.Checkpoint{Origin: key.Name(), Root: sha256.Sum256(nil)}}
			s.logs[key.Name()] = w
		}
		w.keys = append(w.keys, key)
	}
	for _, w := range s.logs {
		if err := s.remember(w); err != nil {
			return nil, errors.Join(fmt.Errorf("open witness: %w", err), folder.close())
		}
	}
	s.mux.HandleFunc("POST /add-checkpoint", s.addCheckpoint)
	s.mux.HandleFunc("GET /{$}", s.about)
	return s, nil
}

// remember reads what was cosigned of a log.
func (s *Server) remember(w *watched) error {
	signed, err := s.folder.read(w.origin)
	if err != nil || signed == nil {
		return err
	}
	for _, key := range w.keys {
		if c, err := transparency.ParseCheckpoint(key, signed); err == nil {
			w.last = c
			return nil
		}
	}
	return fmt.Errorf("%s is not a checkpoint that %s has signed with a known key", s.folder.path(w.origin), w.origin)
}

// Close gives the folder up.
func (s *Server) Close() error { return s.folder.close() }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	s.mux.ServeHTTP(w, r)
}

// HTTP returns the server to run, with its limits set.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler: s, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 15 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelWarn),
	}
}

// about says what this is, and how far each log has come.
func (s *Server) about(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n\n%s\n\n", s.cfg.About, s.cfg.Signer.VerifierKey())
	var origins []string
	for origin := range s.logs {
		origins = append(origins, origin)
	}
	slices.Sort(origins)
	for _, origin := range origins {
		log := s.logs[origin]
		log.mu.Lock()
		fmt.Fprintf(&b, "%s %d\n", origin, log.last.Size)
		log.mu.Unlock()
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the reader may have gone
}

// addCheckpoint answers one call; what is refused says why in one line.
func (s *Server) addCheckpoint(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		status := http.StatusBadRequest
		if _, long := errors.AsType[*http.MaxBytesError](err); long {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "the body cannot be read", status)
		return
	}
	line, refused := s.add(r.Context(), body)
	switch {
	case refused == nil:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, line) // the log may have gone; it asks again
	case refused.status == http.StatusConflict:
		w.Header().Set("Content-Type", sizeType)
		w.WriteHeader(refused.status)
		_, _ = io.WriteString(w, strconv.FormatInt(refused.size, 10)+"\n")
	default:
		http.Error(w, refused.reason, refused.status)
	}
}

// refusal is why a checkpoint is not cosigned.
type refusal struct {
	status int
	reason string
	size   int64 // of the tree cosigned last, with StatusConflict
}

// add does what the protocol says, in the order it says it, and returns the cosignature.
func (s *Server) add(ctx context.Context, body []byte) (string, *refusal) {
	req, err := parseRequest(body)
	if err != nil {
		return "", &refusal{status: http.StatusBadRequest, reason: err.Error()}
	}
	log, known := s.logs[originOf(req.Checkpoint)]
	if !known {
		return "", &refusal{status: http.StatusNotFound, reason: "this witness does not watch that log"}
	}
	text, c, refused := log.open(req.Checkpoint)
	if refused != nil {
		return "", refused
	}
	if req.Old > c.Size {
		return "", &refusal{status: http.StatusBadRequest, reason: "the old size is larger than the checkpoint's"}
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if req.Old != log.last.Size || req.Old == c.Size && c.Root != log.last.Root {
		if c.Size < log.last.Size || req.Old == log.last.Size {
			s.cfg.Logger.WarnContext(ctx, "refused a checkpoint that does not continue the log",
				slog.String("log", log.origin), slog.Int64("size", c.Size), slog.Int64("cosigned", log.last.Size))
		}
		return "", &refusal{status: http.StatusConflict, size: log.last.Size}
	}
	if err := transparency.CheckConsistency(log.last, c, req.Proof); err != nil {
		s.cfg.Logger.WarnContext(ctx, "refused a checkpoint that is not proved to continue the log",
			slog.String("log", log.origin), slog.Int64("size", c.Size), slog.Int64("cosigned", log.last.Size), slog.Any("error", err))
		return "", &refusal{status: http.StatusUnprocessableEntity, reason: "the proof does not show that the log only grew"}
	}
	// What is cosigned must not be forgotten, so it is kept first. If that fails the older one stands; if it
	// was kept all the same, the log meets the new size the next time.
	if c != log.last {
		if err := s.folder.write(log.origin, req.Checkpoint); err != nil {
			s.cfg.Logger.ErrorContext(ctx, "could not keep a checkpoint", slog.String("log", log.origin), slog.Any("error", err))
			return "", &refusal{status: http.StatusInternalServerError, reason: "the checkpoint could not be kept"}
		}
		log.last = c
	}
	return s.cfg.Signer.Cosign(text, s.cfg.Now()), nil
}

// open verifies the log's signature and reads the checkpoint.
func (w *watched) open(signed []byte) (text string, c transparency.Checkpoint, refused *refusal) {
	for _, key := range w.keys {
		n, err := note.Open(signed, note.VerifierList(key))
		_, unverified := errors.AsType[*note.UnverifiedNoteError](err)
		_, invalid := errors.AsType[*note.InvalidSignatureError](err)
		switch {
		case unverified || invalid:
			continue
		case err != nil:
			return "", c, &refusal{status: http.StatusBadRequest, reason: "the checkpoint is not a signed note"}
		}
		if c, err = transparency.ParseCheckpoint(key, signed); err != nil {
			return "", c, &refusal{status: http.StatusBadRequest, reason: "the signed note is not a checkpoint"}
		}
		return n.Text, c, nil
	}
	return "", c, &refusal{status: http.StatusForbidden, reason: "none of the signatures is by a known key of the log"}
}
