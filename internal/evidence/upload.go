package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// Upload describes a file that is about to be sent.
type Upload struct {
	Owner organisation.Number
	// Name is the sender's file name.
	Name       string
	Kind       string
	Visibility Visibility
	Granted    []Grant
	Description
	// SHA256 is what the sender says the digest is, in hex; empty when unsaid.
	SHA256 string
}

// Upload takes a file. The same bytes from the same owner again give the
// record that is there, and created is false: what is stated of it is changed,
// what is left out stays. Bytes that were erased come back, and created is
// true. Nothing is kept unless every check passes: the size, the digest the
// sender stated, the type, the content, the malware scan. When the scanner
// gives no verdict the file is kept, but stays unread until RescanPending has
// got one. That another owner has the same bytes changes nothing that the
// sender sees.
func (s *Service) Upload(ctx context.Context, actor access.Actor, up Upload, r io.Reader) (e Evidence, created bool, err error) {
	if up.Owner == "" {
		up.Owner = organisation.Number(actor.Org)
	}
	if err := access.Check(actor, access.WriteEvidence, string(up.Owner)); err != nil {
		return Evidence{}, false, err
	}
	stated := up
	if up.Visibility == "" {
		up.Visibility = VisibleAgencies
	}
	if err := (&up).validate(); err != nil {
		return Evidence{}, false, err
	}
	stated.Granted = up.Granted
	got, err := s.receive(ctx, up, r)
	if err != nil {
		return Evidence{}, false, err
	}
	defer func() { err = errors.Join(err, got.Close()) }()
	now := s.now()
	for i := range up.Granted {
		up.Granted[i].GrantedAt = now
	}
	e, created, err = s.keep(ctx, Evidence{
		ID: string(up.Owner) + ":" + got.digest, Owner: up.Owner, SHA256: got.digest, Size: got.size, MediaType: got.media, Name: up.Name,
		Kind: up.Kind, Visibility: up.Visibility, Granted: up.Granted, Description: up.Description, UploadedAt: now, Scan: got.scan,
	}, stated, got.spool)
	return s.shown(e), created, err
}

// validate checks what the sender says of a file, and writes numbers as digits
// only.
func (up *Upload) validate() error {
	var c problem.Collector
	base := filepath.Base(up.Name)
	c.Check(up.Name != "" && base == up.Name && !strings.ContainsAny(up.Name, `\/`) && problem.Shows(up.Name) &&
		utf8.RuneCountInString(up.Name) <= 200 && !strings.ContainsAny(up.Name, "\r\n\t"), "name", "evidence.name", nil)
	checkSorting(&c, up.Kind, up.Visibility)
	up.Granted = checkGrants(&c, up.Granted)
	up.Description.validate(&c)
	c.Check(up.SHA256 == "" || ValidDigest(up.SHA256), "sha256", "evidence.digest-form", nil)
	return c.Err()
}

// states reports whether the sender says anything that a record can be changed
// by.
func (up Upload) states() bool { return up.Visibility != "" || up.Description != (Description{}) }

// over gives what a record says, with what is stated put over it.
func (up Upload) over(a Amendment) Amendment {
	if up.Visibility != "" {
		a.Visibility, a.Granted = up.Visibility, up.Granted
	}
	put := func(to *string, from string) {
		if from != "" {
			*to = from
		}
	}
	put(&a.Issuer, up.Issuer)
	put(&a.Standard, up.Standard)
	put(&a.Scope, up.Scope)
	put(&a.LegalBasis, up.LegalBasis)
	put((*string)(&a.ValidFrom), string(up.ValidFrom))
	put((*string)(&a.ValidUntil), string(up.ValidUntil))
	a.Applicability = a.Applicability || up.Applicability
	return a
}

// What ends an attempt to keep a file.
var (
	errThere     = errors.New("record is there")
	errLostClaim = errors.New("somebody erased the bytes meanwhile")
)

// keepTries is how often a file is put again that is erased while it is put.
const keepTries = 8

// keep makes record and bytes. The record is claimed first, which says to
// whoever erases the same bytes that they are wanted; then the bytes are put,
// which gives them a new version; then the record is Stored, unless the claim
// has been lost. An erasure that did not see the claim has read an older
// version, and so removes nothing that was put after it. See [Service.finish].
func (s *Service) keep(ctx context.Context, e Evidence, stated Upload, bytes *spool) (kept Evidence, created bool, err error) {
	for range keepTries {
		claim, err := s.claim(ctx, e)
		if err != nil {
			return Evidence{}, false, wrap("claim evidence", err)
		}
		blob, err := s.Store.PutBlob(ctx, bytes.reader())
		if err != nil {
			return Evidence{}, false, wrap("store evidence", err)
		}
		if blob.SHA256 != e.SHA256 {
			return Evidence{}, false, fmt.Errorf("store evidence: %s was kept as %s", e.SHA256, blob.SHA256)
		}
		if e.Scan.State == Clean { // for older records of these bytes too
			if err := s.settle(ctx, e.SHA256, e.Scan); err != nil {
				return Evidence{}, false, err
			}
		}
		kept, created, err = s.confirm(ctx, e, claim, stated)
		if !errors.Is(err, errLostClaim) {
			return kept, created, wrap("save evidence", err)
		}
	}
	return Evidence{}, false, wrap("keep evidence", problem.ErrStale)
}

// claim makes the record Arriving and gives the claim, or 0 when its bytes are
// there already.
func (s *Service) claim(ctx context.Context, e Evidence) (claim int64, err error) {
	e.State, e.StateAt, e.Claim = Arriving, s.now(), 1
	err = s.Store.InsertEvidence(ctx, e)
	if !errors.Is(err, problem.ErrExists) {
		return 1, err
	}
	_, err = s.Store.UpdateEvidence(ctx, e.Owner, e.SHA256, func(old Evidence) (Evidence, error) {
		switch {
		case old.Present():
			claim = 0
			return old, errThere
		case old.State == Arriving: // the owner sends it twice at once
			claim = old.Claim
			return old, errThere
		}
		claim = old.Rev + 1
		old.State, old.StateAt, old.Claim = Arriving, e.StateAt, claim
		return old, nil
	})
	if errors.Is(err, errThere) {
		err = nil
	}
	return claim, err
}

// confirm makes a claimed record Stored.
func (s *Service) confirm(ctx context.Context, e Evidence, claim int64, stated Upload) (kept Evidence, created bool, err error) {
	var there Evidence
	kept, err = s.Store.UpdateEvidence(ctx, e.Owner, e.SHA256, func(old Evidence) (Evidence, error) {
		switch created = false; {
		case old.Present() && !stated.states():
			there = old
			return old, errThere
		case old.Present():
		case old.State != Arriving || claim == 0 || old.Claim != claim:
			return old, errLostClaim
		case old.hidden(): // as if there had been nothing
			created = true
			e := e
			e.Rev, e.State = old.Rev, Stored
			if old.Scan.State == Infected { // what was found meanwhile holds
				e.Scan = old.Scan
			}
			return e, nil
		default:
			created = true
			old.State, old.StateAt, old.Claim, old.Erasure = Stored, e.UploadedAt, 0, nil
			old.Name, old.Scan, old.UploadedAt = e.Name, e.Scan, e.UploadedAt
			old.Changes = slices.Clone(old.Changes)
			old.note(FieldState, string(Erased), string(Stored), e.UploadedAt)
		}
		return old.amend(stated.over(old.Amendment()), e.UploadedAt), nil
	})
	if errors.Is(err, errThere) {
		return there, false, nil
	}
	return kept, created, err
}
