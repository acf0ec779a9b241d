package catalogue_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"felleskrav/internal/catalogue"
	"felleskrav/requirements"
)

func load(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Load(requirements.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReleaseIsCanonicalAndNamedByItsBytes(t *testing.T) {
	c := load(t)
	v, ok := c.Version("skytjenester", "1.0.0")
	if !ok {
		t.Fatal("skytjenester@1.0.0 is not released")
	}
	sum := sha256.Sum256(v.Bytes)
	if hex.EncodeToString(sum[:]) != v.Digest {
		t.Error("the digest is not that of the bytes")
	}
	at, err := time.Parse(time.DateOnly, v.Published)
	if err != nil {
		t.Fatal(err)
	}
	if v.Status != "proposal" || v.URI != "urn:felleskrav:requirement-set:skytjenester" || v.Ref() != "skytjenester@1.0.0" {
		t.Errorf("release says %q %q %q", v.Status, v.URI, v.Ref())
	}
	if _, err := c.Freeze("skytjenester", "1.0.0", at); err == nil {
		t.Error("a released version could be frozen again")
	}
	again, err := c.Freeze("skytjenester", "1.0.1", at)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := c.Freeze("skytjenester", "1.0.1", at)
	if err != nil || again.Digest != twice.Digest {
		t.Errorf("freezing twice gives %s and %s (%v)", again.Digest, twice.Digest, err)
	}
	newest, _ := c.Version("skytjenester", "latest")
	for _, id := range c.SetRequirements("grunnsett") {
		if _, ok := newest.Requirement(id); !ok {
			t.Errorf("skytjenester includes grunnsett but lacks %s", id)
		}
	}
}

func TestFreezeRefuses(t *testing.T) {
	c := load(t)
	for _, tt := range [][2]string{{"nosuch", "1.0.0"}, {"grunnsett", "1.0"}, {"grunnsett", "v1.0.0"}, {"grunnsett", "01.0.0"}, {"grunnsett", ""}} {
		if _, err := c.Freeze(tt[0], tt[1], time.Now()); err == nil {
			t.Errorf("Freeze(%q, %q) was accepted", tt[0], tt[1])
		}
	}
}

func TestDiffAndCarryOver(t *testing.T) {
	old := frozen(t, load(t), "grunnsett")
	tests := []struct {
		name   string
		change func(*catalogue.Requirement)
		want   catalogue.ChangeKind
	}{
		{"nothing", func(*catalogue.Requirement) {}, catalogue.ChangeUnchanged},
		{"the edition", func(r *catalogue.Requirement) { r.Edition = 2 }, catalogue.ChangeSubstance},
		{"the first edition said in another way", func(r *catalogue.Requirement) { r.Edition = 1 }, catalogue.ChangeUnchanged},
		{"the words in all languages", func(r *catalogue.Requirement) {
			r.Text = catalogue.Text{NB: "x " + r.Text.NB, NN: "y " + r.Text.NN, EN: "z " + r.Text.EN}
		}, catalogue.ChangeReworded},
		{"the words in one language", func(r *catalogue.Requirement) { r.Text.NN += "." }, catalogue.ChangeReworded},
		{"a figure in one language", func(r *catalogue.Requirement) { r.Text.EN += " 24 hours" }, catalogue.ChangeSubstance},
		{"rationale", func(r *catalogue.Requirement) { r.Rationale.EN += "." }, catalogue.ChangeReworded},
		{"crosswalk", func(r *catalogue.Requirement) { r.Crosswalk.CCM = append(r.Crosswalk.CCM, "GRC-99") }, catalogue.ChangeReworded},
		{"level", func(r *catalogue.Requirement) { r.From.Confidentiality++ }, catalogue.ChangeSubstance},
		{"kind and title", func(r *catalogue.Requirement) { r.Kind = "contract-term"; r.Title.NB = "x" }, catalogue.ChangeSubstance},
		{"delivery model", func(r *catalogue.Requirement) { r.DeliveryModels = r.DeliveryModels[1:] }, catalogue.ChangeSubstance},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			to := old
			to.Requirements = slices.Clone(old.Requirements)
			r := &to.Requirements[0]
			tt.change(r)
			got := catalogue.Diff(old, to)[0]
			if got.Requirement != r.ID || got.Kind != tt.want {
				t.Errorf("%s is %s (%v), want %s", got.Requirement, got.Kind, got.Fields, tt.want)
			}
			carried := catalogue.CarriesOver(old, to)[r.ID]
			if want := tt.want != catalogue.ChangeSubstance; carried != want {
				t.Errorf("carries over: %v, want %v", carried, want)
			}
		})
	}
	t.Run("added and removed", func(t *testing.T) {
		c := load(t)
		small, big := frozen(t, c, "grunnsett"), frozen(t, c, "skytjenester")
		count := func(from, to catalogue.Version, k catalogue.ChangeKind) int {
			return len(slices.DeleteFunc(catalogue.Diff(from, to), func(c catalogue.Change) bool { return c.Kind != k }))
		}
		extra := len(big.Requirements) - len(small.Requirements)
		if extra <= 0 || count(small, big, catalogue.ChangeAdded) != extra || count(big, small, catalogue.ChangeRemoved) != extra {
			t.Errorf("added %d, removed %d, want %d of each", count(small, big, catalogue.ChangeAdded), count(big, small, catalogue.ChangeRemoved), extra)
		}
	})
}

func TestParseRef(t *testing.T) {
	for ref, want := range map[string][2]string{
		"grunnsett": {"grunnsett", ""}, "grunnsett@1.0.0": {"grunnsett", "1.0.0"}, "a-b2@latest": {"a-b2", "latest"},
	} {
		set, version, err := catalogue.ParseRef(ref)
		if err != nil || set != want[0] || version != want[1] {
			t.Errorf("ParseRef(%q) = %q, %q, %v", ref, set, version, err)
		}
	}
	for _, ref := range []string{"", "@1.0.0", "Grunnsett", "grunnsett@1", "grunnsett@1.0.0@2", "../x", "a b"} {
		if _, _, err := catalogue.ParseRef(ref); err == nil {
			t.Errorf("ParseRef(%q) was accepted", ref)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"fag.barnevern", "fag.byggesak", "stotte.lonn"}
	for asked, want := range map[string]string{"fag.barnevren": "fag.barnevern", "bygge": "fag.byggesak", "STOTTE.LONN": "stotte.lonn"} {
		if got := catalogue.Nearest(asked, known); len(got) == 0 || got[0] != want {
			t.Errorf("Nearest(%q) = %v, want %s first", asked, got, want)
		}
	}
	if got := catalogue.Nearest("zzzzzz", known); len(got) != 0 {
		t.Errorf("Nearest of something else = %v", got)
	}
}
