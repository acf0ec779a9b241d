package api

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/uuid"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/evidence"
	"felleskrav/internal/httpd"
	"felleskrav/internal/locale"
	"felleskrav/internal/member"
	"felleskrav/internal/organisation"
	"felleskrav/internal/ownbook"
	"felleskrav/internal/procurement"
	"felleskrav/internal/review"
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
)

// Organisations of the tests: numbers with right check digits and nothing
// more.
const (
	ours   = "123456785" // supplier
	theirs = "998877660" // another supplier
	agency = "876543214" // public body
	rival  = "314159268" // another public body
)

var texts = sync.OnceValues(func() (*locale.Bundle, error) { return locale.Load(os.DirFS("../../templates"), "locales") })

// house is a whole server on a store of its own.
type house struct {
	t      testing.TB
	mu     sync.Mutex
	at     time.Time
	api    *API
	server *httptest.Server
	router routers.Router
	tokens map[string]string // by "role" or "role@orgnr"
	issue  *organisation.Service
	// checks works on lists only where a test runs it.
	checks *bulkcheck.Service
	store  storage.Store
	dir    string // of sqlite
	trail  *trail.Service
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *house) add(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

func newHouse(t testing.TB) *house {
	t.Helper()
	dir := t.TempDir()
	h := newHouseOn(t, func(now func() time.Time) (storage.Store, error) { return sqlite.Open(context.Background(), dir, now) })
	h.dir = dir
	return h
}

// newHouseOn builds a house on a store.
func newHouseOn(t testing.TB, open func(now func() time.Time) (storage.Store, error)) *house {
	t.Helper()
	ctx := context.Background()
	h := &house{t: t, at: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), tokens: map[string]string{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	store, err := open(h.now)
	must(err)
	t.Cleanup(func() { _ = store.Close() })
	signer, err := transparency.NewSigner("log.test", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	must(err)
	tl, err := transparency.Open(ctx, store, transparency.Config{Signer: signer, Now: h.now})
	must(err)
	t.Cleanup(func() { _ = tl.Close() })
	public := publiclog.New(tl, store, signer)
	cat, err := catalogue.NewLive(requirements.FS, nil)
	must(err)
	must(cat.Follow(ctx, store))
	bundle, err := texts()
	must(err)
	newID := func() string { return uuid.Must(uuid.NewV7()).String() }
	f := &facts.Service{Suppliers: store, Attestations: store, Reviews: store, Log: public, Catalogue: cat, Now: h.now}
	procurements := &procurement.Service{Store: store, Catalogue: cat, Facts: f, Suppliers: store, Now: h.now, NewID: newID}
	root, err := signing.TrustedRootJSON("log.test", "https://log.test/log", signer.PublicKeyDER(), signer.LogID())
	must(err)
	registry, err := signing.GenerateKey(signing.ECDSAP256)
	must(err)
	h.store = store
	kept := trail.New(trail.Config{Store: store, Log: public, Now: h.now})
	t.Cleanup(kept.Close)
	h.trail = kept
	h.checks = &bulkcheck.Service{Store: store, Facts: f, Catalogue: cat, Texts: bundle, BaseURL: "https://log.test", Limits: workbook.DefaultLimits(), Now: h.now, NewID: newID}
	h.issue = &organisation.Service{Store: store, Now: h.now}
	h.api, err = New(Services{
		Catalogue: cat, Texts: bundle, Log: tl, LogKey: signer.VerifierKey(), TrustedRoot: root, BaseURL: "https://log.test", Now: h.now, Facts: f,
		Suppliers:    &supplier.Service{Store: store, Log: public, Now: h.now, NewID: newID},
		Evidence:     &evidence.Service{Store: store, Now: h.now, MaxBytes: 64 << 10},
		Attestations: &attestation.Service{Store: store, Suppliers: store, Evidence: store, Catalogue: cat, Log: public, Verifier: attestation.NewVerifier("log.test", registry), Now: h.now},
		Reviews:      &review.Service{Store: store, Attestations: store, Suppliers: store, Evidence: store, Log: public, Now: h.now},
		Procurements: procurements,
		OwnBooks:     &ownbook.Service{Store: store, Procurements: procurements, Catalogue: cat, Texts: bundle, Limits: workbook.DefaultLimits(), Now: h.now, NewID: newID},
		Checks:       h.checks,
		Drafts:       &catalogue.DraftService{Store: store, Log: public, Live: cat, Now: h.now, NewID: newID},
		Reports:      &catalogue.ReportService{Store: store, Catalogue: cat, Now: h.now, NewID: newID},
		Tokens:       h.issue,
		Members:      &member.Service{Store: store, Now: h.now, NewID: newID},
		Trail:        kept,
	})
	must(err)
	srv, err := httpd.New(httpd.Config{Texts: bundle, Authenticator: h.issue, Ready: store.Ping, Now: h.now, Trail: requests.Trail{Service: kept}})
	must(err)
	h.issue.Revoked = func(t organisation.Token) { srv.ForgetToken(t.Hash) }
	srv.Mount(h.api)
	h.server = httptest.NewServer(srv.Engine)
	t.Cleanup(h.server.Close)
	h.router, err = gorillamux.NewRouter(h.api.spec.doc)
	must(err)
	return h
}

// token makes a token for a role, for its usual organisation or "role@orgnr".
func (h *house) token(who string) string {
	h.t.Helper()
	if who == "" {
		return ""
	}
	if t, ok := h.tokens[who]; ok {
		return t
	}
	role, org, _ := strings.Cut(who, "@")
	if org == "" {
		org = agency
		if access.Role(role).Side() == access.SideSupplier {
			org = ours
		}
	}
	secret, _, err := h.issue.Issue(context.Background(), organisation.Number(org), "Prøve "+org, []access.Role{access.Role(role)}, time.Hour*24*400)
	if err != nil {
		h.t.Fatal(err)
	}
	h.tokens[who] = secret
	return secret
}

// actor is who a role is, for calls past HTTP.
func (h *house) actor(role string) access.Actor {
	return access.Actor{ID: role, Org: agency, Roles: []access.Role{access.Role(role)}}
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// into reads the body as JSON.
func (r reply) into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		t.Fatalf("body is not what was expected: %v\n%s", err, r.body)
	}
}

// key is the key of a problem, or "".
func (r reply) key() string {
	var p httpd.Problem
	if !strings.HasPrefix(r.header.Get("Content-Type"), "application/problem+json") || json.Unmarshal(r.body, &p) != nil {
		return ""
	}
	return strings.TrimPrefix(p.Type, "urn:felleskrav:problem:")
}

// do sends a request and holds the answer against the contract. body is sent
// as it is if it is []byte or an io.Reader, else as JSON. header is name and
// value in turn.
func (h *house) do(who, method, path string, body any, header ...string) reply {
	h.t.Helper()
	var r io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case []byte:
		r = bytes.NewReader(b)
	case string:
		r, kind = strings.NewReader(b), "application/json"
	case io.Reader:
		r = b
	default:
		data, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		r, kind = bytes.NewReader(data), "application/json"
	}
	req, err := http.NewRequestWithContext(context.Background(), method, h.server.URL+path, r)
	if err != nil {
		h.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if t := h.token(who); t != "" {
		req.Header.Set("Authorization", "Bearer "+t)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := h.server.Client().Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	out := reply{res.StatusCode, res.Header, data}
	h.holds(req, out)
	return out
}

// holds fails the test when an answer is not what the contract promises.
func (h *house) holds(req *http.Request, r reply) {
	h.t.Helper()
	if r.header.Get("X-Request-Id") == "" || r.header.Get("X-Content-Type-Options") != "nosniff" || r.header.Get("Content-Security-Policy") == "" {
		h.t.Errorf("%s %s: headers that every answer has are missing: %v", req.Method, req.URL.Path, r.header)
	}
	if r.status >= 500 && r.status != http.StatusServiceUnavailable {
		h.t.Errorf("%s %s: %d %s", req.Method, req.URL, r.status, r.body)
	}
	find := req.Clone(req.Context())
	find.URL.Scheme, find.URL.Host, find.Host = "", "", ""
	route, params, err := h.router.FindRoute(find)
	if err != nil || strings.HasPrefix(req.URL.Path, "/log/tile/") {
		return // not a route of the contract
	}
	media, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	err = openapi3filter.ValidateResponse(req.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 r.status, Header: r.header, Body: io.NopCloser(bytes.NewReader(r.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true, ExcludeResponseBody: media != "application/json" && media != "application/problem+json"},
	})
	if err != nil {
		h.t.Errorf("%s %s: the answer is not what the contract says: %v\n%.600s", req.Method, req.URL.Path, err, r.body)
	}
}

// want sends a request and fails unless the answer has this status.
func (h *house) want(status int, who, method, path string, body any, header ...string) reply {
	h.t.Helper()
	r := h.do(who, method, path, body, header...)
	if r.status != status {
		h.t.Fatalf("%s %s as %q: %d, want %d\n%s", method, path, who, r.status, status, r.body)
	}
	return r
}

// supplierWith registers a supplier, enrols a key and makes an offering, all
// over HTTP.
func (h *house) supplierWith(org string) (offering string, key crypto.Signer) {
	h.t.Helper()
	who := "supplier@" + org
	h.want(201, who, "PUT", "/api/v1/suppliers/"+org, SupplierInput{Name: "Leverandør " + org})
	key = h.enrol(org, signing.ECDSAP256)
	var o Offering
	h.want(201, who, "POST", "/api/v1/suppliers/"+org+"/offerings", OfferingInput{
		Name: "Sakssystem", DeliveryModels: []DeliveryModel{catalogue.ModelSaaS}, Regions: []string{"NO"}, Version: "4",
		SubSuppliers: []SubSupplier{{Name: "Rom og strøm AS", Country: "NO", Purpose: "drift"}},
	}).into(h.t, &o)
	return o.Id, key
}

func (h *house) enrol(org string, alg signing.Algorithm) crypto.Signer {
	h.t.Helper()
	who := "supplier@" + org
	key, err := signing.GenerateKey(alg)
	if err != nil {
		h.t.Fatal(err)
	}
	pub, err := signing.PublicOf(key)
	if err != nil {
		h.t.Fatal(err)
	}
	var ch Challenge
	h.want(201, who, "POST", "/api/v1/suppliers/"+org+"/keys", EnrolmentInput{Pem: pub.PEM, Label: "prøvenøkkel"}).into(h.t, &ch)
	proof, err := signing.SignMessage(key, ch.Message)
	if err != nil {
		h.t.Fatal(err)
	}
	h.want(201, who, "POST", "/api/v1/suppliers/"+org+"/keys/challenges/"+ch.Id, ProofInput{Signature: proof})
	return key
}

// answers says met to every requirement of a set's newest version.
func (h *house) answers(set string) []Answer {
	h.t.Helper()
	v, ok := h.api.Catalogue.Content().Version(set, "")
	if !ok {
		h.t.Fatalf("no release of %s", set)
	}
	out := make([]Answer, len(v.Requirements))
	for i, r := range v.Requirements {
		out[i] = Answer{Requirement: r.ID, Status: attestation.Met, Statement: "Ja, slik gjør vi det: se dokumentasjonen."}
	}
	return out
}

// prepared gives a statement to sign.
func (h *house) prepared(org, offering, set string) []byte {
	h.t.Helper()
	r := h.want(200, "supplier@"+org, "POST", "/api/v1/attestations/prepare", Draft{Offering: offering, Set: set, Answers: h.answers(set)})
	return r.body
}

// sign wraps a statement in a bundle.
func (h *house) sign(key crypto.Signer, statement []byte) []byte {
	h.t.Helper()
	b, err := signing.SignBundle(context.Background(), key, statement)
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// declare signs and submits, and gives the digest.
func (h *house) declare(org, offering, set string, key crypto.Signer) string {
	h.t.Helper()
	var receipt Receipt
	h.want(201, "supplier@"+org, "POST", "/api/v1/attestations", h.sign(key, h.prepared(org, offering, set)), "Content-Type", bundleType).into(h.t, &receipt)
	return receipt.Attestation
}

// streamOf hides how long a body is.
func streamOf(b []byte) io.Reader { return io.MultiReader(bytes.NewReader(b)) }
