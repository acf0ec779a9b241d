package clamd_test

import (
	"encoding/hex"
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

// eicar is the string that every scanner calls malware though it does nothing
// (EICAR, "Anti-Malware Testfile"). It is put together here, since otherwise a
// scanner would refuse this very file.
var eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + "EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE" + "!$H+H*"

// marker is a harmless string that a signature of ours knows.
const marker = "felleskrav-marker-that-counts-as-malware"

// Signature names; the daemon adds that they are none of its makers'.
const (
	eicarName  = "Felleskrav.Test.Eicar.UNOFFICIAL"
	markerName = "Felleskrav.Test.Marker.UNOFFICIAL"
)

// streamMax is how much the daemon takes, and fileMax how much it looks at.
const (
	streamMax = 2 << 20
	fileMax   = 1 << 20
)

// daemon is a real clamd with a database of two signatures.
type daemon struct {
	t           *testing.T
	dir, socket string
	process     *exec.Cmd
}

// newDaemon starts one. The folder is short: a socket's path has 107 bytes at
// most.
func newDaemon(t *testing.T) *daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "fk-clamd")
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, dir: dir, socket: filepath.Join(dir, "clamd.ctl")}
	t.Cleanup(func() {
		d.stop()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	d.write("db/test.ndb", fmt.Sprintf("Felleskrav.Test.Eicar:0:*:%s\nFelleskrav.Test.Marker:0:*:%s\n", hex.EncodeToString([]byte(eicar)), hex.EncodeToString([]byte(marker))))
	d.write("clamd.conf", strings.Join([]string{
		"Foreground yes", "LocalSocket " + d.socket, "TCPSocket " + d.port(), "TCPAddr 127.0.0.1",
		"DatabaseDirectory " + filepath.Join(dir, "db"), "TemporaryDirectory " + dir, "SelfCheck 0", "MaxThreads 4",
		fmt.Sprintf("StreamMaxLength %d", streamMax), fmt.Sprintf("MaxFileSize %d", fileMax), "AlertExceedsMax yes", "",
	}, "\n"))
	d.start()
	return d
}

func (d *daemon) write(name, text string) {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// port finds a free one, the first time.
func (d *daemon) port() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	d.write("port", port)
	return port
}

func (d *daemon) start() {
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
		v, err := d.client().Scan(d.t.Context(), strings.NewReader("hello"))
		if err == nil && v.Clean {
			return
		}
		if time.Now().After(end) {
			d.stop()
			d.t.Fatalf("clamd does not come up: %v\n%s", err, said.String())
		}
	}
}

// stop ends the daemon at once, the way a crash does.
func (d *daemon) stop() {
	if d.process == nil {
		return
	}
	_ = d.process.Process.Kill()
	_ = d.process.Wait() // it was killed, and says so
	d.process = nil
}

func (d *daemon) signal(s syscall.Signal) {
	d.t.Helper()
	if err := d.process.Process.Signal(s); err != nil {
		d.t.Fatal(err)
	}
}

func (d *daemon) client() *clamd.Client {
	d.t.Helper()
	c, err := clamd.New("unix:" + d.socket)
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}
