//go:build unix

package witness

import (
	"os"
	"syscall"
)

// lockFile takes the lock of a file, which ends with the process at the latest.
func lockFile(f *os.File) error {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errLocked
	}
	return nil
}
