package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/httpd"
	"felleskrav/internal/locale"
	"felleskrav/internal/login"
	"felleskrav/internal/organisation"
)

// Base is what the layout needs of every page.
type Base struct {
	Lang      string
	Languages []LanguageLink
	Actor     access.Actor
	// Visitor is who has logged in; nobody in a demonstration.
	Visitor login.Visitor
	Demo    bool
	// Section is the part of the menu the page belongs to.
	Section string
	// Here is the page's address without a choice of language.
	Here string
	// Notice is a locale key to show at the top, or "".
	Notice string
	// Form is nil on pages without problems to tell about.
	Form *Form
}

// LanguageLink leads to this page in another language.
type LanguageLink struct {
	Code, Name, URL string
	Current         bool
}

// languageNames are in their own language, and so not translated.
var languageNames = map[string]string{"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}

const (
	languageCookie = "language"
	languageDays   = 365
)

// language settles the page's language: the address, then the cookie, then
// what the browser asks for. A choice in the address is remembered.
func (w *Web) language(c *gin.Context) {
	c.Writer.Header().Add("Vary", "Accept-Language")
	asked := c.Query("lang")
	choice := asked
	if choice == "" {
		choice, _ = c.Cookie(languageCookie)
	}
	lang := locale.Negotiate(choice, c.GetHeader("Accept-Language"))
	if asked == lang {
		http.SetCookie(c.Writer, &http.Cookie{
			Name: languageCookie, Value: lang, Path: "/", MaxAge: languageDays * 24 * 3600,
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(w.BaseURL, "https://"),
		})
	}
	c.Set(languageKey, lang)
	c.Set(sessionKey, true)
	httpd.SetActor(c, w.actor(c)) // for the access log, and for limits
	private(c)
}

// private keeps what is drawn for somebody out of every cache: the next at the
// same machine is not to find it by going back.
func private(c *gin.Context) {
	if httpd.Actor(c).Known() {
		httpd.Private(c)
	}
}

const (
	languageKey = "web.language"
	sessionKey  = "web.session" // set once the session has been loaded
)

// lang is the page's language. Outside the mounted routes, where nothing has
// settled it, it is settled here.
func (w *Web) lang(c *gin.Context) string {
	if lang := c.GetString(languageKey); lang != "" {
		return lang
	}
	choice, _ := c.Cookie(languageCookie)
	return locale.Negotiate(choice, c.GetHeader("Accept-Language"))
}

func (w *Web) texts(c *gin.Context) *locale.Texts { return w.Texts.In(w.lang(c)) }

// actor tells who is behind the request.
func (w *Web) actor(c *gin.Context) access.Actor { return w.Sessions.Actor(c.Request.Context()) }

// base fills in what the layout needs. An answer given before the session
// was loaded is drawn for anyone.
func (w *Web) base(c *gin.Context, section string) Base {
	b := w.bare(c, section)
	if c.GetBool(sessionKey) {
		b.Actor = w.actor(c)
		b.Visitor = w.Sessions.Visitor(c.Request.Context())
		b.Notice = w.Sessions.Told(c.Request.Context())
	}
	return b
}

// bare is base without the session.
func (w *Web) bare(c *gin.Context, section string) Base {
	b := Base{Lang: w.lang(c), Actor: access.Anyone(), Demo: w.Demo, Section: section}
	query := c.Request.URL.Query()
	query.Del("lang")
	here := url.URL{Path: c.Request.URL.Path, RawQuery: query.Encode()}
	b.Here = here.String()
	for _, code := range locale.Languages() {
		query.Set("lang", code)
		here.RawQuery = query.Encode()
		b.Languages = append(b.Languages, LanguageLink{Code: code, Name: languageNames[code], URL: here.String(), Current: code == b.Lang})
	}
	return b
}

// LoginURL leads to logging in and back to this page.
func (b Base) LoginURL() string { return "/login?" + url.Values{"next": {b.Here}}.Encode() }

// Is reports whether the reader has the role.
func (b Base) Is(role string) bool { return b.Actor.Has(access.Role(role)) }

// Administers reports whether the reader sees to the organisation's tokens.
func (b Base) Administers() bool {
	return b.Actor.Org != "" && access.Check(b.Actor, access.ManageTokens, b.Actor.Org) == nil
}

// SeesMembers reports whether the reader sees to the organisation's members.
func (b Base) SeesMembers() bool {
	return b.Actor.Org != "" && access.Check(b.Actor, access.ReadMembers, b.Actor.Org) == nil
}

// DecidesClaims reports whether the reader decides who is an organisation's
// first.
func (b Base) DecidesClaims() bool {
	_, err := access.ScopeFor(b.Actor, access.DecideClaim)
	return err == nil
}

// Watches reports whether the reader sees what the body watches.
func (b Base) Watches() bool {
	return b.Actor.Org != "" && access.Check(b.Actor, access.ReadWatch, b.Actor.Org) == nil
}

// SeesToOthers reports whether the reader has anything to do with what others
// may do: then there is a second menu.
func (b Base) SeesToOthers() bool {
	return b.Administers() || b.SeesMembers() || b.DecidesClaims() || b.ReadsTrail()
}

// ReadsTrail reports whether the reader may see the audit trail.
func (b Base) ReadsTrail() bool {
	_, err := access.ScopeFor(b.Actor, access.ReadTrail)
	return err == nil
}

// Acts reports whether the reader acts for the organisation as a supplier.
func (b Base) Acts(number organisation.Number) bool {
	return b.Actor.Has(access.Supplier) && b.Actor.Org == string(number)
}

// show draws a page.
func (w *Web) show(c *gin.Context, code int, page string, data any) error {
	c.Writer.Header().Set("Content-Type", "text/html; charset=utf-8")
	c.Writer.Header().Set("Content-Language", w.lang(c))
	b, err := w.engine.render(w.lang(c), page, data)
	if err != nil {
		return err
	}
	defer giveBack(b)
	h := c.Writer.Header()
	h.Add("Vary", "Accept-Encoding")
	short := b.Len() < smallest || !takesGzip(c.GetHeader("Accept-Encoding"))
	if !short {
		h.Set("Content-Encoding", "gzip")
	}
	c.Status(code)
	if c.Request.Method == http.MethodHead {
		return nil
	}
	if !short {
		return compress(c.Writer, b.Bytes())
	}
	_, err = c.Writer.Write(b.Bytes())
	return err
}

// away sends the browser on after a change, so that reloading repeats nothing.
func (w *Web) away(c *gin.Context, to string) error {
	c.Redirect(http.StatusSeeOther, to)
	return nil
}

// done is away with a message for the next page.
func (w *Web) done(c *gin.Context, notice, to string) error {
	w.Sessions.Tell(c.Request.Context(), notice)
	return w.away(c, to)
}

// local gives back an address on this site, or fallback.
func local(to, fallback string) string { return login.Local(to, fallback) }

// attach sets the headers of a file to save.
func attach(c *gin.Context, name, mediaType string) {
	c.Writer.Header().Set("Content-Type", mediaType)
	c.Writer.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(name))
}
