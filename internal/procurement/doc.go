// Package procurement owns a public body's procurement: what was selected,
// who bids, what they answered, and the comparison. It does not know how a
// workbook or a page looks.
package procurement
