package supplier

import (
	"context"
	"encoding/pem"
	"errors"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing/revocation"
)

// Keep adds a signer that was seen for the first time, by its certificate, to
// the organisation's signers, and logs that. What the organisation signed with
// it stands beside its enrolled keys from then on, and can be revoked like
// them. A signer that is there already is given as it is.
func (s *Service) Keep(ctx context.Context, number organisation.Number, signed Signed) (Signed, Supplier, error) {
	change := KeyChange{ID: "certificate:" + signed.Key.ID, Enrol: &signed.Key}
	sup, err := s.alter(ctx, number, func(old Supplier) (*KeyChange, error) {
		if _, known := old.Key(signed.Key.ID); known {
			return nil, nil //nolint:nilnil // no change
		}
		if len(old.Keys) >= maxKeys {
			return nil, problem.New(problem.Refused, "key.many", problem.Args{"Max": maxKeys})
		}
		return &change, nil
	})
	if err != nil {
		return Signed{}, Supplier{}, err
	}
	signed.Key, _ = sup.Key(signed.Key.ID)
	signed.Fresh = false
	return signed, sup, nil
}

// Rechecked counts what [Service.RecheckCertificates] did.
type Rechecked struct{ Good, Revoked, Unknown int }

// recheckPage is how many suppliers are read at a time.
const recheckPage = 200

// RecheckCertificates asks the issuers of all certificates that suppliers, and
// public bodies that review, have signed with, and that are still valid, whether
// they have been revoked. What was signed after an issuer ended a certificate
// counts as revoked from then on, however late this registry hears of it.
// Issuers that do not answer are asked again the next time.
func (s *Service) RecheckCertificates(ctx context.Context) (Rechecked, error) {
	var did Rechecked
	if s.Signers == nil || s.Signers.Authorities == nil {
		return did, nil
	}
	for after := organisation.Number(""); ; {
		page, err := s.Store.SuppliersAfter(ctx, after, recheckPage)
		if err != nil {
			return did, wrap("list suppliers", err)
		}
		for _, sup := range page {
			if err := s.recheck(ctx, sup, &did); err != nil {
				return did, err
			}
			after = sup.Number
		}
		if len(page) < recheckPage {
			return did, nil
		}
	}
}

func (s *Service) recheck(ctx context.Context, sup Supplier, did *Rechecked) error {
	now := s.now()
	for _, k := range sup.Keys {
		if k.Certificate == nil || k.Revoked != nil || now.After(k.Certificate.NotAfter) {
			continue
		}
		status, err := s.revocationOf(ctx, k, now)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case err != nil || status.State == revocation.Unknown:
			did.Unknown++
		case status.State == revocation.Revoked:
			did.Revoked++
			if err := s.endCertificate(ctx, sup.Number, k.ID, status); err != nil {
				return err
			}
		default:
			did.Good++
			if err := s.noteCheck(ctx, sup.Number, k.ID, now); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) revocationOf(ctx context.Context, k Key, now time.Time) (revocation.Status, error) {
	block, _ := pem.Decode([]byte(k.Certificate.PEM))
	if block == nil {
		return revocation.Status{}, errors.New("stored certificate is not PEM")
	}
	var chain [][]byte
	for rest := []byte(k.Certificate.Chain); ; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		chain = append(chain, b.Bytes)
	}
	return s.Signers.Authorities.Recheck(ctx, block.Bytes, chain, now)
}

// endCertificate revokes a key because its issuer has. The reason is the
// issuer's where it tells of a lost key, and otherwise that it went out of use.
func (s *Service) endCertificate(ctx context.Context, number organisation.Number, id string, status revocation.Status) error {
	since := status.RevokedAt.UTC()
	change := KeyChange{ID: s.NewID(), Revoke: id, Reason: Retired, Note: status.Reason, Since: &since}
	switch status.Reason {
	case "keyCompromise", "cACompromise", "aACompromise":
		change.Reason = Compromised
	case "superseded":
		change.Reason = Replaced
	}
	_, err := s.alter(ctx, number, func(old Supplier) (*KeyChange, error) {
		if k, ok := old.Key(id); !ok || k.Revoked != nil {
			return nil, nil //nolint:nilnil // somebody was faster
		}
		return &change, nil
	})
	return err
}

// checkEach is how old an answer from the issuer gets before a new one is
// written down: most checks change nothing.
const checkEach = 20 * time.Hour

func (s *Service) noteCheck(ctx context.Context, number organisation.Number, id string, at time.Time) error {
	_, err := s.Store.UpdateSupplier(ctx, number, func(old Supplier) (Supplier, error) {
		keys := append([]Key(nil), old.Keys...)
		for i := range keys {
			if c := keys[i].Certificate; keys[i].ID == id && c != nil && (c.Checked == nil || at.Sub(*c.Checked) >= checkEach) {
				checked := *c
				checked.Checked = &at
				keys[i].Certificate = &checked
				old.Keys = keys
				return old, nil
			}
		}
		return Supplier{}, errUnderWay
	})
	if errors.Is(err, errUnderWay) {
		return nil
	}
	return wrap("note check of certificate", err)
}

// maxIdentifiers is how many registers an organisation may be in besides.
const maxIdentifiers = 20

// SetIdentifiers records under which identifiers other registers know an
// organisation, so that certificates issued for those count for it. An editor
// has verified them by hand; it is logged.
func (s *Service) SetIdentifiers(ctx context.Context, actor access.Actor, number organisation.Number, identifiers []string) (Supplier, error) {
	if err := access.Check(actor, access.VerifySupplier, string(number)); err != nil {
		return Supplier{}, err
	}
	clean, err := checkIdentifiers(identifiers)
	if err != nil {
		return Supplier{}, err
	}
	if _, err := s.read(ctx, number); err != nil {
		return Supplier{}, err
	}
	_, at, err := s.log(ctx, "identifiers-verified:"+string(number)+":"+s.NewID(), keyEvent{Event: "identifiers-verified", Supplier: number.ID(), Identifiers: clean})
	if err != nil {
		return Supplier{}, err
	}
	saved, err := s.Store.UpdateSupplier(ctx, number, func(old Supplier) (Supplier, error) {
		old.Identifiers, old.UpdatedAt = clean, at
		return old, nil
	})
	return saved, wrap("save supplier", err)
}
