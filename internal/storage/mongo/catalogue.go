package mongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
	"felleskrav/internal/storage"
)

func plainDoc(id string, rev int64, doc []byte) bson.D {
	return bson.D{{Key: "_id", Value: id}, {Key: "rev", Value: rev}, {Key: "doc", Value: string(doc)}}
}

// draftDoc has the summary beside the draft, so that lists do not read files.
func draftDoc(v catalogue.Draft, summary, doc []byte) bson.D {
	return append(plainDoc(v.ID, v.Rev, doc), bson.E{Key: "summary", Value: string(summary)})
}

// InsertDraft implements catalogue.Store.
func (s *Store) InsertDraft(ctx context.Context, v catalogue.Draft) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	summary, sumErr := storage.Encode(v.Summary())
	if err = errors.Join(err, sumErr); err == nil {
		err = insert(ctx, s.drafts, draftDoc(v, summary, doc))
	}
	if err != nil {
		return fmt.Errorf("insert draft %s: %w", v.ID, err)
	}
	return nil
}

// Draft implements catalogue.Store.
func (s *Store) Draft(ctx context.Context, id string) (catalogue.Draft, error) {
	v, _, err := s.draft(ctx, id)
	return v, err
}

func (s *Store) draft(ctx context.Context, id string) (catalogue.Draft, int64, error) {
	v, rev, err := document[catalogue.Draft](ctx, s.drafts, byID(id))
	if err != nil {
		return v, 0, fmt.Errorf("read draft %s: %w", id, err)
	}
	return v, rev, nil
}

// Drafts implements catalogue.Store. Ids are UUIDv7, so that the order of ids
// is the order of time.
func (s *Store) Drafts(ctx context.Context, after string, limit int) ([]catalogue.Draft, error) {
	filter := bson.D{}
	if after != "" {
		filter = bson.D{{Key: "_id", Value: bson.D{{Key: "$lt", Value: after}}}}
	}
	all, err := documentsIn[catalogue.Draft](ctx, s.drafts, "summary", filter, down("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list drafts: %w", err)
	}
	return all, nil
}

// UpdateDraft implements catalogue.Store.
func (s *Store) UpdateDraft(ctx context.Context, id string, change func(catalogue.Draft) (catalogue.Draft, error)) (catalogue.Draft, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (catalogue.Draft, int64, error) { return s.draft(ctx, id) },
		change,
		func(ctx context.Context, _, v catalogue.Draft, rev int64) (catalogue.Draft, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			summary, sumErr := storage.Encode(v.Summary())
			if err = errors.Join(err, sumErr); err == nil {
				err = swap(ctx, s.drafts, id, rev, draftDoc(v, summary, doc))
			}
			return stored[catalogue.Draft](doc, err, "draft", id)
		})
}

// publishedID is the id of the one document of published_content.
const publishedID = "content"

// PublishedContent implements catalogue.Store.
func (s *Store) PublishedContent(ctx context.Context) (catalogue.PublishedContent, error) {
	v, _, err := s.publishedContent(ctx)
	return v, err
}

func (s *Store) publishedContent(ctx context.Context) (catalogue.PublishedContent, int64, error) {
	v, rev, err := document[catalogue.PublishedContent](ctx, s.published, byID(publishedID))
	if errors.Is(err, problem.ErrNotFound) {
		return catalogue.PublishedContent{}, 0, nil
	}
	if err != nil {
		return v, 0, fmt.Errorf("read published content: %w", err)
	}
	return v, rev, nil
}

// PublishedRevision implements catalogue.Store.
func (s *Store) PublishedRevision(ctx context.Context) (int64, error) {
	var d struct {
		Rev int64 `bson:"rev"`
	}
	err := translate(ctx, s.published.FindOne(ctx, byID(publishedID), options.FindOne().SetProjection(bson.D{{Key: "rev", Value: 1}})).Decode(&d))
	if err != nil && !errors.Is(err, problem.ErrNotFound) {
		return 0, fmt.Errorf("read revision of published content: %w", err)
	}
	return d.Rev, nil
}

// UpdatePublishedContent implements catalogue.Store.
func (s *Store) UpdatePublishedContent(ctx context.Context, change func(catalogue.PublishedContent) (catalogue.PublishedContent, error)) (catalogue.PublishedContent, error) {
	return storage.Update(ctx, s.publishedContent, change,
		func(ctx context.Context, _, v catalogue.PublishedContent, rev int64) (catalogue.PublishedContent, error) {
			v.Rev = rev + 1
			doc, err := storage.Encode(v)
			switch {
			case err != nil:
			case rev == 0:
				err = insert(ctx, s.published, plainDoc(publishedID, v.Rev, doc))
				if errors.Is(err, problem.ErrExists) {
					err = problem.ErrStale // somebody else made it
				}
			default:
				err = swap(ctx, s.published, publishedID, rev, plainDoc(publishedID, v.Rev, doc))
			}
			return stored[catalogue.PublishedContent](doc, err, "published", publishedID)
		})
}

// releaseID is the key of a release: a set's id has no @.
func releaseID(set, version string) string { return set + "@" + version }

