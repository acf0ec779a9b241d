package storagetest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
)

func draftOf() catalogue.Draft {
	by := catalogue.Person{ID: "token:a", Name: unicodeText, Org: string(number())}
	return catalogue.Draft{
		ID: id(), Title: unicodeText, Note: "linje\nlinje", Author: by, Editors: []string{by.ID}, State: catalogue.DraftReturned,
		Files:    map[string]catalogue.DraftFile{"tasks/fag.yaml": {Text: "tasks:\n  - æ\n", Base: digest(), SHA256: digest(), Size: 14}, "levels.yaml": {}},
		Reviews:  []catalogue.DraftReview{{By: by, Decision: catalogue.DecisionReturn, Comment: unicodeText, At: at}},
		Releases: []catalogue.WantedRelease{{Set: "a", Version: "1.0.0"}},
		Closed:   &catalogue.DraftClosing{By: by, At: at}, CreatedAt: at, UpdatedAt: at,
	}
}

func keptDraft(v catalogue.Draft) catalogue.Draft {
	v.CreatedAt, v.UpdatedAt, v.Rev = utc, utc, 1
	v.Closed = &catalogue.DraftClosing{By: v.Closed.By, At: utc}
	v.Reviews = slices.Clone(v.Reviews)
	for i := range v.Reviews {
		v.Reviews[i].At = utc
	}
	return v
}

// RunDrafts checks the drafts of catalogue.Store.
func RunDrafts(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	t.Run("round trip", func(t *testing.T) {
		v := draftOf()
		check(t, s.InsertDraft(ctx, v))
		want(t, result[catalogue.Draft](t)(s.Draft(ctx, v.ID)), keptDraft(v))
		wantErr(t, s.InsertDraft(ctx, v), problem.ErrExists)
		_, err := s.Draft(ctx, id())
		wantErr(t, err, problem.ErrNotFound)
		bare := catalogue.Draft{ID: id()}
		check(t, s.InsertDraft(ctx, bare))
		if got := result[catalogue.Draft](t)(s.Draft(ctx, bare.ID)); got.Files != nil || got.Closed != nil || got.Reviews != nil {
			t.Errorf("got %#v", got)
		}
	})
	t.Run("pages", func(t *testing.T) {
		s := open(t)
		var all []string
		for range 7 {
			v := draftOf()
			check(t, s.InsertDraft(ctx, v))
			all = append(all, v.ID)
		}
		slices.Reverse(all)
		for _, size := range []int{1, 3, 7, 100} {
			var got []string
			for after := ""; ; {
				page := result[[]catalogue.Draft](t)(s.Drafts(ctx, after, size))
				for _, v := range page {
					got = append(got, v.ID)
					want(t, v, result[catalogue.Draft](t)(s.Draft(ctx, v.ID)).Summary())
				}
				if len(page) == 0 {
					break
				}
				after = page[len(page)-1].ID
			}
			want(t, got, all)
		}
		changed, err := s.UpdateDraft(ctx, all[0], func(v catalogue.Draft) (catalogue.Draft, error) { v.Title = "ny"; return v, nil })
		check(t, err)
		want(t, result[[]catalogue.Draft](t)(s.Drafts(ctx, "", 1)), []catalogue.Draft{changed.Summary()})
		want(t, result[[]catalogue.Draft](t)(s.Drafts(ctx, "", 0)), []catalogue.Draft{})
	})
	updates[catalogue.Draft]{
		insert: func(t *testing.T) string {
			v := draftOf()
			v.Reviews = nil
			check(t, s.InsertDraft(t.Context(), v))
			return v.ID
		},
		update: s.UpdateDraft,
		read:   s.Draft,
		count:  func(v catalogue.Draft) int { return len(v.Reviews) },
		set: func(v catalogue.Draft, n int) catalogue.Draft {
			v.Reviews = make([]catalogue.DraftReview, n)
			return v
		},
		rev:    func(v catalogue.Draft) int64 { return v.Rev },
		rename: func(v catalogue.Draft) catalogue.Draft { v.ID = id(); return v },
	}.run(t)
}

