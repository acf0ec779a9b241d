package audit

import "felleskrav/internal/console"

// ProgramName is the program for auditors, which verifies and does no more.
const ProgramName = "felleskrav-verify"

// commands are what the program for auditors takes: the flags of Verify, and
// what there are commands and common flags for in the one binary.
type commands struct {
	Lang    string `conf:"" placeholder:"nb|nn|en"`
	Version console.VersionFlag
	Verify
}

// Program is the command line of the program for auditors. Its help is that of
// attest verify.
func Program() console.Program {
	return console.Program{Name: ProgramName, Help: "cli.help.attest.verify", Commands: &commands{}}
}
