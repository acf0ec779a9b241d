package api

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/member"
	"felleskrav/internal/procurement"
	"felleskrav/internal/review"
	"felleskrav/internal/signing"
	"felleskrav/internal/supplier"
	"felleskrav/internal/workbook/corpustest"
)

// world is a house where a supplier and a body have one of everything.
type world struct {
	*house
	key, bodyKey, rivalKey crypto.Signer
	// ids are the placeholders of paths, as "/offerings/{id}", with what they
	// stand for.
	ids         map[string]string
	file        string // a content file, with a text in it that can be reworded
	requirement string
	serial      int
	tender      procurement.Procurement
	decisions   OwnDecisions // of the workbook
	sources     []byte       // a content file
	filled      []byte       // a bidder's workbook
	// contents is a digest of each place where something is kept.
	contents func() map[string]string
}

// author wrote the drafts; it is none of the callers.
const author = "editor@" + rival

func newWorld(t *testing.T, h *house) *world {
	w := &world{house: h, ids: map[string]string{"{v}": "latest", "/requirement-sets/{id}": "grunnsett", "{tile}": "entries/000.p/1"}}
	p := h.begun()
	w.tender = p
	// Whoever is refused something finds its id among what they did themselves.
	// For this one nobody asks.
	var untouched procurement.Procurement
	h.want(201, "procurement", "POST", "/api/v1/procurements", ProcurementInput{Title: "Ikke rørt", Input: p.Input}).into(t, &untouched)
	w.ids["untouched"] = untouched.ID
	w.ids["/procurements/{id}"] = p.ID
	w.ids["/suppliers/{orgnr}"], w.ids["/bodies/{orgnr}"], w.ids["/organisations/{orgnr}"] = ours, agency, ours
	w.ids["/offerings/{id}"] = p.Bidders[0].Offering
	w.key = h.enrol(ours, signing.ECDSAP256)
	h.supplierWith(theirs)
	w.bodyKey, w.rivalKey = h.bodyWith(agency), h.bodyWith(rival)
	v, _ := h.api.Catalogue.Content().Version("grunnsett", "")
	w.requirement = v.Requirements[0].ID
	w.ids["/requirements/{id}"], w.file = w.requirement, w.fileWith(w.requirement)
	w.newEvidence(w.ids)
	w.newAttestation(w.ids)
	w.newReview(w.ids, review.SharedBody)
	at, own := h.uploaded(t, "/api/v1/procurements/"+p.ID+"/fill", "exceljs/engelsk-grupper")
	w.decisions = settled(own)
	w.decisions.Decisions[0].Codes["M"], w.decisions.Decisions[0].Codes["O"] = "minimum", "scored"
	h.want(200, "procurement", "PUT", at, w.decisions)
	w.ids["{workbook}"] = own.Workbook.Id
	w.newCheck(w.ids)
	h.work(w.ids["/checks/{id}"])
	w.newReport(w.ids)
	w.newToken(w.ids)
	w.newMember(w.ids)
	w.newInvitation(w.ids)
	w.newDraft(w.ids)
	w.filled = w.want(200, "procurement", "GET", "/api/v1/procurements/"+p.ID+"/workbook?supplier="+ours, nil).body
	w.sources = w.want(200, "", "GET", "/api/v1/catalogue/files?path=sources.yaml", nil).body
	return w
}

// next is a number that was not there before, at another moment.
func (w *world) next() int {
	w.serial++
	w.add(time.Second)
	return w.serial
}

// path fills a path of the contract in.
func (w *world) path(pattern string, ids map[string]string) string {
	keys := slices.Collect(maps.Keys(ids))
	slices.SortFunc(keys, func(a, b string) int { return len(b) - len(a) })
	for _, k := range keys {
		literal, _, _ := strings.Cut(k, "{")
		pattern = strings.ReplaceAll(pattern, k, literal+ids[k])
	}
	if strings.Contains(pattern, "{") {
		w.t.Fatalf("nothing to put into %s", pattern)
	}
	return pattern
}

// What follows makes something new that an operation can be asked for, and
// puts its id in.

