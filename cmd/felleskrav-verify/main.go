// Command felleskrav-verify verifies signed declarations and reviews offline,
// as "felleskrav attest verify" does, and does no more. It is quick and small:
// most of what the one binary does at its start is to set up libraries that
// verification has no use for.
package main

import (
	"context"
	"os"

	_ "felleskrav/internal/startgc" // before anything else

	"felleskrav/internal/audit"
	"felleskrav/internal/console"
)

func main() {
	args := os.Args[1:]
	s := console.New(context.Background(), args, os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	os.Exit(s.Run(audit.Program(), args))
}
