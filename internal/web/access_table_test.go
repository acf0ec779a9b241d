package web

import (
	"context"
	"net/url"
	"strings"

	"felleskrav/internal/access"
	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/organisation"
)

// How what is another organisation's answers to those who may do the same to
// their own.
const (
	asOwn  = 0
	denied = 403
	absent = 404
)

// cell is what the policy does not say of a route.
type cell struct {
	// owner has what is in the path: a supplier, or a body with a procurement, or
	// a body with checks and reviews.
	owner     string
	elsewhere int
	// sees narrows a right that by the policy goes for all.
	sees func(access.Actor) bool
	// good is the answer to those who may: a page, another address (303), or a
	// page that asks for the rest of the form (422).
	good int
	// landless is good for those who act for no organisation.
	landless int
	form     url.Values
	query    string
	header   map[string]string // in the place of what a browser sends from here
	// file is the form's input for a file; the form is then of several parts.
	file string
	// fresh gives the id of something new for each who may.
	fresh func(*site) string
}

func ownedBy(org string) func(access.Actor) bool {
	return func(a access.Actor) bool { return a.Org == org }
}

// sharedReview is for a review that its body shares with other bodies.
func sharedReview(a access.Actor) bool {
	return a.Agency() || a.Has(access.Supplier) && a.Org == seller.Org
}

// mayHaveStatement is for those who sign something: what they declare for the
// supplier, or a review by their own body.
func mayHaveStatement(a access.Actor) bool {
	return access.Check(a, access.PrepareStatement, seller.Org) == nil || access.Check(a, access.WriteReview, a.Org) == nil
}

// ids are what the patterns of paths stand for, by what is before them.
func (s *site) ids() map[string]string {
	c := s.web.Catalogue.Content()
	open, settled, _ := s.ownBooks()
	_ = open
	return map[string]string{
		"/procurements/:id": s.procurement, ":wid": settled, "/suppliers/:orgnr": seller.Org, "/bodies/:orgnr": adviser.Org, "/offerings/:id": s.declared,
		"/attestations/:digest": s.digest, "/reviews/:digest": s.review, "/waiting/:digest": strings.Repeat("0", 64), ":sha256": s.evidence, "/checks/:id": s.checked,
		"/tasks/:id": c.Tasks[0].ID, "/measures/:id": c.Measures[0].ID, "/sets/:id": "grunnsett", "/requirements/:id": c.Requirements()[1].ID,
		"/drafts/:id": s.draft, ":requirement": s.editedIn, ":tag": "catalogue",
		":rid": newID(), "/tokens/:id": newID(), "/invitations/:id": newID(), "/members/:person": "person%3A" + strings.Repeat("0", 32), "/claims/:id": newID(), "/join/:secret": strings.Repeat("A", 43),
	}
}

func (s *site) newCheck() string {
	return must[bulkcheck.Job](s.t)(s.web.Checks.Start(context.Background(), adviser, bulkcheck.Order{FileName: "a.csv", Set: "skytjenester"}, strings.NewReader("Orgnr\n"+seller.Org+"\n"))).ID
}

func (s *site) newToken() string {
	_, t, err := s.web.Tokens.Issue(context.Background(), organisation.Number(seller.Org), seller.Name, []access.Role{access.SupplierReader}, 1e15)
	if err != nil {
		s.t.Fatal(err)
	}
	return t.ID
}

