// Package audit verifies a signed statement offline: that it is whole, who
// signed it, and that the log has it, of files that the auditor has and trusts.
// It says in plain words what the statement says. It is a command, the same in
// both programs: the one binary, and the small one for auditors.
//
// It asks nobody: it knows no server and no store, and not what counts today.
// Whether a declaration has been withdrawn since is for status.
package audit
