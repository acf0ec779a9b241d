package main

import (
	"crypto"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/console"
	"felleskrav/internal/login"
	"felleskrav/internal/login/members"
	"felleskrav/internal/login/oidc"
	"felleskrav/internal/signing"
)

// loggingIn are the flags of a server where people log in.
type loggingIn struct {
	OIDCIssuer       string `name:"oidc-issuer" conf:"" placeholder:"URL"`
	OIDCName         string `name:"oidc-name" conf:"" placeholder:"NAME"`
	OIDCClientID     string `name:"oidc-client-id" conf:"" placeholder:"ID"`
	OIDCClientSecret string `name:"oidc-client-secret" conf:"" secret:"" placeholder:"SECRET"`
	// OIDCClientKey holds a private key in PEM, unencrypted.
	OIDCClientKey   string   `name:"oidc-client-key" conf:"" placeholder:"FILE"`
	OIDCClientKeyID string   `name:"oidc-client-key-id" conf:"" placeholder:"KID"`
	OIDCScopes      []string `name:"oidc-scopes" conf:"" sep:" " default:"openid profile" placeholder:"SCOPE"`
	OIDCACR         string   `name:"oidc-acr" conf:"" placeholder:"ACR"`
	OIDCACRSigning  string   `name:"oidc-acr-signing" conf:"" placeholder:"ACR"`
	// OIDCACRLevels put words in order that login.KnownLevels does not have.
	OIDCACRLevels []string `name:"oidc-acr-levels" conf:"" placeholder:"ACR"`
	OIDCRight     []string `name:"oidc-right" conf:"" sep:";" placeholder:"RIGHT=ROLE[,ROLE]"`
	// OIDCPrivate lets the issuer have an address that is not public.
	OIDCPrivate   bool          `name:"oidc-private" conf:""`
	LoginIdle     time.Duration `conf:"" default:"30m" placeholder:"DURATION"`
	LoginLifetime time.Duration `conf:"" default:"8h" placeholder:"DURATION"`
}

// Bounds of how long a login may last.
const (
	minLogin = time.Minute
	maxLogin = 24 * time.Hour
)

// faults are what is wrong with how people log in. base is where they reach the
// service, when that is known.
func (l loggingIn) faults(base string, add func(key string, args ...any)) {
	for flag, d := range map[string]time.Duration{"--login-idle": l.LoginIdle, "--login-lifetime": l.LoginLifetime} {
		if d < minLogin || d > maxLogin {
			add("cli.serve.login-time", "Flag", flag, "Value", d.String(), "Min", minLogin.String(), "Max", maxLogin.String())
		}
	}
	if l.OIDCIssuer == "" {
		if l.OIDCClientID != "" || l.OIDCClientSecret != "" || l.OIDCClientKey != "" || len(l.OIDCRight) > 0 || l.OIDCACR != "" || l.OIDCACRSigning != "" {
			add("cli.serve.oidc-no-issuer")
		}
		return
	}
	if strings.HasPrefix(base, "http://") && !loopbackURL(base) {
		add("cli.serve.oidc-base", "Value", base)
	}
	roles, bad := l.roles()
	for _, value := range bad {
		add("cli.serve.oidc-right", "Value", value, "Known", strings.Join(rightRoles(), ", "))
	}
	key, err := l.key()
	if err != nil {
		add("cli.serve.oidc-key", "File", l.OIDCClientKey)
		key = nil
	}
	cfg := l.relying(base, roles, key)
	for _, err := range cfg.Check() {
		switch {
		case errors.Is(err, oidc.ErrPrivate):
			add("cli.serve.oidc-private", "Value", l.OIDCIssuer)
		case errors.Is(err, oidc.ErrIssuer):
			add("cli.serve.oidc-issuer", "Value", l.OIDCIssuer)
		case errors.Is(err, oidc.ErrClientID):
			add("cli.serve.oidc-client-id")
		case errors.Is(err, oidc.ErrProof):
			// Told below, by what was given rather than by what could be read.
		case errors.Is(err, oidc.ErrKey):
			add("cli.serve.oidc-key", "File", l.OIDCClientKey)
		case errors.Is(err, oidc.ErrScope):
			add("cli.serve.oidc-scopes")
		}
	}
	if (l.OIDCClientSecret == "") == (l.OIDCClientKey == "") {
		add("cli.serve.oidc-proof")
	}
	if l.OIDCACR != "" && l.OIDCACRSigning != "" && !l.levels().AtLeast(l.OIDCACRSigning, l.OIDCACR) {
		add("cli.serve.oidc-acr", "ACR", l.OIDCACR, "Signing", l.OIDCACRSigning)
	}
}

