package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"felleskrav/internal/attestation"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
)

// edited serves the site with its pages changed on the way, as a service that
// does not deserve trust would. The edit can be swapped between pages.
func edited(t *testing.T, s *site) (base string, edit *atomic.Pointer[func(body string) string]) {
	t.Helper()
	edit = &atomic.Pointer[func(string) string]{}
	target := must[*url.URL](t)(url.Parse(s.url))
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.Out.Header.Del("Accept-Encoding") // what is changed is read
		},
		ModifyResponse: func(r *http.Response) error {
			change := edit.Load()
			if change == nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
				return nil
			}
			b, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			b = []byte((*change)(string(b)))
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
			r.Header.Set("Content-Length", strconv.Itoa(len(b)))
			return nil
		},
	}
	ts := httptest.NewServer(proxy)
	t.Cleanup(ts.Close)
	return ts.URL, edit
}

var statementValue = regexp.MustCompile(`name="statement" value="([^"]+)"`)

// otherStatement puts another statement in the page, with its right checksum if
// told to.
func otherStatement(t *testing.T, change func([]byte) []byte, checksum bool) func(string) string {
	return func(body string) string {
		m := statementValue.FindStringSubmatch(body)
		if m == nil {
			return body
		}
		old, err := base64.StdEncoding.DecodeString(html.UnescapeString(m[1]))
		if err != nil {
			t.Error(err)
			return body
		}
		changed := change(bytes.Clone(old))
		body = statementValue.ReplaceAllLiteralString(body, `name="statement" value="`+base64.StdEncoding.EncodeToString(changed)+`"`)
		if checksum {
			before, after := sha256.Sum256(old), sha256.Sum256(changed)
			body = strings.ReplaceAll(body, hex.EncodeToString(before[:]), hex.EncodeToString(after[:]))
		}
		return body
	}
}

// rewritten changes a statement as a document and writes it canonically again.
func rewritten(t *testing.T, change func(statement map[string]any)) func([]byte) []byte {
	return func(b []byte) []byte {
		var doc map[string]any
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Error(err)
		}
		change(doc)
		return must[[]byte](t)(signing.Canonical(doc))
	}
}

func replaced(old, with string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(with), 1) }
}

// TestBrowserRefusesToSignWhatItIsNotShown changes the page on the way.
func TestBrowserRefusesToSignWhatItIsNotShown(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	ctx := newChromium(t)
	signIn(t, ctx, s)
	enrolInBrowser(t, ctx, s)
	// The other server is on the same host, so it has the cookies, but it is
	// another place: the key has to be made there.
	base, edit := edited(t, s)
	there := *s
	there.url = base
	enrolInBrowser(t, ctx, &there)
	texts := s.web.Texts.In("nb")
	for name, c := range map[string]struct {
		edit func(string) string
		want string
	}{
		"other bytes": {otherStatement(t, replaced(`"met"`, `"not-met"`), false), "page.browser.digest"},
		"not base64": {func(body string) string {
			return statementValue.ReplaceAllLiteralString(body, `name="statement" value="e30"`)
		}, "page.browser.digest"},
		"space":           {otherStatement(t, replaced(`,`, `, `), true), "page.browser.content"},
		"field twice":     {otherStatement(t, replaced(`"_type":`, `"_type":"x","_type":`), true), "page.browser.content"},
		"byte order mark": {otherStatement(t, replaced(`{`, "\ufeff{"), true), "page.browser.content"},
		"no text":         {otherStatement(t, replaced(`Testsky`, "\xffestsky"), true), "page.browser.content"},
		"unknown answer":  {otherStatement(t, replaced(`"met"`, `"mett"`), true), "page.browser.content"},
		"unknown kind":    {otherStatement(t, replaced(attestation.DeclarationType, "urn:x"), true), "page.browser.content"},
		"older statement": {otherStatement(t, replaced("Statement/v1", "Statement/v0.1"), true), "page.browser.content"},
		"no predicate":    {otherStatement(t, rewritten(t, func(d map[string]any) { delete(d, "predicate") }), true), "page.browser.content"},
		"no such date":    {otherStatement(t, replaced(`"validUntil":"20`, `"validUntil":"x20`), true), "page.browser.content"},
		"other supplier":  {otherStatement(t, replaced("0192:910000012", "0192:910000020"), true), "page.browser.other"},
		"other offering":  {otherStatement(t, replaced(supplier.ServiceURN(s.declared), supplier.ServiceURN(s.offering)), true), "page.browser.other"},
		"withdrawal":      {otherStatement(t, withdrawalOf(t, s), true), "page.browser.other"},
		"two subjects":    {otherStatement(t, rewritten(t, func(d map[string]any) { v := d["subject"].([]any); d["subject"] = append(v, v[0]) }), true), "page.browser.other"},
		"another checksum": {func(body string) string {
			return regexp.MustCompile(`(<dd data-digest><code[^>]*>)..`).ReplaceAllString(body, "${1}zz")
		}, "page.browser.digest"},
	} {
		t.Run(name, func(t *testing.T) {
			edit.Store(&c.edit)
			defer edit.Store(nil)
			prepare(t, ctx, base, s.declared)
			run(t, ctx, "wait for the complaint", chromedp.WaitVisible(complaint))
			if got := ask(t, ctx, "read it", chromedp.Text(complaint)); got != texts.T(c.want) {
				t.Errorf("the page says %q, want %q", got, texts.T(c.want))
			}
			if ask(t, ctx, "look for the button", chromedp.Evaluate[bool](`document.querySelector("[data-sign] button").checkVisibility()`)) {
				t.Error("one can sign all the same")
			}
			if !ask(t, ctx, "look at the focus", chromedp.Evaluate[bool](`document.activeElement.matches("[data-problem]")`)) {
				t.Error("the reader is not taken to the complaint")
			}
		})
	}
}

