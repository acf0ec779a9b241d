// Package sqlite keeps everything in one SQLite file and, beside it, evidence
// as files named by digest. It is the embedded default: no server to run.
//
// It owns the tables and their migrations, and the group commit: all writes of
// the process go through one goroutine, which puts those that wait into one
// transaction, so that many writers share one flush to disk. Reads run beside
// it on connections of their own. Several processes may have the same folder
// open; their writers take turns.
//
// It does not know what a document means or who may see it, nor the other
// backend.
package sqlite
