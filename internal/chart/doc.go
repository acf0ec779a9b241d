// Package chart draws counts of answers as pictures, SVG and PNG, with the same
// numbers in both. It decides where everything stands once, and measures text
// with the font that the PNG is drawn in. It does not know whom a picture is
// for, and pages have charts of their own, which follow their styles.
package chart
