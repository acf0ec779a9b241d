package chart

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/color"
)

// SVG writes the chart as a document of its own, with a title, a description
// that holds every number, and text as text.
func (c Chart) SVG() []byte {
	d := c.layout()
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%.0f" viewBox="0 0 %d %.0f" role="img" lang="%s" aria-labelledby="chart-title chart-desc">`+"\n",
		width, d.height, width, d.height, c.lang)
	fmt.Fprintf(&b, "<title id=\"chart-title\">%s</title>\n<desc id=\"chart-desc\">%s</desc>\n", escape(c.title), escape(c.description()))
	fmt.Fprintf(&b, `<rect width="%d" height="%.0f" fill="#ffffff"/>`+"\n", width, d.height)
	for _, r := range d.rects {
		fmt.Fprintf(&b, `<rect x="%.2f" y="%.2f" width="%.2f" height="%.2f" fill="%s" stroke="%s"/>`+"\n", r.x, r.y, r.w, r.h, hex(r.fill), hex(r.border))
	}
	b.WriteString(`<g font-family="Go, Inter, Helvetica, Arial, sans-serif">` + "\n")
	for _, l := range d.labels {
		weight := ""
		if l.bold {
			weight = ` font-weight="700"`
		}
		fmt.Fprintf(&b, `<text x="%.2f" y="%.2f" font-size="%d"%s fill="%s">%s</text>`+"\n", l.x, l.y, l.size, weight, hex(l.ink), escape(l.s))
	}
	b.WriteString("</g>\n</svg>\n")
	return b.Bytes()
}

func hex(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// escape makes any text fit for XML.
func escape(s string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return "" // a buffer takes everything
	}
	return b.String()
}
