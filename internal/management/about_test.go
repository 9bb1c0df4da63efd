// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/proposal"
)

// TestEveryActHasItsCode: whoever tells of proposals in another language finds the code of
// each act in the interface's description.
func TestEveryActHasItsCode(t *testing.T) {
	var kinds []string
	for _, acts := range [][]proposal.Act{AccountActs(nil), ComponentActs(nil), PolicyActs(nil), RetentionActs(nil), RuleActs(nil), QuarantineActs(nil)} {
		for _, a := range acts {
			kinds = append(kinds, a.Kind)
		}
	}
	field, _ := reflect.TypeFor[proposal.About]().FieldByName("Code")
	codes := strings.Split(field.Tag.Get("enum"), ",")
	slices.Sort(kinds)
	slices.Sort(codes)
	if !slices.Equal(kinds, codes) {
		t.Errorf("the acts are %v, the codes are %v", kinds, codes)
	}
}

// about holds what a proposal says of itself in codes.
func (b *bank) about(id string, want proposal.About) {
	b.t.Helper()
	if p, err := b.Proposals.Get(b.t.Context(), id); err != nil || p.About == nil || *p.About != want {
		b.t.Errorf("%q is about %+v, want %+v: %v", p.Title, p.About, want, err)
	}
}

// told holds what an inbox says in codes of its one item.
func told(t *testing.T, list []InboxItem, err error, want InboxAbout) {
	t.Helper()
	if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0].About, want) || list[0].Kind != want.Code || list[0].Title == "" {
		t.Errorf("%+v, want %+v: %v", list, want, err)
	}
}
