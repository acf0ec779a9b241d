package own

import (
	"slices"
	"strings"

	"felleskrav/internal/attestation"
)

// answerWords are the words people answer with, as [plain] writes them.
var answerWords = map[string]attestation.AnswerStatus{}

func init() {
	for status, list := range map[attestation.AnswerStatus]string{
		attestation.Met:           "ja|j|yes|y|oppfylt|oppfylles|oppfyller|met|fulfilled|compliant|full|fullt oppfylt|innfridd|innfris|fully compliant|fully met|ok",
		attestation.Partial:       "delvis|d|delvis oppfylt|delvis innfridd|partial|partly|partially|partly met|partially met|partially compliant|p",
		attestation.NotMet:        "nei|n|no|ikke oppfylt|ikkje oppfylt|ikke innfridd|ikkje innfridd|not met|not fulfilled|non-compliant|not compliant|oppfylles ikke|oppfyller ikke|oppfyller ikkje",
		attestation.Planned:       "planlagt|planned",
		attestation.Alternative:   "alternativ|alternativ løsning|alternativ løysing|alternative|alternative solution|oppfylt på annen måte|oppfylt på annan måte",
		attestation.NotApplicable: "ikke relevant|ikkje relevant|ikke aktuelt|ikkje aktuelt|i/a|n/a|na|not applicable|ir",
	} {
		for w := range strings.SplitSeq(list, "|") {
			answerWords[plain(w)] = status
		}
	}
}

// Word gives the word of the table's own that says an answer; ok is false when
// the table has words and none of them says it. What is partly so is never
// written as a yes or a no.
func (t Table) Word(a attestation.AnswerStatus, own string) (word string, ok bool) {
	if len(t.Words) == 0 {
		return own, own != ""
	}
	i := slices.IndexFunc(t.Words, func(w string) bool { s, known := answerWords[plain(w)]; return known && s == a })
	if i < 0 {
		return "", false
	}
	return t.Words[i], true
}