// RunPublished checks the one document of published content.
func RunPublished(t *testing.T, open Open) {
	ctx := t.Context()
	t.Run("from nothing", func(t *testing.T) {
		s := open(t)
		want(t, result[catalogue.PublishedContent](t)(s.PublishedContent(ctx)), catalogue.PublishedContent{})
		want(t, result[int64](t)(s.PublishedRevision(ctx)), int64(0))
		own := errors.New("own")
		_, err := s.UpdatePublishedContent(ctx, func(v catalogue.PublishedContent) (catalogue.PublishedContent, error) {
			want(t, v, catalogue.PublishedContent{})
			v.Pending = "x"
			return v, own
		})
		wantErr(t, err, own)
		want(t, result[int64](t)(s.PublishedRevision(ctx)), int64(0))
		filled := catalogue.PublishedContent{
			Files: map[string]string{"levels.yaml": unicodeText}, Releases: []catalogue.ReleaseRef{{Set: "a", Version: "1.0.0", SHA256: digest()}},
			Drafts: []string{"d"}, Pending: "e",
		}
		got, err := s.UpdatePublishedContent(ctx, func(catalogue.PublishedContent) (catalogue.PublishedContent, error) { return filled, nil })
		check(t, err)
		filled.Rev = 1
		want(t, got, filled)
		want(t, result[catalogue.PublishedContent](t)(s.PublishedContent(ctx)), filled)
		want(t, result[int64](t)(s.PublishedRevision(ctx)), int64(1))
	})
	t.Run("no lost update", func(t *testing.T) {
		s := open(t)
		const writers, each = 8, 3
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for n := 0; n < each; {
					_, err := s.UpdatePublishedContent(ctx, func(v catalogue.PublishedContent) (catalogue.PublishedContent, error) {
						v.Drafts = append(slices.Clone(v.Drafts), "d")
						return v, nil
					})
					if errors.Is(err, problem.ErrStale) {
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					n++
				}
			})
		}
		wg.Wait()
		v := result[catalogue.PublishedContent](t)(s.PublishedContent(ctx))
		want(t, len(v.Drafts), writers*each)
		want(t, v.Rev, int64(writers*each))
	})
}

// RunSetReleases checks that a set version is released once.
func RunSetReleases(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	v := catalogue.SetRelease{Set: "grunnsett", Version: "1.1.0", SHA256: digest(), Draft: id(), Bytes: []byte("{\"a\":\"æ\"}\x00\xff"), At: at}
	check(t, s.InsertSetRelease(ctx, v))
	kept := v
	kept.At = utc
	want(t, result[catalogue.SetRelease](t)(s.SetRelease(ctx, v.Set, v.Version)), kept)
	other := v
	other.Bytes, other.Draft = []byte("other"), id()
	wantErr(t, s.InsertSetRelease(ctx, other), problem.ErrExists)
	want(t, result[catalogue.SetRelease](t)(s.SetRelease(ctx, v.Set, v.Version)), kept)
	other.Version = "1.1.1"
	check(t, s.InsertSetRelease(ctx, other))
	for _, ref := range [][2]string{{"grunnsett", "9.9.9"}, {"annet", "1.1.0"}, {"", ""}, {"\x00", "\xff"}} {
		_, err := s.SetRelease(ctx, ref[0], ref[1])
		wantErr(t, err, problem.ErrNotFound)
	}
	for range 5 { // the same version at once
		var wg sync.WaitGroup
		set, errs := id(), make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				errs[i] = s.InsertSetRelease(ctx, catalogue.SetRelease{Set: set, Version: "1.0.0", Bytes: []byte{byte(i)}})
			})
		}
		wg.Wait()
		won := -1
		for i, err := range errs {
			switch {
			case err == nil && won < 0:
				won = i
			case err == nil:
				t.Error("one version was released twice")
			default:
				wantErr(t, err, problem.ErrExists)
			}
		}
		want(t, result[catalogue.SetRelease](t)(s.SetRelease(ctx, set, "1.0.0")).Bytes, []byte{byte(won)})
	}
}

func reportOn(requirement string, kind catalogue.ReportKind) catalogue.Report {
	return catalogue.Report{
		ID: id(), Requirement: requirement, Kind: kind, Text: unicodeText, Org: string(number()), ActorName: "Å", At: at,
	}
}

