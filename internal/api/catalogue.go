package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/problem"
)

// ListTasks lists the tasks in catalogue order.
func (a *API) ListTasks(_ context.Context, r ListTasksRequestObject) (ListTasksResponseObject, error) {
	items, next, err := page(a.Catalogue.Content().Tasks, r.Params.Limit, r.Params.Cursor, func(t catalogue.Task) string { return t.ID })
	return ListTasks200JSONResponse{items, next}, err
}

// ListInformationTypes lists the information types in catalogue order.
func (a *API) ListInformationTypes(_ context.Context, r ListInformationTypesRequestObject) (ListInformationTypesResponseObject, error) {
	items, next, err := page(a.Catalogue.Content().InformationTypes, r.Params.Limit, r.Params.Cursor, func(t catalogue.InformationType) string { return t.ID })
	return ListInformationTypes200JSONResponse{items, next}, err
}

// ListLevels lists the four levels.
func (a *API) ListLevels(_ context.Context, r ListLevelsRequestObject) (ListLevelsResponseObject, error) {
	items, next, err := page(a.Catalogue.Content().Levels, r.Params.Limit, r.Params.Cursor, func(l catalogue.LevelDescription) string { return strconv.Itoa(int(l.Level)) })
	return ListLevels200JSONResponse{items, next}, err
}

// ListMeasures lists the measures in catalogue order.
func (a *API) ListMeasures(_ context.Context, r ListMeasuresRequestObject) (ListMeasuresResponseObject, error) {
	items, next, err := page(a.Catalogue.Content().Measures, r.Params.Limit, r.Params.Cursor, func(m catalogue.Measure) string { return m.ID })
	return ListMeasures200JSONResponse{items, next}, err
}

// ListSources lists the sources in catalogue order.
func (a *API) ListSources(_ context.Context, r ListSourcesRequestObject) (ListSourcesResponseObject, error) {
	items, next, err := page(a.Catalogue.Content().Sources, r.Params.Limit, r.Params.Cursor, func(s catalogue.Source) string { return s.ID })
	return ListSources200JSONResponse{items, next}, err
}

// ListRequirements lists requirements of the working content, theme by theme.
func (a *API) ListRequirements(_ context.Context, r ListRequirementsRequestObject) (ListRequirementsResponseObject, error) {
	all := a.Catalogue.Content().Requirements()
	if theme := r.Params.Theme; theme != "" {
		if _, ok := a.Catalogue.Content().Theme(theme); !ok {
			return nil, problem.New(problem.NotFound, "theme.not-found", problem.Args{"Theme": problem.Clip(theme)})
		}
		all = slices.DeleteFunc(all, func(r catalogue.Requirement) bool { return r.Theme != theme })
	}
	if set := r.Params.Set; set != "" {
		if _, ok := a.Catalogue.Content().Set(set); !ok {
			return nil, a.noSet(set, "")
		}
		in := a.Catalogue.Content().SetRequirements(set)
		all = slices.DeleteFunc(all, func(r catalogue.Requirement) bool { return !slices.Contains(in, r.ID) })
	}
	items, next, err := page(all, r.Params.Limit, r.Params.Cursor, func(r catalogue.Requirement) string { return r.ID })
	return ListRequirements200JSONResponse{items, next}, err
}

func (a *API) noSet(set, version string) error {
	return problem.New(problem.NotFound, "set.not-found", problem.Args{"Set": problem.Clip(set), "Version": problem.Clip(version)})
}

// ListRequirementSets lists the sets with their releases.
func (a *API) ListRequirementSets(_ context.Context, r ListRequirementSetsRequestObject) (ListRequirementSetsResponseObject, error) {
	sets, next, err := page(a.Catalogue.Content().Sets, r.Params.Limit, r.Params.Cursor, func(s catalogue.Set) string { return s.ID })
	items := each(sets, func(s catalogue.Set) RequirementSet {
		return RequirementSet{
			Id: s.ID, Name: s.Name, Purpose: s.Purpose, Includes: s.Includes, DeliveryModels: s.DeliveryModels,
			Requirements: a.Catalogue.Content().SetRequirements(s.ID), Versions: each(a.Catalogue.Content().Versions(s.ID), release),
		}
	})
	return ListRequirementSets200JSONResponse{items, next}, err
}

func release(v catalogue.Version) SetRelease {
	return SetRelease{Version: v.Version, Uri: v.URI, Published: v.Published, Status: v.Status, Digest: v.Digest}
}

// setVersion is a release in its exact bytes, or as YAML.
type setVersion struct{ exact }

// VisitGetRequirementSetVersionResponse sends it.
func (s setVersion) VisitGetRequirementSetVersionResponse(w http.ResponseWriter) error {
	return s.send(w)
}

// GetRequirementSetVersion gives a release.
func (a *API) GetRequirementSetVersion(ctx context.Context, r GetRequirementSetVersionRequestObject) (GetRequirementSetVersionResponseObject, error) {
	v, ok := a.Catalogue.Content().Version(r.Id, r.V)
	if !ok {
		return nil, a.noSet(r.Id, r.V)
	}
	h := ginOf(ctx).Request.Header
	asYAML := string(r.Params.Format) == "yaml"
	if r.Params.Format == "" {
		accept := h.Get("Accept")
		asYAML = strings.Contains(accept, "yaml") && !strings.Contains(accept, "json")
	}
	out := exact{mediaType: "application/json", body: v.Bytes, header: map[string]string{"ETag": `"` + v.Digest + `"`, "Vary": "Accept"}}
	if asYAML {
		text, err := asYAMLText(v.Bytes)
		if err != nil {
			return nil, err
		}
		out.mediaType, out.body = "application/yaml", text
		out.header["ETag"] = `"` + v.Digest + `-yaml"`
	}
	if r.V == v.Version { // a release never changes; what is the latest does
		out.header["Cache-Control"] = "public, max-age=86400, immutable"
	}
	if matches(h.Get("If-None-Match"), out.header["ETag"]) {
		out.status, out.mediaType, out.body = http.StatusNotModified, "", nil
	}
	return setVersion{out}, nil
}

// asYAMLText writes JSON as YAML in block style; JSON is YAML, and the keys
// stay in their order.
func asYAMLText(data []byte) ([]byte, error) {
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil {
		return nil, fmt.Errorf("read release: %w", err)
	}
	var plain func(n *yaml.Node)
	plain = func(n *yaml.Node) {
		n.Style = 0
		for _, c := range n.Content {
			plain(c)
		}
	}
	plain(&node)
	out, err := yaml.Marshal(&node)
	if err != nil {
		return nil, fmt.Errorf("write release: %w", err)
	}
	return out, nil
}

// DiffRequirementSet says what changed between two releases.
func (a *API) DiffRequirementSet(_ context.Context, r DiffRequirementSetRequestObject) (DiffRequirementSetResponseObject, error) {
	from, ok := a.Catalogue.Content().Version(r.Id, r.Params.From)
	if !ok {
		return nil, a.noSet(r.Id, r.Params.From)
	}
	to, ok := a.Catalogue.Content().Version(r.Id, r.Params.To)
	if !ok {
		return nil, a.noSet(r.Id, r.Params.To)
	}
	changes := catalogue.Diff(from, to)
	if changes == nil {
		changes = []Change{}
	}
	return DiffRequirementSet200JSONResponse{Set: r.Id, From: release(from), To: release(to), Changes: changes}, nil
}
