package login

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/problem"
)

const (
	// attemptLife is how long a login may be under way.
	attemptLife = 10 * time.Minute
	// maxAttempts is how many one browser may have under way, in as many tabs.
	maxAttempts = 5
	// freshness is how long the directory's answer is kept, and how often a
	// session notes that it is used.
	freshness = time.Minute
)

// visit is a person's session.
type visit struct {
	Identity  Identity
	Standings []access.Actor `json:",omitempty"`
	// Org is the organisation they act for now; "" when they act for nobody.
	Org string `json:",omitempty"`
	// Login names the session in marks, and is another one after each change of
	// its token.
	Login string
	// Session is the provider's, in marks; "" when it named none.
	Session string `json:",omitempty"`
	// PersonGen and SessionGen are the generations it began with.
	PersonGen, SessionGen string `json:",omitempty"`
	Hint                  string `json:",omitempty"`
	// Since and Seen are when the person logged in and last was here.
	Since, Seen time.Time
}

func (v *visit) actor() access.Actor {
	for _, a := range v.Standings {
		if a.Org == v.Org {
			return a
		}
	}
	return access.Actor{ID: v.Identity.ActorID(), Name: v.Identity.Name}
}

// holder is the visit of a request, read once.
type holder struct{ v *visit }

type holderKey struct{}

func current(ctx context.Context) *visit {
	h, ok := ctx.Value(holderKey{}).(*holder)
	if !ok {
		return nil
	}
	return h.v
}

// keep stores the visit in the session; nil removes it.
func (s *Sessions) keep(ctx context.Context, v *visit) error {
	if h, ok := ctx.Value(holderKey{}).(*holder); ok {
		h.v = v
	}
	if v == nil {
		s.manager.Remove(ctx, visitKey)
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("keep session: %w", err)
	}
	s.manager.Put(ctx, visitKey, b)
	return nil
}

// enter reads the visit of a request that has just come, and ends it when its
// time is out or it was ended elsewhere.
func (s *Sessions) enter(ctx context.Context) (context.Context, error) {
	ctx = context.WithValue(ctx, holderKey{}, &holder{})
	b := s.manager.GetBytes(ctx, visitKey)
	if b == nil {
		return ctx, nil
	}
	v := &visit{}
	if err := json.Unmarshal(b, v); err != nil || s.provider == nil || v.Identity.Issuer != s.provider.Issuer() {
		return ctx, s.manager.Destroy(ctx) // of another version, or another provider's time
	}
	now := s.now()
	ended := now.Sub(v.Since) >= s.absolute || now.Sub(v.Seen) >= s.idle
	if !ended {
		var err error
		if ended, err = s.over(ctx, v); err != nil {
			return ctx, err
		}
	}
	if ended {
		return ctx, s.manager.Destroy(ctx)
	}
	if now.Sub(v.Seen) < min(freshness, s.idle/30) {
		ctx.Value(holderKey{}).(*holder).v = v
		return ctx, nil
	}
	var err error
	if err = s.ask(ctx, v); err != nil {
		return ctx, err
	}
	return ctx, s.keep(ctx, v)
}

// ask has the directory say for whom the person may act now.
func (s *Sessions) ask(ctx context.Context, v *visit) (err error) {
	if v.Standings, err = s.standings(ctx, v.Identity); err != nil {
		return fmt.Errorf("ask directory: %w", err)
	}
	if !v.mayActFor(v.Org) {
		v.Org = "" // acting for another unasked would be worse than for nobody
	}
	v.Seen = s.now()
	return nil
}

// Refresh asks the directory about the person now, rather than within a minute.
func (s *Sessions) Refresh(ctx context.Context) error {
	v := current(ctx)
	if v == nil {
		return nil
	}
	if err := s.ask(ctx, v); err != nil {
		return err
	}
	return s.keep(ctx, v)
}

func (v *visit) mayActFor(org string) bool {
	return slices.ContainsFunc(v.Standings, func(a access.Actor) bool { return a.Org == org })
}

// Start begins a login and gives the address to send the browser to. signing
// asks for what signing asks for. next must be local.
func (s *Sessions) Start(ctx context.Context, next, lang string, signing bool) (string, error) {
	if s.provider == nil {
		return "", ErrUnavailable
	}
	ask := Ask{ACR: s.acr, Lang: lang}
	if signing && s.signing != "" {
		ask.ACR = s.signing
	}
	a, to, err := s.provider.Begin(ctx, ask)
	if err != nil {
		return "", err
	}
	a.Next, a.ACR, a.At = next, ask.ACR, s.now()
	all := append(s.attempts(ctx), a)
	s.putAttempts(ctx, all[max(0, len(all)-maxAttempts):])
	if current(ctx) == nil && s.manager.GetString(ctx, personaKey) == "" {
		s.manager.SetDeadline(ctx, s.now().Add(2*attemptLife)) // nobody yet: no need to keep it for long
	}
	return to, nil
}

func (s *Sessions) attempts(ctx context.Context) []Attempt {
	var all []Attempt
	if json.Unmarshal(s.manager.GetBytes(ctx, attemptsKey), &all) != nil {
		return nil
	}
	now := s.now()
	return slices.DeleteFunc(all, func(a Attempt) bool { return now.Sub(a.At) >= attemptLife })
}

func (s *Sessions) putAttempts(ctx context.Context, all []Attempt) {
	b, err := json.Marshal(all)
	if err != nil || len(all) == 0 {
		s.manager.Remove(ctx, attemptsKey)
		return
	}
	s.manager.Put(ctx, attemptsKey, b)
}

