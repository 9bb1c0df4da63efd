// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"fmt"
	"slices"

	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// schemas compares the forms of a flow.
type schemas struct {
	*words
	flow string
}

func (s *schemas) say(e Effect, path, format string, args ...any) {
	s.add("form", s.flow, e, "flow %s: %s: %s", s.flow, path, fmt.Sprintf(format, args...))
}

func (s *schemas) compare(path string, a, b *policy.Schema) {
	if a.Type != b.Type {
		s.say(Other, path, "a %s, not a %s", b.Type, a.Type)
		return
	}
	s.bounds(path, a, b)
	s.marks(path, a, b)
	compare(a.Fields, b.Fields, func(f *policy.Field) string { return f.Name },
		func(f *policy.Field) { s.say(Wider, path, "field %s is new, %s", f.Name, described(f)) },
		func(f *policy.Field) { s.say(Narrower, path, "field %s does not cross any more", f.Name) },
		func(x, y *policy.Field) {
			at := path + "." + x.Name
			if x.Required != y.Required {
				s.say(map[bool]Effect{true: Narrower, false: Wider}[y.Required], at, "%s", must(y.Required))
			}
			s.compare(at, &x.Schema, &y.Schema)
		})
	if a.Items != nil && b.Items != nil {
		s.compare(path+"[]", a.Items, b.Items)
	}
}

func must(required bool) string {
	if required {
		return "it must be there"
	}
	return "it may be left out"
}

func described(f *policy.Field) string {
	kind := string(f.Schema.Type)
	if f.Schema.Secret {
		kind += ", kept out of the records"
	}
	return kind + ", " + must(f.Required)
}

func (s *schemas) bounds(path string, a, b *policy.Schema) {
	if a.Min != b.Min {
		s.say(shrinks(a.Min, b.Min), path, "at least %d → %d", a.Min, b.Min)
	}
	if a.Max != b.Max {
		s.say(grows(a.Max, b.Max), path, "at most %d → %d", a.Max, b.Max)
	}
	if a.Pattern != b.Pattern {
		s.say(Other, path, "it must match %s, not %s", word(b.Pattern), word(a.Pattern))
	}
	switch {
	case slices.Equal(a.Enum, b.Enum):
	case len(b.Enum) == 0:
		s.say(Wider, path, "any text, not only one of %q", a.Enum)
	case len(a.Enum) == 0:
		s.say(Narrower, path, "only one of %q", b.Enum)
	default:
		s.sets(a.Enum, b.Enum, func(v string) { s.say(Wider, path, "%q too", v) }, func(v string) { s.say(Narrower, path, "%q no more", v) })
	}
}

func (s *schemas) marks(path string, a, b *policy.Schema) {
	yes := map[bool]Effect{true: Wider, false: Narrower}
	if a.Nullable != b.Nullable {
		s.say(yes[b.Nullable], path, "null may stand there: %t", b.Nullable)
	}
	if a.Classifies != b.Classifies {
		s.say(yes[!b.Classifies], path, "its value raises the class of the content: %t", b.Classifies)
	}
	if a.Secret != b.Secret {
		s.say(Other, path, "it is kept out of the records: %t", b.Secret)
	}
	s.classes("form", s.flow, "flow "+s.flow+": "+path+": class of the content", least(a), least(b), false)
}

// least is the class that a value alone gives the content.
func least(s *policy.Schema) label.Class {
	if s.Class == nil {
		return label.Lowest()
	}
	return *s.Class
}
