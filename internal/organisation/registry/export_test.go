package registry

import "time"

// Parse reads an answer.
var Parse = parse

// NoPause has a service ask again at once after a failure, and Pause not.
func NoPause(s *Service) { s.pause = 0 }

// Pause undoes NoPause.
func Pause(s *Service) { s.pause = time.Minute }

// StoreOf is where a service keeps its answers.
func StoreOf(s *Service) Store { return s.store }
