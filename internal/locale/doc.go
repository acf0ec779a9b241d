// Package locale turns keys into text in bokmål, nynorsk and English, and
// writes dates and numbers the way readers of each expect. It does not know
// what the keys mean.
package locale
