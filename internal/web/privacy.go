package web

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/attestation/answerdraft"
	"felleskrav/internal/locale"
	"felleskrav/internal/member"
	"felleskrav/internal/organisation"
)

// privacyPage has times as texts; "" is for ever.
type privacyPage struct {
	Base
	Operator               Operator
	Cookie, LanguageCookie string
	LanguageKept           string
	Idle, Lifetime         string // of a login
	// IdleYears is how many years a person is kept who has not been here.
	IdleYears            int
	Invitation, Finished string
	Drafts               string // of answers
	Trail, Addresses     string
	TokenMax             string
}

// privacy tells what is kept about people, and why.
func (w *Web) privacy(c *gin.Context) error {
	const day = 24 * time.Hour
	t := w.texts(c)
	idle, lifetime := w.Sessions.Limits()
	return w.show(c, http.StatusOK, "privacy", privacyPage{
		Base: w.base(c, ""), Operator: w.Operator, Cookie: w.Sessions.Cookie(), LanguageCookie: languageCookie, LanguageKept: span(t, languageDays*day),
		Idle: span(t, idle), Lifetime: span(t, lifetime), IdleYears: int(member.Idle / (365 * day)),
		Invitation: span(t, member.InvitationLife), Finished: span(t, member.FinishedKept),
		Drafts: span(t, answerdraft.Kept), Trail: span(t, w.Trail.Retention), Addresses: span(t, w.Trail.Addresses), TokenMax: span(t, organisation.MaxDays*day),
	})
}

// span writes a length of time in the largest unit that it is a whole number
// of, a year being 365 days; nothing is "".
func span(t *locale.Texts, d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d <= 0:
		return ""
	case d%(365*day) == 0:
		return t.T("page.privacy.years", "Count", int(d/(365*day)))
	case d%day == 0:
		return t.T("page.privacy.days", "Count", int(d/day))
	case d%time.Hour == 0:
		return t.T("page.privacy.hours", "Count", int(d/time.Hour))
	}
	return t.T("page.privacy.minutes", "Count", int(d/time.Minute))
}
