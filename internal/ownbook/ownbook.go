package ownbook

import (
	"context"
	"io"
	"time"

	"felleskrav/internal/organisation"
	"felleskrav/internal/workbook/own"
)

// Limits of what is kept.
const (
	// MaxRetentionDays and DefaultRetentionDays bound how long a file is kept.
	MaxRetentionDays     = 90
	DefaultRetentionDays = 30
	// MaxKept is how many files a body may have in one procurement.
	MaxKept = 20
	// maxDecisions and maxRows bound what is remembered about one file.
	maxDecisions = 50
	maxRows      = 5000
	maxColumns   = 400
	maxCodes     = 100
	maxName      = 200
)

// Workbook is a file that a body uploaded in a procurement.
type Workbook struct {
	ID          string              `json:"id"`
	Rev         int64               `json:"rev"`
	Body        organisation.Number `json:"body"`
	Procurement string              `json:"procurement"`
	// By is who uploaded it, and FileName what it was called there.
	By       string `json:"by"`
	FileName string `json:"fileName"`
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256"`
	// RetentionDays is how long it is kept after it was last worked on, and
	// KeepUntil when that ends.
	RetentionDays int       `json:"retentionDays"`
	CreatedAt     time.Time `json:"createdAt"`
	KeepUntil     time.Time `json:"keepUntil"`
	// Receiving tells that its file may not have been stored. It is shown to
	// nobody, and the sweep takes it.
	Receiving bool `json:"receiving,omitempty"`
	// Decisions are what people said about its tables.
	Decisions []own.Decision `json:"decisions,omitempty"`
}

// fileKey is the name of the stored bytes.
func (w Workbook) fileKey() string { return "own-" + w.ID }

// Mapping is what a body has decided about a template: the roles of its
// columns by their place from the left, from 0, what its codes mean, and which
// requirements its rows equal, by the fingerprints of their texts. What nobody
// has decided is not in it.
type Mapping struct {
	Body      organisation.Number    `json:"body"`
	Template  string                 `json:"template"`
	Rev       int64                  `json:"rev"`
	Columns   map[int]own.Role       `json:"columns,omitempty"`
	Codes     map[string]own.Meaning `json:"codes,omitempty"`
	Rows      map[string]string      `json:"rows,omitempty"`
	UpdatedAt time.Time              `json:"updatedAt"`
}

// Store keeps workbooks, their files, and mappings. Writes are durable when
// they return.
type Store interface {
	// InsertOwnWorkbook adds one (problem.ErrExists).
	InsertOwnWorkbook(ctx context.Context, w Workbook) error
	// OwnWorkbook reads one (problem.ErrNotFound).
	OwnWorkbook(ctx context.Context, id string) (Workbook, error)
	// OwnWorkbooksOf lists those of a procurement, newest first, at most limit.
	OwnWorkbooksOf(ctx context.Context, procurement string, limit int) ([]Workbook, error)
	// DueOwnWorkbooks lists those to be kept until t or shorter, those due first
	// before others, at most limit.
	DueOwnWorkbooks(ctx context.Context, t time.Time, limit int) ([]Workbook, error)
	// UpdateOwnWorkbook is compare-and-swap: see package storage.
	UpdateOwnWorkbook(ctx context.Context, id string, change func(Workbook) (Workbook, error)) (Workbook, error)
	// RemoveOwnWorkbook removes the document; that there is none is no error.
	RemoveOwnWorkbook(ctx context.Context, id string) error

	// OwnMapping reads what a body decided about a template
	// (problem.ErrNotFound).
	OwnMapping(ctx context.Context, body organisation.Number, template string) (Mapping, error)
	// PutOwnMapping writes it, in the place of what was there: the last word
	// counts.
	PutOwnMapping(ctx context.Context, m Mapping) error

	// PutKeptFile, OpenKeptFile and RemoveKeptFile keep bytes under a name:
	// see bulkcheck.Store.
	PutKeptFile(ctx context.Context, name string, r io.Reader) (size int64, err error)
	OpenKeptFile(ctx context.Context, name string) (io.ReadCloser, int64, error)
	RemoveKeptFile(ctx context.Context, name string) error
}
