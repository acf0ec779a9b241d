package chart

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/font"
)

// scale is how many dots of the PNG one pixel of the SVG is, for print and
// for screens that are dense.
const scale = 2

// shades is how many steps there are from what is written on to the ink.
const shades = 12

// PNG writes the chart as a picture. One byte a dot: fifty bidders take 15 MB
// of memory while they are drawn.
func (c Chart) PNG(w io.Writer) error {
	d := c.layout()
	img := image.NewPaletted(image.Rect(0, 0, width*scale, int(math.Ceil(d.height*scale))), palette(d)) // all of the first colour: white
	for _, r := range d.rects {
		outer := image.Rect(round(r.x), round(r.y), max(round(r.x+r.w), round(r.x)+1), round(r.y+r.h))
		draw.Draw(img, outer, image.NewUniform(r.border), image.Point{}, draw.Src)
		draw.Draw(img, outer.Inset(1), image.NewUniform(r.fill), image.Point{}, draw.Src)
	}
	faces := map[[2]int]font.Face{}
	for _, l := range d.labels {
		key := [2]int{l.size, 0}
		if l.bold {
			key[1] = 1
		}
		f, ok := faces[key]
		if !ok {
			var err error
			if f, err = face(float64(l.size*scale), l.bold); err != nil {
				return err
			}
			defer f.Close()
			faces[key] = f
		}
		pen := font.Drawer{Dst: img, Src: image.NewUniform(l.ink), Face: f}
		pen.Dot.X, pen.Dot.Y = pixels(l.x*scale), pixels(l.y*scale)
		pen.DrawString(l.s)
	}
	if err := png.Encode(w, img); err != nil {
		return fmt.Errorf("encode picture: %w", err)
	}
	return nil
}

func round(v float64) int { return int(math.Round(v * scale)) }

// palette has white first, then the colours of the drawing, and between each
// ink and what it is written on the shades that make the edges of text smooth.
func palette(d drawing) color.Palette {
	p, seen := color.Palette{}, map[color.RGBA]bool{}
	add := func(c color.RGBA) {
		if !seen[c] {
			seen[c] = true
			p = append(p, c)
		}
	}
	add(white)
	for _, r := range d.rects {
		add(r.fill)
		add(r.border)
	}
	for _, l := range d.labels {
		for i := 1; i <= shades; i++ {
			add(color.RGBA{between(l.on.R, l.ink.R, i), between(l.on.G, l.ink.G, i), between(l.on.B, l.ink.B, i), 0xff})
		}
	}
	return p
}

func between(a, b uint8, step int) uint8 { return uint8((int(a)*(shades-step) + int(b)*step) / shades) }
