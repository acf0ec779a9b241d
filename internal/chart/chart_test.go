package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/procurement"
)

var now = time.Date(2026, 11, 23, 13, 5, 0, 0, time.UTC)

func texts(t testing.TB, lang string) *locale.Texts {
	t.Helper()
	b, err := locale.Load(os.DirFS("../../templates"), "locales")
	if err != nil {
		t.Fatal(err)
	}
	return b.In(lang)
}

// compared has bidders who answer n requirements each in a mixture of their own.
func compared(names []string, n int) procurement.Comparison {
	var lines []procurement.Line
	for i := range n {
		lines = append(lines, procurement.Line{Requirement: catalogue.Requirement{ID: fmt.Sprint(i)}, Type: []string{"A", "B"}[i%2]})
	}
	var bidders []procurement.Bidder
	var responses []procurement.Response
	for b, name := range names {
		number := organisation.Number(fmt.Sprint(b))
		bidders = append(bidders, procurement.Bidder{Supplier: number, Name: name})
		r := procurement.Response{Supplier: number}
		for i, l := range lines {
			if k := (i * (b + 1)) % 7; k < 6 {
				r.Answers = append(r.Answers, procurement.ResponseAnswer{Requirement: l.Requirement.ID, Status: attestation.AnswerStatuses()[k]})
			}
		}
		responses = append(responses, r)
	}
	return procurement.Compare(lines, bidders, nil, responses)
}

var evil = []string{"Nordlys Sky AS", `<script>alert(1)</script> & "Sønner"`, "]]>&amp;\x00\u202e", strings.Repeat("Et svært langt navn ", 10)}

// TestSVGSaysTheNumbers reads the picture as programs do.
func TestSVGSaysTheNumbers(t *testing.T) {
	for _, lang := range locale.Languages() {
		tx := texts(t, lang)
		c := compared(evil, 45)
		data := Comparison(tx, "Sak & arkiv <1>", c, now).SVG()
		var doc struct {
			XMLName  xml.Name `xml:"http://www.w3.org/2000/svg svg"`
			Role     string   `xml:"role,attr"`
			Lang     string   `xml:"lang,attr"`
			Labelled string   `xml:"aria-labelledby,attr"`
			Title    struct {
				ID   string `xml:"id,attr"`
				Text string `xml:",chardata"`
			} `xml:"title"`
			Desc struct {
				ID   string `xml:"id,attr"`
				Text string `xml:",chardata"`
			} `xml:"desc"`
			Rects []struct {
				Width float64 `xml:"width,attr"`
				Fill  string  `xml:"fill,attr"`
				H     float64 `xml:"height,attr"`
			} `xml:"rect"`
			Texts []string `xml:"g>text"`
		}
		if err := xml.Unmarshal(data, &doc); err != nil {
			t.Fatalf("%s: %v\n%s", lang, err, data)
		}
		if doc.Role != "img" || doc.Lang != lang || doc.Labelled != doc.Title.ID+" "+doc.Desc.ID || !strings.Contains(doc.Title.Text, "Sak & arkiv <1>") {
			t.Errorf("%s: role %q, language %q, named by %q, title %q", lang, doc.Role, doc.Lang, doc.Labelled, doc.Title.Text)
		}
		if bytes.Contains(data, []byte("<script")) || bytes.Contains(data, []byte("href")) || bytes.Contains(data, []byte("style")) {
			t.Errorf("%s: the picture holds more than shapes and text", lang)
		}
		all := strings.Join(doc.Texts, "\n")
		if m := regexp.MustCompile(`\b(page|answer)\.[a-z]`).FindString(all + doc.Desc.Text); m != "" {
			t.Errorf("%s: the key %s is shown", lang, m)
		}
		widths := map[string]float64{}
		for _, r := range doc.Rects[1:] { // the first is the ground
			if r.H == barHeight {
				widths[r.Fill] += r.Width
			}
		}
		for _, p := range parts {
			word := "answer." + string(p.answer)
			if p.answer == "" {
				word = "answer.none"
			}
			total := 0
			for _, b := range c.Bidders {
				n := p.count(b.Counts)
				total += n
				said := fmt.Sprintf("%s %d", tx.T(word), n)
				if n > 0 && (!strings.Contains(all, said) || !strings.Contains(doc.Desc.Text, said)) {
					t.Errorf("%s: nowhere does it say %q", lang, said)
				}
			}
			want := float64(total) * (width - 2*margin) / 45
			if got := widths[hex(p.fill)]; got < want-1 || got > want+1 {
				t.Errorf("%s: %s is %.1f wide, want %.1f", lang, word, got, want)
			}
		}
		for _, b := range c.Bidders {
			if !strings.Contains(all, tx.T("page.procurement-comparison.unmet-a")+": "+strconv.Itoa(b.UnmetA)) {
				t.Errorf("%s: the unmet minimum requirements of %s are not told", lang, b.Bidder.Name)
			}
		}
		if strings.Index(doc.Desc.Text, "Nordlys") > strings.Index(doc.Desc.Text, "<script>") {
			t.Errorf("%s: the bidders stand in another order", lang)
		}
	}
}

