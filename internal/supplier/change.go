package supplier

import (
	"context"
	"errors"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
)

// keyEvent is the log's public record of a key event; its bytes are canonical
// JSON and follow from the change alone, so that it can be logged again.
type keyEvent struct {
	Event     string `json:"event"`
	Supplier  string `json:"supplier"`
	Key       string `json:"key,omitempty"`
	Algorithm string `json:"algorithm,omitempty"`
	PEM       string `json:"pem,omitempty"`
	Expires   string `json:"expires,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Challenge string `json:"challenge,omitempty"`
	// Kind is left out for enrolled keys. Of a certificate its fingerprint and
	// organisation are told; of a login nothing, since that may be a person.
	Kind         SignerKind `json:"kind,omitempty"`
	Certificate  string     `json:"certificate,omitempty"`
	Organisation string     `json:"organisation,omitempty"`
	// Since is when the issuer ended a certificate.
	Since       string   `json:"since,omitempty"`
	Identifiers []string `json:"identifiers,omitempty"`
	// Of a foreign supplier: what was verified, and by editors of which
	// organisations, in order.
	Name           string   `json:"name,omitempty"`
	Country        string   `json:"country,omitempty"`
	Register       string   `json:"register,omitempty"`
	RegisterNumber string   `json:"registerNumber,omitempty"`
	VerifiedBy     []string `json:"verifiedBy,omitempty"`
	// Replaces and ReplacedBy name the other key when one takes the place of
	// another.
	Replaces   string `json:"replaces,omitempty"`
	ReplacedBy string `json:"replacedBy,omitempty"`
}

func (s *Service) log(ctx context.Context, key string, e keyEvent) (int64, time.Time, error) {
	body, err := signing.Canonical(e)
	if err != nil {
		return 0, time.Time{}, wrap("write key event", err)
	}
	index, at, err := s.Log.Append(ctx, key, body)
	return index, at, wrap("log key event", err)
}

// errUnderWay says that another change came first.
var errUnderWay = errors.New("another change of the keys is under way")

// maxOthers is how many changes by others are finished before one's own.
const maxOthers = 20

// alter changes a supplier's keys. decide is pure and says what is to happen,
// given the keys as they are; nil is nothing. The steps are: the change is
// written into the document, its events are logged, the new one first, and one
// update of the document makes the whole change. From the first step on it
// will happen, whoever finishes it.
func (s *Service) alter(ctx context.Context, number organisation.Number, decide func(Supplier) (*KeyChange, error)) (Supplier, error) {
	for range maxOthers {
		sup, err := s.settle(ctx, number)
		if err != nil {
			return Supplier{}, err
		}
		// The updater may run more than once, and decide may make an id.
		change, err := decide(sup)
		if err != nil || change == nil {
			return sup, err
		}
		_, err = s.Store.UpdateSupplier(ctx, number, func(old Supplier) (Supplier, error) {
			if old.Pending != nil || old.Rev != sup.Rev {
				return Supplier{}, errUnderWay
			}
			old.Pending = change
			return old, nil
		})
		if errors.Is(err, errUnderWay) {
			// It may be one's own, when the store took it and the answer was lost.
			if sup, err = s.read(ctx, number); err != nil {
				return Supplier{}, err
			}
			if sup.Pending == nil || sup.Pending.ID != change.ID {
				continue
			}
		}
		if err != nil {
			return Supplier{}, wrap("decide change of keys", err)
		}
		return s.settle(ctx, number)
	}
	return Supplier{}, problem.New(problem.Stale, "supplier.stale", nil)
}

// settle finishes a change of the keys that is pending, and gives the supplier
// as it is then. Several may do so at once: the log gives an event one place,
// and only one update finds the change still pending.
func (s *Service) settle(ctx context.Context, number organisation.Number) (Supplier, error) {
	sup, err := s.read(ctx, number)
	if err != nil || sup.Pending == nil {
		return sup, err
	}
	change := *sup.Pending
	var enrolled Key
	var last time.Time
	if change.Enrol != nil {
		enrolled = *change.Enrol
		event := keyEvent{
			Event: "key-enrolled", Supplier: number.ID(), Key: enrolled.ID, Algorithm: enrolled.Algorithm, PEM: enrolled.PEM,
			Expires: enrolled.ExpiresAt.UTC().Format(time.RFC3339), Challenge: change.ID, Replaces: change.Revoke, Kind: enrolled.Kind,
		}
		if c := enrolled.Certificate; c != nil {
			event.Certificate, event.Organisation = c.Fingerprint, c.Organisation
		}
		enrolled.EnrolledIndex, enrolled.EnrolledAt, err = s.log(ctx, "key-enrolled:"+string(number)+":"+change.ID, event)
		if err != nil {
			return Supplier{}, err
		}
		last = enrolled.EnrolledAt
	}
	var revoked *Revocation
	if change.Revoke != "" {
		revoked = &Revocation{Reason: change.Reason, Note: change.Note, Since: change.Since}
		event := keyEvent{Event: "key-revoked", Supplier: number.ID(), Key: change.Revoke, Reason: string(change.Reason), ReplacedBy: enrolled.ID}
		if change.Since != nil {
			event.Since = change.Since.UTC().Format(time.RFC3339)
		}
		revoked.Index, revoked.At, err = s.log(ctx, "key-revoked:"+string(number)+":"+change.Revoke+":"+string(change.Reason), event)
		if err != nil {
			return Supplier{}, err
		}
		last = revoked.At
	}
	saved, err := s.Store.UpdateSupplier(ctx, number, func(old Supplier) (Supplier, error) {
		if old.Pending == nil || old.Pending.ID != change.ID {
			return Supplier{}, errUnderWay // finished by somebody else
		}
		keys := append([]Key(nil), old.Keys...)
		for i := range keys {
			if keys[i].ID == change.Revoke && keys[i].Revoked == nil {
				keys[i].Revoked = revoked
			}
		}
		if change.Enrol != nil {
			keys = append(keys, enrolled)
		}
		old.Keys, old.Pending, old.UpdatedAt = keys, nil, last
		return old, nil
	})
	if errors.Is(err, errUnderWay) {
		return s.settle(ctx, number)
	}
	return saved, wrap("change keys", err)
}
