package catalogue

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"felleskrav/internal/problem"
)

// Person is who did something to the content, as others are shown it.
type Person struct {
	// ID is the actor's id: what tells two persons apart.
	ID   string `json:"id"`
	Name string `json:"name"`
	// Org is the organisation number the person acted for.
	Org string `json:"org"`
}

// DraftState is how far a draft has come.
type DraftState string

// The states. Only a draft or a returned one can be edited, only an approved
// one published; published and discarded are the end.
const (
	DraftOpen      DraftState = "draft"
	DraftInReview  DraftState = "in-review"
	DraftReturned  DraftState = "returned"
	DraftApproved  DraftState = "approved"
	DraftPublished DraftState = "published"
	DraftDiscarded DraftState = "discarded"
)

// Editable reports whether files and description can be changed.
func (s DraftState) Editable() bool { return s == DraftOpen || s == DraftReturned }

// Closed reports whether nothing more happens to the draft.
func (s DraftState) Closed() bool { return s == DraftPublished || s == DraftDiscarded }

// Decision is what an editor decides about another's draft.
type Decision string

// The decisions.
const (
	DecisionApprove Decision = "approve"
	DecisionReturn  Decision = "return"
)

// DraftReview is one decision about a draft, kept for good.
type DraftReview struct {
	By       Person    `json:"by"`
	Decision Decision  `json:"decision"`
	Comment  string    `json:"comment,omitempty"`
	At       time.Time `json:"at"`
}

// WantedRelease is a set version to be released when the draft is published.
type WantedRelease struct {
	Set     string `json:"set"`
	Version string `json:"version"`
}

// Ref is the short name of the set version: "grunnsett@1.1.0".
func (w WantedRelease) Ref() string { return w.Set + "@" + w.Version }

// DraftFile is one content file as the draft would have it.
type DraftFile struct {
	// Text is formatted YAML; lists leave it out.
	Text string `json:"text"`
	// SHA256 is the digest of Text, in hex, and Size its length in bytes.
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
	// Base is the SHA-256, in hex, of the file in force when it was taken into
	// the draft, or "" when there was none. When the file in force has become
	// another one meanwhile, publishing would undo somebody's work.
	Base string `json:"base"`
}

// Draft is a proposed change to the content: whole files that take the place
// of those in force, and the releases to make of the result.
type Draft struct {
	ID     string `json:"id"` // UUIDv7
	Title  string `json:"title"`
	Note   string `json:"note,omitempty"`
	Author Person `json:"author"`
	// Editors are the ids of everyone who has changed the files. None of them
	// can approve the draft.
	Editors  []string             `json:"editors"`
	Files    map[string]DraftFile `json:"files"`
	State    DraftState           `json:"state"`
	Reviews  []DraftReview        `json:"reviews,omitempty"`
	Releases []WantedRelease      `json:"releases,omitempty"`
	// LintedOn is how many drafts had been published when this one was handed
	// over for review without findings. Lint looks again when there are more.
	LintedOn int `json:"lintedOn,omitempty"`
	// Closed tells who published or discarded the draft, and when.
	Closed    *DraftClosing `json:"closed,omitempty"`
	CreatedAt time.Time     `json:"createdAt"`
	UpdatedAt time.Time     `json:"updatedAt"`
	Rev       int64         `json:"rev"`
}

// DraftClosing is the end of a draft.
type DraftClosing struct {
	By Person    `json:"by"`
	At time.Time `json:"at"`
}

// Limits on one draft; sizes in bytes.
const (
	maxDraftFiles    = 60
	maxDraftBytes    = 1 << 20
	maxDraftTitle    = 200
	maxDraftNote     = 4000
	maxDraftComment  = 2000
	maxDraftReleases = 20
)

// Paths lists the paths of the files, sorted.
func (d Draft) Paths() []string { return slices.Sorted(maps.Keys(d.Files)) }

// Summary is the draft without the texts of its files, for lists.
func (d Draft) Summary() Draft {
	if d.Files == nil {
		return d
	}
	files := make(map[string]DraftFile, len(d.Files))
	for p, f := range d.Files {
		f.Text = ""
		files[p] = f
	}
	d.Files = files
	return d
}

// Validate checks title, note, files and wanted releases, and tells all that
// is wrong at once. It does not read the files.
func (d Draft) Validate() error {
	c := problem.Collector{Key: "draft.invalid"}
	title := strings.TrimSpace(d.Title)
	c.Check(title != "", "title", "field.required", nil)
	c.Check(utf8.RuneCountInString(title) <= maxDraftTitle, "title", "field.long", problem.Args{"Max": maxDraftTitle})
	c.Check(!strings.ContainsFunc(title, unicode.IsControl) && utf8.ValidString(title), "title", "field.control", nil)
	checkProse(&c, "note", d.Note, maxDraftNote)
	c.Check(len(d.Releases) <= maxDraftReleases, "releases", "field.many", problem.Args{"Max": maxDraftReleases})
	seen := map[string]bool{}
	for i, r := range d.Releases {
		at := fmt.Sprintf("releases[%d]", i)
		c.Check(idForms["set"]().MatchString(r.Set), at+".set", "field.form", nil)
		c.Check(semver().MatchString(r.Version) && len(r.Version) <= 20, at+".version", "draft.version-form", nil)
		c.Check(!seen[r.Set], at+".set", "draft.set-repeated", problem.Args{"Set": problem.Clip(r.Set)})
		seen[r.Set] = true
	}
	c.Check(len(d.Files) <= maxDraftFiles, "files", "draft.files-many", problem.Args{"Max": maxDraftFiles})
	total := 0
	for p, f := range d.Files {
		c.Check(ContentPath(p), "files", "draft.path", problem.Args{"Path": problem.Clip(p)})
		total += len(f.Text)
	}
	c.Check(total <= maxDraftBytes, "files", "draft.files-large", problem.Args{"KiB": maxDraftBytes >> 10})
	return c.Err()
}

// checkProse holds a text of several lines against its limit.
func checkProse(c *problem.Collector, field, text string, most int) {
	c.Check(utf8.RuneCountInString(text) <= most, field, "field.long", problem.Args{"Max": most})
	c.Check(utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
	}), field, "draft.control", nil)
}

// contentFile is the form of a file name within a content folder.
var contentFile = matching(`^[a-z0-9][a-z0-9-]{0,79}\.yaml$`)

// ContentPath reports whether a path is one that content files can have:
// sources.yaml, levels.yaml, lint-allow.yaml, unlinked.yaml, or a YAML file in one of the
// folders tasks, information-types, measures, themes and sets. Releases are not
// among them: nobody edits a release.
func ContentPath(p string) bool {
	switch p {
	case "sources.yaml", "levels.yaml", allowFile, unlinkedFile:
		return true
	}
	dir, name := path.Split(p)
	switch dir {
	case "tasks/", "information-types/", "measures/", "themes/", "sets/":
		return contentFile().MatchString(name)
	}
	return false
}

// Digest is the SHA-256 of data, in hex.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
