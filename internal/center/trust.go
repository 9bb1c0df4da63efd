// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package center

import (
	"bytes"
	"encoding/hex"

	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
)

// untrusted says why a component with this state gets no bundle and no lease: it was
// not started under the manifest that the center was. It finds the component that was
// forgotten in an update, or started past the launcher. A program that was changed to
// lie says the right thing here; package manifest says what stands against that.
func (c *Center) untrusted(state control.State) error {
	if len(c.Manifest) == 0 || bytes.Equal(state.Host.Manifest, c.Manifest) {
		return nil
	}
	told := "none"
	if len(state.Host.Manifest) > 0 {
		told = hex.EncodeToString(state.Host.Manifest)
	}
	return fault.New(fault.PeerUnknown, "%s was started under manifest %s, and %x is demanded", state.Component, told, c.Manifest)
}

// withhold notes a component that gets nothing.
func (c *Center) withhold(component *policy.Component, state control.State, p *policy.Policy, err error) {
	c.mu.Lock()
	known := c.standing(component.ID).State == "untrusted"
	c.mu.Unlock()
	c.note(component, state, p, nil)
	c.mu.Lock()
	s := c.standing(component.ID)
	s.State, s.Error = "untrusted", err.Error()
	c.mu.Unlock()
	if !known {
		c.Log.Warn("component is not trusted", "component", component.ID, "error", err)
	}
}
