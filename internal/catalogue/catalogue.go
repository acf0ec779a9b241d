package catalogue

import "slices"

// Text is one text in the three languages people see. All three are required
// wherever a Text stands in the content.
type Text struct {
	NB string `yaml:"nb" json:"nb"`
	NN string `yaml:"nn" json:"nn"`
	EN string `yaml:"en" json:"en"`
}

// In returns the text in lang ("nb", "nn" or "en"); an unknown language gives
// bokmål.
func (t Text) In(lang string) string {
	switch lang {
	case "nn":
		return t.NN
	case "en":
		return t.EN
	default:
		return t.NB
	}
}

// Level is a consequence level: how bad a breach can get.
type Level int

// The four levels. Zero means that no level is stated.
const (
	Low      Level = 1
	Moderate Level = 2
	High     Level = 3
	Critical Level = 4
)

// Valid reports whether l is one of the four levels.
func (l Level) Valid() bool { return l >= Low && l <= Critical }

// Dimension is what a breach hurts.
type Dimension string

// The three dimensions, in the order people expect them.
const (
	Confidentiality Dimension = "confidentiality"
	Integrity       Dimension = "integrity"
	Availability    Dimension = "availability"
)

// Dimensions lists the three dimensions in display order.
func Dimensions() []Dimension { return []Dimension{Confidentiality, Integrity, Availability} }

// Levels holds one level per dimension. In a measure or requirement it is the
// level from which the thing applies, and zero means "never because of this
// dimension".
type Levels struct {
	Confidentiality Level `yaml:"confidentiality" json:"confidentiality"`
	Integrity       Level `yaml:"integrity" json:"integrity"`
	Availability    Level `yaml:"availability" json:"availability"`
}

// Of returns the level of one dimension.
func (l Levels) Of(d Dimension) Level {
	switch d {
	case Confidentiality:
		return l.Confidentiality
	case Integrity:
		return l.Integrity
	default:
		return l.Availability
	}
}

// With returns a copy in which dimension d has the given level.
func (l Levels) With(d Dimension, level Level) Levels {
	switch d {
	case Confidentiality:
		l.Confidentiality = level
	case Integrity:
		l.Integrity = level
	default:
		l.Availability = level
	}
	return l
}

// Overall is the highest of the three.
func (l Levels) Overall() Level {
	return max(l.Confidentiality, l.Integrity, l.Availability)
}

// Reached reports the dimensions in which actual is at or above the threshold l.
func (l Levels) Reached(actual Levels) []Dimension {
	var out []Dimension
	for _, d := range Dimensions() {
		if from := l.Of(d); from != 0 && actual.Of(d) >= from {
			out = append(out, d)
		}
	}
	return out
}

// Graded is a proposed level with the reason for it.
type Graded struct {
	Level  Level `yaml:"level" json:"level"`
	Reason Text  `yaml:"reason" json:"reason"`
}

// GradedLevels is a proposed level with a reason, per dimension.
type GradedLevels struct {
	Confidentiality Graded `yaml:"confidentiality" json:"confidentiality"`
	Integrity       Graded `yaml:"integrity" json:"integrity"`
	Availability    Graded `yaml:"availability" json:"availability"`
}

// Of returns the grading of one dimension.
func (g GradedLevels) Of(d Dimension) Graded {
	switch d {
	case Confidentiality:
		return g.Confidentiality
	case Integrity:
		return g.Integrity
	default:
		return g.Availability
	}
}

// Levels drops the reasons.
func (g GradedLevels) Levels() Levels {
	return Levels{g.Confidentiality.Level, g.Integrity.Level, g.Availability.Level}
}

// Sector says which part of the public sector has a task.
type Sector string

// The sectors a task can belong to.
const (
	SectorState        Sector = "state"
	SectorCounty       Sector = "county"
	SectorMunicipality Sector = "municipality"
	SectorAll          Sector = "all"
)

// Task is something a public body does. Ids begin with "fag." or "stotte.".
type Task struct {
	ID          string `yaml:"id" json:"id"`
	Name        Text   `yaml:"name" json:"name"`
	Description Text   `yaml:"description" json:"description"`
	// Words are other words people use for the task, in any language: they are
	// searched in, and shown as they stand.
	Words            []string     `yaml:"words,omitempty" json:"words,omitempty"`
	Sectors          []Sector     `yaml:"sectors" json:"sectors"`
	InformationTypes []string     `yaml:"informationTypes" json:"informationTypes"`
	Levels           GradedLevels `yaml:"levels" json:"levels"`
	// Los is the URI of the theme in the Los vocabulary, if one fits.
	Los    string   `yaml:"los,omitempty" json:"los,omitempty"`
	Kostra []string `yaml:"kostra,omitempty" json:"kostra,omitempty"`
	Cofog  []string `yaml:"cofog,omitempty" json:"cofog,omitempty"`
}

// PersonalData says whether an information type holds personal data.
type PersonalData string

