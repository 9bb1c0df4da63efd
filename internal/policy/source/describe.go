// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"encoding/json"
	"slices"
	"time"

	"dukou.dev/dukou/internal/label"
)

// schema is a JSON Schema, draft 2020-12. Beside its own words it has ours:
//
//	x-zh        title and description in Chinese; title and description are English
//	x-file      where entries of a list are usually kept
//	x-once      the key is in one file of the folder only
//	x-needed    one file of the folder must have the key; with x-when: it must be there then
//	x-ref       what a text names: zones, objects, issuers, flows, categories, routes
//	x-unit      what a number with a unit measures
//	x-when      {key: values}: the property has a meaning beside those values of another
//	x-without   keys of the same mapping that the property does not go with
//	examples    the first is one that fits those of the others
type schema map[string]any

// Describe is the JSON Schema of the YAML files of a policy folder, for forms and for
// completion. What a folder must be beyond it, only Load knows. A test holds it against
// the keys that Load looks for.
func Describe() ([]byte, error) {
	root := described(topLevel())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "urn:dukou:policy-folder"
	root.says("A file of a policy folder", "策略文件夹中的一个文件",
		"Any file *.yaml or *.yml may have any of these keys; lists of several files are joined. Policies are in files *.cedar.",
		"任何 *.yaml 或 *.yml 文件都可以包含这些键；多个文件中的列表会合并。授权规则写在 *.cedar 文件中。")
	root["$defs"] = definitions()
	return json.Marshal(root)
}

// property is one key of a mapping.
type property struct {
	key      string
	required bool
	when     string // "protocol=http": the key is for this value of another, and required beside it if at all
	is       schema
	en, zh   string
}

// says adds title and description in both languages.
func (s schema) says(en, zh, enMore, zhMore string) schema {
	s["title"] = en
	more := map[string]string{"title": zh}
	if enMore != "" {
		s["description"], more["description"] = enMore, zhMore
	}
	s["x-zh"] = more
	return s
}

// with is a copy with another word.
func (s schema) with(key string, value any) schema {
	c := schema{}
	for k, v := range s {
		c[k] = v
	}
	c[key] = value
	return c
}

// described is the schema of a mapping that has these keys and no others.
func described(list []property) schema {
	properties, required, conditions := schema{}, []string{}, []schema{}
	for _, p := range list {
		is := p.is.with("description", p.en).with("x-zh", map[string]string{"description": p.zh})
		if p.when != "" {
			key, values := condition(p.when)
			is["x-when"], is["x-needed"] = map[string][]string{key: values}, p.required
			if key == "protocol" {
				conditions = append(conditions, conditional(&p, key, values))
			}
		} else if p.required {
			required = append(required, p.key)
		}
		properties[p.key] = is
	}
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	if len(conditions) > 0 {
		s["allOf"] = conditions
	}
	return s
}

// conditional says that a key is there only beside a value of another.
func conditional(p *property, key string, values []string) schema {
	c := schema{
		"if":   schema{"properties": schema{key: schema{"enum": values}}},
		"else": schema{"properties": schema{p.key: false}},
	}
	if p.required {
		c["then"] = schema{"required": []string{p.key}}
	}
	return c
}

func ref(name string) schema { return schema{"$ref": "#/$defs/" + name} }

func listOf(items schema) schema { return schema{"type": "array", "items": items} }

func distinct(items schema) schema { return listOf(items).with("uniqueItems", true) }

// mapOf is a mapping whose keys are names.
func mapOf(values schema) schema { return schema{"type": "object", "additionalProperties": values} }

func oneOfTexts(values ...string) schema { return schema{"type": "string", "enum": values} }

func flag(usual bool) schema { return schema{"type": "boolean", "default": usual} }

func whole(least, most int64) schema {
	return schema{"type": "integer", "minimum": least, "maximum": most}
}

func named(example string) schema { return ref("name").with("examples", []string{example}) }

func plain(example string) schema {
	return schema{"type": "string", "minLength": 1, "examples": []string{example}}
}

// measured is a whole number with a unit, which YAML may read as text or number.
func measured(unit, pattern, usual string, most any) schema {
	s := schema{"type": []string{"string", "integer"}, "pattern": pattern, "x-unit": unit, "x-most": most}
	if usual != "" {
		s["default"], s["examples"] = usual, []string{usual}
	}
	return s
}

