package api

import (
	"context"

	"felleskrav/internal/organisation"
	"felleskrav/internal/signing/keyless"
	"felleskrav/internal/supplier"
)

// orgnr checks a number of the path; the contract has seen that it has the form
// of one.
func orgnr(s organisation.Number) (organisation.Number, error) {
	return organisation.ParseIdentifier(string(s))
}

func supplierView(s supplier.Supplier) Supplier {
	out := Supplier{
		Orgnr: s.Number, Name: s.Name, Country: s.Country, Website: s.Website, Invented: s.Invented, FourEyes: s.FourEyes, Identifiers: s.Identifiers, Body: s.Body,
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}
	if s.Registration != nil {
		out.Registration = *s.Registration
	}
	if s.Number.Foreign() {
		v := SupplierVerification{Verified: s.Verified(), By: []SupplierVerifier{}}
		for _, step := range s.VerificationSteps() { // never who the person was
			v.By = append(v.By, SupplierVerifier{Org: string(step.Org), OrgName: step.OrgName, At: step.At, LogIndex: step.Index})
		}
		out.Verification = v
	}
	return out
}

// registered adds what the register of legal entities says to one supplier. With
// ask it waits for the register a moment, as for somebody who is registering.
func (a *API) registered(ctx context.Context, s supplier.Supplier, ask bool) (Supplier, error) {
	out := supplierView(s)
	known := a.Facts.KnownInRegister
	if ask && a.Register.On() {
		known = a.Register.Ask
	}
	e, err := known(ctx, s.Number)
	if err != nil || e == nil {
		return out, err
	}
	out.Register, out.RegisterNameDiffers = *e, e.Differs(s.Name)
	return out, nil
}

// ListSuppliers searches suppliers.
func (a *API) ListSuppliers(ctx context.Context, r ListSuppliersRequestObject) (ListSuppliersResponseObject, error) {
	ctx, actor := caller(ctx)
	after := organisation.Number(r.Params.Cursor)
	if after != "" {
		if _, err := orgnr(after); err != nil {
			return nil, errCursor
		}
	}
	found, next, err := fetch(r.Params.Limit, func(limit int) ([]supplier.Supplier, error) {
		return a.Suppliers.Search(ctx, actor, r.Params.Q, after, limit)
	}, func(s supplier.Supplier) string { return string(s.Number) })
	return ListSuppliers200JSONResponse{each(found, supplierView), next}, err
}

// GetSupplier reads a supplier.
func (a *API) GetSupplier(ctx context.Context, r GetSupplierRequestObject) (GetSupplierResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	s, err := a.Suppliers.Get(ctx, actor, n)
	if err != nil {
		return nil, err
	}
	view, err := a.registered(ctx, s, false)
	return GetSupplier200JSONResponse{view, GetSupplier200ResponseHeaders{etag(s.Rev)}}, err
}

// PutSupplier registers or changes a supplier.
func (a *API) PutSupplier(ctx context.Context, r PutSupplierRequestObject) (PutSupplierResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	in := supplier.Supplier{Number: n, Name: r.Body.Name, Country: r.Body.Country, Website: r.Body.Website, Rev: rev}
	if r.Body.Registration != (supplier.Registration{}) {
		in.Registration = &r.Body.Registration
	}
	if in.Country == "" {
		in.Country = "NO"
	}
	s, created, err := a.Suppliers.Register(ctx, actor, in)
	if err != nil {
		return nil, err
	}
	view, err := a.registered(ctx, s, true)
	if err != nil {
		return nil, err
	}
	if created {
		return PutSupplier201JSONResponse{view, PutSupplier201ResponseHeaders{etag(s.Rev)}}, nil
	}
	return PutSupplier200JSONResponse{view, PutSupplier200ResponseHeaders{etag(s.Rev)}}, nil
}

