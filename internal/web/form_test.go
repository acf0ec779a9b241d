package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"felleskrav/internal/locale"
)

// axeCore is the reader of pages that the rules of WCAG are checked with; npm
// puts it there, and it goes nowhere else.
const axeCore = "../../templates/node_modules/axe-core/axe.min.js"

// wcag are the rules that hold for public bodies, and the size of targets.
var wcag = []string{"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"}

// fileRoutes answer with something else than a page, or send on to one.
var fileRoutes = regexp.MustCompile(`\.(json|svg|png)$|/(file|export|workbook|result)$|^/evidence/:sha256$|^/login/oidc|^/me/export$`)

// TestForm visits every page in its main states in every language, and looks at
// each in a real browser as those do who see badly, who use the keyboard, who
// enlarge the text and who read it on a phone. A page that nothing visits fails
// it. With FELLESKRAV_SCREENSHOTS it keeps pictures of those in bokmål.
func TestForm(t *testing.T) {
	t.Parallel()
	album := everyPage(t)
	for _, name := range pageNames {
		if !slices.ContainsFunc(album.pages, func(s seen) bool { return s.page == name }) {
			t.Errorf("no visit shows the page %s: add one in visits_test.go or pages_test.go", name)
		}
	}
	for _, r := range (&Web{}).Routes() {
		if r.Method == http.MethodGet && !album.routes[r.Path] && !fileRoutes.MatchString(r.Path) {
			t.Errorf("no visit leads to %s: add one in visits_test.go or pages_test.go", r.Path)
		}
	}
	axe, err := os.ReadFile(axeCore)
	if err != nil {
		t.Fatalf("%v: make assets installs it", err)
	}
	own := must[[]byte](t)(os.ReadFile("testdata/form.js"))
	stage := newStage(t, album.pages)
	// Drawing in a thread of its own takes a sixth of the time, for pages that
	// nothing moves in.
	ctx := newChromium(t, "disable-threaded-compositing")
	tabs := make(chan *viewer, 3)
	for range cap(tabs) {
		tab, done := chromedp.NewContext(ctx)
		t.Cleanup(done)
		tabs <- newViewer(t, tab, string(axe), string(own))
	}
	for _, lang := range locale.Languages() {
		shown := map[string]bool{}
		t.Run(lang, func(t *testing.T) {
			for i, s := range album.pages {
				// Errors differ by their words alone.
				kind := fmt.Sprint(s.page, s.code)
				if s.lang != lang || s.page == "error" && shown[kind] {
					continue
				}
				// The first state of a page is looked at whole, and in the dark.
				whole := lang == "nb" && !shown[s.page]
				shown[kind], shown[s.page] = true, true
				t.Run(s.state, func(t *testing.T) {
					t.Parallel()
					checkPage(t, s.lang, s.answer)
					weigh(t, s)
					tab := <-tabs
					defer func() { tabs <- tab }()
					tab.t = t
					tab.look(s, fmt.Sprintf("%s/shown/%d", stage, i), whole)
				})
			}
		})
	}
}

// TestNothingMoves opens pages in a browser that has kept nothing, and measures
// how much of what is shown moves when the rest comes.
func TestNothingMoves(t *testing.T) {
	s := newSite(t, true)
	album := &album{t: t, routes: map[string]bool{}}
	album.of(s)
	buys, sells := s.visit("procurement"), s.visit("supplier")
	album.take(s, []visit{
		getting("front", s.visit(""), "/", 200),
		getting("result", buys, "/procurements/new?step=result&model=saas&task="+s.web.Catalogue.Content().Tasks[0].ID, 200),
		getting("comparison", buys, "/procurements/"+s.procurement+"/comparison", 200),
		getting("answers", sells, "/offerings/"+s.declared+"/answers", 200),
		getting("status", s.visit("adviser"), "/offerings/"+s.declared+"/status", 200),
	})
	stage := newStage(t, album.pages)
	ctx := newChromium(t)
	if _, err := chromedp.Call(ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}); err != nil {
		t.Fatal(err)
	}
	v := newViewer(t, ctx, string(must[[]byte](t)(os.ReadFile("testdata/form.js"))))
	for i, s := range album.pages {
		for _, width := range []int64{1280, 390} {
			v.t = t
			v.resize(width)
			run(t, ctx, "open", chromedp.Navigate(fmt.Sprintf("%s/shown/%d", stage, i)), chromedp.WaitReady("footer"))
			if moved := ask(t, ctx, "measure", chromedp.Evaluate[float64]("felleskravForm.shift()", chromedp.EvalAwaitPromise)); moved >= 0.02 {
				t.Errorf("%s (%s) at %d: %.3f has moved", s.state, s.lang, width, moved)
			}
		}
	}
}

