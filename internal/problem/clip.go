package problem

// maxClipped is how many characters of somebody's input a message repeats.
const maxClipped = 60

// Clip shortens what a message repeats of somebody's input, so that input
// cannot fill the message or the log.
func Clip(s string) string {
	if r := []rune(s); len(r) > maxClipped {
		return string(r[:maxClipped]) + "…"
	}
	return s
}
