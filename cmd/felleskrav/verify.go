package main

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
	"felleskrav/internal/transparency"
)

type attestVerifyCmd struct {
	Bundle  string `required:"" placeholder:"FILE"`
	Receipt string `placeholder:"FILE"`
	LogKey  string `conf:"" placeholder:"VKEY|FILE"`
	Key     string `placeholder:"FILE"`
	offlineTrust
	output
}

// finding is one check with its result.
type finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
	err    error
}

// verification is the answer of attest verify.
type verification struct {
	Verified    bool   `json:"verified"`
	Attestation string `json:"attestation,omitempty"`
	Kind        string `json:"kind,omitempty"`
	Supplier    string `json:"supplier,omitempty"`
	Review      string `json:"review,omitempty"`
	Reviewer    string `json:"reviewer,omitempty"`
	Requirement string `json:"requirement,omitempty"`
	Outcome     string `json:"outcome,omitempty"`
	Offering    string `json:"offering,omitempty"`
	Set         string `json:"set,omitempty"`
	ValidUntil  string `json:"validUntil,omitempty"`
	Key         string `json:"key,omitempty"`
	// Signer is set when a certificate names the signer and was judged.
	Signer    *signer   `json:"signer,omitempty"`
	LogOrigin string    `json:"logOrigin,omitempty"`
	LogIndex  *int64    `json:"logIndex,omitempty"`
	Checks    []finding `json:"checks"`
}

func (v *verification) add(check string, err error) bool {
	v.Checks = append(v.Checks, finding{Check: check, OK: err == nil, err: err})
	return err == nil
}

// Run checks a bundle, and a receipt, without asking anybody.
func (c *attestVerifyCmd) Run(s *session) error {
	format, err := c.choose("text", "json", "yaml")
	if err != nil {
		return err
	}
	if c.Key == "" && c.LogKey == "" && c.trust.empty() {
		return usage("cli.verify.nothing")
	}
	if c.Receipt != "" && c.LogKey == "" {
		return usage("cli.verify.log-key")
	}
	raw, err := s.read(c.Bundle)
	if err != nil {
		return err
	}
	in := verifyInput{bundle: raw, now: s.now()}
	if in.signers, err = c.signers(s.now); err != nil {
		return err
	}
	if c.Key != "" {
		key, err := s.publicKey(c.Key)
		if err != nil {
			return err
		}
		in.key = &key
	}
	if c.LogKey != "" {
		if in.log, err = s.logVerifier(c.LogKey); err != nil {
			return err
		}
	}
	if c.Receipt != "" {
		if in.receipt, err = s.read(c.Receipt); err != nil {
			return err
		}
	}
	v, st := in.verify()
	for i := range v.Checks {
		if f := &v.Checks[i]; f.err != nil {
			f.Detail = s.cause(f.err)
		}
	}
	if format == "text" {
		err = s.put(c.output, []byte(s.verificationText(v, st)))
	} else {
		err = s.putValue(c.output, format, v)
	}
	if err == nil && !v.Verified {
		err = errNo
	}
	return err
}

// logVerifier reads a log's public key, given as text or as a file.
func (s *session) logVerifier(key string) (note.Verifier, error) {
	if _, err := os.Stat(key); err == nil {
		data, err := s.read(key)
		if err != nil {
			return nil, err
		}
		key = strings.TrimSpace(string(data))
	}
	v, err := transparency.NewVerifier(key)
	if err != nil {
		return nil, usage("cli.verify.log-key-form", "Key", key)
	}
	return v, nil
}

type verifyInput struct {
	bundle, receipt []byte
	key             *signing.PublicKey
	log             note.Verifier
	signers         *supplier.Signers
	now             time.Time
}

