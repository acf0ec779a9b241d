package main

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/console"
	"felleskrav/internal/login"
	"felleskrav/internal/organisation"
	"felleskrav/internal/signing"
	"felleskrav/internal/storage"
	"felleskrav/internal/transparency"
)

// demonstration is how to get in.
type demonstration struct {
	// file is demo.json.
	file   string
	people []login.Persona
}

// personas are whom a visitor can be; none outside a demonstration.
func (d *demonstration) personas() []login.Persona {
	if d == nil {
		return nil
	}
	return append(slices.Clone(d.people), secondReader)
}

// secondReader is whom a visitor can be to approve what they wrote as editor:
// nobody approves their own.
var secondReader = login.Persona{ID: "second-reader", Role: access.Editor, Actor: access.Actor{
	ID: "demo:second-reader", Name: secondReaderName, Org: string(secondReaderNumber), Roles: []access.Role{access.Editor},
}}

// demoFile is the shape of demo.json, for scripts that walk the demonstration.
type demoFile struct {
	BaseURL  string            `json:"baseUrl"`
	Tokens   map[string]string `json:"tokens"`
	Supplier demoFileSupplier  `json:"supplier"`
	// Set is the set version the supplier is to answer, as SET@VERSION.
	Set string `json:"set"`
}

type demoFileSupplier struct {
	Number   organisation.Number `json:"orgnr"`
	Offering string              `json:"offering"`
	KeyFile  string              `json:"keyFile"`
}

// demoClock is a clock that is put forward by hand: the invented market has a
// past, and the services must believe in it while it is filled in.
type demoClock struct{ at time.Time }

func (c *demoClock) now() time.Time { return c.at }

// demoDays is how far back the invented market begins.
const demoDays = 330

// fillDemo fills the store with an invented market, once, and writes
// demo.json. Filling goes on where an earlier try ended.
func (v *server) fillDemo(ctx context.Context, store storage.Store, live *catalogue.Live, signer *transparency.Signer) (_ *demonstration, err error) {
	dir, err := filepath.Abs(v.DataDir)
	if err != nil {
		return nil, fmt.Errorf("find data folder: %w", err)
	}
	keys := demoKeys{filepath.Join(dir, "demo-keys")}
	if err := os.MkdirAll(keys.dir, 0o700); err != nil {
		return nil, err
	}
	set, ok := live.Content().Version(demoSet, "")
	if !ok {
		return nil, console.Cannot(nil, "cli.serve.demo-set", "Set", demoSet)
	}
	real := v.session.Now()
	clock := &demoClock{real.AddDate(0, 0, -demoDays)}
	in, err := install(ctx, store, live, v.session.Bundle, signer, slog.New(slog.DiscardHandler), clock.now)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.log.Close()) }()
	if err := in.logReleases(ctx); err != nil {
		return nil, err
	}
	m := &market{installation: in, keys: keys, clock: clock, now: real, offerings: map[string]string{}}
	if err := m.fill(ctx); err != nil {
		return nil, err
	}
	d := &demonstration{file: filepath.Join(dir, "demo.json"), people: demoPeople()}
	out := demoFile{BaseURL: v.base, Tokens: map[string]string{}, Set: set.Ref(), Supplier: demoFileSupplier{
		Number: demoSupplier, Offering: m.offerings[demoOffering], KeyFile: keys.file(demoSupplier),
	}}
	tokens := &organisation.Service{Store: store, Now: v.session.Now}
	if err := out.keepTokens(ctx, tokens, d.file); err != nil {
		return nil, err
	}
	data, err := console.Encode("json", out)
	if err != nil {
		return nil, err
	}
	return d, console.ReplaceFile(d.file, data, 0o600)
}

// demoPeople are whom a visitor to the pages can be, one for each kind of work.
// The adviser is also the one who says who may do what in the body.
func demoPeople() []login.Persona {
	var out []login.Persona
	for _, r := range []access.Role{access.Editor, access.Procurement, access.Supplier, access.Adviser} {
		p, roles := demoOrgs[r], []access.Role{r}
		if r == access.Adviser {
			roles = append(roles, access.AgencyAdmin)
		}
		out = append(out, login.Persona{ID: string(r), Role: r, Actor: access.Actor{
			ID: "demo:" + string(r), Name: p.name, Org: string(p.number), Roles: roles,
		}})
	}
	return out
}

// tokenLife is how long a token of the demonstration lasts.
const tokenLife = 30 * 24 * time.Hour

// keepTokens takes the tokens over from an earlier demo.json if they still
// work, and makes new ones in place of those that do not.
func (f *demoFile) keepTokens(ctx context.Context, tokens *organisation.Service, file string) error {
	var old demoFile
	if data, err := os.ReadFile(file); err == nil {
		// A file that cannot be read is replaced like one that is missing.
		_ = json.Unmarshal(data, &old)
	}
	for _, p := range demoPeople() {
		if secret := old.Tokens[p.ID]; secret != "" {
			if a, _, err := tokens.Authenticate(ctx, secret); err == nil && a.Org == p.Actor.Org && a.Has(p.Role) {
				f.Tokens[p.ID] = secret
				continue
			}
		}
		secret, _, err := tokens.Issue(ctx, organisation.Number(p.Actor.Org), p.Actor.Name, p.Actor.Roles, tokenLife)
		if err != nil {
			return err
		}
		f.Tokens[p.ID] = secret
	}
	return nil
}

// demoKeys are the private keys of the invented suppliers.
type demoKeys struct{ dir string }

func (k demoKeys) file(n organisation.Number) string {
	return filepath.Join(k.dir, string(n)+".key")
}

// of reads a supplier's key, or makes it the first time.
func (k demoKeys) of(n organisation.Number, a signing.Algorithm) (crypto.Signer, error) {
	data, err := os.ReadFile(k.file(n))
	if err == nil {
		return signing.ParsePrivateKey(data)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key, err := signing.GenerateKey(a)
	if err != nil {
		return nil, err
	}
	if data, err = signing.MarshalPrivateKey(key); err != nil {
		return nil, err
	}
	public, err := signing.PublicOf(key)
	if err != nil {
		return nil, err
	}
	if err := console.ReplaceFile(k.file(n)+".pub", []byte(public.PEM), 0o644); err != nil {
		return nil, err
	}
	return key, console.ReplaceFile(k.file(n), data, 0o600)
}
