// Package console is what the programs of this module have in common on the
// command line: the session with the person at the terminal, in that person's
// language; flags that can be set in the environment; help; errors with the
// code that they end the process with; and results as text, JSON or YAML.
//
// It does not know what any command does.
package console
