// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"slices"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// schemas compares the forms of a flow.
type schemas struct {
	*words
	flow string
}

func (s *schemas) say(e Effect, path bilingual.Words, english, chinese string, args ...any) {
	s.tell(e, path, bilingual.Say(english, chinese, args...))
}

func (s *schemas) tell(e Effect, path, what bilingual.Words) {
	s.add("form", s.flow, e, "flow %s: %s: %s", "数据流 %s：%s：%s", s.flow, path, what)
}

func (s *schemas) compare(path bilingual.Words, a, b *policy.Schema) {
	if a.Type != b.Type {
		s.say(Other, path, "a %s, not a %s", "类型为 %s，原为 %s", b.Type, a.Type)
		return
	}
	s.bounds(path, a, b)
	s.marks(path, a, b)
	compare(a.Fields, b.Fields, func(f *policy.Field) string { return f.Name },
		func(f *policy.Field) {
			s.say(Wider, path, "field %s is new, %s", "新增字段 %s，%s", f.Name, described(f))
		},
		func(f *policy.Field) {
			s.say(Narrower, path, "field %s does not cross any more", "字段 %s 不再通过", f.Name)
		},
		func(x, y *policy.Field) {
			at := bilingual.Words{English: path.English + "." + x.Name, Chinese: path.Chinese + "." + x.Name}
			if x.Required != y.Required {
				s.tell(map[bool]Effect{true: Narrower, false: Wider}[y.Required], at, must(y.Required))
			}
			s.compare(at, &x.Schema, &y.Schema)
		})
	if a.Items != nil && b.Items != nil {
		s.compare(bilingual.Words{English: path.English + "[]", Chinese: path.Chinese + "[]"}, a.Items, b.Items)
	}
}

func must(required bool) bilingual.Words {
	if required {
		return bilingual.Say("it must be there", "必须存在")
	}
	return bilingual.Say("it may be left out", "可以省略")
}

func described(f *policy.Field) bilingual.Words {
	if f.Schema.Secret {
		return bilingual.Say("%s, kept out of the records, %s", "类型 %s，不记入审计，%s", f.Schema.Type, must(f.Required))
	}
	return bilingual.Say("%s, %s", "类型 %s，%s", f.Schema.Type, must(f.Required))
}

func (s *schemas) bounds(path bilingual.Words, a, b *policy.Schema) {
	if a.Min != b.Min {
		s.say(shrinks(a.Min, b.Min), path, "at least %d → %d", "最小 %d → %d", a.Min, b.Min)
	}
	if a.Max != b.Max {
		s.say(grows(a.Max, b.Max), path, "at most %d → %d", "最大 %d → %d", a.Max, b.Max)
	}
	if a.Pattern != b.Pattern {
		s.say(Other, path, "it must match %s, not %s", "须匹配 %s，原为 %s", word(b.Pattern), word(a.Pattern))
	}
	switch {
	case slices.Equal(a.Enum, b.Enum):
	case len(b.Enum) == 0:
		s.say(Wider, path, "any text, not only one of %q", "任意文本，原仅限 %q 之一", a.Enum)
	case len(a.Enum) == 0:
		s.say(Narrower, path, "only one of %q", "仅限 %q 之一", b.Enum)
	default:
		s.sets(a.Enum, b.Enum, func(v string) { s.say(Wider, path, "%q too", "增加允许值 %q", v) }, func(v string) { s.say(Narrower, path, "%q no more", "不再允许值 %q", v) })
	}
}

func (s *schemas) marks(path bilingual.Words, a, b *policy.Schema) {
	yes := map[bool]Effect{true: Wider, false: Narrower}
	if a.Nullable != b.Nullable {
		s.say(yes[b.Nullable], path, "null may stand there: %s", "可为 null：%s", truth(b.Nullable))
	}
	if a.Classifies != b.Classifies {
		s.say(yes[!b.Classifies], path, "its value raises the class of the content: %s", "其取值会提高内容等级：%s", truth(b.Classifies))
	}
	if a.Secret != b.Secret {
		s.say(Other, path, "it is kept out of the records: %s", "不记入审计：%s", truth(b.Secret))
	}
	s.classes("form", s.flow, bilingual.Say("flow %s: %s: class of the content", "数据流 %s：%s：内容等级", s.flow, path), least(a), least(b), false)
}

// least is the class that a value alone gives the content.
func least(s *policy.Schema) label.Class {
	if s.Class == nil {
		return label.Lowest()
	}
	return *s.Class
}
