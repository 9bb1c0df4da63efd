// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/policy"
)

// tick is how often crossings are added; lateBy is how far the feed may fall behind before
// it lets some out, so that a slow machine is not flooded when it has time again.
const (
	tick   = 50 * time.Millisecond
	lateBy = 2 * time.Second
)

// feed has the journals grow.
type feed struct {
	s       *site
	way     *way
	began   time.Time
	ended   time.Time
	made    atomic.Int64 // crossings
	left    atomic.Int64 // crossings that were let out
	lags    []uint64     // entries that the index was behind, each second
	mu      sync.Mutex   // over lags
	entries atomic.Int64
}

func (s *site) newFeed() *feed {
	f := &feed{s: s}
	journals := map[string]*audit.Journal{}
	for _, p := range s.parts {
		journals[p.identity.Request.ID] = p.journal
	}
	f.way = newWay(*seedFlag+1, s.policy, func(component string, e audit.Entry) {
		journals[component].Append(e)
		f.entries.Add(1)
	})
	return f
}

// run adds crossings until ctx ends. Nobody waits for an entry: the journals sync and sign
// by themselves every 80 ms, as those of busy components do.
func (f *feed) run(ctx context.Context) error {
	f.began = time.Now()
	defer func() { f.ended = time.Now() }()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		due := int64(time.Since(f.began).Seconds()*float64(*rateFlag)) - f.made.Load() - f.left.Load()
		if most := int64(lateBy.Seconds() * float64(*rateFlag)); due > most {
			f.left.Add(due - most)
			due = most
		}
		for range due {
			c := f.way.crossing(time.Now().UnixMilli())
			f.s.counts.add(c)
		}
		f.made.Add(due)
		if n%int(time.Second/tick) == 0 {
			f.lag()
		}
	}
}

// lag notes how far behind the index is.
func (f *feed) lag() {
	behind := uint64(0)
	for _, l := range f.s.index.Status() {
		if p := f.s.part(l.Log); p.journal.Next() > l.Indexed {
			behind += p.journal.Next() - l.Indexed
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lags = append(f.lags, behind)
}

// report says what was fed so far, and fails when none of it could be found.
func (f *feed) report(out io.Writer) {
	t := f.s.t
	took := time.Since(f.began)
	f.mu.Lock()
	lags := slices.Sorted(slices.Values(f.lags))
	f.mu.Unlock()
	indexed := uint64(0)
	for _, l := range f.s.index.Status() {
		indexed += l.Indexed
	}
	perSecond := func(n int64) float64 { return float64(n) / took.Seconds() }
	fmt.Fprintf(out, "\nFed meanwhile: %d crossings in %.0f s, %.0f a second (%d wanted), %.0f entries a second; %d were left out because the feed came too late.\n",
		f.made.Load(), took.Seconds(), perSecond(f.made.Load()), *rateFlag, perSecond(f.entries.Load()), f.left.Load())
	if len(lags) > 0 {
		fmt.Fprintf(out, "The index was behind the journals by %d entries at the median, %d at the 95th percentile, %d at most.\n",
			lags[len(lags)/2], lags[len(lags)*95/100], lags[len(lags)-1])
	}
	if f.made.Load() == 0 || indexed == 0 {
		t.Errorf("%d crossings were fed, %d entries of them were indexed", f.made.Load(), indexed)
	}
}

// counts are what the entries of flows would have counted.
type counts struct {
	mu  sync.Mutex
	all map[string]*control.FlowState
}

func (c *counts) add(one crossed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[string]*control.FlowState{}
	}
	f := c.all[one.flow.Name]
	if f == nil {
		f = &control.FlowState{Name: one.flow.Name, Within: make([]uint64, len(control.Bounds())+1)}
		c.all[one.flow.Name] = f
	}
	if one.refused {
		f.Refused++
		return
	}
	f.Passed++
	f.Bytes += 2048
	f.Micros += 4000
	f.Within[2]++
}

// of are those of the flows that enter at a component.
func (c *counts) of(p *policy.Policy, component string) (list []control.FlowState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range p.Flows {
		if f := c.all[p.Flows[i].Name]; f != nil && p.Flows[i].Entry == component {
			one := *f
			one.Within = slices.Clone(f.Within)
			list = append(list, one)
		}
	}
	return list
}
