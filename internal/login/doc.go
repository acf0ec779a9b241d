// Package login owns who is behind a browser: the session, logging in and
// logging out. It knows actors and where sessions are kept; it does not know
// pages, texts or what anyone may do.
//
// The only way in for now is the demonstration's choice of whom to be. An
// installation without it has no login for people: [Sessions.Ways] is empty.
package login
