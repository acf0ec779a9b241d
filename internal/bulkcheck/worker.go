package bulkcheck

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/workbook"
)

const (
	// workers is how many lists are worked on at the same time in one process,
	// those of different bodies.
	workers = 2
	// leaseFor is how long a worker that dies keeps others from its job, and
	// renewEach how often one that lives renews its claim.
	leaseFor  = 30 * time.Second
	renewEach = 10 * time.Second
	// lookEach is how often the queue is looked at without being told to.
	lookEach = 2 * time.Second
	// maxAttempts is how often work on one job is begun. A list that ends the
	// program each time is not tried for ever.
	maxAttempts = 4
	// retryAfter is how long a job waits after a fault of ours.
	retryAfter = 10 * time.Second
	// batch is how many rows are looked up at once.
	batch = 2000
)

// errLost: somebody else has the job now, or it was ended.
var errLost = errors.New("the job is no longer ours")

func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run works on jobs until ctx ends. Work that is under way then goes back to
// the queue, and begins again wherever Run is called next. Several processes
// may run it on one store.
func (s *Service) Run(ctx context.Context) {
	s.setUp()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() { s.work(ctx, rand.Text()) })
	}
	wg.Wait()
}

func (s *Service) work(ctx context.Context, worker string) {
	tick := time.NewTicker(lookEach)
	defer tick.Stop()
	for {
		for ctx.Err() == nil {
			j, found, err := s.claim(ctx, worker)
			if err != nil {
				if ctx.Err() == nil {
					s.Logger.WarnContext(ctx, "could not take a job", slog.String("error", err.Error()))
				}
				break
			}
			if !found {
				break
			}
			s.nudge() // there may be more, for the other worker
			s.do(ctx, j)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-tick.C:
		}
	}
}

// claim takes the oldest job that nobody works on, of a body that is not being
// worked for.
func (s *Service) claim(ctx context.Context, worker string) (Job, bool, error) {
	open, err := s.Store.OpenCheckJobs(ctx, maxQueue)
	if err != nil {
		return Job{}, false, fmt.Errorf("list jobs: %w", err)
	}
	now := s.now()
	taken := map[organisation.Number]bool{}
	for _, j := range open {
		if j.State == Running && now.Before(j.Lease) {
			taken[j.Body] = true
		}
	}
	for _, j := range open {
		if j.State == Receiving || now.Before(j.Lease) || taken[j.Body] || !s.engage(j.Body) {
			continue
		}
		claimed, err := s.Store.UpdateCheckJob(ctx, j.ID, func(j Job) (Job, error) {
			switch {
			case j.State != Queued && j.State != Running || now.Before(j.Lease):
				return j, errLost
			case j.Attempts >= maxAttempts:
				j.Failure = &Failure{Key: "bulkcheck.failed"}
				return j.end(Failed, now), nil
			}
			if j.StartedAt.IsZero() {
				j.StartedAt = now
			}
			j.State, j.Worker, j.Lease, j.Done = Running, worker, now.Add(leaseFor), 0
			j.Attempts++
			return j, nil
		})
		if err == nil && claimed.State == Running {
			return claimed, true, nil
		}
		s.release(j.Body)
		if err != nil && !errors.Is(err, errLost) && !errors.Is(err, problem.ErrNotFound) {
			return Job{}, false, fmt.Errorf("take job: %w", err)
		}
	}
	return Job{}, false, nil
}

func (s *Service) engage(body organisation.Number) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[body] {
		return false
	}
	s.busy[body] = true
	return true
}

func (s *Service) release(body organisation.Number) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, body)
}

// update changes a job that is still this worker's.
func (s *Service) update(ctx context.Context, j Job, change func(Job) Job) error {
	_, err := s.Store.UpdateCheckJob(ctx, j.ID, func(now Job) (Job, error) {
		if now.State != Running || now.Worker != j.Worker || now.Attempts != j.Attempts {
			return now, errLost
		}
		return change(now), nil
	})
	if errors.Is(err, problem.ErrNotFound) {
		return errLost
	}
	return err
}

// do works on one job and settles what became of it.
func (s *Service) do(ctx context.Context, j Job) {
	defer s.release(j.Body)
	working, stop := context.WithCancel(ctx)
	defer stop()
	s.mu.Lock()
	s.stop[j.ID] = stop
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.stop, j.ID)
	}()
	var renewing sync.WaitGroup
	renewing.Go(func() { s.renew(working, stop, j) })
	err := s.run(working, j)
	stop()
	renewing.Wait()
	if err := s.settle(ctx, j, err); err != nil {
		s.Logger.WarnContext(ctx, "could not settle a job", slog.String("job", j.ID), slog.String("error", err.Error()))
	}
}

// renew keeps the claim while the work goes on, and stops the work when the
// job is somebody else's or was ended.
func (s *Service) renew(ctx context.Context, stop context.CancelFunc, j Job) {
	tick := time.NewTicker(renewEach)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			err := s.update(ctx, j, func(j Job) Job { j.Lease = s.now().Add(leaseFor); return j })
			if errors.Is(err, errLost) {
				stop()
				return
			}
		}
	}
}

