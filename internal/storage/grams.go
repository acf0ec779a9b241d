package storage

import "slices"

// longestGram is how many letters a gram has at most.
const longestGram = 3

// Grams gives what a folded text is found by: each run of one, two and three
// letters in it, each once. A letter is a code point, also a space or a sign.
func Grams(text string) []string {
	at := letters(text)
	all := make([]string, 0, longestGram*len(at))
	for size := 1; size <= longestGram; size++ {
		for i := 0; i+size < len(at); i++ {
			all = append(all, text[at[i]:at[i+size]])
		}
	}
	return sortedOnce(all)
}

// GramsOf gives grams that every text has which contains part, as long ones as
// there are, each once: all of them, or if they are more than most, so many that
// lie evenly over the part. A text may have them all and not contain the part.
func GramsOf(part string, most int) []string {
	at := letters(part)
	size := min(len(at)-1, longestGram)
	if size == 0 || most < 1 {
		return nil
	}
	last := len(at) - 1 - size
	n := min(last+1, most)
	all := make([]string, n)
	for k := range all {
		i := k * last / max(n-1, 1)
		all[k] = part[at[i]:at[i+size]]
	}
	return sortedOnce(all)
}

// letters tells where the letters of a text begin, and then where it ends.
func letters(text string) []int {
	at := make([]int, 0, len(text)+1)
	for i := range text {
		at = append(at, i)
	}
	return append(at, len(text))
}

func sortedOnce(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}
