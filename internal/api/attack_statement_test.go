package api

import (
	"strings"

	"felleskrav/internal/attestation"
	"felleskrav/internal/signing"
)

// onStatements are declarations with a good signature that say the wrong thing.
func (s *siege) onStatements() []attack {
	refused := func(name, key string, change func(statement, predicate object)) attack {
		return attack{name: name, body: s.says(change), status: 422, key: key}
	}
	subject := func(name, key string, change func(subject object)) attack {
		return refused("subject "+name, key, func(st, _ object) { change(st["subject"].([]any)[0].(object)) })
	}
	digests := func(name, key string, set object) attack {
		return subject(name, key, func(sub object) { sub["digest"] = set })
	}
	set := func(name string, change func(set object)) attack {
		return refused("set "+name, "statement.set", func(_, p object) { change(p["requirementSet"].(object)) })
	}
	unknown := func(name, offering string) attack {
		return attack{name: "offering " + name, body: s.says(func(st, _ object) {
			st["subject"].([]any)[0].(object)["name"] = "urn:felleskrav:service:" + offering
		}), status: 404, key: "offering.not-found"}
	}
	descriptor := s.descriptorDigest(s.offering)
	other, _ := s.api.Catalogue.Content().Version("skytjenester", "")
	newer := s.offeringOf("5", "En til")
	old := s.prepared(ours, newer, "grunnsett")
	s.want(200, "supplier", "PUT", "/api/v1/offerings/"+newer, OfferingInput{Name: "En til", DeliveryModels: []DeliveryModel{"saas"}, Regions: []string{"NO"}, Version: "6"})
	return []attack{
		refused("statement version 0.1", "statement.type", func(st, _ object) { st["_type"] = "https://in-toto.io/Statement/v0.1" }),
		refused("statement version 2", "statement.type", func(st, _ object) { st["_type"] = "https://in-toto.io/Statement/v2" }),
		refused("statement of a foreign type", "statement.type", func(st, _ object) { st["_type"] = "https://evil.example/Statement/v1" }),
		refused("statement with a slash too many", "statement.type", func(st, _ object) { st["_type"] = signing.StatementType + "/" }),
		refused("statement without a type", "statement.type", func(st, _ object) { delete(st, "_type") }),
		refused("no predicate type", "statement.predicate", func(st, _ object) { delete(st, "predicateType") }),
		refused("predicate of another version", "statement.predicate", func(st, _ object) { st["predicateType"] = "urn:felleskrav:attestation:supplier-declaration:v2" }),
		refused("predicate of a withdrawal", "statement.predicate", func(st, _ object) { st["predicateType"] = attestation.WithdrawalType }),
		refused("predicate of a verdict", "statement.predicate", func(st, _ object) { st["predicateType"] = attestation.VerdictType }),
		refused("predicate of provenance", "statement.predicate", func(st, _ object) { st["predicateType"] = "https://slsa.dev/provenance/v1" }),
		refused("predicate in capitals", "statement.predicate", func(st, _ object) { st["predicateType"] = strings.ToUpper(attestation.DeclarationType) }),
		refused("no subject", "statement.subject", func(st, _ object) { st["subject"] = []any{} }),
		refused("subject is null", "statement.subject", func(st, _ object) { st["subject"] = nil }),
		refused("subject is a list of null", "statement.subject", func(st, _ object) { st["subject"] = []any{nil} }),
		refused("two subjects", "statement.subject", func(st, _ object) { st["subject"] = append(st["subject"].([]any), st["subject"].([]any)[0]) }),
		digests("digest in capitals", "statement.subject", object{"sha256": strings.ToUpper(descriptor)}),
		digests("digest too short", "statement.subject", object{"sha256": descriptor[:62]}),
		digests("digest with a space", "statement.subject", object{"sha256": descriptor + " "}),
		digests("without a digest", "statement.subject", object{}),
		digests("of another algorithm", "statement.json", object{"sha512": strings.Repeat("ab", 64)}),
		digests("of another algorithm as well", "statement.json", object{"sha256": descriptor, "sha1": strings.Repeat("ab", 20)}),
		digests("of another descriptor", "statement.descriptor", object{"sha256": digestOf(nil)}),
		subject("without a name", "statement.subject", func(sub object) { delete(sub, "name") }),
		subject("of another kind", "statement.subject", func(sub object) { sub["name"] = attestation.URN(descriptor) }),
		subject("in capitals", "statement.subject", func(sub object) { sub["name"] = "URN:felleskrav:service:" + s.offering }),
		subject("with annotations", "statement.json", func(sub object) { sub["annotations"] = object{"checks": true} }),
		subject("of another offering of ours", "statement.descriptor", func(sub object) { sub["name"] = "urn:felleskrav:service:" + newer }),
		{name: "offering of another supplier", body: s.with(s.offering, s.foreign), status: 403, key: "access.other-organisation"},
		{name: "offering as it was before", body: s.sign(s.key, old), status: 422, key: "statement.descriptor"},
		unknown("that nobody has", nobody),
		unknown("without an id", ""),
		unknown("in capitals", strings.ToUpper(s.offering)),
		unknown("with a null character", s.offering+"\x00"),
		unknown("that is a path", "../../"+s.offering),
		unknown("that is a query", "' OR 1=1 --"),
		unknown("with a name of half a megabyte", strings.Repeat("0", 500_000)),
		set("with another digest", func(v object) { v["digest"] = object{"sha256": digestOf(nil)} }),
		set("without a digest", func(v object) { v["digest"] = object{} }),
		set("with its digest in capitals", func(v object) {
			v["digest"] = object{"sha256": strings.ToUpper(v["digest"].(object)["sha256"].(string))}
		}),
		set("with another's digest", func(v object) { v["digest"] = object{"sha256": other.Digest} }),
		set("of another name", func(v object) { v["uri"] = other.URI }),
		set("that nobody made", func(v object) { v["uri"] = "urn:felleskrav:requirement-set:nosuch" }),
		set("of a foreign address", func(v object) { v["uri"] = "https://example.no/" + v["uri"].(string) }),
		set("without a version", func(v object) { v["version"] = "" }),
		set("of the version called latest", func(v object) { v["version"] = "latest" }),
		set("with a v before the version", func(v object) { v["version"] = "v" + v["version"].(string) }),
		refused("set is null", "statement.set", func(_, p object) { p["requirementSet"] = nil }),
		refused("sub-supplier left out", "statement.descriptor", func(_, p object) { delete(p, "subSuppliers") }),
		refused("sub-supplier put in", "statement.descriptor", func(_, p object) { p["subSuppliers"] = append(p["subSuppliers"].([]any), p["subSuppliers"].([]any)[0]) }),
		refused("sub-supplier of another country", "statement.descriptor", func(_, p object) { p["subSuppliers"].([]any)[0].(object)["country"] = "SE" }),
	}
}

