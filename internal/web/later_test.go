package web

import (
	"context"
	"html"
	"regexp"
	"strings"
	"testing"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/signing"
)

// rewrite puts content in force in which each file is as change leaves it.
func (s *site) rewrite(change func(path, text string) string) {
	s.t.Helper()
	ctx := context.Background()
	live, ok := s.web.Catalogue.(*catalogue.Live)
	if !ok {
		s.t.Fatal("the content cannot change")
	}
	files := map[string]string{}
	for _, f := range live.Files() {
		text := string(must[[]byte](s.t)(live.File(f.Path)))
		if now := change(f.Path, text); now != text {
			files[f.Path] = now
		}
	}
	must[catalogue.PublishedContent](s.t)(s.store.UpdatePublishedContent(ctx, func(p catalogue.PublishedContent) (catalogue.PublishedContent, error) {
		p.Files, p.Drafts = files, append(p.Drafts, newID())
		return p, nil
	}))
	before := live.Content()
	if err := live.Reload(ctx); err != nil || live.Content() == before {
		s.t.Fatalf("the new content is not in force: %v", err)
	}
}

// without is a file without what has an id in a list of the content.
func without(text, id string) string {
	return regexp.MustCompile(`(?ms)^  - id: `+regexp.QuoteMeta(id)+`\n.*?(^  - id: |\z)`).ReplaceAllString(text, "$1")
}

var catalogueLink = regexp.MustCompile(`href="(/catalogue/[^"#]+)`)

// TestRetiredContentOnThePages: a requirement, a measure and a set that have
// been declared for, reviewed and watched are retired. Every page that tells of
// them still does, by name, and leads to something.
func TestRetiredContentOnThePages(t *testing.T) {
	s := newSite(t, true)
	ctx, cat := context.Background(), s.web.Catalogue.Content()
	const set = "konsulenter"
	v, _ := cat.Version(set, "")
	d := attestation.Draft{Offering: s.offering, Set: set}
	for _, r := range v.Requirements {
		d.Answers = append(d.Answers, attestation.Answer{Requirement: r.ID, Status: attestation.Met})
	}
	receipt, _, err := s.web.Attestations.Submit(ctx, seller, must[[]byte](t)(signing.SignBundle(ctx, s.key, must[[]byte](t)(s.web.Attestations.Prepare(ctx, seller, d)))))
	if err != nil {
		t.Fatal(err)
	}
	old, _ := cat.Version("skytjenester", "")
	released, _ := old.Requirement(s.reviewed)
	measure, instead := released.Measures[0], ""
	for _, m := range cat.Measures {
		if m.ID != measure {
			instead = m.ID
		}
	}
	s.rewrite(func(path, text string) string {
		text = without(text, s.reviewed)
		text = strings.ReplaceAll(text, "  - "+s.reviewed+"\n", "")
		if strings.HasPrefix(path, "measures/") {
			return without(text, measure)
		}
		if path == "sets/"+set+".yaml" {
			text = strings.Replace(text, "id: "+set+"\n", "id: radgivere\n", 1)
		}
		return strings.ReplaceAll(text, measure, instead)
	})
	now := s.web.Catalogue.Content()
	if _, there := now.Requirement(s.reviewed); there {
		t.Fatal("the requirement is in force")
	}
	if _, there := now.Measure(measure); there {
		t.Fatal("the measure is in force")
	}
	if _, there := now.Set(set); there {
		t.Fatal("the set is in force")
	}
	name := v.Name.NB
	seen := map[string]bool{}
	for _, c := range []struct{ who, path, want string }{
		{"adviser", "/offerings/" + s.declared + "/status?answers=all", released.Title.NB},
		{"adviser", "/offerings/" + s.declared + "/status?set=skytjenester@1.0.0&answers=all", ""},
		{"adviser", "/reviews/" + s.review, released.Title.NB},
		{"adviser", "/attestations/" + s.digest + "/reviews/new?requirement=" + s.reviewed, released.Title.NB},
		{"adviser", "/watch", ""},
		{"supplier", "/attestations/" + s.digest + "/renewal", ""},
		{"supplier", "/offerings/" + s.declared + "/answers?set=skytjenester", released.Title.NB},
		{"supplier", "/catalogue/requirements/" + s.reviewed + "?set=skytjenester&version=2.0.0", "ikke lenger"},
		{"supplier", "/catalogue/requirements/" + s.reviewed, released.Title.NB},
		{"supplier", "/catalogue/sets/" + set, name},
		{"supplier", "/suppliers/" + string(s.supplier), name},
		{"supplier", "/attestations/" + receipt.Attestation, name},
		{"supplier", "/attestations/" + receipt.Attestation + "/withdrawal", name},
		{"supplier", "/attestations/" + receipt.Attestation + "/renewal", name},
		{"supplier", "/offerings/" + s.offering + "/status", `value="` + set + `@1.0.0" selected`},
		{"supplier", "/declarations", name},
		{"", "/suppliers?q=testsky", name},
	} {
		b := s.visit(c.who)
		a := b.get(c.path)
		if a.code != 200 || !strings.Contains(html.UnescapeString(a.body), c.want) {
			t.Errorf("%s: %d, tells %q: %v", c.path, a.code, c.want, strings.Contains(html.UnescapeString(a.body), c.want))
			continue
		}
		for _, m := range catalogueLink.FindAllStringSubmatch(a.body, -1) {
			to := html.UnescapeString(m[1])
			if seen[to] {
				continue
			}
			seen[to] = true
			if got := b.get(to); got.code != 200 {
				t.Errorf("%s leads to %s: %d", c.path, to, got.code)
			}
		}
	}
}

