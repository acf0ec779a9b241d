package maskinporten

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"felleskrav/internal/organisation"
)

// authority is the one scheme of identifiers that is understood. The list may
// grow; what is not known here is refused.
const authority = "iso6523-actorid-upis"

// claims is what a token says, as far as it matters here. Names are told apart
// by case, and none may come twice.
type claims struct {
	Issuer           string      `json:"iss"`
	Audience         audience    `json:"aud"`
	Expires          numericDate `json:"exp"`
	IssuedAt         numericDate `json:"iat"`
	NotBefore        numericDate `json:"nbf"`
	ID               string      `json:"jti"`
	Scope            string      `json:"scope"`
	Consumer         *party      `json:"consumer"`
	Supplier         *party      `json:"supplier"`
	DelegationSource *string     `json:"delegation_source"`
}

// party is an organisation as a token names it. Issuers differ in how they
// write the name of the identifier.
type party struct {
	Authority string  `json:"authority"`
	Upper     *string `json:"ID"`
	Lower     *string `json:"id"`
}

var (
	errAuthority  = errors.New("authority is not " + authority)
	errIdentifier = errors.New("identifier is missing, or differs from itself")
	errScheme     = errors.New("identifier does not begin with 0192:")
)

// number is the organisation number.
func (p party) number() (organisation.Number, error) {
	if p.Authority != authority {
		return "", errAuthority
	}
	var id string
	switch {
	case p.Upper != nil && p.Lower != nil && *p.Upper != *p.Lower, p.Upper == nil && p.Lower == nil:
		return "", errIdentifier
	case p.Upper != nil:
		id = *p.Upper
	default:
		id = *p.Lower
	}
	n, err := organisation.ParseNumber(id)
	if err != nil {
		return "", err
	}
	// Only one way to write it: what people may write is no identifier.
	if id != n.ID() {
		return "", errScheme
	}
	return n, nil
}

// audience is one text or a list of them (RFC 7519, 4.1.3).
type audience []string

// UnmarshalJSONFrom reads either form.
func (a *audience) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '[' {
		return json.UnmarshalDecode(d, (*[]string)(a))
	}
	var one string
	if err := json.UnmarshalDecode(d, &one); err != nil {
		return err
	}
	*a = audience{one}
	return nil
}

// numericDate is seconds since 1970, with or without a fraction (RFC 7519, 2).
// The zero value is no time at all.
type numericDate struct{ time.Time }

var errDate = errors.New("not a time in seconds")

// latest is the last second of the year 9999.
const latest = 253402300799

// UnmarshalJSONFrom reads a number.
func (n *numericDate) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != '0' {
		return errDate
	}
	seconds, err := strconv.ParseFloat(token.String(), 64)
	if err != nil || !(seconds > 0 && seconds <= latest) {
		return errDate
	}
	whole := int64(seconds)
	n.Time = time.Unix(whole, int64((seconds-float64(whole))*float64(time.Second))).UTC()
	return nil
}

// parseClaims reads a payload. It does not judge it.
func parseClaims(payload []byte) (claims, error) {
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return claims{}, fmt.Errorf("read claims: %w", err)
	}
	return c, nil
}

// scopes are what the token gives access to.
func (c claims) scopes() []string { return strings.Fields(c.Scope) }

// isFor reports whether the token was made for us.
func (c claims) isFor(us string) bool { return slices.Contains(c.Audience, us) }
