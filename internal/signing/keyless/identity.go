package keyless

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
)

const (
	maxIssuer  = 512
	maxSubject = 1024
)

// Identity is somebody as an identity provider knows them. Both parts are compared byte for byte, never by a
// pattern.
type Identity struct {
	// Issuer is the provider's OpenID Connect issuer identifier, an https address.
	Issuer string `json:"issuer"`
	// Subject is an e-mail address, or a URI as "https://github.com/owner/repo/.github/workflows/x.yml@refs/heads/main".
	Subject string `json:"subject"`
}

// Validate reports what is wrong with i, wrapping ErrIdentity. Only printable ASCII without spaces is accepted, at
// most 512 bytes of issuer and 1024 of subject: a certificate can hold nothing else in the two, and two identities
// that look the same are the same.
func (i Identity) Validate() error {
	if err := checkIssuer(i.Issuer); err != nil {
		return fmt.Errorf("%w: issuer: %w", ErrIdentity, err)
	}
	if err := checkSubject(i.Subject); err != nil {
		return fmt.Errorf("%w: subject: %w", ErrIdentity, err)
	}
	return nil
}

// checkIssuer follows OpenID Connect Core §2 (iss): https, a host, neither query nor fragment.
func checkIssuer(text string) error {
	if err := printable(text, maxIssuer); err != nil {
		return err
	}
	u, err := url.Parse(text)
	if err != nil {
		return err
	}
	if u.Scheme != "https" || !strings.HasPrefix(text, "https://") || u.Hostname() == "" || u.User != nil {
		return errors.New("not an https address with a host")
	}
	if strings.ContainsAny(text, "?#") {
		return errors.New("has a query or fragment")
	}
	return nil
}

func checkSubject(text string) error {
	if err := printable(text, maxSubject); err != nil {
		return err
	}
	if u, err := url.Parse(text); err == nil && u.IsAbs() && (u.Host != "" || u.Opaque != "") {
		return nil
	}
	if a, err := mail.ParseAddress(text); err == nil && a.Address == text {
		return nil
	}
	return errors.New("neither an e-mail address nor a URI")
}

func printable(text string, limit int) error {
	if text == "" {
		return errors.New("empty")
	}
	if len(text) > limit {
		return fmt.Errorf("more than %d bytes", limit)
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' {
			return errors.New("not printable ASCII without spaces")
		}
	}
	return nil
}

// ID returns what names i in stores: 64 lower-case hexadecimal digits, a SHA-256 digest over issuer and subject
// with their lengths, so that no two identities share one.
func (i Identity) ID() string {
	h := sha256.New()
	for _, part := range []string{"felleskrav:keyless-identity:v1", i.Issuer, i.Subject} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Matches reports whether s signed as i. The zero identity matches nobody.
func (i Identity) Matches(s Signer) bool {
	return i.Issuer != "" && i.Subject != "" && s.Issuer == i.Issuer && s.Subject == i.Subject
}