func bytesUpTo(usual string, most int64) schema {
	return measured("bytes", `^[0-9]+ *(B|KiB|MiB|GiB|TiB)?$`, usual, most)
}

func timeUpTo(usual string, most time.Duration) schema {
	return measured("time", `^[0-9]+ *(ms|s|m|h|d)$`, usual, most.String())
}

// definitions are what is used in several places.
func definitions() schema {
	level := whole(int64(label.MinLevel), int64(label.MaxLevel))
	class := []property{
		{"confidentiality", false, "", level, "how secret, 1 (public) to 5", "机密性等级，1（公开）到 5"},
		{"integrity", false, "", level, "how trustworthy, 1 to 5", "完整性等级，1 到 5"},
		{"categories", false, "", distinct(ref("category")), "compartments, named under categories", "范畴，取自 categories 中的名称"},
	}
	levels := slices.Clone(class)
	levels[0].required, levels[1].required = true, true
	base := slices.Clone(class)
	base[0].required = true
	return schema{
		"name":     schema{"type": "string", "pattern": nameForm.String()},
		"id":       schema{"type": "string", "pattern": `^[^/]+/[A-Za-z0-9][A-Za-z0-9._@:-]{0,126}$`},
		"family":   schema{"type": "string", "pattern": `^[^/]+/([A-Za-z0-9][A-Za-z0-9._@:-]{0,126}\*?|\*)$`},
		"zone":     schema{"type": "string", "x-ref": "zones"},
		"category": schema{"type": "string", "x-ref": "categories"},
		"digest":   schema{"type": "string", "pattern": `^[0-9a-f]{64}$`},
		"change":   described(class).says("Levels and categories", "等级与范畴", "", ""),
		"base":     described(base).says("Class", "等级与范畴", "Where integrity is left out it is that of the zone that the content comes from, or the lowest.", "省略完整性时取内容来源安全域的完整性，或最低级。"),
		"class":    described(levels).says("Class", "等级与范畴", "Both levels must be there.", "两个等级都必须给出。"),
		"listener": described(endOf("listener", "the listener in that front's own configuration", "该前置自身配置中的监听名称")),
		"target":   described(endOf("target", "the target in that front's own configuration", "该前置自身配置中的目标名称")),
		"value":    described(valueKeys()).says("Value", "值", "What one value may be. The type is string where no other key implies another.", "一个值的约束。没有其他键暗示类型时为 string。"),
		"fields":   mapOf(ref("value")).says("Fields", "字段", "Names of fields, and what each may be.", "字段名及其约束。"),
	}
}

func endOf(place, en, zh string) []property {
	return []property{
		{"front", true, "", named("front-a"), "id of the front's component", "前置的部件标识"},
		{place, true, "", named("main"), en, zh},
	}
}

// valueKeys are those of the schema of a value of content.
func valueKeys() []property {
	return []property{
		{"type", false, "", oneOfTexts("string", "integer", "decimal", "boolean", "bytes", "list", "record").with("default", "string"), "kind of value", "值的类型"},
		{"required", false, "", flag(true), "whether it must be there", "是否必须出现"},
		{"nullable", false, "", flag(false), "whether it may be null", "是否可以为 null"},
		{"secret", false, "", flag(false), "kept out of the records", "不写入审计记录"},
		{"class", false, "", ref("change"), "class that the value alone gives the content, at least", "该值单独赋予内容的最低等级"},
		{"enum", false, "type=string,decimal", distinct(schema{"type": "string"}).with("minItems", 1), "the only values", "允许的取值"},
		{"min", false, "type=string,integer,bytes,list", schema{"type": "integer"}, "least value, characters, bytes or items", "最小的值、字符数、字节数或条数"},
		{"max", false, "type=string,integer,bytes,list", schema{"type": "integer"}, "greatest value, characters, bytes or items", "最大的值、字符数、字节数或条数"},
		{"pattern", false, "type=string", schema{"type": "string", "format": "regex", "examples": []string{"[a-z]*"}}, "regular expression (RE2) that the whole text fits", "整个文本须符合的正则表达式（RE2）"},
		{"classifies", false, "type=integer", flag(false), "the value is the confidentiality of the content", "该值就是内容的机密性等级"},
		{"items", true, "type=list", ref("value"), "what each item may be", "每一项的约束"},
		{"fields", true, "type=record", ref("fields"), "fields of the record", "记录的字段"},
	}
}