func (w *world) newEvidence(ids map[string]string) {
	body := fmt.Appendf(nil, "Fil nummer %d.", w.next())
	w.want(201, "supplier", "POST", "/api/v1/evidence?kind=policy&name=rutine.txt&visibility=granted&granted="+agency, body)
	ids["{sha256}"] = digestOf(body)
}

func (w *world) signed() []byte {
	w.next()
	return w.sign(w.key, w.prepared(ours, w.ids["/offerings/{id}"], "grunnsett"))
}

func (w *world) newAttestation(ids map[string]string) {
	answers := w.answers("grunnsett")
	answers[0].Evidence = []attestation.EvidenceRef{{Digest: attestation.DigestSet{SHA256: w.ids["{sha256}"]}}}
	w.next()
	st := w.want(200, "supplier", "POST", "/api/v1/attestations/prepare", Draft{Offering: w.ids["/offerings/{id}"], Set: "grunnsett", Answers: answers})
	var r Receipt
	w.want(201, "supplier", "POST", "/api/v1/attestations", w.sign(w.key, st.body), "Content-Type", bundleType).into(w.t, &r)
	ids["/attestations/{digest}"] = r.Attestation
}

func (w *world) withdrawn(ids map[string]string) []byte {
	w.newAttestation(ids)
	st := w.want(200, "supplier", "POST", "/api/v1/attestations/"+ids["/attestations/{digest}"]+"/withdrawals/prepare", WithdrawalInput{Reason: "Feil."})
	return w.sign(w.key, st.body)
}

func (w *world) reviewOf(share review.Sharing) ReviewDraft {
	return ReviewDraft{Attestation: w.ids["/attestations/{digest}"], Requirement: w.requirement, Evidence: []string{w.ids["{sha256}"]}, Outcome: review.Accepted, Reason: "Dekker kravet.", Shared: share}
}

func (w *world) newReview(ids map[string]string, share review.Sharing) {
	w.next()
	ids["/reviews/{digest}"] = w.review(agency, w.bodyKey, w.reviewOf(share)).Review
}

func (w *world) reviewed() []byte {
	w.next()
	return w.sign(w.bodyKey, w.want(200, "adviser", "POST", "/api/v1/reviews/prepare", w.reviewOf(review.SharedBody)).body)
}

func (w *world) reviewWithdrawn(ids map[string]string) []byte {
	w.newReview(ids, review.SharedBody)
	st := w.want(200, "adviser", "POST", "/api/v1/reviews/"+ids["/reviews/{digest}"]+"/withdrawals/prepare", WithdrawalInput{Reason: "Feil."})
	return w.sign(w.bodyKey, st.body)
}

func (w *world) newKey(ids map[string]string) {
	ids["{keyId}"] = publicOf(w.t, w.enrol(ours, signing.ECDSAP256)).ID
}

func (w *world) freshKey() crypto.Signer {
	key, err := signing.GenerateKey(signing.ECDSAP256)
	if err != nil {
		w.t.Fatal(err)
	}
	return key
}

// challenge begins an enrolment, and gives the proof.
func (w *world) challenge(ids map[string]string) ProofInput {
	key := w.freshKey()
	var ch Challenge
	w.want(201, "supplier", "POST", "/api/v1/suppliers/"+ours+"/keys", EnrolmentInput{Pem: publicOf(w.t, key).PEM}).into(w.t, &ch)
	ids["/challenges/{id}"] = ch.Id
	proof, err := signing.SignMessage(key, ch.Message)
	if err != nil {
		w.t.Fatal(err)
	}
	return ProofInput{Signature: proof}
}

func (w *world) newForeign(ids map[string]string) {
	number := fmt.Sprintf("NTRSE-55601%05d", w.next())
	w.want(201, "supplier@"+number, "PUT", "/api/v1/suppliers/"+number, SupplierInput{Name: "Påhittat Moln AB", Country: "SE", Registration: supplier.Registration{Register: "Bolagsverket", Number: number[6:]}})
	ids["/suppliers/{orgnr}"] = number
}

func (w *world) verifiedForeign(ids map[string]string) {
	w.newForeign(ids)
	w.want(200, author, "POST", "/api/v1/suppliers/"+ids["/suppliers/{orgnr}"]+"/verification", nil)
}

