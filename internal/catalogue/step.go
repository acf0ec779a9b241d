package catalogue

import (
	"strconv"
	"strings"
)

// StepSize is how far a version number moves, and how far a change asks it to.
type StepSize int

// The steps, from none to the largest.
const (
	StepNone StepSize = iota
	StepPatch
	StepMinor
	StepMajor
)

// String gives the word used in texts and logs.
func (s StepSize) String() string {
	return [...]string{"none", "patch", "minor", "major"}[s]
}

// Step is the smallest step a new version of a set may take, and what forces it.
type Step struct {
	Size StepSize
	// Requirement is the first requirement, in the order of [Diff], whose change
	// asks for a step this large; empty when it is the set's own name, purpose
	// or delivery models, or when nothing changed.
	Requirement string
	// Change is what happened to that requirement.
	Change ChangeKind
}

// StepNeeded tells how large a step from one version of a set to another must
// be, from what the step costs those who have answered the older one:
//
//   - major: a requirement was removed or changed in substance. Answers are
//     lost or must be given again.
//   - minor: a requirement was added, or the set is made for other delivery
//     models. Every answer stands, and there is more to answer.
//   - patch: something was reworded. Answers carry over once confirmed.
//   - none: nothing changed.
func StepNeeded(from, to Version) Step {
	var need Step
	for _, c := range Diff(from, to) {
		if size := stepFor(c.Kind); size > need.Size {
			need = Step{size, c.Requirement, c.Kind}
		}
	}
	if need.Size < StepMinor && !same(from.DeliveryModels, to.DeliveryModels) {
		need = Step{Size: StepMinor}
	}
	if need.Size < StepPatch && (from.Name != to.Name || from.Purpose != to.Purpose) {
		need = Step{Size: StepPatch}
	}
	return need
}

func stepFor(k ChangeKind) StepSize {
	switch k {
	case ChangeRemoved, ChangeSubstance:
		return StepMajor
	case ChangeAdded:
		return StepMinor
	case ChangeReworded:
		return StepPatch
	default:
		return StepNone
	}
}

// StepBetween is the step that two version numbers such as 1.0.0 and 1.1.0
// make: that of the first part in which they differ. It is StepNone when the
// second is not higher, or either is not such a number.
func StepBetween(from, to string) StepSize {
	if !semver().MatchString(from) || !semver().MatchString(to) || compareVersions(from, to) >= 0 {
		return StepNone
	}
	a, b := strings.Split(from, "."), strings.Split(to, ".")
	for i, size := range []StepSize{StepMajor, StepMinor, StepPatch} {
		if a[i] != b[i] {
			return size
		}
	}
	return StepNone
}

// NextVersion is the number that follows version by a step of this size:
// 1.2.3, 1.3.0 or 2.0.0 after 1.2.2. It is "" when version is no such number
// or there is no step to take.
func NextVersion(version string, by StepSize) string {
	if !semver().MatchString(version) || by == StepNone {
		return ""
	}
	parts := strings.Split(version, ".")
	at := int(StepMajor - by)
	n, err := strconv.Atoi(parts[at])
	if err != nil {
		return "" // longer than any number of versions
	}
	parts[at] = strconv.Itoa(n + 1)
	for i := at + 1; i < len(parts); i++ {
		parts[i] = "0"
	}
	return strings.Join(parts, ".")
}
