package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"felleskrav/internal/api"
	"felleskrav/internal/audit"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/status"
	"felleskrav/internal/transparency"
	"felleskrav/internal/workbook"
)

type workbookVerifyCmd struct {
	File       string `arg:"" placeholder:"FILE.xlsx"`
	LogKey     string `conf:"" placeholder:"VKEY|FILE"`
	ServiceKey string `conf:"" placeholder:"FILE"`
	// Server is asked only when it is named.
	Server string `placeholder:"URL"`
	content
	console.Output
}

// Run tells whether a workbook was altered since the service made it. It asks
// nobody, unless a server is named.
func (c *workbookVerifyCmd) Run(s *session) error {
	format, err := c.Choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	data, err := s.Read(c.File)
	if err != nil {
		return err
	}
	var server *client
	if c.Server != "" {
		if server, err = s.client(remote{Server: c.Server}); err != nil {
			return err
		}
	}
	trust, err := c.trust(s, server)
	if err != nil {
		return err
	}
	v, err := workbook.NewReader(s.Bundle, workbook.DefaultLimits()).Verify(bytes.NewReader(data), int64(len(data)), trust)
	if err != nil {
		return console.Cannot(err, "cli.workbook.unreadable", "File", c.File)
	}
	v.Newer(trust.Catalogue)
	if server != nil {
		if err := whatSince(s.Ctx, server, &v); err != nil {
			return err
		}
	}
	if format == "text" {
		err = s.Put(c.Output, []byte(verificationText(s, c.File, v)))
	} else {
		err = s.PutValue(c.Output, format, api.VerificationOf(v, s.Texts))
	}
	if err == nil && (v.Verdict == workbook.Altered || v.Verdict == workbook.Unproved) {
		err = console.ErrNo
	}
	return err
}

// trust gathers the keys: those given, and else those of the server.
func (c *workbookVerifyCmd) trust(s *session, server *client) (workbook.Trust, error) {
	var t workbook.Trust
	var err error
	if t.Catalogue, err = c.load(); err != nil {
		return t, err
	}
	switch {
	case c.LogKey != "":
		if t.Log, err = audit.LogVerifier(s.Session, c.LogKey); err != nil {
			return t, err
		}
	case server != nil:
		key, _, err := server.call(s.Ctx, http.MethodGet, "/log/key", nil, "", nil)
		if err != nil {
			return t, err
		}
		if t.Log, err = transparency.NewVerifier(string(key)); err != nil {
			return t, console.Cannot(err, "cli.server.strange", "Server", c.Server, "Status", "200")
		}
	}
	switch {
	case c.ServiceKey != "":
		k, err := audit.PublicKey(s.Session, c.ServiceKey)
		if err != nil {
			return t, err
		}
		t.Service = &k
	case server != nil:
		data, _, err := server.call(s.Ctx, http.MethodGet, "/log/verdict-key.pem", nil, "", nil)
		if err != nil {
			return t, err
		}
		k, err := signing.ParsePublicKey(data)
		if err != nil {
			return t, console.Cannot(err, "cli.server.strange", "Server", c.Server, "Status", "200")
		}
		t.Service = &k
	}
	if server != nil && (c.LogKey == "" || c.ServiceKey == "") {
		s.Say("cli.workbook.keys-from", "Server", c.Server)
	}
	return t, nil
}

// whatSince asks a server what has happened since the workbook was made.
func whatSince(ctx context.Context, server *client, v *workbook.Verification) error {
	err := v.Follow(ctx, func(ctx context.Context, offering, set string) (status.Status, error) {
		var st status.Status
		err := server.get(ctx, "/api/v1/offerings/"+url.PathEscape(offering)+"/status", url.Values{"set": {set}}, &st)
		if r, ok := errors.AsType[*remoteProblem](err); ok && r.Status == http.StatusNotFound {
			return st, problem.New(problem.NotFound, "offering.not-found", nil)
		}
		return st, err
	})
	if err != nil {
		return err
	}
	var sets api.RequirementSetList
	if err := server.get(ctx, "/api/v1/requirement-sets", url.Values{"limit": {"200"}}, &sets); err != nil {
		return err
	}
	for _, ref := range v.Sets {
		for _, set := range sets.Items {
			if n := len(set.Versions); set.Id == ref.ID && n > 0 {
				v.NewerSet(ref, set.Versions[n-1].Version)
			}
		}
	}
	return nil
}

// verificationText says in plain words what was found.
func verificationText(s *session, file string, v workbook.Verification) string {
	t := s.Texts
	var b strings.Builder
	b.WriteString(file + ": " + t.T("workbook.verdict."+string(v.Verdict)) + "\n\n")
	marks := map[workbook.CheckResult]string{workbook.Holds: "✓", workbook.Fails: "✗", workbook.Unchecked: "–"}
	for _, c := range v.Checks {
		line := t.T("workbook.check." + c.Name)
		if c.Result != workbook.Holds {
			line += ": " + t.T("workbook.result."+string(c.Result))
		}
		if c.Key != "" {
			line += ". " + t.T(c.Key, map[string]any(c.Args))
		}
		fmt.Fprintf(&b, "  %s %s\n", marks[c.Result], line)
	}
	for _, d := range v.Declarations {
		if d.Problem != "" {
			fmt.Fprintf(&b, "    %s %s: %s\n", d.Supplier, d.Digest[:16], t.T(d.Problem))
		}
	}
	last := ""
	for _, f := range v.Findings {
		if f.Class == workbook.ClassFilled {
			continue
		}
		head := "cli.workbook.told"
		if f.Class.Alteration() {
			head = "cli.workbook.altered"
		}
		if head != last {
			b.WriteString("\n" + t.T(head) + "\n")
			last = head
		}
		where := f.Path()
		if what := strings.Trim(f.Row+", "+f.Column, ", "); what != "" {
			where += " (" + what + ")"
		}
		fmt.Fprintf(&b, "  %s: %s\n", where, strings.ReplaceAll(t.T(f.Key(), map[string]any(f.Args())), "\n", " "))
	}
	if v.More > 0 {
		b.WriteString("  " + t.T("cli.workbook.more", "Count", v.More) + "\n")
	}
	if len(v.News) > 0 {
		b.WriteString("\n" + t.T("cli.workbook.since") + "\n")
		for _, n := range v.News {
			b.WriteString("  " + t.T(n.Key, map[string]any(n.Args)) + "\n")
		}
	}
	b.WriteString("\n" + t.T("cli.workbook.compared", "Count", v.Compared) + "\n")
	if v.Filled > 0 {
		b.WriteString(t.T("cli.workbook.filled", "Count", v.Filled) + "\n")
	}
	if !v.MadeAt.IsZero() {
		var sets []string
		for _, r := range v.Sets {
			sets = append(sets, catalogueRef(r))
		}
		b.WriteString(t.T("cli.workbook.made", "At", t.DateTime(v.MadeAt), "Sets", strings.Join(sets, ", ")) + "\n")
	}
	return b.String()
}

func catalogueRef(r workbook.SetRef) string {
	return catalogue.Version{Set: r.ID, Version: r.Version}.Ref()
}
