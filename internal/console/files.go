package console

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ReplaceFile writes a file whole or not at all: readers see the old bytes or
// the new ones, also after a crash.
func ReplaceFile(name string, data []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// NewFile writes a file that must not be there already.
func NewFile(name string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// maxInput is the most that is read of any file a command is given.
const maxInput = 64 << 20

// Read gives the bytes of a file, or of standard input for "-".
func (s *Session) Read(name string) ([]byte, error) {
	var r io.Reader = s.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, Cannot(err, "cli.file.read", "File", name)
		}
		defer f.Close() //nolint:errcheck // nothing was written
		r = f
	}
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return nil, Cannot(err, "cli.file.read", "File", name)
	}
	if len(data) > maxInput {
		return nil, No("cli.file.large", "File", name, "MB", maxInput>>20)
	}
	return data, nil
}
