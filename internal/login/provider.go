package login

import (
	"context"
	"net/url"
	"time"

	"felleskrav/internal/problem"
)

// Provider is where people prove who they are. It is safe for concurrent use.
type Provider interface {
	// Name is what people know it by.
	Name() string
	// Issuer is what it calls itself.
	Issuer() string
	// Ready tells whether people can be sent there now. It answers soon: it
	// does not try again what has just failed.
	Ready(ctx context.Context) error
	// Begin gives the address to send a browser to, and what must be known when
	// it comes back. The error is an ErrUnavailable.
	Begin(ctx context.Context, ask Ask) (Attempt, string, error)
	// Finish proves who came back with these parameters, after an attempt whose
	// state was found to be that of the browser. The error is one of those of
	// this package.
	Finish(ctx context.Context, a Attempt, params url.Values) (Proof, error)
	// End gives the address where a browser logs out of the provider too, or ""
	// when there is none. It asks nobody.
	End(hint string) string
	// Origins are the provider's own, such as "https://issuer.example".
	Origins() []string
}

// Ask is what is asked of a login.
type Ask struct {
	// ACR is the least that will do; "" is whatever the provider does.
	ACR string
	// Lang is the reader's language: nb, nn or en.
	Lang string
}

// Attempt is a login under way, kept in the session of the browser.
type Attempt struct {
	// State, Nonce and Verifier are secrets of this attempt alone.
	State, Nonce, Verifier string
	// ACR is what was asked for.
	ACR string `json:",omitempty"`
	// Next is where the person was going, a local address.
	Next string `json:",omitempty"`
	At   time.Time
}

// Proof is what comes of a login.
type Proof struct {
	Identity Identity
	// Session is what the provider calls its own session; "" when it does not.
	Session string
	// Hint is given back when the person logs out of the provider; it may be
	// empty.
	Hint string
}

// What can go wrong with a login. What caused it is for the log.
var (
	// ErrUnavailable: the provider cannot be reached, or answers that it cannot.
	ErrUnavailable = problem.New(problem.Unavailable, "login.unavailable", nil)
	// ErrCancelled: the person or the provider said no.
	ErrCancelled = problem.New(problem.Forbidden, "login.cancelled", nil)
	// ErrState: the answer belongs to no login that this browser has under way.
	ErrState = problem.New(problem.Forbidden, "login.state", nil)
	// ErrACR: the person did not prove who they are as surely as was asked.
	ErrACR = problem.New(problem.Forbidden, "login.acr", nil)
	// ErrAnswer: the answer does not prove anything.
	ErrAnswer = problem.New(problem.Forbidden, "login.answer", nil)
	// ErrOrganisation: the person may not act for the organisation they chose.
	ErrOrganisation = problem.New(problem.Invalid, "login.organisation", nil)
)

// StepUp is the error of an action that asks for a surer login than the
// person's. Logging in again with ACR mends it.
type StepUp struct{ ACR string }

func (e *StepUp) Error() string { return "login with acr " + e.ACR + " is needed" }

// Levels are words for how surely a person is known, each list from the least
// to the most.
type Levels [][]string

// KnownLevels are those of Norway's public providers and of eIDAS.
func KnownLevels() Levels {
	return Levels{
		{"low", "substantial", "high"},
		{"idporten-loa-low", "idporten-loa-substantial", "idporten-loa-high"},
		{"http://eidas.europa.eu/LoA/low", "http://eidas.europa.eu/LoA/substantial", "http://eidas.europa.eu/LoA/high"},
	}
}

// AtLeast tells whether have is want or stands after it in a list. Words that
// stand in no list together cannot be compared. want may be "".
func (l Levels) AtLeast(have, want string) bool {
	if want == "" || have == want {
		return true
	}
	for _, list := range l {
		found := false
		for _, word := range list {
			if found && word == have {
				return true
			}
			found = found || word == want
		}
	}
	return false
}
