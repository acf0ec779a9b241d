package api

import (
	"felleskrav/internal/access"
	"felleskrav/internal/evidence"
	"felleskrav/internal/review"
)

// How what is another organisation's answers to those who may do the same to
// their own.
const (
	asOwn  = 0   // no different: it is for all, or the answer is about the caller's own
	denied = 403 // that it is there is for all to know
	absent = 404 // as what is not there
)

// cell is what the policy does not say of an operation.
type cell struct {
	// owner is whose the thing in the path is: what belongs to nobody has none.
	owner string
	// elsewhere is how it answers to those who reach only their own.
	elsewhere int
	// sees narrows a right that by the policy goes for all.
	sees func(access.Actor) bool
	// good is the answer to those who may.
	good int
	// landless is the answer to those who may, but act for no organisation, when
	// it is another.
	landless int
	// lists is set for what lists things: the placeholder of one that owner has,
	// which stands in the answer to those who see it, and in no other.
	lists string
	// query is added; kind is the body's Content-Type, or JSON.
	query, kind string
	// fresh makes what can be used once, and puts its ids in; its result is the
	// body, unless body makes one.
	fresh func(*world, map[string]string) any
	body  func(*world, access.Actor) any
}

// is makes a body that is always the same.
func is(v any) func(*world, access.Actor) any { return func(*world, access.Actor) any { return v } }

// only makes something new that has no body.
func only(f func(*world, map[string]string)) func(*world, map[string]string) any {
	return func(w *world, ids map[string]string) any { f(w, ids); return nil }
}

// ownedBy is for what nobody but the organisation's own people see.
func ownedBy(org string) func(access.Actor) bool {
	return func(a access.Actor) bool { return a.Org == org }
}

// grantedEvidence is for what a supplier lets one body see.
func grantedEvidence(a access.Actor) bool { return a.Org == ours || a.Org == agency && a.Agency() }

// bodysReview is for a review that a body keeps to itself.
func bodysReview(a access.Actor) bool { return a.Org == agency && a.Agency() }

var (
	forAll    = cell{good: 200}
	ownReview = cell{owner: agency, elsewhere: absent, sees: bodysReview, good: 200}
	granted   = cell{owner: ours, elsewhere: absent, sees: grantedEvidence, good: 200}
	ownCheck  = cell{owner: agency, elsewhere: absent, sees: ownedBy(agency), good: 200}
	ownTender = cell{owner: agency, elsewhere: absent, good: 200}
	ownDraft  = cell{good: 200}
)

var offeringBody = OfferingInput{Name: "Sakssystem", DeliveryModels: []DeliveryModel{"saas"}, Regions: []string{"NO"}, Version: "4"}

