package bulkcheck

import (
	"context"
	"errors"
)

// WorkOnce works on the oldest job in the queue.
func (s *Service) WorkOnce(ctx context.Context) error {
	s.setUp()
	j, found, err := s.claim(ctx, "bench")
	if err != nil {
		return err
	}
	if !found {
		return errors.New("there is no job")
	}
	s.do(ctx, j)
	return nil
}
