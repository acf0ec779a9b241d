// Command felleskrav is the whole product in one binary: the server, and the
// tools a supplier, a procurement officer, an adviser, an editor and an
// auditor use from a terminal.
//
// It is the only place that picks a storage backend and wires the parts
// together. Results go to standard output and messages to standard error; it
// ends with 0 when done, 1 when the answer is no, 2 when it was used wrongly,
// and 3 when something could not be reached or read.
package main