// cells has every operation of the contract that is guarded; TestAccess fails
// for one that is missing.
func cells() map[string]cell {
	return map[string]cell{
		"listTasks": forAll, "listInformationTypes": forAll, "listLevels": forAll, "listMeasures": forAll, "listSources": forAll, "listRequirements": forAll,
		"listRequirementSets": forAll, "getRequirementSetVersion": forAll, "getContentFiles": forAll, "listReports": forAll,
		"diffRequirementSet": {good: 200, query: "?from=2.0.0"},
		"makeSelection": {good: 200, body: func(w *world, _ access.Actor) any {
			return map[string]any{"tasks": []string{w.api.Catalogue.Content().Tasks[0].ID}, "deliveryModels": []string{"saas"}}
		}},

		"listSuppliers": forAll, "getSupplier": forAll, "listKeys": forAll, "listOfferings": forAll, "getOffering": forAll, "getDescriptor": forAll,
		"getSupplierStatus": forAll, "getOfferingStatus": forAll, "getOfferingBadge": forAll,
		"putSupplier":       {owner: ours, elsewhere: denied, good: 200, body: is(SupplierInput{Name: "Leverandør " + ours})},
		"putBody":           {owner: agency, elsewhere: denied, good: 200, body: is(BodyInput{Name: "Virksomhet " + agency})},
		"beginEnrolment":    {owner: ours, elsewhere: denied, good: 201, body: func(w *world, _ access.Actor) any { return EnrolmentInput{Pem: publicOf(w.t, w.freshKey()).PEM} }},
		"completeEnrolment": {owner: ours, elsewhere: denied, good: 201, fresh: func(w *world, ids map[string]string) any { return w.challenge(ids) }},
		"revokeKey": {owner: ours, elsewhere: denied, good: 200, fresh: func(w *world, ids map[string]string) any {
			w.newKey(ids)
			return RevocationInput{Reason: "retired"}
		}},
		"putIdentifiers":  {owner: ours, elsewhere: denied, good: 200, body: is(IdentifiersInput{Identifiers: []string{"NTRSE-5560125790"}})},
		"verifySupplier":  {elsewhere: denied, good: 200, fresh: only((*world).newForeign)},
		"endVerification": {elsewhere: denied, good: 200, fresh: only((*world).verifiedForeign)},
		"putFourEyes":     {owner: ours, elsewhere: denied, good: 200, body: is(FourEyesInput{})},
		"createOffering":  {owner: ours, elsewhere: denied, good: 201, body: is(offeringBody)},
		"putOffering":     {owner: ours, elsewhere: denied, good: 200, body: is(offeringBody)},

		"uploadEvidence": {good: 201, query: "?kind=policy&name=a.txt", kind: "text/plain", body: is([]byte("Det samme hver gang."))},
		"listEvidence":   {owner: ours, sees: grantedEvidence, good: 200, lists: "{sha256}"}, "downloadEvidence": granted, "getEvidence": granted,
		"putEvidence":   {owner: ours, elsewhere: absent, good: 200, body: is(EvidenceInput{Kind: "policy", Visibility: "granted", Granted: []evidence.Grant{{Org: agency}}})},
		"eraseEvidence": {owner: ours, elsewhere: absent, good: 200, query: "?reason=Utdatert", fresh: only((*world).newEvidence)},

		"getAttestation": forAll, "getAttestationBundle": forAll, "getStatement": forAll, "getReceipt": forAll, "getVerdict": forAll,
		"prepareAttestation": {owner: ours, elsewhere: denied, good: 200, body: func(w *world, _ access.Actor) any {
			return Draft{Offering: w.ids["/offerings/{id}"], Set: "grunnsett", Answers: w.answers("grunnsett")}
		}},
		"submitAttestation": {owner: ours, elsewhere: denied, good: 201, kind: bundleType, fresh: func(w *world, _ map[string]string) any { return w.signed() }},
		"prepareRenewal": {owner: ours, elsewhere: denied, good: 200, fresh: func(w *world, ids map[string]string) any {
			w.newAttestation(ids) // nothing newer is in its place
			return RenewalInput{}
		}},
		"listWaiting":       {owner: ours, elsewhere: denied, good: 200},
		"prepareWithdrawal": {owner: ours, elsewhere: denied, good: 200, body: is(WithdrawalInput{Reason: "Feil."})},
		"submitWithdrawal":  {owner: ours, elsewhere: denied, good: 201, kind: bundleType, fresh: func(w *world, ids map[string]string) any { return w.withdrawn(ids) }},

		// A review is by the caller's own body, whoever it is about.
		"prepareReview": {good: 200, body: func(w *world, _ access.Actor) any { return w.reviewOf(review.SharedBody) }},
		"submitReview":  {owner: agency, elsewhere: 422, good: 201, kind: bundleType, fresh: func(w *world, _ map[string]string) any { return w.reviewed() }},
		"listReviews":   {owner: agency, sees: bodysReview, good: 200, lists: "/reviews/{digest}"}, "getReview": ownReview, "getReviewBundle": ownReview, "getReviewReceipt": ownReview,
		"prepareReviewWithdrawal": {owner: agency, elsewhere: absent, good: 200, body: is(WithdrawalInput{Reason: "Feil."})},
		"submitReviewWithdrawal":  {owner: agency, elsewhere: absent, good: 201, kind: bundleType, fresh: func(w *world, ids map[string]string) any { return w.reviewWithdrawn(ids) }},

		"checkStatus": {good: 200, body: is(CheckInput{Suppliers: []string{ours}})},
		"listChecks":  {owner: agency, good: 200, lists: "/checks/{id}"}, "getCheck": ownCheck, "getCheckResult": ownCheck,
		"deleteCheck": {owner: agency, elsewhere: absent, sees: ownedBy(agency), good: 204, landless: 403, fresh: only((*world).newCheck)},

		"listProcurements": {owner: agency, good: 200, lists: "/procurements/{id}"}, "getProcurement": ownTender, "getWorkbook": ownTender, "getComparison": ownTender,
		"createProcurement": {good: 201, body: tenderOf}, "putProcurement": {owner: agency, elsewhere: absent, good: 200, body: tenderOf},
		"verifyWorkbook":    {good: 200, kind: xlsx, body: func(w *world, _ access.Actor) any { return w.filled }},
		"addResponse":       {owner: agency, elsewhere: absent, good: 201, query: "?supplier=" + ours, kind: xlsx, body: func(w *world, _ access.Actor) any { return w.filled }},
		"listOwnWorkbooks":  ownTender,
		"addOwnWorkbook":    {owner: agency, elsewhere: absent, good: 201, query: "?name=a.xlsx", kind: xlsx, body: func(w *world, _ access.Actor) any { return w.corpus() }},
		"getOwnWorkbook":    ownTender,
		"putOwnWorkbook":    {owner: agency, elsewhere: absent, good: 200, body: func(w *world, _ access.Actor) any { return w.decisions }},
		"fillOwnWorkbook":   {owner: agency, elsewhere: absent, good: 200, query: "?format=report", body: is(OwnOrder{Answers: ours})},
		"removeOwnWorkbook": {owner: agency, elsewhere: absent, good: 204, fresh: only((*world).newOwnWorkbook)},

		"listContentDrafts": ownDraft, "getContentDraft": ownDraft, "getContentDraftFindings": ownDraft,
		"createContentDraft":     {good: 201, body: is(ContentDraftInput{Title: "Klarere"})},
		"putContentDraft":        {good: 200, body: is(ContentDraftInput{Title: "Klarere"})},
		"discardContentDraft":    {good: 200, fresh: only((*world).newDraft)},
		"getContentDraftFile":    {good: 200, query: "?path=FILE"},
		"putContentDraftFile":    {good: 200, query: "?path=sources.yaml", kind: "text/yaml", body: func(w *world, _ access.Actor) any { return w.sources }},
		"removeContentDraftFile": {good: 200, query: "?path=FILE", fresh: only((*world).newDraft)},
		"submitContentDraft":     {good: 200, fresh: only((*world).newDraft)},
		"decideContentDraft": {good: 200, fresh: func(w *world, ids map[string]string) any {
			w.draftInReview(ids)
			return ContentDecision{Decision: "approve"}
		}},
		"publishContentDraft": {good: 200, fresh: only((*world).approvedDraft)},
		"createReport":        {good: 201, body: is(ReportInput{Kind: "unclear", Text: "Hva menes?"})},
		"resolveReport": {good: 200, fresh: func(w *world, ids map[string]string) any {
			w.newReport(ids)
			return ReportAnswer{Note: "Skrevet om."}
		}},

		"listTokens": {owner: ours, elsewhere: denied, good: 200, query: "?limit=200&org=" + ours, lists: "/tokens/{id}"},
		"createToken": {good: 201, landless: 422, body: func(_ *world, a access.Actor) any {
			if a.Has(access.SupplierAdmin) {
				return TokenInput{Name: "Lønn", Roles: []string{"supplier-reader"}}
			}
			return TokenInput{Name: "Lønn", Roles: []string{"agency-reader"}}
		}},
		"revokeToken": {owner: ours, elsewhere: absent, good: 200, fresh: only((*world).newToken)},
		"listMembers": {owner: ours, elsewhere: denied, good: 200}, "listInvitations": {owner: ours, elsewhere: denied, good: 200},
		"putMember": {owner: ours, elsewhere: denied, good: 200, fresh: only((*world).newMember), body: func(_ *world, a access.Actor) any {
			return MemberInput{Roles: grantable(a)}
		}},
		"removeMember":     {owner: ours, elsewhere: denied, good: 204, fresh: only((*world).newMember)},
		"createInvitation": {owner: ours, elsewhere: denied, good: 201, body: func(_ *world, a access.Actor) any { return InvitationInput{Roles: grantable(a)} }},
		"revokeInvitation": {owner: ours, elsewhere: denied, good: 204, fresh: only((*world).newInvitation)},
		"listTrail":        {owner: agency, good: 200, query: "?target=UNTOUCHED", lists: "untouched"}, "exportTrail": {owner: agency, good: 200, query: "?target=UNTOUCHED", lists: "untouched"},

		"getCheckpoint": forAll, "getTile": forAll, "getTrustedRoot": forAll, "getLogKey": forAll,
		"getVerdictKey": forAll, "getWitnessedCheckpoint": {good: 404}, // the house has no witness
	}
}

// grantable is a role that an administrator may give.
func grantable(a access.Actor) []string {
	if a.Has(access.AgencyAdmin) {
		return []string{"agency-reader"}
	}
	return []string{"supplier-reader"}
}

// tenderOf is the procurement as it is, so that nothing bound to it changes.
func tenderOf(w *world, _ access.Actor) any {
	return ProcurementInput{Title: w.tender.Title, Input: w.tender.Input, Bidders: w.tender.Bidders}
}
