// Package workbook owns everything about .xlsx files: the tender workbook, the
// answer sheet, and reading both back after strangers have filled them in. It
// is the only package that imports excelize.
//
// It does not know where procurements, declarations or people come from, who
// may see what, or how a file travels; callers give it finished values and get
// bytes, or bytes and get answers with a report per row.
package workbook
