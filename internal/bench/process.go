package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server under load.
type process struct {
	cmd  *exec.Cmd
	base string
	// started is how long it took from starting the process to being ready.
	started time.Duration
	logs    bytes.Buffer
}

var address = regexp.MustCompile(`http://\S+`)

// start runs a server that prints its address as the first line, and waits
// until ready answers 200.
func start(ctx context.Context, ready string, name string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, name, args...)}
	p.cmd.Env = append(os.Environ(), "LANG=C")
	p.cmd.Stderr = &p.logs
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("start %s: %w\n%s", name, errors.Join(err, p.cmd.Wait()), p.logs.String())
	}
	go io.Copy(io.Discard, stdout) //nolint:errcheck // nobody reads it
	p.base = address.FindString(line)
	for {
		if ok(ctx, p.base+ready) {
			p.started = time.Since(begin)
			return p, nil
		}
		if time.Since(begin) > time.Minute {
			return nil, errors.Join(fmt.Errorf("%s is not ready after a minute\n%s", name, p.logs.String()), p.stop())
		}
		time.Sleep(time.Millisecond)
	}
}

func ok(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.cmd.Wait()
}

// resident is how much memory the process holds, in bytes.
func (p *process) resident() (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if v, found := strings.CutPrefix(line, "VmRSS:"); found {
			kb, err := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("the system does not tell")
}

// measureStart starts the program on empty stores and looks at its memory
// once it idles.
func measureStart(ctx context.Context, binary string, _ time.Duration) ([]row, error) {
	const times = 5
	best := time.Hour
	var memory int64
	for i := range times {
		dir, err := os.MkdirTemp("", "felleskrav-bench-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
		p, err := start(ctx, "/readyz", binary, "serve", "--rate-limits=off", "--listen", "127.0.0.1:0", "--data-dir", dir)
		if err != nil {
			return nil, err
		}
		best = min(best, p.started)
		if i == times-1 {
			time.Sleep(3 * time.Second)
			if memory, err = p.resident(); err != nil {
				return nil, err
			}
		}
		if err := p.stop(); err != nil {
			return nil, err
		}
	}
	mb := float64(memory) / (1 << 20)
	return []row{
		{"start to ready, empty store", best.Round(time.Millisecond).String(), "", "", "< 300ms", best < 300*time.Millisecond},
		{"memory when idle", fmt.Sprintf("%.0f MB", mb), "", "", "< 80 MB", mb < 80},
	}, nil
}
