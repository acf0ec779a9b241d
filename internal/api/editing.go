package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"felleskrav/internal/catalogue"
)

// yamlText is the media type of content files.
const yamlText = "text/yaml; charset=utf-8"

// draftAnswer is a draft with its revision as entity tag.
type draftAnswer struct{ exact }

// What follows lets every operation on a draft answer with it.
func (d draftAnswer) VisitGetContentDraftResponse(w http.ResponseWriter) error     { return d.send(w) }
func (d draftAnswer) VisitCreateContentDraftResponse(w http.ResponseWriter) error  { return d.send(w) }
func (d draftAnswer) VisitPutContentDraftResponse(w http.ResponseWriter) error     { return d.send(w) }
func (d draftAnswer) VisitDiscardContentDraftResponse(w http.ResponseWriter) error { return d.send(w) }
func (d draftAnswer) VisitPutContentDraftFileResponse(w http.ResponseWriter) error { return d.send(w) }
func (d draftAnswer) VisitRemoveContentDraftFileResponse(w http.ResponseWriter) error {
	return d.send(w)
}
func (d draftAnswer) VisitSubmitContentDraftResponse(w http.ResponseWriter) error  { return d.send(w) }
func (d draftAnswer) VisitDecideContentDraftResponse(w http.ResponseWriter) error  { return d.send(w) }
func (d draftAnswer) VisitPublishContentDraftResponse(w http.ResponseWriter) error { return d.send(w) }

// answerDraft answers with a draft, or with err.
func answerDraft(d catalogue.Draft, err error) (draftAnswer, error) {
	if err != nil {
		return draftAnswer{}, err
	}
	body, err := json.Marshal(draftView(d))
	if err != nil {
		return draftAnswer{}, fmt.Errorf("write draft: %w", err)
	}
	return draftAnswer{exact{mediaType: "application/json", header: map[string]string{"ETag": etag(d.Rev)}, body: body}}, nil
}

func personView(p catalogue.Person) ContentPerson { return ContentPerson{Name: p.Name, Org: p.Org} }

// draftView is a draft without the texts of its files.
func draftView(d catalogue.Draft) ContentDraft {
	out := ContentDraft{
		Id: d.ID, Title: d.Title, Note: d.Note, Author: personView(d.Author), State: string(d.State), Rev: int(d.Rev),
		Files: []ContentFile{}, Releases: d.Releases, CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
		Reviews: each(d.Reviews, func(r catalogue.DraftReview) ContentReview {
			return ContentReview{By: personView(r.By), Decision: string(r.Decision), Comment: r.Comment, At: r.At}
		}),
	}
	if out.Releases == nil {
		out.Releases = []WantedRelease{}
	}
	for _, p := range d.Paths() {
		out.Files = append(out.Files, ContentFile{Path: p, Sha256: d.Files[p].SHA256, Bytes: d.Files[p].Size})
	}
	if d.Closed != nil {
		out.ClosedBy, out.ClosedAt = personView(d.Closed.By), d.Closed.At
	}
	return out
}

// ListContentDrafts lists the drafts, newest first.
func (a *API) ListContentDrafts(ctx context.Context, r ListContentDraftsRequestObject) (ListContentDraftsResponseObject, error) {
	ctx, actor := caller(ctx)
	some, next, err := fetch(r.Params.Limit, func(limit int) ([]catalogue.Draft, error) {
		return a.Drafts.List(ctx, actor, r.Params.Cursor, limit)
	}, func(d catalogue.Draft) string { return d.ID })
	if err != nil {
		return nil, err
	}
	return ListContentDrafts200JSONResponse{Items: each(some, draftView), Next: next}, nil
}

func draftInput(in ContentDraftInput) catalogue.DraftInput {
	return catalogue.DraftInput{Title: in.Title, Note: in.Note, Releases: in.Releases}
}

// CreateContentDraft begins a draft.
func (a *API) CreateContentDraft(ctx context.Context, r CreateContentDraftRequestObject) (CreateContentDraftResponseObject, error) {
	ctx, actor := caller(ctx)
	d, err := a.Drafts.Create(ctx, actor, draftInput(*r.Body))
	out, err := answerDraft(d, err)
	if err != nil {
		return nil, err
	}
	out.status, out.header["Location"] = http.StatusCreated, "/api/v1/catalogue/drafts/"+d.ID
	return out, nil
}

// GetContentDraft reads a draft.
func (a *API) GetContentDraft(ctx context.Context, r GetContentDraftRequestObject) (GetContentDraftResponseObject, error) {
	ctx, actor := caller(ctx)
	return answerDraft(a.Drafts.Get(ctx, actor, r.Id))
}

// PutContentDraft changes what is said about a draft.
func (a *API) PutContentDraft(ctx context.Context, r PutContentDraftRequestObject) (PutContentDraftResponseObject, error) {
	ctx, actor := caller(ctx)
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	return answerDraft(a.Drafts.Describe(ctx, actor, r.Id, rev, draftInput(*r.Body)))
}

