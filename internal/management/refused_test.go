// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"dukou.dev/dukou/internal/problem"
)

// asked has a field for each form of refusal that the interface's own types can get.
type asked struct {
	Number int      `json:"number" minimum:"8" maximum:"2097152"`
	Text   string   `json:"text" minLength:"2" maxLength:"4"`
	List   []string `json:"list" minItems:"2" maxItems:"3"`
	Word   string   `json:"word" enum:"zh,en"`
	Flag   bool     `json:"flag"`
	Hex    string   `json:"hex" pattern:"^[0-9a-f]+$"`
	Bytes  []byte   `json:"bytes"`
}

// TestLibraryRefusalsHaveCodes holds the codes against what the library itself says, so
// that a newer one which says it otherwise is noticed.
func TestLibraryRefusalsHaveCodes(t *testing.T) {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schema := registry.Schema(reflect.TypeFor[asked](), false, "asked")
	good := `{"number": 9, "text": "abc", "list": ["a", "b"], "word": "zh", "flag": true, "hex": "ab", "bytes": "YQ=="}`
	for name, c := range map[string]struct{ old, new, want string }{
		"number small": {`9`, `7`, `body.number number 8- []`},
		"number great": {`9`, `2097153`, `body.number number -2097152 []`},
		"number kind":  {`9`, `"9"`, `body.number kind - [integer]`},
		"text short":   {`"abc"`, `"a"`, `body.text characters 2- []`},
		"text long":    {`"abc"`, `"abcde"`, `body.text characters -4 []`},
		"list short":   {`["a", "b"]`, `["a"]`, `body.list count 2- []`},
		"list long":    {`["a", "b"]`, `["a", "b", "c", "d"]`, `body.list count -3 []`},
		"list kind":    {`["a", "b"]`, `7`, `body.list kind - [array]`},
		"word":         {`"zh"`, `"fr"`, `body.word choice - [zh en]`},
		"flag":         {`true`, `1`, `body.flag kind - [boolean]`},
		"hex":          {`"ab"`, `"xy"`, `body.hex form - []`},
		"bytes":        {`"YQ=="`, `"*"`, `body.bytes form - []`},
		"missing":      {`"flag": true, `, ``, `body.flag missing - []`},
		"unexpected":   {`"flag"`, `"flap": 1, "flag"`, `body.flap unexpected - []`},
		"good":         {`9`, `10`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			var v any
			if err := json.Unmarshal([]byte(strings.Replace(good, c.old, c.new, 1)), &v); err != nil {
				t.Fatal(err)
			}
			res := &huma.ValidateResult{}
			huma.Validate(registry, schema, huma.NewPathBuffer([]byte("body"), 4), huma.ModeWriteToServer, v, res)
			if got := refusedAs(t, res.Errors); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func refusedAs(t *testing.T, errs []error) string {
	t.Helper()
	d, ok := newError(422, "wrong", errs...).(*problem.Document)
	if !ok {
		t.Fatal("not a problem")
	}
	list := make([]string, 0, len(d.Fields))
	for _, f := range d.Fields {
		if f.Detail == "" {
			t.Errorf("no detail of %s", f.Name)
		}
		list = append(list, strings.Join([]string{f.Name, string(f.Code), number(f.Least) + "-" + number(f.Most), "[" + strings.Join(f.Values, " ") + "]"}, " "))
	}
	return strings.Join(list, "; ")
}

func number(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}
