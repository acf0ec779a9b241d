// Package evidence owns the documentation a supplier attaches: what it is,
// whose it is, who may see it, what the malware scan said, and its bytes by
// digest. It does not know which answer refers to it, or what the scanner is.
package evidence
