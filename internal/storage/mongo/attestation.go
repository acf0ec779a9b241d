package mongo

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/errgroup"

	"felleskrav/internal/attestation"
	"felleskrav/internal/storage"
)

// The bundle stands in a field of its own, so that lists need not carry it.

// withBundle appends the bundle unless it is empty, as omitempty has it.
func withBundle(d bson.D, bundle []byte) bson.D {
	if len(bundle) == 0 {
		return d
	}
	return append(d, bson.E{Key: "bundle", Value: bundle})
}

// InsertAttestation implements attestation.Store.
func (s *Store) InsertAttestation(ctx context.Context, r attestation.Record) error {
	bundle := r.Bundle
	r.Bundle = nil
	doc, err := storage.Encode(r)
	var outline []byte
	if err == nil {
		outline, err = storage.Encode(attestation.NewOutlined(r))
	}
	if err == nil {
		err = insert(ctx, s.attestations, withBundle(bson.D{
			{Key: "_id", Value: r.Digest}, {Key: "offering", Value: r.Offering}, {Key: "set", Value: r.Set},
			{Key: "received", Value: storage.Time(r.ReceivedAt)}, {Key: "doc", Value: string(doc)},
			{Key: "outline", Value: string(outline)},
		}, bundle))
	}
	if err != nil {
		return fmt.Errorf("insert attestation %s: %w", r.Digest, err)
	}
	return nil
}

// Attestation implements attestation.Store.
func (s *Store) Attestation(ctx context.Context, digest string) (attestation.Record, error) {
	var d struct {
		Doc    string `bson:"doc"`
		Bundle []byte `bson:"bundle"`
	}
	var r attestation.Record
	err := translate(ctx, s.attestations.FindOne(ctx, byID(digest)).Decode(&d))
	if err == nil {
		r, err = storage.Decode[attestation.Record]([]byte(d.Doc))
	}
	if err != nil {
		return r, fmt.Errorf("read attestation %s: %w", digest, err)
	}
	r.Bundle = d.Bundle
	return r, nil
}

// offeringFilter matches the declarations for an offering and set, or for
// every set when that is empty.
func offeringFilter(offering any, set string) bson.D {
	f := bson.D{{Key: "offering", Value: offering}}
	if set != "" {
		f = append(f, bson.E{Key: "set", Value: set})
	}
	return f
}

// AttestationsFor implements attestation.Store. Those received in the same
// millisecond come by digest, the greatest first.
func (s *Store) AttestationsFor(ctx context.Context, offering, set string, limit int) ([]attestation.Record, error) {
	all, err := documents[attestation.Record](ctx, s.attestations, offeringFilter(offering, set), down("received", "_id"), max(limit, 0))
	if err != nil {
		return nil, fmt.Errorf("list attestations for offering %s: %w", offering, err)
	}
	return all, nil
}

// latestAtOnce is how many chunks of offerings are read at the same time.
const latestAtOnce = 4

// LatestAttestations implements attestation.Store. The offerings come in the
// order asked for, each once, and their declarations newest first.
//
// It first reads only what the order needs, chooses, and then reads the chosen
// documents: the ways to do so in one query are either newer than the oldest
// server we run on or carry every old declaration along.
func (s *Store) LatestAttestations(ctx context.Context, offerings []string, set string, perOffering int) ([]attestation.Record, error) {
	return s.latestOf(ctx, offerings, set, perOffering, func(ctx context.Context, digests []string) ([]attestation.Record, error) {
		return in[attestation.Record](ctx, s.attestations, "_id", digests, up("_id"))
	})
}

// LatestOutlines implements attestation.Store, in the order of
// LatestAttestations.
func (s *Store) LatestOutlines(ctx context.Context, offerings []string, set string, perOffering int) ([]attestation.Record, error) {
	return s.latestOf(ctx, offerings, set, perOffering, s.outlines)
}

// outlines reads the outlines of the declarations with these digests.
func (s *Store) outlines(ctx context.Context, digests []string) ([]attestation.Record, error) {
	var kept storage.Decoder[attestation.Outlined]
	for part := range slices.Chunk(digests, chunk) {
		o := options.Find().SetProjection(bson.D{{Key: "outline", Value: 1}})
		err := each(ctx, s.attestations, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: part}}}}, o, func(raw bson.Raw) error {
			text, ok := raw.Lookup("outline").StringValueOK()
			if !ok {
				return fmt.Errorf("attestation %s has no outline", raw.Lookup("_id"))
			}
			kept.Add([]byte(text))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	values, err := kept.Values()
	all := make([]attestation.Record, len(values))
	for i, v := range values {
		all[i] = v.Outline()
	}
	return all, err
}