// InsertSetRelease implements catalogue.Store.
func (s *Store) InsertSetRelease(ctx context.Context, v catalogue.SetRelease) error {
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.releases, plainDoc(releaseID(v.Set, v.Version), 1, doc))
	}
	if err != nil {
		return fmt.Errorf("insert release %s@%s: %w", v.Set, v.Version, err)
	}
	return nil
}

// SetRelease implements catalogue.Store.
func (s *Store) SetRelease(ctx context.Context, set, version string) (catalogue.SetRelease, error) {
	v, _, err := document[catalogue.SetRelease](ctx, s.releases, byID(releaseID(set, version)))
	if err != nil {
		return v, fmt.Errorf("read release %s@%s: %w", set, version, err)
	}
	return v, nil
}

func reportDoc(v catalogue.Report, doc []byte) bson.D {
	return bson.D{
		{Key: "_id", Value: v.ID}, {Key: "rev", Value: v.Rev}, {Key: "requirement", Value: v.Requirement},
		{Key: "resolved", Value: v.Resolved != nil}, {Key: "kind", Value: string(v.Kind)}, {Key: "doc", Value: string(doc)},
	}
}

// InsertReport implements catalogue.Store.
func (s *Store) InsertReport(ctx context.Context, v catalogue.Report) error {
	v.Rev = 1
	doc, err := storage.Encode(v)
	if err == nil {
		err = insert(ctx, s.reports, reportDoc(v, doc))
	}
	if err != nil {
		return fmt.Errorf("insert report %s: %w", v.ID, err)
	}
	return nil
}

// Report implements catalogue.Store.
func (s *Store) Report(ctx context.Context, id string) (catalogue.Report, error) {
	v, _, err := s.requirementReport(ctx, id)
	return v, err
}

func (s *Store) requirementReport(ctx context.Context, id string) (catalogue.Report, int64, error) {
	v, rev, err := document[catalogue.Report](ctx, s.reports, byID(id))
	if err != nil {
		return v, 0, fmt.Errorf("read report %s: %w", id, err)
	}
	return v, rev, nil
}

// ReportsOn implements catalogue.Store.
func (s *Store) ReportsOn(ctx context.Context, requirement, after string, limit int) ([]catalogue.Report, error) {
	filter := bson.D{{Key: "requirement", Value: requirement}}
	if after != "" {
		filter = append(filter, bson.E{Key: "_id", Value: bson.D{{Key: "$lt", Value: after}}})
	}
	all, err := documents[catalogue.Report](ctx, s.reports, filter, down("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list reports on %s: %w", requirement, err)
	}
	return all, nil
}

// OpenReports implements catalogue.Store.
func (s *Store) OpenReports(ctx context.Context, after string, limit int) ([]catalogue.Report, error) {
	filter := bson.D{{Key: "resolved", Value: false}, {Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}}
	all, err := documents[catalogue.Report](ctx, s.reports, filter, up("_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list open reports: %w", err)
	}
	return all, nil
}

// CountReports implements catalogue.Store.
func (s *Store) CountReports(ctx context.Context, requirement string) (catalogue.ReportCounts, error) {
	c := catalogue.ReportCounts{Open: map[catalogue.ReportKind]int{}, Resolved: map[catalogue.ReportKind]int{}}
	cur, err := s.reports.Aggregate(ctx, bson.A{
		bson.D{{Key: "$match", Value: bson.D{{Key: "requirement", Value: requirement}}}},
		bson.D{{Key: "$group", Value: bson.D{
			{Key: "_id", Value: bson.D{{Key: "resolved", Value: "$resolved"}, {Key: "kind", Value: "$kind"}}},
			{Key: "n", Value: bson.D{{Key: "$sum", Value: 1}}},
		}}},
	})
	if err != nil {
		return catalogue.ReportCounts{}, fmt.Errorf("count reports on %s: %w", requirement, translate(ctx, err))
	}
	var groups []struct {
		Key struct {
			Resolved bool                 `bson:"resolved"`
			Kind     catalogue.ReportKind `bson:"kind"`
		} `bson:"_id"`
		N int `bson:"n"`
	}
	if err := cur.All(ctx, &groups); err != nil {
		return catalogue.ReportCounts{}, fmt.Errorf("count reports on %s: %w", requirement, translate(ctx, err))
	}
	for _, g := range groups {
		if g.Key.Resolved {
			c.Resolved[g.Key.Kind] = g.N
		} else {
			c.Open[g.Key.Kind] = g.N
		}
	}
	return c, nil
}

// UpdateReport implements catalogue.Store.
func (s *Store) UpdateReport(ctx context.Context, id string, change func(catalogue.Report) (catalogue.Report, error)) (catalogue.Report, error) {
	return storage.Update(ctx,
		func(ctx context.Context) (catalogue.Report, int64, error) { return s.requirementReport(ctx, id) },
		change,
		func(ctx context.Context, _, v catalogue.Report, rev int64) (catalogue.Report, error) {
			v.Rev = rev + 1
			doc, err := encodeSame(v, v.ID == id)
			if err == nil {
				err = swap(ctx, s.reports, id, rev, reportDoc(v, doc))
			}
			return stored[catalogue.Report](doc, err, "report", id)
		})
}
