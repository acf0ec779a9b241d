package supplier

import (
	"fmt"
	"strings"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing/keyless"
)

// Supplier is an organisation with keys of its own to sign with: one that
// delivers services to public bodies, or a public body that signs reviews. It
// is one document together with its keys.
type Supplier struct {
	Number organisation.Number `json:"orgnr"`
	Name   string              `json:"name"`
	// Country is an ISO 3166-1 alpha-2 code.
	Country string `json:"country"`
	Website string `json:"website,omitempty"`
	// Invented marks a supplier made up for demonstration.
	Invented bool `json:"invented,omitempty"`
	// Body marks a public body that is here to sign reviews and offers nothing:
	// it is in no list of suppliers, and has no offerings to declare for. A body
	// that delivers services too is registered as a supplier, which can do both.
	Body bool `json:"body,omitempty"`
	// FourEyes: a declaration takes effect when two signers have signed it.
	FourEyes bool `json:"fourEyes,omitempty"`
	// Identifiers are the organisation's in other registers, as certificates
	// write them ("NTRSE-5560360793"). An editor has verified them.
	Identifiers []string `json:"identifiers,omitempty"`
	// Registration and Verification are of a supplier without a Norwegian number:
	// where it is registered, and who has looked.
	Registration *Registration `json:"registration,omitempty"`
	Verification *Verification `json:"verification,omitempty"`
	Keys         []Key         `json:"keys,omitempty"`
	// Pending is a change of the keys that is decided and not finished.
	Pending   *KeyChange `json:"pending,omitempty"`
	CreatedAt time.Time  `json:"createdAt"`
	UpdatedAt time.Time  `json:"updatedAt"`
	Rev       int64      `json:"rev"`
}

// Limits on what one supplier document may hold.
const (
	maxKeys = 50
	maxName = 200
)

// Validate checks what a person filled in.
func (s Supplier) Validate() error {
	var c problem.Collector
	if n, err := organisation.ParseIdentifier(string(s.Number)); err != nil {
		c.Add("orgnr", problem.KeyOf(err), problem.Args{"Number": string(s.Number), "Value": problem.Clip(string(s.Number))})
	} else {
		c.Check(!n.Foreign() || n == s.Number, "orgnr", "organisation.identifier", problem.Args{"Value": problem.Clip(string(s.Number))})
	}
	c.Line("name", s.Name, 1, maxName)
	checkCountry(&c, "country", s.Country)
	s.checkForeign(&c)
	if s.Website != "" {
		c.Check(strings.HasPrefix(s.Website, "https://") && len(s.Website) <= 300 && problem.Shows(s.Website) && !strings.ContainsAny(s.Website, " \t\r\n\"<>"),
			"website", "field.https", nil)
	}
	return c.Err()
}

// Key finds an enrolled key by its id.
func (s Supplier) Key(id string) (Key, bool) {
	for _, k := range s.Keys {
		if k.ID == id {
			return k, true
		}
	}
	return Key{}, false
}

// Key is what a supplier signs with: a public key whose private half never
// leaves the supplier, the key of a certificate, or a login.
type Key struct {
	// ID is the SHA-256 of the key's SubjectPublicKeyInfo, in hex; of a login, its
	// own digest.
	ID string `json:"id"`
	// Kind is empty for an enrolled key.
	Kind      SignerKind `json:"kind,omitempty"`
	Algorithm string     `json:"algorithm"`
	PEM       string     `json:"pem"`
	Label     string     `json:"label"`
	// EnrolledAt and EnrolledIndex say when and where in the log the key was
	// enrolled; a statement logged before that is not covered by it.
	EnrolledAt    time.Time `json:"enrolledAt"`
	EnrolledIndex int64     `json:"enrolledIndex"`
	// ExpiresAt is when the key may no longer be used for new statements.
	ExpiresAt time.Time   `json:"expiresAt"`
	Revoked   *Revocation `json:"revoked,omitempty"`
	// Certificate is set for an EnterpriseCertificate, and Identity for a
	// LoginIdentity, which has no algorithm and no key of its own.
	Certificate *Certificate      `json:"certificate,omitempty"`
	Identity    *keyless.Identity `json:"identity,omitempty"`
}

// Certificate is an enterprise certificate that was accepted, with what is shown
// of it.
type Certificate struct {
	// PEM is the certificate, and Chain what the bundle carried besides it.
	PEM   string `json:"pem"`
	Chain string `json:"chain,omitempty"`
	// Subject and Issuer are for people to read.
	Subject string `json:"subject"`
	Issuer  string `json:"issuer"`
	// Serial is in hex, and Fingerprint the SHA-256 of the certificate, in hex.
	Serial      string `json:"serial"`
	Fingerprint string `json:"fingerprint"`
	// Organisation is the identifier in it ("NTRNO-123456785").
	Organisation string    `json:"organisation"`
	NotBefore    time.Time `json:"notBefore"`
	NotAfter     time.Time `json:"notAfter"`
	// ClaimsQualifiedSeal: the certificate says so of itself.
	ClaimsQualifiedSeal bool `json:"claimsQualifiedSeal,omitempty"`
	// Checked is when its issuer was last asked whether it is revoked, and had an
	// answer.
	Checked *time.Time `json:"checked,omitempty"`
}

// Revocation ends a key. It counts from a position in the log and not from a
// time written in a statement, since a stolen key can backdate any such time.
type Revocation struct {
	At     time.Time `json:"at"`
	Index  int64     `json:"index"`
	Reason Reason    `json:"reason"`
	Note   string    `json:"note,omitempty"`
	// Since is when the issuer of a certificate says that it ended, which may be
	// long before this registry heard of it.
	Since *time.Time `json:"since,omitempty"`
}

// Counts reports whether something logged at a place came too late: after the
// revocation in the log, or after the issuer had ended the certificate. Both are
// told by others than the signer.
func (r Revocation) Counts(index int64, loggedAt time.Time) bool {
	return r.Index <= index || r.Since != nil && !loggedAt.Before(*r.Since)
}

// Reason says why a key was revoked.
type Reason string

// The reasons. Only Compromised casts doubt on what was signed earlier; and
// then, too, what the log holds before the revocation stands.
const (
	Replaced    Reason = "replaced"
	Compromised Reason = "compromised"
	Retired     Reason = "retired"
)

// KeyChange is a decided change of a supplier's keys: one is enrolled, one is
// revoked, or one is enrolled in the place of another. Log entries and the
// supplier's document cannot be written in one step, so what is to happen is
// written down first. Whoever changes the keys next finishes what a crash left.
type KeyChange struct {
	// ID is the challenge answered, or a UUIDv7 of its own for a revocation.
	ID string `json:"id"`
	// Enrol is the new key, which has no place in the log yet.
	Enrol *Key `json:"enrol,omitempty"`
	// Revoke is the id of the key that ends.
	Revoke string `json:"revoke,omitempty"`
	Reason Reason `json:"reason,omitempty"`
	Note   string `json:"note,omitempty"`
	// Since is when the issuer of a certificate ended it.
	Since *time.Time `json:"since,omitempty"`
}

// Ends reports whether a key is revoked, or it is decided that it will be: it
// may sign nothing new.
func (s Supplier) Ends(id string) bool {
	k, ok := s.Key(id)
	return ok && k.Revoked != nil || s.Pending != nil && s.Pending.Revoke == id
}

func checkCountry(c *problem.Collector, path, s string) {
	ok := len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
	c.Check(ok, path, "field.country", nil)
}

func indexed(path string, i int, field string) string {
	return fmt.Sprintf("%s[%d].%s", path, i, field)
}
