package status

import (
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/review"
	"felleskrav/internal/supplier"
)

// Overall is the one word for an offering and a set version.
type Overall string

// The words, best first.
const (
	Valid         Overall = "valid"
	Expiring      Overall = "expiring"       // 60 days or less left
	SupersededSet Overall = "superseded-set" // valid for another version of the set
	Incomplete    Overall = "incomplete"     // requirements without an answer
	ScopeMismatch Overall = "scope-mismatch" // the offering changed after it was signed
	Expired       Overall = "expired"
	Withdrawn     Overall = "withdrawn" // by the supplier
	Revoked       Overall = "revoked"   // signed with a key after that key was revoked
	Missing       Overall = "missing"
)

// Overalls lists the words, best first.
func Overalls() []Overall {
	return []Overall{Valid, Expiring, SupersededSet, Incomplete, ScopeMismatch, Expired, Withdrawn, Revoked, Missing}
}

// rank orders by how weak a link is: 0 is best.
func (o Overall) rank() int {
	for i, v := range Overalls() {
		if v == o {
			return i
		}
	}
	return len(Overalls())
}

// ExpiringWithin is how long before its end a declaration shows as expiring.
const ExpiringWithin = 60 * 24 * time.Hour

// Assurance says what stands behind an answer.
type Assurance string

// The steps, weakest first. Reviewed comes from reviews by public bodies;
// nothing gives Certified yet.
const (
	Declared   Assurance = "declared"
	Documented Assurance = "documented"
	Reviewed   Assurance = "reviewed"
	Certified  Assurance = "certified"
)

// Lifecycle is the state of one declaration.
type Lifecycle string

// The states.
const (
	LifeActive     Lifecycle = "active"
	LifeSuperseded Lifecycle = "superseded"
	LifeExpired    Lifecycle = "expired"
	LifeWithdrawn  Lifecycle = "withdrawn"
	LifeRevoked    Lifecycle = "revoked"
)

// Facts are everything a status is computed from.
type Facts struct {
	// Version is the set version asked about.
	Version catalogue.Version
	// Others are the other versions of the set that declarations refer to, by
	// version.
	Others   map[string]catalogue.Version
	Supplier supplier.Supplier
	Offering supplier.Offering
	// Declarations are all logged declarations of the offering for the set, in
	// any order.
	Declarations []Declaration
	// Reviews are the logged reviews of the offering that count for whoever asks,
	// in any order: those that are shared and, for a public body, its own.
	Reviews []review.Logged
	// ReviewsOpen tells whether whoever asks may see the reviews themselves.
	// Else they show as the step of assurance, and nothing more: not that there
	// is one that accepts nothing, and not when one ends that lifts nothing.
	ReviewsOpen bool
	// SubSuppliers hold the status of those sub-suppliers that have an
	// offering of their own here, by offering id.
	SubSuppliers map[string]Status
	// Register is what the register of legal entities says about the supplier;
	// nil when that is not known.
	Register *organisation.RegisterEntry
}

// Declaration is an accepted declaration with its place in the log.
type Declaration struct {
	attestation.Record
	LogIndex   int64
	LoggedAt   time.Time
	Withdrawal *attestation.Withdrawal
}

// Status is the answer.
type Status struct {
	Offering     string              `json:"offering"`
	OfferingName string              `json:"offeringName"`
	Supplier     organisation.Number `json:"supplier"`
	SupplierName string              `json:"supplierName"`
	// Register is what the register of legal entities said about the supplier, if
	// that was known at the moment. It stands beside Overall, which tells of
	// declarations only.
	Register   *organisation.RegisterEntry `json:"register,omitempty"`
	Set        string                      `json:"set"`
	SetVersion string                      `json:"setVersion"`
	Overall    Overall                     `json:"overall"`
	// At is the moment the status holds for.
	At time.Time `json:"at"`
	// ChangesAt is the next moment time alone changes it; nil means never.
	ChangesAt *time.Time `json:"changesAt,omitempty"`
	// Unsettled tells that a declaration is on its way into the log: the status
	// may be another the next moment, so it must not be kept.
	Unsettled bool `json:"-"`
	// Declaration is the one that decides; nil when missing.
	Declaration  *DeclarationStatus  `json:"declaration,omitempty"`
	Requirements []RequirementStatus `json:"requirements"`
	Counts       Counts              `json:"counts"`
	// Changes says, for a superseded set, what differs from the version that
	// was declared.
	Changes []catalogue.Change `json:"changes,omitempty"`
	Chain   []Link             `json:"chain,omitempty"`
	// Weakest is the link of the chain with the worst status, if it is worse
	// than the offering itself.
	Weakest *Link `json:"weakest,omitempty"`
	// History lists every declaration, newest first.
	History []DeclarationStatus `json:"history,omitempty"`
}

