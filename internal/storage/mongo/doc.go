// Package mongo keeps everything in one MongoDB database, or in one that
// speaks its protocol (FerretDB with DocumentDB).
//
// A document is {_id, rev, the fields queries look for, doc}, where doc is the
// document's JSON as text. A real sub-document would be nicer to query by hand,
// but the JSON is what makes a value come back exactly as it does from the
// other backend, nil and empty lists included, and spares a second encoding of
// every type. Evidence bytes are in GridFS.
//
// It uses what standalone servers, replica sets, sharded clusters and FerretDB
// have in common: single-document writes with majority and journal, unique
// keys, secondary indexes. There are no transactions, change streams, schema
// checks, collations or TTL indexes. Keys that several writers race for are in
// _id wherever possible, since FerretDB can answer a race for a secondary
// unique key with a deadlock error.
//
// It does not know what a document means or who may see it, nor the other
// backend.
package mongo
