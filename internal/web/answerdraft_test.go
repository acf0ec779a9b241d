package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/login"
	"felleskrav/internal/member"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/workbook"
)

// colleagues are two people who answer for the same supplier.
var (
	kari = access.Actor{ID: "person:" + strings.Repeat("a", 32), Name: seller.Name, Org: seller.Org, Roles: []access.Role{access.SupplierAuthor}}
	ola  = access.Actor{ID: "person:" + strings.Repeat("b", 32), Name: seller.Name, Org: seller.Org, Roles: []access.Role{access.SupplierAuthor, access.SupplierSigner}}
)

// answerForm reads what a browser would send of the form for answers.
func answerForm(t *testing.T, a answer) url.Values {
	t.Helper()
	doc := must[*html.Node](t)(html.Parse(strings.NewReader(a.body)))
	get := func(n *html.Node, name string) (string, bool) {
		for _, x := range n.Attr {
			if x.Key == name {
				return x.Val, true
			}
		}
		return "", false
	}
	out := url.Values{}
	var walk func(n *html.Node, inside bool)
	walk = func(n *html.Node, inside bool) {
		if _, there := get(n, "data-autosave"); there {
			inside = true
		}
		name, named := get(n, "name")
		if inside && named && n.Type == html.ElementNode {
			value, _ := get(n, "value")
			kind, _ := get(n, "type")
			_, checked := get(n, "checked")
			switch {
			case n.Data == "textarea":
				for c := n.FirstChild; c != nil; c = c.NextSibling {
					value += c.Data
				}
				out.Add(name, value)
			case n.Data == "input" && (kind != "radio" && kind != "checkbox" || checked):
				out.Add(name, value)
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, inside)
		}
	}
	walk(doc, false)
	if out.Get("sheet") == "" {
		t.Fatalf("no form for answers in %s", leading(a.body))
	}
	return out
}

