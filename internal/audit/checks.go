package audit

import (
	"encoding/json"
	"time"

	"golang.org/x/mod/sumdb/note"

	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/console"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

// verifyInput is all that there is to verify, and what it is held against.
type verifyInput struct {
	bundle, receipt []byte
	key             *signing.PublicKey
	log             note.Verifier
	signers         *supplier.Signers
	now             time.Time
}

// verify makes every check there is material for. It stops where the next
// check would say nothing.
func (in verifyInput) verify() (Verification, *Statement) {
	var v Verification
	b, err := signing.ParseBundle(in.bundle)
	if !v.add("bundle", err) {
		return v, nil
	}
	st, err := ReadStatement(b.Payload)
	v.Attestation = st.Digest
	if !v.add("statement", err) {
		return v, nil
	}
	v.describe(st)
	var proof *transparency.Proof
	if in.log != nil {
		if proof, err = in.proof(b, st); !v.add("receipt", err) {
			return v, &st
		}
	}
	key := in.key
	if key == nil && b.Certificate != nil && in.trusts() {
		var loggedAt time.Time
		if proof != nil {
			loggedAt = proof.LoggedAt
		}
		k, ok := in.judge(&v, b, st, loggedAt)
		if !ok {
			return v, &st
		}
		key = &k
	}
	if key == nil {
		if proof == nil {
			v.add("signature", console.No("cli.verify.no-key"))
			return v, &st
		}
		k, err := loggedKey(proof.Body)
		if !v.add("logged-key", err) {
			return v, &st
		}
		key = &k
	}
	v.Key = key.ID
	ok := v.add("signature", b.Verify(*key))
	if proof != nil {
		ok = v.add("log-entry", sameLeaf(b, *key, proof.Body)) && ok
		ok = v.add("inclusion", transparency.VerifyProof(in.log, *proof)) && ok
		v.LogOrigin, v.LogIndex = in.log.Name(), &proof.Index
	}
	v.Verified = ok
	return v, &st
}

// trusts says that issuers of certificates or a root of logins were named.
func (in verifyInput) trusts() bool {
	return in.signers.Authorities != nil || in.signers.Identities != nil
}

var (
	errOtherReceipt = console.No("cli.verify.other-receipt")
	errNoProof      = console.No("cli.verify.no-proof")
	errOtherLeaf    = console.No("cli.verify.other-leaf")
	errLogKey       = console.No("cli.verify.no-logged-key")
)

// proof takes the proof of inclusion from the receipt, or from the bundle.
func (in verifyInput) proof(b *signing.Bundle, st Statement) (*transparency.Proof, error) {
	if in.receipt == nil {
		if len(b.Inclusions) == 0 {
			return nil, errNoProof
		}
		i := b.Inclusions[0]
		return proofOf(attestation.LogProof{Index: i.Index, TreeSize: i.TreeSize, RootHash: i.RootHash, Hashes: i.Hashes, Checkpoint: i.Checkpoint, Body: i.Body})
	}
	var r Receipt
	if err := json.Unmarshal(in.receipt, &r); err != nil {
		return nil, console.No("cli.verify.receipt-json", "Detail", err.Error())
	}
	if r.About() != st.About() {
		return nil, errOtherReceipt
	}
	return proofOf(r.Log)
}

func proofOf(l attestation.LogProof) (*transparency.Proof, error) {
	p, err := publiclog.Proof(l)
	return &p, err
}

// sameLeaf holds the logged entry against the one this bundle gives.
func sameLeaf(b *signing.Bundle, key signing.PublicKey, body []byte) error {
	want, err := signing.LeafBody(b, key)
	if err != nil {
		return err
	}
	if string(want) != string(body) {
		return errOtherLeaf
	}
	return nil
}
