package requests_test

import (
	"testing"

	"felleskrav/internal/access"
	"felleskrav/internal/httpd"
	"felleskrav/internal/trail"
	"felleskrav/internal/trail/requests"
)

// TestTargets holds that an entry names what it is about by ids of ours and
// whose it is, and repeats nothing else of an address.
func TestTargets(t *testing.T) {
	const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for path, want := range map[string]struct {
		targets []trail.Target
		owner   string
	}{
		"/suppliers/910000004/keys":                        {[]trail.Target{{Kind: "supplier", ID: "910000004"}}, "910000004"},
		"/suppliers/NTRSE-5560125790/verification":         {[]trail.Target{{Kind: "supplier", ID: "NTRSE-5560125790"}}, "NTRSE-5560125790"},
		"/suppliers/VATDE-136695976/evidence/" + digest:    {[]trail.Target{{Kind: "supplier", ID: "VATDE-136695976"}, {Kind: "evidence", ID: digest}}, "VATDE-136695976"},
		"/api/v1/organisations/LEIXG-5493001KJTIIGC8Y1R13": {nil, ""}, // its digits do not check
		"/suppliers/ntrse-5560125790":                      {nil, ""}, // no way of ours to write it
		"/suppliers/NTRSE-Kari Nordmann":                   {nil, ""},
		"/suppliers/NTRNO-910000004":                       {nil, ""},
		"/suppliers/VAT-secret/fkt_secret":                 {nil, ""},
	} {
		e := requests.Entry(httpd.Trace{Actor: access.Actor{ID: "person:x"}, Action: access.VerifySupplier, Path: path})
		if len(e.Targets) != len(want.targets) || e.Owner != want.owner {
			t.Errorf("%s: %+v of %q", path, e.Targets, e.Owner)
			continue
		}
		for i := range want.targets {
			if e.Targets[i] != want.targets[i] {
				t.Errorf("%s: %+v", path, e.Targets)
			}
		}
	}
}
