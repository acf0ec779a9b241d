// Package witness lets logs be watched by somebody else: a log sends each of its checkpoints, with a proof
// that it continues the one before, to witnesses, and these cosign it only if it does (C2SP tlog-witness
// v1.0.0, tlog-cosignature v1.0.1). An operator who rewrites history then gets no cosignature.
//
// It owns the protocol, both sides of it: [Client] and [Gatherer] for a log, [Server] for a witness; and
// what makes a checkpoint a witnessed one, [Witnessed]. It does not know what the log holds, nor who runs
// the witness.
package witness
