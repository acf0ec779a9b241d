package supplier

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"felleskrav/internal/catalogue"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/signing"
)

// Offering is a service a supplier offers: what a declaration is about.
type Offering struct {
	// ID is a UUIDv7.
	ID          string                    `json:"id"`
	Supplier    organisation.Number       `json:"supplier"`
	Name        string                    `json:"name"`
	Description string                    `json:"description,omitempty"`
	Models      []catalogue.DeliveryModel `json:"deliveryModels"`
	// Version is the supplier's own version of the service.
	Version string `json:"version,omitempty"`
	// Regions are ISO 3166-1 alpha-2 codes of where information is processed.
	Regions      []string      `json:"regions"`
	SubSuppliers []SubSupplier `json:"subSuppliers,omitempty"`
	// Descriptors holds every descriptor the offering has had, newest last.
	Descriptors []Descriptor `json:"descriptors"`
	CreatedAt   time.Time    `json:"createdAt"`
	UpdatedAt   time.Time    `json:"updatedAt"`
	Rev         int64        `json:"rev"`
}

// SubSupplier is somebody the supplier depends on to deliver the offering.
type SubSupplier struct {
	Name    string              `json:"name"`
	Country string              `json:"country"`
	Number  organisation.Number `json:"orgnr,omitempty"`
	// Offering is the id of the sub-supplier's own offering here, if it has one.
	Offering string `json:"offering,omitempty"`
	// Purpose says what the sub-supplier does in the delivery.
	Purpose string `json:"purpose"`
}

// Descriptor is the exact bytes that describe an offering at a time. A
// declaration names them by digest; they are served unchanged.
type Descriptor struct {
	// Digest is the SHA-256 of Bytes, in hex.
	Digest string    `json:"digest"`
	Bytes  []byte    `json:"bytes"`
	At     time.Time `json:"at"`
}

// Limits on what one offering may hold.
const (
	maxSubSuppliers = 100
	maxRegions      = 60
	maxDescriptors  = 500
	// maxDescribed bounds all descriptors of an offering together, in bytes:
	// they are one document, read with the offering.
	maxDescribed = 1 << 20
)

// Validate checks what a person filled in.
func (o Offering) Validate() error {
	var c problem.Collector
	c.Line("name", o.Name, 1, maxName)
	c.Line("description", o.Description, 0, 2000)
	c.Line("version", o.Version, 0, 60)
	known := catalogue.DeliveryModels()
	c.Check(len(o.Models) > 0, "deliveryModels", "field.required", nil)
	c.Check(len(o.Models) <= len(known), "deliveryModels", "field.many", problem.Args{"Max": len(known)})
	for i, m := range o.Models[:min(len(o.Models), len(known))] {
		c.Check(slices.Contains(known, m), fmt.Sprintf("deliveryModels[%d]", i), "field.unknown", problem.Args{"Value": string(m)})
	}
	c.Check(len(o.Regions) > 0, "regions", "field.required", nil)
	c.Check(len(o.Regions) <= maxRegions, "regions", "field.many", problem.Args{"Max": maxRegions})
	for i, r := range o.Regions[:min(len(o.Regions), maxRegions)] {
		checkCountry(&c, fmt.Sprintf("regions[%d]", i), r)
	}
	c.Check(len(o.SubSuppliers) <= maxSubSuppliers, "subSuppliers", "field.many", problem.Args{"Max": maxSubSuppliers})
	for i, s := range o.SubSuppliers[:min(len(o.SubSuppliers), maxSubSuppliers)] {
		c.Line(indexed("subSuppliers", i, "name"), s.Name, 1, maxName)
		c.Line(indexed("subSuppliers", i, "purpose"), s.Purpose, 1, 500)
		checkCountry(&c, indexed("subSuppliers", i, "country"), s.Country)
		if s.Number != "" {
			if _, err := organisation.ParseIdentifier(string(s.Number)); err != nil {
				c.Add(indexed("subSuppliers", i, "orgnr"), problem.KeyOf(err), problem.Args{"Number": string(s.Number), "Value": problem.Clip(string(s.Number))})
			}
		}
		c.Check(s.Offering == "" || len(s.Offering) == 36 && s.Offering != o.ID, indexed("subSuppliers", i, "offering"), "field.offering", nil)
	}
	return c.Err()
}

// Descriptor returns the descriptor in force.
func (o Offering) Descriptor() Descriptor {
	if len(o.Descriptors) == 0 {
		return Descriptor{}
	}
	return o.Descriptors[len(o.Descriptors)-1]
}

// At is the offering as it was described at a moment. What was said of it later
// is left out, and before it was described at all it had no sub-suppliers.
func (o Offering) At(t time.Time) Offering {
	known := len(o.Descriptors)
	for known > 0 && o.Descriptors[known-1].At.After(t) {
		known--
	}
	if known == len(o.Descriptors) {
		return o
	}
	o.Descriptors = o.Descriptors[:known:known]
	if known == 0 {
		o.SubSuppliers = nil
		return o
	}
	var d descriptorDocument
	if json.Unmarshal(o.Descriptors[known-1].Bytes, &d) == nil { // we wrote it
		o.Name, o.Description, o.Models, o.Version = d.Name, d.Description, d.Models, d.Version
		o.Regions, o.SubSuppliers = d.Regions, d.SubSuppliers
	}
	return o
}

// ServiceURN names an offering in statements.
func ServiceURN(offering string) string { return "urn:felleskrav:service:" + offering }

// descriptorDocument is the shape of the descriptor bytes.
type descriptorDocument struct {
	ID           string                    `json:"id"`
	Supplier     descriptorSupplier        `json:"supplier"`
	Name         string                    `json:"name"`
	Description  string                    `json:"description,omitempty"`
	Models       []catalogue.DeliveryModel `json:"deliveryModels"`
	Version      string                    `json:"version,omitempty"`
	Regions      []string                  `json:"regions"`
	SubSuppliers []SubSupplier             `json:"subSuppliers,omitempty"`
}

type descriptorSupplier struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Describe returns the offering's canonical descriptor (RFC 8785).
func (o Offering) Describe(supplierName string, at time.Time) (Descriptor, error) {
	b, err := signing.Canonical(descriptorDocument{
		ID: ServiceURN(o.ID), Supplier: descriptorSupplier{o.Supplier.ID(), supplierName},
		Name: o.Name, Description: o.Description, Models: o.Models, Version: o.Version,
		Regions: o.Regions, SubSuppliers: o.SubSuppliers,
	})
	if err != nil {
		return Descriptor{}, fmt.Errorf("describe offering: %w", err)
	}
	return Descriptor{Digest: signing.Digest(b), Bytes: b, At: at}, nil
}
