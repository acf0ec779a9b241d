// Package clamdtest starts a real clamd for tests, with a database of two
// signatures of its own: ClamAV's are downloaded and change by the hour. It
// does not know what is tested.
package clamdtest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"felleskrav/internal/evidence/clamd"
)

// EICAR is the string that every scanner calls malware though it does nothing
// (EICAR, "Anti-Malware Testfile"). It is put together here, since otherwise a
// scanner would refuse this very file.
var EICAR = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + "EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE" + "!$H+H*"

// Marker is a harmless string that a signature of ours knows.
const Marker = "felleskrav-marker-that-counts-as-malware"

// Signature names; the daemon adds that they are none of its makers'.
const (
	EICARName  = "Felleskrav.Test.Eicar.UNOFFICIAL"
	MarkerName = "Felleskrav.Test.Marker.UNOFFICIAL"
)

// StreamMax is how much the daemon takes, and FileMax how much it looks at, in
// bytes.
const (
	StreamMax = 2 << 20
	FileMax   = 1 << 20
)

// Daemon is a running clamd.
type Daemon struct {
	// Unix and TCP are its addresses, as clamd.New takes them.
	Unix, TCP string

	t       *testing.T
	dir     string
	process *exec.Cmd
}

// Start starts one, which ends with the test. It fails the test when there is
// no clamd. The folder is short: a socket's path has 107 bytes at
// most.
func Start(t *testing.T) *Daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "fk-clamd")
	if err != nil {
		t.Fatal(err)
	}
	socket, port := filepath.Join(dir, "clamd.ctl"), freePort(t)
	d := &Daemon{t: t, dir: dir, Unix: "unix:" + socket, TCP: "tcp:127.0.0.1:" + port}
	t.Cleanup(func() {
		d.Stop()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	d.Know(map[string]string{"Eicar": EICAR, "Marker": Marker})
	d.write("clamd.conf", strings.Join([]string{
		"Foreground yes", "LocalSocket " + socket, "TCPSocket " + port, "TCPAddr 127.0.0.1",
		"DatabaseDirectory " + filepath.Join(dir, "db"), "TemporaryDirectory " + dir, "SelfCheck 0", "MaxThreads 4",
		fmt.Sprintf("StreamMaxLength %d", StreamMax), fmt.Sprintf("MaxFileSize %d", FileMax), "AlertExceedsMax yes", "",
	}, "\n"))
	d.Restart()
	return d
}

func (d *Daemon) write(name, text string) {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err = errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	return port
}

// Know gives the daemon other signatures, by name; it reads them at its start.
func (d *Daemon) Know(signatures map[string]string) {
	d.t.Helper()
	var b strings.Builder
	for name, text := range signatures {
		fmt.Fprintf(&b, "Felleskrav.Test.%s:0:*:%s\n", name, hex.EncodeToString([]byte(text)))
	}
	d.write("db/test.ndb", b.String())
}

// Restart starts the daemon again after Stop, and waits until it answers.
func (d *Daemon) Restart() {
	d.t.Helper()
	path, err := exec.LookPath("clamd")
	if err != nil {
		path = "/usr/sbin/clamd" // not in everybody's PATH
	}
	var said strings.Builder
	d.process = exec.Command(path, "--config-file="+filepath.Join(d.dir, "clamd.conf"))
	d.process.Stdout, d.process.Stderr = &said, &said
	if err := d.process.Start(); err != nil {
		d.t.Fatalf("start clamd, which deploy/dev/packages.sh installs: %v", err)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		v, err := d.Client().Scan(d.t.Context(), strings.NewReader("hello"))
		if err == nil && v.Clean {
			return
		}
		if time.Now().After(end) {
			d.Stop()
			d.t.Fatalf("clamd does not come up: %v\n%s", err, said.String())
		}
	}
}

// Stop ends the daemon at once, the way a crash does.
func (d *Daemon) Stop() {
	if d.process == nil {
		return
	}
	_ = d.process.Process.Kill()
	_ = d.process.Wait() // it was killed, and says so
	d.process = nil
}

// Hang makes the daemon stop answering, and Wake makes it go on.
func (d *Daemon) Hang() { d.signal(syscall.SIGSTOP) }

// Wake ends Hang.
func (d *Daemon) Wake() { d.signal(syscall.SIGCONT) }

func (d *Daemon) signal(s syscall.Signal) {
	d.t.Helper()
	if err := d.process.Process.Signal(s); err != nil {
		d.t.Fatal(err)
	}
}

// Client asks the daemon.
func (d *Daemon) Client() *clamd.Client {
	d.t.Helper()
	c, err := clamd.New(d.Unix)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}