// PutBody registers the caller's own public body, or changes its name.
func (a *API) PutBody(ctx context.Context, r PutBodyRequestObject) (PutBodyResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	s, created, err := a.Suppliers.RegisterBody(ctx, actor, supplier.Supplier{Number: n, Name: r.Body.Name, Rev: rev})
	if err != nil {
		return nil, err
	}
	view, err := a.registered(ctx, s, true)
	if err != nil {
		return nil, err
	}
	if created {
		return PutBody201JSONResponse{view, PutBody201ResponseHeaders{etag(s.Rev)}}, nil
	}
	return PutBody200JSONResponse{view, PutBody200ResponseHeaders{etag(s.Rev)}}, nil
}

// ListKeys lists a supplier's keys in the order they were enrolled.
func (a *API) ListKeys(ctx context.Context, r ListKeysRequestObject) (ListKeysResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	s, err := a.Suppliers.Get(ctx, actor, n)
	if err != nil {
		return nil, err
	}
	items, next, err := page(s.Keys, r.Params.Limit, r.Params.Cursor, func(k supplier.Key) string { return k.ID })
	return ListKeys200JSONResponse{items, next}, err
}

// BeginEnrolment makes a challenge.
func (a *API) BeginEnrolment(ctx context.Context, r BeginEnrolmentRequestObject) (BeginEnrolmentResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	in := supplier.Enrolment{PEM: r.Body.Pem, Label: r.Body.Label, ExpiresAt: r.Body.ExpiresAt, Replaces: r.Body.Replaces}
	if id := r.Body.Identity; id.Issuer != "" {
		in.Identity = &keyless.Identity{Issuer: id.Issuer, Subject: id.Subject}
	}
	ch, err := a.Suppliers.BeginEnrolment(ctx, actor, n, in)
	if err != nil {
		return nil, err
	}
	return BeginEnrolment201JSONResponse{
		Challenge{Id: ch.ID, KeyId: ch.KeyID, Message: ch.Bytes, ExpiresAt: ch.ExpiresAt},
		BeginEnrolment201ResponseHeaders{"/api/v1/suppliers/" + string(n) + "/keys/challenges/" + ch.ID},
	}, nil
}

// CompleteEnrolment takes the proof.
func (a *API) CompleteEnrolment(ctx context.Context, r CompleteEnrolmentRequestObject) (CompleteEnrolmentResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	proof := r.Body.Signature
	if len(proof) == 0 {
		proof = r.Body.Bundle
	}
	k, err := a.Suppliers.CompleteEnrolment(ctx, actor, n, r.Id, proof)
	return CompleteEnrolment201JSONResponse(k), err
}

// RevokeKey revokes a key.
func (a *API) RevokeKey(ctx context.Context, r RevokeKeyRequestObject) (RevokeKeyResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	k, err := a.Suppliers.RevokeKey(ctx, actor, n, r.KeyId, r.Body.Reason, r.Body.Note)
	return RevokeKey200JSONResponse(k), err
}

// PutFourEyes asks for two signers, or for one.
func (a *API) PutFourEyes(ctx context.Context, r PutFourEyesRequestObject) (PutFourEyesResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	s, err := a.Suppliers.SetFourEyes(ctx, actor, n, r.Body.Required)
	return PutFourEyes200JSONResponse(supplierView(s)), err
}

// PutIdentifiers says under which identifiers other registers know a supplier.
func (a *API) PutIdentifiers(ctx context.Context, r PutIdentifiersRequestObject) (PutIdentifiersResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	s, err := a.Suppliers.SetIdentifiers(ctx, actor, n, r.Body.Identifiers)
	return PutIdentifiers200JSONResponse(supplierView(s)), err
}

// VerifySupplier is one editor's word that a foreign supplier is whom it says.
func (a *API) VerifySupplier(ctx context.Context, r VerifySupplierRequestObject) (VerifySupplierResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	s, err := a.Suppliers.Verify(ctx, actor, n, rev)
	return VerifySupplier200JSONResponse(supplierView(s)), err
}

// EndVerification takes that back.
func (a *API) EndVerification(ctx context.Context, r EndVerificationRequestObject) (EndVerificationResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	s, err := a.Suppliers.EndVerification(ctx, actor, n, rev)
	return EndVerification200JSONResponse(supplierView(s)), err
}
