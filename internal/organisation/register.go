package organisation

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// RegisterEntry is what Enhetsregisteret, the Norwegian register of legal
// entities, says about an organisation, and when it was asked.
type RegisterEntry struct {
	Number Number `json:"orgnr"`
	// Found is false when the register does not have the number; then nothing
	// but FetchedAt is told.
	Found bool `json:"found"`
	// Name is as the register writes it, most often in capitals.
	Name string `json:"name,omitempty"`
	// Form is the code of the organisation form, such as "AS", "KOMM" or "NUF".
	Form string `json:"form,omitempty"`
	// Municipality is a number of four digits, Sector the code of the institutional
	// sector.
	Municipality string `json:"municipality,omitempty"`
	Sector       string `json:"sector,omitempty"`
	// PublicBody: the sector is central or local government.
	PublicBody bool `json:"publicBody,omitempty"`
	// Language is the form of Norwegian that the organisation uses, "nb" or "nn",
	// or "".
	Language string `json:"language,omitempty"`
	// Parent is the entity that a sub-unit belongs to.
	Parent Number `json:"parent,omitempty"`
	// Bankrupt, WindingUp (by its own or by compulsion) and Deleted tell that it is
	// no longer in business as usual.
	Bankrupt  bool `json:"bankrupt,omitempty"`
	WindingUp bool `json:"windingUp,omitempty"`
	Deleted   bool `json:"deleted,omitempty"`
	// DeletedOn is the day (2026-01-31), where the register tells it.
	DeletedOn string `json:"deletedOn,omitempty"`
	// VAT tells whether it is in the register of VAT payers.
	VAT bool `json:"vat,omitempty"`
	// FetchedAt is when the register gave this answer.
	FetchedAt time.Time `json:"fetchedAt"`
}

// RegisterAge is how old an answer of the register may be and still be shown.
const RegisterAge = 30 * 24 * time.Hour

// Known reports whether the entry may be shown at a moment: it was fetched by
// then, and not too long before.
func (e RegisterEntry) Known(at time.Time) bool {
	return !e.FetchedAt.IsZero() && !e.FetchedAt.After(at) && at.Sub(e.FetchedAt) <= RegisterAge
}

// RegisterState is one word for an entry.
type RegisterState string

// The words, gravest first.
const (
	RegisterDeleted   RegisterState = "deleted"
	RegisterBankrupt  RegisterState = "bankrupt"
	RegisterWindingUp RegisterState = "winding-up"
	RegisterAbsent    RegisterState = "absent"
	RegisterActive    RegisterState = "active"
)

// RegisterStates lists the words, gravest first.
func RegisterStates() []RegisterState {
	return []RegisterState{RegisterDeleted, RegisterBankrupt, RegisterWindingUp, RegisterAbsent, RegisterActive}
}

// State is the gravest that the entry says.
func (e RegisterEntry) State() RegisterState {
	switch {
	case !e.Found:
		return RegisterAbsent
	case e.Deleted:
		return RegisterDeleted
	case e.Bankrupt:
		return RegisterBankrupt
	case e.WindingUp:
		return RegisterWindingUp
	default:
		return RegisterActive
	}
}

// Warns reports whether whoever deals with the organisation should be told.
func (e RegisterEntry) Warns() bool { return e.State() != RegisterActive }

// Differs reports whether a name is another than the one in the register.
// Case, spaces and punctuation make no difference.
func (e RegisterEntry) Differs(name string) bool {
	return e.Found && e.Name != "" && letters(e.Name) != letters(name)
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, norm.NFC.String(s))
}
