// Package patch reads an .xlsx file of somebody else's and changes given cells
// in it, and nothing else: parts that hold none of the cells are copied as the
// compressed bytes they are, and in a sheet that is changed every byte outside
// the changed cells stays. Formulas, styles, drop-downs, conditional formats,
// comments, pictures, charts, pivots, names and protection are kept by not
// being understood.
//
// Text is written as inline strings, so that the table of shared strings and
// the styles are never touched: a new cell looks like a neighbour by having
// the neighbour's style number.
//
// The package knows no requirement, supplier or language, and trusts that the
// file was held against the limits of package workbook first.
//
// Format: ECMA-376 part 1, SpreadsheetML (§ 18.3 for sheets) and part 2, open
// packaging conventions.
package patch
