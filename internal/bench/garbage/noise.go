package garbage

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// noise makes requests. The same seed gives the same ones.
type noise struct{ *rand.Rand }

const letters = "abcdefghijklmnopqrstuvwxyz0123456789-_.~%/"

func (n noise) text(most int) string {
	var b strings.Builder
	for range 1 + n.IntN(most) {
		b.WriteByte(letters[n.IntN(len(letters)-2)])
	}
	return b.String()
}

// served are addresses that exist, and cost something.
var served = []string{
	"/", "/catalogue", "/catalogue/requirements/K-STYRING-01", "/suppliers?q=a", "/log", "/api/v1/requirements", "/api/v1/tasks", "/log/checkpoint", "/metrics",
	"/api/v1/requirement-sets/skytjenester/versions/latest", "/login", "/openapi.json", "/workbooks/verify", "/api/v1/suppliers?q=" + "%C3%A6",
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "BREW"}

// piece is a request as bytes. head says that its answer has no body, ends that
// the server is expected to close the connection after it.
type piece struct {
	text       []byte
	head, ends bool
}

// pieces are made before they are sent: the load shares the machine with the
// server.
func (n noise) pieces(host string, count int) []piece {
	out := make([]piece, count)
	for i := range out {
		out[i].text, out[i].head, out[i].ends = n.request(host)
	}
	return out
}

// request is one request as bytes.
func (n noise) request(host string) (text []byte, head, ends bool) {
	method, path, headers, body := "GET", "/"+n.text(40), "", ""
	switch k := n.IntN(100); {
	case k < 30: // addresses that scanners try
	case k < 40:
		method = methods[n.IntN(len(methods))]
	case k < 55:
		path, headers = "/api/v1/suppliers/310911380/status", "Authorization: Bearer fk_"+n.text(60)+"\r\n"
	case k < 65:
		path, headers = served[n.IntN(len(served))], "Accept: text/html\r\nCookie: felleskrav="+n.text(43)+"\r\n"
	case k < 75:
		path = served[n.IntN(len(served))]
		for range n.IntN(20) {
			headers += fmt.Sprintf("X-%s: %s\r\n", strings.Trim(n.text(8), "%/~._")+"a", n.text(60))
		}
	case k < 85:
		method, path = "POST", []string{"/api/v1/selections", "/api/v1/status/check", "/login", "/api/v1/attestations", "/workbooks/verify"}[n.IntN(5)]
		headers, body = "Content-Type: application/json\r\n", `{"`+n.text(20)+`":[`+strings.Repeat("[", n.IntN(500))
	case k < 92:
		headers = fmt.Sprintf("X-Forwarded-For: 10.%d.%d.%d\r\nX-Forwarded-Host: %s\r\nAccept-Language: %s\r\n", n.IntN(256), n.IntN(256), n.IntN(256), n.text(10), n.text(30))
	case k < 95:
		path = "/log/tile/" + n.text(20)
	case k < 97:
		host = n.text(20) + ".example"
	case k < 98:
		headers = "X-Huge: " + strings.Repeat("x", 64<<10) + "\r\n"
		ends = true
	default:
		return []byte(n.text(60) + "\r\n\r\n"), false, true
	}
	if method != "GET" && method != "HEAD" {
		headers += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	path = strings.ReplaceAll(path, "%/", "/")
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n%s", method, path, host, headers, body), method == "HEAD", ends
}
