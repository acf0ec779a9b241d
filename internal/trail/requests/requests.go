// Package requests tells package trail of HTTP requests. It owns what of a
// request becomes an entry: ids of ours that stand in its address, and never
// anything else of what was sent.
package requests

import (
	"context"
	"net/url"
	"regexp"
	"strings"

	"felleskrav/internal/httpd"
	"felleskrav/internal/organisation"
	"felleskrav/internal/trail"
)

// Trail is a trail.Service as httpd sees it.
type Trail struct{ Service *trail.Service }

var _ httpd.Trail = Trail{}

// Record implements httpd.Trail.
func (t Trail) Record(ctx context.Context, r httpd.Trace) error {
	return t.Service.Record(ctx, Entry(r))
}

// Later implements httpd.Trail.
func (t Trail) Later(ctx context.Context, r httpd.Trace) error {
	return t.Service.Later(ctx, Entry(r))
}

// Entry is what the trail keeps of a request.
func Entry(r httpd.Trace) trail.Entry {
	e := trail.Entry{
		Actor: r.Actor.ID, Org: r.Actor.Org, Via: r.Actor.Via, Action: string(r.Action), Operation: r.Method + " " + r.Route,
		Owner: r.Owner, Status: r.Status, Problem: r.Problem, Request: r.Request, Address: r.Address,
	}
	add := func(t trail.Target) {
		for _, there := range e.Targets {
			if there.ID == t.ID {
				return
			}
		}
		e.Targets = append(e.Targets, t)
	}
	for _, t := range targets(r.Path) {
		add(t)
	}
	// The address is another place's when a browser is sent elsewhere.
	if u, err := url.Parse(r.Location); err == nil && u.Host == "" {
		for _, t := range targets(u.Path) {
			add(t)
		}
	}
	for _, t := range r.Targets {
		if own(t.ID) {
			add(trail.Target{Kind: t.Kind, ID: t.ID})
		}
	}
	for _, t := range e.Targets {
		if e.Owner == "" && (t.Kind == "supplier" || t.Kind == "body" || t.Kind == "organisation") {
			e.Owner = t.ID
		}
	}
	return e
}

// targets finds our ids in an address. What an id is of, the word before it
// tells.
func targets(path string) []trail.Target {
	var out []trail.Target
	before := ""
	for part := range strings.SplitSeq(path, "/") {
		if own(part) {
			out = append(out, trail.Target{Kind: singular(before), ID: part})
		} else {
			before = part
		}
	}
	return out
}

// singular gives the word for one. A word that is none of ours is not repeated.
func singular(word string) string {
	if one, ok := words[word]; ok {
		return one
	}
	return "thing"
}

var words = map[string]string{
	"attestations": "attestation", "bodies": "body", "checks": "check", "drafts": "draft", "evidence": "evidence", "fill": "own-workbook", "keys": "key",
	"claims": "claim", "invitations": "invitation", "measures": "measure", "members": "member", "organisations": "organisation", "offerings": "offering", "own": "own-workbook", "procurements": "procurement", "reports": "report", "requirements": "requirement",
	"responses": "response", "reviews": "review", "suppliers": "supplier", "waiting": "attestation", "withdrawals": "withdrawal", "challenges": "challenge",
}

// ids are the shapes of what this service names things by: UUIDs, SHA-256
// digests, people's pseudonyms and the catalogue's own. What organisations are known by is read as such.
var ids = regexp.MustCompile(`^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}|person:[0-9a-f]{32}|[KT]-[A-Z]{2,12}-[0-9]{2,3})$`)

func own(s string) bool {
	if ids.MatchString(s) {
		return true
	}
	n, err := organisation.ParseIdentifier(s)
	return err == nil && string(n) == s
}
