// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package broken

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root is the module's.
const root = "../../.."

// change is one place in the code: what stands there exactly once, and what is put there.
type change struct{ file, text, replacement string }

// mutation is a build with one promise removed.
type mutation struct {
	name    string
	changes []change
	ways    []way
}

// mutations are the promises that are removed, each with what is to catch it, the
// cheapest first.
func mutations() []mutation {
	return []mutation{
		{
			name: "no fsync",
			changes: []change{{
				"internal/durable/writer.go",
				"		return err\n	}\n	return f.Sync()\n",
				"		return err\n	}\n	return nil\n",
			}},
			ways: []way{simulated, enumerated("./internal/durable", "TestPowerCuts|TestEveryFault"), enumerated("./internal/exchange", "TestEveryFault")},
		},
		{
			name: "no dedupe",
			changes: []change{{
				"internal/exchange/inbox.go",
				"	if was, ended := b.ends[h.ID]; ended {\n",
				"	if was, ended := b.ends[h.ID]; ended && was.code != \"\" {\n",
			}},
			ways: []way{simulated, enumerated("./internal/exchange", "TestKilledAtEachStep|TestDeliverOnce|TestEveryFault"), faults},
		},
		{
			name: "no label check",
			changes: []change{
				{"internal/judge/judge.go", "if !hmac.Equal(mac[:], tag.MAC[:]) {", "if false && !hmac.Equal(mac[:], tag.MAC[:]) {"},
				{"internal/judge/second/proof.go", "if subtle.ConstantTimeCompare(mac.Sum(sum[:0]), t.tag.mac[:]) != 1 {", "if subtle.ConstantTimeCompare(mac.Sum(sum[:0]), t.tag.mac[:]) > 1 {"},
			},
			ways: []way{simulated, attacked},
		},
		{
			name: "no term check",
			changes: []change{
				{"internal/judge/judge.go", "if v.Header.Term < p.Term {", "if false {"},
				{"internal/judge/second/rules.go", "if t.policy.Term > t.Header.Term {", "if false {"},
			},
			ways: []way{simulated, attacked},
		},
		{
			name: "record after release",
			changes: []change{
				{"internal/guard/relay.go", "if h.courseOf(from).waits {", "if false {"},
				{"internal/guard/deliver.go", "if !h.courseOf(r.from).waits {", "if true {"},
			},
			ways: []way{simulated, faults},
		},
	}
}

// overlay writes the changed files and the overlay that puts them in place. A text
// that is not there exactly once fails the test: the mutation must follow the code.
func (m *mutation) overlay(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	for i, c := range m.changes {
		path, err := filepath.Abs(filepath.Join(root, c.file))
		if err != nil {
			t.Fatal(err)
		}
		from := path
		if changed, ok := replace[path]; ok {
			from = changed
		}
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(data), c.text); n != 1 {
			t.Fatalf("%s: the text to replace is in %s %d times, not once; mend the mutation:\n%s", m.name, c.file, n, c.text)
		}
		changed := filepath.Join(dir, fmt.Sprintf("%d-%s", i, filepath.Base(c.file)))
		if err := os.WriteFile(changed, []byte(strings.Replace(string(data), c.text, c.replacement, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[path] = changed
	}
	data, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