// TestColleaguesAnswerTogether has two people save answers at the same time:
// what each wrote is there, where they wrote about the same somebody chooses,
// and what is signed leaves the draft.
func TestColleaguesAnswerTogether(t *testing.T) {
	s := newSiteFor(t, []login.Persona{{ID: "kari", Role: access.SupplierAuthor, Actor: kari}, {ID: "ola", Role: access.SupplierSigner, Actor: ola}, {ID: "rival", Role: access.Supplier, Actor: other}})
	ctx := context.Background()
	must[member.Person](t)(s.store.PutPerson(ctx, kari.ID, func(p member.Person) (member.Person, error) { p.Name = "Kari Test"; return p, nil }))
	must[member.Circle](t)(s.store.UpdateCircle(ctx, s.supplier, func(c member.Circle) (member.Circle, error) {
		c.Members = []member.Membership{{Person: kari.ID, Roles: kari.Roles}, {Person: ola.ID, Roles: ola.Roles}}
		return c, nil
	}))
	v, _ := s.web.Catalogue.Content().Version("grunnsett", "")
	set := "?set=" + v.Ref()
	page, save := "/offerings/"+s.offering+"/answers"+set, "/offerings/"+s.offering+"/draft"+set
	first, second, third := v.Requirements[0].ID, v.Requirements[1].ID, v.Requirements[2].ID
	k, o := s.visit("kari"), s.visit("ola")
	kForm, oForm := answerForm(t, k.get(page).must(t, 200, "Ikke noe utkast")), answerForm(t, o.get(page))

	kForm.Set("answer."+first, "partial")
	kForm.Set("statement."+first, "Karis ord.\r\nTo linjer.")
	k.post(save, kForm).must(t, 200, "Utkastet er lagret", "Lagret av deg", "Karis ord.")
	oForm.Set("answer."+second, "met")
	a := o.post(save, oForm).must(t, 200, "Lagret av Kari Test", "Karis ord.", "Lagret av deg")
	if strings.Contains(a.body, "Flere har svart") {
		t.Error("answers to different requirements are taken for a conflict")
	}
	// Both write about the first at once; Kari is first.
	kForm, oForm = answerForm(t, k.get(page)), answerForm(t, a)
	kForm.Set("statement."+first, "Karis nye ord.")
	oForm.Set("statement."+first, "Olas ord.")
	k.post(save, kForm).must(t, 200)
	a = o.post(save, oForm).must(t, 200, "Noen andre har svart", "Karis nye ord.", "Olas ord.", "Velg hvilket svar")
	// Signing waits for the choice.
	o.post(page, answerForm(t, a)).must(t, 422, "Velg hvilket svar som skal gjelde")
	take := find(t, a, `name="take" value="(`+first+` `+answerdraft.Fingerprint(attestation.Answer{Status: attestation.Partial, Statement: "Olas ord."})+`)"`)
	a = k.post(save, url.Values{"take": {take}}).must(t, 200, "Svaret er valgt", "Olas ord.")
	if strings.Contains(a.body, "Karis nye ord.") {
		t.Error("the answer that was not chosen is still there")
	}
	k.post(save, url.Values{"take": {first + " 0000000000000000"}}).must(t, 412)

	// What a script sends: some requirements, answered in JSON.
	req := must[*http.Request](t)(http.NewRequest(http.MethodPost, s.url+save, strings.NewReader(url.Values{
		"sheet": {"x"}, "seen." + third: {answerdraft.Fingerprint(attestation.Answer{})}, "answer." + third: {"met"}}.Encode())))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	send := func(b *browser, req *http.Request) (*http.Response, savedAnswers) {
		req.Header.Set("Accept", "application/json")
		resp := must[*http.Response](t)(b.client.Do(req))
		defer resp.Body.Close()
		var body bytes.Buffer
		must[int64](t)(body.ReadFrom(resp.Body))
		return resp, readJSON[savedAnswers](t, answer{body: body.String()})
	}
	resp, got := send(k, req)
	if resp.StatusCode != 200 || !strings.HasPrefix(got.Text, "Lagret kl. ") || got.Answered != 3 || got.Seen[third] != answerdraft.Fingerprint(attestation.Answer{Status: attestation.Met}) || got.Conflicts == nil || len(got.Conflicts) > 0 {
		t.Errorf("%d %+v", resp.StatusCode, got)
	}
	if policy := k.get(page).header.Get("Content-Security-Policy"); !strings.Contains(policy, "connect-src 'self'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %s", policy)
	}
	// Too much is refused with the text kept.
	long := answerForm(t, k.get(page))
	long.Set("statement."+third, strings.Repeat("x", 4001))
	k.post(save, long).must(t, 422, strings.Repeat("x", 4001), `href="#f-statement-`+third+`"`)

	// Nobody else sees any of it.
	s.visit("rival").get(page).must(t, 403)
	if a := s.visit("rival").post(save, url.Values{"do": {"discard"}}); a.code != 403 {
		t.Errorf("a rival discards the draft: %d", a.code)
	}
	if a := s.visit("").get("/offerings/" + s.offering + "/status" + set); strings.Contains(a.body, "Olas ord.") {
		t.Error("the draft is on an open page")
	}

	// What is declared leaves the draft, what was written since the statement was
	// made stays.
	form := answerForm(t, o.get(page))
	for _, r := range v.Requirements {
		if form.Get("answer."+r.ID) == "" {
			form.Set("answer."+r.ID, "met")
		}
	}
	statement := decoded(t, o.post(page, form).must(t, 200, "statement.json"))
	later := answerForm(t, k.get(page).must(t, 200, "Alle krav har svar"))
	later.Set("statement."+second, "Et tillegg.")
	k.post(save, later).must(t, 200)
	bundle := must[[]byte](t)(signing.SignBundle(ctx, s.key, statement))
	o.upload("/offerings/"+s.offering+"/attestations"+set, nil, "bundle", "bundle.json", bundle).must(t, 200, "ført i loggen")
	d := must[answerdraft.Draft](t)(s.store.AnswerDraft(ctx, s.offering, v.Set))
	if len(d.Answers) != 1 || d.Answers[second].Answer.Statement != "Et tillegg." {
		t.Errorf("left in the draft: %+v", d.Answers)
	}
	k.get(page).must(t, 200, "Et tillegg.", "Olas ord.")

	// A draft that nobody works on goes.
	idle := answerdraft.Service{Store: s.store, Now: func() time.Time { return time.Now().Add(answerdraft.Kept + time.Hour) }}
	if n, err := (&answerdraft.Service{Store: s.store, Now: time.Now}).Sweep(ctx); n != 0 || err != nil {
		t.Errorf("swept %d too early, %v", n, err)
	}
	if n, err := idle.Sweep(ctx); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if _, err := s.store.AnswerDraft(ctx, s.offering, v.Set); !errors.Is(err, problem.ErrNotFound) {
		t.Errorf("after the sweep: %v", err)
	}
	k.post(save, url.Values{"answer." + first: {"met"}}).must(t, 200)
	k.post(save, url.Values{"do": {"discard"}}).must(t, 200, "Utkastet er slettet", "Ikke noe utkast")
}

