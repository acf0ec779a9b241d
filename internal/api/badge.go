package api

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"felleskrav/internal/locale"
	"felleskrav/internal/status"
)

// badge is a picture to put on somebody else's page.
type badge struct {
	exact
}

// VisitGetOfferingBadgeResponse sends it.
func (b badge) VisitGetOfferingBadgeResponse(w http.ResponseWriter) error { return b.send(w) }

// badgeText is what stands in the picture.
type badgeText struct {
	Lang, Title, Label, Word, Colour    string
	Width, LabelWidth, WordX, WordStart int
}

// badgeColours have at least 4.5:1 to the white text on them; the word says
// the same without colour.
var badgeColours = map[status.Overall]string{
	status.Valid: "#0b6b3a", status.Expiring: "#8a4b00", status.SupersededSet: "#8a4b00", status.Incomplete: "#8a4b00",
}

var badgeSVG = template.Must(template.New("badge").Parse(
	`<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="24" viewBox="0 0 {{.Width}} 24" role="img" lang="{{.Lang}}" aria-label="{{.Title}}"><title>{{.Title}}</title>` +
		`<rect width="{{.Width}}" height="24" rx="4" fill="#22313f"/><path d="M{{.LabelWidth}} 0H{{.WordStart}}a4 4 0 0 1 4 4v16a4 4 0 0 1-4 4H{{.LabelWidth}}z" fill="{{.Colour}}"/>` +
		`<g fill="#fff" font-family="Inter,Segoe UI,Helvetica,Arial,sans-serif" font-size="12"><text x="8" y="16">{{.Label}}</text><text x="{{.WordX}}" y="16" font-weight="600">{{.Word}}</text></g></svg>` + "\n"))

// drawBadge draws a status; pages may keep it for as long as maxAge, and no
// longer than the status holds.
func drawBadge(st status.Status, t *locale.Texts, maxAge time.Duration) badge {
	word := t.T("status." + string(st.Overall))
	set := st.Set + " " + st.SetVersion
	label := textWidth(set) + 16
	width := label + textWidth(word)*11/10 + 16
	colour, ok := badgeColours[st.Overall]
	if !ok {
		colour = "#9b1c1c"
	}
	var buf bytes.Buffer
	data := badgeText{
		Lang: t.Lang, Label: set, Word: word, Colour: colour, Width: width, LabelWidth: label, WordX: label + 8, WordStart: width - 4,
		Title: fmt.Sprintf("%s, %s: %s (%s)", st.OfferingName, set, word, t.Date(st.At)),
	}
	if err := badgeSVG.Execute(&buf, data); err != nil {
		panic("api: the badge cannot be drawn: " + err.Error()) // the template takes any text
	}
	if st.ChangesAt != nil {
		maxAge = min(maxAge, max(0, st.ChangesAt.Sub(st.At)))
	}
	return badge{exact{mediaType: "image/svg+xml", body: buf.Bytes(), header: map[string]string{
		"Cache-Control":                "public, max-age=" + strconv.Itoa(int(maxAge.Seconds())),
		"Cross-Origin-Resource-Policy": "cross-origin",
		"Vary":                         "Accept-Language",
		"Content-Language":             t.Lang,
	}}}
}

// textWidth estimates the width of text of 12 pixels, rather too wide.
func textWidth(s string) int { return utf8.RuneCountInString(s) * 7 }
