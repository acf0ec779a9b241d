package web

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"felleskrav/internal/locale"
)

// smallParts are the partials that are about one word of a list or one number:
// the same word gives the same drawing, and a long table has hundreds of them.
var smallParts = []string{"answer", "icon", "level", "proposal", "status"}

// mostDrawings is how many drawings of small parts are kept in a language;
// there are some forty words, so more would mean that something else comes in.
const mostDrawings = 200

// parts draws the small parts in one language, each once for each word.
type parts struct {
	set   *template.Template
	kept  sync.Map // drawing → template.HTML
	count atomic.Int64
}

// drawing is a part about a word. The type of the word counts: the same
// letters are a status in one list and an answer in another.
type drawing struct {
	part string
	word any
}

// newParts takes the partials, which are to be known to nobody else.
func newParts(partials *template.Template, t *locale.Texts) *parts {
	p := &parts{set: partials}
	folder{texts: t}.fold(partials)
	return p
}

// draw gives a small part about a word.
func (p *parts) draw(part string, word any) (template.HTML, error) {
	if !slices.Contains(smallParts, part) {
		return "", fmt.Errorf("draw part %s: it is not a small one", part)
	}
	key := drawing{part, word}
	if had, ok := p.kept.Load(key); ok {
		return had.(template.HTML), nil
	}
	var b strings.Builder
	if err := p.set.ExecuteTemplate(&b, part, word); err != nil {
		return "", fmt.Errorf("draw part %s: %w", part, err)
	}
	out := template.HTML(b.String()) //nolint:gosec // drawn by html/template itself, as the text of a page
	if p.count.Load() < mostDrawings {
		if _, had := p.kept.LoadOrStore(key, out); !had {
			p.count.Add(1)
		}
	}
	return out, nil
}
