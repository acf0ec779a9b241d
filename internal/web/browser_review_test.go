package web

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/review"
)

// TestAdviserSignsInChromium: a public body's adviser makes a key in the
// browser, reviews an answer and signs that, and takes it back.
func TestAdviserSignsInChromium(t *testing.T) {
	s := newSite(t, true)
	ctx := newChromium(t)
	watch(t, ctx)
	run(t, ctx, "choose bokmål", chromedp.Navigate(s.url+"/?lang=nb"), chromedp.WaitReady("footer"))
	become(t, ctx, s, "", "adviser")
	keys := s.url + "/suppliers/" + adviser.Org + "/keys"
	run(t, ctx, "make a key", chromedp.Navigate(keys), chromedp.WaitVisible(makeKey), chromedp.Click(makeKey), chromedp.WaitVisible(proveKey))
	run(t, ctx, "enrol it", chromedp.Click(proveKey), chromedp.WaitVisible(`.fk-notice`), chromedp.WaitVisible(`[data-here]:not([hidden])`))

	const reason = "Sertifikatet er for en annen tjeneste."
	run(t, ctx, "review an answer", chromedp.Navigate(s.url+"/attestations/"+s.digest+"/reviews/new?requirement="+s.reviewed), chromedp.WaitVisible(`textarea[name="reason"]`),
		step(chromedp.Evaluate[chromedp.Void](`(() => { const o = document.querySelector("[name=outcome]"); if (o.tagName === "SELECT") o.value = "not-accepted"; else document.querySelector("[name=outcome][value=not-accepted]").click(); })()`)),
		chromedp.SendKeys(`textarea[name="reason"]`, reason), chromedp.Click(`form[action*="/reviews/statement"] button[type=submit]`), chromedp.WaitVisible(confirm))
	shown := shownBytes(t, ctx)
	panel := ask(t, ctx, "read the summary", chromedp.Text(`[data-sign]`))
	for _, want := range []string{adviser.Name + " (" + organisation.Number(adviser.Org).Grouped() + ")", s.reviewed, "Ikke godtatt", reason, s.digest[:12]} {
		if !strings.Contains(panel, want) {
			t.Errorf("the summary does not hold %q:\n%s", want, panel)
		}
	}
	if strings.Contains(panel, "Godtatt med vilkår") {
		t.Errorf("the summary holds an outcome that is not signed:\n%s", panel)
	}
	run(t, ctx, "sign", chromedp.Click(confirm), chromedp.Click(signIt), chromedp.WaitVisible(received))
	digest := strings.TrimPrefix(ask(t, ctx, "read address", chromedp.Evaluate[string](`location.pathname`)), "/reviews/")
	e := must[review.Entry](t)(s.web.Reviews.Get(context.Background(), adviser, digest))
	if e.Reason != reason || e.Outcome != review.NotAccepted {
		t.Errorf("stored: %s, %q", e.Outcome, e.Reason)
	}
	if st, err := attestation.Decode[review.Predicate](shown, review.ReviewType); err != nil || st.Predicate.Reason != reason {
		t.Errorf("what was shown says %q, %v", st.Predicate.Reason, err)
	}
	run(t, ctx, "take it back", chromedp.Navigate(s.url+"/reviews/"+digest+"/withdrawal"), chromedp.SendKeys(`textarea[name="reason"]`, "Sett feil"),
		chromedp.Click(`form[action$="/withdrawal"] button`), chromedp.WaitVisible(confirm))
	run(t, ctx, "sign that", chromedp.Click(confirm), chromedp.Click(signIt), chromedp.WaitVisible(received))
	if e = must[review.Entry](t)(s.web.Reviews.Get(context.Background(), adviser, digest)); e.Standing.Reason != "Sett feil" {
		t.Errorf("the review stands as %+v", e.Standing)
	}
}