// cells has every route of the pages; TestAccess fails for one that is missing.
func (s *site) cells() map[string]cell {
	forAll := cell{good: 200}
	tender := cell{owner: buyer.Org, elsewhere: absent, good: 200}
	supply := cell{owner: seller.Org, elsewhere: denied, good: 200}
	review := cell{owner: adviser.Org, elsewhere: absent, sees: sharedReview, good: 200}
	check := cell{owner: adviser.Org, elsewhere: absent, good: 200}
	with := func(c cell, good int, form ...string) cell {
		c.good, c.form = good, url.Values{}
		for i := 0; i+1 < len(form); i += 2 {
			c.form.Add(form[i], form[i+1])
		}
		return c
	}
	asked := func(c cell, query string) cell { c.query = query; return c }
	file := func(c cell, good int, input string) cell { c.good, c.file = good, input; return c }
	made := func(c cell, fresh func(*site) string) cell { c.fresh, c.good = fresh, 303; return c }
	own := func(c cell) cell { c.elsewhere = asOwn; return c }
	mine := func(c cell) cell { c.sees, c.landless = ownedBy(c.owner), denied; return c }
	task := s.web.Catalogue.Content().Tasks[0].ID
	return map[string]cell{
		"GET /": forAll, "GET /login": {good: 303}, "GET /demo/login": forAll, "POST /demo/login": {good: 400}, "POST /logout": {good: 303},
		"POST /logout/everywhere": {good: 303}, "GET /login/oidc": {good: 404}, "GET /login/oidc/callback": {good: 404}, "GET /login/oidc/frontchannel-logout": {good: 404}, // without a provider
		"GET /login/organisation": {good: 303}, "POST /login/organisation": {good: 401},

		"GET /procurements": own(tender), "GET /procurements/new": forAll,
		"POST /procurements":                            with(own(tender), 303, "title", "Nytt", "language", "nb", "task", task, "model", "saas"),
		"GET /procurements/:id":                         tender,
		"GET /procurements/:id/record":                  tender,
		"GET /procurements/:id/workbook":                tender,
		"GET /procurements/:id/requirements":            tender,
		"POST /procurements/:id/requirements":           with(tender, 422, "type.K-NO-01", "A", "rev", "999"),
		"GET /procurements/:id/newest":                  tender,
		"POST /procurements/:id/newest":                 with(tender, 412, "rev", "999"),
		"GET /procurements/:id/columns":                 tender,
		"POST /procurements/:id/columns":                with(tender, 303, "usual", "yes"),
		"GET /procurements/:id/bidders":                 tender,
		"POST /procurements/:id/bidders":                with(tender, 422),
		"POST /procurements/:id/bidders/remove":         with(tender, 303, "supplier", "999999999"),
		"POST /procurements/:id/responses":              file(tender, 415, "workbook"),
		"GET /procurements/:id/comparison":              tender,
		"GET /procurements/:id/comparison.svg":          tender,
		"GET /procurements/:id/comparison.png":          tender,
		"POST /procurements/:id/contract-end":           with(tender, 303, "contractEnd", "2040-01-01"),
		"GET /procurements/:id/own":                     tender,
		"POST /procurements/:id/own":                    file(tender, 415, "workbook"),
		"GET /procurements/:id/own/:wid":                tender,
		"POST /procurements/:id/own/:wid":               with(tender, 422, "rev", "999"),
		"POST /procurements/:id/own/:wid/remove":        made(tender, func(s *site) string { return s.ownBook(grouped).Workbook.ID }),
		"GET /procurements/:id/own/:wid/report":         asked(tender, "?answers="+seller.Org),
		"GET /procurements/:id/own/:wid/file":           asked(tender, "?answers="+seller.Org),
		"GET /suppliers":                                forAll,
		"GET /suppliers/:orgnr":                         forAll,
		"GET /suppliers/:orgnr/edit":                    supply,
		"POST /suppliers/:orgnr/edit":                   with(supply, 303, "name", "Testsky AS", "country", "NO", "website", "https://example.com"),
		"GET /suppliers/:orgnr/keys":                    forAll,
		"POST /suppliers/:orgnr/keys":                   with(supply, 422, "publicKey", "x"),
		"GET /suppliers/:orgnr/keys/challenge":          with(supply, 303),
		"GET /suppliers/:orgnr/keys/challenge/file":     with(supply, 404),
		"POST /suppliers/:orgnr/keys/challenge":         with(supply, 422),
		"POST /suppliers/:orgnr/keys/revoke":            with(supply, 404, "key", strings.Repeat("0", 64), "reason", "retired"),
		"POST /suppliers/:orgnr/four-eyes":              with(supply, 303, "required", "no"),
		"POST /suppliers/:orgnr/verification":           with(cell{}, 422, "rev", "1"),
		"GET /suppliers/:orgnr/waiting/:digest":         with(supply, 404),
		"GET /suppliers/:orgnr/evidence":                forAll,
		"POST /suppliers/:orgnr/evidence":               file(supply, 422, "file"),
		"GET /suppliers/:orgnr/evidence/:sha256":        supply,
		"POST /suppliers/:orgnr/evidence/:sha256":       with(supply, 412, "rev", "999", "kind", "iso27001-certificate", "visibility", "public"),
		"GET /suppliers/:orgnr/evidence/:sha256/erase":  supply,
		"POST /suppliers/:orgnr/evidence/:sha256/erase": with(supply, 422, "rev", "1"),
		"GET /suppliers/:orgnr/offerings/new":           supply,
		"POST /suppliers/:orgnr/offerings/new":          with(supply, 303, "name", "Ny", "model", "saas", "regions", "NO"),
		"GET /evidence/:sha256":                         forAll,

		"GET /offerings/:id/edit":              supply,
		"POST /offerings/:id/edit":             with(supply, 422, "rev", "1"),
		"GET /offerings/:id/answers":           supply,
		"POST /offerings/:id/answers":          with(supply, 422, "validUntil", "rubbish"),
		"POST /offerings/:id/draft":            with(supply, 303, "answer."+s.reviewed, "met"),
		"GET /offerings/:id/answers/workbook":  supply,
		"POST /offerings/:id/answers/workbook": file(supply, 415, "workbook"),
		"POST /offerings/:id/statement/file":   {owner: seller.Org, elsewhere: denied, sees: mayHaveStatement, good: 422},
		"POST /offerings/:id/attestations":     file(supply, 422, "bundle"),
		"GET /offerings/:id/status":            forAll,

		"GET /watch":         own(check),
		"POST /watch":        with(own(check), 303, "supplier", seller.Org),
		"POST /watch/remove": with(own(check), 303, "supplier", seller.Org),
		"POST /watch/seen":   with(own(check), 303, "at", "2026-01-01T00:00:00Z"),

		"GET /checks": own(check), "POST /checks": file(cell{landless: denied}, 422, "list"), "GET /checks/:id": check, "GET /checks/:id/result": check,
		"POST /checks/:id/cancel": mine(made(check, (*site).newCheck)), "POST /checks/:id/delete": mine(made(check, (*site).newCheck)),

		"GET /attestations/:digest": forAll, "GET /attestations/:digest/receipt.json": forAll, "GET /attestations/:digest/bundle.json": forAll,
		"GET /attestations/:digest/verdict.json":        forAll,
		"GET /attestations/:digest/renewal":             supply,
		"GET /attestations/:digest/withdrawal":          supply,
		"POST /attestations/:digest/withdrawal":         with(supply, 422),
		"POST /attestations/:digest/withdrawal/bundle":  file(supply, 422, "bundle"),
		"GET /attestations/:digest/reviews/new":         asked(forAll, "?requirement="+s.reviewed),
		"POST /attestations/:digest/reviews/statement":  asked(with(cell{}, 422), "?requirement="+s.reviewed),
		"POST /attestations/:digest/reviews":            asked(file(cell{}, 422, "bundle"), "?requirement="+s.reviewed),
		"GET /reviews":                                  forAll,
		"GET /reviews/:digest":                          review,
		"GET /reviews/:digest/receipt.json":             review,
		"GET /reviews/:digest/bundle.json":              review,
		"GET /reviews/:digest/withdrawal":               {owner: adviser.Org, elsewhere: denied, good: 200},
		"POST /reviews/:digest/withdrawal":              {owner: adviser.Org, elsewhere: denied, good: 422},
		"POST /reviews/:digest/withdrawal/bundle":       file(cell{owner: adviser.Org, elsewhere: denied}, 422, "bundle"),
		"GET /bodies/:orgnr/edit":                       {owner: adviser.Org, elsewhere: denied, good: 200},
		"POST /bodies/:orgnr/edit":                      {owner: adviser.Org, elsewhere: denied, good: 303, form: url.Values{"name": {"Testetaten"}}},
		"GET /catalogue":                                forAll,
		"GET /catalogue/tasks":                          forAll,
		"GET /catalogue/tasks/:id":                      forAll,
		"GET /catalogue/measures":                       forAll,
		"GET /catalogue/measures/:id":                   forAll,
		"GET /catalogue/sets":                           forAll,
		"GET /catalogue/sets/:id":                       forAll,
		"GET /catalogue/requirements/:id":               forAll,
		"POST /catalogue/requirements/:id/reports":      with(forAll, 303, "kind", "unclear", "text", "Hva menes?"),
		"POST /catalogue/requirements/:id/reports/:rid": with(forAll, 404, "note", "Svar."),
		"GET /catalogue/crosswalk":                      forAll, "GET /catalogue/search": asked(forAll, "?q=logg"),

		"GET /editor/drafts":                                forAll,
		"POST /editor/drafts":                               with(forAll, 422),
		"GET /editor/drafts/:id":                            forAll,
		"POST /editor/drafts/:id":                           with(forAll, 422, "title", ""),
		"POST /editor/drafts/:id/releases":                  with(forAll, 422),
		"GET /editor/drafts/:id/requirements/:requirement":  forAll,
		"POST /editor/drafts/:id/requirements/:requirement": with(forAll, 422),
		"GET /editor/drafts/:id/file":                       asked(forAll, "?path=sources.yaml"),
		"POST /editor/drafts/:id/file":                      with(forAll, 422, "path", "sources.yaml", "text", "x"),
		"GET /editor/drafts/:id/changes":                    forAll,
		"GET /editor/drafts/:id/check":                      forAll,
		"POST /editor/drafts/:id/submit":                    with(forAll, 412, "rev", "999"),
		"POST /editor/drafts/:id/decision":                  with(forAll, 422, "decision", "approve"), // it is not under review
		"POST /editor/drafts/:id/publish":                   with(forAll, 422),                        // nor approved
		"POST /editor/drafts/:id/discard":                   with(forAll, 412, "rev", "999"),
		"GET /editor/reports":                               forAll,
		"POST /editor/reports/:rid":                         with(forAll, 422),
		"GET /accessibility":                                forAll,
		"GET /declarations":                                 forAll,
		"GET /docs":                                         forAll,
		"GET /docs/:tag":                                    forAll,
		"GET /tokens":                                       forAll,
		"POST /tokens":                                      with(forAll, 422, "name", "x"),
		"POST /tokens/:id/revoke":                           made(cell{owner: seller.Org, elsewhere: absent}, (*site).newToken),
		"GET /members":                                      forAll,
		"POST /members/invitations":                         with(forAll, 422),
		"POST /members/invitations/:id/revoke":              with(forAll, 404),
		"POST /members/:person/roles":                       with(forAll, 404, "role", "x"),
		"POST /members/:person/remove":                      with(forAll, 404),
		"GET /join/:secret":                                 {good: 403}, // for people, of whom there are none here: see TestRightToActAndToBeForgotten
		"POST /join/:secret":                                {good: 403},
		"GET /claims":                                       forAll,
		"GET /claims/new":                                   forAll,
		"POST /claims/new":                                  {good: 422},
		"GET /claims/mine":                                  {good: 403},
		"POST /claims/:id":                                  with(forAll, 422),
		"GET /me":                                           {good: 403},
		"GET /me/export":                                    {good: 403},
		"POST /me/leave":                                    {good: 404},
		"GET /me/erase":                                     {good: 403},
		"POST /me/erase":                                    {good: 403},
		"GET /privacy":                                      forAll,
		"GET /trail":                                        forAll,
		"GET /trail/export":                                 asked(forAll, "?format=csv"),
		"GET /log":                                          forAll,
		"GET /workbooks/verify":                             forAll,
		"POST /workbooks/verify":                            file(forAll, 415, "workbook"),
	}
}
