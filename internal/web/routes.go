package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/httpd"
	"felleskrav/internal/problem"
)

// route is one page, or one thing that a page's form does.
type route struct {
	method, path string
	// action must be within the visitor's reach before the handler runs; whether
	// the thing belongs to them is for the service to say.
	action access.Action
	// limit is the most bytes the request may have.
	limit   int64
	handler handler
	// pace is httpd.Costly for what takes long to compute and waits for its turn,
	// httpd.Long for what moves files, httpd.Attempt for what could be guessed
	// at, and nil for the rest.
	pace gin.HandlerFunc
	// only says that a GET does not stand for HEAD.
	only bool
}

// form is the size of a form without files, in bytes.
const form = 1 << 20

// routes name every page with what it takes. What is not here does not exist.
func (w *Web) routes() []route {
	return []route{
		{method: http.MethodGet, path: "/", action: access.ReadCatalogue, handler: w.front},
		{method: http.MethodGet, path: "/login", action: access.UseSession, handler: w.login},
		{method: http.MethodGet, path: "/demo/login", action: access.UseSession, handler: w.demoLogin},
		{method: http.MethodPost, path: "/demo/login", pace: httpd.Attempt, action: access.UseSession, limit: form, handler: w.demoChoose},
		{method: http.MethodPost, path: "/logout", action: access.UseSession, limit: form, handler: w.logout},
		{method: http.MethodPost, path: "/logout/everywhere", action: access.UseSession, limit: form, handler: w.logoutEverywhere},
		// These do something, and so answer to nothing but GET.
		{method: http.MethodGet, path: "/login/oidc", pace: httpd.Attempt, action: access.UseSession, only: true, handler: w.loginStart},
		{method: http.MethodGet, path: "/login/oidc/callback", pace: httpd.Attempt, action: access.UseSession, only: true, handler: w.loginReturn},
		{method: http.MethodGet, path: "/login/oidc/frontchannel-logout", action: access.UseSession, only: true, handler: w.frontchannelLogout},
		{method: http.MethodGet, path: "/login/organisation", action: access.UseSession, handler: w.organisation},
		{method: http.MethodPost, path: "/login/organisation", action: access.UseSession, limit: form, handler: w.organisationChoose},

		{method: http.MethodGet, path: "/procurements", action: access.ReadProcurement, handler: w.procurements},
		{method: http.MethodGet, path: "/procurements/new", action: access.Select, handler: w.procurementNew},
		{method: http.MethodPost, path: "/procurements", action: access.WriteProcurement, limit: form, handler: w.procurementCreate},
		{method: http.MethodGet, path: "/procurements/:id", action: access.ReadProcurement, handler: w.procurementShow},
		{method: http.MethodGet, path: "/procurements/:id/record", action: access.ReadProcurement, handler: w.record},
		{method: http.MethodGet, path: "/procurements/:id/workbook", pace: httpd.Costly, action: access.ReadProcurement, handler: w.procurementWorkbook},
		{method: http.MethodGet, path: "/procurements/:id/requirements", action: access.ReadProcurement, handler: w.choices},
		{method: http.MethodPost, path: "/procurements/:id/requirements", action: access.WriteProcurement, limit: form, handler: w.choicesSave},
		{method: http.MethodGet, path: "/procurements/:id/newest", action: access.ReadProcurement, handler: w.newest},
		{method: http.MethodPost, path: "/procurements/:id/newest", action: access.WriteProcurement, limit: form, handler: w.rebind},
		{method: http.MethodGet, path: "/procurements/:id/columns", action: access.ReadProcurement, handler: w.columns},
		{method: http.MethodPost, path: "/procurements/:id/columns", action: access.WriteProcurement, limit: form, handler: w.columnsSave},
		{method: http.MethodGet, path: "/procurements/:id/bidders", action: access.ReadProcurement, handler: w.bidders},
		{method: http.MethodPost, path: "/procurements/:id/bidders", action: access.WriteProcurement, limit: form, handler: w.bidderAdd},
		{method: http.MethodPost, path: "/procurements/:id/bidders/remove", action: access.WriteProcurement, limit: form, handler: w.bidderRemove},
		{method: http.MethodPost, path: "/procurements/:id/responses", pace: httpd.Costly, action: access.WriteProcurement, limit: maxWorkbook, handler: w.responseUpload},
		{method: http.MethodGet, path: "/procurements/:id/comparison", action: access.ReadProcurement, handler: w.comparison},
		{method: http.MethodGet, path: "/procurements/:id/comparison.svg", action: access.ReadProcurement, handler: w.comparisonPicture},
		{method: http.MethodGet, path: "/procurements/:id/comparison.png", pace: httpd.Costly, action: access.ReadProcurement, handler: w.comparisonPicture},
		{method: http.MethodPost, path: "/procurements/:id/contract-end", action: access.WriteProcurement, limit: form, handler: w.contractEndSave},
		{method: http.MethodGet, path: "/procurements/:id/own", action: access.WriteProcurement, handler: w.ownList},
		{method: http.MethodPost, path: "/procurements/:id/own", pace: httpd.Costly, action: access.WriteProcurement, limit: maxWorkbook, handler: w.ownUpload},
		{method: http.MethodGet, path: "/procurements/:id/own/:wid", action: access.WriteProcurement, handler: w.ownShow},
		{method: http.MethodPost, path: "/procurements/:id/own/:wid", action: access.WriteProcurement, limit: form, handler: w.ownDecide},
		{method: http.MethodPost, path: "/procurements/:id/own/:wid/remove", action: access.WriteProcurement, limit: form, handler: w.ownRemove},
		{method: http.MethodGet, path: "/procurements/:id/own/:wid/report", action: access.WriteProcurement, handler: w.ownReport},
		{method: http.MethodGet, path: "/procurements/:id/own/:wid/file", pace: httpd.Costly, action: access.WriteProcurement, handler: w.ownFile},

		{method: http.MethodGet, path: "/suppliers", action: access.ReadSupplier, handler: w.suppliers},
		{method: http.MethodGet, path: "/suppliers/:orgnr", action: access.ReadSupplier, handler: w.supplier},
		{method: http.MethodGet, path: "/suppliers/:orgnr/edit", action: access.RegisterSupplier, handler: w.supplierEdit},
		{method: http.MethodPost, path: "/suppliers/:orgnr/edit", action: access.RegisterSupplier, limit: form, handler: w.supplierSave},
		{method: http.MethodGet, path: "/suppliers/:orgnr/keys", action: access.ReadSupplier, handler: w.keys},
		{method: http.MethodPost, path: "/suppliers/:orgnr/keys", action: access.WriteKey, limit: form, handler: w.surely(access.WriteKey, "/suppliers/:orgnr/keys", w.keyBegin)},
		{method: http.MethodGet, path: "/suppliers/:orgnr/keys/challenge", action: access.WriteKey, handler: w.surely(access.WriteKey, "/suppliers/:orgnr/keys", w.keyChallenge)},
		{method: http.MethodGet, path: "/suppliers/:orgnr/keys/challenge/file", action: access.WriteKey, handler: w.keyChallengeFile},
		{method: http.MethodPost, path: "/suppliers/:orgnr/keys/challenge", action: access.WriteKey, limit: form, handler: w.surely(access.WriteKey, "/suppliers/:orgnr/keys", w.keyComplete)},
		{method: http.MethodPost, path: "/suppliers/:orgnr/keys/revoke", action: access.WriteKey, limit: form, handler: w.surely(access.WriteKey, "/suppliers/:orgnr/keys", w.keyRevoke)},
		{method: http.MethodPost, path: "/suppliers/:orgnr/four-eyes", action: access.WriteFourEyes, limit: form, handler: w.surely(access.WriteFourEyes, "/suppliers/:orgnr/keys", w.fourEyes)},
		{method: http.MethodPost, path: "/suppliers/:orgnr/verification", action: access.VerifySupplier, limit: form, handler: w.verify},
		{method: http.MethodGet, path: "/suppliers/:orgnr/waiting/:digest", action: access.PrepareStatement, handler: w.surely(access.SubmitAttestation, "", w.second)},
		{method: http.MethodGet, path: "/suppliers/:orgnr/evidence", action: access.ReadEvidence, handler: w.evidence},
		{method: http.MethodPost, path: "/suppliers/:orgnr/evidence", pace: httpd.Long, action: access.WriteEvidence, limit: w.MaxEvidence + form, handler: w.evidenceUpload},
		{method: http.MethodGet, path: "/suppliers/:orgnr/evidence/:sha256", action: access.WriteEvidence, handler: w.evidenceEdit},
		{method: http.MethodPost, path: "/suppliers/:orgnr/evidence/:sha256", action: access.WriteEvidence, limit: form, handler: w.evidenceSave},
		{method: http.MethodGet, path: "/suppliers/:orgnr/evidence/:sha256/erase", action: access.EraseEvidence, handler: w.evidenceErase},
		{method: http.MethodPost, path: "/suppliers/:orgnr/evidence/:sha256/erase", action: access.EraseEvidence, limit: form, handler: w.evidenceEraseConfirm},
		{method: http.MethodGet, path: "/suppliers/:orgnr/offerings/new", action: access.WriteOffering, handler: w.offeringNew},
		{method: http.MethodPost, path: "/suppliers/:orgnr/offerings/new", action: access.WriteOffering, limit: form, handler: w.offeringCreate},
		{method: http.MethodGet, path: "/evidence/:sha256", pace: httpd.Long, action: access.ReadEvidence, handler: w.evidenceFile},

		{method: http.MethodGet, path: "/offerings/:id/edit", action: access.WriteOffering, handler: w.offeringEdit},
		{method: http.MethodPost, path: "/offerings/:id/edit", action: access.WriteOffering, limit: form, handler: w.offeringSave},
		{method: http.MethodGet, path: "/offerings/:id/answers", action: access.PrepareStatement, handler: w.surely(access.SubmitAttestation, "", w.answers)},
		{method: http.MethodPost, path: "/offerings/:id/answers", action: access.PrepareStatement, limit: 8 << 20, handler: w.answersPrepare},
		{method: http.MethodPost, path: "/offerings/:id/draft", action: access.PrepareStatement, limit: 8 << 20, handler: w.answersSave},
		{method: http.MethodGet, path: "/offerings/:id/answers/workbook", pace: httpd.Costly, action: access.PrepareStatement, handler: w.answersWorkbook},
		{method: http.MethodPost, path: "/offerings/:id/answers/workbook", pace: httpd.Costly, action: access.PrepareStatement, limit: maxWorkbook, handler: w.answersUpload},
		// Gives back what was sent, as a file, to whoever is to sign it.
		{method: http.MethodPost, path: "/offerings/:id/statement/file", action: access.ReadAttestation, limit: 8 << 20, handler: w.statementFile},
		{method: http.MethodPost, path: "/offerings/:id/attestations", action: access.SubmitAttestation, limit: maxBundle, handler: w.surely(access.SubmitAttestation, "/offerings/:id/answers", w.attestationSubmit)},
		{method: http.MethodGet, path: "/offerings/:id/status", action: access.ReadStatus, handler: w.status},

		{method: http.MethodGet, path: "/watch", action: access.ReadWatch, handler: w.watch},
		{method: http.MethodPost, path: "/watch", action: access.WriteWatch, limit: form, handler: w.watchAdd},
		{method: http.MethodPost, path: "/watch/remove", action: access.WriteWatch, limit: form, handler: w.watchRemove},
		{method: http.MethodPost, path: "/watch/seen", action: access.WriteWatch, limit: form, handler: w.watchSeen},

		{method: http.MethodGet, path: "/checks", action: access.ReadCheck, handler: w.checks},
		{method: http.MethodPost, path: "/checks", pace: httpd.Costly, action: access.CheckStatus, limit: maxWorkbook, handler: w.checkStart},
		{method: http.MethodGet, path: "/checks/:id", action: access.ReadCheck, handler: w.checkShow},
		{method: http.MethodGet, path: "/checks/:id/result", pace: httpd.Long, action: access.ReadCheck, handler: w.checkResult},
		{method: http.MethodPost, path: "/checks/:id/cancel", action: access.CheckStatus, limit: form, handler: w.checkCancel},
		{method: http.MethodPost, path: "/checks/:id/delete", action: access.CheckStatus, limit: form, handler: w.checkDelete},

		{method: http.MethodGet, path: "/attestations/:digest", action: access.ReadAttestation, handler: w.attestation},
		{method: http.MethodGet, path: "/attestations/:digest/receipt.json", action: access.ReadAttestation, handler: w.receiptFile},
		{method: http.MethodGet, path: "/attestations/:digest/bundle.json", action: access.ReadAttestation, handler: w.bundleFile},
		{method: http.MethodGet, path: "/attestations/:digest/verdict.json", action: access.ReadAttestation, handler: w.verdictFile},
		{method: http.MethodGet, path: "/attestations/:digest/renewal", action: access.PrepareStatement, handler: w.renewal},
		{method: http.MethodGet, path: "/attestations/:digest/withdrawal", action: access.Withdraw, handler: w.surely(access.Withdraw, "", w.withdrawal)},
		{method: http.MethodPost, path: "/attestations/:digest/withdrawal", action: access.Withdraw, limit: form, handler: w.surely(access.Withdraw, "/attestations/:digest/withdrawal", w.withdrawalPrepare)},
		{method: http.MethodPost, path: "/attestations/:digest/withdrawal/bundle", action: access.Withdraw, limit: maxBundle, handler: w.surely(access.Withdraw, "/attestations/:digest/withdrawal", w.withdrawalSubmit)},

		{method: http.MethodGet, path: "/attestations/:digest/reviews/new", action: access.WriteReview, handler: w.surely(access.WriteReview, "", w.reviewNew)},
		{method: http.MethodPost, path: "/attestations/:digest/reviews/statement", action: access.WriteReview, limit: form, handler: w.surely(access.WriteReview, "/attestations/:digest", w.reviewPrepare)},
		{method: http.MethodPost, path: "/attestations/:digest/reviews", action: access.WriteReview, limit: maxBundle, handler: w.surely(access.WriteReview, "/attestations/:digest", w.reviewSubmit)},
		{method: http.MethodGet, path: "/reviews", action: access.ReadReview, handler: w.reviews},
		{method: http.MethodGet, path: "/reviews/:digest", action: access.ReadReview, handler: w.review},
		{method: http.MethodGet, path: "/reviews/:digest/receipt.json", action: access.ReadReview, handler: w.reviewReceiptFile},
		{method: http.MethodGet, path: "/reviews/:digest/bundle.json", action: access.ReadReview, handler: w.reviewBundleFile},
		{method: http.MethodGet, path: "/reviews/:digest/withdrawal", action: access.WriteReview, handler: w.surely(access.WriteReview, "", w.reviewWithdrawal)},
		{method: http.MethodPost, path: "/reviews/:digest/withdrawal", action: access.WriteReview, limit: form, handler: w.surely(access.WriteReview, "/reviews/:digest/withdrawal", w.reviewWithdrawalPrepare)},
		{method: http.MethodPost, path: "/reviews/:digest/withdrawal/bundle", action: access.WriteReview, limit: maxBundle, handler: w.surely(access.WriteReview, "/reviews/:digest/withdrawal", w.reviewWithdrawalSubmit)},
		{method: http.MethodGet, path: "/bodies/:orgnr/edit", action: access.RegisterBody, handler: w.bodyEdit},
		{method: http.MethodPost, path: "/bodies/:orgnr/edit", action: access.RegisterBody, limit: form, handler: w.bodySave},

		{method: http.MethodGet, path: "/catalogue", action: access.ReadCatalogue, handler: w.catalogue},
		{method: http.MethodGet, path: "/catalogue/tasks", action: access.ReadCatalogue, handler: w.tasks},
		{method: http.MethodGet, path: "/catalogue/tasks/:id", action: access.ReadCatalogue, handler: w.task},
		{method: http.MethodGet, path: "/catalogue/measures", action: access.ReadCatalogue, handler: w.measures},
		{method: http.MethodGet, path: "/catalogue/measures/:id", action: access.ReadCatalogue, handler: w.measure},
		{method: http.MethodGet, path: "/catalogue/sets", action: access.ReadCatalogue, handler: w.sets},
		{method: http.MethodGet, path: "/catalogue/sets/:id", action: access.ReadCatalogue, handler: w.setVersion},
		{method: http.MethodGet, path: "/catalogue/requirements/:id", action: access.ReadCatalogue, handler: w.requirement},
		{method: http.MethodPost, path: "/catalogue/requirements/:id/reports", action: access.WriteReport, limit: form, handler: w.requirementReport},
		{method: http.MethodPost, path: "/catalogue/requirements/:id/reports/:rid", action: access.ReadReport, limit: form, handler: w.requirementAnswer},
		{method: http.MethodGet, path: "/catalogue/crosswalk", action: access.ReadCatalogue, handler: w.crosswalk},
		{method: http.MethodGet, path: "/catalogue/search", action: access.ReadCatalogue, handler: w.catalogueSearch},

		{method: http.MethodGet, path: "/editor/drafts", action: access.EditCatalogue, handler: w.drafts},
		{method: http.MethodPost, path: "/editor/drafts", action: access.EditCatalogue, limit: form, handler: w.draftCreate},
		{method: http.MethodGet, path: "/editor/drafts/:id", action: access.EditCatalogue, handler: w.draft},
		{method: http.MethodPost, path: "/editor/drafts/:id", action: access.EditCatalogue, limit: form, handler: w.draftSave},
		{method: http.MethodPost, path: "/editor/drafts/:id/releases", action: access.EditCatalogue, limit: form, handler: w.draftRelease},
		{method: http.MethodGet, path: "/editor/drafts/:id/requirements/:requirement", action: access.EditCatalogue, handler: w.draftRequirement},
		{method: http.MethodPost, path: "/editor/drafts/:id/requirements/:requirement", action: access.EditCatalogue, limit: form, handler: w.draftRequirementSave},
		{method: http.MethodGet, path: "/editor/drafts/:id/file", action: access.EditCatalogue, handler: w.draftFile},
		{method: http.MethodPost, path: "/editor/drafts/:id/file", action: access.EditCatalogue, limit: 2 * form, handler: w.draftFileSave},
		{method: http.MethodGet, path: "/editor/drafts/:id/changes", pace: httpd.Costly, action: access.EditCatalogue, handler: w.draftChanges},
		{method: http.MethodGet, path: "/editor/drafts/:id/check", pace: httpd.Costly, action: access.EditCatalogue, handler: w.draftCheck},
		{method: http.MethodPost, path: "/editor/drafts/:id/submit", pace: httpd.Costly, action: access.EditCatalogue, limit: form, handler: w.draftSubmit},
		{method: http.MethodPost, path: "/editor/drafts/:id/decision", action: access.DecideCatalogue, limit: form, handler: w.draftDecide},
		{method: http.MethodPost, path: "/editor/drafts/:id/publish", pace: httpd.Costly, action: access.DecideCatalogue, limit: form, handler: w.draftPublish},
		{method: http.MethodPost, path: "/editor/drafts/:id/discard", action: access.EditCatalogue, limit: form, handler: w.draftDiscard},
		{method: http.MethodGet, path: "/editor/reports", action: access.ReadReport, handler: w.openReports},
		{method: http.MethodPost, path: "/editor/reports/:rid", action: access.EditCatalogue, limit: form, handler: w.reportResolve},

		{method: http.MethodGet, path: "/tokens", action: access.ManageTokens, handler: w.tokens},
		{method: http.MethodPost, path: "/tokens", action: access.ManageTokens, limit: form, handler: w.surely(access.ManageTokens, "/tokens", w.tokenCreate)},
		{method: http.MethodPost, path: "/tokens/:id/revoke", action: access.ManageTokens, limit: form, handler: w.tokenRevoke},

		{method: http.MethodGet, path: "/members", action: access.ReadMembers, handler: w.members},
		{method: http.MethodPost, path: "/members/invitations", action: access.WriteMembers, limit: form, handler: w.surely(access.WriteMembers, "/members", w.invitationCreate)},
		{method: http.MethodPost, path: "/members/invitations/:id/revoke", action: access.WriteMembers, limit: form, handler: w.invitationRevoke},
		{method: http.MethodPost, path: "/members/:person/roles", action: access.WriteMembers, limit: form, handler: w.surely(access.WriteMembers, "/members", w.memberRoles)},
		{method: http.MethodPost, path: "/members/:person/remove", action: access.WriteMembers, limit: form, handler: w.memberRemove},
		{method: http.MethodGet, path: "/join/:secret", pace: httpd.Attempt, action: access.Join, handler: w.join},
		{method: http.MethodPost, path: "/join/:secret", pace: httpd.Attempt, action: access.Join, limit: form, handler: w.joinAccept},
		{method: http.MethodGet, path: "/claims", action: access.DecideClaim, handler: w.claims},
		{method: http.MethodGet, path: "/claims/new", action: access.Claim, handler: w.claimNew},
		{method: http.MethodPost, path: "/claims/new", action: access.Claim, limit: form, handler: w.claimSend},
		{method: http.MethodGet, path: "/claims/mine", action: access.Claim, handler: w.claimsMine},
		{method: http.MethodPost, path: "/claims/:id", action: access.DecideClaim, limit: form, handler: w.surely(access.DecideClaim, "/claims", w.claimDecide)},
		{method: http.MethodGet, path: "/me", action: access.ReadSelf, handler: w.me},
		{method: http.MethodGet, path: "/me/export", action: access.ReadSelf, handler: w.meExport},
		{method: http.MethodPost, path: "/me/leave", action: access.EraseSelf, limit: form, handler: w.meLeave},
		{method: http.MethodGet, path: "/me/erase", action: access.EraseSelf, handler: w.meErase},
		{method: http.MethodPost, path: "/me/erase", action: access.EraseSelf, limit: form, handler: w.meErased},
		{method: http.MethodGet, path: "/accessibility", action: access.ReadCatalogue, handler: w.accessibility},
		{method: http.MethodGet, path: "/privacy", action: access.ReadCatalogue, handler: w.privacy},

		{method: http.MethodGet, path: "/trail", action: access.ReadTrail, handler: w.trail},
		{method: http.MethodGet, path: "/trail/export", pace: httpd.Costly, action: access.ReadTrail, handler: w.trailExport},
		{method: http.MethodGet, path: "/declarations", action: access.ReadAttestation, handler: w.declarations},
		{method: http.MethodGet, path: "/docs", action: access.ReadCatalogue, handler: w.docs},
		{method: http.MethodGet, path: "/docs/:tag", action: access.ReadCatalogue, handler: w.docsTag},
		{method: http.MethodGet, path: "/log", action: access.ReadLog, handler: w.log},
		{method: http.MethodGet, path: "/workbooks/verify", action: access.VerifyWorkbook, handler: w.workbookVerify},
		{method: http.MethodPost, path: "/workbooks/verify", pace: httpd.Costly, action: access.VerifyWorkbook, limit: maxPublic, handler: w.workbookVerified},
	}
}

