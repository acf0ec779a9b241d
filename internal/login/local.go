package login

import (
	"net/url"
	"strings"
)

const maxLocal = 2048 // bytes of an address to go back to

// Local gives back to when it is an address on this site, else fallback. An
// address that could be read as one on another site is none, however it is
// written.
func Local(to, fallback string) string {
	if to == "" || len(to) > maxLocal || !isLocal(to) {
		return fallback
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return fallback
	}
	// What a browser, or something between, may make of the escapes, twice over.
	path := u.Path
	for range 2 {
		if !isLocal(path) {
			return fallback
		}
		if path, err = url.PathUnescape(path); err != nil {
			break // the escapes are spent
		}
	}
	return to
}

func isLocal(s string) bool {
	return strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && !strings.ContainsAny(s, "\\") &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\ufffd' }) && !dotted(s)
}

// dotted tells whether a path has segments that mean another one: what follows
// them could become its beginning.
func dotted(s string) bool {
	path, _, _ := strings.Cut(s, "?")
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}
