package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"felleskrav/internal/attestation"
	"felleskrav/internal/signing"
	"felleskrav/internal/workbook"
)

// traveller is somebody who goes their way in a browser.
type traveller struct {
	*site
	ctx     context.Context
	scripts bool
	// files is where downloads go.
	files string
	// pages is how many pages it has taken.
	pages int
}

// see evaluates an expression in the page.
func see[T any](j *traveller, expression string) T {
	j.t.Helper()
	return ask(j.t, j.ctx, expression, chromedp.Evaluate[T](expression))
}

// arrive waits until the page that was left is gone and another one is whole.
func (j *traveller) arrive(what string, leave func()) {
	j.t.Helper()
	see[bool](j, `document.documentElement.toggleAttribute("data-left", true)`)
	leave()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		// Between two pages there is none to ask.
		there, err := chromedp.Run(j.ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && !document.documentElement.hasAttribute("data-left") && document.querySelector("footer") !== null`))
		if err == nil && there {
			break
		}
		if time.Now().After(end) {
			j.t.Fatalf("%s leads nowhere: %v\n%s", what, err, see[string](j, `document.querySelector("main").innerText`))
		}
	}
	j.pages++
}

func (j *traveller) open(path string) {
	j.t.Helper()
	run(j.t, j.ctx, "open "+path, chromedp.Navigate(j.url+path), chromedp.WaitReady("footer"))
	j.pages++
}

// press clicks what is first in the page of what shows, and arrives.
func (j *traveller) press(selector string) {
	j.t.Helper()
	j.arrive("pressing "+selector, func() { j.click(selector) })
}

func (j *traveller) click(selector string) {
	j.t.Helper()
	find := fmt.Sprintf(`(() => {
		const e = [...document.querySelectorAll(%q)].find((e) => e.checkVisibility());
		document.querySelectorAll("[data-next]").forEach((e) => e.removeAttribute("data-next"));
		e?.setAttribute("data-next", "");
		e?.scrollIntoView({ block: "center" });
		return e !== undefined;
	})()`, selector)
	// What was folded may take a moment to unfold.
	for end := time.Now().Add(10 * time.Second); !see[bool](j, find); time.Sleep(20 * time.Millisecond) {
		if time.Now().Before(end) {
			continue
		}
		j.t.Fatalf("nothing like %s shows on the page at %s:\n%s", selector, see[string](j, `location.pathname`), see[string](j, `document.querySelector("main").innerText`))
	}
	// Clicked by the browser itself: a pointer could meet something else while the
	// page still moves on a slow machine. To the browser it is a person who clicks,
	// as it holds back a second download that a script asks for.
	ask(j.t, j.ctx, "click "+selector, chromedp.Evaluate[bool](`(document.querySelector("[data-next]").click(), true)`, func(p *runtime.EvaluateParams) {
		person := true
		p.UserGesture = &person
	}))
}

// fill writes into the input with the name.
func (j *traveller) fill(name, value string) {
	j.t.Helper()
	selector := fmt.Sprintf("main [name=%q]", name)
	see[string](j, fmt.Sprintf(`document.querySelector(%q).value = ""`, selector))
	run(j.t, j.ctx, "fill in "+name, chromedp.SendKeys(selector, value))
}

// shows tells whether something of the page shows.
func (j *traveller) shows(selector string) bool {
	j.t.Helper()
	return see[bool](j, fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.checkVisibility())`, selector))
}

// holds fails unless the page has the text.
func (j *traveller) holds(texts ...string) {
	j.t.Helper()
	got := see[string](j, `document.querySelector("main").textContent`)
	for _, want := range texts {
		if !strings.Contains(got, want) {
			j.t.Errorf("%s does not hold %q", see[string](j, `location.pathname`), want)
		}
	}
}

// download presses what gives a file, and gives the file.
func (j *traveller) download(selector string) []byte {
	j.t.Helper()
	before, err := os.ReadDir(j.files)
	if err != nil {
		j.t.Fatal(err)
	}
	j.click(selector)
	clicked := time.Now()
	for end := clicked.Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		after, err := os.ReadDir(j.files)
		if err != nil {
			j.t.Fatal(err)
		}
		if len(after) <= len(before) {
			// A page that shows the state of work loads itself again; where that
			// met the click, one clicks once more.
			if time.Since(clicked) > 15*time.Second && j.shows(selector) {
				j.t.Logf("%s is clicked again", selector)
				j.click(selector)
				clicked = time.Now()
			}
			continue
		}
		// The name is taken before there is anything in the file.
		var done []byte
		for _, f := range after {
			if strings.HasSuffix(f.Name(), ".crdownload") {
				done = nil
				break
			}
			if strings.HasPrefix(f.Name(), ".") || slices.ContainsFunc(before, func(old os.DirEntry) bool { return old.Name() == f.Name() }) {
				continue
			}
			done = must[[]byte](j.t)(os.ReadFile(filepath.Join(j.files, f.Name())))
		}
		if len(done) > 0 {
			return done
		}
	}
	j.t.Fatalf("%s gives no file", selector)
	return nil
}

