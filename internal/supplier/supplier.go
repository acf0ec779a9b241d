package supplier

import (
	"fmt"
	"strings"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
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
	Body      bool      `json:"body,omitempty"`
	Keys      []Key     `json:"keys,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	Rev       int64     `json:"rev"`
}

// Limits on what one supplier document may hold.
const (
	maxKeys = 50
	maxName = 200
)

// Validate checks what a person filled in.
func (s Supplier) Validate() error {
	var c problem.Collector
	if _, err := organisation.ParseNumber(string(s.Number)); err != nil {
		c.Add("orgnr", problem.KeyOf(err), problem.Args{"Number": string(s.Number)})
	}
	c.Line("name", s.Name, 1, maxName)
	checkCountry(&c, "country", s.Country)
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

// Key is a public key a supplier signs with. Its private half never leaves
// the supplier.
type Key struct {
	// ID is the SHA-256 of the key's SubjectPublicKeyInfo, in hex.
	ID        string `json:"id"`
	Algorithm string `json:"algorithm"`
	PEM       string `json:"pem"`
	Label     string `json:"label"`
	// EnrolledAt and EnrolledIndex say when and where in the log the key was
	// enrolled; a statement logged before that is not covered by it.
	EnrolledAt    time.Time `json:"enrolledAt"`
	EnrolledIndex int64     `json:"enrolledIndex"`
	// ExpiresAt is when the key may no longer be used for new statements.
	ExpiresAt time.Time   `json:"expiresAt"`
	Revoked   *Revocation `json:"revoked,omitempty"`
}

// Revocation ends a key. It counts from a position in the log and not from a
// time written in a statement, since a stolen key can backdate any such time.
type Revocation struct {
	At     time.Time `json:"at"`
	Index  int64     `json:"index"`
	Reason Reason    `json:"reason"`
	Note   string    `json:"note,omitempty"`
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

func checkCountry(c *problem.Collector, path, s string) {
	ok := len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
	c.Check(ok, path, "field.country", nil)
}

func indexed(path string, i int, field string) string {
	return fmt.Sprintf("%s[%d].%s", path, i, field)
}
