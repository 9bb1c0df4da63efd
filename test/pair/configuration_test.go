// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"reflect"
	"testing"

	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
)

// effective is what a component of a site says that it runs with.
func (s *site) effective(id string) control.Effective {
	return control.EffectiveOf(control.Program{Component: id, Name: "test", Version: "1", Arguments: []string{"-id", id}}, s.path(id+".yaml"), []byte("of: "+id+"\n"))
}

// TestConfigurations: the center hears from every component, on either side of the link,
// what it runs with, and knows its own.
func TestConfigurations(t *testing.T) {
	t.Parallel()
	w := newCentered(t)
	c := w.running[central].center
	for _, id := range append(guarded, central) {
		got, err := c.EffectiveOf(t.Context(), id)
		if err != nil || !reflect.DeepEqual(got, w.effective(id)) {
			t.Errorf("%s runs with %+v: %v", id, got, err)
		}
	}
	for _, id := range []string{frontTwo, "nobody"} {
		if got, err := c.EffectiveOf(t.Context(), id); fault.CodeOf(err) != fault.PeerUnavailable {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
	}
	if end := c.PolicyEnd(); end.IsZero() {
		t.Error("the policy has no end")
	}
}
