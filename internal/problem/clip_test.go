package problem_test

import (
	"strings"
	"testing"

	"felleskrav/internal/problem"
)

func TestClipCountsCharacters(t *testing.T) {
	whole := strings.Repeat("ø", 60)
	if got := problem.Clip(whole); got != whole {
		t.Errorf("sixty characters became %q", got)
	}
	if got := problem.Clip(whole + "å"); got != whole+"…" {
		t.Errorf("sixty-one characters became %q", got)
	}
}
