package api

import (
	"strconv"
	"strings"

	"felleskrav/internal/problem"
)

// etag is the entity tag of a revision.
func etag(rev int64) string { return `"` + strconv.FormatInt(rev, 10) + `"` }

// revision reads If-Match: the revision it names, or 0 for any. A tag that
// cannot be one of ours matches nothing.
func revision(ifMatch string) (int64, error) {
	tag := strings.TrimSpace(ifMatch)
	if tag == "" || tag == "*" {
		return 0, nil
	}
	rev, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
	if err != nil || rev < 1 || tag != etag(rev) {
		return 0, problem.New(problem.Stale, "request.if-match", nil)
	}
	return rev, nil
}

// matches reports whether If-None-Match names the tag (RFC 9110 §13.1.2).
func matches(ifNoneMatch, tag string) bool {
	for one := range strings.SplitSeq(ifNoneMatch, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}