// verify makes every check there is material for. It stops where the next
// check would say nothing.
func (in verifyInput) verify() (verification, *statement) {
	var v verification
	b, err := signing.ParseBundle(in.bundle)
	if !v.add("bundle", err) {
		return v, nil
	}
	st, err := readStatement(b.Payload)
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
			v.add("signature", no("cli.verify.no-key"))
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

func (v *verification) describe(st statement) {
	if st.Withdrawal != nil {
		v.Kind, v.Supplier, v.Attestation = "withdrawal", st.Withdrawal.Supplier.ID, st.Subject.Digest.SHA256
		return
	}
	if w := st.ReviewEnd; w != nil {
		v.Kind, v.Reviewer, v.Attestation, v.Review = "review-withdrawal", w.Reviewer.ID, "", st.Subject.Digest.SHA256
		return
	}
	if r := st.Review; r != nil {
		v.Kind, v.Reviewer, v.Attestation, v.Review = "review", r.Reviewer.ID, st.Subject.Digest.SHA256, st.Digest
		v.Requirement, v.Outcome, v.ValidUntil = r.Requirement, string(r.Outcome), r.ValidUntil
		v.Set = strings.TrimPrefix(r.RequirementSet.URI, "urn:felleskrav:requirement-set:") + "@" + r.RequirementSet.Version
		return
	}
	d := st.Declaration
	v.Kind, v.Supplier, v.ValidUntil = "declaration", d.Supplier.ID, d.ValidUntil
	v.Offering = strings.TrimPrefix(st.Subject.Name, "urn:felleskrav:service:")
	v.Set = strings.TrimPrefix(d.RequirementSet.URI, "urn:felleskrav:requirement-set:") + "@" + d.RequirementSet.Version
}

var (
	errOtherReceipt = no("cli.verify.other-receipt")
	errNoProof      = no("cli.verify.no-proof")
	errOtherLeaf    = no("cli.verify.other-leaf")
	errLogKey       = no("cli.verify.no-logged-key")
)

// proof takes the proof of inclusion from the receipt, or from the bundle.
func (in verifyInput) proof(b *signing.Bundle, st statement) (*transparency.Proof, error) {
	if in.receipt == nil {
		if len(b.Inclusions) == 0 {
			return nil, errNoProof
		}
		i := b.Inclusions[0]
		return proofOf(attestation.LogProof{Index: i.Index, TreeSize: i.TreeSize, RootHash: i.RootHash, Hashes: i.Hashes, Checkpoint: i.Checkpoint, Body: i.Body})
	}
	var r receipt
	if err := json.Unmarshal(in.receipt, &r); err != nil {
		return nil, no("cli.verify.receipt-json", "Detail", err.Error())
	}
	if r.about() != st.about() {
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

// loggedKey is the public key in a log entry (Rekor hashedrekord 0.0.2).
func loggedKey(body []byte) (signing.PublicKey, error) {
	var e struct {
		Spec struct {
			Entry struct {
				Signature struct {
					Verifier struct {
						PublicKey struct {
							RawBytes string `json:"rawBytes"`
						} `json:"publicKey"`
					} `json:"verifier"`
				} `json:"signature"`
			} `json:"hashedRekordV002"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return signing.PublicKey{}, errLogKey
	}
	der, err := base64.StdEncoding.DecodeString(e.Spec.Entry.Signature.Verifier.PublicKey.RawBytes)
	if err != nil || len(der) == 0 {
		return signing.PublicKey{}, errLogKey
	}
	return signing.ParsePublicKey(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func (s *session) verificationText(v verification, st *statement) string {
	var b strings.Builder
	if st != nil {
		b.WriteString(s.plain(*st) + "\n")
	}
	for _, f := range v.Checks {
		mark := "✓"
		if !f.OK {
			mark = "✗"
		}
		text := s.t.T("cli.verify.check." + f.Check)
		if f.Detail != "" {
			text += " (" + f.Detail + ")"
		}
		fmt.Fprintf(&b, "  %s %s\n", mark, text)
	}
	if v.LogIndex != nil {
		b.WriteString("\n" + s.t.T("cli.verify.logged", "Origin", v.LogOrigin, "Index", *v.LogIndex) + "\n")
	}
	if v.Signer != nil {
		b.WriteString(s.signerText(v.Signer))
	}
	if v.Key != "" {
		b.WriteString(s.t.T("cli.verify.key", "ID", v.Key) + "\n")
	}
	if v.Verified {
		b.WriteString("\n" + s.t.T("cli.verify.yes") + "\n")
	} else {
		b.WriteString("\n" + s.t.T("cli.verify.no") + "\n")
	}
	return b.String()
}
