package bulkcheck

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/workbook"
)

// Service holds the rules for jobs, and works on them: see Run.
type Service struct {
	Store     Store
	Facts     *facts.Service
	Catalogue catalogue.Provider
	Texts     *locale.Bundle
	// BaseURL is the address of the pages, without a slash at the end.
	BaseURL string
	// Limits bound a list.
	Limits workbook.Limits
	Now    func() time.Time
	// NewID makes UUIDv7 strings.
	NewID func() string
	// Logger hears about faults in the background; nil is silent.
	Logger *slog.Logger

	once    sync.Once
	wake    chan struct{}
	reading chan struct{} // one place for each list that is read at the door

	mu sync.Mutex
	// stop ends the work on a job in this process, by id.
	stop map[string]context.CancelFunc
	// busy has the bodies that are being worked for in this process.
	busy map[organisation.Number]bool
	// lists have been read at the door and wait for a worker of this process.
	lists map[string]*workbook.SupplierList
}

// Limits on how much waits.
const (
	// maxOpen is how many unfinished jobs one body may have, and maxQueue how
	// many there may be in all.
	maxOpen  = 5
	maxQueue = 100
	// atDoor is how many uploaded lists are read at the same time.
	atDoor = 2
	// maxLists is how many lists wait as they were read; others are read again.
	maxLists = 4
	// maxColumn is the longest name of a column, in characters.
	maxColumn = 200
)

func (s *Service) setUp() {
	s.once.Do(func() {
		s.wake, s.reading = make(chan struct{}, 1), make(chan struct{}, atDoor)
		s.stop, s.busy = map[string]context.CancelFunc{}, map[organisation.Number]bool{}
		s.lists = map[string]*workbook.SupplierList{}
		if s.Logger == nil {
			s.Logger = slog.New(slog.DiscardHandler)
		}
	})
}

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// Order is what somebody asks for with a list.
type Order struct {
	FileName string
	// Set is a reference ("grunnsett", the newest version, or with a version);
	// empty is the default set. At is the moment; zero is now.
	Set string
	At  time.Time
	// Column names the column of numbers; empty is the one that is found.
	Column   string
	Language string
	// RetentionDays is how long the result is kept; nil is the default.
	RetentionDays *int
}

// Start takes a list and queues the check of it. The list is read at the door,
// so that one without a column of numbers, with two that fit, or with too many
// rows is refused now and with the reason.
func (s *Service) Start(ctx context.Context, actor access.Actor, o Order, r io.Reader) (Job, error) {
	s.setUp()
	if err := own(actor, access.CheckStatus); err != nil {
		return Job{}, err
	}
	j, err := s.order(actor, o)
	if err != nil {
		return Job{}, err
	}
	if err := s.room(ctx, j.Body); err != nil {
		return Job{}, err
	}
	data, err := io.ReadAll(io.LimitReader(r, s.Limits.MaxBytes+1))
	if err != nil {
		return Job{}, fmt.Errorf("receive list of suppliers: %w", err)
	}
	if err := s.read(ctx, &j, data); err != nil {
		return Job{}, err
	}
	j.State, j.Input = Receiving, j.inputKey()
	queued := false
	defer func() {
		if !queued {
			s.takeRead(j.ID)
		}
	}()
	if err := s.Store.InsertCheckJob(ctx, j); err != nil {
		return Job{}, fmt.Errorf("save job: %w", err)
	}
	if _, err := s.Store.PutKeptFile(ctx, j.Input, bytes.NewReader(data)); err != nil {
		return Job{}, fmt.Errorf("save list of suppliers: %w", err)
	}
	saved, err := s.Store.UpdateCheckJob(ctx, j.ID, func(j Job) (Job, error) {
		if j.State == Receiving {
			j.State = Queued
		}
		return j, nil
	})
	if err != nil {
		return Job{}, fmt.Errorf("queue job: %w", err)
	}
	queued = true
	s.nudge()
	return saved, nil
}

