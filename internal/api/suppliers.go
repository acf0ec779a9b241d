package api

import (
	"context"

	"felleskrav/internal/organisation"
	"felleskrav/internal/signing/keyless"
	"felleskrav/internal/supplier"
)

// orgnr checks a number of the path; the contract has seen that it has nine
// digits.
func orgnr(s organisation.Number) (organisation.Number, error) {
	return organisation.ParseNumber(string(s))
}

func supplierView(s supplier.Supplier) Supplier {
	return Supplier{
		Orgnr: s.Number, Name: s.Name, Country: s.Country, Website: s.Website, Invented: s.Invented, FourEyes: s.FourEyes, Identifiers: s.Identifiers, Body: s.Body,
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}
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
	return GetSupplier200JSONResponse{supplierView(s), GetSupplier200ResponseHeaders{etag(s.Rev)}}, nil
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
	if in.Country == "" {
		in.Country = "NO"
	}
	s, created, err := a.Suppliers.Register(ctx, actor, in)
	if err != nil {
		return nil, err
	}
	if created {
		return PutSupplier201JSONResponse{supplierView(s), PutSupplier201ResponseHeaders{etag(s.Rev)}}, nil
	}
	return PutSupplier200JSONResponse{supplierView(s), PutSupplier200ResponseHeaders{etag(s.Rev)}}, nil
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
	if created {
		return PutBody201JSONResponse{supplierView(s), PutBody201ResponseHeaders{etag(s.Rev)}}, nil
	}
	return PutBody200JSONResponse{supplierView(s), PutBody200ResponseHeaders{etag(s.Rev)}}, nil
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
