package access

// Changes reports whether something is other than before when the action has
// been carried out by a request that is not a plain read. Selections, and
// verification of a workbook or a statement somebody has, leave nothing behind.
func Changes(a Action) bool { return a != Select && a != VerifyWorkbook && a != ReadAttestation }

// Gives reports whether the action says who may do what, which would outlast the
// right of whoever does it: it takes a right that is known to hold now.
func Gives(a Action) bool {
	switch a {
	case WriteMembers, ManageTokens, DecideClaim, WriteKey, WriteFourEyes, VerifySupplier:
		return true
	}
	return false
}

// Restricted reports whether everything that is read by the action is for some
// only. Of evidence, some is.
func Restricted(a Action) bool {
	switch a {
	case ReadProcurement, WriteProcurement, CheckStatus, ReadCheck, ReadWatch, ReadReview, ReadTrail, ReadMembers, ManageTokens, PrepareStatement, EraseEvidence:
		return true
	}
	return false
}

// Traced reports whether requests for the action can be in the audit trail.
func Traced(a Action) bool {
	switch a {
	case ReadCatalogue, Select, ReadSupplier, ReadOffering, ReadAttestation, ReadStatus, ReadLog, VerifyWorkbook, ReadSelf:
		return false
	}
	return true
}
