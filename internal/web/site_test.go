package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"felleskrav/internal/access"
	"felleskrav/internal/api"
	"felleskrav/internal/apidoc"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/attestation/reuse"
	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/httpd"
	"felleskrav/internal/locale"
	"felleskrav/internal/login"
	"felleskrav/internal/member"
	"felleskrav/internal/notify"
	"felleskrav/internal/organisation"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/procurement"
	"felleskrav/internal/review"
	"felleskrav/internal/selection"
	"felleskrav/internal/signing"
	"felleskrav/internal/status/facts"
	"felleskrav/internal/storage"
	"felleskrav/internal/storage/sqlite"
	"felleskrav/internal/supplier"
	"felleskrav/internal/trail"
	"felleskrav/internal/trail/requests"
	"felleskrav/internal/transparency"
	"felleskrav/internal/workbook"
	"felleskrav/requirements"
	"felleskrav/templates"
)

// site is the pages on a real server with a real store, and a small market.
type site struct {
	t   testing.TB
	web *Web
	url string
	key crypto.Signer
	log *transparency.Signer

	supplier, rival, agency organisation.Number
	offering, declared      string // ids; declared has an attestation
	digest, procurement     string
	evidence                string // SHA-256

	dir   string // of the store
	store *sqlite.Store

	checked, cancelled, waiting string // ids of checks of lists
	draft                       string // a draft by the editor that changes editedIn
	editedIn                    string // a requirement
	bodyKey                     crypto.Signer
	review, reviewed            string // a shared review by the adviser's body, and its requirement
}

var (
	buyer   = access.Actor{ID: "test:buyer", Name: "Testvik kommune", Org: "910000004", Roles: []access.Role{access.Procurement}}
	seller  = access.Actor{ID: "test:seller", Name: "Testsky AS", Org: "910000012", Roles: []access.Role{access.Supplier}}
	other   = access.Actor{ID: "test:rival", Name: "Rival AS", Org: "910000020", Roles: []access.Role{access.Supplier}}
	adviser = access.Actor{ID: "test:adviser", Name: "Testetaten", Org: "910000039", Roles: []access.Role{access.Adviser}}
	second  = access.Actor{ID: "test:second-editor", Name: "Testtilsynet", Org: "910000055", Roles: []access.Role{access.Editor}}
	third   = access.Actor{ID: "test:third-editor", Name: "Testforbundet", Org: "910000063", Roles: []access.Role{access.Editor}}
	editor  = access.Actor{ID: "test:editor", Name: "Testdirektoratet", Org: "910000047", Roles: []access.Role{access.Editor}}
)

