package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/audit"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
	"felleskrav/internal/evidence"
	"felleskrav/internal/signing"
	"felleskrav/internal/workbook"
)

type attestCmd struct {
	Prepare attestPrepareCmd `cmd:""`
	Sign    attestSignCmd    `cmd:""`
	Verify  audit.Verify     `cmd:""`
	Submit  attestSubmitCmd  `cmd:""`
}

// evidenceFlags say what uploaded evidence is, beside its kind.
type evidenceFlags struct {
	EvidenceIssuer   string   `placeholder:"NAME"`
	EvidenceStandard string   `placeholder:"TEXT"`
	EvidenceFrom     string   `placeholder:"YYYY-MM-DD"`
	EvidenceUntil    string   `placeholder:"YYYY-MM-DD"`
	EvidenceScope    string   `placeholder:"TEXT"`
	EvidenceBasis    string   `placeholder:"TEXT"`
	Granted          []string `placeholder:"ORGNR[:YYYY-MM-DD],…"`
}

// describe puts what was said into an upload's query.
func (f evidenceFlags) describe(query url.Values) {
	for name, value := range map[string]string{
		"issuer": f.EvidenceIssuer, "standard": f.EvidenceStandard, "validFrom": f.EvidenceFrom, "validUntil": f.EvidenceUntil,
		"scope": f.EvidenceScope, "legalBasis": f.EvidenceBasis, "granted": strings.Join(f.Granted, ","),
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
}

type attestPrepareCmd struct {
	Offering     string `conf:"" placeholder:"ID"`
	Set          string `placeholder:"SET@VERSION"`
	Answers      string `placeholder:"FILE"`
	ValidUntil   string `placeholder:"YYYY-MM-DD"`
	Supersedes   string `placeholder:"SHA256"`
	EvidenceDir  string `placeholder:"DIR"`
	EvidenceKind string `default:"other" placeholder:"KIND"`
	evidenceFlags
	Visibility string `placeholder:"WHO"`
	Withdraw   string `placeholder:"SHA256"`
	Reason     string `placeholder:"TEXT"`
	// Renew makes the statement that renews a declaration, and Second fetches
	// one that somebody else of the supplier has signed.
	Renew  string `placeholder:"SHA256"`
	Second string `placeholder:"SHA256"`
	Output string `short:"o" placeholder:"FILE"`
	remote
}

// Run has the server write the statement to sign, of the answers in a sheet
// or for a withdrawal.
func (c *attestPrepareCmd) Run(s *session) error {
	api, err := s.client(c.remote)
	if err != nil {
		return err
	}
	var payload []byte
	switch {
	case c.Withdraw != "":
		payload, err = c.withdrawal(s, api)
	case c.Renew != "":
		payload, err = c.renewal(s, api)
	case c.Second != "":
		payload, _, err = api.call(s.Ctx, http.MethodGet, "/api/v1/attestations/"+url.PathEscape(c.Second)+"/statement", nil, "", nil)
	default:
		payload, err = c.declaration(s, api)
	}
	if err != nil {
		return err
	}
	st, err := audit.ReadStatement(payload)
	if err != nil {
		return err
	}
	fmt.Fprint(s.Stderr, st.Plain(s.Texts))
	return s.Put(console.Output{File: c.Output}, payload)
}

func (c *attestPrepareCmd) withdrawal(s *session, api *client) ([]byte, error) {
	if c.Reason == "" {
		return nil, console.Usage("cli.prepare.reason")
	}
	body, err := json.Marshal(map[string]string{"reason": c.Reason})
	if err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	data, _, err := api.call(s.Ctx, http.MethodPost, "/api/v1/attestations/"+url.PathEscape(c.Withdraw)+"/withdrawals/prepare", nil, "application/json", bytes.NewReader(body))
	return data, err
}

// renewal has the server write the earlier answers anew, and says which
// requirements to read again.
func (c *attestPrepareCmd) renewal(s *session, api *client) ([]byte, error) {
	in := map[string]any{}
	if c.ValidUntil != "" {
		until, err := endOfDay(c.ValidUntil)
		if err != nil {
			return nil, err
		}
		in["validUntil"] = until
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	data, head, err := api.ask(s.Ctx, http.MethodPost, "/api/v1/attestations/"+url.PathEscape(c.Renew)+"/renewals/prepare", nil, "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if reworded := head.header.Get("Reworded"); reworded != "" {
		s.Say("cli.prepare.reworded", "Requirements", reworded)
	}
	return data, nil
}

// draft is what the server makes the statement of.
type draft struct {
	Offering   string               `json:"offering"`
	Set        string               `json:"set"`
	Version    string               `json:"version,omitempty"`
	Answers    []attestation.Answer `json:"answers"`
	ValidUntil *time.Time           `json:"validUntil,omitempty"`
	Supersedes string               `json:"supersedes,omitempty"`
}

func (c *attestPrepareCmd) declaration(s *session, api *client) (statement []byte, err error) {
	if c.Offering == "" || c.Answers == "" {
		return nil, console.Usage("cli.prepare.incomplete")
	}
	var v catalogue.Version
	find := func(ref workbook.SetRef) (catalogue.Version, bool) {
		want := c.Set
		if want == "" && ref.ID != "" {
			want = ref.ID + "@" + ref.Version
		}
		found, err := fetchVersion(s, api, want)
		return found, err == nil
	}
	if c.Set != "" {
		if v, err = fetchVersion(s, api, c.Set); err != nil {
			return nil, err
		}
	}
	sh, err := s.readAnswers(c.Answers, find)
	if err != nil {
		return nil, err
	}
	switch {
	case v.Set == "" && sh.Set == "":
		return nil, console.Usage("cli.prepare.set")
	case v.Set == "": // the sheet says which set it answers
		if v, err = fetchVersion(s, api, sh.Set); err != nil {
			return nil, err
		}
	case sh.Set != "" && sh.Set != v.Ref():
		return nil, console.No("cli.prepare.other-set", "File", c.Answers, "Set", sh.Set, "Wanted", v.Ref())
	}
	d := draft{Offering: c.Offering, Set: v.Set, Version: v.Version, Supersedes: c.Supersedes}
	if c.ValidUntil != "" {
		until, err := endOfDay(c.ValidUntil)
		if err != nil {
			return nil, err
		}
		d.ValidUntil = &until
	}
	if d.Answers, err = c.bind(s, api, sh); err != nil {
		return nil, err
	}
	body, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	data, _, err := api.call(s.Ctx, http.MethodPost, "/api/v1/attestations/prepare", nil, "application/json", bytes.NewReader(body))
	return data, err
}

// fetchVersion reads a set version from the server, which may have others
// than this program.
func fetchVersion(s *session, api *client, ref string) (catalogue.Version, error) {
	set, number, err := catalogue.ParseRef(ref)
	if err != nil {
		return catalogue.Version{}, err
	}
	if number == "" {
		number = "latest"
	}
	data, _, err := api.call(s.Ctx, http.MethodGet, "/api/v1/requirement-sets/"+set+"/versions/"+number, nil, "", nil)
	if err != nil {
		return catalogue.Version{}, err
	}
	v, err := catalogue.ParseVersion(data)
	if err != nil {
		return v, console.Cannot(err, "cli.server.strange", "Server", api.base, "Status", "200")
	}
	return v, nil
}

// bind turns names of evidence files into digests, and uploads the files
// first when a folder is given.
func (c *attestPrepareCmd) bind(s *session, api *client, sh sheet) ([]attestation.Answer, error) {
	digests := map[string]string{}
	missing := []string{}
	var answers []attestation.Answer
	for _, a := range sh.Answers {
		for _, name := range a.Files {
			digest, known := digests[name]
			if !known {
				var err error
				if digest, err = c.upload(s, api, name); errors.Is(err, os.ErrNotExist) {
					missing = append(missing, a.Requirement+": "+name)
					continue
				} else if err != nil {
					return nil, err
				}
				digests[name] = digest
			}
			a.Evidence = append(a.Evidence, attestation.EvidenceRef{Digest: attestation.DigestSet{SHA256: digest}})
		}
		answers = append(answers, a.Answer)
	}
	if len(missing) == 0 {
		return answers, nil
	}
	if c.EvidenceDir == "" {
		return nil, console.Usage("cli.prepare.evidence-dir", "Files", strings.Join(missing, "\n  "))
	}
	return nil, console.No("cli.prepare.evidence-missing", "Dir", c.EvidenceDir, "Files", strings.Join(missing, "\n  "))
}

// upload sends one file of the evidence folder and gives its digest.
func (c *attestPrepareCmd) upload(s *session, api *client, name string) (string, error) {
	if c.EvidenceDir == "" {
		return "", os.ErrNotExist
	}
	root, err := os.OpenRoot(c.EvidenceDir)
	if err != nil {
		return "", console.Cannot(err, "cli.file.read", "File", c.EvidenceDir)
	}
	defer root.Close() //nolint:errcheck // nothing was written
	f, err := root.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return "", os.ErrNotExist
	}
	if err != nil {
		return "", console.Cannot(err, "cli.file.read", "File", name)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	query := url.Values{"name": {filepath.Base(name)}, "kind": {c.EvidenceKind}}
	if c.Visibility != "" {
		query.Set("visibility", c.Visibility)
	}
	c.describe(query)
	data, _, err := api.call(s.Ctx, http.MethodPost, "/api/v1/evidence", query, "application/octet-stream", f)
	if err != nil {
		return "", err
	}
	var e evidence.Evidence
	if err := api.decode(data, &e); err != nil {
		return "", err
	}
	s.Say("cli.prepare.uploaded", "File", name, "Digest", e.SHA256)
	return e.SHA256, nil
}

type attestSubmitCmd struct {
	Bundle string `arg:"" placeholder:"BUNDLE.json"`
	Output string `short:"o" placeholder:"FILE"`
	remote
}

// Run hands a signed declaration, review or withdrawal in and keeps the
// receipt.
func (c *attestSubmitCmd) Run(s *session) error {
	raw, err := s.Read(c.Bundle)
	if err != nil {
		return err
	}
	api, err := s.client(c.remote)
	if err != nil {
		return err
	}
	answer, created, err := submit(s.Ctx, api, raw)
	if err != nil {
		return err
	}
	var r audit.Receipt
	if err := api.decode(answer, &r); err != nil {
		return err
	}
	switch {
	case r.Waiting != "":
		s.Say("cli.submit.waiting", "Digest", r.Attestation)
	case created:
		s.Say("cli.submit.done", "Digest", r.About(), "Index", r.Log.Index, "At", s.DateTime(r.Log.LoggedAt))
	default:
		s.Say("cli.submit.again", "Digest", r.About(), "Index", r.Log.Index, "At", s.DateTime(r.Log.LoggedAt))
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, answer, "", "  "); err != nil {
		return fmt.Errorf("write receipt: %w", err)
	}
	pretty.WriteByte('\n')
	return s.Put(console.Output{File: c.Output}, pretty.Bytes())
}

// address is where the server takes the statement in.
func address(st audit.Statement) string {
	switch {
	case st.Withdrawal != nil:
		return "/api/v1/attestations/" + url.PathEscape(st.About()) + "/withdrawals"
	case st.Review != nil:
		return "/api/v1/reviews"
	case st.ReviewEnd != nil:
		return "/api/v1/reviews/" + url.PathEscape(st.About()) + "/withdrawals"
	default:
		return "/api/v1/attestations"
	}
}

// submit sends a bundle where it belongs. What cannot be read here is sent as
// a declaration: it is the server that says what is wrong with it.
func submit(ctx context.Context, api *client, raw []byte) (receipt []byte, created bool, err error) {
	path := "/api/v1/attestations"
	if b, err := signing.ParseBundle(raw); err == nil {
		if st, err := audit.ReadStatement(b.Payload); err == nil {
			path = address(st)
		}
	}
	receipt, code, err := api.call(ctx, http.MethodPost, path, nil, signing.MediaType, bytes.NewReader(raw))
	if err != nil {
		return nil, false, err
	}
	return receipt, code == http.StatusCreated, nil
}
