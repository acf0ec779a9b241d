package web

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"felleskrav/internal/attestation"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
	"felleskrav/templates"
)

// Parts of the pages that the scripts bring to life.
const (
	makeKey   = `[data-make] button`
	proveKey  = `[data-prove] button`
	confirm   = `#browser-confirm`
	signIt    = `[data-sign] button`
	complaint = `[data-problem]:not([hidden])`
	received  = `a[href$="/receipt.json"]`
)

// watch fails the test if the browser complains: of something the page's policy
// forbids, of an exception, or of anything else that is written to the console.
// What a server answers is no complaint.
func watch(t *testing.T, ctx context.Context) {
	t.Helper()
	var mu sync.Mutex
	var heard []string
	err := chromedp.Listen(ctx, func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := ev.(type) {
		case *log.EventEntryAdded:
			if e.Entry.Source != log.EntrySourceNetwork {
				heard = append(heard, fmt.Sprint(e.Entry.Source, ": ", e.Entry.Text))
			}
		case *runtime.EventExceptionThrown:
			heard = append(heard, fmt.Sprint("exception: ", e.ExceptionDetails.Text))
		case *runtime.EventConsoleAPICalled:
			heard = append(heard, fmt.Sprint("console.", e.Type))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		if len(heard) > 0 {
			t.Errorf("the browser complains: %q", heard)
		}
	})
}

// script gives the address of one of our scripts.
func script(t *testing.T, name string) string {
	t.Helper()
	return "/assets/" + must[assets](t)(loadAssets(templates.Dist))[name]
}

// inPage evaluates an expression of a module and what it gives; it may wait.
func inPage[T any](t *testing.T, ctx context.Context, module, expression string) T {
	t.Helper()
	return ask(t, ctx, expression, chromedp.Evaluate[T](fmt.Sprintf(`import(%q).then(async (m) => %s)`, script(t, module), expression), chromedp.EvalAwaitPromise))
}

func (s *site) keysPage() string { return s.url + "/suppliers/" + string(s.supplier) + "/keys" }

// signIn chooses bokmål and logs the supplier in.
func signIn(t *testing.T, ctx context.Context, s *site) {
	t.Helper()
	run(t, ctx, "choose bokmål", chromedp.Navigate(s.url+"/?lang=nb"), chromedp.WaitReady("footer"))
	become(t, ctx, s, "", "supplier")
}

// enrolInBrowser makes a key on the page and enrols it, and gives its id.
func enrolInBrowser(t *testing.T, ctx context.Context, s *site) string {
	t.Helper()
	run(t, ctx, "make a key", chromedp.Navigate(s.keysPage()), chromedp.WaitVisible(makeKey), chromedp.Click(makeKey), chromedp.WaitVisible(proveKey))
	run(t, ctx, "enrol it", chromedp.Click(proveKey), chromedp.WaitVisible(`.fk-notice`), chromedp.WaitVisible(`[data-here]:not([hidden])`))
	return ask(t, ctx, "read its id", chromedp.Evaluate[string](`document.querySelector("[data-here]:not([hidden])").closest("[data-key]").dataset.key`))
}

// prepare goes to the page where the supplier's answers are signed. Where there
// are none, all requirements are met.
func prepare(t *testing.T, ctx context.Context, base, offering string) {
	t.Helper()
	const answer = `document.querySelector("input[type=radio]:checked") ?? document.querySelectorAll("input[value=met]").forEach((e) => e.click())`
	run(t, ctx, "answer", chromedp.Navigate(base+"/offerings/"+offering+"/answers"), step(chromedp.Evaluate[chromedp.Void](answer)))
	run(t, ctx, "prepare a statement", chromedp.Click(`form[action^="/offerings/`+offering+`/answers?"] > .fk-actions button`), chromedp.WaitReady(`input[name="bundle"]`))
}

// stored checks that what the service holds was signed with the key over the
// very bytes shown, and gives the bundle.
func (s *site) stored(digest, keyID string, shown []byte) *signing.Bundle {
	s.t.Helper()
	sup := must[supplier.Supplier](s.t)(s.web.Suppliers.Get(context.Background(), seller, s.supplier))
	key, ok := sup.Key(keyID)
	if !ok {
		s.t.Fatalf("the key %s is not enrolled", keyID)
	}
	raw := must[[]byte](s.t)(s.web.Attestations.Bundle(context.Background(), seller, digest, false))
	b := must[*signing.Bundle](s.t)(signing.ParseBundle(raw))
	pub := must[signing.PublicKey](s.t)(signing.ParsePublicKey([]byte(key.PEM)))
	if err := b.Verify(pub); err != nil {
		s.t.Error(err)
	}
	if b.Hint != pub.Hint() || !bytes.Equal(b.Payload, shown) {
		s.t.Errorf("hint %s, want %s; the bytes shown are signed: %v", b.Hint, pub.Hint(), bytes.Equal(b.Payload, shown))
	}
	return b
}