// RunReports checks the reports of catalogue.Store.
func RunReports(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	resolution := func() *catalogue.ReportResolution {
		return &catalogue.ReportResolution{By: catalogue.Person{ID: "x"}, At: at, Note: unicodeText}
	}
	t.Run("round trip", func(t *testing.T) {
		v := reportOn("K-LOG-01", catalogue.ReportUnclear)
		v.Resolved = resolution()
		check(t, s.InsertReport(ctx, v))
		kept := v
		kept.At, kept.Rev, kept.Resolved = utc, 1, resolution()
		kept.Resolved.At = utc
		want(t, result[catalogue.Report](t)(s.Report(ctx, v.ID)), kept)
		wantErr(t, s.InsertReport(ctx, v), problem.ErrExists)
		_, err := s.Report(ctx, id())
		wantErr(t, err, problem.ErrNotFound)
	})
	t.Run("lists and counts", func(t *testing.T) {
		on := "K-" + id()
		var all []string
		for i := range 6 {
			v := reportOn(on, catalogue.ReportKinds()[i%3])
			if i == 5 {
				v.Resolved = resolution()
			}
			check(t, s.InsertReport(ctx, v))
			check(t, s.InsertReport(ctx, reportOn("K-"+id(), catalogue.ReportOther)))
			all = append(all, v.ID)
		}
		slices.Reverse(all)
		for _, size := range []int{1, 4, 100} {
			var got []string
			for after := ""; ; {
				page := result[[]catalogue.Report](t)(s.ReportsOn(ctx, on, after, size))
				for _, v := range page {
					got = append(got, v.ID)
				}
				if len(page) == 0 {
					break
				}
				after = page[len(page)-1].ID
			}
			want(t, got, all)
		}
		want(t, result[[]catalogue.Report](t)(s.ReportsOn(ctx, on, "", 0)), []catalogue.Report{})
		counts := catalogue.ReportCounts{
			Open:     map[catalogue.ReportKind]int{catalogue.ReportUnclear: 2, catalogue.ReportDisproportionate: 2, catalogue.ReportDuplicate: 1},
			Resolved: map[catalogue.ReportKind]int{catalogue.ReportDuplicate: 1},
		}
		want(t, result[catalogue.ReportCounts](t)(s.CountReports(ctx, on)), counts)
		_, err := s.UpdateReport(ctx, all[len(all)-1], func(v catalogue.Report) (catalogue.Report, error) {
			v.Resolved = resolution()
			return v, nil
		})
		check(t, err)
		counts.Open[catalogue.ReportUnclear], counts.Resolved[catalogue.ReportUnclear] = 1, 1
		want(t, result[catalogue.ReportCounts](t)(s.CountReports(ctx, on)), counts)
		none := result[catalogue.ReportCounts](t)(s.CountReports(ctx, "K-"+id()))
		if none.Open == nil || none.Resolved == nil || len(none.Open)+len(none.Resolved) != 0 {
			t.Errorf("counts of nothing: %#v", none)
		}
	})
	t.Run("open ones, on anything", func(t *testing.T) {
		after := id() // what is reported from here on
		var all []string
		for i := range 5 {
			v := reportOn("K-"+id(), catalogue.ReportOther)
			if i == 3 {
				v.Resolved = resolution()
			} else {
				all = append(all, v.ID)
			}
			check(t, s.InsertReport(ctx, v))
		}
		list := func(after string, limit int) []string {
			ids := []string{}
			for _, v := range result[[]catalogue.Report](t)(s.OpenReports(ctx, after, limit)) {
				ids = append(ids, v.ID)
			}
			return ids
		}
		want(t, list(after, 100), all)
		want(t, list(after, 2), all[:2])
		want(t, list(all[1], 2), all[2:])
		want(t, list(after, 0), []string{})
		_, err := s.UpdateReport(ctx, all[0], func(v catalogue.Report) (catalogue.Report, error) {
			v.Resolved = resolution()
			return v, nil
		})
		check(t, err)
		want(t, list(after, 100), all[1:])
		if first := list("", 1); len(first) != 1 {
			t.Errorf("the first one is %v", first)
		}
	})
	updates[catalogue.Report]{
		insert: func(t *testing.T) string {
			v := reportOn("K-LOG-02", catalogue.ReportOther)
			v.Text = ""
			check(t, s.InsertReport(t.Context(), v))
			return v.ID
		},
		update: s.UpdateReport,
		read:   s.Report,
		count:  func(v catalogue.Report) int { return len(v.Text) },
		set:    func(v catalogue.Report, n int) catalogue.Report { v.Text = strings.Repeat("x", n); return v },
		rev:    func(v catalogue.Report) int64 { return v.Rev },
		rename: func(v catalogue.Report) catalogue.Report { v.ID = id(); return v },
	}.run(t)
}