// Return ends a login with what the browser brought from the provider, and
// gives where the person was going, local or "". A state is good once, in the
// browser that it was given to. A login that fails leaves the session as it is.
func (s *Sessions) Return(ctx context.Context, params url.Values) (next string, err error) {
	state := params["state"]
	all := s.attempts(ctx)
	i := slices.IndexFunc(all, func(a Attempt) bool { return len(state) == 1 && a.State != "" && a.State == state[0] })
	if s.provider == nil || i < 0 {
		return "", ErrState
	}
	a := all[i]
	s.putAttempts(ctx, slices.Delete(all, i, i+1))
	next = Local(a.Next, "")
	proof, err := s.provider.Finish(ctx, a, params)
	if err != nil {
		return next, err
	}
	if !s.levels.AtLeast(proof.Identity.ACR, a.ACR) {
		return next, ErrACR
	}
	v := &visit{Identity: proof.Identity, Hint: proof.Hint, Since: s.now(), Seen: s.now()}
	if err := s.bind(ctx, v, proof.Session); err != nil {
		return next, err
	}
	if v.Standings, err = s.standings(ctx, v.Identity); err != nil {
		return next, fmt.Errorf("ask directory: %w", err)
	}
	if s.seen != nil {
		if err := s.seen(ctx, v.Identity); err != nil {
			return next, fmt.Errorf("note login: %w", err)
		}
	}
	if old := current(ctx); old != nil && old.Identity.ActorID() == v.Identity.ActorID() && v.mayActFor(old.Org) {
		v.Org = old.Org // the same person, who came back from a surer login
	} else if len(v.Standings) == 1 {
		v.Org = v.Standings[0].Org
	}
	return next, s.replace(ctx, v)
}

// bind notes the generations that the visit begins with.
func (s *Sessions) bind(ctx context.Context, v *visit, sid string) (err error) {
	if v.PersonGen, err = s.generation(ctx, ofPerson, v.Identity.ActorID()); err != nil {
		return err
	}
	if sid == "" || len(sid) > maxSID {
		return nil
	}
	v.Session = sessionName(v.Identity.Issuer, sid)
	if v.SessionGen, err = s.generation(ctx, ofSession, v.Session); err != nil {
		return err
	}
	return s.mark(ctx, isKnown, v.Session)
}

// replace makes v the session, under a new token and with nothing else in it:
// what was known or planted before the login is worth nothing after it.
func (s *Sessions) replace(ctx context.Context, v *visit) error {
	old := current(ctx)
	if err := s.manager.RenewToken(ctx); err != nil {
		return fmt.Errorf("renew session: %w", err)
	}
	// A request of the same browser that is still under way may write the old
	// session once more.
	if old != nil {
		if err := s.mark(ctx, ofLogin, old.Login); err != nil {
			return err
		}
	}
	if err := s.manager.Clear(ctx); err != nil {
		return fmt.Errorf("renew session: %w", err)
	}
	s.manager.SetDeadline(ctx, v.Since.Add(s.absolute))
	v.Login = rand.Text()
	return s.keep(ctx, v)
}

// Visitor is who has logged in, for pages to show.
type Visitor struct {
	// Person is false for visitors who have not logged in, and in a
	// demonstration.
	Person bool
	// ID is the pseudonym they act under.
	ID   string
	Name string
	// Org is whom they act for; "" when they act for nobody.
	Org string
	// Standings are the organisations they may act for.
	Standings []access.Actor
}

// ActsForNobody tells that somebody has logged in, and has yet to choose whom to
// act for, or may not act for anybody.
func (v Visitor) ActsForNobody() bool { return v.Person && v.Org == "" }

// Visitor tells who has logged in.
func (s *Sessions) Visitor(ctx context.Context) Visitor {
	v := current(ctx)
	if v == nil {
		return Visitor{}
	}
	return Visitor{Person: true, ID: v.Identity.ActorID(), Name: v.Identity.Name, Org: v.Org, Standings: v.Standings}
}

// ActFor makes the person act for another of the organisations they may act
// for, under a new session token.
func (s *Sessions) ActFor(ctx context.Context, org string) (access.Actor, error) {
	v := current(ctx)
	if v == nil {
		return access.Actor{}, problem.New(problem.Unauthenticated, "access.login", nil)
	}
	next := *v
	var err error
	if next.Standings, err = s.standings(ctx, v.Identity); err != nil {
		return access.Actor{}, fmt.Errorf("ask directory: %w", err)
	}
	if !next.mayActFor(org) {
		return access.Actor{}, ErrOrganisation
	}
	next.Org, next.Seen = org, s.now()
	if err := s.replace(ctx, &next); err != nil {
		return access.Actor{}, err
	}
	return next.actor(), nil
}

// Require says with a *StepUp that the person must log in more surely first.
// Who has not logged in is asked nothing: that is for the action to say.
func (s *Sessions) Require(ctx context.Context, acr string) error {
	v := current(ctx)
	if v == nil || s.levels.AtLeast(v.Identity.ACR, acr) {
		return nil
	}
	return &StepUp{acr}
}

// SigningACR is what signing and the like ask for; "" is nothing more than
// logging in does.
func (s *Sessions) SigningACR() string { return s.signing }

// EndURL is where the browser logs out of the provider too, or "". It must be
// asked before Logout.
func (s *Sessions) EndURL(ctx context.Context) string {
	v := current(ctx)
	if v == nil || s.provider == nil {
		return ""
	}
	return s.provider.End(v.Hint)
}

// LogoutEverywhere ends all sessions of the person at once, in every browser.
func (s *Sessions) LogoutEverywhere(ctx context.Context) error {
	if v := current(ctx); v != nil {
		if err := s.mark(ctx, ofPerson, v.Identity.ActorID()); err != nil {
			return err
		}
	}
	return s.Logout(ctx)
}
