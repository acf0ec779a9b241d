package signing

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
	"github.com/gowebpki/jcs"
)

const (
	// MaxDepth is how deep objects and arrays may be nested in a signed document.
	MaxDepth = 32
	// maxSafeInteger is the largest integer that every JSON program reads as the same number
	// (RFC 8785 §3.2.2.3, RFC 7493 §2.2).
	maxSafeInteger = 1<<53 - 1
)

// JSONError says why a JSON document was refused, and where.
type JSONError struct {
	// Reason is one of ErrJSON, ErrDuplicateField, ErrUnknownField, ErrNumber and ErrDepth.
	Reason error
	// Pointer is the place (RFC 6901), as in "/subject/0/digest"; empty for the whole document.
	Pointer string
	// Offset counts the bytes before the place.
	Offset int64
	// Detail is the parser's own words, for logs.
	Detail string
}

// Error implements error.
func (e *JSONError) Error() string {
	text := e.Reason.Error()
	if e.Pointer != "" {
		text += " at " + strconv.Quote(e.Pointer)
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Unwrap returns e.Reason.
func (e *JSONError) Unwrap() error { return e.Reason }

// strict reads JSON types as encoding/json does, but with the same field names, once each, in valid UTF-8.
var strict = json.JoinOptions(
	jsonv1.DefaultOptionsV1(),
	jsonv1.ReportErrorsWithLegacySemantics(false), // the new errors tell the reason and the place
	json.MatchCaseInsensitiveNames(false),
	json.RejectUnknownMembers(true),
	jsontext.AllowDuplicateNames(false),
	jsontext.AllowInvalidUTF8(false),
)

// StrictJSON reads the one JSON value in data into what into points at, by the struct tags of
// encoding/json. Unlike that package it refuses duplicate names at any depth, names that differ from the
// field's in case, unknown names, text after the value, invalid UTF-8 and lone surrogates, numbers beyond
// ±(2^53-1), and nesting deeper than MaxDepth, so that no two programs read one document differently. The
// error is a *JSONError; into may then be partly filled.
func StrictJSON(data []byte, into any) error {
	checked := !simple(data)
	if checked {
		if err := checkJSON(data); err != nil {
			return err
		}
	}
	if err := json.Unmarshal(data, into, strict); err != nil {
		if !checked { // what is wrong with the text itself comes first
			if err := checkJSON(data); err != nil {
				return err
			}
		}
		return jsonError(err)
	}
	return nil
}

// simple reports whether json.Unmarshal refuses all that checkJSON does in data: whether there is no
// number outside strings, and nothing is nested too deep. That takes a look at each byte, and not a
// parser's. Text that is not JSON may be either.
func simple(data []byte) bool {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch c := data[i]; c {
		case '"':
			rest := data[i+1:]
			n := bytes.IndexByte(rest, '"')
			if n >= 0 && bytes.IndexByte(rest[:n], '\\') < 0 { // most strings, and the long ones
				i += n + 1
				continue
			}
			for i++; i < len(data) && data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			if depth++; depth > MaxDepth {
				return false
			}
		case '}', ']':
			depth--
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			return false
		}
	}
	return true
}

// checkJSON applies the rules that do not depend on the type read into.
func checkJSON(data []byte) error {
	dec := jsontext.NewDecoder(bytes.NewBuffer(data),
		jsontext.AllowDuplicateNames(false), jsontext.AllowInvalidUTF8(false))
	for first := true; first || dec.StackDepth() > 0; first = false {
		token, err := dec.ReadToken()
		if errors.Is(err, io.EOF) && first {
			return &JSONError{Reason: ErrJSON, Detail: "empty"}
		}
		if err != nil {
			return jsonError(err)
		}
		switch token.Kind() {
		case '{', '[':
			if dec.StackDepth() > MaxDepth {
				return &JSONError{Reason: ErrDepth, Pointer: string(dec.StackPointer()), Offset: dec.InputOffset()}
			}
		case '0':
			if text := token.String(); !safeNumber(text) {
				return &JSONError{Reason: ErrNumber, Pointer: string(dec.StackPointer()), Offset: dec.InputOffset()}
			}
		}
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return &JSONError{Reason: ErrJSON, Offset: dec.InputOffset(), Detail: "text after the value"}
	}
	return nil
}

// safeNumber reports whether text, a JSON number, is within ±(2^53-1) and not so small that it reads as
// zero without being it.
func safeNumber(text string) bool {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f > maxSafeInteger || f < -maxSafeInteger {
		return false
	}
	if f == 0 {
		mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
		return strings.Trim(mantissa, "-0.") == ""
	}
	return true
}

// jsonError sorts an error of the json package into our reasons.
func jsonError(err error) error {
	out := &JSONError{Reason: ErrJSON, Detail: err.Error()}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		out.Reason = ErrDuplicateField
	case errors.Is(err, json.ErrUnknownName):
		out.Reason = ErrUnknownField
	}
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &syntactic):
		out.Pointer, out.Offset = string(syntactic.JSONPointer), syntactic.ByteOffset
	case errors.As(err, &semantic):
		out.Pointer, out.Offset = string(semantic.JSONPointer), semantic.ByteOffset
	}
	return out
}

// Canonical encodes v as encoding/json does and puts the result in the canonical form of RFC 8785 (JCS).
// A json.RawMessage in v, or as v, is taken as JSON text. What [StrictJSON] would refuse to read back
// gives a *JSONError.
func Canonical(v any) ([]byte, error) {
	// Invalid UTF-8 would be replaced here, so it must be refused here; CanonicalJSON sees to the rest.
	data, err := json.Marshal(v, jsonv1.DefaultOptionsV1(), jsonv1.ReportErrorsWithLegacySemantics(false),
		jsontext.EscapeForHTML(false), jsontext.AllowInvalidUTF8(false))
	if err != nil {
		return nil, fmt.Errorf("encode canonical JSON: %w", jsonError(err))
	}
	return CanonicalJSON(data)
}

// CanonicalJSON puts JSON text in the canonical form of RFC 8785 (JCS), with the errors of [Canonical].
func CanonicalJSON(data []byte) ([]byte, error) {
	// JCS itself would silently round large integers.
	if err := checkJSON(data); err != nil {
		return nil, fmt.Errorf("encode canonical JSON: %w", err)
	}
	out, err := jcs.Transform(data)
	if err != nil {
		return nil, fmt.Errorf("encode canonical JSON: %w", &JSONError{Reason: ErrJSON, Detail: err.Error()})
	}
	return out, nil
}

// Digest returns the SHA-256 digest of data, 64 lower-case hexadecimal digits: the identity of a signed
// payload, of evidence and of canonical documents.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