func (l loggingIn) levels() login.Levels {
	out := login.KnownLevels()
	if len(l.OIDCACRLevels) > 0 {
		out = append(out, l.OIDCACRLevels)
	}
	return out
}

// rightRoles are the roles that a right elsewhere can give: those of suppliers
// and agencies. Editors and operators are appointed one by one.
func rightRoles() []string {
	var out []string
	for _, r := range slices.Concat(access.SupplierRoles(), []access.Role{access.Supplier}, access.AgencyRoles()) {
		out = append(out, string(r))
	}
	return out
}

// roles reads what each right gives, and what of it cannot be read.
func (l loggingIn) roles() (roles map[string][]access.Role, bad []string) {
	roles = map[string][]access.Role{}
	for _, value := range l.OIDCRight {
		at := strings.LastIndex(value, "=")
		if at <= 0 || strings.ContainsAny(value[:at], " \t\"\\") {
			bad = append(bad, value)
			continue
		}
		for name := range strings.SplitSeq(value[at+1:], ",") {
			if !slices.Contains(rightRoles(), name) {
				bad = append(bad, value)
				break
			}
			roles[value[:at]] = append(roles[value[:at]], access.Role(name))
		}
	}
	return roles, bad
}

func (l loggingIn) key() (crypto.Signer, error) {
	if l.OIDCClientKey == "" {
		return nil, nil //nolint:nilnil // a secret is as good
	}
	data, err := os.ReadFile(l.OIDCClientKey)
	if err != nil {
		return nil, err
	}
	return signing.ParsePrivateKey(data)
}

func (l loggingIn) relying(base string, roles map[string][]access.Role, key crypto.Signer) oidc.Config {
	c := oidc.Config{
		Issuer: l.OIDCIssuer, Name: l.OIDCName, ClientID: l.OIDCClientID, Secret: l.OIDCClientSecret, Key: key, KeyID: l.OIDCClientKeyID,
		Scopes: l.OIDCScopes, BaseURL: base, Levels: l.levels(), AllowPrivate: l.OIDCPrivate,
	}
	for right := range roles {
		c.Resources = append(c.Resources, right)
	}
	slices.Sort(c.Resources)
	return c
}

// sessions are the login of a server that was checked.
func (v *server) sessions(in *installation, demo *demonstration) (*login.Sessions, error) {
	cfg := login.Config{
		Store: in.store.Sessions(), Secure: strings.HasPrefix(v.base, "https://"), Demo: demo.personas(), Now: v.session.Now,
		Idle: v.LoginIdle, Lifetime: v.LoginLifetime, ACR: v.OIDCACR, SigningACR: v.OIDCACRSigning, Levels: v.loggingIn.levels(),
	}
	if v.OIDCIssuer == "" {
		return login.New(cfg), nil
	}
	roles, _ := v.loggingIn.roles()
	key, err := v.loggingIn.key()
	if err != nil {
		return nil, console.Cannot(err, "cli.file.read", "File", v.OIDCClientKey)
	}
	of := v.loggingIn.relying(v.base, roles, key)
	of.Now = v.session.Now
	if cfg.Provider, err = oidc.New(of); err != nil {
		return nil, err
	}
	joined := members.Directory{Service: in.members}
	cfg.Directory, cfg.Seen = login.Directories{login.RightsDirectory{Roles: roles}, joined}, joined.Seen
	return login.New(cfg), nil
}
