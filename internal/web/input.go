package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/httpd"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
)

// parseForm reads a form without files.
func parseForm(c *gin.Context) error {
	if err := c.Request.ParseForm(); err != nil {
		if isTooLarge(err) {
			return err
		}
		return problem.New(problem.Invalid, "page.error.form", nil).Because(err)
	}
	return nil
}

// query writes names and values in turn as a query string.
func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// line tidies what a person typed into a one-line input.
func line(s string) string { return strings.TrimSpace(s) }

// text tidies what a person typed into a textarea: browsers send CRLF.
func text(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

const (
	localTime = "2006-01-02T15:04"
	localDate = "2006-01-02"
)

// readTime reads a date, with or without a time of day, in Oslo. A date alone
// is taken at its end when end is set, else at its beginning. "" is nil.
func readTime(s string, end bool) (*time.Time, bool) {
	s = line(s)
	if s == "" {
		return nil, true
	}
	if at, err := time.ParseInLocation(localTime, s, locale.Zone()); err == nil {
		at = at.UTC()
		return &at, true
	}
	at, err := time.ParseInLocation(localDate, s, locale.Zone())
	if err != nil {
		if at, err = time.Parse(time.RFC3339, s); err != nil {
			return nil, false
		}
		at = at.UTC()
		return &at, true
	}
	if end {
		at = at.AddDate(0, 0, 1).Add(-time.Second)
	}
	at = at.UTC()
	return &at, true
}

// whole reads a whole number that a form carries, such as a revision.
func whole(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// upload is one file of a form, with the fields that stood before it.
type upload struct {
	name   string
	fields url.Values
	file   io.ReadCloser
}

// maxField is the largest text field beside a file, in bytes: a statement of
// many answers, in base64.
const maxField = 8 << 20

// readUpload reads a form up to its file and leaves the file to be streamed.
// Text fields must stand before the file in the form, as in our pages.
func readUpload(c *gin.Context, file string) (upload, error) {
	bad := problem.New(problem.Invalid, "page.error.form", nil)
	r, err := c.Request.MultipartReader()
	if err != nil {
		return upload{}, bad.Because(err)
	}
	up := upload{fields: url.Values{}}
	for range 50 {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if isTooLarge(err) {
				return upload{}, err
			}
			return upload{}, bad.Because(err)
		}
		if part.FormName() == file {
			if part.FileName() == "" {
				break // the input was left empty
			}
			up.name, up.file = part.FileName(), part
			return up, nil
		}
		b, err := io.ReadAll(io.LimitReader(part, maxField+1))
		if err != nil {
			return upload{}, bad.Because(err)
		}
		if len(b) > maxField {
			return upload{}, httpd.TooLarge(maxField)
		}
		up.fields.Add(part.FormName(), string(b))
	}
	missing := &problem.Error{Kind: problem.Invalid, Key: "page.error.no-file", Fields: []problem.Field{{Path: file, Key: "page.error.choose-file"}}}
	return up, missing
}

// readBytes reads an upload that must be held whole.
func readBytes(up upload) ([]byte, error) {
	b, err := io.ReadAll(up.file)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// codeOf is the status that a form is shown with: 200, or when it failed what
// tells of why it must be mended.
func codeOf(failed error) int {
	if failed == nil {
		return http.StatusOK
	}
	return httpd.Status(httpd.Classify(failed))
}
