// Package api owns the HTTP interface for programs: the OpenAPI contract in
// openapi.yaml, its handlers below /api/v1, the pages of the transparency log
// and the contract's own page.
//
// A handler maps a request to a service and its answer back, and nothing
// else: rules and permissions are the services'. What the contract can check
// is checked before a handler runs. The package does not know how anything is
// stored, nor who draws pages for people.
package api
