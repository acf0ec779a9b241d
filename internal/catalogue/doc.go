// Package catalogue owns the shared content of felleskrav: tasks, information
// types, consequence levels, measures, guidance sources, supplier requirements,
// requirement sets and their frozen releases.
//
// It owns the editing of the content too: drafts that one editor writes and
// another approves, their publication, the content in force in a running
// service ([Live]), and what users report about requirements.
//
// It reads the content from YAML strictly (an unknown key, a missing language
// or a dangling id is a [Fault] with file and line), and compares versions of
// a set. It does not know who uses the content: selection, attestations,
// status and workbooks are built on top of it.
// Nor does it know how an actor proved who they are, or how anything is stored.
package catalogue
