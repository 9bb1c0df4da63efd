// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"

	bankpolicy "dukou.dev/dukou/examples/bank/policy"
)

// read is the schema as its readers get it.
type read struct {
	t     *testing.T
	root  map[string]any
	wrong *int // how often a document did not fit
}

func readSchema(t *testing.T) read {
	t.Helper()
	text, err := Describe()
	r := read{t: t, wrong: new(int)}
	if err == nil {
		err = json.Unmarshal(text, &r.root)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// deref is what a schema refers to, with the words beside the reference.
func (r read) deref(s map[string]any) map[string]any {
	name, ok := s["$ref"].(string)
	if !ok {
		return s
	}
	defs, _ := r.root["$defs"].(map[string]any)
	of, ok := defs[strings.TrimPrefix(name, "#/$defs/")].(map[string]any)
	if !ok {
		r.t.Fatalf("%s is not there", name)
	}
	all := maps.Clone(of)
	maps.Copy(all, s)
	delete(all, "$ref")
	return all
}

func mapping(v any) map[string]any { m, _ := v.(map[string]any); return m }

// made makes a document that fits a schema: with all keys, or with those that must be
// there. chosen are the values of keys that decide on others.
func (r read) made(s map[string]any, all bool, chosen map[string]string, depth int) any {
	s = r.deref(s)
	if examples, ok := s["examples"].([]any); ok {
		return examples[0]
	}
	if list, ok := s["enum"].([]any); ok {
		return list[0]
	}
	switch kind := fmt.Sprint(s["type"]); kind {
	case "object":
		o := map[string]any{}
		if depth > 9 && chosen["type"] != "" { // values within values end somewhere
			chosen = maps.Clone(chosen)
			chosen["type"] = "string"
		}
		for key, p := range mapping(s["properties"]) {
			if one := r.one(s, key, mapping(p), all, chosen, depth); one != nil {
				o[key] = one
			}
		}
		if most, ok := s["maxProperties"].(float64); ok && len(o) > int(most) {
			keys := slices.Sorted(maps.Keys(o))
			return map[string]any{keys[0]: o[keys[0]]}
		}
		return o
	case "array":
		return []any{r.made(mapping(s["items"]), all, chosen, depth+1)}
	case "integer":
		if least, ok := s["minimum"].(float64); ok {
			return least
		}
		return 1.0
	case "boolean":
		return s["default"]
	default:
		return "text"
	}
}

// one is the value of a key, nil where it is left out.
func (r read) one(s map[string]any, key string, p map[string]any, all bool, chosen map[string]string, depth int) any {
	required, _ := s["required"].([]any)
	wanted := all && depth < 12 || slices.Contains(required, any(key))
	for on, values := range mapping(p["x-when"]) {
		list, _ := values.([]any)
		if wanted = slices.Contains(list, any(chosen[on])); wanted && !all {
			wanted = p["x-needed"] == true
		}
	}
	_, exclusive := mapping(s["dependentSchemas"])[key]
	if without, ok := p["x-without"].([]any); ok && chosen["with"] == without[0] || exclusive && chosen["with"] != key {
		return nil
	}
	if value, ok := chosen[key]; ok && wanted && !exclusive {
		return value
	}
	if !wanted {
		return nil
	}
	return r.made(p, all, chosen, depth+1)
}

// folder is a document as a policy folder. What refers to other entries than those that
// are made is put in here.
func (r read) folder(all bool, chosen map[string]string) fs.FS {
	r.t.Helper()
	doc := mapping(r.made(r.root, true, nil, 100)) // the lists are all there
	for key, p := range mapping(r.root["properties"]) {
		doc[key] = r.made(mapping(p), all, chosen, 0)
	}
	doc["zones"] = append(doc["zones"].([]any), map[string]any{"name": "inside", "inner": true, "class": map[string]any{"confidentiality": 5, "integrity": 1}})
	doc["categories"] = []any{"text"}
	if flow := mapping(doc["flows"].([]any)[0]); flow["protocol"] == "file" { // a rule of the bundle
		flow["accept"] = []any{"component"}
	}
	if !all {
		for _, key := range []string{"term", "valid"} {
			delete(doc, key)
		}
	}
	text, err := yaml.Marshal(whole64(doc))
	if err != nil {
		r.t.Fatal(err)
	}
	return fstest.MapFS{"p.yaml": {Data: text}, "p.cedar": {Data: []byte("permit (principal, action, resource);")}}
}

// whole64 makes whole numbers of those that JSON gave.
func whole64(v any) any {
	switch v := v.(type) {
	case float64:
		return int64(v)
	case []any:
		for i := range v {
			v[i] = whole64(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = whole64(v[key])
		}
	}
	return v
}

// at is the schema of a place in a document, such as $.flows[0].limits.
func (r read) at(path string) map[string]any {
	s := r.root
	for _, part := range regexp.MustCompile(`\[\d+\]|[^.\[\]]+`).FindAllString(strings.TrimPrefix(path, "$"), -1) {
		s = r.deref(s)
		name := strings.Trim(part, "'")
		if strings.HasPrefix(part, "[") {
			s = mapping(s["items"])
		} else if p, ok := mapping(s["properties"])[name]; ok {
			s = mapping(p)
		} else {
			s = mapping(s["additionalProperties"])
		}
		if s == nil {
			r.t.Fatalf("%s is not in the schema", path)
		}
	}
	return r.deref(s)
}

// meaningless are keys that the loader looks for and that mean nothing there.
func meaningless() []string {
	return []string{"cases.status", "cases.answer.path", "cases.answer.query"}
}

// TestDescribeKnowsEveryKey: documents made of the schema, with all keys and with as few
// as may be, are policy to the loader; and in each mapping the schema has exactly the keys
// that the loader looks for.
func TestDescribeKnowsEveryKey(t *testing.T) {
	r := readSchema(t)
	asked, has := map[string]map[string]bool{}, map[string][]string{}
	place := regexp.MustCompile(`\[\d+\]`)
	look := func(o *object) {
		path := o.ast.GetPath()
		of := r.at(path)
		name := strings.TrimPrefix(place.ReplaceAllString(path, ""), "$.")
		if _, ok := mapping(of["properties"])["nullable"]; ok { // a value, wherever it is
			name = "value"
		}
		if asked[name] == nil {
			asked[name] = map[string]bool{}
		}
		for _, key := range o.asked {
			asked[name][key] = true
		}
		has[name] = slices.Collect(maps.Keys(mapping(of["properties"])))
	}
	for _, chosen := range []map[string]string{{"protocol": "http"}, {"protocol": "http", "with": "answer"}, {"protocol": "file", "route": "file"}} {
		for _, all := range []bool{true, false} {
			for _, kind := range []string{"string", "integer", "decimal", "boolean", "bytes", "list", "record"} {
				choice := maps.Clone(chosen)
				choice["type"] = kind
				files := r.folder(all, choice)
				if _, err := load(files, look); err != nil {
					text, _ := fs.ReadFile(files, "p.yaml")
					t.Fatalf("%v, all keys %t: %v\n%s", choice, all, err, text)
				}
			}
		}
	}
	credentials(r, look)
	for name, keys := range asked {
		for key := range keys {
			if !slices.Contains(has[name], key) && !slices.Contains(meaningless(), name+"."+key) {
				t.Errorf("%s: the loader knows the key %q, the schema does not", name, key)
			}
		}
		for _, key := range has[name] {
			if !keys[key] {
				t.Errorf("%s: the schema has the key %q, for which the loader never looks", name, key)
			}
		}
	}
	if len(asked) < 20 {
		t.Errorf("only %d kinds of mappings were read", len(asked))
	}
}

// credentials has the loader read each kind of credential.
func credentials(r read, look func(*object)) {
	properties := mapping(r.at("$.subjects[0].credentials[0]")["properties"])
	for key, p := range properties {
		doc := map[string]any{"subjects": []any{map[string]any{"id": "outside/x", "credentials": []any{map[string]any{key: r.made(mapping(p), true, nil, 0)}}}}}
		text, err := yaml.Marshal(doc)
		if err != nil {
			r.t.Fatal(err)
		}
		_, err = load(fstest.MapFS{"p.yaml": {Data: text}}, look)
		if err != nil && strings.Contains(err.Error(), "credential") {
			r.t.Errorf("%s: %v", key, err)
		}
	}
}

// TestDescribeTakesTheExample: the schema finds nothing wrong with the example's files.
func TestDescribeTakesTheExample(t *testing.T) {
	r := readSchema(t)
	n := 0
	err := fs.WalkDir(bankpolicy.Files(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".yaml") {
			return err
		}
		text, err := fs.ReadFile(bankpolicy.Files(), path)
		if err != nil {
			return err
		}
		var doc any
		if err := yaml.Unmarshal(text, &doc); err != nil {
			return err
		}
		n++
		r.fits(path, r.root, doc)
		return nil
	})
	if err != nil || n < 5 {
		t.Errorf("%d files: %v", n, err)
	}
	if *r.wrong > 0 {
		t.Errorf("%d things are wrong with the example", *r.wrong)
	}
	r.fits("made up", r.root, map[string]any{"flows": []any{map[string]any{"name": "x y", "colour": "red"}}})
	if *r.wrong < 3 {
		t.Error("the schema finds little wrong with a flow that is none")
	}
}

func (r read) complain(at, what string, args ...any) {
	*r.wrong++
	r.t.Logf("%s: %s", at, fmt.Sprintf(what, args...))
}

// fits holds a value against a schema, as far as ours use it.
func (r read) fits(at string, s map[string]any, v any) {
	s = r.deref(s)
	wrong := func(what string, args ...any) { r.complain(at, what, args...) }
	if list, ok := s["enum"].([]any); ok && !slices.Contains(list, v) {
		wrong("%v is none of %v", v, list)
	}
	kind := fmt.Sprint(s["type"])
	switch v := v.(type) {
	case map[string]any:
		if s["type"] != nil && kind != "object" {
			wrong("a mapping, not %s", kind)
		}
		r.fitsMapping(at, s, v)
	case []any:
		if s["type"] != nil && kind != "array" {
			wrong("a list, not %s", kind)
		}
		for i := range v {
			r.fits(fmt.Sprintf("%s[%d]", at, i), mapping(s["items"]), v[i])
		}
	case string:
		if pattern, ok := s["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(v) {
			wrong("%q does not fit %s", v, pattern)
		}
		if s["type"] != nil && !strings.Contains(kind, "string") {
			wrong("%q is not %s", v, kind)
		}
	case bool:
		if s["type"] != nil && kind != "boolean" {
			wrong("%t is not %s", v, kind)
		}
	case uint64, int64, int:
		if s["type"] != nil && !strings.Contains(kind, "integer") {
			wrong("%v is not %s", v, kind)
		}
	}
}

func (r read) fitsMapping(at string, s, v map[string]any) {
	required, _ := s["required"].([]any)
	for _, key := range required {
		if _, ok := v[fmt.Sprint(key)]; !ok {
			r.complain(at, "%v is missing", key)
		}
	}
	for key, value := range v {
		if p, ok := mapping(s["properties"])[key]; ok {
			r.fits(at+"."+key, mapping(p), value)
		} else if more, ok := s["additionalProperties"].(map[string]any); ok {
			r.fits(at+"."+key, more, value)
		} else if s["additionalProperties"] == false {
			r.complain(at, "no key %s", key)
		}
	}
}

// TestDescribeInTwoLanguages: every key says what it is in both.
func TestDescribeInTwoLanguages(t *testing.T) {
	r := readSchema(t)
	n := 0
	var walk func(at string, s map[string]any)
	walk = func(at string, s map[string]any) {
		for key, p := range mapping(s["properties"]) {
			p := mapping(p)
			n++
			zh, _ := mapping(p["x-zh"])["description"].(string)
			if en, _ := p["description"].(string); en == "" || zh == "" || !regexp.MustCompile(`\p{Han}`).MatchString(zh) {
				t.Errorf("%s.%s says nothing in one language", at, key)
			}
			walk(at+"."+key, p)
			walk(at+"."+key, mapping(p["items"]))
		}
	}
	walk("$", r.root)
	for name, d := range mapping(r.root["$defs"]) {
		walk(name, mapping(d))
	}
	if n < 90 {
		t.Errorf("only %d keys", n)
	}
}
