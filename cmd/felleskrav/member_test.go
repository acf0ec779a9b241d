package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestMembersByTheOperator appoints an editor on the machine, lists and removes
// them, and finds both in the trail.
func TestMembersByTheOperator(t *testing.T) {
	onBackends(t, func(t *testing.T, store []string) {
		dir := t.TempDir()
		const person, org = "person:0123456789abcdef0123456789abcdef", "910000047"
		run := func(code int, args ...string) result {
			t.Helper()
			return must(t, code, dir, nil, append(args, store...)...)
		}
		if r := run(1, "member", "add", "--person", "person:kari", "--org", org, "--role", "king"); !strings.Contains(r.stderr, "king") || !strings.Contains(r.stderr, "person:kari") {
			t.Errorf("%s", r.stderr)
		}
		run(1, "member", "add", "--person", person, "--org", "910000048", "--role", "editor")
		run(0, "member", "add", "--person", person, "--org", org, "--org-name", "Testdirektoratet", "--role", "editor")
		run(0, "member", "add", "--person", person, "--org", org, "--role", "operator")
		var all []memberShown
		if err := json.Unmarshal([]byte(run(0, "member", "list", "--org", org, "--format", "json").stdout), &all); err != nil {
			t.Fatal(err)
		}
		if len(all) != 1 || all[0].Person != person || joined(all[0].Roles) != "editor, operator" || all[0].By != "operator:cli" || all[0].Through != "operator" {
			t.Errorf("%+v", all)
		}
		if r := run(0, "member", "list", "--org", org); !strings.Contains(r.stdout, person) {
			t.Errorf("%s", r.stdout)
		}
		run(0, "member", "remove", "--person", person, "--org", org)
		run(1, "member", "remove", "--person", person, "--org", org)
		trail := run(0, "trail", "export").stdout
		for _, operation := range []string{`"member add"`, `"member remove"`} {
			if !strings.Contains(trail, operation) {
				t.Errorf("the trail has no %s", operation)
			}
		}
		if !strings.Contains(trail, person) || !strings.Contains(trail, `"operator:cli"`) {
			t.Errorf("%s", trail)
		}
	})
}
