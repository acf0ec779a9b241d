// Package review owns what a public body finds when it looks at a supplier's
// evidence for a requirement: the statement it signs, the checks at the door,
// whom a review is shared with, what a review is worth at a moment, and which
// answers it still covers after a renewal.
//
// A review is shared with the body's own people alone or with all public
// bodies. One that is shared is seen by the supplier it is about too; other
// suppliers and the public see no review, only the step of assurance that
// status gives an answer. The log holds digest, signature and key of each
// review, and nothing of what it says.
//
// It does not know how the log, the store or a page works, nor what a
// declaration is worth: that is status.
package review
