// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"dukou.dev/dukou/internal/fault"
)

// Check says whether v is within the schema; path names v in the error.
func (s *Schema) Check(v any, path string) error {
	if m := s.check(v); m != nil {
		return fault.New(fault.ContentInvalid, "%s%s%s", path, m.at, m.why)
	}
	return nil
}

// misfit is where below a value something is not within the schema, and why, with what
// comes between the two. Its place is put together on the way out: most content has none.
type misfit struct{ at, why string }

func misfitf(format string, args ...any) *misfit { return &misfit{why: fmt.Sprintf(format, args...)} }

// below puts a step in front of the place.
func (m *misfit) below(step string) *misfit {
	m.at = step + m.at
	return m
}

func (s *Schema) check(v any) *misfit {
	if v == nil {
		if s.Nullable {
			return nil
		}
		return misfitf(" is null")
	}
	switch v := v.(type) {
	case string:
		return s.checkText(v)
	case int64:
		if s.Type != Integer || v < s.Min || v > s.Max {
			return misfitf(": integer %d, want %s", v, s.want())
		}
		return nil
	case bool:
		if s.Type == Boolean {
			return nil
		}
	case []byte:
		if s.Type == Bytes && s.within(len(v)) {
			return nil
		}
	case []any:
		return s.checkList(v)
	case map[string]any:
		return s.checkRecord(v)
	}
	return misfitf(": %T, want %s", v, s.want())
}

func (s *Schema) want() string { return fmt.Sprintf("%s of %d to %d", s.Type, s.Min, s.Max) }

func (s *Schema) within(n int) bool { return int64(n) >= s.Min && int64(n) <= s.Max }

func (s *Schema) checkText(v string) *misfit {
	switch {
	case s.Type != Text && s.Type != Decimal:
		return misfitf(": text, want %s", s.want())
	case s.Type == Text && !s.within(utf8.RuneCountInString(v)):
		return misfitf(": text of %d characters, want %s", utf8.RuneCountInString(v), s.want())
	case s.pattern != nil && !s.pattern.MatchString(v):
		return misfitf(" does not match its pattern")
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, v):
		return misfitf(" is none of the allowed values")
	}
	return nil
}

func (s *Schema) checkList(v []any) *misfit {
	if s.Type != List || !s.within(len(v)) {
		return misfitf(": list of %d, want %s", len(v), s.want())
	}
	for i, item := range v {
		if m := s.Items.check(item); m != nil {
			return m.below(fmt.Sprintf("[%d]", i))
		}
	}
	return nil
}

func (s *Schema) checkRecord(v map[string]any) *misfit {
	if s.Type != Record {
		return misfitf(": record, want %s", s.want())
	}
	known := 0
	for i := range s.Fields {
		f := &s.Fields[i]
		item, ok := v[f.Name]
		if !ok {
			if f.Required {
				return misfitf(" is missing").below("." + f.Name)
			}
			continue
		}
		known++
		if m := f.Schema.check(item); m != nil {
			return m.below("." + f.Name)
		}
	}
	if known != len(v) {
		return misfitf(": field %q is not one that crosses", s.stranger(v))
	}
	return nil
}

// stranger is the first field, by name, that the schema does not have.
func (s *Schema) stranger(v map[string]any) string {
	var names []string
	for name := range v {
		if !slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Name == name }) {
			names = append(names, name)
		}
	}
	return slices.Min(names)
}
