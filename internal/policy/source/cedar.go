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

	"dukou.dev/dukou/internal/bilingual"
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
			l.add(name, line, 1, tooDeeply())
			continue
		}
		list, err := cedar.NewPolicyListFromBytes(name, []byte(text))
		if err != nil {
			line, column := placeOf(err)
			l.add(name, line, column, bilingual.Say("%s", "Cedar 策略有误：%s", cedarPlace.ReplaceAllString(err.Error(), "")))
			continue
		}
		for i, p := range list {
			id := fmt.Sprintf("%s#%d", name, i+1)
			if given, ok := p.Annotations()["id"]; ok {
				id = string(given)
			}
			if first, twice := seen[id]; twice {
				l.add(name, p.Position().Line, p.Position().Column, bilingual.Say("policy %q is in %s already", "授权规则 %q 已在 %s 中出现", id, first))
			}
			seen[id] = name
			l.entities(name, p)
		}
		l.draft.Cedar = append(l.draft.Cedar, policy.CedarFile{Name: name, Text: text})
	}
	if len(seen) == 0 && len(l.problems.list) == 0 {
		l.add(".", 0, 0, bilingual.Say("no policy in a file *.cedar: nothing would be permitted", "*.cedar 文件中没有授权规则：不会允许任何访问"))
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
		l.add(file, p.Position().Line, p.Position().Column, bilingual.Say("%v", "Cedar 策略有误：%v", err))
		return
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		l.add(file, p.Position().Line, p.Position().Column, bilingual.Say("%v", "Cedar 策略有误：%v", err))
		return
	}
	walk(tree, func(kind, id string) {
		if what, wrong := l.noEntity(kind, id); wrong {
			l.add(file, p.Position().Line, p.Position().Column, what)
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

// noEntity says what is wrong with the name of an entity; wrong is false if it is known.
func (l *loader) noEntity(kind, id string) (what bilingual.Words, wrong bool) {
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
			return bilingual.Words{}, false
		}
	default:
		types := []string{"Subject", "Group", "Object", "Action", "Zone"}
		return bilingual.Say("no entity type %q%s", "没有名为 %q 的实体类型%s", kind, suggestion(kind, types)), true
	}
	if slices.Contains(known, id) {
		return bilingual.Words{}, false
	}
	return bilingual.Say("no %s::%q%s", "不存在 %s::%q%s", kind, id, suggestion(id, known)), true
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
