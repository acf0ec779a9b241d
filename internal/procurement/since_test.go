package procurement

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"felleskrav/internal/status"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func days(n int) time.Time { return noon.AddDate(0, 0, n) }

func declaration(digest string, logged, until int, life status.Lifecycle, since int) status.DeclarationStatus {
	return status.DeclarationStatus{Digest: digest, LoggedAt: days(logged), ValidUntil: days(until), Lifecycle: life, Since: days(since), Reason: "R " + digest}
}

func standing(at int, history ...status.DeclarationStatus) status.Status {
	s := status.Status{Set: "grunnsett", At: days(at), History: history}
	if len(history) > 0 {
		s.Declaration = &s.History[0]
	}
	return s
}

func TestEventsSinceAMoment(t *testing.T) {
	const a, b = "a", "b"
	active := func(digest string, logged, until int) status.DeclarationStatus {
		return declaration(digest, logged, until, status.LifeActive, logged)
	}
	for name, c := range map[string]struct {
		before, now status.Status
		want        []string
	}{
		"nothing":               {standing(0, active(a, -10, 300)), standing(20, active(a, -10, 300)), nil},
		"never declared":        {standing(0), standing(20), nil},
		"declared":              {standing(0), standing(20, active(a, 5, 300)), []string{"declared a 5"}},
		"renewed":               {standing(0, active(a, -10, 300)), standing(20, active(b, 5, 400), declaration(a, -10, 300, status.LifeSuperseded, 5)), []string{"renewed b 5"}},
		"withdrawn":             {standing(0, active(a, -10, 300)), standing(20, declaration(a, -10, 300, status.LifeWithdrawn, 7)), []string{"withdrawn a 7"}},
		"withdrawn before":      {standing(0, declaration(a, -10, 300, status.LifeWithdrawn, -1)), standing(20, declaration(a, -10, 300, status.LifeWithdrawn, -1)), nil},
		"revoked":               {standing(0, active(a, -10, 300)), standing(20, declaration(a, -10, 300, status.LifeRevoked, 9)), []string{"revoked a 9"}},
		"expired":               {standing(0, active(a, -10, 15)), standing(20, declaration(a, -10, 15, status.LifeExpired, 15)), []string{"expired a 15"}},
		"expired, then renewed": {standing(0, active(a, -10, 15)), standing(40, active(b, 30, 400), declaration(a, -10, 15, status.LifeSuperseded, 30)), []string{"expired a 15", "renewed b 30"}},
		"about to expire":       {standing(0, active(a, -10, 70)), standing(20, active(a, -10, 70)), []string{"expiring a 10"}},
		"was about to":          {standing(0, active(a, -10, 50)), standing(20, active(a, -10, 50)), nil},
		"short from the day":    {standing(0), standing(20, active(a, 5, 40)), []string{"declared a 5"}},
		"declared and gone":     {standing(0), standing(20, declaration(a, 5, 300, status.LifeWithdrawn, 7)), []string{"declared a 5", "withdrawn a 7"}},
		"an old one withdrawn":  {standing(0, active(b, -5, 300)), standing(20, active(b, -5, 300), declaration(a, -10, 200, status.LifeWithdrawn, 7)), nil},
	} {
		var got []string
		for _, e := range events(c.before, c.now, days(0)) {
			got = append(got, string(e.Kind)+" "+e.Digest+" "+strconv.Itoa(int(e.At.Sub(noon).Hours()/24)))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestStages(t *testing.T) {
	later, earlier := days(1), days(-1)
	bidders := []Bidder{{Name: "Testsky AS"}}
	for name, c := range map[string]struct {
		p        Procurement
		received time.Time
		want     Stage
	}{
		"new":                    {Procurement{}, time.Time{}, StagePreparing},
		"new, deadline over":     {Procurement{Deadline: &earlier}, time.Time{}, StagePreparing},
		"out":                    {Procurement{Bidders: bidders, Deadline: &later}, time.Time{}, StageBidding},
		"no deadline":            {Procurement{Bidders: bidders}, time.Time{}, StageReading},
		"deadline over":          {Procurement{Bidders: bidders, Deadline: &earlier}, time.Time{}, StageReading},
		"answers":                {Procurement{Bidders: bidders, Deadline: &earlier}, noon, StageComparing},
		"answers before the end": {Procurement{Bidders: bidders, Deadline: &later}, noon, StageComparing},
	} {
		if got := c.p.Stage(c.received, noon); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