// offeringOf makes one more offering.
func (s *siege) offeringOf(version, name string) string {
	s.t.Helper()
	var o Offering
	s.want(201, "supplier", "POST", "/api/v1/suppliers/"+ours+"/offerings", OfferingInput{
		Name: name, DeliveryModels: []DeliveryModel{"saas"}, Regions: []string{"NO"}, Version: version,
	}).into(s.t, &o)
	return o.Id
}

// onStatementJSON are payloads with a good signature that some program reads as
// another declaration, or that are none.
func (s *siege) onStatementJSON() []attack {
	parsed := func(name string, payload []byte) attack {
		return attack{name: "statement with " + name, body: s.sign(s.key, payload), status: 422, key: "statement.json"}
	}
	text := func(old, replacement string) []byte { return edited(s.t, s.statement, old, replacement) }
	return []attack{
		parsed("predicate_type", text(`"predicateType"`, `"predicate_type"`)),
		parsed("predicate_type as well", text(`"predicateType"`, `"predicate_type":"x","predicateType"`)),
		parsed("PredicateType as well", text(`"predicateType"`, `"PredicateType":"x","predicateType"`)),
		parsed("an unknown field", text(`{"_type"`, `{"signed":true,"_type"`)),
		parsed("an unknown field in the predicate", text(`"validUntil"`, `"approved":true,"validUntil"`)),
		parsed("an unknown field in an answer", text(`{"requirement"`, `{"weight":1,"requirement"`)),
		parsed("two types", text(`{"_type"`, `{"_type":"x","_type"`)),
		parsed("two statuses", text(`"status":"met"`, `"status":"not-met","status":"met"`)),
		parsed("two statuses, one escaped", text(`"status":"met"`, `"st\u0061tus":"not-met","status":"met"`)),
		parsed("Status as well", text(`"status":"met"`, `"Status":"not-met","status":"met"`)),
		parsed("a big number", text(`"validUntil"`, `"x":9007199254740993,"validUntil"`)),
		parsed("a number for a version", text(`"version":"`, `"version":1,"x":"`)),
		parsed("a number for a time", text(`"declaredAt":"`, `"declaredAt":1795435200,"x":"`)),
		parsed("text for a list", text(`"answers":[`, `"answers":"[]","x":[`)),
		parsed("an object for a list", text(`"subject":[`, `"subject":{"0":[`)),
		parsed("a list for the predicate", text(`"predicate":{`, `"predicate":[{`)),
		parsed("text for the predicate", text(`"predicate":{`, `"predicate":"{}","x":{`)),
		parsed("a comment", text(`{"_type"`, `{/* met */"_type"`)),
		parsed("a comma too many", text(`{"_type"`, `{,"_type"`)),
		parsed("text after it", append(s.statement[:len(s.statement):len(s.statement)], 'x')),
		parsed("another after it", append(s.statement[:len(s.statement):len(s.statement)], s.statement...)),
		parsed("a byte order mark", append([]byte("\xef\xbb\xbf"), s.statement...)),
		parsed("a byte that is no text", text("Ja,", "Ja\xff,")),
		parsed("half a surrogate pair", text("Ja,", `Ja\ud800,`)),
		parsed("40 levels", text(`"validUntil"`, `"x":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`,"validUntil"`)),
		parsed("nothing but a list", []byte("[]")),
		parsed("nothing but a space", []byte(" ")),
		parsed("no JSON at all", []byte("\x00\x01\x02")),
		{name: "statement that is null", body: s.sign(s.key, []byte("null")), status: 422, key: "statement.type"},
		{name: "predicate is null", body: s.says(func(st, _ object) { st["predicate"] = nil }), status: 422, key: "statement.supplier"},
		{name: "predicate is empty", body: s.says(func(st, _ object) { st["predicate"] = object{} }), status: 422, key: "statement.supplier"},
	}
}

func (s *siege) onOrganisations() []attack {
	id := func(name, value string) attack {
		return attack{name: "supplier " + name, body: s.says(func(_, p object) { p["supplier"].(object)["id"] = value }), status: 422, key: "statement.supplier"}
	}
	called := func(name, value string) attack {
		return attack{name: "supplier " + name, body: s.says(func(_, p object) { p["supplier"].(object)["name"] = value }), status: 422, key: "statement.descriptor"}
	}
	name := "Leverandør " + ours
	return []attack{
		id("is another", "0192:"+theirs),
		id("without its register", ours),
		id("in another register", "0007:"+ours),
		id("in no register", ":"+ours),
		id("with a space", "0192:"+ours+" "),
		id("with its number spaced", "0192:"+ours[:3]+" "+ours[3:6]+" "+ours[6:]),
		id("in wide digits", "0192:１"+ours[1:]),
		id("as in VAT", "NO"+ours+"MVA"),
		id("as in a certificate", "NTRNO-"+ours),
		id("without a number", ""),
		id("with a number of half a megabyte", strings.Repeat("0192:", 100_000)),
		called("under another name", "Leverandør "+theirs),
		called("without a name", ""),
		called("with a space after its name", name+" "),
		called("in capitals", strings.ToUpper(name)),
		called("with its name composed otherwise", strings.Replace(name, "e", "e\u0301", 1)),
		called("with a letter from elsewhere", strings.Replace(name, "e", "е", 1)),
		{name: "supplier is null", body: s.says(func(_, p object) { p["supplier"] = nil }), status: 422, key: "statement.supplier"},
	}
}
