// Package own works on requirement workbooks that public bodies made
// themselves: it finds the requirement tables, says what it understood and
// what it must ask about, suggests which rows equal our requirements, and
// fills in requirements, answers and statuses in the body's own columns.
//
// It never decides what a code such as «B» means, and never takes a row for
// one of our requirements, without a yes from a person. It changes cells
// through package patch, so that everything else in the file stays.
//
// It does not know who may see what, where files are kept, or how answers were
// verified: callers give it finished values.
package own
