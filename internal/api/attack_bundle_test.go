package api

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf16"
)

func (s *siege) onEnvelopes() []attack {
	refused := func(name, key string, change func(bundle, envelope object)) attack {
		return attack{name: name, body: s.edit(change), status: 422, key: key}
	}
	media := func(name, value string) attack {
		return refused("bundle of "+name, "bundle.media-type", func(b, _ object) { b["mediaType"] = value })
	}
	// Padded, so that there is padding to leave out.
	padded := append([]byte(nil), s.statement...)
	for len(padded)%3 != 1 {
		padded = append(padded, ' ')
	}
	bytes64 := base64.StdEncoding.EncodeToString(padded)
	payload := func(name, value string) attack {
		return attack{name: "payload " + name, body: altered(s.t, s.sign(s.key, padded), func(b object) {
			e := b["dsseEnvelope"].(object)
			if e["payload"] == value {
				s.t.Errorf("payload %s is the same", name)
			}
			e["payload"] = value
		}), status: 422, key: "bundle.encoding"}
	}
	sigs := func(e object) []any { return e["signatures"].([]any) }
	message := object{"messageDigest": object{"algorithm": "SHA2_256", "digest": "AAAA"}, "signature": "AAAA"}
	return []attack{
		media("version 0.1", "application/vnd.dev.sigstore.bundle+json;version=0.1"),
		media("version 0.2", "application/vnd.dev.sigstore.bundle+json;version=0.2"),
		media("version 0.3 as it was written before", "application/vnd.dev.sigstore.bundle+json;version=0.3"),
		media("version 0.4", "application/vnd.dev.sigstore.bundle.v0.4+json"),
		media("a version with a space", bundleType+" "),
		media("a version in capitals", strings.ToUpper(bundleType)),
		media("no version", ""),
		refused("signature over a file", "bundle.envelope", func(b, _ object) { delete(b, "dsseEnvelope"); b["messageSignature"] = message }),
		refused("signature over a file as well", "bundle.envelope", func(b, _ object) { b["messageSignature"] = message }),
		refused("signature over a file that is null", "bundle.envelope", func(b, _ object) { b["messageSignature"] = nil }),
		refused("no envelope", "bundle.envelope", func(b, _ object) { delete(b, "dsseEnvelope") }),
		refused("envelope is null", "bundle.envelope", func(b, _ object) { b["dsseEnvelope"] = nil }),
		refused("no material", "bundle.key-material", func(b, _ object) { delete(b, "verificationMaterial") }),
		refused("material is null", "bundle.key-material", func(b, _ object) { b["verificationMaterial"] = nil }),
		refused("material is empty", "bundle.key-material", func(b, _ object) { b["verificationMaterial"] = object{} }),
		refused("key in the signature", "bundle.key-material", func(_, e object) { sigs(e)[0].(object)["keyid"] = hintOf(s.t, s.key) }),
		refused("no signatures", "bundle.signatures", func(_, e object) { e["signatures"] = []any{} }),
		refused("signatures are left out", "bundle.signatures", func(_, e object) { delete(e, "signatures") }),
		refused("signatures are null", "bundle.signatures", func(_, e object) { e["signatures"] = nil }),
		refused("the same signature twice", "bundle.signatures", func(_, e object) { e["signatures"] = append(sigs(e), sigs(e)[0]) }),
		refused("a bad signature and a good one", "bundle.signatures", func(_, e object) { e["signatures"] = append([]any{object{"sig": "AAAA"}}, sigs(e)...) }),
		refused("signature is null", "bundle.encoding", func(_, e object) { e["signatures"] = []any{nil} }),
		refused("no payload", "bundle.encoding", func(_, e object) { delete(e, "payload") }),
		refused("no payload type", "bundle.payload-type", func(_, e object) { delete(e, "payloadType") }),
		refused("payload type JSON", "bundle.payload-type", func(_, e object) { e["payloadType"] = "application/json" }),
		refused("payload type in capitals", "bundle.payload-type", func(_, e object) { e["payloadType"] = "Application/vnd.in-toto+json" }),
		refused("payload type with a parameter", "bundle.payload-type", func(_, e object) { e["payloadType"] = "application/vnd.in-toto+json; charset=utf-8" }),
		payload("without padding", strings.TrimRight(bytes64, "=")),
		payload("with too much padding", bytes64+"="),
		payload("with a line break", bytes64[:76]+"\n"+bytes64[76:]),
		payload("with a space", bytes64[:76]+" "+bytes64[76:]),
		payload("with bits left over", bytes64[:len(bytes64)-3]+"B=="),
		payload("as base64url", base64.URLEncoding.EncodeToString(append(padded[:len(padded):len(padded)], "\xff\xfe"...))),
		payload("in hexadecimal with a colon", "7b:7d"),
		payload("empty", ""),
	}
}

