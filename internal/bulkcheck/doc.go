// Package bulkcheck owns the check of a whole list of suppliers: a job that a
// public body starts by uploading a spreadsheet or CSV, that works in the
// background, survives restarts, and ends with the same file with statuses in
// it, which is kept for as long as the body said.
//
// It does not know how a list is read or written (package workbook does), what
// makes a status (status and its facts), or how files travel.
package bulkcheck
