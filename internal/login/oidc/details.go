package oidc

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"felleskrav/internal/login"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
)

// detailType is Ansattporten's for rights in Altinn 3.
const detailType = "ansattporten:altinn:resource"

// authority is the one that organisations are named by. The list of them may
// grow: what is named by another is nobody that we know.
const authority = "iso6523-actorid-upis"

// organisationID is a number in ISO 6523 with Norway's scheme.
var organisationID = regexp.MustCompile(`^0192:[0-9]{9}$`)

// detailedClaims are the authorization details of a token (RFC 9396). What is
// not in the form that is expected counts for nothing and spoils nothing else.
type detailedClaims []fields

// fields are a JSON object's. Their names are written in two ways.
type fields map[string]json.RawMessage

// UnmarshalJSON takes what is an array, and of it what are objects.
func (d *detailedClaims) UnmarshalJSON(b []byte) error {
	*d = objects(b)
	return nil
}

func objects(b []byte) []fields {
	var all []json.RawMessage
	if json.Unmarshal(b, &all) != nil {
		return nil
	}
	var out []fields
	for _, raw := range all {
		var f fields
		if json.Unmarshal(raw, &f) == nil && f != nil {
			out = append(out, f)
		}
	}
	return out
}

// get finds a field by its name as it is, or with small letters only. A name
// that is there in both ways is no answer.
func (f fields) get(name string) json.RawMessage {
	var found json.RawMessage
	for key, value := range f {
		if !strings.EqualFold(key, name) {
			continue
		}
		if found != nil {
			return nil
		}
		found = value
	}
	return found
}

func (f fields) text(name string) string {
	var s string
	if json.Unmarshal(f.get(name), &s) != nil {
		return ""
	}
	return s
}

// reportees gives the organisations that the person holds one of the resources
// for. A resource without an organisation is nothing, and so is the reverse.
func (d detailedClaims) reportees(resources []string) []login.Reportee {
	var out []login.Reportee
	for _, detail := range d {
		resource := detail.text("resource")
		if detail.text("type") != detailType || !slices.Contains(resources, resource) {
			continue
		}
		for _, r := range objects(detail.get("reportees")) {
			number, ok := r.organisation()
			if !ok {
				continue
			}
			i := slices.IndexFunc(out, func(o login.Reportee) bool { return o.Org == number })
			if i < 0 {
				i = len(out)
				out = append(out, login.Reportee{Org: number, Name: tidy(r.text("Name"))})
			}
			if !slices.Contains(out[i].Resources, resource) {
				out[i].Resources = append(out[i].Resources, resource)
			}
		}
	}
	return out
}

// organisation is whom a reportee is, when the person holds a right there.
func (f fields) organisation() (organisation.Number, bool) {
	var rights []string
	if json.Unmarshal(f.get("Rights"), &rights) != nil || !slices.ContainsFunc(rights, func(s string) bool { return s != "" && problem.Shows(s) }) {
		return "", false
	}
	id := f.text("ID")
	if f.text("Authority") != authority || !organisationID.MatchString(id) {
		return "", false
	}
	number, err := organisation.ParseNumber(strings.TrimPrefix(id, "0192:"))
	return number, err == nil
}