// onBundleJSON is JSON that some program reads as another bundle, or cannot
// read at all.
func (s *siege) onBundleJSON() []attack {
	parsed := func(name string, body []byte) attack {
		return attack{name: "bundle with " + name, body: body, status: 422, key: "bundle.json"}
	}
	malformed := func(name string, body []byte) attack {
		return attack{name: "bundle " + name, body: body, status: 400, key: "request.malformed"}
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(s.good); err != nil || z.Close() != nil {
		s.t.Fatal(err)
	}
	wide := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(string(s.good))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	deep := func(n int) []byte {
		return s.text(`{"mediaType"`, `{"messageSignature":`+strings.Repeat("[", n)+strings.Repeat("]", n)+`,"mediaType"`)
	}
	return []attack{
		parsed("an unknown field", s.text(`{"mediaType"`, `{"x":1,"mediaType"`)),
		parsed("an unknown field in the envelope", s.text(`"payloadType"`, `"x":1,"payloadType"`)),
		parsed("an unknown field in the signature", s.text(`{"sig"`, `{"cert":"AAAA","sig"`)),
		parsed("an unknown field in the material", s.text(`"publicKey"`, `"x509":null,"publicKey"`)),
		parsed("the public key itself", s.text(`{"hint"`, `{"rawBytes":"AAAA","hint"`)),
		parsed("a private key", s.text(`{"hint"`, `{"privateKey":"-----BEGIN PRIVATE KEY-----","hint"`)),
		parsed("two media types", s.text(`{"mediaType"`, `{"mediaType":"x","mediaType"`)),
		parsed("two envelopes", s.text(`"dsseEnvelope"`, `"dsseEnvelope":null,"dsseEnvelope"`)),
		parsed("two payloads", s.text(`"payload":`, `"payload":"e30=","payload":`)),
		parsed("two payloads, one escaped", s.text(`"payload":`, `"p\u0061yload":"e30=","payload":`)),
		parsed("two signatures in one", s.text(`{"sig"`, `{"sig":"AAAA","sig"`)),
		parsed("MediaType", s.text(`"mediaType"`, `"MediaType"`)),
		parsed("media_type", s.text(`"mediaType"`, `"media_type"`)),
		parsed("dsse_envelope", s.text(`"dsseEnvelope"`, `"dsse_envelope"`)),
		parsed("payloadtype", s.text(`"payloadType"`, `"payloadtype"`)),
		parsed("payload_type as well", s.text(`"payloadType"`, `"payload_type":"x","payloadType"`)),
		parsed("keyId", s.text(`{"sig"`, `{"keyId":"x","sig"`)),
		parsed("an endless number", s.text(`{"mediaType"`, `{"messageSignature":1e999,"mediaType"`)),
		parsed("a number that rounds", s.text(`{"mediaType"`, `{"messageSignature":9007199254740993,"mediaType"`)),
		parsed("33 levels", deep(33)),
		parsed("200 000 levels", deep(200_000)),
		malformed("cut short", s.good[:len(s.good)-1]),
		malformed("with text after it", append(s.good[:len(s.good):len(s.good)], 'x')),
		malformed("twice", append(s.good[:len(s.good):len(s.good)], s.good...)),
		malformed("in an array", []byte("["+string(s.good)+"]")),
		malformed("as a string", []byte(strconv.Quote(string(s.good)))),
		malformed("that is a number", []byte("7")),
		malformed("after a byte order mark", append([]byte("\xef\xbb\xbf"), s.good...)),
		malformed("in UTF-16", wide),
		malformed("with a byte that is no text", s.text(`{"mediaType"`, "{\"\xff\":1,\"mediaType\"")),
		malformed("with half a surrogate pair", s.text(`{"mediaType"`, `{"\ud800":1,"mediaType"`)),
		malformed("with a null character", s.text(`{"mediaType"`, "{\x00\"mediaType\"")),
		malformed("with a comment", s.text(`{"mediaType"`, `{/**/"mediaType"`)),
		malformed("with a comma too many", s.text(`}]}}`, `},]}}`)),
		malformed("with apostrophes", bytes.ReplaceAll(s.good, []byte(`"`), []byte(`'`))),
		malformed("that is not a number", s.text(`{"mediaType"`, `{"messageSignature":NaN,"mediaType"`)),
		malformed("with a number for text", s.text(`"payloadType":"application/vnd.in-toto+json"`, `"payloadType":7`)),
		malformed("with text for an object", s.text(`{"hint":`, `"x","y":{"hint":`)),
		malformed("with an object for a list", s.text(`[{"sig"`, `{"x":[{"sig"`)),
		malformed("compressed", zipped.Bytes()),
		malformed("of spaces", bytes.Repeat([]byte(" "), 1000)),
		{name: "bundle that is null", body: []byte("null"), status: 422, key: "bundle.media-type"},
		{name: "bundle that is an empty object", body: []byte("{}"), status: 422, key: "bundle.media-type"},
		{name: "bundle of nothing", body: []byte{}, status: 400, key: "request.no-body"},
		{name: "bundle too large by a byte", body: append(bytes.Repeat([]byte(" "), maxBundle+1-len(s.good)), s.good...), status: 413, key: "request.too-large"},
		{name: "bundle as text", kind: "text/plain", body: s.good, status: 415, key: "request.content-type"},
	}
}

// onLogEntries are entries of other logs, and timestamps: they are not looked
// into when a key signed, and stored, so they are at least what they should be.
func (s *siege) onLogEntries() []attack {
	entry := func(change func(e object)) object {
		e := object{
			"logIndex": "7", "logId": object{"keyId": "AAAA"}, "kindVersion": object{"kind": "dsse", "version": "0.0.1"}, "integratedTime": "1",
			"inclusionProof":    object{"logIndex": "7", "rootHash": "AAAA", "treeSize": "8", "hashes": []any{"AAAA"}, "checkpoint": object{"envelope": "x"}},
			"canonicalizedBody": "AAAA",
		}
		change(e)
		return e
	}
	none := func(object) {}
	in := func(list ...any) []byte {
		return s.edit(func(b, _ object) { b["verificationMaterial"].(object)["tlogEntries"] = list })
	}
	stamps := func(list ...any) []byte {
		return s.edit(func(b, _ object) {
			b["verificationMaterial"].(object)["timestampVerificationData"] = object{"rfc3161Timestamps": list}
		})
	}
	bad := func(name string, body []byte) attack {
		return attack{name: "log entry " + name, body: body, status: 422, key: "bundle.log-entry"}
	}
	many := func(n int, x any) []any {
		var out []any
		for range n {
			out = append(out, x)
		}
		return out
	}
	proof := func(name string, value any) func(object) {
		return func(e object) { e["inclusionProof"].(object)[name] = value }
	}
	return []attack{
		bad("33 times", in(many(33, entry(none))...)),
		bad("that is null", in(nil)),
		bad("that is empty", in(object{})),
		bad("without a log", in(entry(func(e object) { delete(e, "logId") }))),
		bad("without a proof", in(entry(func(e object) { delete(e, "inclusionProof") }))),
		bad("with a negative index", in(entry(proof("logIndex", "-7")))),
		bad("with an index beyond the tree", in(entry(proof("treeSize", "7")))),
		bad("with an index past 64 bits", in(entry(proof("logIndex", "9223372036854775808")))),
		bad("with zeros before the index", in(entry(proof("logIndex", "07")))),
		bad("with a hash that is no base64", in(entry(proof("hashes", []any{"%"})))),
		bad("with 64 hashes", in(entry(proof("hashes", many(64, "AAAA"))))),
		bad("after a good one", in(entry(none), object{})),
		{name: "log entry with a number for an index", body: in(entry(proof("logIndex", 7))), status: 400, key: "request.malformed"},
		{name: "log entry with an unknown field", body: in(entry(func(e object) { e["signedEntryTimestamp"] = "AAAA" })), status: 422, key: "bundle.json"},
		bad("or 33 timestamps", stamps(many(33, object{"signedTimestamp": "AAAA"})...)),
		{name: "timestamp that is no base64", body: stamps(object{"signedTimestamp": "%"}), status: 422, key: "bundle.encoding"},
		{name: "timestamp that is null", body: stamps(nil), status: 422, key: "bundle.encoding"},
	}
}
