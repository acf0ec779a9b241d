package main

import (
	"io"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// TestShutdown asks the server to end while a file is on its way. It takes the
// rest of the file in, answers, and ends well; new requests are not taken.
func TestShutdown(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		d := newDoor(t, store)
		body, pipe := io.Pipe()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.base+"/api/v1/evidence?name=a.txt&kind=policy", body)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+d.selling)
		req.Header.Set("Content-Type", "application/octet-stream")
		answered := make(chan int, 1)
		go func() {
			res, err := browser.Do(req)
			if err != nil {
				t.Errorf("the upload under way was cut off: %v", err)
				answered <- 0
				return
			}
			_ = res.Body.Close()
			answered <- res.StatusCode
		}()
		if _, err := pipe.Write([]byte("first half\n")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond) // until the handler reads it
		if err := d.server.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
		if _, err := try(t.Context(), http.MethodGet, d.base+"/readyz", "", "", nil); err == nil {
			t.Error("a server that ends took a new request")
		}
		if _, err := pipe.Write([]byte("second half\n")); err != nil {
			t.Fatal(err)
		}
		_ = pipe.Close()
		if code := <-answered; code != http.StatusCreated {
			t.Errorf("the upload was answered with %d", code)
		}
		<-d.server.done
		if err := d.server.cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
}