// shownBytes are those of the statement on the page.
func shownBytes(t *testing.T, ctx context.Context) []byte {
	t.Helper()
	encoded := ask(t, ctx, "read the statement", chromedp.Evaluate[string](`document.querySelector("form[data-upload]").elements.statement.value`))
	return must[[]byte](t)(base64.StdEncoding.DecodeString(encoded))
}

// TestSupplierSignsInChromium goes from no key to a declaration and its
// withdrawal, all of it in the browser.
func TestSupplierSignsInChromium(t *testing.T) {
	s := newSite(t, true)
	ctx := newChromium(t)
	watch(t, ctx)
	signIn(t, ctx, s)
	id := enrolInBrowser(t, ctx, s)
	sup := must[supplier.Supplier](t)(s.web.Suppliers.Get(ctx, seller, s.supplier))
	if key, ok := sup.Key(id); !ok || key.Algorithm != string(signing.ECDSAP256) || !strings.HasPrefix(key.Label, "Nettleser, ") {
		t.Errorf("enrolled: %v %+v", ok, key)
	}
	const export = `{ const [held] = await m.keysOf(%q); const read = (format) => crypto.subtle.exportKey(format, held.key).then(() => "read", (e) => e.name); return [await read("pkcs8"), await read("jwk"), String(held.key.extractable)]; }`
	if got := inPage[[]string](t, ctx, "keystore.js", fmt.Sprintf(export, s.supplier)); fmt.Sprint(got) != "[InvalidAccessError InvalidAccessError false]" {
		t.Errorf("exporting the private key gives %q", got)
	}

	prepare(t, ctx, s.url, s.declared)
	run(t, ctx, "wait for the key", chromedp.WaitVisible(confirm))
	shown := shownBytes(t, ctx)
	panel := ask(t, ctx, "read the summary", chromedp.Text(`[data-sign]`))
	for _, want := range []string{"Nettleser, ", id[:12], "Testsky AS (910 000 012)", "skytjenester 2.0.0", "Oppfylt: ", "Delvis oppfylt: "} {
		if !strings.Contains(panel, want) {
			t.Errorf("the summary does not hold %q:\n%s", want, panel)
		}
	}
	if got := ask(t, ctx, "read what is shown", chromedp.Evaluate[string](`document.querySelector("[data-sign] [data-shown]").textContent`)); got != indented(shown) {
		t.Errorf("what is shown is not what is signed:\n%s", got)
	}
	if ask(t, ctx, "look for the served text", chromedp.Evaluate[bool](`!document.querySelector("[data-served]").hidden`)) {
		t.Error("the service's rendering stands beside that of the script")
	}
	run(t, ctx, "sign unread", chromedp.Click(signIt))
	if ask(t, ctx, "look at the box", chromedp.Evaluate[bool](`document.querySelector("#browser-confirm").matches(":invalid:focus")`)) != true {
		t.Error("one can sign without having said that one has read")
	}
	run(t, ctx, "sign", chromedp.Click(confirm), chromedp.Click(signIt), chromedp.WaitVisible(received))
	digest := strings.TrimPrefix(ask(t, ctx, "read address", chromedp.Evaluate[string](`location.pathname`)), "/attestations/")
	if digest != signing.Digest(shown) {
		t.Errorf("the receipt is for %s", digest)
	}
	s.stored(digest, id, shown)
	v := must[attestation.Verdict](t)(s.web.Attestations.Verdict(ctx, seller, digest))
	for _, c := range v.Checks {
		if !c.Holds {
			t.Errorf("the service finds that %s does not hold", c.Name)
		}
	}

	run(t, ctx, "withdraw", chromedp.Navigate(s.url+"/attestations/"+digest+"/withdrawal"), chromedp.SendKeys(`textarea[name="reason"]`, "Feil i svarene"),
		chromedp.Click(`form[action$="/withdrawal"] button`), chromedp.WaitVisible(confirm))
	if got := ask(t, ctx, "read the summary", chromedp.Text(`[data-sign]`)); !strings.Contains(got, "Feil i svarene") || !strings.Contains(got, digest[:12]) {
		t.Errorf("the summary of the withdrawal is\n%s", got)
	}
	run(t, ctx, "sign the withdrawal", chromedp.Click(confirm), chromedp.Click(signIt), chromedp.WaitVisible(received))
	s.visit("").get("/offerings/"+s.declared+"/status").must(t, 200, "Trukket tilbake", "Feil i svarene")
}

