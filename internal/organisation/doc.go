// Package organisation owns organisation numbers and the credentials an
// organisation's systems use. It does not know what those systems do.
package organisation