// Route is what a route asks of its visitors.
type Route struct {
	// Method is GET, which stands for HEAD as well, or POST.
	Method string
	// Path is a pattern of gin's, such as "/suppliers/:orgnr".
	Path   string
	Action access.Action
	// Limit is the most bytes a request may have; zero for GET.
	Limit int64
}

// Routes lists every route of the pages, in the order of the table.
func (w *Web) Routes() []Route {
	var out []Route
	for _, r := range w.routes() {
		out = append(out, Route{Method: r.method, Path: r.path, Action: r.action, Limit: r.limit})
	}
	return out
}

// Mount adds every page below r, with sessions, the guard against requests
// from other sites, and the headers pages go out with.
func (w *Web) Mount(r gin.IRouter) {
	r.GET("/assets/:name", w.asset)
	r.HEAD("/assets/:name", w.asset)

	g := r.Group("/", w.headers, w.sameOrigin, w.Sessions.Middleware(w.Error, w.report), w.language)
	for _, r := range w.routes() {
		chain := []gin.HandlerFunc{w.allow(r.action)}
		if r.pace != nil {
			chain = append([]gin.HandlerFunc{r.pace}, chain...)
		}
		if r.method == http.MethodGet {
			chain = append(chain, w.handle(r.handler))
			if !r.only {
				g.HEAD(r.path, chain...)
			}
		} else {
			chain = append(chain, limit(r.limit), w.handle(r.handler))
		}
		g.Handle(r.method, r.path, chain...)
	}
}

// sameOrganisation refuses a form that was shown to somebody who acted for
// another organisation, where the form is about whichever it is: they may have
// chosen another in another tab.
func (w *Web) sameOrganisation(c *gin.Context) error {
	actor := w.actor(c)
	if begun := c.Query("for"); c.Request.Method != http.MethodPost || begun == "" || begun == actor.Org {
		return nil
	}
	return problem.New(problem.Refused, "page.error.other-organisation", problem.Args{"Name": actor.Name})
}

// allow stops visitors whose roles do not reach the action at all. What a right
// is given or taken by is not done by a right that was lost a moment ago.
func (w *Web) allow(action access.Action) gin.HandlerFunc {
	return func(c *gin.Context) {
		httpd.Act(c, action, access.Changes(action), access.Restricted(action))
		if access.Gives(action) && c.Request.Method == http.MethodPost {
			if err := w.Sessions.Refresh(c.Request.Context()); err != nil {
				w.Error(c, err)
				c.Abort()
				return
			}
			httpd.SetActor(c, w.actor(c))
		}
		_, err := access.ScopeFor(w.actor(c), action)
		if err == nil {
			err = w.sameOrganisation(c)
		}
		if err != nil {
			w.Error(c, err)
			c.Abort()
		}
	}
}