// Tabs share the keys, reloading keeps them, and another supplier who logs in
// to the same browser is not offered them.
func TestKeyBelongsToBrowserAndSupplier(t *testing.T) {
	s := newSite(t, true)
	s.enrol(context.Background(), other, must[crypto.Signer](t)(signing.GenerateKey(signing.ECDSAP256)))
	mine := must[[]supplier.Offering](t)(s.web.Suppliers.Offerings(context.Background(), other, s.rival))
	ctx := newChromium(t)
	watch(t, ctx)
	signIn(t, ctx, s)
	id := enrolInBrowser(t, ctx, s)
	here := `[data-key="` + id + `"] [data-here]:not([hidden])`
	run(t, ctx, "reload", chromedp.Navigate(s.keysPage()), chromedp.WaitVisible(here))
	tab, closeTab := chromedp.NewContext(ctx)
	run(t, tab, "open another tab", chromedp.Navigate(s.keysPage()), chromedp.WaitVisible(here))
	closeTab()
	become(t, ctx, s, "supplier", "rival")
	prepare(t, ctx, s.url, mine[0].ID)
	run(t, ctx, "wait for the script", chromedp.WaitVisible(`[data-sign]`))
	if ask(t, ctx, "look for the button", chromedp.Evaluate[bool](`document.querySelector("[data-sign] button").checkVisibility()`)) {
		t.Error("another supplier's key is offered")
	}
	if got := ask(t, ctx, "read", chromedp.Text(`[data-sign]`)); !strings.Contains(got, "Hovednøkkel") || strings.Contains(got, "Nettleser,") {
		t.Errorf("the rival is told\n%s", got)
	}
}

// TestSigningByKeyboard uses nothing but the keys.
func TestSigningByKeyboard(t *testing.T) {
	s := newSite(t, true)
	ctx := newChromium(t)
	watch(t, ctx)
	signIn(t, ctx, s)
	run(t, ctx, "go to the keys", chromedp.Navigate(s.keysPage()), chromedp.WaitVisible(makeKey))
	tabTo(t, ctx, makeKey)
	run(t, ctx, "make a key", chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(proveKey))
	// The page has taken the reader to the button.
	ask(t, ctx, "wait for the focus", chromedp.Poll[bool](`document.activeElement.matches("[data-prove] button")`))
	run(t, ctx, "enrol it", chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(`[data-here]:not([hidden])`))
	prepare(t, ctx, s.url, s.declared)
	run(t, ctx, "wait for the key", chromedp.WaitVisible(confirm))
	tabTo(t, ctx, `[data-sign] summary`)
	run(t, ctx, "open the text", chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(`[data-sign] [data-shown]`))
	tabTo(t, ctx, confirm)
	run(t, ctx, "say that it is read", chromedp.KeyEvent(" "))
	tabTo(t, ctx, signIt)
	run(t, ctx, "sign", chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(received))
}

// tabTo presses Tab until the element has the focus.
func tabTo(t *testing.T, ctx context.Context, selector string) {
	t.Helper()
	for range 80 {
		if ask(t, ctx, "look at the focus", chromedp.Evaluate[bool](fmt.Sprintf(`document.activeElement.matches(%q)`, selector))) {
			return
		}
		run(t, ctx, "tab", chromedp.KeyEvent(kb.Tab))
	}
	t.Fatalf("tabbing does not lead to %s", selector)
}

// Pressing twice signs and sends once.
func TestDoubleClickSendsOnce(t *testing.T) {
	s := newSite(t, true)
	ctx := newChromium(t)
	watch(t, ctx)
	signIn(t, ctx, s)
	enrolInBrowser(t, ctx, s)
	prepare(t, ctx, s.url, s.declared)
	run(t, ctx, "wait for the key", chromedp.WaitVisible(confirm))
	var mu sync.Mutex
	sent := 0
	if err := chromedp.Listen(ctx, func(ev any) {
		if e, ok := ev.(*network.EventRequestWillBeSent); ok && e.Request.Method == "POST" {
			mu.Lock()
			sent++
			mu.Unlock()
		}
	}); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, "press twice", chromedp.Click(confirm), step(chromedp.Evaluate[chromedp.Void](`for (let i = 0; i < 3; i++) document.querySelector("[data-sign] button").click()`)), chromedp.WaitVisible(received))
	mu.Lock()
	defer mu.Unlock()
	if sent != 1 {
		t.Errorf("sent %d times", sent)
	}
}