func personas() []login.Persona {
	var out []login.Persona
	for _, a := range []access.Actor{buyer, seller, adviser, editor} {
		out = append(out, login.Persona{ID: string(a.Roles[0]), Role: a.Roles[0], Actor: a})
	}
	out = append(out, login.Persona{ID: "second-editor", Role: access.Editor, Actor: second})
	out = append(out, login.Persona{ID: "third-editor", Role: access.Editor, Actor: third})
	out = append(out, login.Persona{ID: "head", Role: access.Procurement, Actor: headOfBuyers})
	return append(out, login.Persona{ID: "rival", Role: access.Supplier, Actor: other})
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// contract is read once for all sites.
var contract = sync.OnceValue(func() apidoc.Document {
	doc, err := api.Document("http://test.example")
	if err != nil {
		panic(err)
	}
	return doc
})

// newSite starts a server. Without demo nobody can log in.
func newSite(t testing.TB, demo bool) *site {
	t.Helper()
	ways := personas()
	if !demo {
		ways = nil
	}
	return openSite(t, t.TempDir(), demo, time.Now, func(store *sqlite.Store, _ string) login.Config {
		return login.Config{Store: store.Sessions(), Demo: ways}
	})
}

// newSiteAt is newSite with demo on another day, from when its time runs.
func newSiteAt(t testing.TB, at time.Time) *site {
	t.Helper()
	begun := time.Now()
	now := func() time.Time { return at.Add(time.Since(begun)) }
	return openSite(t, t.TempDir(), true, now, func(store *sqlite.Store, _ string) login.Config {
		return login.Config{Store: store.Sessions(), Demo: personas(), Now: now}
	})
}

// newSiteFor is newSite with others who can log in.
func newSiteFor(t *testing.T, ways []login.Persona) *site {
	t.Helper()
	return openSite(t, t.TempDir(), true, time.Now, func(store *sqlite.Store, _ string) login.Config {
		return login.Config{Store: store.Sessions(), Demo: ways}
	})
}

// openSite starts a server on a folder, where people log in as configured for
// its address.
func openSite(t testing.TB, dir string, demo bool, now func() time.Time, sessions func(store *sqlite.Store, address string) login.Config) *site {
	t.Helper()
	store := must[*sqlite.Store](t)(sqlite.Open(context.Background(), dir, now))
	s := openSiteOn(t, store, demo, now, func(address string) login.Config { return sessions(store, address) })
	s.dir, s.store = dir, store
	return s
}

// openSiteOn is openSite on a store of either kind, which it closes.
func openSiteOn(t testing.TB, store storage.Store, demo bool, now func() time.Time, sessions func(address string) login.Config) *site {
	t.Helper()
	ctx := context.Background()
	texts := must[*locale.Bundle](t)(locale.Load(templates.FS, "locales"))
	cat := must[*catalogue.Live](t)(catalogue.NewLive(requirements.FS, nil))
	if err := cat.Follow(ctx, store); err != nil {
		t.Fatal(err)
	}
	signer := must[*transparency.Signer](t)(transparency.ParseSigner(must[string](t)(transparency.GenerateSignerKey("test.example"))))
	log := must[*transparency.Log](t)(transparency.Open(ctx, store, transparency.Config{Signer: signer, Now: now}))
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	public := publiclog.New(log, store, signer)
	registry := must[crypto.Signer](t)(signing.GenerateKey(signing.ECDSAP256))
	cfg := Config{
		Catalogue: cat, Texts: texts, Files: templates.FS, Dist: templates.Dist, Now: now, Demo: demo,
		Log: log, LogKey: signer.VerifierKey(), BaseURL: "http://test.example",
		Suppliers:    &supplier.Service{Store: store, Log: public, Now: now, NewID: newID},
		Evidence:     &evidence.Service{Store: store, Now: now, MaxBytes: 1 << 20},
		Attestations: &attestation.Service{Store: store, Suppliers: store, Evidence: store, Catalogue: cat, Log: public, Verifier: attestation.NewVerifier("test.example", registry), Now: now},
		Facts:        &facts.Service{Suppliers: store, Attestations: store, Reviews: store, Log: public, Catalogue: cat, Now: now},
		Reviews:      &review.Service{Store: store, Attestations: store, Suppliers: store, Evidence: store, Log: public, Now: now},
		Drafts:       &catalogue.DraftService{Store: store, Log: public, Live: cat, Now: now, NewID: newID},
		Document:     contract,
		Reports:      &catalogue.ReportService{Store: store, Catalogue: cat, Now: now, NewID: newID},
		Tokens:       &organisation.Service{Store: store, Now: now},
		Members:      &member.Service{Store: store, Now: now, NewID: newID},
		MaxEvidence:  1 << 20,
	}
	cfg.Answering = &answerdraft.Service{Store: store, Suppliers: store, Catalogue: cat, Now: now}
	cfg.Attestations.Drafts = cfg.Answering
	cfg.Reuse = &reuse.Service{Store: store, Now: now}
	cfg.Trail = trail.New(trail.Config{Store: store, Log: public, Now: now})
	t.Cleanup(cfg.Trail.Close)
	cfg.Procurements = &procurement.Service{Store: store, Catalogue: cat, Facts: cfg.Facts, Suppliers: store, Reuse: cfg.Reuse, Now: now, NewID: newID}
	cfg.Checks = &bulkcheck.Service{Store: store, Facts: cfg.Facts, Catalogue: cat, Texts: texts, BaseURL: cfg.BaseURL, Limits: workbook.DefaultLimits(), Now: now, NewID: newID}
	cfg.Watch = &notify.Service{Store: store, Facts: cfg.Facts, Now: now}
	cfg.OwnBooks = &ownbook.Service{Store: store, Procurements: cfg.Procurements, Catalogue: cat, Texts: texts, Limits: workbook.DefaultLimits(), Now: now, NewID: newID}
	ts := httptest.NewUnstartedServer(nil)
	cfg.Sessions = login.New(sessions("http://" + ts.Listener.Addr().String()))
	w := must[*Web](t)(New(cfg))
	srv := must[*httpd.Server](t)(httpd.New(httpd.Config{Texts: texts, Page: w.Error, Now: now, Trail: requests.Trail{Service: cfg.Trail}}))
	srv.Mount(w)
	ts.Config.Handler = srv.Engine
	ts.Start()
	t.Cleanup(ts.Close)
	s := &site{t: t, web: w, url: ts.URL, log: signer}
	if demo {
		s.fill(ctx)
	}
	return s
}

// fill makes a market: one supplier with a signed declaration and an offering
// without, one that has a sub-supplier, and a procurement with two bidders.
func (s *site) fill(ctx context.Context) {
	t, w := s.t, s.web
	s.supplier, s.rival, s.agency = organisation.Number(seller.Org), organisation.Number(other.Org), organisation.Number(buyer.Org)
	for _, a := range []access.Actor{seller, other} {
		if _, _, err := w.Suppliers.Register(ctx, a, supplier.Supplier{Number: organisation.Number(a.Org), Name: a.Name, Country: "NO", Website: "https://example.com", Invented: true}); err != nil {
			t.Fatal(err)
		}
	}
	s.key = must[crypto.Signer](t)(signing.GenerateKey(signing.Algorithms()[0]))
	s.enrol(ctx, seller, s.key)
	sub := must[supplier.Offering](t)(w.Suppliers.CreateOffering(ctx, other, supplier.Offering{
		Supplier: s.rival, Name: "Rivaldrift", Models: []catalogue.DeliveryModel{catalogue.ModelIaaS}, Regions: []string{"SE"},
	}))
	make := func(name string) string {
		return must[supplier.Offering](t)(w.Suppliers.CreateOffering(ctx, seller, supplier.Offering{
			Supplier: s.supplier, Name: name, Description: "Sak og arkiv for kommuner.", Version: "2026.2",
			Models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, Regions: []string{"NO", "SE"},
			SubSuppliers: []supplier.SubSupplier{{Name: "Rival AS", Country: "NO", Number: s.rival, Offering: sub.ID, Purpose: "Drift av servere"}},
		})).ID
	}
	s.declared, s.offering = make("Testsak"), make("Testarkiv")
	e, _, err := w.Evidence.Upload(ctx, seller, evidence.Upload{Owner: s.supplier, Name: "sertifikat.txt", Kind: "iso27001-certificate", Visibility: evidence.VisiblePublic}, strings.NewReader("A certificate."))
	if err != nil {
		t.Fatal(err)
	}
	s.evidence = e.SHA256
	v, ok := w.Catalogue.Content().Version("skytjenester", "")
	if !ok {
		t.Fatal("no release of skytjenester")
	}
	draft := attestation.Draft{Offering: s.declared, Set: v.Set, Version: v.Version}
	statuses := attestation.AnswerStatuses()
	for i, r := range v.Requirements {
		a := attestation.Answer{Requirement: r.ID, Status: attestation.Met}
		if i%4 == 3 {
			a.Status, a.Statement = statuses[i/4%len(statuses)], "Slik gjør vi det."
		}
		if i%5 == 0 {
			a.Evidence = []attestation.EvidenceRef{{Digest: attestation.DigestSet{SHA256: s.evidence}}}
		}
		draft.Answers = append(draft.Answers, a)
	}
	statement := must[[]byte](t)(w.Attestations.Prepare(ctx, seller, draft))
	bundle := must[[]byte](t)(signing.SignBundle(ctx, s.key, statement))
	receipt, _, err := w.Attestations.Submit(ctx, seller, bundle)
	if err != nil {
		t.Fatal(err)
	}
	s.digest = receipt.Attestation
	body := organisation.Number(adviser.Org)
	if _, _, err := w.Suppliers.RegisterBody(ctx, adviser, supplier.Supplier{Number: body, Name: adviser.Name}); err != nil {
		t.Fatal(err)
	}
	s.bodyKey = must[crypto.Signer](t)(signing.GenerateKey(signing.Algorithms()[0]))
	s.enrol(ctx, adviser, s.bodyKey)
	s.reviewed = v.Requirements[0].ID
	found := must[[]byte](t)(w.Reviews.Prepare(ctx, adviser, review.Draft{
		Attestation: s.digest, Requirement: s.reviewed, Evidence: []string{s.evidence}, Outcome: review.AcceptedWithConditions,
		Reason: "Sertifikatet dekker tjenesten.", Conditions: "Nytt sertifikat legges fram innen utgangen av året.", Shared: review.SharedAgencies,
	}))
	accepted, _, err := w.Reviews.Submit(ctx, adviser, must[[]byte](t)(signing.SignBundle(ctx, s.bodyKey, found)))
	if err != nil {
		t.Fatal(err)
	}
	s.review = accepted.Review
	reported := w.Catalogue.Content().Requirements()[1].ID
	r := must[catalogue.Report](t)(w.Reports.Report(ctx, seller, reported, catalogue.ReportDuplicate, "Dette står også i et annet krav."))
	must[catalogue.Report](t)(w.Reports.Resolve(ctx, editor, reported, r.ID, "De er slått sammen."))
	must[catalogue.Report](t)(w.Reports.Report(ctx, buyer, reported, catalogue.ReportUnclear, "Hva er godt nok?"))
	p := must[procurement.Procurement](t)(w.Procurements.Create(ctx, buyer, procurement.Procurement{
		Title: "Sak og arkiv", Reference: "26/1234", Language: "nb",
		Input: selection.Input{Tasks: []string{w.Catalogue.Content().Tasks[0].ID}, DeliveryModels: []catalogue.DeliveryModel{catalogue.ModelSaaS}},
	}))
	p.Bidders = []procurement.Bidder{{Supplier: s.supplier, Name: "Testsky AS", Offering: s.declared}, {Supplier: s.rival, Name: "Rival AS"}}
	s.procurement = must[procurement.Procurement](t)(w.Procurements.Update(ctx, buyer, p, p.Rev)).ID
	s.startChecks(ctx)
	for _, watched := range []notify.Target{{Supplier: s.supplier, Offering: s.declared}, {Supplier: s.rival}} {
		if err := w.Watch.Watch(ctx, adviser, watched); err != nil {
			t.Fatal(err)
		}
	}
	// What has come since: an offering.
	must[supplier.Offering](t)(w.Suppliers.CreateOffering(ctx, other, supplier.Offering{
		Supplier: s.rival, Name: "Rivalkart", Models: []catalogue.DeliveryModel{catalogue.ModelSaaS}, Regions: []string{"NO"},
	}))
	s.startDraft(ctx)
}

// startDraft makes a draft of the next version of a set, in which a requirement
// is vague.
func (s *site) startDraft(ctx context.Context) {
	t, w := s.t, s.web
	cat := w.Catalogue.Content()
	wanted, _ := cat.NewVersion("grunnsett")
	d := must[catalogue.Draft](t)(w.Drafts.Create(ctx, editor, catalogue.DraftInput{Title: "Klarere tekster", Note: "Etter merknader.", Releases: []catalogue.WantedRelease{wanted}}))
	s.editedIn = cat.SetRequirements("grunnsett")[1]
	r, _ := cat.Requirement(s.editedIn)
	to := r.Wording()
	to.Set("verify", "nb", "Be om en passende plan.")
	s.draft = must[catalogue.Draft](t)(w.Drafts.EditRequirement(ctx, editor, d.ID, s.editedIn, r.WordingDigest(), to, false)).ID
}

func (s *site) enrol(ctx context.Context, a access.Actor, key crypto.Signer) {
	pub := must[signing.PublicKey](s.t)(signing.PublicOf(key))
	ch := must[supplier.Challenge](s.t)(s.web.Suppliers.BeginEnrolment(ctx, a, organisation.Number(a.Org), supplier.Enrolment{PEM: pub.PEM, Label: "Hovednøkkel"}))
	sig := must[[]byte](s.t)(signing.SignMessage(key, ch.Bytes))
	if _, err := s.web.Suppliers.CompleteEnrolment(ctx, a, organisation.Number(a.Org), ch.ID, sig); err != nil {
		s.t.Fatal(err)
	}
}

// browser is one visitor: it keeps cookies and follows redirects.
type browser struct {
	*site
	client *http.Client
	lang   string
}

// visit starts a visitor who is nobody, or the persona named.
func (s *site) visit(persona string) *browser {
	jar := must[*cookiejar.Jar](s.t)(cookiejar.New(nil))
	b := &browser{site: s, client: &http.Client{Jar: jar}}
	if persona != "" {
		if a := b.post("/demo/login", url.Values{"persona": {persona}}); a.code != http.StatusOK {
			s.t.Fatalf("log in as %s: %d", persona, a.code)
		}
	}
	return b
}

// answer is what came back, after redirects.
type answer struct {
	code   int
	body   string
	path   string
	header http.Header
	// sent is how many bytes came, compressed.
	sent int
}

func (b *browser) do(req *http.Request) answer {
	b.t.Helper()
	req.Header.Set("Accept", "text/html")
	if b.lang != "" {
		req.Header.Set("Accept-Language", b.lang)
	}
	req.Header.Set("Accept-Encoding", "gzip") // as browsers do
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body := must[[]byte](b.t)(io.ReadAll(resp.Body))
	sent := len(body)
	if resp.Header.Get("Content-Encoding") == "gzip" {
		body = must[[]byte](b.t)(io.ReadAll(must[*gzip.Reader](b.t)(gzip.NewReader(bytes.NewReader(body)))))
	}
	return answer{resp.StatusCode, string(body), resp.Request.URL.RequestURI(), resp.Header, sent}
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	return b.do(must[*http.Request](b.t)(http.NewRequest(http.MethodGet, b.url+path, nil)))
}

func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	req := must[*http.Request](b.t)(http.NewRequest(http.MethodPost, b.url+path, strings.NewReader(form.Encode())))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(req)
}

// upload posts a form with a file, fields first as in a browser.
func (b *browser) upload(path string, fields map[string]string, input, name string, file []byte) answer {
	b.t.Helper()
	var buf bytes.Buffer
	m := multipart.NewWriter(&buf)
	for k, v := range fields {
		if err := m.WriteField(k, v); err != nil {
			b.t.Fatal(err)
		}
	}
	part := must[io.Writer](b.t)(m.CreateFormFile(input, name))
	if _, err := part.Write(file); err != nil {
		b.t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		b.t.Fatal(err)
	}
	req := must[*http.Request](b.t)(http.NewRequest(http.MethodPost, b.url+path, &buf))
	req.Header.Set("Content-Type", m.FormDataContentType())
	return b.do(req)
}

// readJSON decodes a downloaded file.
func readJSON[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%v in %.200s", err, a.body)
	}
	return v
}
