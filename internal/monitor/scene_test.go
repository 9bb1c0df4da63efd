// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"os"
	"slices"
	"testing"
	"time"

	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// scene is an installation as the center sees it, and the time.
type scene struct {
	t    *testing.T
	now  time.Time
	seen Snapshot
	e    *engine
	eyes *eyes
	news []News
}

const flow = "credit-query"

func newScene(t *testing.T) *scene {
	now := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	s := &scene{t: t, now: now, e: newEngine(), eyes: newEyes(now.Add(-time.Hour))}
	add := func(id string, role policy.Role, inner bool) {
		s.seen.Components = append(s.seen.Components, Component{ID: id, Role: role, Inner: inner, State: Current, Seen: now, Audit: "proven"})
	}
	add("front-out", policy.RoleFront, false)
	add("outer", policy.RoleOuter, false)
	add("gate", policy.RoleGate, true)
	add("inner", policy.RoleInner, true)
	add("front-in", policy.RoleFront, true)
	s.seen.Flows = []Flow{{Name: flow, Entry: "front-out", Exit: "front-in", Ask: true, Path: []string{"front-out", "outer", "gate", "inner", "front-in"}}}
	s.count(control.FlowState{})
	return s
}

func (s *scene) at(id string) *Component {
	i := slices.IndexFunc(s.seen.Components, func(c Component) bool { return c.ID == id })
	return &s.seen.Components[i]
}

func (s *scene) state(state string, ids ...string) {
	for _, id := range ids {
		s.at(id).State = state
	}
}

// count sets what the entry counted.
func (s *scene) count(f control.FlowState) {
	f.Name = flow
	if f.Within == nil {
		f.Within = make([]uint64, len(control.Bounds())+1)
		f.Within[3] = f.Passed
	}
	s.at("front-out").Flows = []control.FlowState{f}
}

// step goes on a second, and gives what was told.
func (s *scene) step() []News {
	s.now = s.now.Add(time.Second)
	s.e.step(s.now, s.eyes.look(s.seen, s.now), func(id string) bool { return id != "" && s.at(id).State == Unreachable })
	news := s.e.news
	s.e.news = nil
	s.news = append(s.news, news...)
	return news
}

// until steps until something is told, at most so many seconds.
func (s *scene) until(seconds int) (news []News, took int) {
	s.t.Helper()
	for took = 1; took <= seconds; took++ {
		if news = s.step(); len(news) > 0 {
			return news, took
		}
	}
	s.t.Fatalf("nothing was told within %d s; firing: %v", seconds, s.firing())
	return nil, 0
}

// quiet steps, and wants nothing to be told.
func (s *scene) quiet(seconds int) {
	s.t.Helper()
	for range seconds {
		if news := s.step(); len(news) > 0 {
			s.t.Fatalf("told: %s %s %s", news[0].Alert.State, news[0].Alert.Rule, news[0].Alert.about())
		}
	}
}

func (s *scene) firing() (list []string) {
	for _, t := range s.e.inOrder() {
		if t.alert != nil && t.alert.State == Firing {
			list = append(list, t.alert.Rule+" "+t.alert.about())
		}
	}
	return list
}

func (s *scene) only(news []News, state State, rule, about string) News {
	s.t.Helper()
	if len(news) != 1 || news[0].Alert.State != state || news[0].Alert.Rule != rule || news[0].Alert.about() != about {
		s.t.Fatalf("told %d: %+v, want %s %s %s", len(news), news, state, rule, about)
	}
	return news[0]
}
