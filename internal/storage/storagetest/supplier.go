package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/supplier"
)

func supplierWith(name string) supplier.Supplier {
	return supplier.Supplier{Number: number(), Name: name, Country: "NO", CreatedAt: at, UpdatedAt: at}
}

// keptSupplier gives v as a store gives it back.
func keptSupplier(v supplier.Supplier) supplier.Supplier {
	v.CreatedAt, v.UpdatedAt, v.Rev = utc, utc, 1
	return v
}

// RunSuppliers checks the suppliers of supplier.Store.
func RunSuppliers(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	numbers := func(all []supplier.Supplier) []organisation.Number {
		got := make([]organisation.Number, 0, len(all))
		for _, v := range all {
			got = append(got, v.Number)
		}
		return got
	}
	t.Run("round trip", func(t *testing.T) {
		v := supplierWith(unicodeText)
		v.Website, v.Invented, v.Rev = "https://example.no/æ", true, 99
		v.Keys = []supplier.Key{
			{ID: digest(), Algorithm: "ed25519", PEM: "-----\n", Label: "å", EnrolledAt: at, EnrolledIndex: 1 << 53, ExpiresAt: at},
			{ID: digest(), Revoked: &supplier.Revocation{At: at, Index: -1, Reason: supplier.Compromised, Note: "n"}},
		}
		check(t, s.InsertSupplier(ctx, v))
		if !v.Keys[0].EnrolledAt.Equal(at) || v.Keys[0].EnrolledAt.Location() == time.UTC {
			t.Error("the caller's value was changed")
		}
		w := keptSupplier(v)
		w.Keys = slices.Clone(w.Keys)
		w.Keys[0].EnrolledAt, w.Keys[0].ExpiresAt = utc, utc
		w.Keys[1].Revoked = &supplier.Revocation{At: utc, Index: -1, Reason: supplier.Compromised, Note: "n"}
		want(t, result[supplier.Supplier](t)(s.Supplier(ctx, v.Number)), w)
	})
	t.Run("duplicate and missing", func(t *testing.T) {
		v := supplierWith("First")
		check(t, s.InsertSupplier(ctx, v))
		again := v
		again.Name = "Second"
		wantErr(t, s.InsertSupplier(ctx, again), problem.ErrExists)
		want(t, result[supplier.Supplier](t)(s.Supplier(ctx, v.Number)), keptSupplier(v))
		_, err := s.Supplier(ctx, number())
		wantErr(t, err, problem.ErrNotFound)
	})
	t.Run("insert race", func(t *testing.T) {
		v := supplierWith("Race")
		var wg sync.WaitGroup
		errs := make([]error, 16)
		for i := range errs {
			wg.Go(func() { errs[i] = s.InsertSupplier(ctx, v) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				wantErr(t, err, problem.ErrExists)
			}
		}
		want(t, won, 1)
	})
	t.Run("many", func(t *testing.T) {
		var asked []organisation.Number
		for range 3 {
			v := supplierWith("Many")
			check(t, s.InsertSupplier(ctx, v))
			asked = append(asked, v.Number)
		}
		all := result[[]supplier.Supplier](t)(s.SuppliersByNumber(ctx, []organisation.Number{asked[2], number(), asked[0], asked[2]}))
		want(t, numbers(all), []organisation.Number{asked[0], asked[2]})
		for _, none := range [][]organisation.Number{nil, {}, {number()}} {
			all, err := s.SuppliersByNumber(ctx, none)
			check(t, err)
			if all == nil || len(all) != 0 {
				t.Errorf("no hits gave %#v, want an empty list", all)
			}
		}
	})
	t.Run("search", func(t *testing.T) {
		mark := fmt.Sprintf("m%s ", number())
		var all []supplier.Supplier
		for _, name := range []string{"BLÅBÆR Drift", "blåbær sky", "Ærlig (og) [dyr] 100% \\d", "A_B", "AxB", "Bla\u030aba\u0308r"} {
			v := supplierWith(mark + name)
			check(t, s.InsertSupplier(ctx, v))
			all = append(all, v)
		}
		for query, hits := range map[string][]int{
			"blåbær": {0, 1}, "BLÅBÆR": {0, 1}, "drift": {0}, "ÆRLIG": {2}, "(og) [DYR] 100% \\": {2}, ".*": {}, "a_b": {3}, "%": {2},
			"blåbär": {5}, "": {0, 1, 2, 3, 4, 5}, " ": {0, 1, 2, 3, 4, 5}, "\x00": {}, "\xff": {}, "^m": {}, "\\E": {},
		} {
			w := []organisation.Number{}
			for _, i := range hits {
				w = append(w, all[i].Number)
			}
			got := result[[]supplier.Supplier](t)(s.SearchSuppliers(ctx, query, before(all[0].Number), 100))
			got = slices.DeleteFunc(got, func(v supplier.Supplier) bool { return v.Number > all[5].Number })
			if d := numbers(got); !slices.Equal(d, w) {
				t.Errorf("query %q gave %v, want %v", query, d, w)
			}
		}
		got := result[[]supplier.Supplier](t)(s.SearchSuppliers(ctx, string(all[3].Number)[2:], "", 100))
		want(t, numbers(got), []organisation.Number{all[3].Number})
		want(t, got[0], keptSupplier(all[3]))

		t.Run("pages", func(t *testing.T) {
			var got []organisation.Number
			for after := organisation.Number(""); ; {
				page := result[[]supplier.Supplier](t)(s.SearchSuppliers(ctx, mark[:len(mark)-1], after, 4))
				got = append(got, numbers(page)...)
				if len(page) == 0 {
					break
				}
				after = page[len(page)-1].Number
			}
			w := []organisation.Number{}
			for _, v := range all {
				w = append(w, v.Number)
			}
			want(t, got, w)
			for _, limit := range []int{0, -1} {
				want(t, len(result[[]supplier.Supplier](t)(s.SearchSuppliers(ctx, "", "", limit))), 0)
			}
		})
		t.Run("after update", func(t *testing.T) {
			_, err := s.UpdateSupplier(ctx, all[4].Number, func(v supplier.Supplier) (supplier.Supplier, error) {
				v.Name = mark + "SØRLANDSSKYEN"
				return v, nil
			})
			check(t, err)
			got := result[[]supplier.Supplier](t)(s.SearchSuppliers(ctx, "sørlandsskyen", "", 10))
			want(t, numbers(got), []organisation.Number{all[4].Number})
			want(t, len(result[[]supplier.Supplier](t)(s.SearchSuppliers(ctx, mark+"axb", "", 10))), 0)
		})
	})
	t.Run("by offering", func(t *testing.T) {
		mark := fmt.Sprintf("o%s", number())
		var all []supplier.Supplier
		var ids []string
		for _, names := range [][]string{{"Sak", "Sak og ARKIV Ø"}, {"arkiv ø.%"}, {"Kart"}} {
			v := supplierWith("A")
			check(t, s.InsertSupplier(ctx, v))
			all = append(all, v)
			for _, name := range names {
				o := offeringOf(v.Number)
				o.Name = mark + name
				check(t, s.InsertOffering(ctx, o))
				ids = append(ids, o.ID)
			}
		}
		search := func(query string, after organisation.Number, limit int) []organisation.Number {
			t.Helper()
			return result[[]organisation.Number](t)(s.SuppliersOffering(ctx, query, after, limit))
		}
		a, b := all[0].Number, all[1].Number
		want(t, search(mark, "", 10), []organisation.Number{a, b, all[2].Number})
		want(t, search(mark+"sAK", "", 10), []organisation.Number{a})
		want(t, search(mark+"arkiv Ø.%", "", 10), []organisation.Number{b})
		want(t, search(mark, "", 2), []organisation.Number{a, b})
		want(t, search(mark, a, 1), []organisation.Number{b})
		want(t, search(mark, "", 0), []organisation.Number{})
		want(t, search("", "", 10), []organisation.Number{})
		_, err := s.UpdateOffering(ctx, ids[3], func(o supplier.Offering) (supplier.Offering, error) { o.Name = mark + "Matrikkel"; return o, nil })
		check(t, err)
		want(t, search(mark+"matrikkel", "", 10), []organisation.Number{all[2].Number})
		want(t, search(mark+"kart", "", 10), []organisation.Number{})
	})
	t.Run("like", func(t *testing.T) {
		mark := fmt.Sprintf("l%s", number())
		first, second, body := supplierWith(mark+" FJORDSKY Ø"), supplierWith(mark+" fjordlys"), supplierWith(mark+" fjordsky")
		body.Body = true
		for _, v := range []supplier.Supplier{first, second, body} {
			check(t, s.InsertSupplier(ctx, v))
		}
		like := func(limit int, words ...supplier.Pieces) []organisation.Number {
			t.Helper()
			out := []organisation.Number{}
			for _, v := range result[[]supplier.Named](t)(s.SuppliersLike(ctx, append(words, supplier.Pieces{mark, mark}), limit)) {
				if !strings.HasPrefix(v.Name, mark+" fjord") {
					t.Errorf("the name is %q", v.Name)
				}
				out = append(out, v.Number)
			}
			return out
		}
		both := []organisation.Number{first.Number, second.Number}
		want(t, like(10), both)
		want(t, like(1), both[:1])
		want(t, like(0), []organisation.Number{})
		want(t, like(10, supplier.Pieces{"fjor", "xxx"}), both)
		want(t, like(10, supplier.Pieces{"fjox", "sky"}), both[:1])
		want(t, like(10, supplier.Pieces{"fjor", "sky"}, supplier.Pieces{"Ø", "ø"}), both[:1])
		want(t, like(10, supplier.Pieces{".*", "%"}), []organisation.Number{})
		want(t, len(result[[]supplier.Named](t)(s.SuppliersLike(ctx, nil, 10))), 0)
	})
	t.Run("bodies", func(t *testing.T) {
		mark := fmt.Sprintf("b%s", number())
		offers, body := supplierWith(mark+" Sky"), supplierWith(mark+" kommune")
		body.Body = true
		check(t, s.InsertSupplier(ctx, offers))
		check(t, s.InsertSupplier(ctx, body))
		want(t, result[supplier.Supplier](t)(s.Supplier(ctx, body.Number)).Body, true)
		search := func(query string) []organisation.Number {
			t.Helper()
			return numbers(result[[]supplier.Supplier](t)(s.SearchSuppliers(ctx, query, before(offers.Number), 100)))
		}
		want(t, search(mark), []organisation.Number{offers.Number})
		want(t, search(""), []organisation.Number{offers.Number})
		want(t, search(string(body.Number)[1:]), []organisation.Number{})
		want(t, search(string(body.Number)), []organisation.Number{body.Number})
		want(t, len(result[[]supplier.Supplier](t)(s.SuppliersByNumber(ctx, []organisation.Number{body.Number}))), 1)
		all := []organisation.Number{offers.Number, body.Number}
		slices.Sort(all)
		want(t, numbers(result[[]supplier.Supplier](t)(s.SuppliersAfter(ctx, before(all[0]), 2))), all)
		want(t, numbers(result[[]supplier.Supplier](t)(s.SuppliersAfter(ctx, all[0], 1))), all[1:])
		want(t, len(result[[]supplier.Supplier](t)(s.SuppliersAfter(ctx, all[0], 0))), 0)
		// A body that begins to deliver services, and the other way round.
		for _, is := range []bool{false, true} {
			_, err := s.UpdateSupplier(ctx, body.Number, func(v supplier.Supplier) (supplier.Supplier, error) { v.Body = is; return v, nil })
			check(t, err)
			w := []organisation.Number{offers.Number}
			if !is {
				w = append(w, body.Number)
			}
			want(t, search(mark), w)
		}
	})
	updates[supplier.Supplier]{
		insert: func(t *testing.T) string {
			v := supplierWith("0")
			v.Website = "0"
			check(t, s.InsertSupplier(t.Context(), v))
			return string(v.Number)
		},
		update: func(ctx context.Context, id string, change func(supplier.Supplier) (supplier.Supplier, error)) (supplier.Supplier, error) {
			return s.UpdateSupplier(ctx, organisation.Number(id), change)
		},
		read: func(ctx context.Context, id string) (supplier.Supplier, error) {
			return s.Supplier(ctx, organisation.Number(id))
		},
		count:  func(v supplier.Supplier) int { n, _ := strconv.Atoi(v.Website); return n },
		set:    func(v supplier.Supplier, n int) supplier.Supplier { v.Website = strconv.Itoa(n); return v },
		rev:    func(v supplier.Supplier) int64 { return v.Rev },
		rename: func(v supplier.Supplier) supplier.Supplier { v.Number = number(); return v },
	}.run(t)
}

// before gives the number just below n.
func before(n organisation.Number) organisation.Number {
	i, _ := strconv.Atoi(string(n))
	return organisation.Number(fmt.Sprintf("%09d", i-1))
}

func offeringOf(n organisation.Number) supplier.Offering {
	return supplier.Offering{
		ID: id(), Supplier: n, Name: unicodeText, Models: []catalogue.DeliveryModel{}, Regions: []string{"NO"},
		Descriptors: []supplier.Descriptor{{Digest: digest(), Bytes: []byte{0, 1, 255}, At: at}}, CreatedAt: at, UpdatedAt: at,
	}
}

func keptOffering(v supplier.Offering) supplier.Offering {
	v.CreatedAt, v.UpdatedAt, v.Rev = utc, utc, 1
	v.Descriptors = slices.Clone(v.Descriptors)
	for i := range v.Descriptors {
		v.Descriptors[i].At = utc
	}
	return v
}

// RunOfferings checks the offerings of supplier.Store.
func RunOfferings(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	ids := func(all []supplier.Offering) []string {
		got := make([]string, 0, len(all))
		for _, v := range all {
			got = append(got, v.ID)
		}
		return got
	}
	t.Run("round trip", func(t *testing.T) {
		v := offeringOf(number())
		check(t, s.InsertOffering(ctx, v))
		want(t, result[supplier.Offering](t)(s.Offering(ctx, v.ID)), keptOffering(v))
		wantErr(t, s.InsertOffering(ctx, v), problem.ErrExists)
		_, err := s.Offering(ctx, id())
		wantErr(t, err, problem.ErrNotFound)
	})
	t.Run("nil and empty", func(t *testing.T) {
		v := offeringOf(number())
		v.Models, v.Regions, v.SubSuppliers = nil, []string{}, []supplier.SubSupplier{}
		check(t, s.InsertOffering(ctx, v))
		got := result[supplier.Offering](t)(s.Offering(ctx, v.ID))
		if got.Models != nil || got.Regions == nil || got.SubSuppliers != nil {
			t.Errorf("got %#v, %#v and %#v", got.Models, got.Regions, got.SubSuppliers)
		}
	})
	t.Run("large", func(t *testing.T) {
		v := offeringOf(number())
		for range 500 { // as many descriptors as an offering may have
			v.Descriptors = append(v.Descriptors, supplier.Descriptor{Digest: digest(), Bytes: make([]byte, 4000), At: at})
		}
		check(t, s.InsertOffering(ctx, v))
		want(t, result[supplier.Offering](t)(s.Offering(ctx, v.ID)), keptOffering(v))
	})
	t.Run("many", func(t *testing.T) {
		n1, n2, n3 := number(), number(), number()
		a, b, c, d := offeringOf(n2), offeringOf(n1), offeringOf(n2), offeringOf(n3)
		for _, v := range []supplier.Offering{c, d, a, b} {
			check(t, s.InsertOffering(ctx, v))
		}
		got := result[[]supplier.Offering](t)(s.OfferingsOf(ctx, []organisation.Number{n2, n1, n2, number()}))
		want(t, ids(got), []string{b.ID, a.ID, c.ID})
		want(t, got[1], keptOffering(a))
		want(t, ids(result[[]supplier.Offering](t)(s.OfferingsByID(ctx, []string{d.ID, id(), a.ID, a.ID}))), []string{a.ID, d.ID})
		for _, none := range [][]organisation.Number{nil, {}} {
			all, err := s.OfferingsOf(ctx, none)
			check(t, err)
			if all == nil || len(all) != 0 {
				t.Errorf("no hits gave %#v, want an empty list", all)
			}
		}
	})
	updates[supplier.Offering]{
		insert: func(t *testing.T) string {
			v := offeringOf(number())
			check(t, s.InsertOffering(t.Context(), v))
			return v.ID
		},
		update: s.UpdateOffering,
		read:   s.Offering,
		count:  func(v supplier.Offering) int { n, _ := strconv.Atoi(v.Version); return n },
		set:    func(v supplier.Offering, n int) supplier.Offering { v.Version = strconv.Itoa(n); return v },
		rev:    func(v supplier.Offering) int64 { return v.Rev },
		rename: func(v supplier.Offering) supplier.Offering { v.ID = id(); return v },
	}.run(t)
}

// RunChallenges checks the enrolment challenges of supplier.Store.
func RunChallenges(t *testing.T, open Open) {
	ctx, s := t.Context(), open(t)
	challenge := func(expires time.Time) supplier.Challenge {
		v := supplier.Challenge{
			ID: id(), Supplier: number(), KeyID: digest(), PEM: "-----\n", Label: unicodeText, Bytes: []byte{0, 255},
			KeyExpiresAt: at, ExpiresAt: expires,
		}
		check(t, s.InsertChallenge(ctx, v))
		return v
	}
	t.Run("taken once", func(t *testing.T) {
		v := challenge(at)
		wantErr(t, s.InsertChallenge(ctx, v), problem.ErrExists)
		var wg sync.WaitGroup
		got, errs := make([]supplier.Challenge, 16), make([]error, 16)
		for i := range errs {
			wg.Go(func() { got[i], errs[i] = s.TakeChallenge(ctx, v.ID) })
		}
		wg.Wait()
		v.KeyExpiresAt, v.ExpiresAt = utc, utc
		won := 0
		for i, err := range errs {
			if errors.Is(err, problem.ErrNotFound) {
				continue
			}
			check(t, err)
			want(t, got[i], v)
			won++
		}
		want(t, won, 1)
	})
	t.Run("dropped", func(t *testing.T) {
		old, edge, young := challenge(at.Add(-time.Millisecond)), challenge(at), challenge(at.Add(time.Millisecond))
		check(t, s.DropChallenges(ctx, at))
		_, err := s.TakeChallenge(ctx, old.ID)
		wantErr(t, err, problem.ErrNotFound)
		for _, v := range []supplier.Challenge{edge, young} {
			_, err := s.TakeChallenge(ctx, v.ID)
			check(t, err)
		}
	})
}
