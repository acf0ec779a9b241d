package keyless_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"testing"
	"time"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	dssepb "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"google.golang.org/protobuf/encoding/protojson"

	"felleskrav/internal/signing"
	"felleskrav/internal/signing/keyless"
)

// The tests of this file use signatures that sigstore-go makes.

// virtualRoot is the trusted root of sigstore-go's virtual Sigstore. Its own log ids are hexadecimal text where
// bytes belong, and it has certificate logs that its certificates are not in.
func virtualRoot(t testing.TB, vs *ca.VirtualSigstore) []byte {
	t.Helper()
	logs := map[string]*root.TransparencyLog{}
	for id, log := range vs.RekorLogs() {
		raw, err := hex.DecodeString(id)
		if err != nil {
			t.Fatal(err)
		}
		log.ID = raw
		logs[id] = log
	}
	trusted, err := root.NewTrustedRoot(root.TrustedRootMediaType01, vs.FulcioCertificateAuthorities(), nil, vs.TimestampingAuthorities(), logs)
	if err != nil {
		t.Fatal(err)
	}
	data, err := trusted.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// virtualBundle writes what the virtual Sigstore made as a bundle, with a change.
func virtualBundle(t testing.TB, vs *ca.VirtualSigstore, e *ca.TestEntity, change func(*bundlepb.Bundle)) []byte {
	t.Helper()
	content, err := e.VerificationContent()
	if err != nil {
		t.Fatal(err)
	}
	stamps, err := e.Timestamps()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := e.TlogEntries()
	if err != nil {
		t.Fatal(err)
	}
	sig, err := e.SignatureContent()
	if err != nil {
		t.Fatal(err)
	}
	m := &bundlepb.VerificationMaterial{
		Content:                   &bundlepb.VerificationMaterial_Certificate{Certificate: &commonpb.X509Certificate{RawBytes: content.Certificate().Raw}},
		TimestampVerificationData: &bundlepb.TimestampVerificationData{},
	}
	for _, stamp := range stamps {
		m.TimestampVerificationData.Rfc3161Timestamps = append(m.TimestampVerificationData.Rfc3161Timestamps, &commonpb.RFC3161SignedTimestamp{SignedTimestamp: stamp})
	}
	for _, entry := range entries {
		tle := entry.TransparencyLogEntry()
		if !entry.IsRekorV2() {
			completeV1(t, vs, tle)
		}
		m.TlogEntries = append(m.TlogEntries, tle)
	}
	b := &bundlepb.Bundle{MediaType: signing.MediaType, VerificationMaterial: m}
	if message := sig.MessageSignatureContent(); message != nil {
		b.Content = &bundlepb.Bundle_MessageSignature{MessageSignature: &commonpb.MessageSignature{
			MessageDigest: &commonpb.HashOutput{Algorithm: commonpb.HashAlgorithm_SHA2_256, Digest: message.Digest()}, Signature: message.Signature(),
		}}
	} else {
		raw := sig.EnvelopeContent().RawEnvelope()
		payload, err := raw.DecodeB64Payload()
		if err != nil {
			t.Fatal(err)
		}
		b.Content = &bundlepb.Bundle_DsseEnvelope{DsseEnvelope: &dssepb.Envelope{
			Payload: payload, PayloadType: raw.PayloadType, Signatures: []*dssepb.Signature{{Sig: sig.Signature()}},
		}}
	}
	if change != nil {
		change(b)
	}
	data, err := protojson.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// completeV1 puts into an entry of Rekor v1 what the virtual Sigstore keeps elsewhere or leaves out.
func completeV1(t testing.TB, vs *ca.VirtualSigstore, e *rekorpb.TransparencyLogEntry) {
	t.Helper()
	var body struct{ Kind, APIVersion string }
	if err := json.Unmarshal(e.CanonicalizedBody, &body); err != nil {
		t.Fatal(err)
	}
	e.KindVersion = &rekorpb.KindVersion{Kind: body.Kind, Version: body.APIVersion}
	promise, err := vs.RekorSignPayload(tlog.RekorPayload{
		Body: base64.StdEncoding.EncodeToString(e.CanonicalizedBody), IntegratedTime: e.IntegratedTime, LogIndex: e.LogIndex, LogID: hex.EncodeToString(e.LogId.KeyId),
	})
	if err != nil {
		t.Fatal(err)
	}
	e.InclusionPromise = &rekorpb.InclusionPromise{SignedEntryTimestamp: promise}
	completeProof(t, vs, e)
}

// completeProof gives an entry a proof under a checkpoint of Rekor v1.
func completeProof(t testing.TB, vs *ca.VirtualSigstore, e *rekorpb.TransparencyLogEntry) {
	t.Helper()
	proof, err := vs.GetInclusionProof(e.CanonicalizedBody)
	if err != nil {
		t.Fatal(err)
	}
	top, err := hex.DecodeString(*proof.RootHash)
	if err != nil {
		t.Fatal(err)
	}
	e.InclusionProof = &rekorpb.InclusionProof{
		LogIndex: *proof.LogIndex, TreeSize: *proof.TreeSize, RootHash: top, Checkpoint: &rekorpb.Checkpoint{Envelope: *proof.Checkpoint},
	}
}

func TestVirtualSigstore(t *testing.T) {
	vs, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, virtualRoot(t, vs))
	payload := statementOf(2)
	// The log's time is within the certificate's ten minutes; the timestamps tell the moment they are made at.
	v1, err := vs.AttestAtTime(person, issuer, payload, time.Now().Add(5*time.Minute), true)
	if err != nil {
		t.Fatal(err)
	}
	v2, err := vs.AttestHashedRekordV2(person, issuer, payload)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := vs.Sign(person, issuer, []byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	late, err := vs.AttestAtTime(person, issuer, payload, time.Now().Add(30*time.Minute), true)
	if err != nil {
		t.Fatal(err)
	}
	noStamp := func(b *bundlepb.Bundle) { b.VerificationMaterial.TimestampVerificationData = nil }
	entry := func(change func(e *rekorpb.TransparencyLogEntry)) func(b *bundlepb.Bundle) {
		return func(b *bundlepb.Bundle) { noStamp(b); change(b.VerificationMaterial.TlogEntries[0]) }
	}
	for name, c := range map[string]struct {
		entity *ca.TestEntity
		change func(*bundlepb.Bundle)
		source keyless.TimeSource
		want   error
	}{
		"log of v1 and timestamp":      {v1, nil, keyless.Timestamp, nil}, // the earlier of the two
		"log of v1":                    {v1, noStamp, keyless.Log, nil},
		"log of v2 and timestamp":      {v2, nil, keyless.Timestamp, nil},
		"log of v2":                    {v2, noStamp, "", keyless.ErrNoTime},
		"message, log of v1":           {blob, noStamp, keyless.Log, nil},
		"logged after expiry":          {late, noStamp, "", keyless.ErrTime},
		"logged after expiry, stamped": {late, nil, "", keyless.ErrTime},
		"time without promise":         {v1, entry(func(e *rekorpb.TransparencyLogEntry) { e.InclusionPromise = nil }), "", keyless.ErrNoTime},
		"time changed":                 {v1, entry(func(e *rekorpb.TransparencyLogEntry) { e.IntegratedTime-- }), "", keyless.ErrLogEntry},
		"promise without proof":        {v1, entry(func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof = nil }), "", signing.ErrLogEntry},
		"root hash changed":            {v1, entry(func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof.RootHash[0] ^= 1 }), "", keyless.ErrLogEntry},
	} {
		// Changes are made to copies of the entries, which the entity keeps.
		change := func(b *bundlepb.Bundle) {
			data, err := protojson.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			copied := new(bundlepb.Bundle)
			if err := protojson.Unmarshal(data, copied); err != nil {
				t.Fatal(err)
			}
			b.VerificationMaterial = copied.VerificationMaterial
			if c.change != nil {
				c.change(b)
			}
		}
		data := virtualBundle(t, vs, c.entity, change)
		var got keyless.Signer
		if c.entity == blob {
			got, err = v.VerifyBlob(data, []byte("message"))
		} else {
			got, err = v.VerifyStatement(data, payload)
		}
		if !errors.Is(err, c.want) || got.TimeSource != c.source {
			t.Errorf("%s: %v, time from %q; want %v, %q", name, err, got.TimeSource, c.want, c.source)
		}
		if c.want == nil && (got.Issuer != issuer || got.Subject != person || got.SubjectType != keyless.Email) {
			t.Errorf("%s: signed by %s at %s", name, got.Subject, got.Issuer)
		}
	}
	other, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier(t, virtualRoot(t, other)).VerifyStatement(virtualBundle(t, vs, v1, nil), payload); !errors.Is(err, keyless.ErrNoLogEntry) {
		t.Errorf("another Sigstore's root: %v", err)
	}
}

