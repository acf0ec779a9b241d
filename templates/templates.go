// Package templates holds what people see: pages, partials, styles, scripts and texts,
// embedded. It owns no logic; package web parses the pages and package locale
// reads the texts. The folder dist is made by "npm ci" and build.mjs.
package templates

import "embed"

// FS holds pages/*.html, partials/*.html and locales/{nb,nn,en}/*.yaml.
//
//go:embed pages/*.html partials/*.html locales
var FS embed.FS

// Dist holds the built styles, scripts, fonts and icons under content-hashed names,
// and manifest.json.
//
//go:embed all:dist
var Dist embed.FS