// upload puts a file into the input.
func (j *traveller) upload(selector, name string, content []byte) {
	j.t.Helper()
	path := filepath.Join(j.t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		j.t.Fatal(err)
	}
	run(j.t, j.ctx, "choose a file", chromedp.SetUploadFiles(selector, []string{path}))
}

func (j *traveller) enter(persona string) {
	j.t.Helper()
	j.open("/demo/login?lang=nb")
	j.press(fmt.Sprintf(`main button[value=%q]`, persona))
	j.pages = 0
}

// primary is the button that goes on.
const primary = `main form button[type="submit"]:not([data-variant])`

// TestJourneysInChromium walks the three journeys that must work, with scripts
// and without, on either backend.
func TestJourneysInChromium(t *testing.T) {
	t.Parallel()
	ctx := newBrowser(t, cmp.Or(os.Getenv("FELLESKRAV_CHROMIUM"), wholeChromium))
	for backend, open := range map[string]func(*testing.T) *site{
		"sqlite": func(t *testing.T) *site { return newSite(t, true) }, "mongo": newSiteOnMongo,
	} {
		t.Run(backend, func(t *testing.T) {
			s := open(t)
			for _, scripts := range []bool{true, false} {
				tab, done := chromedp.NewContext(ctx)
				defer done()
				run(t, tab, "open a tab", chromedp.Navigate("about:blank"))
				walk := func(name string, way func(*traveller)) {
					t.Run(fmt.Sprintf("%s, scripts %v", name, scripts), func(t *testing.T) {
						mine := *s
						mine.t = t
						j := &traveller{site: &mine, ctx: tab, scripts: scripts, files: t.TempDir()}
						if _, err := chromedp.Call(tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts}); err != nil {
							t.Fatal(err)
						}
						if _, err := chromedp.CallBrowser(tab, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: j.files}); err != nil {
							t.Fatal(err)
						}
						way(j)
					})
				}
				walk("buyer", buyersWay)
				walk("supplier", suppliersWay)
				walk("adviser", advisersWay)
			}
		})
	}
}

// buyersWay: from the front page to the workbook, and from the bids to the
// comparison.
func buyersWay(j *traveller) {
	j.enter("procurement")
	j.open("/")
	// With a letter left out, as happens.
	name := []rune(j.web.Catalogue.Content().Tasks[0].Name.NB)
	j.fill("q", string(name[:4])+string(name[5:]))
	j.press(`main form[action="/procurements/new"] button`)
	task := fmt.Sprintf(`input[name="task"][value=%q]`, j.web.Catalogue.Content().Tasks[0].ID)
	for !j.shows(`main [name="title"]`) {
		if j.pages > 7 {
			j.t.Fatal("the start has no end")
		}
		for _, choice := range []string{task, `input[name="model"][value="saas"]`} {
			if j.shows(choice) && !see[bool](j, fmt.Sprintf(`document.querySelector(%q).checked`, choice)) {
				j.click(choice)
			}
		}
		j.press(primary)
	}
	j.holds("Hvorfor")
	j.fill("title", "Nytt sakssystem")
	j.press(`form[action^="/procurements?"] button[type="submit"]`)
	j.holds("Nytt sakssystem")
	book := j.download(`#download`)
	if j.pages > 7 {
		j.t.Errorf("it took %d pages to the workbook, want at most 7", j.pages)
	}
	if _, err := j.web.reader.Tender(bytes.NewReader(book), int64(len(book)), nil); err != nil {
		j.t.Errorf("the workbook cannot be read: %v", err)
	}

	j.press(`main a[href$="/bidders"]`)
	j.fill("q", string(j.supplier))
	j.press(`main form[role="search"] button`)
	j.press(`main form[action$="/bidders"]:has(input[name="offering"]) button`)
	j.press(`main a[href^="/procurements/"]:not([href$="/bidders"])`)
	bid := j.download(fmt.Sprintf(`main a[href$="/workbook?bidder=%s"]`, j.supplier))
	form := fmt.Sprintf(`form[action$="/responses"]:has(input[value=%q])`, j.supplier)
	j.upload(form+` input[type="file"]`, "tilbud.xlsx", bid)
	j.press(form + " button")
	j.holds("Testsky AS")
	j.press(`main a[href$="/comparison"]`)
	j.holds("Testsky AS", "Oppfylt")
}

