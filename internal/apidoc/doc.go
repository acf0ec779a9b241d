// Package apidoc holds the contract of the interface for programs in the form
// that a page shows it in. It owns these shapes and how short examples and texts
// are written; it knows neither OpenAPI, whose documents are read elsewhere, nor
// HTML.
package apidoc
