// Package member owns who acts for an organisation besides those whom a
// register says may: people, their memberships, invitations, and claims by the
// first person of an organisation. It knows nothing of how people log in, and
// of a person no more than a pseudonym, what they are called and when they were
// last here.
package member