// own reports whether the actor may do something with the lists of their own
// organisation.
func own(actor access.Actor, action access.Action) error {
	if err := access.Check(actor, action, actor.Org); err != nil {
		return err
	}
	if actor.Org == "" {
		return problem.New(problem.Forbidden, "access.denied", nil)
	}
	return nil
}

// order checks what is asked for.
func (s *Service) order(actor access.Actor, o Order) (Job, error) {
	now := s.now()
	j := Job{
		ID: s.NewID(), Body: organisation.Number(actor.Org), By: actor.ID, Roles: slices.Clone(actor.Roles), FileName: o.FileName,
		At: o.At.UTC(), Column: o.Column, Language: o.Language, RetentionDays: DefaultRetentionDays, CreatedAt: now,
	}
	if o.At.IsZero() {
		j.At = now
	}
	if o.RetentionDays != nil {
		j.RetentionDays = *o.RetentionDays
	}
	if j.Language == "" {
		j.Language = locale.Default
	}
	var c problem.Collector
	c.Line("name", j.FileName, 0, 200)
	c.Line("column", j.Column, 0, maxColumn)
	c.Check(slices.Contains(locale.Languages(), j.Language), "lang", "field.unknown", problem.Args{"Value": problem.Clip(j.Language)})
	c.Check(j.RetentionDays >= 0 && j.RetentionDays <= MaxRetentionDays, "retention", "field.range", problem.Args{"Min": 0, "Max": MaxRetentionDays})
	c.Check(!j.At.After(now.Add(time.Minute)), "at", "status.future", nil)
	if err := c.Err(); err != nil {
		return Job{}, err
	}
	ref := o.Set
	if ref == "" {
		ref = facts.DefaultSet
	}
	set, version, err := catalogue.ParseRef(ref)
	if err != nil {
		return Job{}, err
	}
	v, ok := s.Catalogue.Content().Version(set, version)
	if !ok {
		return Job{}, problem.New(problem.NotFound, "set.not-found", problem.Args{"Set": set, "Version": version})
	}
	j.Set = v.Ref()
	return j, nil
}

// room refuses a job when too many wait already.
func (s *Service) room(ctx context.Context, body organisation.Number) error {
	open, err := s.Store.OpenCheckJobs(ctx, maxQueue)
	if err != nil {
		return fmt.Errorf("list jobs: %w", err)
	}
	mine := 0
	for _, j := range open {
		if j.Body == body {
			mine++
		}
	}
	switch {
	case mine >= maxOpen:
		return problem.New(problem.RateLimited, "bulkcheck.many", problem.Args{"Max": maxOpen})
	case len(open) >= maxQueue:
		return problem.New(problem.Unavailable, "bulkcheck.full", nil)
	}
	return nil
}

// read reads the list at the door and notes what was found.
func (s *Service) read(ctx context.Context, j *Job, data []byte) error {
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	list, err := workbook.ReadSuppliers(data, j.Column, s.Limits)
	if err != nil {
		return askedFor(err)
	}
	j.Kind, j.Size, j.Sheet, j.Heading = list.Kind, int64(len(data)), list.Sheet, problem.Clip(list.Heading)
	j.Total, j.Doubtful = list.Total(), len(list.Doubts)
	j.Doubts = list.Doubts[:min(len(list.Doubts), MaxDoubts)]
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lists) >= maxLists {
		clear(s.lists) // some were cancelled, or another process had them
	}
	s.lists[j.ID] = list
	return nil
}

// takeRead gives the list of a job as it was read at the door, once; nil when
// it does not wait here.
func (s *Service) takeRead(id string) *workbook.SupplierList {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.lists[id]
	delete(s.lists, id)
	return list
}

// askedFor puts what the sender can answer by naming the column with that
// parameter.
func askedFor(err error) error {
	p, ok := errors.AsType[*problem.Error](err)
	if !ok {
		return err
	}
	switch p.Key {
	case "workbook.bulk.ambiguous", "workbook.bulk.no-column", "workbook.bulk.no-named", "workbook.bulk.no-numbers":
		c := *p
		c.Fields = []problem.Field{{Path: "column", Key: p.Key, Args: p.Args}}
		return &c
	}
	return err
}

