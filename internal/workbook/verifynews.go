package workbook

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
	"felleskrav/internal/status"
)

// News is something that has happened since a workbook was made. It alters
// nothing in it.
type News struct {
	// Declaration is the digest of the one it is about, or "" for a set.
	Declaration string
	// Set is the set it is about, as SET@VERSION.
	Set  string
	Key  string
	Args problem.Args
}

// since notes what has become of a declaration, given the status of its
// offering now.
func (v *Verification) since(was SealedDeclaration, now status.Status) {
	all := now.History
	if now.Declaration != nil {
		all = append([]status.DeclarationStatus{*now.Declaration}, all...)
	}
	n := News{Declaration: was.Digest, Set: was.Set, Key: "workbook.news.unknown", Args: problem.Args{
		"Supplier": cmp.Or(now.SupplierName, was.SupplierName, was.Supplier), "Digest": short(was.Digest),
	}}
	if i := slices.IndexFunc(all, func(d status.DeclarationStatus) bool { return d.Digest == was.Digest }); i >= 0 {
		if all[i].Lifecycle == status.LifeActive {
			return
		}
		n.Key = "workbook.news." + string(all[i].Lifecycle)
	}
	v.News = append(v.News, n)
}

// Newer notes the sets that have a newer version.
func (v *Verification) Newer(c *catalogue.Catalogue) {
	for _, ref := range v.Sets {
		newest, ok := c.Version(ref.ID, "")
		if _, known := c.Version(ref.ID, ref.Version); ok && known && ref.Version != "" {
			v.NewerSet(ref, newest.Version)
		}
	}
}

// NewerSet notes that the newest version of a set is another than the
// workbook's.
func (v *Verification) NewerSet(ref SetRef, newest string) {
	name := ref.ID + "@" + ref.Version
	if newest == "" || newest == ref.Version || slices.ContainsFunc(v.News, func(n News) bool { return n.Set == name && n.Declaration == "" }) {
		return
	}
	v.News = append(v.News, News{Set: name, Key: "workbook.news.set", Args: problem.Args{"Set": ref.ID, "Version": ref.Version, "Newest": newest}})
}

// maxFollowed is how many declarations are asked about.
const maxFollowed = 200

// Follow notes what has become of the declarations. now gives the status of an
// offering for a set; one that is not found ([problem.NotFound]) is told as such.
// Declarations that are not proved to be in the log are not asked about.
func (v *Verification) Follow(ctx context.Context, now func(ctx context.Context, offering, set string) (status.Status, error)) error {
	for _, d := range v.Declarations[:min(len(v.Declarations), maxFollowed)] {
		if d.Logged != Holds {
			continue
		}
		set, _, _ := strings.Cut(d.Set, "@")
		st, err := now(ctx, d.Offering, set)
		if err != nil && problem.KindOf(err) != problem.NotFound {
			return fmt.Errorf("status of %s: %w", d.Offering, err)
		}
		v.since(d, st)
	}
	return nil
}