// TestPictureIsThatOfTheSVG compares dots with the drawing.
func TestPictureIsThatOfTheSVG(t *testing.T) {
	ch := Comparison(texts(t, "nb"), "Sak og arkiv", compared(evil, 45), now)
	var out bytes.Buffer
	if err := ch.PNG(&out); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&out)
	if err != nil {
		t.Fatal(err)
	}
	d := ch.layout()
	if b := img.Bounds(); b.Dx() != width*scale || b.Dy() < int(d.height)*scale || b.Dy() > int(d.height+1)*scale {
		t.Errorf("the picture is %v, the drawing %d x %.1f", b, width, d.height)
	}
	for _, r := range d.rects {
		if r.w < 6 {
			continue
		}
		x, y := int((r.x+3)*scale), int((r.y+3)*scale)
		if got := color.RGBAModel.Convert(img.At(x, y)); got != r.fill {
			t.Errorf("at %d,%d it is %v, want %v", x, y, got, r.fill)
		}
	}
	// Every text has left ink of its colour where it stands.
	for _, l := range d.labels {
		inked := 0
		area := image.Rect(int(l.x*scale), int((l.y-float64(l.size))*scale), int((l.x+measure(l.s, l.size, l.bold))*scale), int((l.y+4)*scale))
		if !area.In(img.Bounds()) {
			t.Errorf("%q stands outside the picture", l.s)
		}
		for y := area.Min.Y; y < area.Max.Y; y++ {
			for x := area.Min.X; x < area.Max.X; x++ {
				if color.RGBAModel.Convert(img.At(x, y)) == l.ink {
					inked++
				}
			}
		}
		if inked < 4*len([]rune(l.s)) {
			t.Errorf("%q has left %d dots of ink", l.s, inked)
		}
	}
}

// TestTextCanBeReadOnItsColour holds the contrast of WCAG 2.1 AA.
func TestTextCanBeReadOnItsColour(t *testing.T) {
	lum := func(c color.RGBA) float64 {
		f := func(v uint8) float64 {
			x := float64(v) / 255
			if x <= 0.04045 {
				return x / 12.92
			}
			return math.Pow((x+0.055)/1.055, 2.4)
		}
		return 0.2126*f(c.R) + 0.7152*f(c.G) + 0.0722*f(c.B)
	}
	seen := map[color.RGBA]bool{}
	for _, l := range Comparison(texts(t, "nb"), "x", compared(evil, 70), now).layout().labels {
		seen[l.on] = true
		a, b := lum(l.on), lum(l.ink)
		if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
			t.Errorf("%q: contrast %.1f", l.s, ratio)
		}
	}
	if len(seen) != len(parts) { // white is both the ground and no answer
		t.Errorf("looked at %d colours", len(seen))
	}
}

func TestManyAndNone(t *testing.T) {
	names := make([]string, 50)
	for i := range names {
		names[i] = strings.Repeat("W", 200)
	}
	for _, c := range []procurement.Comparison{{}, compared(names, 0), compared(names, 2000)} {
		ch := Comparison(texts(t, "nn"), strings.Repeat("Tittel ", 40), c, now)
		if n := len(palette(ch.layout())); n > 256 {
			t.Errorf("%d colours do not fit in a byte", n)
		}
		var out bytes.Buffer
		if err := ch.PNG(&out); err != nil {
			t.Error(err)
		}
		if out.Len() > 2<<20 {
			t.Errorf("%d bytes", out.Len())
		}
		for _, l := range ch.layout().labels {
			if end := l.x + measure(l.s, l.size, l.bold); end > width-margin+1 {
				t.Errorf("%.30q ends at %.0f", l.s, end)
			}
		}
		if err := xml.Unmarshal(ch.SVG(), new(struct{})); err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkPNG(b *testing.B) {
	names := make([]string, 20)
	for i := range names {
		names[i] = fmt.Sprintf("Tilbyder %d AS", i+1)
	}
	ch := Comparison(texts(b, "nb"), "Sak og arkiv", compared(names, 200), now)
	b.ReportAllocs()
	for b.Loop() {
		if err := ch.PNG(&bytes.Buffer{}); err != nil {
			b.Fatal(err)
		}
	}
}