// Without scripts the pages are as they were: nothing of this shows.
func TestKeysWithoutScripts(t *testing.T) {
	s := newSite(t, true)
	ctx := newChromium(t)
	withoutScripts(t, ctx)
	signIn(t, ctx, s)
	run(t, ctx, "open the keys", chromedp.Navigate(s.keysPage()), chromedp.WaitVisible(`textarea[name="publicKey"]`))
	hidden := func(selector string) {
		t.Helper()
		if ask(t, ctx, "look for "+selector, chromedp.Evaluate[bool](fmt.Sprintf(`document.querySelector(%q).checkVisibility()`, selector))) {
			t.Errorf("%s shows without scripts", selector)
		}
	}
	hidden(`[data-make]`)
	hidden(`[data-here]`)
	prepare(t, ctx, s.url, s.declared)
	hidden(`[data-sign]`)
	run(t, ctx, "look for the other way", chromedp.WaitVisible(`form[action$="/statement/file"] button`), chromedp.WaitVisible(`[data-served]`))
}

// TestKeyPagesFit measures the pages as the scripts make them, and keeps their
// pictures with FELLESKRAV_SCREENSHOTS.
func TestKeyPagesFit(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	ctx := newChromium(t)
	dir := os.Getenv("FELLESKRAV_SCREENSHOTS")
	signIn(t, ctx, s)
	for _, width := range []int64{1280, 390, 320} {
		resize(t, ctx, width)
		prepare(t, ctx, s.url, s.declared)
		run(t, ctx, "wait for the script", chromedp.WaitVisible(`[data-sign]`))
		inspect(t, ctx, "statement-browser-missing", width, dir)
	}
	for _, width := range []int64{1280, 390, 320} {
		resize(t, ctx, width)
		run(t, ctx, "make a key", chromedp.Navigate(s.keysPage()), chromedp.WaitVisible(makeKey), chromedp.Click(makeKey), chromedp.WaitVisible(proveKey))
		inspect(t, ctx, "key-challenge-browser", width, dir)
		run(t, ctx, "enrol it", chromedp.Click(proveKey), chromedp.WaitVisible(`[data-here]:not([hidden])`))
		inspect(t, ctx, "keys-browser", width, dir)
		prepare(t, ctx, s.url, s.declared)
		run(t, ctx, "show everything", chromedp.WaitVisible(confirm), chromedp.Click(`[data-sign] summary`))
		inspect(t, ctx, "statement-browser", width, dir)
		run(t, ctx, "withdraw", chromedp.Navigate(s.url+"/attestations/"+s.digest+"/withdrawal"), chromedp.SetValue(`textarea[name="reason"]`, "Feil i svarene"),
			chromedp.Click(`form[action$="/withdrawal"] button`), chromedp.WaitVisible(confirm))
		inspect(t, ctx, "withdrawal-browser", width, dir)
	}
}

// The scripts are small, and only pages that they do something for load any.
func TestScriptsAreFew(t *testing.T) {
	s := newSite(t, true)
	total := 0
	for name, file := range must[assets](t)(loadAssets(templates.Dist)) {
		if strings.HasSuffix(name, ".js") {
			total += len(must[[]byte](t)(fs.ReadFile(templates.Dist, "dist/"+file+".gz")))
			a := s.visit("").get("/assets/"+file).must(t, 200)
			if got := a.header.Get("Content-Type"); !strings.HasPrefix(got, "text/javascript") {
				t.Errorf("%s has the type %s", name, got)
			}
		}
	}
	if total == 0 || total > 16_000 {
		t.Errorf("the scripts are %d bytes", total)
	}
	for path, want := range map[string]bool{"/": false, "/suppliers/" + string(s.supplier): false, "/suppliers/" + string(s.supplier) + "/keys": true} {
		if got := strings.Contains(s.visit("supplier").get(path).must(t, 200).body, "<script"); got != want {
			t.Errorf("%s has a script: %v", path, got)
		}
	}
}
