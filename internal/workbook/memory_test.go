package workbook

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"felleskrav/internal/attestation"
	"felleskrav/internal/organisation"
	"felleskrav/internal/procurement"
	"felleskrav/internal/status"
)

// largeComparison is a tender of 1,000 requirements with 20 bidders who have
// all declared and answered, every seventh answer with a reservation.
func largeComparison(t testing.TB) Tender {
	t.Helper()
	tender := testTender(t, "nb", 1000)
	statuses := map[string][]status.Status{}
	var responses []procurement.Response
	for i := range 20 {
		b := procurement.Bidder{Supplier: organisation.Number(fmt.Sprint(910000000 + i)), Name: fmt.Sprintf("Tilbyder %d AS", i+1), Offering: fmt.Sprint(i)}
		tender.Procurement.Bidders = append(tender.Procurement.Bidders, b)
		statuses[string(b.Supplier)] = []status.Status{testStatus(tender, b, status.Valid, i)}
		r := testResponse(tender, b, i)
		for j := range r.Answers {
			r.Answers[j].Statement = fmt.Sprintf("Krav %d dekkes slik vi beskriver i løsningsbeskrivelsen for bidrag %d, kapittel %d, med henvisning til rutinene våre.", j, i, j)
			r.Answers[j].Status = attestation.AnswerStatuses()[(i+j)%6]
		}
		responses = append(responses, r)
	}
	tender.Comparison = procurement.Compare(tender.Lines, tender.Procurement.Bidders, statuses, responses).Until("2029-12-31")
	return tender
}

const (
	// maxComparison is what the whole process may take, in MB.
	maxComparison = 150
	childOf       = "FELLESKRAV_TEST_MEMORY_CHILD"
)

// TestLargeComparisonTakesLittleMemory writes the workbook of 20,000 compared
// answers in a process of its own and asks the system for the most memory it
// had. The bench reads the line it logs.
func TestLargeComparisonTakesLittleMemory(t *testing.T) {
	switch os.Getenv(childOf) {
	case "data", "workbook":
		tender := largeComparison(t)
		began := time.Now()
		if os.Getenv(childOf) == "workbook" {
			if err := WriteTender(io.Discard, tender); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Printf("took %d ms, peak %d kB\n", time.Since(began).Milliseconds(), peak(t))
		return
	}
	said := regexp.MustCompile(`took (\d+) ms, peak (\d+) kB`)
	measure := func(what string) (ms, mb int) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), childOf+"="+what)
		out, err := cmd.CombinedOutput()
		m := said.FindSubmatch(out)
		if err != nil || m == nil {
			t.Fatalf("%v\n%s", err, out)
		}
		ms, errA := strconv.Atoi(string(m[1]))
		kb, errB := strconv.Atoi(string(m[2]))
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		return ms, kb / 1024
	}
	_, floor := measure("data")
	ms, mb := measure("workbook")
	t.Logf("comparison of 20000 answers: %d ms, peak %d MB, data alone %d MB", ms, mb, floor)
	if mb >= maxComparison {
		t.Errorf("writing the comparison of 20,000 answers takes %d MB, want less than %d", mb, maxComparison)
	}
	if floor >= mb {
		t.Errorf("the data alone take %d MB, and with the workbook %d: nothing was measured", floor, mb)
	}
}

// peak is the most memory the process has had, in kB.
func peak(t testing.TB) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			if err != nil {
				t.Fatal(err)
			}
			return kb
		}
	}
	t.Fatal("the system does not tell the peak of memory")
	return 0
}
