// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package parts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"
)

// Gauge is the guard between two ends of this process, which stand in the places of
// the two fronts and note, by one clock, when a parcel goes into the guard and when it
// comes out. Making labels and answers is not counted.
type Gauge struct {
	making making
	outer  *end
	inner  *end

	mu    sync.Mutex
	under map[parcel.ID]*passage
}

// passage is one question on its way.
type passage struct {
	out  time.Time // when the question came out of the guard
	back time.Time // when its answer went in
}

// NewGauge takes the places of the two fronts, which must have been stopped. It ends
// with ctx; Close waits for that.
func NewGauge(ctx context.Context, outer, inner Place, e Exchange) (*Gauge, error) {
	g := &Gauge{under: map[parcel.ID]*passage{}}
	var err error
	if g.inner, err = take(ctx, inner, g.answer); err != nil {
		return nil, fmt.Errorf("inner end: %w", err)
	}
	if g.outer, err = take(ctx, outer, nil); err != nil {
		return nil, fmt.Errorf("outer end: %w", err)
	}
	g.making, err = newMaking(g.outer.policy, e)
	return g, err
}

// Close waits until both ends have ended, as they do with the context.
func (g *Gauge) Close() {
	g.outer.wait()
	g.inner.wait()
}

// answer answers one question at the inner end.
func (g *Gauge) answer(ctx context.Context, s *wire.Stream, m wire.Message) error {
	now := time.Now()
	c, err := exchange.DecodeCarried(m, exchange.KindAsk)
	if err != nil {
		return err
	}
	h, err := parcel.Decode(c.Header)
	if err != nil {
		return err
	}
	g.mu.Lock()
	p := g.under[h.ID]
	g.mu.Unlock()
	if p == nil {
		return fmt.Errorf("nobody asked %s", h.ID)
	}
	reply, err := g.making.answer(h.ID, g.inner.maker, now, g.inner.verifiers())
	if err != nil {
		return err
	}
	g.mu.Lock()
	p.out, p.back = now, time.Now()
	g.mu.Unlock()
	if err := exchange.Reply(ctx, s, reply); err != nil {
		return err
	}
	exchange.Drain(ctx, s)
	return nil
}

// ask puts one question through the guard and gives the time that it, and then its
// answer, was in the guard.
func (g *Gauge) ask(ctx context.Context) (time.Duration, error) {
	id, c, err := g.making.question(g.outer.maker, time.Now(), g.outer.verifiers())
	if err != nil {
		return 0, err
	}
	p := &passage{}
	g.mu.Lock()
	g.under[id] = p
	g.mu.Unlock()
	began := time.Now()
	_, err = exchange.Ask(ctx, g.outer.conn, id, c)
	ended := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.under, id)
	return p.out.Sub(began) + ended.Sub(p.back), err
}

// Passed is what a load on the gauge has seen.
type Passed struct {
	Rate  float64         // questions answered a second
	In    []time.Duration // in the guard, both ways together; sorted
	Late  time.Duration   // the 99th percentile of how late questions were begun
	Count int
}

// askers bounds the questions under way.
const askers = 256

// Run asks at a fixed rate for the length, whether or not earlier questions have been
// answered. Questions that nobody was free to begin in time are late, which is told.
func (g *Gauge) Run(ctx context.Context, rate float64, length time.Duration) (Passed, error) {
	total := int64(rate * length.Seconds())
	in, late, errs := make([][]time.Duration, askers), make([][]time.Duration, askers), make([]error, askers)
	var next atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for i := range askers {
		all.Go(func() {
			for n := next.Add(1) - 1; n < total && errs[i] == nil; n = next.Add(1) - 1 {
				due := began.Add(time.Duration(float64(n) / rate * float64(time.Second)))
				time.Sleep(time.Until(due)) // the load itself, not a wait for something
				late[i] = append(late[i], time.Since(due))
				took, err := g.ask(ctx)
				in[i], errs[i] = append(in[i], took), err
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	p := Passed{In: slices.Concat(in...)}
	behind := slices.Concat(late...)
	slices.Sort(p.In)
	slices.Sort(behind)
	p.Count = len(p.In)
	p.Rate = float64(p.Count) / took.Seconds()
	if len(behind) > 0 {
		p.Late = behind[len(behind)*99/100]
	}
	return p, errors.Join(errs...)
}
