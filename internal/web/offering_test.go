package web

import "testing"

// TestOfferingInAddress: people paste the address they have.
func TestOfferingInAddress(t *testing.T) {
	const id = "01a22bf1-67c5-76a9-b085-0585dabb6a20"
	for given, want := range map[string]string{
		id:                                  id,
		"https://a.example/offerings/" + id: id,
		"/offerings/" + id + "/status":      id,
		"https://a.example/offerings/" + id + "/status?set=skytjenester@2.0.0": id,
		"https://a.example/offerings/" + id + "#top":                           id,
		"https://a.example/suppliers/910000012":                                "https://a.example/suppliers/910000012",
		"":                                                                     "",
	} {
		if got := offeringIn(given); got != want {
			t.Errorf("offeringIn(%q) = %q, want %q", given, got, want)
		}
	}
}
