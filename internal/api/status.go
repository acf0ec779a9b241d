package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"felleskrav/internal/access"
	"felleskrav/internal/catalogue"
	"felleskrav/internal/httpd"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/status"
	"felleskrav/internal/status/facts"
)

func (a *API) texts(ctx context.Context) *locale.Texts { return a.Texts.In(httpd.Lang(ginOf(ctx))) }

// statusBody is a status that has been written out.
type statusBody []byte

// VisitGetOfferingStatusResponse sends it.
func (s statusBody) VisitGetOfferingStatusResponse(w http.ResponseWriter) error {
	h := w.Header()
	h["Content-Type"] = applicationJSON
	h["Content-Length"] = []string{strconv.Itoa(len(s))} // or it would go out in chunks
	if _, err := w.Write(s); err != nil {
		return fmt.Errorf("send status: %w", err)
	}
	return nil
}

var applicationJSON = []string{"application/json"}

// GetOfferingStatus gives the status now from the cache, or at a moment.
func (a *API) GetOfferingStatus(ctx context.Context, r GetOfferingStatusRequestObject) (GetOfferingStatusResponseObject, error) {
	generation, quiet := httpd.Quiet(ginOf(ctx))
	ctx, actor := caller(ctx)
	if r.Params.At.IsZero() {
		e, err := a.statuses.get(ctx, actor, r.Id, r.Params.Set, generation, quiet)
		if err != nil {
			return nil, err
		}
		return statusBody(e.body), nil
	}
	st, err := a.Facts.Status(ctx, actor, r.Id, r.Params.Set, r.Params.At)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(st)
	if err != nil {
		return nil, fmt.Errorf("write status: %w", err)
	}
	return statusBody(body), nil
}

// GetSupplierStatus gives the statuses of all offerings.
func (a *API) GetSupplierStatus(ctx context.Context, r GetSupplierStatusRequestObject) (GetSupplierStatusResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	all, err := a.Facts.OfSupplier(ctx, actor, n, r.Params.At)
	if all == nil {
		all = []status.Status{}
	}
	return GetSupplierStatus200JSONResponse{Items: all}, err
}

// checkNumbers gives the statuses of many suppliers, in the order they were
// sent. What is not a number has a row that says so; it does not spoil the
// others.
func (a *API) checkNumbers(ctx context.Context, t *locale.Texts, actor access.Actor, in CheckInput) (CheckResult, error) {
	set := in.Set
	if set == "" {
		set = facts.DefaultSet
	}
	numbers := make([]organisation.Number, len(in.Suppliers)) // empty where it is none
	wrong := make([]*problem.Error, len(numbers))
	var unique []organisation.Number
	rows := map[organisation.Number][]facts.CheckRow{}
	for i, s := range in.Suppliers {
		n, err := organisation.ParseIdentifier(s)
		if err != nil {
			wrong[i] = httpd.Classify(err)
			continue
		}
		numbers[i] = n
		if _, seen := rows[n]; !seen {
			rows[n] = nil
			unique = append(unique, n)
		}
	}
	found, err := a.Facts.Check(ctx, actor, unique, set, in.At)
	if err != nil {
		return CheckResult{}, err
	}
	for _, row := range found {
		rows[row.Number] = append(rows[row.Number], row)
	}
	out := CheckResult{Set: a.resolve(set), Items: make([]CheckRow, 0, len(numbers))}
	for i, n := range numbers {
		if p := wrong[i]; p != nil {
			out.Items = append(out.Items, CheckRow{Orgnr: in.Suppliers[i], Error: FieldProblem{
				Field: fmt.Sprintf("suppliers[%d]", i), Key: p.Key, Detail: t.T(p.Key, map[string]any(p.Args)),
			}})
			continue
		}
		for _, row := range rows[n] {
			out.Items = append(out.Items, checkRow(row))
		}
	}
	return out, nil
}

// resolve names the version that a set reference stands for.
func (a *API) resolve(ref string) string {
	set, version, err := catalogue.ParseRef(ref)
	if err != nil {
		return ref
	}
	if v, ok := a.Catalogue.Content().Version(set, version); ok {
		return v.Ref()
	}
	return ref
}

func checkRow(r facts.CheckRow) CheckRow {
	out := CheckRow{Orgnr: string(r.Number), Known: r.Known, SupplierName: r.SupplierName}
	if r.Register != nil {
		out.Register = *r.Register
	}
	if st := r.Status; st != nil {
		out.Status = StatusSummary{
			Offering: st.Offering, OfferingName: st.OfferingName, Set: st.Set, SetVersion: st.SetVersion, Overall: st.Overall,
			At: st.At, Counts: st.Counts,
		}
		if st.ChangesAt != nil {
			out.Status.ChangesAt = *st.ChangesAt
		}
		if st.Declaration != nil {
			out.Status.Declaration = *st.Declaration
		}
		if st.Weakest != nil {
			out.Status.Weakest = *st.Weakest
		}
	}
	return out
}

// GetOfferingBadge draws the status.
func (a *API) GetOfferingBadge(ctx context.Context, r GetOfferingBadgeRequestObject) (GetOfferingBadgeResponseObject, error) {
	t := a.texts(ctx)
	generation, quiet := httpd.Quiet(ginOf(ctx))
	ctx, actor := caller(ctx)
	e, err := a.statuses.get(ctx, actor, r.Id, r.Params.Set, generation, quiet)
	if err != nil {
		return nil, err
	}
	return drawBadge(e.status, t, time.Minute), nil
}
