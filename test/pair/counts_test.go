// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"bytes"
	"context"
	"testing"
	"time"

	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/parcel"
)

// counted is what a component says that it counted of a flow.
func (h *hand) counted(id, flow string) (control.FlowState, error) {
	data, err := h.call(control.Health, id, nil)
	if err != nil {
		return control.FlowState{}, err
	}
	state, err := control.DecodeState(id, data)
	if err != nil {
		return control.FlowState{}, err
	}
	if state.Disk.Size == 0 || state.Disk.Free > state.Disk.Size {
		return control.FlowState{}, wrong("%s has a disk of %+v", id, state.Disk)
	}
	for _, f := range state.Flows {
		if f.Name == flow {
			return f, nil
		}
	}
	return control.FlowState{Name: flow}, nil
}

// TestCountsOfFlows: each component tells, flow by flow, what passed it, what was refused
// there or further on, what failed, and how long it took.
func TestCountsOfFlows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	begun, finish := make(chan struct{}), make(chan struct{})
	w.app.set(func(_ context.Context, c front.Call) (parcel.Record, error) {
		switch c.Content["person"] {
		case "slow":
			close(begun)
			<-finish
		case "broken":
			return nil, fault.New(fault.TargetFailed, "the test says so")
		}
		return answer(2, "x"), nil
	})
	ended := make(chan error, 1)
	go func() {
		_, err := w.ask("out/p-1", "slow")
		ended <- err
	}()
	<-begun
	way := []string{frontOut, outer, gate, inner, frontIn}
	for _, id := range way {
		if f, err := w.center.counted(id, "query"); err != nil || f.Current != 1 || f.Passed != 0 {
			t.Errorf("%s, under way: %+v, %v", id, f, err)
		}
	}
	close(finish)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"out/p-1", "out/p-1", "out/p-9"} { // p-9 is refused at the outer half
		_, _ = w.ask(subject, "p-1") // what became of it is counted
	}
	_, _ = w.ask("out/p-1", "broken")
	for _, id := range way {
		want := control.FlowState{Passed: 3, Failed: 1}
		if id == frontOut || id == outer {
			want.Refused = 1
		}
		within(t, 5*time.Second, func() error {
			f, err := w.center.counted(id, "query")
			var sum uint64
			for _, n := range f.Within {
				sum += n
			}
			if err == nil && (f.Passed != want.Passed || f.Failed != want.Failed || f.Refused != want.Refused || f.Current != 0 || f.Bytes == 0 || f.Micros == 0 || sum != f.Passed) {
				return wrong("%s: %+v, want %+v", id, f, want)
			}
			return err
		})
	}
}

// TestCountsOfDeliveries: so do deliveries, with their bytes.
func TestCountsOfDeliveries(t *testing.T) {
	t.Parallel()
	c := newCarrier(t)
	body := noise(chunk + 5)
	out := c.outgoing("files", "out/sender", "one", body)
	if _, err := c.out.deliver(out, bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{frontOut, outer, gate, inner, frontIn} {
		within(t, 5*time.Second, func() error {
			f, err := c.center.counted(id, "files")
			if err == nil && (f.Passed != 1 || f.Refused+f.Failed+f.Current != 0 || f.Bytes != uint64(len(body))) {
				return wrong("%s: %+v", id, f)
			}
			return err
		})
	}
}
