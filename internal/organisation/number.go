package organisation

import (
	"strings"

	"felleskrav/internal/problem"
)

// Number is what an organisation is known by. It is a Norwegian organisation
// number: nine digits, the last a check digit; nothing can be inferred from the
// other eight. An organisation that has none is known by the identifier of
// another register, which [ParseIdentifier] reads and [Number.Foreign] tells.
type Number string

// weights are those of the modulo 11 check (brreg.no, "The organisation
// number").
var weights = [8]int{3, 2, 7, 6, 5, 4, 3, 2}

// ParseNumber reads an organisation number as people write it: spaces, dots,
// a leading "NO" and a trailing "MVA" are fine. The error is a
// [problem.Invalid].
func ParseNumber(s string) (Number, error) {
	n := strings.ToUpper(strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\u00a0', '\u202f', '.', '\t':
			return -1
		}
		return r
	}, s))
	n = strings.TrimSuffix(strings.TrimPrefix(n, "NO"), "MVA")
	n = strings.TrimPrefix(n, "0192:")
	bad := problem.New(problem.Invalid, "organisation.number", problem.Args{"Number": problem.Clip(s)})
	if len(n) != 9 {
		return "", bad
	}
	sum := 0
	for i := range 9 {
		d := int(n[i]) - '0'
		if d < 0 || d > 9 {
			return "", bad
		}
		if i < 8 {
			sum += d * weights[i]
		}
	}
	check := 11 - sum%11
	if check == 11 {
		check = 0
	}
	if check == 10 || int(n[8])-'0' != check {
		return "", problem.New(problem.Invalid, "organisation.check-digit", problem.Args{"Number": n})
	}
	return Number(n), nil
}

// ID is the number in the form of ISO 6523 with Norway's scheme, as in
// Maskinporten and in our statements: "0192:123456785". A foreign identifier
// stands as it is, "NTRSE-5560125790", and can be mistaken for no other.
func (n Number) ID() string {
	if n.Foreign() {
		return string(n)
	}
	return "0192:" + string(n)
}

// String gives the nine digits, or the foreign identifier.
func (n Number) String() string { return string(n) }

// Grouped gives the number as people read it: "123 456 785".
func (n Number) Grouped() string {
	if len(n) != 9 {
		return string(n)
	}
	return string(n[:3]) + " " + string(n[3:6]) + " " + string(n[6:])
}
