package login

import (
	"net/url"
	"strings"
	"testing"
)

func TestLocal(t *testing.T) {
	for _, to := range []string{
		"/", "/suppliers", "/suppliers/910000012/edit", "/procurements/new?step=model&task=a%20b", "/suppliers?q=bl%C3%A5b%C3%A6r", "/log?next=//x", "/a/b//c", "/a:b", "/@a",
		"/suppliers?q=" + strings.Repeat("a", 2000), "/..a/b", "/a.b", "/log#part",
	} {
		if got := Local(to, "no"); got != to {
			t.Errorf("%q gives %q", to, got)
		}
	}
	for _, to := range []string{
		"", "suppliers", "//evil.example", "///evil.example", "https://evil.example", "http:/evil.example", "javascript:alert(1)", "data:text/html,x", "mailto:a@b",
		`/\evil.example`, `\\evil.example`, `/a\b`, "/%5cevil.example", "/%5C%5Cevil.example", "/%2fevil.example", "/%2F%2Fevil.example", "/%252fevil.example", "/%255cevil.example",
		"/\tevil.example", "\t//evil.example", " //evil.example", "/\nevil", "/\r\nLocation: x", "/%0d%0aLocation: x", "/%00", "/\x7f", "/\u0085evil", "/%c2%85evil",
		"/.//evil.example", "/..//evil.example", "/%2e%2e//evil.example", "/a/..//evil.example", "/\xff", "/%zz",
		"//user@evil.example/", "/a?" + strings.Repeat("a", 2048),
	} {
		if got := Local(to, "no"); got != "no" {
			t.Errorf("%q gives %q", to, got)
		}
	}
}

// Whatever is taken leads to this site, as a browser reads it.
func FuzzLocal(f *testing.F) {
	for _, s := range []string{"/a", "//a", `/\a`, "/%2fa", "/..//a", "https://a"} {
		f.Add(s)
	}
	base, _ := url.Parse("https://felleskrav.example/login")
	f.Fuzz(func(t *testing.T, s string) {
		if Local(s, "") == "" {
			return
		}
		// Browsers take backslashes for slashes, and drop tabs and line breaks.
		read := strings.NewReplacer(`\`, "/", "\t", "", "\n", "", "\r", "").Replace(s)
		u, err := base.Parse(read)
		if err != nil || u.Host != base.Host || u.Scheme != "https" || strings.HasPrefix(u.Path, "//") {
			t.Errorf("%q leads to %v, %v", s, u, err)
		}
	})
}

func TestLevels(t *testing.T) {
	l := append(KnownLevels(), []string{"one", "two"})
	for _, c := range []struct {
		have, want string
		ok         bool
	}{
		{"", "", true},
		{"low", "", true},
		{"substantial", "substantial", true},
		{"high", "substantial", true},
		{"high", "low", true},
		{"low", "substantial", false},
		{"substantial", "high", false},
		{"", "low", false},
		{"High", "substantial", false},
		{"idporten-loa-high", "substantial", false},
		{"idporten-loa-high", "idporten-loa-substantial", true},
		{"two", "one", true},
		{"one", "two", false},
		{"three", "one", false},
		{"three", "three", true},
		{"high", "three", false},
	} {
		if got := l.AtLeast(c.have, c.want); got != c.ok {
			t.Errorf("%q for %q: %t", c.have, c.want, got)
		}
	}
}
