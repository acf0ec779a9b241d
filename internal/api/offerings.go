package api

import (
	"context"
	"net/http"

	"felleskrav/internal/problem"
	"felleskrav/internal/supplier"
)

var errNoDescriptor = problem.New(problem.NotFound, "offering.no-descriptor", nil)

// ListOfferings lists a supplier's offerings.
func (a *API) ListOfferings(ctx context.Context, r ListOfferingsRequestObject) (ListOfferingsResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	if _, err := a.Suppliers.Get(ctx, actor, n); err != nil {
		return nil, err
	}
	all, err := a.Suppliers.Offerings(ctx, actor, n)
	if err != nil {
		return nil, err
	}
	some, next, err := page(all, r.Params.Limit, r.Params.Cursor, func(o supplier.Offering) string { return o.ID })
	return ListOfferings200JSONResponse{each(some, offeringView), next}, err
}

// CreateOffering adds an offering.
func (a *API) CreateOffering(ctx context.Context, r CreateOfferingRequestObject) (CreateOfferingResponseObject, error) {
	ctx, actor := caller(ctx)
	n, err := orgnr(r.Orgnr)
	if err != nil {
		return nil, err
	}
	in := offeringOf(*r.Body)
	in.Supplier = n
	o, err := a.Suppliers.CreateOffering(ctx, actor, in)
	if err != nil {
		return nil, err
	}
	return CreateOffering201JSONResponse{offeringView(o), CreateOffering201ResponseHeaders{ETag: etag(o.Rev), Location: "/api/v1/offerings/" + o.ID}}, nil
}

func offeringOf(in OfferingInput) supplier.Offering {
	return supplier.Offering{
		Name: in.Name, Description: in.Description, Models: in.DeliveryModels, Version: in.Version,
		Regions: in.Regions, SubSuppliers: in.SubSuppliers,
	}
}

func offeringView(o supplier.Offering) Offering {
	d := o.Descriptor()
	return Offering{
		Id: o.ID, Supplier: o.Supplier, Name: o.Name, Description: o.Description, DeliveryModels: o.Models, Version: o.Version,
		Regions: o.Regions, SubSuppliers: o.SubSuppliers, Descriptor: DescriptorRef{At: d.At, Digest: d.Digest},
		CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
	}
}

// GetOffering reads an offering.
func (a *API) GetOffering(ctx context.Context, r GetOfferingRequestObject) (GetOfferingResponseObject, error) {
	ctx, actor := caller(ctx)
	o, err := a.Suppliers.Offering(ctx, actor, r.Id)
	if err != nil {
		return nil, err
	}
	return GetOffering200JSONResponse{offeringView(o), GetOffering200ResponseHeaders{etag(o.Rev)}}, nil
}

// PutOffering changes an offering.
func (a *API) PutOffering(ctx context.Context, r PutOfferingRequestObject) (PutOfferingResponseObject, error) {
	ctx, actor := caller(ctx)
	rev, err := revision(r.Params.IfMatch)
	if err != nil {
		return nil, err
	}
	in := offeringOf(*r.Body)
	in.ID = r.Id
	o, err := a.Suppliers.UpdateOffering(ctx, actor, in, rev)
	if err != nil {
		return nil, err
	}
	return PutOffering200JSONResponse{offeringView(o), PutOffering200ResponseHeaders{etag(o.Rev)}}, nil
}

// descriptor is the exact bytes of one.
type descriptor struct{ exact }

// VisitGetDescriptorResponse sends it.
func (d descriptor) VisitGetDescriptorResponse(w http.ResponseWriter) error { return d.send(w) }

// GetDescriptor gives the bytes that declarations name.
func (a *API) GetDescriptor(ctx context.Context, r GetDescriptorRequestObject) (GetDescriptorResponseObject, error) {
	h := ginOf(ctx).Request.Header
	ctx, actor := caller(ctx)
	o, err := a.Suppliers.Offering(ctx, actor, r.Id)
	if err != nil {
		return nil, err
	}
	d := o.Descriptor()
	if want := r.Params.Digest; want != "" {
		d = supplier.Descriptor{}
		for _, old := range o.Descriptors {
			if old.Digest == want {
				d = old
			}
		}
	}
	if d.Digest == "" {
		return nil, errNoDescriptor
	}
	out := exact{mediaType: "application/json", body: d.Bytes, header: map[string]string{"ETag": `"` + d.Digest + `"`}}
	if matches(h.Get("If-None-Match"), out.header["ETag"]) {
		out.status, out.mediaType, out.body = http.StatusNotModified, "", nil
	}
	return descriptor{out}, nil
}
