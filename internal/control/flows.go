// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
)

// MaxFlows bounds the flows that a component counts by name. What belongs to no flow of
// its bundle, or to one too many, is counted together under the empty name.
const MaxFlows = 1000

// maxFlowName bounds the name of a flow that is told, in bytes.
const maxFlowName = 256

// FlowState is what a component has counted of one flow since its start. A question with
// its answer is one, and a delivery is one.
type FlowState struct {
	_       struct{} `cbor:",toarray"`
	Name    string   // empty: see MaxFlows
	Passed  uint64
	Refused uint64   // by policy, form, label, quota, evidence
	Failed  uint64   // something was away, late or broken
	Current uint64   // under way
	Bytes   uint64   // of headers and bodies of what passed
	Micros  uint64   // that what passed took together, microseconds
	Within  []uint64 // of what passed, how many took how long: one for each of Bounds, and one for longer
}

// Bounds are the upper ends of the classes of FlowState.Within but the last.
func Bounds() []time.Duration {
	return []time.Duration{
		time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
		50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
		time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
	}
}

// Disk is the file system of a component's state directory, in bytes; zero when it could
// not be asked.
type Disk struct {
	_    struct{} `cbor:",toarray"`
	Size uint64
	Free uint64 // for this process
}

// Counters count what a component does, by flow. The zero value is ready, and its methods
// may be called by many goroutines.
type Counters struct {
	mu    sync.Mutex
	flows map[string]*FlowState
}

// Count is one parcel under way.
type Count struct {
	counters *Counters
	flow     *FlowState
	began    time.Time
	bytes    uint64
}

// Begin counts a parcel as under way. flow is the name of a flow of the bundle, or empty.
// Who begins must end.
func (c *Counters) Begin(flow string) *Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of(flow)
	s.Current++
	return &Count{counters: c, flow: s, began: time.Now()}
}

// Refused counts a parcel that was refused before it was under way.
func (c *Counters) Refused(flow string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of(flow).failed(err)
}

// of is called with the lock held.
func (c *Counters) of(name string) *FlowState {
	s := c.flows[name]
	if s == nil && len(c.flows) >= MaxFlows {
		name = ""
		s = c.flows[name]
	}
	if s == nil {
		if c.flows == nil {
			c.flows = map[string]*FlowState{}
		}
		s = &FlowState{Name: name, Within: make([]uint64, len(Bounds())+1)}
		c.flows[name] = s
	}
	return s
}

func (s *FlowState) failed(err error) {
	switch fault.KindOf(fault.CodeOf(err)) {
	case fault.Unavailable, fault.Timeout, fault.BadAnswer, fault.Internal:
		s.Failed++
	default:
		s.Refused++
	}
}

// Bytes adds to what the parcel moved, which counts when it passes.
func (n *Count) Bytes(b uint64) { n.bytes += b }

// End counts how the parcel ended: err is nil when it passed.
func (n *Count) End(err error) {
	took := time.Since(n.began)
	n.counters.mu.Lock()
	defer n.counters.mu.Unlock()
	n.flow.Current--
	if err != nil {
		n.flow.failed(err)
		return
	}
	n.flow.Passed++
	n.flow.Bytes += n.bytes
	n.flow.Micros += uint64(max(took.Microseconds(), 0))
	at, _ := slices.BinarySearch(Bounds(), took)
	n.flow.Within[at]++
}

// States are the counts of all flows, by name. Those that the bundle no longer has, as
// has tells, and that nothing is under way on, are forgotten.
func (c *Counters) States(has func(flow string) bool) []FlowState {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]FlowState, 0, len(c.flows))
	for name, s := range c.flows {
		if name != "" && s.Current == 0 && !has(name) {
			delete(c.flows, name)
			continue
		}
		copied := *s
		copied.Within = slices.Clone(s.Within)
		list = append(list, copied)
	}
	slices.SortFunc(list, func(a, b FlowState) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// DecodeState reads the answer to a call for the health of a component, which may have
// been made by anybody who took it over.
func DecodeState(component string, answer []byte) (State, error) {
	var s State
	if err := canon.Unmarshal(answer, &s); err != nil {
		return State{}, fault.Wrap(fault.ParcelMalformed, err, "state of %s", component)
	}
	if s.Component != component || len(s.Flows) > MaxFlows+1 {
		return State{}, fault.New(fault.ParcelMalformed, "state of %s", component)
	}
	for i := range s.Flows {
		f := &s.Flows[i]
		if len(f.Name) > maxFlowName || len(f.Within) != len(Bounds())+1 || i > 0 && s.Flows[i-1].Name >= f.Name {
			return State{}, fault.New(fault.ParcelMalformed, "state of %s: flow %d", component, i)
		}
	}
	return s, nil
}

// DiskOf looks at the file system of a directory.
func DiskOf(dir string) Disk {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return Disk{} // told as not known
	}
	block := uint64(max(s.Bsize, 0))
	return Disk{Size: s.Blocks * block, Free: s.Bavail * block}
}