// withdrawalOf gives a withdrawal in place of any statement.
func withdrawalOf(t *testing.T, s *site) func([]byte) []byte {
	return func([]byte) []byte {
		return must[[]byte](t)(s.web.Attestations.PrepareWithdrawal(context.Background(), seller, s.digest, "Feil"))
	}
}

// TestCharactersThatHideAreWritten shows what would turn or hide text.
func TestCharactersThatHideAreWritten(t *testing.T) {
	s := newSite(t, true)
	ctx := newChromium(t)
	signIn(t, ctx, s)
	for in, want := range map[string]string{"a\u202eb": `a\u{202e}b`, "a\u200bb": `a\u{200b}b`, "a\nb": "a\nb", "æ–😀": "æ–😀", "a\u2028b\u00ad": `a\u{2028}b\u{ad}`, "\ue000\x7f": `\u{e000}\u{7f}`} {
		run(t, ctx, "open a page", chromedp.Navigate(s.keysPage()))
		if got := inPage[string](t, ctx, "bytes.js", fmt.Sprintf(`m.visible(%s)`, must[[]byte](t)(json.Marshal(in)))); got != want {
			t.Errorf("%q shows as %q, want %q", in, got, want)
		}
	}
}

var challengeValue = regexp.MustCompile(`data-challenge="([^"]+)"`)

// TestBrowserRefusesAnotherChallenge gives the new key something else to sign.
func TestBrowserRefusesAnotherChallenge(t *testing.T) {
	s := newSite(t, true)
	ctx := newChromium(t)
	signIn(t, ctx, s)
	base, edit := edited(t, s)
	there := *s
	there.url = base
	for name, change := range map[string]func([]byte) []byte{
		"a statement":      withdrawalOf(t, s),
		"another supplier": replaced("0192:910000012", "0192:910000020"),
		"another key":      func(b []byte) []byte { return regexp.MustCompile(`key: ..`).ReplaceAll(b, []byte("key: zz")) },
		"another purpose":  replaced("enrolment v1", "enrolment v2"),
		"hidden text":      func(b []byte) []byte { return append(b, "\x1b[8mmore\n"...) },
		"no text":          func(b []byte) []byte { return append(b, 0xff) },
	} {
		t.Run(name, func(t *testing.T) {
			swap := func(body string) string {
				m := challengeValue.FindStringSubmatch(body)
				if m == nil {
					return body
				}
				old := must[[]byte](t)(base64.StdEncoding.DecodeString(html.UnescapeString(m[1])))
				return challengeValue.ReplaceAllLiteralString(body, `data-challenge="`+base64.StdEncoding.EncodeToString(change(old))+`"`)
			}
			edit.Store(&swap)
			defer edit.Store(nil)
			run(t, ctx, "make a key", chromedp.Navigate(there.keysPage()), chromedp.WaitVisible(makeKey), chromedp.Click(makeKey), chromedp.WaitVisible(complaint))
			if got, want := ask(t, ctx, "read the complaint", chromedp.Text(complaint)), s.web.Texts.In("nb").T("page.browser.challenge"); got != want {
				t.Errorf("the page says %q, want %q", got, want)
			}
			if n := held(t, ctx, s); n != 0 {
				t.Errorf("the browser still holds %d keys", n)
			}
		})
	}
}

// held counts the supplier's keys in the browser, on the page it is on.
func held(t *testing.T, ctx context.Context, s *site) int {
	t.Helper()
	return inPage[int](t, ctx, "keystore.js", fmt.Sprintf(`(await m.keysOf(%q)).length`, s.supplier))
}