// settle says in the job what became of the work.
func (s *Service) settle(ctx context.Context, j Job, err error) error {
	after := context.WithoutCancel(ctx)
	now := s.now()
	p, refused := errors.AsType[*problem.Error](err)
	switch {
	case err == nil:
		ended, err := s.Store.CheckJob(after, j.ID)
		if err != nil {
			return fmt.Errorf("read job: %w", err)
		}
		return s.dropInput(after, ended)
	case ctx.Err() != nil: // the program ends: the next one begins again
		err = s.update(after, j, func(j Job) Job {
			j.State, j.Worker, j.Lease, j.Done = Queued, "", time.Time{}, 0
			j.Attempts--
			return j
		})
	case errors.Is(err, errLost), errors.Is(err, context.Canceled):
		err = errLost
	case refused && p.Kind != problem.Unavailable:
		err = s.update(after, j, func(j Job) Job { j.Failure = failure(p); return j.end(Failed, now) })
	default:
		s.Logger.ErrorContext(after, "check of a list failed", slog.String("job", j.ID), slog.String("error", err.Error()))
		err = s.update(after, j, func(j Job) Job {
			if j.Attempts >= maxAttempts {
				j.Failure = &Failure{Key: "bulkcheck.failed"}
				return j.end(Failed, now)
			}
			j.State, j.Worker, j.Lease = Queued, "", now.Add(retryAfter)
			return j
		})
	}
	if err != nil && !errors.Is(err, errLost) {
		return err
	}
	// What this attempt may have stored is of no use to anybody.
	if err := s.Store.RemoveKeptFile(after, j.resultKey(j.Attempts)); err != nil {
		return fmt.Errorf("remove unfinished result: %w", err)
	}
	return nil
}

// run reads the list, looks up its suppliers, and stores the result.
func (s *Service) run(ctx context.Context, j Job) error {
	data, err := s.input(ctx, j)
	if err != nil {
		return err
	}
	list := s.takeRead(j.ID)
	if list == nil {
		if list, err = workbook.ReadSuppliers(data, j.Column, s.Limits); err != nil {
			return err
		}
	}
	found, err := s.lookUp(ctx, j, list)
	if err != nil {
		return err
	}
	r := workbook.BulkResult{
		Texts: s.Texts.In(j.Language), FileName: j.FileName, Set: j.Set, At: j.At, BaseURL: s.BaseURL, Suppliers: found,
		Register: s.Facts.RegisterOn(),
	}
	if set, version, err := catalogue.ParseRef(j.Set); err == nil {
		if v, ok := s.Catalogue.Content().Version(set, version); ok {
			r.SetName = v.Name.In(j.Language)
		}
	}
	var out bytes.Buffer
	counts, err := list.Write(&out, r)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	key := j.resultKey(j.Attempts)
	size, err := s.Store.PutKeptFile(ctx, key, &out)
	if err != nil {
		return fmt.Errorf("store result: %w", err)
	}
	return s.update(ctx, j, func(j Job) Job {
		j.Done, j.Counts, j.Result, j.ResultSize = j.Total, counts, key, size
		return j.end(Done, s.now())
	})
}

func (s *Service) input(ctx context.Context, j Job) ([]byte, error) {
	body, size, err := s.Store.OpenKeptFile(ctx, j.Input)
	if errors.Is(err, problem.ErrNotFound) {
		return nil, problem.New(problem.NotFound, "bulkcheck.lost", nil)
	}
	if err != nil {
		return nil, fmt.Errorf("open list of suppliers: %w", err)
	}
	defer body.Close() //nolint:errcheck // it is only read
	data := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	if _, err := io.Copy(data, body); err != nil {
		return nil, fmt.Errorf("read list of suppliers: %w", err)
	}
	return data.Bytes(), nil
}

// lookUp finds the status of every supplier of a list, batch by batch, and
// tells how far it has come.
func (s *Service) lookUp(ctx context.Context, j Job, list *workbook.SupplierList) (map[organisation.Number]workbook.BulkSupplier, error) {
	actor := access.Actor{ID: j.By, Org: string(j.Body), Roles: j.Roles}
	found := make(map[organisation.Number]workbook.BulkSupplier, len(list.Rows))
	for done := 0; done < len(list.Rows); {
		end := min(done+batch, len(list.Rows))
		var numbers []organisation.Number
		for _, r := range list.Rows[done:end] {
			if _, seen := found[r.Number]; !seen {
				found[r.Number] = workbook.BulkSupplier{}
				numbers = append(numbers, r.Number)
			}
		}
		rows, err := s.Facts.Check(ctx, actor, numbers, j.Set, j.At)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			sup := found[r.Number]
			sup.Known, sup.Name, sup.Register = r.Known, r.SupplierName, r.Register
			if r.Status != nil {
				sup.Statuses = append(sup.Statuses, *r.Status)
			}
			found[r.Number] = sup
		}
		done = end
		if done < len(list.Rows) {
			if err := s.update(ctx, j, func(j Job) Job { j.Done, j.Lease = done, s.now().Add(leaseFor); return j }); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}
