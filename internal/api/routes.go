package api

import "felleskrav/internal/access"

// rule is what holds for an operation before its handler runs.
type rule struct {
	// action must be within the caller's reach; whether the thing belongs to
	// them is for the service to say.
	action access.Action
	// body is the most bytes the request may have; zero is none, and less
	// stands for the largest file of documentation.
	body int64
	// raw leaves the body to the handler.
	raw bool
	// file is the most bytes of a body that is not JSON, where both are taken;
	// it is left to the handler.
	file int64
	// costly takes long to compute; long moves files.
	costly, long bool
}

// Sizes of bodies, in bytes.
const (
	small       = 64 << 10
	form        = 1 << 20
	maxDraft    = 4 << 20 // a thousand answers at length
	maxBundle   = 1 << 20
	maxWorkbook = 10 << 20 // as workbook.DefaultLimits
	maxContent  = 1 << 20  // a content file, as a whole draft may have
	maxFile     = -1
)

// rules name, for every operation of the contract, what it takes. An
// operation that is not here is refused.
var rules = map[string]rule{
	"listTasks":                {action: access.ReadCatalogue},
	"listInformationTypes":     {action: access.ReadCatalogue},
	"listLevels":               {action: access.ReadCatalogue},
	"listMeasures":             {action: access.ReadCatalogue},
	"listSources":              {action: access.ReadCatalogue},
	"listRequirements":         {action: access.ReadCatalogue},
	"listRequirementSets":      {action: access.ReadCatalogue},
	"getRequirementSetVersion": {action: access.ReadCatalogue},
	"diffRequirementSet":       {action: access.ReadCatalogue},
	"makeSelection":            {action: access.Select, body: form},

	"listSuppliers":     {action: access.ReadSupplier},
	"getSupplier":       {action: access.ReadSupplier},
	"putSupplier":       {action: access.RegisterSupplier, body: small},
	"putBody":           {action: access.RegisterBody, body: small},
	"listKeys":          {action: access.ReadSupplier},
	"beginEnrolment":    {action: access.WriteKey, body: small},
	"completeEnrolment": {action: access.WriteKey, body: small},
	"revokeKey":         {action: access.WriteKey, body: small},
	"putIdentifiers":    {action: access.VerifySupplier, body: small},
	"verifySupplier":    {action: access.VerifySupplier},
	"endVerification":   {action: access.VerifySupplier},
	"putFourEyes":       {action: access.WriteFourEyes, body: small},

	"listOfferings":  {action: access.ReadOffering},
	"createOffering": {action: access.WriteOffering, body: form},
	"getOffering":    {action: access.ReadOffering},
	"putOffering":    {action: access.WriteOffering, body: form},
	"getDescriptor":  {action: access.ReadOffering},

	"uploadEvidence":   {action: access.WriteEvidence, body: maxFile, raw: true, long: true},
	"downloadEvidence": {action: access.ReadEvidence, long: true},
	"getEvidence":      {action: access.ReadEvidence},
	"putEvidence":      {action: access.WriteEvidence, body: small},
	"eraseEvidence":    {action: access.EraseEvidence},
	"listEvidence":     {action: access.ReadEvidence},

	"prepareAttestation":   {action: access.PrepareStatement, body: maxDraft},
	"submitAttestation":    {action: access.SubmitAttestation, body: maxBundle, raw: true},
	"getAttestation":       {action: access.ReadAttestation},
	"getAttestationBundle": {action: access.ReadAttestation},
	"getStatement":         {action: access.ReadAttestation},
	"getReceipt":           {action: access.ReadAttestation},
	"getVerdict":           {action: access.ReadAttestation},
	"prepareRenewal":       {action: access.PrepareStatement, body: small},
	"listWaiting":          {action: access.PrepareStatement},
	"prepareWithdrawal":    {action: access.Withdraw, body: small},
	"submitWithdrawal":     {action: access.Withdraw, body: maxBundle, raw: true},

	"prepareReview":           {action: access.WriteReview, body: small},
	"submitReview":            {action: access.WriteReview, body: maxBundle, raw: true},
	"listReviews":             {action: access.ReadReview},
	"getReview":               {action: access.ReadReview},
	"getReviewBundle":         {action: access.ReadReview},
	"getReviewReceipt":        {action: access.ReadReview},
	"prepareReviewWithdrawal": {action: access.WriteReview, body: small},
	"submitReviewWithdrawal":  {action: access.WriteReview, body: maxBundle, raw: true},

	"getSupplierStatus": {action: access.ReadStatus},
	"getOfferingStatus": {action: access.ReadStatus},
	"getOfferingBadge":  {action: access.ReadStatus},
	"checkStatus":       {action: access.CheckStatus, body: form, file: maxWorkbook, costly: true},
	"listChecks":        {action: access.ReadCheck},
	"getCheck":          {action: access.ReadCheck},
	"deleteCheck":       {action: access.CheckStatus},
	"getCheckResult":    {action: access.ReadCheck, long: true},

	"listProcurements":  {action: access.ReadProcurement},
	"createProcurement": {action: access.WriteProcurement, body: form},
	"getProcurement":    {action: access.ReadProcurement},
	"putProcurement":    {action: access.WriteProcurement, body: form},
	"getWorkbook":       {action: access.ReadProcurement, costly: true},
	"verifyWorkbook":    {action: access.VerifyWorkbook, body: maxWorkbook, raw: true, costly: true},
	"addResponse":       {action: access.WriteProcurement, body: maxWorkbook, raw: true, costly: true},
	"getComparison":     {action: access.ReadProcurement, costly: true},

	"listOwnWorkbooks":  {action: access.WriteProcurement},
	"addOwnWorkbook":    {action: access.WriteProcurement, body: maxWorkbook, raw: true, costly: true},
	"getOwnWorkbook":    {action: access.WriteProcurement},
	"putOwnWorkbook":    {action: access.WriteProcurement, body: form},
	"fillOwnWorkbook":   {action: access.WriteProcurement, body: small, costly: true},
	"removeOwnWorkbook": {action: access.WriteProcurement},

	"getContentFiles":         {action: access.ReadCatalogue},
	"listContentDrafts":       {action: access.EditCatalogue},
	"createContentDraft":      {action: access.EditCatalogue, body: small},
	"getContentDraft":         {action: access.EditCatalogue},
	"putContentDraft":         {action: access.EditCatalogue, body: small},
	"discardContentDraft":     {action: access.EditCatalogue},
	"getContentDraftFile":     {action: access.EditCatalogue},
	"putContentDraftFile":     {action: access.EditCatalogue, body: maxContent, raw: true},
	"removeContentDraftFile":  {action: access.EditCatalogue},
	"getContentDraftFindings": {action: access.EditCatalogue, costly: true},
	"submitContentDraft":      {action: access.EditCatalogue},
	"decideContentDraft":      {action: access.DecideCatalogue, body: small},
	"publishContentDraft":     {action: access.DecideCatalogue, costly: true},
	"listReports":             {action: access.ReadCatalogue}, // the reports themselves are for editors
	"createReport":            {action: access.WriteReport, body: small},
	"resolveReport":           {action: access.ReadReport, body: small},

	"listTokens":  {action: access.ManageTokens},
	"createToken": {action: access.ManageTokens, body: small},
	"revokeToken": {action: access.ManageTokens},

	"listMembers":      {action: access.ReadMembers},
	"putMember":        {action: access.WriteMembers, body: small},
	"removeMember":     {action: access.WriteMembers},
	"listInvitations":  {action: access.ReadMembers},
	"createInvitation": {action: access.WriteMembers, body: small},
	"revokeInvitation": {action: access.WriteMembers},

	"listTrail":   {action: access.ReadTrail},
	"exportTrail": {action: access.ReadTrail},

	"getCheckpoint":          {action: access.ReadLog},
	"getWitnessedCheckpoint": {action: access.ReadLog},
	"getTile":                {action: access.ReadLog},
	"getTrustedRoot":         {action: access.ReadLog},
	"getLogKey":              {action: access.ReadLog},
	"getVerdictKey":          {action: access.ReadLog},
}

// open lists the operations that tell nothing about anybody and are not
// guarded at all.
var open = map[string]bool{"healthz": true, "readyz": true, "metrics": true, "openapi": true, "docs": true}
