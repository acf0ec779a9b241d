package witness

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// errLocked says that another process uses the folder.
var errLocked = errors.New("another witness uses this folder")

// folder keeps the last checkpoint that was cosigned of each log, one file each, named by the digest of
// the origin. One process uses it at a time.
type folder struct {
	dir  string
	lock *os.File
}

func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open witness folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open witness folder: %w", err)
	}
	if err := lockFile(lock); err != nil {
		return nil, errors.Join(fmt.Errorf("open witness folder: %w", err), lock.Close())
	}
	return &folder{dir, lock}, nil
}

func (f *folder) close() error {
	if err := f.lock.Close(); err != nil { // which gives the lock up
		return fmt.Errorf("close witness folder: %w", err)
	}
	return nil
}

func (f *folder) path(origin string) string {
	return filepath.Join(f.dir, fmt.Sprintf("%x.checkpoint", sha256.Sum256([]byte(origin))))
}

// read returns the checkpoint kept of origin, or nil if there is none.
func (f *folder) read(origin string) ([]byte, error) {
	data, err := os.ReadFile(f.path(origin))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	return data, nil
}

// write keeps a checkpoint in the place of the one before. When it returns nil that survives a power cut;
// after an error, and after a crash, either of the two is there, whole.
func (f *folder) write(origin string, checkpoint []byte) error {
	path := f.path(origin)
	if err := writeFile(path+".new", os.O_TRUNC, checkpoint); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return syncFolder(f.dir)
}

// writeFile makes a file that is on disk when it returns. flags say what to do if it is there.
func writeFile(path string, flags int, data []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|flags, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// syncFolder has the names in a folder written to disk.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}

// LoadOrCreateKey reads a witness' key from a file, or makes one for name, readable by nobody else, if
// there is no such file.
func LoadOrCreateKey(file, name string) (*Signer, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		key, err := GenerateKey(name)
		if err != nil {
			return nil, err
		}
		if err := writeFile(file, os.O_EXCL, []byte(key+"\n")); err != nil {
			return nil, fmt.Errorf("write witness key: %w", err)
		}
		if err := syncFolder(filepath.Dir(file)); err != nil {
			return nil, err
		}
		return ParseSigner(key)
	}
	if err != nil {
		return nil, fmt.Errorf("read witness key: %w", err)
	}
	return ParseSigner(string(text))
}
