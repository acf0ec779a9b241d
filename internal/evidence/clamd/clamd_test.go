package clamd_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"felleskrav/internal/evidence"
	"felleskrav/internal/evidence/clamd"
	"felleskrav/internal/evidence/clamd/clamdtest"
)

func TestAddresses(t *testing.T) {
	for address, good := range map[string]bool{
		"unix:/run/clamav/clamd.ctl": true, "tcp:localhost:3310": true, "tcp:[::1]:3310": true,
		"": false, "unix:": false, "unix:clamd.ctl": false, "tcp:localhost": false, "tcp:localhost:": false, "localhost:3310": false, "/run/clamd.ctl": false, "http://x:1": false,
	} {
		if _, err := clamd.New(address); (err == nil) != good || err != nil && !errors.Is(err, clamd.ErrAddress) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestScan(t *testing.T) {
	d := clamdtest.Start(t)
	tcp, err := clamd.New(d.TCP)
	if err != nil {
		t.Fatal(err)
	}
	text := func(n int) string { return strings.Repeat("harmless\n", n/9) }
	tests := []struct {
		name, body, signature string
		err                   error
	}{
		{"clean", "hello", "", nil},
		{"exactly a chunk", text(64 << 10)[:64<<10-7] + "1234567", "", nil},
		{"several chunks", text(clamdtest.FileMax - 100), "", nil},
		{"EICAR", clamdtest.EICAR, clamdtest.EICARName, nil},
		{"marker over two chunks", strings.Repeat("a", 64<<10-10) + clamdtest.Marker + text(1000), clamdtest.MarkerName, nil},
		{"more than is looked at", text(clamdtest.FileMax + 1000), "", evidence.ErrScanLimit},
		{"more than is taken", text(clamdtest.StreamMax + 1000), "", evidence.ErrScanLimit},
		{"much more than is taken", text(20 * clamdtest.StreamMax), "", evidence.ErrScanLimit},
	}
	for network, c := range map[string]*clamd.Client{"unix": d.Client(), "tcp": tcp} {
		for _, tt := range tests {
			t.Run(network+" "+tt.name, func(t *testing.T) {
				v, err := c.Scan(t.Context(), strings.NewReader(tt.body))
				if !errors.Is(err, tt.err) {
					t.Fatalf("error is %v, want %v", err, tt.err)
				}
				if v.Clean != (tt.err == nil && tt.signature == "") || v.Signature != tt.signature {
					t.Errorf("verdict is %+v, want %q", v, tt.signature)
				}
			})
		}
	}
	broken := errors.New("broken")
	if v, err := d.Client().Scan(t.Context(), io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken))); !errors.Is(err, broken) || v.Clean {
		t.Errorf("of what breaks off: %+v, %v", v, err)
	}

	d.Hang()
	hung := d.Client()
	hung.SendTimeout, hung.AnswerTimeout = 100*time.Millisecond, 100*time.Millisecond
	for name, body := range map[string]string{"little": "hello", "much": text(clamdtest.StreamMax)} {
		if v, err := hung.Scan(t.Context(), strings.NewReader(body)); !errors.Is(err, evidence.ErrScannerSlow) || v.Clean {
			t.Errorf("hung, %s: %+v, %v", name, v, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if v, err := d.Client().Scan(ctx, strings.NewReader("hello")); !errors.Is(err, context.DeadlineExceeded) || v.Clean {
		t.Errorf("given up: %+v, %v", v, err)
	}
	d.Wake()
	d.Stop()
	if v, err := d.Client().Scan(t.Context(), strings.NewReader("hello")); !errors.Is(err, evidence.ErrScannerAway) || v.Clean {
		t.Errorf("stopped: %+v, %v", v, err)
	}
}

// TestAnswers: nothing but the one answer is clean, whoever is at the other end.
func TestAnswers(t *testing.T) {
	for answer, want := range map[string]string{
		"stream: OK\x00":               "clean",
		"stream: A.B-1 FOUND\x00":      "A.B-1",
		"stream: OK":                   "error", // cut off
		"stream: OK\n":                 "error",
		"":                             "error",
		"\x00":                         "error",
		"stream: OK FOUND\x00":         "OK",
		"stream:  FOUND\x00":           "error",
		"stream: x OK\x00":             "error",
		"UNKNOWN COMMAND\x00":          "error",
		"stream: Can't scan ERROR\x00": "error",
		"INSTREAM size limit exceeded. ERROR\x00":         "limit",
		strings.Repeat("x", 1<<20) + "stream: OK\x00":     "error",
		"stream: Heuristics.Limits.Exceeded FOUND\x00":    "limit",
		"stream: Heuristics.Encrypted.PDF FOUND\x00":      "Heuristics.Encrypted.PDF",
		"stream: Heuristics.Limits.ExceededX.Y ERROR\x00": "error",
	} {
		body := []byte("the file")
		got, sent := ask(t, answer, body)
		if got != want {
			t.Errorf("%.60q is %s, want %s", answer, got, want)
		}
		frame := binary.BigEndian.AppendUint32([]byte("zINSTREAM\x00"), uint32(len(body)))
		if frame = append(append(frame, body...), 0, 0, 0, 0); !bytes.Equal(sent, frame) {
			t.Errorf("sent %q, want %q", sent, frame)
		}
	}
}

// ask scans body with a daemon that gives this answer, and tells the outcome
// and what the daemon was sent.
func ask(t *testing.T, answer string, body []byte) (outcome string, sent []byte) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan []byte, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			done <- nil
			return
		}
		defer conn.Close()
		all := make([]byte, len("zINSTREAM ")+4+len(body)+4)
		_, _ = io.ReadFull(conn, all)
		_, _ = io.WriteString(conn, answer)
		done <- all
	}()
	c, err := clamd.New("tcp:" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	v, err := c.Scan(t.Context(), bytes.NewReader(body))
	switch {
	case errors.Is(err, evidence.ErrScanLimit):
		outcome = "limit"
	case err != nil:
		outcome = "error"
	case v.Clean:
		outcome = "clean"
	default:
		outcome = v.Signature
	}
	return outcome, <-done
}