// Get reads a job of the actor's own organisation. Anybody else's is not
// there.
func (s *Service) Get(ctx context.Context, actor access.Actor, id string) (Job, error) {
	return s.get(ctx, actor, access.ReadCheck, id)
}

func (s *Service) get(ctx context.Context, actor access.Actor, action access.Action, id string) (Job, error) {
	if err := own(actor, action); err != nil {
		return Job{}, err
	}
	missing := problem.New(problem.NotFound, "bulkcheck.not-found", nil)
	j, err := s.Store.CheckJob(ctx, id)
	if errors.Is(err, problem.ErrNotFound) {
		return Job{}, missing
	}
	if err != nil {
		return Job{}, fmt.Errorf("read job: %w", err)
	}
	// What is past its time is gone, whether or not the sweep has been there.
	if string(j.Body) != actor.Org || j.State == Deleted || !j.State.Open() && !s.now().Before(j.KeepUntil) {
		return Job{}, missing
	}
	return j, nil
}

// List lists the jobs of the actor's organisation, newest first, after the id
// given.
func (s *Service) List(ctx context.Context, actor access.Actor, after string, limit int) ([]Job, error) {
	if err := own(actor, access.ReadCheck); err != nil {
		return nil, err
	}
	all, err := s.Store.CheckJobsOf(ctx, organisation.Number(actor.Org), after, limit)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return all, nil
}

// Cancel ends the work on a job; the job stays, without a result, so that
// people see what became of it. One that has ended is left as it is.
func (s *Service) Cancel(ctx context.Context, actor access.Actor, id string) (Job, error) {
	s.setUp()
	if _, err := s.get(ctx, actor, access.CheckStatus, id); err != nil {
		return Job{}, err
	}
	now := s.now()
	j, err := s.Store.UpdateCheckJob(ctx, id, func(j Job) (Job, error) {
		if j.State.Open() {
			j = j.end(Cancelled, now)
		}
		return j, nil
	})
	if err != nil {
		return Job{}, fmt.Errorf("cancel job: %w", err)
	}
	s.halt(id)
	return j, s.dropInput(ctx, j)
}

// Delete ends the work on a job and removes it with its files.
func (s *Service) Delete(ctx context.Context, actor access.Actor, id string) error {
	s.setUp()
	if _, err := s.get(ctx, actor, access.CheckStatus, id); err != nil {
		return err
	}
	return s.remove(ctx, id)
}

func (s *Service) remove(ctx context.Context, id string) error {
	now := s.now()
	j, err := s.Store.UpdateCheckJob(ctx, id, func(j Job) (Job, error) {
		if j.State == Deleted {
			return j, nil
		}
		return j.delete(now), nil
	})
	if err != nil {
		return fmt.Errorf("delete job: %w", err)
	}
	s.halt(id)
	return s.dropFiles(ctx, j)
}

// halt stops the work in this process. Another one notices by itself.
func (s *Service) halt(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stop, ok := s.stop[id]; ok {
		stop()
	}
}

// dropFiles removes all files of a deleted job, and notes that they are gone.
func (s *Service) dropFiles(ctx context.Context, j Job) error {
	for _, f := range j.files() {
		if err := s.Store.RemoveKeptFile(ctx, f); err != nil {
			return fmt.Errorf("remove files of job: %w", err)
		}
	}
	if _, err := s.Store.UpdateCheckJob(ctx, j.ID, func(j Job) (Job, error) {
		if j.State == Deleted {
			j.Input, j.Result = "", ""
		}
		return j, nil
	}); err != nil && !errors.Is(err, problem.ErrNotFound) {
		return fmt.Errorf("note that files are removed: %w", err)
	}
	return nil
}

