// Package startgc keeps the collector from running while the program starts.
//
// Importing it is all there is to do. A program is set up by Go before main,
// package by package in the order of their paths, and this one's is among the
// first. What the libraries set up for themselves, 8 MB, stays for good; the
// collector would look through it three times before main, and take a third of
// the time that a short command needs.
package startgc

import (
	"os"
	"runtime/debug"
)

// percent lets the heap grow to 16 MB before the collector first runs.
const percent = 400

func init() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
