package catalogue

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gowebpki/jcs"

	"felleskrav/internal/problem"
)

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

// SetURI names a set in statements, without its version.
func SetURI(set string) string { return "urn:felleskrav:requirement-set:" + set }

// indexFile lists the releases; it is the one place their digests stand.
const indexFile = "releases/index.json"

// IndexEntry is one release in releases/index.json.
type IndexEntry struct {
	Set     string `json:"set"`
	Version string `json:"version"`
	File    string `json:"file"`
	// SHA256 is the digest of the file's bytes, in hex.
	SHA256 string `json:"sha256"`
}

// releaseIndex is the shape of releases/index.json.
type releaseIndex struct {
	Releases []IndexEntry `json:"releases"`
}

// releases reads the frozen versions and holds them against their digests.
func (l *loader) releases() {
	data, err := fs.ReadFile(l.fsys, indexFile)
	if errors.Is(err, fs.ErrNotExist) {
		return // content that nothing is released from yet
	}
	var index releaseIndex
	if err == nil {
		err = json.Unmarshal(data, &index)
	}
	if err != nil {
		l.fault(indexFile, 1, "unreadable", map[string]any{"Detail": err.Error()})
		return
	}
	seen := map[string]bool{}
	for _, e := range index.Releases {
		file := "releases/" + e.File
		data, err := readShared(l.fsys, file)
		if err != nil {
			l.fault(indexFile, 1, "release-missing", map[string]any{"ID": e.Set + "@" + e.Version, "Value": file})
			continue
		}
		v, err := ParseVersion(data)
		switch {
		case err != nil:
			l.fault(file, 1, "unreadable", map[string]any{"Detail": err.Error()})
		case v.Digest != e.SHA256:
			l.fault(file, 1, "release-changed", map[string]any{"ID": v.Ref(), "Value": v.Digest, "Other": e.SHA256})
		case v.Set != e.Set || v.Version != e.Version || seen[v.Ref()]:
			l.fault(indexFile, 1, "release-index", map[string]any{"ID": e.Set + "@" + e.Version, "Value": v.Ref()})
		default:
			l.cat.Releases = append(l.cat.Releases, v)
		}
		seen[e.Set+"@"+e.Version] = true
	}
	slices.SortStableFunc(l.cat.Releases, func(a, b Version) int {
		return cmp.Or(cmp.Compare(a.Set, b.Set), compareVersions(a.Version, b.Version))
	})
}

// ParseVersion reads the bytes of a release.
func ParseVersion(data []byte) (Version, error) {
	var v Version
	if err := json.Unmarshal(data, &v); err != nil {
		return Version{}, fmt.Errorf("parse release: %w", err)
	}
	if !semver().MatchString(v.Version) {
		return Version{}, fmt.Errorf("parse release: %q is not a version like 1.0.0", v.Version)
	}
	sum := sha256.Sum256(data)
	v.Digest, v.Bytes = hex.EncodeToString(sum[:]), data
	v.byID = positions(v.Requirements, func(r Requirement) string { return r.ID })
	return v, nil
}

var semver = matching(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$`)

func compareVersions(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, _ := strconv.Atoi(as[i])
		y, _ := strconv.Atoi(bs[i])
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(as), len(bs))
}

// Released gives a requirement as the latest release that has it, also when it
// is no longer in force.
func (c *Catalogue) Released(id string) (Requirement, Version, bool) {
	var in Version
	for _, v := range c.Releases {
		if _, ok := v.Requirement(id); ok && v.Published >= in.Published {
			in = v
		}
	}
	r, ok := in.Requirement(id)
	return r, in, ok
}

// EverySet lists the sets in force, and after them those that are so no longer,
// as their newest releases have them: declarations for them last.
func (c *Catalogue) EverySet() []Set {
	out := slices.Clone(c.Sets)
	for i, v := range c.Releases { // by set, the newest last
		last := i == len(c.Releases)-1 || c.Releases[i+1].Set != v.Set
		if _, now := c.Set(v.Set); last && !now {
			out = append(out, v.asSet())
		}
	}
	return out
}

// KnownSet looks up a set that is in force or has been.
func (c *Catalogue) KnownSet(id string) (Set, bool) {
	if s, ok := c.Set(id); ok {
		return s, true
	}
	v, ok := c.Version(id, "")
	return v.asSet(), ok
}

// asSet is the set as the release has it, without its requirements.
func (v Version) asSet() Set {
	return Set{ID: v.Set, Name: v.Name, Purpose: v.Purpose, DeliveryModels: v.DeliveryModels}
}

// Freeze makes a release of a set from the working content. published is a
// date. The result is not part of the catalogue until its bytes and index
// entry are written to the releases folder and loaded again.
func (c *Catalogue) Freeze(set, version string, published time.Time) (Version, error) {
	s, ok := c.Set(set)
	if !ok {
		return Version{}, fmt.Errorf("freeze set: there is no set %q", set)
	}
	if !semver().MatchString(version) {
		return Version{}, fmt.Errorf("freeze set: %q is not a version like 1.0.0", version)
	}
	if _, exists := c.Version(set, version); exists {
		return Version{}, fmt.Errorf("freeze set: %s@%s is released already and cannot change", set, version)
	}
	v := Version{
		Set: set, Version: version, URI: SetURI(set), Published: published.UTC().Format(time.DateOnly), Status: "proposal",
		Name: s.Name, Purpose: s.Purpose, DeliveryModels: s.DeliveryModels,
	}
	themes := map[string]bool{}
	for _, id := range c.SetRequirements(set) {
		r, _ := c.Requirement(id)
		v.Requirements = append(v.Requirements, r)
		if !themes[r.Theme] {
			themes[r.Theme] = true
			t, _ := c.Theme(r.Theme)
			v.Themes = append(v.Themes, ThemeName{ID: t.ID, Name: t.Name})
		}
	}
	plain, err := json.Marshal(v)
	if err != nil {
		return Version{}, fmt.Errorf("freeze set: %w", err)
	}
	canonical, err := jcs.Transform(plain)
	if err != nil {
		return Version{}, fmt.Errorf("freeze set: %w", err)
	}
	return ParseVersion(canonical)
}

// Version looks a release up. An empty version, or "latest", is the newest.
func (c *Catalogue) Version(set, version string) (Version, bool) {
	all := c.Versions(set)
	if len(all) == 0 {
		return Version{}, false
	}
	if version == "" || version == "latest" {
		return all[len(all)-1], true
	}
	for _, v := range all {
		if v.Version == version {
			return v, true
		}
	}
	return Version{}, false
}

// Versions lists the releases of a set, oldest first.
func (c *Catalogue) Versions(set string) []Version {
	var out []Version
	for _, v := range c.Releases {
		if v.Set == set {
			out = append(out, v)
		}
	}
	return out
}

// ParseRef splits "grunnsett@1.0.0". Without "@" the version is empty, which
// means the newest. The error is a [problem.Invalid].
func ParseRef(ref string) (set, version string, err error) {
	set, version, _ = strings.Cut(ref, "@")
	if !idForms["set"]().MatchString(set) || version != "" && version != "latest" && !semver().MatchString(version) {
		if r := []rune(ref); len(r) > 60 {
			ref = string(r[:60]) + "…"
		}
		return "", "", problem.New(problem.Invalid, "set.reference", problem.Args{"Ref": ref})
	}
	return set, version, nil
}
