// Package web owns the pages: routes, forms and the typed data each page is
// drawn from. Texts come from templates/locales by key, what may be done comes
// from the services, and nothing here knows how anything is stored.
package web