// newStage serves what was seen, with its headers, to a browser that need not
// be who saw it. What a page asks for besides comes from its site.
func newStage(t *testing.T, pages []seen) string {
	t.Helper()
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/shown/")); err == nil && i < len(pages) {
			for k, v := range pages[i].header {
				// What is shown is to stay.
				if k != "Content-Length" && k != "Content-Encoding" && k != "Refresh" {
					w.Header()[k] = v
				}
			}
			w.WriteHeader(pages[i].code)
			_, _ = io.WriteString(w, pages[i].body)
			return
		}
		from, err := url.Parse(r.Referer())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		i, err := strconv.Atoi(strings.TrimPrefix(from.Path, "/shown/"))
		if err != nil {
			i = 0 // a style sheet's font
		}
		if strings.HasSuffix(r.URL.Path, ".woff2") {
			time.Sleep(50 * time.Millisecond) // fonts are what comes last
		}
		resp, err := pages[i].by.client.Get(pages[i].by.url + r.URL.RequestURI())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		for k, v := range resp.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}))
	t.Cleanup(ts.Close)
	return ts.URL
}

// viewer is one tab.
type viewer struct {
	t   *testing.T
	ctx context.Context
	dir string
	// width is that of the window.
	width int64
}

func newViewer(t *testing.T, ctx context.Context, scripts ...string) *viewer {
	t.Helper()
	run(t, ctx, "open a tab", chromedp.Navigate("about:blank"))
	// Else only the tab in front shows where the focus is.
	if _, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	for _, s := range scripts {
		if _, err := chromedp.Call(ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: s}); err != nil {
			t.Fatal(err)
		}
	}
	return &viewer{ctx: ctx, dir: os.Getenv("FELLESKRAV_SCREENSHOTS")}
}

// complaints runs one of the functions of form.js.
func (v *viewer) complaints(what, call string) {
	v.t.Helper()
	for _, found := range ask(v.t, v.ctx, what, chromedp.Evaluate[[]string]("felleskravForm."+call, chromedp.EvalAwaitPromise)) {
		v.t.Errorf("%s: %s", what, found)
	}
}

func (v *viewer) scheme(value string) {
	v.t.Helper()
	if _, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}}}); err != nil {
		v.t.Fatal(err)
	}
}

// look looks at a page in every way. What does not depend on the words is
// looked at in bokmål alone.
func (v *viewer) look(s seen, address string, whole bool) {
	v.t.Helper()
	if s.lang == "nb" {
		v.resize(1280)
	} else {
		v.resize(320)
	}
	run(v.t, v.ctx, "open", chromedp.Navigate(address))
	v.complaints("frame", fmt.Sprintf("frame(%q)", s.lang))
	var without []string
	if s.lang == "nb" {
		v.complaints("keyboard", "keyboard()")
		v.picture(s, 1280)
		if v.dir != "" {
			v.narrow(390)
			v.picture(s, 390)
		}
		v.narrow(640) // 200 %
		v.narrow(320) // 400 %
		v.resize(1280)
	} else {
		v.narrow(320)
		without = []string{"color-contrast", "target-size"}
	}
	if !whole {
		v.complaints("shorten", "thin()")
	}
	options, _ := json.Marshal([][]string{wcag, without})
	v.complaints("axe", fmt.Sprintf("rules(...%s)", options))
	if whole {
		v.complaints("shorten", "thin()")
		v.scheme("dark")
		v.complaints("in the dark", "contrast()")
		v.scheme("light")
	}
}

// resize changes the window, which has the page drawn anew.
func (v *viewer) resize(width int64) {
	v.t.Helper()
	if width != v.width {
		run(v.t, v.ctx, "resize", chromedp.EmulateViewport(width, 900))
		v.width = width
	}
}

func (v *viewer) narrow(width int64) {
	v.t.Helper()
	v.resize(width)
	v.complaints(fmt.Sprint("at ", width), "overflow()")
}

func (v *viewer) picture(s seen, width int64) {
	v.t.Helper()
	if v.dir == "" {
		return
	}
	shot := ask(v.t, v.ctx, "picture", chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(v.dir, fmt.Sprintf("%s-%s-%d.png", s.page, s.state, width)), shot, 0o644); err != nil {
		v.t.Fatal(err)
	}
}