// TestScriptLearnsOnlyOfWhatIsBeforeTheReader has Ola's script save an answer
// that he changed back, while Kari saved another one: what he types next stands
// beside hers, since he has not seen it.
func TestScriptLearnsOnlyOfWhatIsBeforeTheReader(t *testing.T) {
	s := newSiteFor(t, []login.Persona{{ID: "kari", Role: access.SupplierAuthor, Actor: kari}, {ID: "ola", Role: access.SupplierSigner, Actor: ola}})
	v, _ := s.web.Catalogue.Content().Version("grunnsett", "")
	save, id := "/offerings/"+s.offering+"/draft?set="+v.Ref(), v.Requirements[0].ID
	k, o := s.visit("kari"), s.visit("ola")
	nothing := answerdraft.Fingerprint(attestation.Answer{})
	k.post(save, url.Values{"sheet": {"k"}, "seen." + id: {nothing}, "answer." + id: {"met"}, "statement." + id: {"Karis ord."}}).must(t, 200)
	send := func(seen, words string) savedAnswers {
		t.Helper()
		form := url.Values{"sheet": {"o"}, "seen." + id: {seen}, "statement." + id: {words}}
		req := must[*http.Request](t)(http.NewRequest(http.MethodPost, s.url+save, strings.NewReader(form.Encode())))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Accept", "application/json")
		resp := must[*http.Response](t)(o.client.Do(req))
		defer resp.Body.Close()
		var body bytes.Buffer
		must[int64](t)(body.ReadFrom(resp.Body))
		return readJSON[savedAnswers](t, answer{body: body.String()})
	}
	got := send(nothing, "")
	if len(got.Conflicts) != 0 {
		t.Fatalf("what is as it was seen is a conflict: %+v", got)
	}
	got = send(got.Seen[id], "Olas ord.")
	d := must[answerdraft.Draft](t)(s.store.AnswerDraft(context.Background(), s.offering, v.Set))
	if e := d.Answers[id]; e.Answer.Statement != "Karis ord." || len(e.Others) != 1 || len(got.Conflicts) != 1 {
		t.Errorf("%q and %d others, told of %q", e.Answer.Statement, len(e.Others), got.Conflicts)
	}
}

// decoded reads the statement on the page where it is signed.
func decoded(t *testing.T, a answer) []byte {
	t.Helper()
	return must[[]byte](t)(base64.StdEncoding.DecodeString(find(t, a, `name="statement" value="([^"]+)"`)))
}

// TestFromEmptyToSignedInSixPages counts the pages that a supplier sees from
// its own page, with no offering, to the receipt, with prepared answers in a
// workbook.
func TestFromEmptyToSignedInSixPages(t *testing.T) {
	s := newSite(t, true)
	b := s.visit("supplier")
	own := "/suppliers/" + string(s.supplier)
	pages := 0
	turn := func(a answer, holds ...string) answer {
		t.Helper()
		pages++
		return a.must(t, 200, holds...)
	}
	v, _ := s.web.Catalogue.Content().Version("skytjenester", "")
	answers := make([]attestation.Answer, 0, 45)
	for i, r := range v.Requirements {
		a := attestation.Answer{Requirement: r.ID, Status: attestation.Met, Statement: "Slik gjør vi det."}
		if i%7 == 3 {
			a.Status = attestation.Partial
		}
		answers = append(answers, a)
	}
	answers = answers[:min(45, len(answers))]
	if len(answers) < 40 {
		t.Fatalf("only %d requirements to answer", len(answers))
	}
	var file bytes.Buffer
	if err := workbook.WriteAnswerSheet(&file, v, s.web.Texts.In("nb"), answers); err != nil {
		t.Fatal(err)
	}
	turn(b.get(own), own+"/offerings/new")
	turn(b.get(own+"/offerings/new"), `name="name"`)
	a := turn(b.post(own+"/offerings/new", url.Values{"name": {"Nysky"}, "regions": {"NO"}, "model": {"saas"}}), `name="workbook"`)
	upload := strings.ReplaceAll(find(t, a, `enctype="multipart/form-data" action="([^"]+)"`), "&amp;", "&")
	a = turn(b.upload(upload, nil, "workbook", "svar.xlsx", file.Bytes()), "svar er lest", "Gå til signering")
	form := answerForm(t, a)
	for _, r := range v.Requirements {
		if form.Get("answer."+r.ID) == "" {
			t.Logf("%s was not in the workbook", r.ID)
		}
	}
	id := strings.Split(upload, "/")[2]
	a = turn(b.post("/offerings/"+id+"/answers?set="+v.Ref(), form), "statement.json", "Slik gjør vi det.")
	bundle := must[[]byte](t)(signing.SignBundle(context.Background(), s.key, decoded(t, a)))
	a = turn(b.upload("/offerings/"+id+"/attestations?set="+v.Ref(), nil, "bundle", "bundle.json", bundle), "ført i loggen", "receipt.json")
	r := must[attestation.Record](t)(s.web.Attestations.Get(context.Background(), seller, strings.TrimPrefix(a.path, "/attestations/")))
	if len(r.Answers) != len(answers) {
		t.Errorf("%d answers are declared, want %d", len(r.Answers), len(answers))
	}
	if pages > 6 {
		t.Errorf("it takes %d pages", pages)
	}
	if _, err := s.store.AnswerDraft(context.Background(), id, v.Set); !errors.Is(err, problem.ErrNotFound) {
		t.Errorf("the draft is still there: %v", err)
	}
}
