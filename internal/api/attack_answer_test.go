package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"felleskrav/internal/evidence"
	"felleskrav/internal/organisation"
)

func (s *siege) onAnswers() []attack {
	invalid := func(name, field string, change func(answers []any) []any) attack {
		return attack{name: "answers " + name, body: s.says(func(_, p object) { p["answers"] = change(p["answers"].([]any)) }), status: 422, key: "statement.invalid", field: field}
	}
	first := func(name, field string, change func(a object)) attack {
		return invalid(name, field, func(all []any) []any { change(all[0].(object)); return all })
	}
	ref := func(digest string) object {
		return object{"name": "rutine.txt", "digest": object{"sha256": digest}}
	}
	upload := func(who, text string) string {
		var e evidence.Evidence
		s.want(201, who, "POST", "/api/v1/evidence?name=rutine.txt&kind=policy", []byte(text), "Content-Type", "application/octet-stream").into(s.t, &e)
		return e.SHA256
	}
	mine, infected, foreign := upload("supplier", "Vår rutine.\n"), upload("supplier", "Vår andre rutine.\n"), upload("supplier@"+theirs, "Deres rutine.\n")
	_, err := s.api.Evidence.Store.UpdateEvidence(context.Background(), organisation.Number(ours), infected, func(e evidence.Evidence) (evidence.Evidence, error) {
		e.Scan.State = evidence.Infected
		return e, nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	evidenced := func(name, field string, digest string) attack {
		a := first(name, field, func(a object) { a["evidence"] = []any{ref(digest)} })
		a.key = "statement.evidence"
		return a
	}
	return []attack{
		invalid("are none", "field.required", func([]any) []any { return []any{} }),
		invalid("are null", "field.required", func([]any) []any { return nil }),
		invalid("with null among them", "answer.unknown-requirement", func(all []any) []any { return append(all, nil) }),
		invalid("with one twice", "answer.repeated", func(all []any) []any { return append(all, all[0]) }),
		invalid("more than a thousand", "field.many", func(all []any) []any {
			for i := range 1001 {
				all = append(all, object{"requirement": "K-" + strconv.Itoa(i), "status": "met"})
			}
			return all
		}),
		first("to an unknown requirement", "answer.unknown-requirement", func(a object) { a["requirement"] = "K-TILGANG-99" }),
		first("to a requirement in small letters", "answer.unknown-requirement", func(a object) { a["requirement"] = strings.ToLower(a["requirement"].(string)) }),
		first("to a requirement with half a megabyte of name", "answer.unknown-requirement", func(a object) { a["requirement"] = strings.Repeat("K", 500_000) }),
		first("with an unknown status", "answer.status", func(a object) { a["status"] = "perhaps" }),
		first("with a status in capitals", "answer.status", func(a object) { a["status"] = "Met" }),
		first("without a status", "answer.status", func(a object) { delete(a, "status") }),
		first("that say no and not why", "answer.explain", func(a object) { a["status"] = "not-met"; delete(a, "statement") }),
		first("that explain with spaces", "answer.explain", func(a object) { a["status"] = "partial"; a["statement"] = " \n\t" }),
		first("with a null character", "field.invisible", func(a object) { a["statement"] = "Ja\x00." }),
		first("with an escape character", "field.invisible", func(a object) { a["statement"] = "Ja\x1b[31m." }),
		first("that turn their own order", "field.invisible", func(a object) { a["statement"] = "\u202eJa." }),
		first("that are too long", "field.long", func(a object) { a["statement"] = strings.Repeat("å", 4001) }),
		first("with too much evidence", "field.many", func(a object) {
			list := []any{}
			for range 21 {
				list = append(list, ref(mine))
			}
			a["evidence"] = list
		}),
		first("with evidence in capitals", "answer.evidence-digest", func(a object) { a["evidence"] = []any{ref(strings.ToUpper(mine))} }),
		first("with evidence that is null", "answer.evidence-digest", func(a object) { a["evidence"] = []any{nil} }),
		first("with evidence of two lines", "field.control", func(a object) { e := ref(mine); e["name"] = "a\nb"; a["evidence"] = []any{e} }),
		first("with evidence at a long address", "field.long", func(a object) {
			e := ref(mine)
			e["uri"] = "https://example.no/" + strings.Repeat("x", 500)
			a["evidence"] = []any{e}
		}),
		evidenced("with evidence that nobody uploaded", "answer.evidence-missing", digestOf(nil)),
		evidenced("with another supplier's evidence", "answer.evidence-missing", foreign),
		evidenced("with infected evidence", "answer.evidence-infected", infected),
	}
}

func (s *siege) onTimes() []attack {
	now := s.now()
	stamp := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339Nano) }
	day := 24 * time.Hour
	at := func(name, field, declared, until string) attack {
		return attack{name: "time " + name, body: s.says(func(_, p object) { p["declaredAt"], p["validUntil"] = declared, until }), status: 422, key: "statement.invalid", field: field}
	}
	year := stamp(365 * day)
	out := []attack{
		at("of declaring beyond the skew", "statement.declared-future", stamp(10*time.Minute+time.Millisecond), year),
		at("of declaring too long ago", "statement.declared-old", stamp(-396*day-time.Millisecond), stamp(time.Hour)),
		at("of declaring in the year nought", "statement.declared-old", "0000-01-01T00:00:00Z", year),
		at("that ends now", "statement.valid-past", stamp(-day), stamp(0)),
		at("that ended", "statement.valid-past", stamp(-day), stamp(-time.Hour)),
		at("that ends before it began", "statement.valid-past", stamp(5*time.Minute), stamp(4*time.Minute)),
		at("that lasts a second too long", "statement.valid-long", stamp(0), stamp(396*day+time.Second)),
		at("that lasts from the past a second too long", "statement.valid-long", stamp(-day), stamp(395*day+time.Second)),
		at("that ends past the last year", "statement.valid-long", stamp(0), "9999-12-31T23:59:59-23:59"),
		at("that ended, by another clock", "statement.valid-past", stamp(-day), "2026-11-23T13:59:59+02:00"),
	}
	for _, text := range []string{
		"", "soon", "2026-11-23", "2026-11-23T12:00:00", "2026-11-23 12:00:00Z", "2026-11-23t12:00:00z", "2026-11-23T12:00Z", "2026-11-23T9:00:00Z",
		"2026-11-23T24:00:00Z", "2026-11-23T11:59:60Z", "2026-11-23T12:00:00,5Z", "2026-11-23T12:00:00.Z", "2026-11-23T12:00:00+24:00", "2026-11-23T12:00:00+01:60",
		"2026-11-23T12:00:00+0100", "2026-11-31T12:00:00Z", "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "2026-11-23T12:00:00Z ", "1795435200", "２０２６-11-23T12:00:00Z",
	} {
		out = append(out, at(fmt.Sprintf("of declaring %q", text), "field.time", text, year))
	}
	return append(out,
		at("of ending 10000", "field.time", stamp(0), "10000-01-01T00:00:00Z"),
		at("of ending in a leap second", "field.time", stamp(0), "2026-12-31T23:59:60Z"),
		attack{name: "time of ending left out", body: s.says(func(_, p object) { delete(p, "validUntil") }), status: 422, key: "statement.invalid", field: "field.time"},
		attack{name: "declaration handed in when it is over", body: s.good, during: s.later(366 * day), status: 422, key: "statement.invalid", field: "statement.valid-past"},
		attack{name: "declaration handed in before it is made", body: s.good, during: s.later(-time.Hour), status: 422, key: "statement.invalid", field: "statement.declared-future"},
	)
}
