package catalogue

// Version is a frozen release of a requirement set: everything a supplier
// answers to, in the exact bytes that Digest was computed over.
type Version struct {
	Set       string `json:"id"`
	Version   string `json:"version"`
	URI       string `json:"uri"`
	Published string `json:"published"` // date, YYYY-MM-DD
	// Status is "proposal": nobody has decided these requirements.
	Status         string          `json:"status"`
	Name           Text            `json:"name"`
	Purpose        Text            `json:"purpose"`
	DeliveryModels []DeliveryModel `json:"deliveryModels"`
	Themes         []ThemeName     `json:"themes"`
	Requirements   []Requirement   `json:"requirements"`

	// Digest is the SHA-256 of Bytes, in hex.
	Digest string `json:"-"`
	// Bytes are the canonical JSON (RFC 8785) of the release file.
	Bytes []byte `json:"-"`

	byID map[string]int
}

// ThemeName names a theme inside a release.
type ThemeName struct {
	ID   string `json:"id"`
	Name Text   `json:"name"`
}

// Ref is the short name of a set version: "grunnsett@1.0.0".
func (v Version) Ref() string { return v.Set + "@" + v.Version }

// Requirement looks a requirement of the release up by id.
func (v Version) Requirement(id string) (Requirement, bool) {
	return find(v.Requirements, v.byID, id)
}
