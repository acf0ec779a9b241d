package api

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/bulkcheck"
	"felleskrav/internal/httpd"
	"felleskrav/internal/locale"
	"felleskrav/internal/problem"
	"felleskrav/internal/workbook"
)

// checkStatus answers JSON at once, and starts a job for a file.
func (a *API) checkStatus(c *gin.Context) {
	ctx, actor, t := c.Request.Context(), httpd.Actor(c), a.Texts.In(httpd.Lang(c))
	if !a.spec.operations["POST /api/v1/status/check"].isFile(c) {
		if err := noFileParameters(c); err != nil {
			httpd.Fail(c, err)
			return
		}
		var in CheckInput
		if err := c.ShouldBindJSON(&in); err != nil {
			httpd.Fail(c, malformed(err))
			return
		}
		result, err := a.checkNumbers(ctx, t, actor, in)
		if err != nil {
			httpd.Fail(c, err)
			return
		}
		c.JSON(http.StatusOK, result)
		return
	}
	order, err := orderOf(c, t)
	if err != nil {
		httpd.Fail(c, err)
		return
	}
	job, err := a.Checks.Start(ctx, actor, order, c.Request.Body)
	if err != nil {
		httpd.Fail(c, err)
		return
	}
	c.Header("Location", "/api/v1/status/checks/"+job.ID)
	c.JSON(http.StatusAccepted, a.checkJob(job, t, maxDoubts))
}

// fileParameters are those that are for files.
var fileParameters = []string{"set", "at", "column", "name", "retention"}

// noFileParameters refuses them beside JSON, where they would not count.
func noFileParameters(c *gin.Context) error {
	p := problem.New(problem.Invalid, "request.parameters", nil)
	for _, name := range fileParameters {
		if c.Query(name) != "" {
			p.Fields = append(p.Fields, problem.Field{Path: name, Key: "bulkcheck.for-files", Args: problem.Args{"Name": name}})
		}
	}
	if len(p.Fields) == 0 {
		return nil
	}
	return p
}

// orderOf reads the parameters, which the contract has been held against.
func orderOf(c *gin.Context, t *locale.Texts) (bulkcheck.Order, error) {
	o := bulkcheck.Order{FileName: c.Query("name"), Set: c.Query("set"), Column: c.Query("column"), Language: t.Lang}
	if s := c.Query("at"); s != "" {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return o, malformed(err)
		}
		o.At = at
	}
	if s := c.Query("retention"); s != "" {
		days, err := strconv.Atoi(s)
		if err != nil {
			return o, malformed(err)
		}
		o.RetentionDays = &days
	}
	return o, nil
}

// maxDoubts is how many doubtful rows one answer tells of.
const maxDoubts = 100

func (a *API) checkJob(j bulkcheck.Job, t *locale.Texts, doubts int) CheckJob {
	self := "/api/v1/status/checks/" + j.ID
	out := CheckJob{
		Id: j.ID, State: j.State, Name: j.FileName, Kind: string(j.Kind), Set: j.Set, At: j.At, Sheet: j.Sheet, Column: j.Heading, Language: j.Language,
		RetentionDays: j.RetentionDays, CreatedAt: j.CreatedAt, StartedAt: j.StartedAt, EndedAt: j.EndedAt, KeepUntil: j.KeepUntil,
		Progress: CheckProgress{Done: j.Done, Total: j.Total}, Counts: j.Counts, Doubtful: j.Doubtful,
		Links: CheckLinks{Self: self, Page: a.BaseURL + "/checks/" + j.ID},
	}
	if j.Result != "" {
		out.Links.Result = self + "/result"
	}
	if f := j.Failure; f != nil {
		out.Problem = CheckProblem{Key: f.Key, Detail: t.T(f.Key, f.TextArgs())}
	}
	out.Doubts = each(j.Doubts[:min(len(j.Doubts), doubts)], func(d workbook.Doubt) DoubtfulRow {
		return DoubtfulRow{Sheet: d.Sheet, Row: d.Row, Cell: d.Cell, Value: d.Value, Key: d.Key, Detail: t.T(d.Key)}
	})
	return out
}

// ListChecks lists the jobs of the caller's organisation.
func (a *API) ListChecks(ctx context.Context, r ListChecksRequestObject) (ListChecksResponseObject, error) {
	t := a.texts(ctx)
	ctx, actor := caller(ctx)
	items, next, err := fetch(r.Params.Limit, func(limit int) ([]bulkcheck.Job, error) {
		return a.Checks.List(ctx, actor, r.Params.Cursor, limit)
	}, func(j bulkcheck.Job) string { return j.ID })
	return ListChecks200JSONResponse{each(items, func(j bulkcheck.Job) CheckJob { return a.checkJob(j, t, 0) }), next}, err
}

// GetCheck tells how far a job has come.
func (a *API) GetCheck(ctx context.Context, r GetCheckRequestObject) (GetCheckResponseObject, error) {
	t := a.texts(ctx)
	ctx, actor := caller(ctx)
	j, err := a.Checks.Get(ctx, actor, r.Id)
	if err != nil {
		return nil, err
	}
	return GetCheck200JSONResponse(a.checkJob(j, t, maxDoubts)), nil
}

// DeleteCheck cancels and deletes a job.
func (a *API) DeleteCheck(ctx context.Context, r DeleteCheckRequestObject) (DeleteCheckResponseObject, error) {
	ctx, actor := caller(ctx)
	if err := a.Checks.Delete(ctx, actor, r.Id); err != nil {
		return nil, err
	}
	return DeleteCheck204Response{}, nil
}

// checkedList is a result about to be sent.
type checkedList struct {
	body io.ReadCloser
	job  bulkcheck.Job
}

// VisitGetCheckResultResponse streams it.
func (l checkedList) VisitGetCheckResultResponse(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Content-Type", workbook.Format(l.job.Kind).MediaType())
	h.Set("Content-Length", strconv.FormatInt(l.job.ResultSize, 10))
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": l.job.ResultName()})
	if disposition == "" {
		disposition = "attachment"
	}
	h.Set("Content-Disposition", disposition)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	_, err := io.Copy(w, l.body)
	if closed := l.body.Close(); err == nil {
		err = closed
	}
	if err != nil {
		// The length is promised, so the client sees that it did not get all.
		return fmt.Errorf("send list of suppliers: %w", err)
	}
	return nil
}

// GetCheckResult sends the list with statuses in it.
func (a *API) GetCheckResult(ctx context.Context, r GetCheckResultRequestObject) (GetCheckResultResponseObject, error) {
	ctx, actor := caller(ctx)
	body, job, err := a.Checks.Open(ctx, actor, r.Id)
	if err != nil {
		return nil, err
	}
	return checkedList{body, job}, nil
}
