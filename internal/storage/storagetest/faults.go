package storagetest

import "testing"

// RunFaults is filled in below.
func RunFaults(t *testing.T, open Open) {}
