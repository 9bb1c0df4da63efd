// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"dukou.dev/dukou/internal/policy"
)

// cedar reads the Cedar files and holds every entity that they name against the
// rest of the policy: a forbid with a misspelt name would never forbid.
func (l *loader) cedar(files []string) {
	seen := map[string]string{}
	for _, name := range files {
		text, ok := readText(&l.problems, l.fsys, name)
		if !ok {
			continue
		}
		if line := tooDeep(text); line > 0 {
			l.add(name, line, 1, "nested deeper than %d", maxDepth)
			continue
		}
		list, err := cedar.NewPolicyListFromBytes(name, []byte(text))
		if err != nil {
			line, column := placeOf(err)
			l.add(name, line, column, "%s", cedarPlace.ReplaceAllString(err.Error(), ""))
			continue
		}
		for i, p := range list {
			id := fmt.Sprintf("%s#%d", name, i+1)
			if given, ok := p.Annotations()["id"]; ok {
				id = string(given)
			}
			if first, twice := seen[id]; twice {
				l.add(name, p.Position().Line, p.Position().Column, "policy %q is in %s already", id, first)
			}
			seen[id] = name
			l.entities(name, p)
		}
		l.draft.Cedar = append(l.draft.Cedar, policy.CedarFile{Name: name, Text: text})
	}
	if len(seen) == 0 && len(l.problems.list) == 0 {
		l.add(".", 0, 0, "no policy in a file *.cedar: nothing would be permitted")
	}
}

var cedarPlace = regexp.MustCompile(`^.* at <input>:(\d+):(\d+) `) //nolint:gochecknoglobals // a constant

// placeOf finds line and column in a message of the Cedar parser.
func placeOf(err error) (line, column int) {
	m := cedarPlace.FindStringSubmatch(err.Error())
	if m == nil {
		return 1, 1
	}
	line, _ = strconv.Atoi(m[1])   //nolint:errcheck // digits by the pattern
	column, _ = strconv.Atoi(m[2]) //nolint:errcheck // digits by the pattern
	return line, column
}

func (l *loader) entities(file string, p *cedar.Policy) {
	text, err := p.MarshalJSON()
	if err != nil {
		l.add(file, p.Position().Line, p.Position().Column, "%v", err)
		return
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		l.add(file, p.Position().Line, p.Position().Column, "%v", err)
		return
	}
	walk(tree, func(kind, id string) {
		if what := l.noEntity(kind, id); what != "" {
			l.add(file, p.Position().Line, p.Position().Column, "%s", what)
		}
	})
}

// walk finds {"type": ..., "id": ...}, the form of an entity in Cedar's JSON.
func walk(v any, found func(kind, id string)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			walk(item, found)
		}
	case map[string]any:
		kind, isKind := v["type"].(string)
		id, isID := v["id"].(string)
		if isKind && isID && len(v) == 2 {
			found(kind, id)
			return
		}
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			walk(v[key], found)
		}
	}
}

// noEntity says what is wrong with the name of an entity; empty if it is known.
func (l *loader) noEntity(kind, id string) string {
	var known []string
	switch kind {
	case "Zone":
		known = l.zoneNames()
	case "Object":
		known = l.objectIDs()
	case "Action":
		known = names(l.draft.Flows, func(f policy.Flow) string { return f.Action })
	case "Group":
		known = l.groupNames()
	case "Subject":
		known = l.subjectIDs()
		if slices.ContainsFunc(known, func(s string) bool {
			prefix, family := strings.CutSuffix(s, "*")
			return family && strings.HasPrefix(id, prefix)
		}) {
			return ""
		}
	default:
		return fmt.Sprintf("no entity type %q%s", kind, suggestion(kind, []string{"Subject", "Group", "Object", "Action", "Zone"}))
	}
	if slices.Contains(known, id) {
		return ""
	}
	return fmt.Sprintf("no %s::%q%s", kind, id, suggestion(id, known))
}

func (l *loader) groupNames() []string {
	var all []string
	for _, s := range l.draft.Subjects {
		all = append(all, s.Groups...)
	}
	for _, o := range l.draft.Objects {
		all = append(all, o.Groups...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
