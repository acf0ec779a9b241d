package web

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/answerdraft"
)

// focused is what has the focus.
type focused struct {
	Tag, Type, Name, Text, Where string
	// Same tells that it is what had the focus before.
	Same bool
	// Seen tells that it is within the window with nothing over it, and Marked
	// that the focus shows.
	Seen, Marked bool
	// Answered tells that its group of choices has one chosen.
	Answered bool
	// Goes tells that it is the button that leads on to signing.
	Goes bool
}

// lookAtFocus looks again for as long as the page is still moving what has the
// focus into the window.
const lookAtFocus = `(async () => {
	const e = document.activeElement, same = window.before === e;
	window.before = e;
	const marked = (x) => { const s = x && getComputedStyle(x); return s && (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none"); };
	const look = () => {
		const r = e.getBoundingClientRect();
		const y = Math.max(1, Math.min(r.top + Math.min(r.height / 2, 10), innerHeight - 1)); // what is taller than the window shows in part
		const at = document.elementFromPoint(r.left + Math.min(r.width / 2, 20), y);
		const label = e.labels?.[0], over = at && (e.contains(at) || at.contains(e) || label?.contains(at));
		return {
			Tag: e.tagName, Type: e.type ?? "", Name: e.name ?? "", Text: e.textContent.trim().slice(0, 40), Same: same,
			Seen: r.bottom > 0 && r.top < innerHeight && Boolean(over),
			// Choices are marked around their words as well; the skip link shows only while it has the focus, and a
			// date has its own mark on the part for opening a calendar.
			Marked: e.matches(":focus-visible") && Boolean(marked(e) || marked(e.closest(".ds-field")) || e.matches(".ds-skip-link")) || e.type === "date",
			Where: [r.top, r.bottom, r.left, innerHeight, at?.outerHTML.slice(0, 90)].join(" "),
			Answered: e.type === "radio" && [...e.form.elements[e.name]].some((x) => x.checked),
			Goes: e.type === "submit" && Boolean(e.form?.dataset.autosave) && !e.hasAttribute("formaction"),
		};
	};
	let f = look();
	for (const end = performance.now() + 3000; !f.Seen && performance.now() < end; f = look()) await new Promise((next) => setTimeout(next, 30));
	return JSON.stringify(f);
})()`

