package trail

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"felleskrav/internal/signing"
)

// Actors that are no people and hold no credential.
const (
	// OperatorCLI is whoever runs commands on the machine that has the store.
	OperatorCLI = "operator:cli"
	// Itself is the service, for what it does on time.
	Itself = "service"
)

// Entry is one thing that somebody did. Its fields are those of the stored
// document. Seq, Prev and Hash are given to it when it is written, and At is
// never before that of the entry before it.
type Entry struct {
	// Seq counts from 1 without a gap.
	Seq int64 `json:"seq"`
	// At is when it was written, in milliseconds since 1970, UTC.
	At int64 `json:"at"`
	// Actor is a pseudonym: "person:ID", "token:ID", "machine:NUMBER" and the
	// like.
	Actor string `json:"actor"`
	// Org is the organisation number that the actor acted for, and Via that of
	// who acted on its behalf.
	Org string `json:"org,omitempty"`
	Via string `json:"via,omitempty"`
	// Action is an access.Action, or a command's name.
	Action string `json:"action"`
	// Operation is a method and a route's pattern, or a command.
	Operation string   `json:"operation,omitempty"`
	Targets   []Target `json:"targets,omitempty"`
	// Owner is the organisation number of whom the target belongs to, when that
	// is known.
	Owner string `json:"owner,omitempty"`
	// Status is the HTTP status of the answer, or of what was refused when a
	// browser was sent elsewhere to log in; zero when there was no request.
	Status int `json:"status,omitempty"`
	// Problem is the key of the problem that was answered.
	Problem string `json:"problem,omitempty"`
	// Request is the id of the request, as in the access log.
	Request string `json:"request,omitempty"`
	// Sealed is the SHA-256 of Salt and Address, and stays when they go.
	Sealed string `json:"sealed,omitempty"`
	// Prev and Hash are SHA-256 digests in hexadecimal. The first entry has no
	// Prev.
	Prev string `json:"prev,omitempty"`
	Hash string `json:"hash"`

	// Address is the client's, and Salt 16 random bytes in hexadecimal. Both are
	// outside of what Hash covers, and go together.
	Address string `json:"address,omitempty"`
	Salt    string `json:"salt,omitempty"`
}

// Target is something that an action was about.
type Target struct {
	// Kind is a word of the address, such as "procurement".
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// Time is when the entry was written.
func (e Entry) Time() time.Time { return time.UnixMilli(e.At).UTC() }

// digest computes what Hash should be.
func (e Entry) digest() (string, error) {
	e.Hash, e.Address, e.Salt = "", "", ""
	b, err := signing.Canonical(e)
	if err != nil {
		return "", fmt.Errorf("hash trail entry %d: %w", e.Seq, err)
	}
	return signing.Digest(b), nil
}

// seal puts the address outside the chain and its salted hash inside.
func (e *Entry) seal() {
	e.Sealed, e.Salt = "", ""
	if e.Address == "" {
		return
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	e.Salt = hex.EncodeToString(salt)
	e.Sealed = sealed(e.Salt, e.Address)
}

func sealed(salt, address string) string {
	sum := sha256.Sum256([]byte(salt + " " + address))
	return hex.EncodeToString(sum[:])
}

// Erased gives the entry without its address and what would tell it.
func (e Entry) Erased() Entry {
	e.Address, e.Salt = "", ""
	return e
}

// chain makes e the one after prev, which is the zero Entry before the first.
func (e Entry) chain(prev Entry, now time.Time) (Entry, error) {
	e.Seq, e.Prev, e.At = prev.Seq+1, prev.Hash, max(prev.At, now.UnixMilli())
	var err error
	e.Hash, err = e.digest()
	return e, err
}

const (
	maxText    = 200
	maxTargets = 20
)

// clip makes an entry small and its texts valid, whatever it was made from.
func (e Entry) clip() Entry {
	for _, s := range []*string{&e.Actor, &e.Org, &e.Via, &e.Action, &e.Operation, &e.Owner, &e.Problem, &e.Request, &e.Address} {
		*s = clip(*s)
	}
	e.Targets = slices.Clone(e.Targets[:min(len(e.Targets), maxTargets)])
	for i := range e.Targets {
		e.Targets[i] = Target{clip(e.Targets[i].Kind), clip(e.Targets[i].ID)}
	}
	return e
}

func clip(s string) string {
	if !utf8.ValidString(s) {
		return ""
	}
	if len(s) > maxText {
		s = s[:maxText]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}

// Refs are what an entry can be found by; see Query.
func (e Entry) Refs() []string {
	refs := []string{refActor + e.Actor, refAction + e.Action}
	if e.Org != "" {
		refs = append(refs, refBy+e.Org)
	}
	for _, org := range []string{e.Org, e.Owner} {
		if org != "" && !slices.Contains(refs, refOrg+org) {
			refs = append(refs, refOrg+org)
		}
	}
	for _, t := range e.Targets {
		if !slices.Contains(refs, refTarget+t.ID) {
			refs = append(refs, refTarget+t.ID)
		}
	}
	return refs
}

const (
	refActor  = "actor:"
	refAction = "action:"
	refBy     = "by:"  // whom the actor acted for
	refOrg    = "org:" // that, or whom the target belongs to
	refTarget = "target:"
)

// Actions of commands and of the service itself.
const (
	CreateToken  = "token.create"
	ExportAction = "trail.export"
)

// OtherActions lists those that are no access.Action.
func OtherActions() []string { return []string{CreateToken, cutAction, ExportAction} }
