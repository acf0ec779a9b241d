// Package trail owns the audit trail: who did what, on whose behalf, and when.
// Every change, every attempt at one that was denied, and every read of what
// not everybody may read is an entry. Entries are written once.
//
// # The chain
//
// An entry holds the SHA-256 of the one before it, and its own: that of its
// fields in canonical JSON (RFC 8785). Numbers follow one another, and the
// store takes each once, so that several server processes write one chain. At
// most each hour, and when a server stops, the newest number and hash are made
// a leaf of the transparency log (an anchor). What is older than the newest
// anchor cannot be changed or taken away without [Service.Verify] telling
// where; what is younger can, by whoever may write to the store. Lists are
// found through an index beside the chain; verification and export of
// everything go by the chain itself.
//
// The change that an entry tells of is made before the entry is written. When
// the entry cannot be written the caller is told that the request failed, but
// the change may stand: there are no transactions across documents.
//
// # People
//
// An entry never holds a name, a national identity number, a secret, a query,
// a header or a body. Its actor is the pseudonym of a person or of a
// credential. Who is behind a pseudonym stands elsewhere; when a person is to
// be erased that link is removed, and the pseudonym stays: the entry is whole,
// and tells of nobody.
//
// The address of the network is personal data with a shorter life. It stands
// beside the chain, with a salt; inside the chain stands the hash of both. When
// its days are over address and salt are removed together. The entry still
// verifies, and nobody can try all addresses against the hash.
//
// What is older than the retention is removed up to an anchor. The anchored
// entry stays as the first, and since the log has its hash, the chain still
// begins at something that cannot be changed. That older ones were removed, and
// up to where, is an entry as well; without it the trail does not verify.
//
// The package knows no HTTP and no storage; package requests tells it of
// requests.
package trail
