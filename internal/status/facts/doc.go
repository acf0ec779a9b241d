// Package facts gathers what a status is computed from and has package status
// compute it. It owns no rule about what a declaration is worth.
package facts