// suppliersWay: answers from a workbook, a signature and a receipt. Without
// scripts the signature is made elsewhere.
func suppliersWay(j *traveller) {
	j.enter("supplier")
	own := "/suppliers/" + string(j.supplier)
	if j.scripts {
		j.open(own + "/keys")
		run(j.t, j.ctx, "make a key", chromedp.WaitVisible(makeKey))
		j.press(makeKey)
		run(j.t, j.ctx, "wait for the script", chromedp.WaitVisible(proveKey))
		j.press(proveKey)
	}
	j.pages = 0
	j.open(own)
	j.press(fmt.Sprintf(`main a[href^="/offerings/%s/answers"]`, j.offering))
	v, _ := j.web.Catalogue.Content().Version("skytjenester", "")
	if !strings.Contains(see[string](j, `document.querySelector('form[action*="/answers?set="]').action`), v.Set) {
		j.open(fmt.Sprintf("/offerings/%s/answers?set=%s@%s", j.offering, v.Set, v.Version))
	}
	var answers []attestation.Answer
	for _, r := range v.Requirements {
		answers = append(answers, attestation.Answer{Requirement: r.ID, Status: attestation.Met})
	}
	var sheet bytes.Buffer
	if err := workbook.WriteAnswerSheet(&sheet, v, j.web.Texts.In("nb"), answers); err != nil {
		j.t.Fatal(err)
	}
	upload := `form[action*="/answers/workbook"]`
	if !j.shows(upload) {
		j.click(`details:has(` + upload + `) > summary`)
	}
	j.upload(upload+` input[type="file"]`, "svar.xlsx", sheet.Bytes())
	j.press(upload + " button")
	j.press(`form[action*="/answers?set="] button[type="submit"]:not([data-variant])`)
	if j.scripts {
		run(j.t, j.ctx, "wait for the key", chromedp.WaitVisible(confirm))
		j.click(confirm)
		j.press(signIt)
	} else {
		statement := j.download(`form[action$="/statement/file"] button`)
		bundle := must[[]byte](j.t)(signing.SignBundle(j.t.Context(), j.key, statement))
		j.upload(`input[name="bundle"]`, "bundle.json", bundle)
		j.press(`form:has(input[name="bundle"]) button[type="submit"]`)
	}
	if j.pages > 6 {
		j.t.Errorf("it took %d pages to the receipt, want at most 6", j.pages)
	}
	receipt := j.download(received)
	var r attestation.Receipt
	if err := json.Unmarshal(receipt, &r); err != nil || !strings.HasSuffix(see[string](j, `location.pathname`), r.Attestation) {
		j.t.Errorf("the receipt is for %q, %v", r.Attestation, err)
	}
}

// advisersWay: a supplier is looked up, and a list is checked.
func advisersWay(j *traveller) {
	j.enter("adviser")
	j.open("/suppliers")
	j.fill("q", "testsky")
	j.press(`main form[role="search"] button`)
	j.press(fmt.Sprintf(`main a[href^="/suppliers/%s"]`, j.supplier))
	j.press(fmt.Sprintf(`main a[href^="/offerings/%s/status"]`, j.declared))
	j.holds("Gyldig", "Testsky AS")

	j.open("/checks")
	j.upload(`form[action^="/checks?"] input[type="file"]`, "leverandører.csv", []byte("Navn;Org.nr.\nTestsky AS;"+seller.Org+"\nRival;"+other.Org+"\n"))
	v, _ := j.web.Catalogue.Content().Version("skytjenester", "")
	see[bool](j, fmt.Sprintf(`[...document.querySelectorAll('select[name="set"] option')].find((o) => o.text === %q).selected = true`, v.Name.NB+" "+v.Version))
	j.press(`form[action^="/checks?"] button[type="submit"]`)
	at := see[string](j, `location.pathname`)
	j.work()
	j.open(at)
	file := j.download(`main a[href$="/result"]`)
	if !bytes.Contains(file, []byte("Gyldig")) || !bytes.Contains(file, []byte(other.Org)) {
		j.t.Errorf("the list came back as %.300q", file)
	}
}
