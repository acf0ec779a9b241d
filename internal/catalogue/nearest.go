package catalogue

import (
	"cmp"
	"slices"
	"strings"
)

// Nearest lists at most three of the known ids that s may have been meant to
// be, nearest first.
func Nearest(s string, known []string) []string {
	type candidate struct {
		id   string
		dist int
	}
	var near []candidate
	limit := max(2, len(s)/3)
	low := strings.ToLower(s)
	for _, k := range known {
		d := distance(low, strings.ToLower(k), limit)
		if d <= limit || len(s) >= 3 && strings.Contains(strings.ToLower(k), low) {
			near = append(near, candidate{k, d})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.dist, b.dist), cmp.Compare(a.id, b.id)) })
	out := make([]string, 0, 3)
	for _, c := range near[:min(3, len(near))] {
		out = append(out, c.id)
	}
	return out
}

// distance is the Levenshtein distance, or any number above limit when it is
// more than that.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit || len(a) > 200 || len(b) > 200 {
		return limit + 1
	}
	prev := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(prev[j]+cost, prev[j+1]+1, row[j]+1)
		}
		prev, row = row, prev
	}
	return prev[len(b)]
}
