package revocation

import (
	"strconv"
	"time"
)

// State is what is known about a certificate.
type State string

// The states. Unknown is no answer that counts, whatever the reason.
const (
	Good    State = "good"
	Revoked State = "revoked"
	Unknown State = "unknown"
)

// Source is where an answer comes from.
type Source string

// The sources.
const (
	OCSP Source = "ocsp"
	CRL  Source = "crl"
)

// Status is an answer, and where and when it was got.
type Status struct {
	State State
	// Source is empty when the state is unknown.
	Source Source
	// CheckedAt is when the question was asked. The answer may have been fetched a little before: see
	// [Config].
	CheckedAt time.Time
	// ThisUpdate is the time as of which the source gave the answer, and NextUpdate, if it said so, until when
	// it stands.
	ThisUpdate, NextUpdate time.Time
	// RevokedAt is from when the certificate was revoked, or zero.
	RevokedAt time.Time
	// Reason is why it was revoked, in the words of RFC 5280 §5.3.1: "keyCompromise". It is empty when the
	// source does not say.
	Reason string
	// Detail says why nothing is known, for logs.
	Detail string
}

// reasons are the CRLReason values by number; 7 is not used. 0 is "unspecified".
var reasons = [...]string{
	1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded", 5: "cessationOfOperation",
	6: "certificateHold", 8: "removeFromCRL", 9: "privilegeWithdrawn", 10: "aACompromise",
}

func reasonText(code int) string {
	switch {
	case code == 0:
		return ""
	case code > 0 && code < len(reasons) && reasons[code] != "":
		return reasons[code]
	}
	return "reason " + strconv.Itoa(code)
}
