// Package transparency is an append-only Merkle log: bytes go in, a position and a proof come out.
//
// It owns the order of the entries, the RFC 6962 tree over their bodies, the signed checkpoint that
// commits to that tree, and the tiles in which anyone can read it (C2SP tlog-tiles, tlog-checkpoint and
// signed-note). An entry is acknowledged only when it is stored, has its final position and is covered
// by a signed checkpoint that is stored too. Several [Log] values, in one process or in several, may
// write to one [Store] at the same time and make one log: they take turns by a [Lease], which spares them
// work in vain, while the unique positions and the swap of the state keep the log whole. What witnesses
// say of the checkpoints is kept beside it ([Cosigned]); package witness gets it.
//
// It does not know what the bodies mean, who may append or read, or how the pages are served. It
// imports nothing else of this module.
package transparency
