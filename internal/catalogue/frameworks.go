package catalogue

import (
	"fmt"
	"strconv"
	"strings"
)

// counted makes a check for ids of the form PREFIX + number from a list of
// "PREFIX count" pairs, where number runs from 1. format writes one id.
func counted(format string, counts string) func(string) bool {
	known := map[string]bool{}
	for _, id := range enumerate(format, counts) {
		known[id] = true
	}
	return func(id string) bool { return known[id] }
}

// enumerate writes the ids out, in order.
func enumerate(format, counts string) []string {
	var out []string
	for pair := range strings.FieldsSeq(counts) {
		prefix, n, _ := strings.Cut(pair, ":")
		count, err := strconv.Atoi(n)
		if err != nil {
			panic("catalogue: " + err.Error())
		}
		for i := 1; i <= count; i++ {
			out = append(out, fmt.Sprintf(format, prefix, i))
		}
	}
	return out
}

// nsmCounts is how many measures each principle of NSM has, in order.
const nsmCounts = "1.1:6 1.2:4 1.3:3 2.1:10 2.2:7 2.3:10 2.4:4 2.5:8 2.6:7 2.7:5 2.8:4 2.9:4 2.10:4 3.1:3 3.2:7 3.3:7 3.4:6 4.1:6 4.2:3 4.3:6 4.4:4"

// The ids of the frameworks the content refers to. Only ids and their number
// are stated here; the texts belong to their publishers.
var (
	// NSM's Grunnprinsipper for IKT-sikkerhet 2.1: 118 measures under 21 principles.
	nsmIDs = counted("%s.%d", nsmCounts)
	// ISO/IEC 27002:2022: 93 controls in four clauses.
	iso27002IDs = counted("%s.%d", "5:37 6:8 7:14 8:34")
	// CSA Cloud Controls Matrix 4: 197 controls in 17 domains.
	ccmIDs = counted("%s-%02d", "A&A:6 AIS:7 BCR:11 CCC:9 CEK:21 DCS:15 DSP:19 GRC:8 HRS:13 IAM:16 IPY:4 IVS:9 LOG:13 SEF:8 STA:14 TVM:10 UEM:14")
	// BSI C5:2020: 121 criteria in 17 areas.
	c5IDs = counted("%s-%02d", "OIS:7 SP:3 HR:6 AM:6 PS:7 OPS:24 IDM:9 CRY:4 COS:8 PI:3 DEV:10 SSO:5 SIM:5 BCM:4 COM:4 INQ:4 PSS:12")
)

// iso27001IDs knows the clauses of ISO/IEC 27001:2022 and the controls of its
// annex A, which are those of ISO/IEC 27002.
func iso27001IDs(id string) bool {
	if control, ok := strings.CutPrefix(id, "A."); ok {
		return iso27002IDs(control)
	}
	return iso27001Clauses[id]
}

var iso27001Clauses = listed("4 4.1 4.2 4.3 4.4 5 5.1 5.2 5.3 6 6.1 6.1.1 6.1.2 6.1.3 6.2 6.3 7 7.1 7.2 7.3 7.4 7.5 7.5.1 7.5.2 7.5.3 8 8.1 8.2 8.3 9 9.1 9.2 9.2.1 9.2.2 9.3 9.3.1 9.3.2 9.3.3 10 10.1 10.2")

func listed(ids string) map[string]bool {
	m := map[string]bool{}
	for id := range strings.FieldsSeq(ids) {
		m[id] = true
	}
	return m
}

// csfSubcategories are the 106 of NIST CSF 2.0; the numbering has holes where
// version 1.1 had subcategories that moved.
var csfSubcategories = map[string][]int{
	"GV.OC": seq(5), "GV.RM": seq(7), "GV.RR": seq(4), "GV.PO": seq(2), "GV.OV": seq(3), "GV.SC": seq(10),
	"ID.AM": {1, 2, 3, 4, 5, 7, 8}, "ID.RA": seq(10), "ID.IM": seq(4),
	"PR.AA": seq(6), "PR.AT": seq(2), "PR.DS": {1, 2, 10, 11}, "PR.PS": seq(6), "PR.IR": seq(4),
	"DE.CM": {1, 2, 3, 6, 9}, "DE.AE": {2, 3, 4, 6, 7, 8},
	"RS.MA": seq(5), "RS.AN": {3, 6, 7, 8}, "RS.CO": {2, 3}, "RS.MI": {1, 2}, "RC.RP": seq(6), "RC.CO": {3, 4},
}

func seq(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i + 1
	}
	return out
}

var csfKnown = func() map[string]bool {
	m := map[string]bool{}
	for category, numbers := range csfSubcategories {
		for _, n := range numbers {
			m[fmt.Sprintf("%s-%02d", category, n)] = true
		}
	}
	return m
}()

func csfIDs(id string) bool { return csfKnown[id] }

var gdprForm = matching(`^([1-9][0-9]?)(\([1-9][0-9]?\))?(\([a-z]\))?$`)

// gdprIDs knows articles 1 to 99, with paragraph and point: "28(3)(h)".
func gdprIDs(id string) bool { return gdprForm().MatchString(id) }
