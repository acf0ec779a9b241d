package api

import (
	"strings"
	"testing"

	"felleskrav/internal/access"
)

// TestRolesAndRoutes asks every guarded operation as every role and as nobody,
// with a path that leads to somebody else's things and an empty body. Those
// whom the policy gives nothing must be turned away before anything is read;
// nobody may get anything done; nothing may be a fault of ours.
func TestRolesAndRoutes(t *testing.T) {
	h := newHouse(t)
	offering, key := h.supplierWith(theirs)
	digest := h.declare(theirs, offering, "grunnsett", key)
	fill := strings.NewReplacer("{orgnr}", theirs, "/offerings/{id}", "/offerings/"+offering, "/requirement-sets/{id}", "/requirement-sets/grunnsett",
		"{id}", nobody, "{workbook}", nobody, "{v}", "latest", "{keyId}", digest, "{digest}", digest, "{sha256}", digest, "{tile}", "entries/000.p/1")
	callers := map[string]access.Actor{"": access.Anyone()}
	for _, r := range access.Roles() {
		org := agency
		if r.Side() == access.SideSupplier {
			org = ours
		}
		callers[string(r)] = access.Actor{ID: "x", Org: org, Roles: []access.Role{r}}
	}
	for _, o := range h.api.spec.list {
		if open[o.id] {
			continue
		}
		path := fill.Replace(o.path)
		for who, actor := range callers {
			var body any
			kind := ""
			if len(o.media) > 0 {
				body, kind = []byte("{}"), o.media[0]
			}
			r := h.do(who, o.method, path, body, "Content-Type", kind)
			_, err := access.ScopeFor(actor, o.rule.action)
			switch {
			case err != nil && who == "" && (r.status != 401 || r.key() != "access.login"):
				t.Errorf("%s as nobody: %d %.200s, want 401", o.id, r.status, r.body)
			case err != nil && who != "" && (r.status != 403 || r.key() != "access.denied"):
				t.Errorf("%s as %s: %d %.200s, want 403", o.id, who, r.status, r.body)
			case err == nil && (r.status == 401 || r.status >= 500):
				t.Errorf("%s as %s: %d %.200s", o.id, who, r.status, r.body)
			case o.method != "GET" && r.status < 300:
				t.Errorf("%s as %q: an empty request got %d", o.id, who, r.status)
			}
		}
	}
}

// TestDefaultDeny holds that an operation without a rule is refused.
func TestDefaultDeny(t *testing.T) {
	h := newHouse(t)
	op := h.api.spec.operations["GET /api/v1/tasks"]
	op.rule = rule{}
	if r := h.want(403, "editor", "GET", "/api/v1/tasks", nil); r.key() != "access.denied" {
		t.Errorf("without a rule: %s", r.body)
	}
}
