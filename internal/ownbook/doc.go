// Package ownbook owns the requirement workbooks that public bodies upload to
// have filled in: the file, what people decided about its tables, and what a
// body has decided before about the same template. Files are kept for as long
// as the body chose and no longer.
//
// How tables are found and filled in, package workbook/own knows; which
// requirements and bidders there are, package procurement.
package ownbook
