// Package workbook owns everything about .xlsx files: the tender workbook, the
// answer sheet, and reading both back after strangers have filled them in; and
// lists of suppliers, as spreadsheets or CSV, which are found in somebody's own
// file and go back with results beside their rows. It is the only package that
// imports excelize.
//
// It does not know where procurements, declarations or people come from, who
// may see what, or how a file travels; callers give it finished values and get
// bytes, or bytes and get answers with a report per row.
package workbook
