package web

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Where Debian keeps Chromium: without the windows and menus around the pages,
// which takes two thirds of the time, and with them.
const (
	chromium      = "/usr/bin/chromium-headless-shell"
	wholeChromium = "/usr/bin/chromium"
)

// newChromium starts a real browser. FELLESKRAV_CHROMIUM names another one.
// More flags are "name" or "name=value".
func newChromium(t *testing.T, flags ...string) context.Context {
	t.Helper()
	return newBrowser(t, cmp.Or(os.Getenv("FELLESKRAV_CHROMIUM"), chromium), flags...)
}

// newBrowser starts the browser that is at the path. Nothing moves on its own in
// it: what unfolds while a test goes on pushes what the test is at out of the window.
func newBrowser(t *testing.T, path string, flags ...string) context.Context {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless}
	for _, f := range append([]string{
		"no-sandbox", "disable-gpu", "disable-quic", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-dev-shm-usage", "hide-scrollbars", "force-color-profile=srgb", "lang=nb", "force-prefers-reduced-motion",
	}, flags...) {
		name, value, ok := strings.Cut(f, "=")
		if ok {
			options = append(options, chromedp.Flag(name, value))
		} else {
			options = append(options, chromedp.Flag(name, true))
		}
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	// The protocol grows faster than its Go types: what they do not know yet is
	// no fault of ours.
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(cancel)
	run(t, ctx, "start the browser", chromedp.Navigate("about:blank"))
	ctx, expire := context.WithTimeout(ctx, 15*time.Minute)
	t.Cleanup(expire)
	return ctx
}

type step = chromedp.Action[chromedp.Void]

// run fails the test with what was being done.
func run(t testing.TB, ctx context.Context, what string, steps ...step) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// ask runs an action that tells something.
func ask[T any](t testing.TB, ctx context.Context, what string, action chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return v
}

// withoutScripts turns scripts off in the pages.
func withoutScripts(t *testing.T, ctx context.Context) {
	t.Helper()
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
}

// tooWide lists what sticks out of the window, except in what scrolls by
// itself.
const tooWide = `[...document.querySelectorAll("body *")]
	.filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
	.filter(e => !e.closest(".fk-scroll, pre, .ds-sr-only, .ds-skip-link"))
	.slice(0, 4).map(e => e.tagName + "." + e.getAttribute("class") + " " + e.textContent.trim().slice(0, 40))`

// become logs one persona out and another one in; "" is nobody. Each step waits
// for what only the next page has, since a page under way cannot be left.
func become(t *testing.T, ctx context.Context, s *site, from, to string) {
	t.Helper()
	if from != "" {
		run(t, ctx, "log out", chromedp.Navigate(s.url+"/log"), chromedp.Click(`form[action="/logout"] button`), chromedp.WaitVisible(`.fk-hero`))
	}
	if to != "" {
		run(t, ctx, "log in as "+to, chromedp.Navigate(s.url+"/demo/login?next=/log"), chromedp.Click(fmt.Sprintf(`button[value=%q]`, to)), chromedp.WaitVisible(`form[action="/logout"]`), chromedp.WaitReady("footer"))
	}
}

func resize(t *testing.T, ctx context.Context, width int64) {
	t.Helper()
	emulate := chromedp.EmulateViewport(width, 900)
	if width < 500 {
		emulate = chromedp.EmulateViewport(width, 900, chromedp.EmulateMobile)
	}
	run(t, ctx, "resize", emulate)
}

// inspect measures the page in the window and, if asked, takes its picture.
func inspect(t *testing.T, ctx context.Context, name string, width int64, dir string) {
	t.Helper()
	if wide := ask(t, ctx, "measure "+name, chromedp.Evaluate[[]string](tooWide)); len(wide) > 0 {
		t.Errorf("%s at %d: wider than the window: %q", name, width, wide)
	}
	if dir == "" || width == 320 {
		return
	}
	shot := ask(t, ctx, "picture of "+name, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, width)), shot, 0o644); err != nil {
		t.Fatal(err)
	}
}