// TestStatusBeforeAVersionCame: the form of the status page sends the version it
// shows. At a moment before that came, the answer is for the one there was then.
func TestStatusBeforeAVersionCame(t *testing.T) {
	s := newSite(t, true)
	ctx := context.Background()
	v, _ := s.web.Catalogue.Content().Version("skytjenester", "")
	old, _ := s.web.Catalogue.Content().Version("skytjenester", "1.0.0")
	if _, _, err := s.web.Attestations.Log.Append(ctx, catalogue.ReleaseKey(v.Ref()), []byte(`{"event":"set-released"}`)); err != nil {
		t.Fatal(err)
	}
	b, path := s.visit("adviser"), "/offerings/"+s.declared+"/status?set="+v.Ref()
	b.get(path).must(t, 200, `value="`+v.Ref()+`" selected`)
	yesterday := localDay(s.web.Now().AddDate(0, 0, -1))
	b.get(path+"&at="+yesterday).must(t, 200, `value="`+old.Ref()+`" selected`)
	b.get("/offerings/"+s.declared+"/status?set="+old.Ref()+"&at="+yesterday).must(t, 200, `value="`+old.Ref()+`" selected`)
}

// TestRenewingAfterErasure: a document that the declaration refers to has been
// erased since. The page of the declaration says which answers that concerns.
func TestRenewingAfterErasure(t *testing.T) {
	s := newSite(t, true)
	if _, err := s.web.Evidence.Erase(context.Background(), seller, s.supplier, s.evidence, evidence.ErasureRequest{Reason: "Utgått."}, 0); err != nil {
		t.Fatal(err)
	}
	b := s.visit("supplier")
	a := b.get("/attestations/" + s.digest + "/renewal")
	if a.code != 422 || !strings.Contains(a.body, "/attestations/"+s.digest+"/withdrawal") || !strings.Contains(a.body, s.reviewed) {
		t.Errorf("%d without the declaration, or without %s: %s", a.code, s.reviewed, leading(a.body))
	}
	b.get("/attestations/"+s.digest).must(t, 200)
	s.visit("adviser").get("/offerings/"+s.declared+"/status?answers=all").must(t, 200, "Slettet")
	s.visit("adviser").get("/reviews/"+s.review).must(t, 200)
	s.visit("adviser").get("/attestations/"+s.digest+"/reviews/new?requirement="+s.reviewed).must(t, 200)
}