// latestOf finds the newest declarations of each offering and has them read.
func (s *Store) latestOf(ctx context.Context, offerings []string, set string, perOffering int,
	read func(ctx context.Context, digests []string) ([]attestation.Record, error),
) ([]attestation.Record, error) {
	offerings = storage.Unique(offerings)
	found := make(map[string][]attestation.Record, len(offerings))
	if perOffering > 0 {
		var mu sync.Mutex
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(latestAtOnce)
		for part := range slices.Chunk(offerings, chunk) {
			g.Go(func() error {
				digests, err := s.latest(ctx, part, set, perOffering)
				if err != nil {
					return fmt.Errorf("list latest attestations: %w", err)
				}
				records, err := read(ctx, digests)
				if err != nil {
					return fmt.Errorf("read latest attestations: %w", err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, r := range records {
					found[r.Offering] = append(found[r.Offering], r)
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
	}
	all := []attestation.Record{}
	for _, o := range offerings {
		slices.SortFunc(found[o], newestFirst)
		all = append(all, found[o]...)
	}
	return all, ctx.Err()
}

func newestFirst(a, b attestation.Record) int {
	if c := b.ReceivedAt.Compare(a.ReceivedAt); c != 0 {
		return c
	}
	if a.Digest > b.Digest {
		return -1
	}
	return 1
}

// latest gives the digests of the newest declarations of each offering.
func (s *Store) latest(ctx context.Context, offerings []string, set string, perOffering int) ([]string, error) {
	o := options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}, {Key: "offering", Value: 1}, {Key: "received", Value: 1}})
	newest := make(map[string][]attestation.Record, len(offerings))
	filter := offeringFilter(bson.D{{Key: "$in", Value: offerings}}, set)
	err := each(ctx, s.attestations, filter, o, func(raw bson.Raw) error {
		var d struct {
			Digest   string    `bson:"_id"`
			Offering string    `bson:"offering"`
			Received time.Time `bson:"received"`
		}
		if err := bson.Unmarshal(raw, &d); err != nil {
			return err
		}
		newest[d.Offering] = append(newest[d.Offering], attestation.Record{Digest: d.Digest, ReceivedAt: d.Received})
		return nil
	})
	if err != nil {
		return nil, err
	}
	var digests []string
	for _, all := range newest {
		slices.SortFunc(all, newestFirst)
		for _, r := range all[:min(len(all), perOffering)] {
			digests = append(digests, r.Digest)
		}
	}
	return digests, nil
}

// NewestAttestations implements attestation.Store.
func (s *Store) NewestAttestations(ctx context.Context, after attestation.Position, limit int) ([]attestation.Record, error) {
	all := []attestation.Record{}
	if limit < 1 {
		return all, ctx.Err()
	}
	filter := bson.D{}
	if !after.ReceivedAt.IsZero() {
		at := storage.Time(after.ReceivedAt)
		filter = bson.D{
			{Key: "received", Value: bson.D{{Key: "$lte", Value: at}}}, // what the index begins with
			{Key: "$or", Value: bson.A{
				bson.D{{Key: "received", Value: bson.D{{Key: "$lt", Value: at}}}},
				bson.D{{Key: "_id", Value: bson.D{{Key: "$lt", Value: after.Digest}}}},
			}},
		}
	}
	o := options.Find().SetSort(down("received", "_id")).SetLimit(int64(limit)).SetProjection(bson.D{{Key: "outline", Value: 1}})
	var kept storage.Decoder[attestation.Outlined]
	err := each(ctx, s.attestations, filter, o, func(raw bson.Raw) error {
		text, ok := raw.Lookup("outline").StringValueOK()
		if !ok {
			return fmt.Errorf("attestation %s has no outline", raw.Lookup("_id"))
		}
		kept.Add([]byte(text))
		return nil
	})
	var values []attestation.Outlined
	if err == nil {
		values, err = kept.Values()
	}
	if err != nil {
		return nil, fmt.Errorf("list newest attestations: %w", err)
	}
	for _, v := range values {
		all = append(all, v.Outline())
	}
	return all, nil
}

// AttestationsSince implements attestation.Store.
func (s *Store) AttestationsSince(ctx context.Context, t time.Time, limit int) ([]string, error) {
	digests, err := idsSince(ctx, s.attestations, "received", t, limit)
	if err != nil {
		return nil, fmt.Errorf("list attestations since %s: %w", t, err)
	}
	return digests, nil
}

// idsSince gives the ids of documents whose field is t or later, in the order
// of that field and then of the ids.
func idsSince(ctx context.Context, from *mongo.Collection, field string, t time.Time, limit int) ([]string, error) {
	ids := []string{}
	if limit < 1 {
		return ids, ctx.Err()
	}
	o := options.Find().SetSort(up(field, "_id")).SetLimit(int64(limit)).SetProjection(bson.D{{Key: "_id", Value: 1}})
	filter := bson.D{{Key: field, Value: bson.D{{Key: "$gte", Value: storage.Time(t)}}}}
	err := each(ctx, from, filter, o, func(d bson.Raw) error {
		ids = append(ids, d.Lookup("_id").StringValue())
		return nil
	})
	return ids, err
}

// AttestationsRevision implements attestation.Store. Both collections only
// grow, so that how many there are of an offering tells whether one was added.
func (s *Store) AttestationsRevision(ctx context.Context, offering string) (string, error) {
	of := bson.D{{Key: "offering", Value: offering}}
	declared, err := s.attestations.CountDocuments(ctx, of)
	if err != nil {
		return "", fmt.Errorf("count attestations for offering %s: %w", offering, translate(ctx, err))
	}
	withdrawn, err := s.withdrawals.CountDocuments(ctx, of)
	if err != nil {
		return "", fmt.Errorf("count withdrawals for offering %s: %w", offering, translate(ctx, err))
	}
	return fmt.Sprintf("%d-%d", declared, withdrawn), nil
}

// InsertWithdrawal implements attestation.Store.
func (s *Store) InsertWithdrawal(ctx context.Context, w attestation.Withdrawal) error {
	bundle := w.Bundle
	w.Bundle = nil
	doc, err := storage.Encode(w)
	if err == nil {
		err = insert(ctx, s.withdrawals, withBundle(bson.D{
			{Key: "_id", Value: w.Attestation}, {Key: "offering", Value: w.Offering}, {Key: "at", Value: storage.Time(w.At)}, {Key: "doc", Value: string(doc)},
		}, bundle))
	}
	if err != nil {
		return fmt.Errorf("insert withdrawal of %s: %w", w.Attestation, err)
	}
	return nil
}

// Withdrawal implements attestation.Store.
func (s *Store) Withdrawal(ctx context.Context, of string) (attestation.Withdrawal, error) {
	var d struct {
		Doc    string `bson:"doc"`
		Bundle []byte `bson:"bundle"`
	}
	var w attestation.Withdrawal
	err := translate(ctx, s.withdrawals.FindOne(ctx, byID(of)).Decode(&d))
	if err == nil {
		w, err = storage.Decode[attestation.Withdrawal]([]byte(d.Doc))
	}
	if err != nil {
		return w, fmt.Errorf("read withdrawal of %s: %w", of, err)
	}
	w.Bundle = d.Bundle
	return w, nil
}

// WithdrawalsSince implements attestation.Store. Those of the same millisecond
// come by declaration.
func (s *Store) WithdrawalsSince(ctx context.Context, t time.Time, limit int) ([]string, error) {
	all, err := idsSince(ctx, s.withdrawals, "at", t, limit)
	if err != nil {
		return nil, fmt.Errorf("list withdrawals since %s: %w", t, err)
	}
	return all, nil
}

// dateWithdrawals writes the time of each withdrawal beside its document,
// where older versions did not.
func dateWithdrawals(ctx context.Context, s *Store) error {
	undated := bson.D{{Key: "at", Value: bson.D{{Key: "$exists", Value: false}}}}
	return each(ctx, s.withdrawals, undated, options.Find().SetProjection(bson.D{{Key: "doc", Value: 1}}), func(d bson.Raw) error {
		w, err := storage.Decode[attestation.Withdrawal]([]byte(d.Lookup("doc").StringValue()))
		if err != nil {
			return err
		}
		set := bson.D{{Key: "$set", Value: bson.D{{Key: "at", Value: storage.Time(w.At)}}}}
		if _, err := s.withdrawals.UpdateOne(ctx, byID(w.Attestation), set); err != nil {
			return fmt.Errorf("date withdrawal of %s: %w", w.Attestation, translate(ctx, err))
		}
		return nil
	})
}

// outlineAttestations puts beside the declarations stored without one their
// outline.
func outlineAttestations(ctx context.Context, s *Store) error {
	without := bson.D{{Key: "outline", Value: bson.D{{Key: "$exists", Value: false}}}}
	return each(ctx, s.attestations, without, options.Find().SetProjection(bson.D{{Key: "doc", Value: 1}}), func(d bson.Raw) error {
		r, err := storage.Decode[attestation.Record]([]byte(d.Lookup("doc").StringValue()))
		if err != nil {
			return err
		}
		outline, err := storage.Encode(attestation.NewOutlined(r))
		if err != nil {
			return err
		}
		set := bson.D{{Key: "$set", Value: bson.D{{Key: "outline", Value: string(outline)}}}}
		if _, err := s.attestations.UpdateOne(ctx, byID(r.Digest), set); err != nil {
			return fmt.Errorf("outline attestation %s: %w", r.Digest, translate(ctx, err))
		}
		return nil
	})
}

// Withdrawals implements attestation.Store. They come ordered by declaration.
func (s *Store) Withdrawals(ctx context.Context, attestations []string) ([]attestation.Withdrawal, error) {
	all, err := in[attestation.Withdrawal](ctx, s.withdrawals, "_id", attestations, up("_id"))
	if err != nil {
		return nil, fmt.Errorf("read withdrawals: %w", err)
	}
	return all, nil
}
