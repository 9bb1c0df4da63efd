// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"slices"

	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/policy"
)

// Connection is what two neighbours say of the connection between them. Only the parts of
// the guard tell who is connected to them.
type Connection struct {
	Outer string          `json:"outer" doc:"component that is further outside"`
	Inner string          `json:"inner" doc:"component that is further inside"`
	Link  bool            `json:"link" doc:"it is the link between the halves"`
	State ConnectionState `json:"state" enum:"connected,one-sided,broken,unknown" doc:"connected: all that can tell say so; one-sided: one says so and the other does not answer; broken: one that answers says that it is not; unknown: none that could tell answers"`
}

// ConnectionState is how a connection stands.
type ConnectionState string

// The states.
const (
	connected      ConnectionState = "connected"
	oneSided       ConnectionState = "one-sided"
	broken         ConnectionState = "broken"
	unknownWhether ConnectionState = "unknown"
)

// connections are those of neighbours.
func connections(list []monitor.Component) []Connection {
	all := []Connection{}
	for i := range list {
		for j := range list {
			if a, b := &list[i], &list[j]; neighbours(a, b) {
				all = append(all, Connection{Outer: a.ID, Inner: b.ID, Link: a.Role == policy.RoleOuter && b.Role == policy.RoleGate, State: between(a, b)})
			}
		}
	}
	return all
}

// neighbours tells whether b is the next one inside of a.
func neighbours(a, b *monitor.Component) bool {
	switch a.Role {
	case policy.RoleFront:
		return !a.Inner && b.Role == policy.RoleOuter
	case policy.RoleOuter:
		return b.Role == policy.RoleGate
	case policy.RoleGate:
		return b.Role == policy.RoleInner
	case policy.RoleInner:
		return b.Role == policy.RoleFront && b.Inner || b.Role == policy.RoleCenter
	case policy.RoleCenter, policy.RoleClient:
	}
	return false
}

// between is what both say that can tell.
func between(a, b *monitor.Component) ConnectionState {
	yes, tellers := 0, 0
	for _, pair := range [][2]*monitor.Component{{a, b}, {b, a}} {
		one, other := pair[0], pair[1]
		if one.Role != policy.RoleOuter && one.Role != policy.RoleGate && one.Role != policy.RoleInner {
			continue
		}
		tellers++
		switch {
		case one.State == monitor.Unreachable:
		case slices.Contains(one.Peers, other.ID):
			yes++
		default:
			return broken
		}
	}
	switch yes {
	case 0:
		return unknownWhether
	case tellers:
		return connected
	default:
		return oneSided
	}
}
