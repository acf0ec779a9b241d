package catalogue

import (
	"context"
	"slices"
	"time"
)

// Store keeps drafts, what has been published of them, releases and reports.
// The rules every store keeps stand in the comment of package storage; errors
// are those of package problem.
type Store interface {
	// InsertDraft adds a draft (problem.ErrExists when the id is taken).
	InsertDraft(ctx context.Context, d Draft) error
	// Draft reads one (problem.ErrNotFound).
	Draft(ctx context.Context, id string) (Draft, error)
	// Drafts lists drafts as their Summary, newest first, from the one after the
	// id after; "" is from the first.
	Drafts(ctx context.Context, after string, limit int) ([]Draft, error)
	// UpdateDraft is compare-and-swap; change must be pure, since it may run
	// again (problem.ErrNotFound, problem.ErrStale).
	UpdateDraft(ctx context.Context, id string, change func(Draft) (Draft, error)) (Draft, error)

	// PublishedContent reads the one document of what was published in the
	// service. Before anything was, it is the zero value, with revision 0.
	PublishedContent(ctx context.Context) (PublishedContent, error)
	// PublishedRevision is the revision of that document, or 0. It is cheap: a
	// service asks every few seconds.
	PublishedRevision(ctx context.Context) (int64, error)
	// UpdatePublishedContent is compare-and-swap on that document, which the
	// first update makes: change then gets the zero value (problem.ErrStale).
	UpdatePublishedContent(ctx context.Context, change func(PublishedContent) (PublishedContent, error)) (PublishedContent, error)

	// InsertSetRelease adds the bytes of a release. A set version is released
	// once: problem.ErrExists when there is one, whatever its bytes.
	InsertSetRelease(ctx context.Context, r SetRelease) error
	// SetRelease reads one (problem.ErrNotFound).
	SetRelease(ctx context.Context, set, version string) (SetRelease, error)

	// InsertReport adds a report (problem.ErrExists when the id is taken).
	InsertReport(ctx context.Context, r Report) error
	// Report reads one (problem.ErrNotFound).
	Report(ctx context.Context, id string) (Report, error)
	// ReportsOn lists the reports on a requirement, newest first, from the one
	// after the id after; "" is from the first.
	ReportsOn(ctx context.Context, requirement, after string, limit int) ([]Report, error)
	// OpenReports lists the reports that wait for an answer, on any requirement,
	// oldest first, from the one after the id after; "" is from the first.
	OpenReports(ctx context.Context, after string, limit int) ([]Report, error)
	// CountReports counts those on a requirement. Kinds without any are left out.
	CountReports(ctx context.Context, requirement string) (ReportCounts, error)
	// UpdateReport is compare-and-swap as UpdateDraft is.
	UpdateReport(ctx context.Context, id string, change func(Report) (Report, error)) (Report, error)
}

// PublishedContent is everything that was published in the service, on top of
// the files the program came with: the one document whose change puts a draft
// in force, files and releases at once.
type PublishedContent struct {
	// Files are formatted YAML by path; each takes the place of the program's own.
	Files map[string]string `json:"files,omitempty"`
	// Releases are those in force beside the program's own, in the order they
	// were published. Their bytes are stored and logged before they stand here.
	Releases []ReleaseRef `json:"releases,omitempty"`
	// Drafts are the ids of the drafts that are in it, oldest first.
	Drafts []string `json:"drafts,omitempty"`
	// Pending is the id of the draft that is being published, or "". One at a
	// time, so that each is checked against what it will stand on.
	Pending string `json:"pending,omitempty"`
	Rev     int64  `json:"rev"`
}

// Holds reports whether a draft is part of the content.
func (p PublishedContent) Holds(draft string) bool { return slices.Contains(p.Drafts, draft) }

// ReleaseRef names a release and its exact bytes.
type ReleaseRef struct {
	Set     string `json:"set"`
	Version string `json:"version"`
	// SHA256 is the digest of the bytes, in hex.
	SHA256 string `json:"sha256"`
}

// SetRelease is a release as it is stored: insert-only.
type SetRelease struct {
	Set     string `json:"set"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
	// Draft is the id of the draft it was made by.
	Draft string `json:"draft"`
	// Bytes are the canonical JSON that SHA256 is the digest of.
	Bytes []byte    `json:"bytes"`
	At    time.Time `json:"at"`
}