// A key that the service will not have is forgotten, and one whose enrolment is
// under way or done is not.
func TestRefusedKeyIsForgotten(t *testing.T) {
	s := newSite(t, true)
	ctx := newChromium(t)
	watch(t, ctx)
	signIn(t, ctx, s)
	run(t, ctx, "ask for too long a name", chromedp.Navigate(s.keysPage()), chromedp.WaitVisible(makeKey), chromedp.SetValue(`#browser-label`, strings.Repeat("n", 101)),
		chromedp.Click(makeKey), chromedp.WaitVisible(`.ds-error-summary`), chromedp.WaitVisible(makeKey))
	if n := held(t, ctx, s); n != 0 {
		t.Errorf("%d keys are held after a refusal", n)
	}
	run(t, ctx, "begin and look elsewhere", chromedp.SetValue(`#browser-label`, "Ny"), chromedp.Click(makeKey), chromedp.WaitVisible(proveKey), chromedp.Navigate(s.keysPage()), chromedp.WaitVisible(makeKey))
	if n := held(t, ctx, s); n != 1 {
		t.Errorf("%d keys are held while one waits", n)
	}
	run(t, ctx, "refuse something else", chromedp.Click(`[data-by-file] > summary`), chromedp.WaitVisible(`form[action$="/keys"] textarea`), chromedp.Click(`form[action$="/keys"]:has(textarea) button`))
	run(t, ctx, "go on", chromedp.Navigate(s.keysPage()+"/challenge"), chromedp.WaitVisible(proveKey), chromedp.Click(proveKey), chromedp.WaitVisible(`[data-here]:not([hidden])`))
	if n := held(t, ctx, s); n != 1 {
		t.Errorf("%d keys are held after the enrolment", n)
	}
}

// TestBrowserSaysWhyItCannotSign walks through what may be in the way.
func TestBrowserSaysWhyItCannotSign(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	ctx := newChromium(t, "host-resolver-rules=MAP felleskrav.test 127.0.0.1")
	texts := s.web.Texts.In("nb")
	says := func(selector, key string) {
		t.Helper()
		run(t, ctx, "wait for "+selector, chromedp.WaitVisible(selector))
		if got := ask(t, ctx, "read", chromedp.Text(selector)); !strings.Contains(got, texts.T(key)) {
			t.Errorf("the page says %q, want %q", got, texts.T(key))
		}
		if ask(t, ctx, "look for the button", chromedp.Evaluate[bool](fmt.Sprintf(`document.querySelector(%q + " button").checkVisibility()`, selector))) {
			t.Errorf("the page says %q and offers the button", key)
		}
	}
	signIn(t, ctx, s)
	prepare(t, ctx, s.url, s.declared)
	says(`[data-sign]`, "page.browser.missing")
	if got := ask(t, ctx, "read", chromedp.Text(`[data-sign]`)); !strings.Contains(got, "Hovednøkkel") {
		t.Errorf("the enrolled key is not named:\n%s", got)
	}

	// A key made in another tab is found without losing the answers.
	tab, closeTab := chromedp.NewContext(ctx)
	id := enrolInBrowser(t, tab, s)
	closeTab()
	run(t, ctx, "come back", step(chromedp.Evaluate[chromedp.Void](`document.dispatchEvent(new Event("visibilitychange"))`)), chromedp.WaitVisible(confirm))

	if _, err := s.web.Suppliers.RevokeKey(context.Background(), seller, s.supplier, id, supplier.Compromised, ""); err != nil {
		t.Fatal(err)
	}
	// The page does not know yet; the service does, and says so.
	shown := shownBytes(t, ctx)
	run(t, ctx, "sign with a revoked key", chromedp.Click(confirm), chromedp.Click(signIt), chromedp.WaitVisible(`.ds-error-summary`))
	says(`[data-sign]`, "page.browser.ended")
	if !bytes.Equal(shownBytes(t, ctx), shown) {
		t.Error("the statement was lost")
	}

	enrolInBrowser(t, ctx, s)
	prepare(t, ctx, s.url, s.declared)
	run(t, ctx, "lose the session", chromedp.WaitVisible(confirm))
	if _, err := chromedp.Call(ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, "sign", chromedp.Click(confirm), chromedp.Click(signIt), chromedp.WaitVisible(`a[href^="/login"]`))
	// The choice of language went with the cookies.
	lang := ask(t, ctx, "read the language", chromedp.Evaluate[string](`document.documentElement.lang`))
	if got := ask(t, ctx, "read", chromedp.Text("h1")); got != s.web.Texts.In(lang).T("page.error.unauthenticated") {
		t.Errorf("the page is headed %q", got)
	}

	// Not https: the browser keeps its keys to itself.
	port := s.url[strings.LastIndex(s.url, ":"):]
	insecure := *s
	insecure.url = "http://felleskrav.test" + port
	signIn(t, ctx, &insecure)
	run(t, ctx, "open the keys", chromedp.Navigate(insecure.keysPage()))
	says(`[data-make]`, "page.browser.unavailable")
	prepare(t, ctx, insecure.url, s.declared)
	says(`[data-sign]`, "page.browser.unavailable")

	// Storage turned off, as in some private windows.
	signIn(t, ctx, s)
	off := cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: `Object.defineProperty(IDBFactory.prototype, "open", { value() { throw new DOMException("no", "SecurityError"); } })`}
	if _, err := chromedp.Call(ctx, cdppage.AddScriptToEvaluateOnNewDocument, off); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, "open the keys", chromedp.Navigate(s.keysPage()))
	says(`[data-make]`, "page.browser.blocked")
	prepare(t, ctx, s.url, s.declared)
	says(`[data-sign]`, "page.browser.blocked")
}