// DeclarationStatus is one declaration seen from outside.
type DeclarationStatus struct {
	Digest     string    `json:"digest"`
	SetVersion string    `json:"setVersion"`
	Lifecycle  Lifecycle `json:"lifecycle"`
	// Since is when it entered that state.
	Since  time.Time `json:"since"`
	Reason string    `json:"reason,omitempty"`
	KeyID  string    `json:"keyId"`
	// SecondKeyID is that of the second signature, if there is one.
	SecondKeyID string    `json:"-"`
	DeclaredAt  time.Time `json:"declaredAt"`
	LoggedAt    time.Time `json:"loggedAt"`
	LogIndex    int64     `json:"logIndex"`
	ValidUntil  time.Time `json:"validUntil"`
}

// EndedUnrenewed reports whether its time was over before anything ended it or
// took its place: from ValidUntil on it did not count.
func (d DeclarationStatus) EndedUnrenewed() bool {
	return d.Lifecycle == LifeExpired || d.Lifecycle == LifeSuperseded && !d.ValidUntil.After(d.Since)
}

// RequirementStatus is what is known about one requirement.
type RequirementStatus struct {
	Requirement string `json:"requirement"`
	// Answer is empty when there is none.
	Answer    attestation.AnswerStatus  `json:"answer,omitempty"`
	Statement string                    `json:"statement,omitempty"`
	Assurance Assurance                 `json:"assurance,omitempty"`
	Evidence  []attestation.EvidenceRef `json:"evidence,omitempty"`
	// AnsweredAt is when the answer was declared.
	AnsweredAt *time.Time `json:"answeredAt,omitempty"`
	// Reviews are those in force, newest first, when whoever asks may see them.
	Reviews []ReviewStatus `json:"reviews,omitempty"`
}

func (r RequirementStatus) answer() attestation.Answer {
	return attestation.Answer{Requirement: r.Requirement, Status: r.Answer, Statement: r.Statement, Evidence: r.Evidence}
}

// Counts counts requirements by answer.
type Counts struct {
	Met           int `json:"met"`
	Partial       int `json:"partial"`
	Planned       int `json:"planned"`
	Alternative   int `json:"alternative"`
	NotMet        int `json:"notMet"`
	NotApplicable int `json:"notApplicable"`
	Unanswered    int `json:"unanswered"`
	Documented    int `json:"documented"`
	// Reviewed are those with an answer that a public body has accepted.
	Reviewed int `json:"reviewed"`
}

// Total is the number of requirements.
func (c Counts) Total() int {
	return c.Met + c.Partial + c.Planned + c.Alternative + c.NotMet + c.NotApplicable + c.Unanswered
}

// Link is a sub-supplier in the chain.
type Link struct {
	Name    string              `json:"name"`
	Number  organisation.Number `json:"orgnr,omitempty"`
	Country string              `json:"country"`
	Purpose string              `json:"purpose"`
	// Offering is empty when the sub-supplier has none here, and Overall is
	// then missing.
	Offering string  `json:"offering,omitempty"`
	Overall  Overall `json:"overall"`
	// Path names the links from the offering down to the weakest one under
	// this link, when that is not this link itself.
	Path []string `json:"path,omitempty"`
}