// DiscardContentDraft ends a draft.
func (a *API) DiscardContentDraft(ctx context.Context, r DiscardContentDraftRequestObject) (DiscardContentDraftResponseObject, error) {
	ctx, actor := caller(ctx)
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	return answerDraft(a.Drafts.Discard(ctx, actor, r.Id, rev))
}

// contentFile is a file in its exact bytes.
type contentFile struct{ exact }

// VisitGetContentDraftFileResponse sends it.
func (f contentFile) VisitGetContentDraftFileResponse(w http.ResponseWriter) error { return f.send(w) }

// VisitGetContentFilesResponse sends it.
func (f contentFile) VisitGetContentFilesResponse(w http.ResponseWriter) error { return f.send(w) }

// GetContentDraftFile reads a file of a draft.
func (a *API) GetContentDraftFile(ctx context.Context, r GetContentDraftFileRequestObject) (GetContentDraftFileResponseObject, error) {
	ctx, actor := caller(ctx)
	data, err := a.Drafts.File(ctx, actor, r.Id, r.Params.Path)
	if err != nil {
		return nil, err
	}
	return contentFile{exact{mediaType: yamlText, body: data}}, nil
}

// PutContentDraftFile puts a file into a draft.
func (a *API) PutContentDraftFile(ctx context.Context, r PutContentDraftFileRequestObject) (PutContentDraftFileResponseObject, error) {
	ctx, actor := caller(ctx)
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r.Body) // capped by its rule
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return nil, err
		}
		return nil, malformed(err)
	}
	return answerDraft(a.Drafts.PutFile(ctx, actor, r.Id, rev, r.Params.Path, data))
}

// RemoveContentDraftFile takes a file out of a draft.
func (a *API) RemoveContentDraftFile(ctx context.Context, r RemoveContentDraftFileRequestObject) (RemoveContentDraftFileResponseObject, error) {
	ctx, actor := caller(ctx)
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	return answerDraft(a.Drafts.RemoveFile(ctx, actor, r.Id, rev, r.Params.Path))
}

// GetContentDraftFindings checks a draft.
func (a *API) GetContentDraftFindings(ctx context.Context, r GetContentDraftFindingsRequestObject) (GetContentDraftFindingsResponseObject, error) {
	texts := a.texts(ctx)
	ctx, actor := caller(ctx)
	c, err := a.Drafts.Check(ctx, actor, r.Id)
	if err != nil {
		return nil, err
	}
	out := GetContentDraftFindings200JSONResponse{
		Faults: each(c.Faults, func(f catalogue.Fault) ContentFault {
			return ContentFault{File: f.File, Line: f.Line, Key: f.Key, Text: texts.T("catalogue.fault."+f.Key, f.Args)}
		}),
		Findings: each(c.Findings, func(f catalogue.Finding) ContentFault {
			return ContentFault{File: f.File, Line: f.Line, Key: f.Key, Text: texts.T("catalogue.lint."+f.Key, f.Args)}
		}),
		Outdated: c.Outdated,
	}
	if out.Outdated == nil {
		out.Outdated = []string{}
	}
	return out, nil
}

// SubmitContentDraft hands a draft over for review.
func (a *API) SubmitContentDraft(ctx context.Context, r SubmitContentDraftRequestObject) (SubmitContentDraftResponseObject, error) {
	ctx, actor := caller(ctx)
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	return answerDraft(a.Drafts.SubmitForReview(ctx, actor, r.Id, rev))
}

// DecideContentDraft approves or returns a draft.
func (a *API) DecideContentDraft(ctx context.Context, r DecideContentDraftRequestObject) (DecideContentDraftResponseObject, error) {
	ctx, actor := caller(ctx)
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	return answerDraft(a.Drafts.Decide(ctx, actor, r.Id, rev, catalogue.Decision(r.Body.Decision), r.Body.Comment))
}

// PublishContentDraft puts a draft in force.
func (a *API) PublishContentDraft(ctx context.Context, r PublishContentDraftRequestObject) (PublishContentDraftResponseObject, error) {
	ctx, actor := caller(ctx)
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	return answerDraft(a.Drafts.Publish(ctx, actor, r.Id, rev))
}

// GetContentFiles lists the content files in force, or gives one.
func (a *API) GetContentFiles(ctx context.Context, r GetContentFilesRequestObject) (GetContentFilesResponseObject, error) {
	if r.Params.Path == "" {
		items := each(a.Drafts.Live.Files(), func(f catalogue.FileInfo) ContentFile {
			return ContentFile{Path: f.Path, Sha256: f.SHA256, Bytes: f.Size}
		})
		body, err := json.Marshal(ContentFileList{Items: items})
		if err != nil {
			return nil, fmt.Errorf("write list of files: %w", err)
		}
		return contentFile{exact{mediaType: "application/json", body: body}}, nil
	}
	data, err := a.Drafts.Live.File(r.Params.Path)
	if err != nil {
		return nil, err
	}
	tag := `"` + catalogue.Digest(data) + `"`
	out := exact{mediaType: yamlText, body: data, header: map[string]string{"ETag": tag}}
	if matches(ginOf(ctx).Request.Header.Get("If-None-Match"), tag) {
		out.status, out.mediaType, out.body = http.StatusNotModified, "", nil
	}
	return contentFile{out}, nil
}