// sigstore-go compares a leaf of Rekor v2 with the bundle only when the checkpoint is of Rekor v2 too: under one of
// v1 it takes the leaf of any other signature. This shows why such a bundle is refused before it is asked.
func TestLeafOfAnotherSignature(t *testing.T) {
	vs, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	trusted := virtualRoot(t, vs)
	var entry *rekorpb.TransparencyLogEntry
	other, err := vs.AttestHashedRekordV2(person, issuer, statementOf(1))
	if err != nil {
		t.Fatal(err)
	}
	virtualBundle(t, vs, other, func(b *bundlepb.Bundle) { entry = b.VerificationMaterial.TlogEntries[0] })
	own, err := vs.AttestHashedRekordV2(person, issuer, statementOf(2))
	if err != nil {
		t.Fatal(err)
	}
	data := virtualBundle(t, vs, own, func(b *bundlepb.Bundle) {
		entry.IntegratedTime = 0
		completeProof(t, vs, entry)
		b.VerificationMaterial.TlogEntries[0] = entry
	})
	if _, err := verifier(t, trusted).VerifyStatement(data, statementOf(2)); !errors.Is(err, keyless.ErrLogEntry) {
		t.Errorf("leaf of another signature: %v", err)
	}
	var b bundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	material, err := root.NewTrustedRootFromJSON(trusted)
	if err != nil {
		t.Fatal(err)
	}
	v, err := verify.NewVerifier(material, verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(&b, verify.NewPolicy(verify.WithoutArtifactUnsafe(), verify.WithoutIdentitiesUnsafe())); err != nil {
		t.Errorf("sigstore-go refuses it by itself: %v", err)
	}
}