// The kinds of personal data that make a difference (GDPR art. 4 and 9).
const (
	PersonalNone     PersonalData = "none"
	PersonalOrdinary PersonalData = "ordinary"
	PersonalSpecial  PersonalData = "special"
)

// Flag is something about a purchase, besides its levels, that brings in a set
// of requirements of its own.
type Flag string

// The flags.
const (
	// FlagPersonalData: personal data are processed (GDPR art. 28 and 32 apply).
	FlagPersonalData Flag = "personal-data"
	// FlagEssentialService: society depends on the service.
	FlagEssentialService Flag = "essential-service"
	// FlagRecords: the solution holds records that must be kept as archives.
	FlagRecords Flag = "records"
)

// Flags lists the flags in display order.
func Flags() []Flag { return []Flag{FlagPersonalData, FlagEssentialService, FlagRecords} }

// InformationType is a kind of information a task handles.
type InformationType struct {
	ID           string       `yaml:"id" json:"id"`
	Name         Text         `yaml:"name" json:"name"`
	Description  Text         `yaml:"description" json:"description"`
	PersonalData PersonalData `yaml:"personalData" json:"personalData"`
	// Records tells that such information is kept as archives.
	Records bool         `yaml:"records,omitempty" json:"records,omitempty"`
	Levels  GradedLevels `yaml:"levels" json:"levels"`
	Law     []LawRef     `yaml:"law,omitempty" json:"law,omitempty"`
}

// LevelDescription explains one level so that two readers use it alike.
type LevelDescription struct {
	Level       Level `yaml:"level" json:"level"`
	Name        Text  `yaml:"name" json:"name"`
	Description Text  `yaml:"description" json:"description"`
	// Consequences holds, per dimension of harm, what this level means.
	Consequences []Consequence `yaml:"consequences" json:"consequences"`
}

// Consequence describes what a level means for one kind of harm, such as life
// and health or the economy.
type Consequence struct {
	ID   string `yaml:"id" json:"id"`
	Name Text   `yaml:"name" json:"name"`
	Text Text   `yaml:"text" json:"text"`
}

// Source is a law, regulation, standard or guide that measures and
// requirements refer to by id.
type Source struct {
	ID string `yaml:"id" json:"id"`
	// Kind is "law", "standard", "guidance" or "framework".
	Kind string `yaml:"kind" json:"kind"`
	Name Text   `yaml:"name" json:"name"`
	// Citation is the official number, such as LOV-2018-06-15-38.
	Citation string `yaml:"citation,omitempty" json:"citation,omitempty"`
	URL      string `yaml:"url,omitempty" json:"url,omitempty"`
}

// LawRef points into a source: the source's id and the section within it.
type LawRef struct {
	Source  string `yaml:"source" json:"source"`
	Section string `yaml:"section,omitempty" json:"section,omitempty"`
}

// Carrier says who can carry a measure when a service is bought.
type Carrier string

// The carriers.
const (
	CarrierAgency   Carrier = "agency"
	CarrierShared   Carrier = "shared"
	CarrierSupplier Carrier = "supplier"
)

// Measure is a recommended minimum measure. Ids begin with "T-".
type Measure struct {
	ID    string `yaml:"id" json:"id"`
	Title Text   `yaml:"title" json:"title"`
	Text  Text   `yaml:"text" json:"text"`
	Why   Text   `yaml:"why" json:"why"`
	// From is the level from which the measure is a minimum.
	From    Levels  `yaml:"from" json:"from"`
	Carrier Carrier `yaml:"carrier" json:"carrier"`
	// NSM lists ids in NSM's Grunnprinsipper for IKT-sikkerhet 2.1.
	NSM []string `yaml:"nsm,omitempty" json:"nsm,omitempty"`
	// ISO27002 lists controls of ISO/IEC 27002:2022.
	ISO27002 []string `yaml:"iso27002,omitempty" json:"iso27002,omitempty"`
	Law      []LawRef `yaml:"law,omitempty" json:"law,omitempty"`
	// ShownBy says what shows that the measure works.
	ShownBy Text `yaml:"shownBy" json:"shownBy"`
}

// Kind keeps apart what procurement law keeps apart (FOA §§ 8-5, 15-1, 16-7).
type Kind string

// The kinds of requirement.
const (
	KindRequirement   Kind = "requirement"
	KindQualification Kind = "qualification"
	KindContractTerm  Kind = "contract-term"
)

// Suggested is our suggestion for how the buyer treats a requirement; the
// buyer decides.
type Suggested string

// The suggested types: A (minimum) and B (scored).
const (
	SuggestedAbsolute  Suggested = "absolute"
	SuggestedEvaluated Suggested = "evaluated"
)

// DeliveryModel is how the supplier delivers.
type DeliveryModel string

// The delivery models.
const (
	ModelSaaS       DeliveryModel = "saas"
	ModelPaaS       DeliveryModel = "paas"
	ModelIaaS       DeliveryModel = "iaas"
	ModelSoftware   DeliveryModel = "software"
	ModelOperations DeliveryModel = "operations"
	ModelConsulting DeliveryModel = "consulting"
)

