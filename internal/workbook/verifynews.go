package workbook

import (
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

// Since notes what has become of a declaration, given the status of its
// offering now.
func (v *Verification) Since(digest string, now status.Status) {
	all := now.History
	if now.Declaration != nil {
		all = append([]status.DeclarationStatus{*now.Declaration}, all...)
	}
	i := slices.IndexFunc(all, func(d status.DeclarationStatus) bool { return d.Digest == digest })
	n := News{Declaration: digest, Set: now.Set, Key: "workbook.news.unknown", Args: problem.Args{"Supplier": now.SupplierName}}
	if i >= 0 {
		d := all[i]
		if d.Lifecycle == status.LifeActive {
			return
		}
		n.Key = "workbook.news." + string(d.Lifecycle)
		n.Args["At"], n.Args["Reason"] = d.Since, d.Reason
	}
	n.Args["Digest"] = short(digest)
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

// Asks are what Since wants the status of: the offering and set of every
// declaration, by digest.
func (v *Verification) Asks() map[string]struct{ Offering, Set string } {
	out := map[string]struct{ Offering, Set string }{}
	for _, d := range v.Declarations {
		set, _, _ := strings.Cut(d.Set, "@")
		out[d.Digest] = struct{ Offering, Set string }{d.Offering, set}
	}
	return out
}

// SealDigests are the declarations to prove when a workbook is sealed: those
// that statuses rest on.
func SealDigests(statuses ...[]status.Status) []string {
	var out []string
	for _, list := range statuses {
		for _, s := range list {
			if s.Declaration != nil && !slices.Contains(out, s.Declaration.Digest) {
				out = append(out, s.Declaration.Digest)
			}
		}
	}
	return out
}

// SealName is what the service calls a tender workbook when it signs its seal.
func SealName(procurement string) string { return "urn:felleskrav:workbook:" + procurement }
