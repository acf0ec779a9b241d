package mongo

import (
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"felleskrav/internal/organisation"
	"felleskrav/internal/supplier"
)

func TestGramsOf(t *testing.T) {
	for text, want := range map[string][]string{"": {}, "øs": {}, "aaaa": {"aaa"}, "øst\x00\x00a b": {"øst", "a b"}} {
		if got := gramsOf(text); !slices.Equal(got, want) || got == nil {
			t.Errorf("%q has %q, want %q", text, got, want)
		}
	}
}

// Suppliers and offerings of older versions, without grams beside the document,
// are found after the migration, and so are the hits beyond those that a search
// looks through first.
func TestGramNames(t *testing.T) {
	s, ctx := mustOpen(t, database(t), time.Now), t.Context()
	var suppliers, offerings []any
	for i := range firstLook + 1 {
		n := string(rune('A'+i/1000)) + string(rune('A'+i/100%10)) + string(rune('A'+i/10%10)) + string(rune('A'+i%10))
		suppliers = append(suppliers, bson.D{{Key: "_id", Value: n}, {Key: "rev", Value: int64(1)}, {Key: "name", Value: "ærlig"}, {Key: "doc", Value: `{"orgnr":"` + n + `","name":"Ærlig"}`}})
		offerings = append(offerings, bson.D{{Key: "_id", Value: "o" + n}, {Key: "rev", Value: int64(1)}, {Key: "supplier", Value: n}, {Key: "name", Value: "sak"}, {Key: "doc", Value: `{}`}})
	}
	late := bson.D{{Key: "_id", Value: "ZZ1"}, {Key: "rev", Value: int64(1)}, {Key: "name", Value: "østen"}, {Key: "doc", Value: `{"orgnr":"ZZ1","name":"Østen"}`}}
	if _, err := s.suppliers.InsertMany(ctx, append(suppliers, late)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.offerings.InsertMany(ctx, append(offerings, bson.D{{Key: "_id", Value: "oZZ1"}, {Key: "rev", Value: int64(1)}, {Key: "supplier", Value: "ZZ1"}, {Key: "name", Value: "kartet"}, {Key: "doc", Value: `{}`}})); err != nil {
		t.Fatal(err)
	}
	found := func() (numbers [3][]organisation.Number) {
		t.Helper()
		named, err := s.SearchSuppliers(ctx, "Østen", "", 10)
		numbered, err2 := s.SearchSuppliers(ctx, "zz1", "", 10)
		offering, err3 := s.SuppliersOffering(ctx, "kart", "", 10)
		if err != nil || err2 != nil || err3 != nil {
			t.Fatal(err, err2, err3)
		}
		for i, all := range [][]supplier.Supplier{named, numbered} {
			for _, v := range all {
				numbers[i] = append(numbers[i], v.Number)
			}
		}
		numbers[2] = offering
		return numbers
	}
	for i, numbers := range found() {
		if len(numbers) > 0 {
			t.Errorf("search %d does not ask for grams: %q", i, numbers)
		}
	}
	for range 2 {
		if err := gramNames(ctx, s); err != nil {
			t.Fatal(err)
		}
		for i, numbers := range found() {
			if !slices.Equal(numbers, []organisation.Number{"ZZ1"}) {
				t.Errorf("after the migration search %d finds %q", i, numbers)
			}
		}
	}
	// As if it had been stored now.
	for _, want := range []bson.D{
		{{Key: "_id", Value: "ZZ1"}, {Key: "grams", Value: bson.A{"ste", "ten", "zz1", "øst"}}},
		{{Key: "_id", Value: "AAAA"}, {Key: "grams", Value: bson.A{"lig", "rli", "ærl", "aaa"}}},
	} {
		if n, err := s.suppliers.CountDocuments(ctx, want[:1]); err != nil || n != 1 {
			t.Errorf("%v: %d, %v", want, n, err)
		}
		for _, g := range want[1].Value.(bson.A) {
			if n, err := s.suppliers.CountDocuments(ctx, bson.D{want[0], {Key: "grams", Value: g}}); err != nil || n != 1 {
				t.Errorf("%v has %v %d times, %v", want[0].Value, g, n, err)
			}
		}
	}
}
