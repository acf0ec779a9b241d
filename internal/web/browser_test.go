package web

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"felleskrav/internal/workbook"
)

// chromium is where Debian keeps the browser.
const chromium = "/usr/bin/chromium"

// newChromium starts a real browser. FELLESKRAV_CHROMIUM names another one.
// More flags are "name" or "name=value".
func newChromium(t *testing.T, flags ...string) context.Context {
	t.Helper()
	path := os.Getenv("FELLESKRAV_CHROMIUM")
	if path == "" {
		path = chromium
	}
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless}
	for _, f := range append([]string{
		"no-sandbox", "disable-gpu", "disable-quic", "disable-background-networking", "disable-component-update", "disable-sync",
		"disable-dev-shm-usage", "hide-scrollbars", "force-color-profile=srgb", "lang=nb",
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

// TestBuyerInChromium walks from the login to the download of the workbook,
// with scripts off, in a real browser.
func TestBuyerInChromium(t *testing.T) {
	s := newSite(t, true)
	ctx := newChromium(t)
	task := fieldID("task-" + s.web.Catalogue.Content().Tasks[0].ID)
	withoutScripts(t, ctx)
	run(t, ctx, "log in", chromedp.Navigate(s.url+"/demo/login?next=/"), chromedp.Click(`button[value="procurement"]`), chromedp.WaitVisible("#q"))
	run(t, ctx, "search with a slip", chromedp.SendKeys("#q", "barnhage\r"), chromedp.WaitVisible("#"+task))
	run(t, ctx, "choose tasks", chromedp.Click("#"+task), chromedp.Click(`button[value="information"]`), chromedp.WaitVisible(`#f-model-saas`))
	run(t, ctx, "choose model", chromedp.Click(`#f-model-saas`), chromedp.Click(`button[value="result"]`), chromedp.WaitVisible(`#f-title`))
	if n := ask(t, ctx, "count requirements", chromedp.Evaluate[int](`document.querySelectorAll("article.fk-item").length`)); n < 20 {
		t.Errorf("%d requirements, want at least 20", n)
	}
	run(t, ctx, "open a theme", chromedp.Click(`details.fk-theme > summary`), chromedp.WaitVisible(`article.fk-item`))
	run(t, ctx, "open a reason", chromedp.Click(`article.fk-item details summary`), chromedp.WaitVisible(`article.fk-item details[open] .fk-chain`))
	run(t, ctx, "save", chromedp.SendKeys(`#f-title`, "Nytt sakssystem"), chromedp.Click(`form[action="/procurements"] button[type="submit"]`), chromedp.WaitVisible(`#download`))
	if title := ask(t, ctx, "read heading", chromedp.Text("h1")); title != "Nytt sakssystem" {
		t.Errorf("the page is headed %q", title)
	}
	href := ask(t, ctx, "read link", chromedp.Evaluate[string](`document.querySelector("#download").getAttribute("href")`))
	a := s.visit("procurement").get(href)
	if a.code != 200 || a.header.Get("Content-Type") != workbook.XLSX.MediaType() || !strings.HasPrefix(a.body, "PK") {
		t.Errorf("the workbook: %d %s", a.code, a.header.Get("Content-Type"))
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