// DeliveryModels lists all delivery models in display order.
func DeliveryModels() []DeliveryModel {
	return []DeliveryModel{ModelSaaS, ModelPaaS, ModelIaaS, ModelSoftware, ModelOperations, ModelConsulting}
}

// EvidenceKind names a kind of documentation. "Or equivalent" always holds.
type EvidenceKind string

// EvidenceKinds lists the kinds the content may name.
func EvidenceKinds() []EvidenceKind {
	return []EvidenceKind{
		"iso27001-certificate", "soc2-report", "c5-report", "penetration-test-summary",
		"policy", "procedure", "architecture-description", "data-processing-agreement",
		"subprocessor-list", "test-record", "audit-report", "configuration-extract",
		"statement", "contract", "other",
	}
}

// Crosswalk refers to the ids of other frameworks; ids only, never their texts.
type Crosswalk struct {
	NSM      []string `yaml:"nsm,omitempty" json:"nsm,omitempty"`
	ISO27001 []string `yaml:"iso27001,omitempty" json:"iso27001,omitempty"`
	ISO27002 []string `yaml:"iso27002,omitempty" json:"iso27002,omitempty"`
	CCM      []string `yaml:"ccm,omitempty" json:"ccm,omitempty"`
	C5       []string `yaml:"c5,omitempty" json:"c5,omitempty"`
	CSF      []string `yaml:"csf,omitempty" json:"csf,omitempty"`
	GDPR     []string `yaml:"gdpr,omitempty" json:"gdpr,omitempty"`
	DFO      []string `yaml:"dfo,omitempty" json:"dfo,omitempty"`
}

// Requirement is one supplier requirement. Ids have the form K-<THEME>-NN.
type Requirement struct {
	ID    string `yaml:"id" json:"id"`
	Theme string `yaml:"-" json:"theme"`
	// Edition is raised by one when the demand changes in substance, so that it
	// must be answered again; 0 is the first edition, as is 1. A text that
	// changes within an edition is a rewording.
	Edition int  `yaml:"edition,omitempty" json:"edition,omitempty"`
	Title   Text `yaml:"title" json:"title"`
	// Text is the demand itself: atomic and testable.
	Text      Text      `yaml:"text" json:"text"`
	Rationale Text      `yaml:"rationale" json:"rationale"`
	Kind      Kind      `yaml:"kind" json:"kind"`
	Suggested Suggested `yaml:"suggested" json:"suggested"`
	// From is the level from which the requirement applies.
	From           Levels          `yaml:"from" json:"from"`
	DeliveryModels []DeliveryModel `yaml:"deliveryModels" json:"deliveryModels"`
	// Measures lists the measures the requirement serves, at least one.
	Measures []string `yaml:"measures" json:"measures"`
	// Verify says how the buyer verifies the answer.
	Verify    Text           `yaml:"verify" json:"verify"`
	Evidence  []EvidenceKind `yaml:"evidence,omitempty" json:"evidence,omitempty"`
	Law       []LawRef       `yaml:"law,omitempty" json:"law,omitempty"`
	Crosswalk Crosswalk      `yaml:"crosswalk,omitempty" json:"crosswalk"`
}

// AppliesTo reports whether the requirement applies at these levels for any of
// these delivery models.
func (r Requirement) AppliesTo(levels Levels, models []DeliveryModel) bool {
	return len(r.From.Reached(levels)) > 0 && slices.ContainsFunc(r.DeliveryModels, func(m DeliveryModel) bool {
		return slices.Contains(models, m)
	})
}

// Theme groups requirements; its id is the middle part of their ids.
type Theme struct {
	ID           string        `yaml:"id" json:"id"`
	Name         Text          `yaml:"name" json:"name"`
	Description  Text          `yaml:"description" json:"description"`
	Requirements []Requirement `yaml:"requirements" json:"-"`
}

// Set is a standard supplier requirement set: a purpose and a choice of
// requirements. What is released is a frozen [Version] of it.
type Set struct {
	ID      string `yaml:"id" json:"id"`
	Name    Text   `yaml:"name" json:"name"`
	Purpose Text   `yaml:"purpose" json:"purpose"`
	// Includes names sets whose requirements are part of this one too.
	Includes []string `yaml:"includes,omitempty" json:"includes,omitempty"`
	// DeliveryModels are those the set is made for.
	DeliveryModels []DeliveryModel `yaml:"deliveryModels" json:"deliveryModels"`
	// When lists flags, one of which must be raised for the set to apply by
	// itself; empty means always.
	When         []Flag   `yaml:"when,omitempty" json:"when,omitempty"`
	Requirements []string `yaml:"requirements" json:"requirements"`
}

// Unlinked is a measure of another source that none of ours is linked to, with
// the reason, so that nobody wonders whether it was forgotten.
type Unlinked struct {
	Source string `yaml:"source" json:"source"`
	ID     string `yaml:"id" json:"id"`
	Reason Text   `yaml:"reason" json:"reason"`
}
