// Package login owns who is behind a browser: the session, logging in and
// logging out, whom a person may act for, and how surely it is that person. It
// knows actors and where sessions are kept; it does not know pages, texts or
// what anyone may do.
//
// People come in through a [Provider], which proves an [Identity], and act for
// the organisations that a [Directory] says they may act for. A demonstration
// lets a visitor choose whom to be instead: see [Persona].
package login