// dropInput removes the list of a job that has ended: it is of no more use.
func (s *Service) dropInput(ctx context.Context, j Job) error {
	if j.State.Open() || j.Input == "" {
		return nil
	}
	if err := s.Store.RemoveKeptFile(ctx, j.Input); err != nil {
		return fmt.Errorf("remove list of suppliers: %w", err)
	}
	if _, err := s.Store.UpdateCheckJob(ctx, j.ID, func(j Job) (Job, error) { j.Input = ""; return j, nil }); err != nil && !errors.Is(err, problem.ErrNotFound) {
		return fmt.Errorf("note that the list is removed: %w", err)
	}
	return nil
}

// Open gives the result. When it is kept for one download only, it is removed
// once all of it has been read.
func (s *Service) Open(ctx context.Context, actor access.Actor, id string) (io.ReadCloser, Job, error) {
	j, err := s.Get(ctx, actor, id)
	if err != nil {
		return nil, Job{}, err
	}
	if j.Result == "" {
		return nil, Job{}, problem.New(problem.NotFound, "bulkcheck.no-result", nil)
	}
	body, size, err := s.Store.OpenKeptFile(ctx, j.Result)
	if errors.Is(err, problem.ErrNotFound) {
		return nil, Job{}, problem.New(problem.NotFound, "bulkcheck.no-result", nil)
	}
	if err != nil {
		return nil, Job{}, fmt.Errorf("open result: %w", err)
	}
	j.ResultSize = size
	if j.RetentionDays == 0 {
		body = &once{ReadCloser: body, left: size, done: func() error { return s.remove(context.WithoutCancel(ctx), id) }}
	}
	return body, j, nil
}

// once is a file that is removed when it has been read to its end.
type once struct {
	io.ReadCloser
	left int64
	done func() error
}

func (o *once) Read(p []byte) (int, error) {
	n, err := o.ReadCloser.Read(p)
	o.left -= int64(n)
	return n, err //nolint:wrapcheck // it is the file's own
}

func (o *once) Close() error {
	err := o.ReadCloser.Close()
	if o.left <= 0 {
		err = errors.Join(err, o.done())
	}
	return err
}

// Swept counts what Sweep did, in jobs.
type Swept struct {
	// Expired were kept for as long as their body said, Abandoned were never
	// received whole.
	Expired, Abandoned int
}

// Sweep deletes what has been kept for as long as it was to be, and completes
// what a crash left half done. It is safe to run in several processes.
func (s *Service) Sweep(ctx context.Context) (Swept, error) {
	s.setUp()
	var did Swept
	for {
		due, err := s.Store.DueCheckJobs(ctx, s.now(), 100)
		if err != nil {
			return did, fmt.Errorf("list jobs that are due: %w", err)
		}
		for _, j := range due {
			if err := s.sweep(ctx, j, &did); err != nil {
				return did, err
			}
		}
		if len(due) < 100 {
			return did, nil
		}
	}
}

func (s *Service) sweep(ctx context.Context, j Job, did *Swept) error {
	now := s.now()
	switch {
	case j.State == Deleted:
		if err := s.dropFiles(ctx, j); err != nil {
			return err
		}
		if now.Before(j.EndedAt.Add(tombstone)) {
			return nil
		}
		if err := s.Store.RemoveCheckJob(ctx, j.ID); err != nil {
			return fmt.Errorf("forget job: %w", err)
		}
		return nil
	case j.State == Receiving:
		did.Abandoned++
		return s.remove(ctx, j.ID)
	case !now.Before(j.KeepUntil):
		did.Expired++
		return s.remove(ctx, j.ID)
	}
	return s.dropInput(ctx, j)
}

// failure makes of a problem what a job can keep.
func failure(p *problem.Error) *Failure {
	f := &Failure{Key: p.Key}
	for _, k := range slices.Sorted(maps.Keys(p.Args)) {
		if f.Args == nil {
			f.Args = map[string]string{}
		}
		f.Args[k] = fmt.Sprint(p.Args[k])
	}
	return f
}
