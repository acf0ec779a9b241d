// Package members tells package login of members: it owns how a membership
// becomes what somebody may act by, and nothing of either besides.
package members