// press sends keys and tells what has the focus then.
func press(t *testing.T, ctx context.Context, keys string, options ...chromedp.KeyOption) focused {
	t.Helper()
	run(t, ctx, "press a key", chromedp.KeyEvent(keys, options...))
	var f focused
	if err := json.Unmarshal([]byte(ask(t, ctx, "look at the focus", chromedp.Evaluate[string](lookAtFocus, chromedp.EvalAwaitPromise))), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestAnsweringByKeyboard answers a whole set and signs it with a key of the
// browser, with nothing but Tab, the arrows, Space, Enter and letters. The focus
// is seen at every step, and nothing holds it.
func TestAnsweringByKeyboard(t *testing.T) {
	s := newSite(t, true)
	ctx := newChromium(t)
	watch(t, ctx)
	signIn(t, ctx, s)
	enrolInBrowser(t, ctx, s)
	v, _ := s.web.Catalogue.Content().Version("grunnsett", "")
	run(t, ctx, "open the answers", chromedp.Navigate(s.url+"/offerings/"+s.offering+"/answers?set="+v.Ref()), chromedp.WaitReady("footer"))
	words, partial, going := "Det som mangler, er på plass til sommeren.", v.Requirements[1].ID, false
	step := func(keys string, options ...chromedp.KeyOption) focused {
		t.Helper()
		f := press(t, ctx, keys, options...)
		if !f.Seen || !f.Marked {
			t.Errorf("the focus does not show: %+v", f)
		}
		return f
	}
	f := step(kb.Tab)
	if !strings.Contains(f.Text, "Hopp til") {
		t.Errorf("the first thing is not the way past the menu: %+v", f)
	}
	for range 400 {
		// A date has a part each for day, month and year.
		if f = step(kb.Tab); f.Same && f.Type != "date" {
			t.Fatalf("the focus is held: %+v", f)
		}
		switch {
		case f.Type == "radio" && !f.Answered:
			f = press(t, ctx, " ")
			if f.Name == "answer."+partial {
				f = step(kb.ArrowDown)
			}
			if !f.Answered {
				t.Fatalf("Space and the arrows choose nothing: %+v", f)
			}
		case f.Name == "statement."+partial:
			run(t, ctx, "write", chromedp.KeyEvent(words))
		case f.Goes:
			going = true
		}
		if going {
			break
		}
	}
	if !going {
		t.Fatalf("tabbing does not lead to the signing: %+v", f)
	}
	// Back again is also a way.
	if b := step(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)); b.Same || b.Goes {
		t.Errorf("one cannot go back: %+v", b)
	}
	step(kb.Tab)
	run(t, ctx, "go on", chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(confirm))
	shown := shownBytes(t, ctx)
	if !strings.Contains(string(shown), words) || strings.Count(string(shown), `"status"`) != len(v.Requirements) {
		t.Errorf("what was answered is not what is signed: %s", shown)
	}
	for _, to := range []struct{ selector, key string }{{`[data-sign] summary`, kb.Enter}, {confirm, " "}, {signIt, ""}} {
		for n := 0; ; n++ {
			if f = step(kb.Tab); n > 80 || f.Same {
				t.Fatalf("tabbing does not lead to %s: %+v", to.selector, f)
			}
			if ask(t, ctx, "look at the focus", chromedp.Evaluate[bool](fmt.Sprintf(`document.activeElement.matches(%q)`, to.selector))) {
				break
			}
		}
		if to.key != "" {
			step(to.key)
		}
	}
	run(t, ctx, "sign", chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(received))
}

const saved = `[data-saving]:not([hidden])`

// waitFor waits until the line about saving says something.
func waitFor(t *testing.T, ctx context.Context, words string) {
	t.Helper()
	if !ask(t, ctx, "wait for "+words, chromedp.Poll[bool](fmt.Sprintf(`document.querySelector(%q)?.textContent.includes(%q)`, saved, words), chromedp.WithPollingTimeout(15*time.Second))) {
		t.Errorf("the page does not say %q", words)
	}
}

// TestAnswersSaveThemselves types and leaves, and types where a colleague has
// just saved: nothing is lost.
func TestAnswersSaveThemselves(t *testing.T) {
	t.Parallel()
	s := newSite(t, true)
	ctx := newChromium(t)
	watch(t, ctx)
	signIn(t, ctx, s)
	v, _ := s.web.Catalogue.Content().Version("grunnsett", "")
	first, second := v.Requirements[0].ID, v.Requirements[1].ID
	page := s.url + "/offerings/" + s.offering + "/answers?set=" + v.Ref()
	field := func(id string) string { return "#" + fieldID("statement."+id) }
	run(t, ctx, "open", chromedp.Navigate(page), chromedp.WaitReady("footer"))
	run(t, ctx, "type", chromedp.Click("#"+fieldID("answer."+first+".met")), chromedp.SendKeys(field(first), "Min tekst."))
	waitFor(t, ctx, "Lagret kl.")
	if got := ask(t, ctx, "read progress", chromedp.Text(`[data-progress]`)); !strings.HasPrefix(got, "1 av ") {
		t.Errorf("the page says %q", got)
	}
	// What the same form sends next takes the place of what it sent before.
	run(t, ctx, "type on", chromedp.SendKeys(field(first), " Mer."))
	ctxDraft := func() answerdraft.Draft {
		d, err := s.web.Answering.Get(context.Background(), seller, answerdraft.Ref{Offering: s.offering, Version: v})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for deadline := time.Now().Add(15 * time.Second); ctxDraft().Answers[first].Answer.Statement != "Min tekst. Mer."; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("saved: %+v", ctxDraft().Answers[first])
		}
	}
	theirs := attestation.Answer{Requirement: second, Status: attestation.Met, Statement: "Karis tekst."}
	_, _, err := s.web.Answering.Save(context.Background(), kari, answerdraft.Ref{Offering: s.offering, Version: v}, answerdraft.Sheet{Changes: []answerdraft.Change{{Answer: theirs}}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, ctx, "type about the same", chromedp.SendKeys(field(second), "Og min."))
	waitFor(t, ctx, "Noen andre har svart på det samme")
	if got := ask(t, ctx, "read the field", chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q).value`, field(second)))); got != "Og min." {
		t.Errorf("the field holds %q", got)
	}
	run(t, ctx, "reload", chromedp.Navigate(page), chromedp.WaitVisible(`.fk-rival`))
	if got := ask(t, ctx, "read the answers", chromedp.Text(`[data-requirement="`+second+`"] .ds-alert`)); !strings.Contains(got, "Karis tekst.") || !strings.Contains(got, "Og min.") {
		t.Errorf("there is a choice between\n%s", got)
	}
	for _, width := range []int64{1280, 390, 320} {
		resize(t, ctx, width)
		inspect(t, ctx, "answers-choice", width, os.Getenv("FELLESKRAV_SCREENSHOTS"))
	}
	// Leaving at once saves as well.
	run(t, ctx, "type and leave", chromedp.SendKeys(field(first), " Slutt."), chromedp.Navigate(s.url+"/log"), chromedp.WaitReady("footer"))
	for deadline := time.Now().Add(15 * time.Second); !strings.Contains(ctxDraft().Answers[first].Answer.Statement, "Slutt."); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("saved: %+v", ctxDraft().Answers[first])
		}
	}
}

// TestEvidenceIsDropped drops a file on the form and sends it, and is told what
// is wrong with another without leaving the page.
func TestEvidenceIsDropped(t *testing.T) {
	s := newSite(t, true)
	ctx := newChromium(t)
	watch(t, ctx)
	signIn(t, ctx, s)
	page := s.url + "/suppliers/" + string(s.supplier) + "/evidence"
	bad := filepath.Join(t.TempDir(), "program.exe")
	if err := os.WriteFile(bad, []byte("MZ\x90\x00\x03"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, ctx, "open", chromedp.Navigate(page), chromedp.WaitVisible(`[data-drop]`))
	run(t, ctx, "choose a bad file", chromedp.SetUploadFiles(`input[name="file"]`, []string{bad}), chromedp.Click(`form[data-send] button[type=submit]`))
	said := ask(t, ctx, "wait for the reason", chromedp.Poll[string](`!document.querySelector("[data-send] button[type=submit]").hasAttribute("aria-disabled") && document.querySelector("[data-upload-status]").textContent`, chromedp.WithPollingTimeout(15*time.Second)))
	if said == "" || strings.Contains(said, "Prøv igjen") {
		t.Errorf("the page says %q", said)
	}
	for _, width := range []int64{1280, 390} {
		resize(t, ctx, width)
		inspect(t, ctx, "evidence-script", width, os.Getenv("FELLESKRAV_SCREENSHOTS"))
	}
	const drop = `(() => {
		const d = new DataTransfer();
		d.items.add(new File(["How we do it."], "rutine.txt", { type: "text/plain" }));
		document.querySelector("[data-send]").dispatchEvent(new DragEvent("drop", { dataTransfer: d, bubbles: true, cancelable: true }));
	})()`
	run(t, ctx, "drop a file", step(chromedp.Evaluate[chromedp.Void](drop)), chromedp.Click(`form[data-send] button[type=submit]`), chromedp.WaitVisible(`.fk-notice`))
	if got := ask(t, ctx, "read the page", chromedp.Text("main")); !strings.Contains(got, "Filen er lastet opp") || !strings.Contains(got, "rutine.txt") {
		t.Errorf("after the upload:\n%s", got)
	}
}
