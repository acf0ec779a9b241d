package api

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A whole life of a token: made by an administrator, used, listed, revoked; and
// of no use to another organisation at any time.
func TestTokenLife(t *testing.T) {
	h := newHouse(t)
	admin, rivalAdmin := "supplier-admin@"+ours, "supplier-admin@"+theirs
	made := h.want(201, admin, "POST", "/api/v1/tokens", TokenInput{Name: "Lønn og økonomi", Roles: []string{"supplier-author", "supplier-reader"}, Days: 30})
	if made.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the secret may be kept: %v", made.header)
	}
	var n NewToken
	made.into(t, &n)
	if n.Token.State != "active" || n.Token.Org != ours || n.Token.ExpiresAt.Sub(n.Token.CreatedAt) != 30*24*time.Hour || !strings.HasPrefix(n.Token.CreatedBy, "token:") {
		t.Errorf("%+v", n.Token)
	}
	bearer := []string{"Authorization", "Bearer " + n.Secret}
	h.want(403, "", "GET", "/api/v1/tokens", nil, bearer...) // it is no administrator's
	h.want(201, admin, "PUT", "/api/v1/suppliers/"+ours, SupplierInput{Name: "Leverandør"})
	h.want(201, "", "POST", "/api/v1/suppliers/"+ours+"/offerings", OfferingInput{Name: "Sakssystem", DeliveryModels: []DeliveryModel{"saas"}, Regions: []string{"NO"}, Version: "4"}, bearer...)
	h.want(403, "", "POST", "/api/v1/suppliers/"+theirs+"/offerings", OfferingInput{Name: "Sakssystem", DeliveryModels: []DeliveryModel{"saas"}, Regions: []string{"NO"}, Version: "4"}, bearer...)

	listed := h.want(200, admin, "GET", "/api/v1/tokens", nil)
	if strings.Contains(string(listed.body), n.Secret) || strings.Contains(string(listed.body), "hash") {
		t.Errorf("the list tells too much: %s", listed.body)
	}
	var all TokenList
	listed.into(t, &all)
	if !slices.ContainsFunc(all.Items, func(k Token) bool { return k.Id == n.Token.Id && k.Name == "Lønn og økonomi" }) {
		t.Errorf("%+v", all)
	}
	h.want(200, rivalAdmin, "GET", "/api/v1/tokens", nil).into(t, &all)
	if slices.ContainsFunc(all.Items, func(k Token) bool { return k.Org != theirs }) {
		t.Errorf("another organisation sees %+v", all)
	}
	h.want(403, rivalAdmin, "GET", "/api/v1/tokens?org="+ours, nil)
	h.want(404, rivalAdmin, "DELETE", "/api/v1/tokens/"+n.Token.Id, nil)
	h.want(200, "operator", "GET", "/api/v1/tokens?org="+ours, nil)

	for _, roles := range [][]string{{"editor"}, {"operator"}, {"procurement"}, {"agency-admin"}, {"supplier-reader", "adviser"}, {"root"}} {
		if r := h.want(422, admin, "POST", "/api/v1/tokens", TokenInput{Name: "x", Roles: roles}); r.key() != "token.invalid" {
			t.Errorf("%v: %s", roles, r.body)
		}
	}
	h.want(422, "agency-admin", "POST", "/api/v1/tokens", TokenInput{Name: "x", Roles: []string{"supplier-reader"}})
	h.want(201, "agency-admin", "POST", "/api/v1/tokens", TokenInput{Name: "x", Roles: []string{"procurement"}})

	h.want(200, "", "GET", "/api/v1/suppliers/"+ours, nil, bearer...) // it is remembered now
	for range 2 {
		var gone Token
		h.want(200, admin, "DELETE", "/api/v1/tokens/"+n.Token.Id, nil).into(t, &gone)
		if gone.State != "revoked" || gone.RevokedAt.IsZero() {
			t.Errorf("%+v", gone)
		}
	}
	if r := h.want(401, "", "GET", "/api/v1/suppliers/"+ours, nil, bearer...); r.key() != "access.token" {
		t.Errorf("%s", r.body)
	}
}
