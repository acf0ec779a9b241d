// Package content looks at the bytes of a file that is to be kept: whether it
// is one thing and the thing it is taken for, whether it can be looked into at
// all, and whether it carries what runs. It knows bytes and types, and nothing
// of who sent them or why.
//
// It is no malware scanner. It does not look for scripts, actions or
// attachments inside a PDF, which may stand in compressed parts.
package content
