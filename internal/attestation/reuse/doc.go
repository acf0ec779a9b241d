// Package reuse owns how often declarations are used in procurements, told to
// their supplier as numbers of procurements a month, long after the deadline. It
// knows neither which procurement nor which body: what it keeps of a procurement
// is a fingerprint, so that each counts once.
package reuse