func (w *world) newCheck(ids map[string]string) {
	ids["/checks/{id}"] = w.upload("?name=liste.csv&set=grunnsett&retention=3", []byte("Navn;Orgnr\r\nA;"+ours+"\r\n"), csvType)
}

func (w *world) newOwnWorkbook(ids map[string]string) {
	_, v := w.uploaded(w.t.(*testing.T), "/api/v1/procurements/"+w.ids["/procurements/{id}"]+"/fill", "exceljs/engelsk-grupper")
	ids["{workbook}"] = v.Workbook.Id
}

func (w *world) corpus() []byte {
	return corpustest.Get(w.t, "exceljs/engelsk-grupper").Read(w.t)
}

func (w *world) newReport(ids map[string]string) {
	var r Report
	w.want(201, "supplier", "POST", "/api/v1/requirements/"+w.requirement+"/reports", ReportInput{Kind: "unclear", Text: fmt.Sprintf("Hva menes? %d", w.next())}).into(w.t, &r)
	ids["{rid}"] = r.Id
}

func (w *world) newToken(ids map[string]string) {
	var n NewToken
	w.want(201, "supplier-admin", "POST", "/api/v1/tokens", TokenInput{Name: "Lønn", Roles: []string{"supplier-reader"}}).into(w.t, &n)
	ids["/tokens/{id}"] = n.Token.Id
}

// newMember makes somebody a member of ours, beside its administrator, whom
// administrators of either kind may do with as they like.
func (w *world) newMember(ids map[string]string) {
	person := fmt.Sprintf("person:%032x", w.next())
	_, err := w.store.UpdateCircle(context.Background(), ours, func(c member.Circle) (member.Circle, error) {
		c.Members = []member.Membership{{Person: "person:" + strings.Repeat("f", 32), Roles: []access.Role{access.SupplierAdmin}, Since: w.now()}, {Person: person, Since: w.now()}}
		return c, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ids["{person}"] = person
}

// newInvitation makes one to ours.
func (w *world) newInvitation(ids map[string]string) {
	w.next()
	var n NewInvitation
	w.want(201, "supplier-admin", "POST", "/api/v1/organisations/"+ours+"/invitations", InvitationInput{Roles: []string{"supplier-reader"}}).into(w.t, &n)
	ids["/invitations/{id}"] = n.Invitation.Id
}

// newDraft begins a draft that rewords a text and asks for a release, so that
// it can be published.
func (w *world) newDraft(ids map[string]string) {
	newest, _ := w.api.Catalogue.Content().Version("grunnsett", "")
	was := newest.Requirements[0].Rationale.EN
	text := string(w.want(200, "", "GET", "/api/v1/catalogue/files?path="+w.file, nil).body)
	var d ContentDraft
	w.want(201, author, "POST", drafts, ContentDraftInput{Title: "Klarere", Releases: []WantedRelease{{Set: "grunnsett", Version: catalogue.NextVersion(newest.Version, catalogue.StepPatch)}}}).into(w.t, &d)
	ids["/drafts/{id}"] = d.Id
	w.want(200, author, "PUT", fileOf(d.Id, w.file), edited(w.t, []byte(text), was, was+" So."))
}

func (w *world) draftInReview(ids map[string]string) {
	w.newDraft(ids)
	w.want(200, author, "POST", drafts+"/"+ids["/drafts/{id}"]+"/review", nil)
}

func (w *world) approvedDraft(ids map[string]string) {
	w.draftInReview(ids)
	w.want(200, "editor@"+theirs, "POST", drafts+"/"+ids["/drafts/{id}"]+"/decisions", ContentDecision{Decision: "approve"})
}

// fileWith is the content file where a requirement stands.
func (w *world) fileWith(requirement string) string {
	var list ContentFileList
	w.want(200, "", "GET", "/api/v1/catalogue/files", nil).into(w.t, &list)
	for _, f := range list.Items {
		if strings.HasPrefix(f.Path, "themes/") && bytes.Contains(w.want(200, "", "GET", "/api/v1/catalogue/files?path="+f.Path, nil).body, []byte("- id: "+requirement+"\n")) {
			return f.Path
		}
	}
	w.t.Fatalf("no file with %s", requirement)
	return ""
}
