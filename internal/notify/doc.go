// Package notify owns what public bodies watch: which suppliers and offerings,
// what their status was when somebody in the body last looked, and what has
// changed since. It is told what the status is and does not know how that is
// found out; nor does it send anything to anybody.
package notify
