package chart

import (
	"fmt"
	"image/color"
	"sort"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Lengths in pixels of the SVG.
const (
	width     = 960
	margin    = 24
	titleSize = 20
	labelSize = 15
	wordSize  = 14
	barHeight = 26
	swatch    = 11
)

type rect struct {
	x, y, w, h   float64
	fill, border color.RGBA
}

type label struct {
	x, y float64 // of the beginning of the baseline
	size int
	bold bool
	ink  color.RGBA
	// on is the colour it is written on.
	on color.RGBA
	s  string
}

// drawing is a chart with everything in its place.
type drawing struct {
	height float64
	rects  []rect
	labels []label
}

func (c Chart) layout() drawing {
	var d drawing
	y := float64(margin + titleSize)
	text := func(x float64, size int, bold bool, ink color.RGBA, s string) {
		d.labels = append(d.labels, label{x, y, size, bold, ink, white, clip(s, size, bold, width-margin-x)})
	}
	text(margin, titleSize, true, dark, c.title)
	y += wordSize + 10
	text(margin, wordSize, false, grey, c.note)
	y += 10
	for _, b := range c.bars {
		y += labelSize + 18
		text(margin, labelSize, true, dark, b.label)
		y += 8
		x := float64(margin)
		for _, p := range b.pieces {
			w := float64(width-2*margin) * float64(p.n) / float64(b.total)
			d.rects = append(d.rects, rect{x, y, w, barHeight, p.fill, dark})
			s := fmt.Sprint(p.n)
			if need := measure(s, wordSize, true); need+6 <= w {
				d.labels = append(d.labels, label{x + (w-need)/2, y + barHeight/2 + 5, wordSize, true, p.ink, p.fill, s})
			}
			x += w
		}
		if b.total == 0 {
			d.rects = append(d.rects, rect{x, y, width - 2*margin, barHeight, white, grey})
		}
		y += barHeight + wordSize + 6
		x = margin
		place := func(w float64) {
			if x > margin && x+w > width-margin {
				x, y = margin, y+wordSize+6
			}
		}
		for _, p := range b.pieces {
			s := fmt.Sprintf("%s %d", p.word, p.n)
			w := swatch + 5 + measure(s, wordSize, false) + 16
			place(w)
			d.rects = append(d.rects, rect{x, y - swatch + 1, swatch, swatch, p.fill, dark})
			text(x+swatch+5, wordSize, false, dark, s)
			x += w
		}
		place(measure(b.note, wordSize, true))
		text(x, wordSize, true, dark, b.note)
	}
	d.height = y + margin
	return d
}

// clip shortens a text to a width.
func clip(s string, size int, bold bool, most float64) string {
	if measure(s, size, bold) <= most {
		return s
	}
	r := []rune(s)
	n := sort.Search(len(r), func(n int) bool { return measure(string(r[:n+1])+"…", size, bold) > most })
	return string(r[:n]) + "…"
}

func measure(s string, size int, bold bool) float64 {
	f, err := face(float64(size), bold)
	if err != nil {
		return float64(len(s) * size)
	}
	defer f.Close()
	return float64(font.MeasureString(f, s)) / 64
}

// The fonts are the Go fonts, which come as code with the library.
var (
	regular = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(goregular.TTF) })
	strong  = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(gobold.TTF) })
)

// face is a font in a size of pixels. A face is for one goroutine.
func face(size float64, bold bool) (font.Face, error) {
	parsed := regular
	if bold {
		parsed = strong
	}
	f, err := parsed()
	if err != nil {
		return nil, fmt.Errorf("read font: %w", err)
	}
	out, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("size font: %w", err)
	}
	return out, nil
}

func pixels(v float64) fixed.Int26_6 { return fixed.Int26_6(v * 64) }
