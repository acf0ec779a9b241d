package workbook

import (
	"strings"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/attestation/publiclog"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
	"felleskrav/internal/transparency"
)

// SealedDeclaration is a declaration that a workbook refers to, and what could
// be shown about it offline.
type SealedDeclaration struct {
	// Digest is the SHA-256 of the signed statement, in hex.
	Digest, Supplier, SupplierName, Offering, Set string
	LogIndex                                      int64
	DeclaredAt, ValidUntil                        time.Time
	// Logged tells whether it is proved to be in the log, and Signed whether
	// what the supplier signed is in the workbook and holds.
	Logged, Signed CheckResult
	// Key is the id of the key that signed, as it stands in the log.
	Key string
	// Problem is why something fails; "" when nothing does.
	Problem string
}

// declaredBy are a supplier's signed answers, by requirement. Those of the
// first declaration count, as when the workbook was made.
type declaredBy map[string]attestation.Answer

// checkSealed checks that the parts of the hidden sheet belong together.
func (v *verifying) checkSealed() {
	switch {
	case v.parts.sum(partSeal) != v.parts[partSealSum]:
		v.check(CheckSealed, Fails, "seal-sum", nil)
	case v.parts.sum("payload") != v.seal.Map:
		v.check(CheckSealed, Fails, "map-altered", nil)
	default:
		v.check(CheckSealed, Holds, "", nil)
	}
}

// checkService checks that the service signed the seal.
func (v *verifying) checkService() {
	signature := v.parts[partSignature]
	if signature == "" {
		v.check(CheckService, Fails, "no-signature", nil)
		return
	}
	if v.trust.Service == nil {
		v.check(CheckService, Unchecked, "no-service-key", nil)
		return
	}
	b, err := signing.ParseBundle([]byte(signature))
	if err != nil {
		v.check(CheckService, Fails, "signature-damaged", nil)
		return
	}
	if err := b.Verify(*v.trust.Service, v.parts.sum(partSeal)); err != nil {
		if v.trust.Log != nil && v.seal.LogOrigin != v.trust.Log.Name() {
			v.check(CheckService, Fails, "other-service", problem.Args{"Origin": clip(oneLine(v.seal.LogOrigin), 80), "Own": v.trust.Log.Name()})
			return
		}
		v.check(CheckService, Fails, "signature-wrong", nil)
		return
	}
	if _, err := attestation.Decode[attestation.WorkbookPredicate](b.Payload, attestation.WorkbookType); err != nil {
		v.check(CheckService, Fails, "signature-other", nil)
		return
	}
	v.check(CheckService, Holds, "", nil)
}

// checkDeclarations checks that every declaration is in the log, and that what
// the workbook carries of it is what the supplier signed.
func (v *verifying) checkDeclarations() {
	if len(v.seal.Declarations) == 0 {
		return
	}
	failed, unchecked := 0, 0
	for _, d := range v.seal.Declarations {
		out := SealedDeclaration{Digest: d.Digest, Supplier: d.Supplier, Offering: d.Offering, Set: d.Set, LogIndex: d.Index, Logged: Unchecked, Signed: Unchecked}
		v.checkLogged(d, &out)
		if out.Logged != Fails {
			v.checkSigned(d, &out)
		}
		switch {
		case out.Logged == Fails || out.Signed == Fails:
			failed++
		case out.Logged == Unchecked || out.Signed == Unchecked && d.Relied:
			unchecked++
		}
		v.out.Declarations = append(v.out.Declarations, out)
	}
	args := problem.Args{"Count": failed, "Total": len(v.seal.Declarations)}
	switch {
	case failed > 0:
		v.check(CheckLogged, Fails, "not-logged", args)
	case v.trust.Log == nil:
		v.check(CheckLogged, Unchecked, "no-log-key", nil)
	case unchecked > 0:
		args["Count"] = unchecked
		v.check(CheckLogged, Unchecked, "left-out", args)
	default:
		v.check(CheckLogged, Holds, "", nil)
	}
}

// checkLogged verifies the proof of inclusion.
func (v *verifying) checkLogged(d sealDeclaration, out *SealedDeclaration) {
	if v.trust.Log == nil {
		return
	}
	fail := func(key string) { out.Logged, out.Problem = Fails, "workbook.unproved."+key }
	if v.seal.LogOrigin != "" && v.seal.LogOrigin != v.trust.Log.Name() {
		fail("other-log")
		return
	}
	p, err := publiclog.Proof(attestation.LogProof{
		Index: d.Index, TreeSize: d.TreeSize, RootHash: d.RootHash, Hashes: d.Hashes, Checkpoint: v.seal.Checkpoints[d.Checkpoint], Body: d.Body,
	})
	if err != nil || transparency.VerifyProof(v.trust.Log, p) != nil {
		fail("proof-wrong")
		return
	}
	out.Logged = Holds
}

// checkSigned verifies what the supplier signed, by the key that stands in the
// log entry, and keeps the answers.
func (v *verifying) checkSigned(d sealDeclaration, out *SealedDeclaration) {
	if !d.Bundle {
		return
	}
	fail := func(key string) { out.Signed, out.Problem = Fails, "workbook.unproved."+key }
	raw := v.parts[partBundle+d.Digest]
	if raw == "" {
		fail("bundle-gone")
		return
	}
	if len(raw) > maxBundleBytes {
		fail("bundle-damaged")
		return
	}
	b, err := signing.ParseBundle([]byte(raw))
	if err != nil {
		fail("bundle-damaged")
		return
	}
	if signing.Digest(b.Payload) != d.Digest {
		fail("bundle-other")
		return
	}
	key, err := signing.LeafKey(d.Body)
	if err != nil || b.VerifySignature(key) != nil {
		fail("bundle-signature")
		return
	}
	if leaf, err := signing.LeafBody(b, key); err != nil || string(leaf) != string(d.Body) {
		fail("bundle-signature")
		return
	}
	st, err := attestation.Decode[attestation.Declaration](b.Payload, attestation.DeclarationType)
	if err != nil || !about(st, d) {
		fail("bundle-other")
		return
	}
	out.Signed, out.Key, out.SupplierName = Holds, key.ID, st.Predicate.Supplier.Name
	out.DeclaredAt, _ = attestation.ParseTime(st.Predicate.DeclaredAt)
	out.ValidUntil, _ = attestation.ParseTime(st.Predicate.ValidUntil)
	if !d.Relied {
		return
	}
	by := v.declared[d.Supplier]
	if by == nil {
		by = declaredBy{}
		v.declared[d.Supplier] = by
	}
	for _, a := range st.Predicate.Answers {
		if _, there := by[a.Requirement]; !there {
			by[a.Requirement] = a
		}
	}
}

// about reports whether a statement is by whom and on what the seal says.
func about(st attestation.Statement[attestation.Declaration], d sealDeclaration) bool {
	_, version, _ := strings.Cut(d.Set, "@")
	return strings.HasSuffix(st.Predicate.Supplier.ID, ":"+d.Supplier) && strings.HasSuffix(st.Subject[0].Name, ":"+d.Offering) &&
		st.Predicate.RequirementSet.Version == version
}
