// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"
)

// Pace of the traffic.
const (
	fileEvery     = 60 * time.Millisecond // on each flow, on average
	questionEvery = 40 * time.Millisecond
	collectEvery  = 50 * time.Millisecond
	maxUnderWay   = 24 // files of one flow
	maxQuestions  = 64
)

// traffic is files and questions that cross until stop.
type traffic struct {
	cancel context.CancelFunc
	all    sync.WaitGroup
}

// begin starts the traffic.
func (r *rig) begin(a *asker, seed uint64) *traffic {
	ctx, cancel := context.WithCancel(r.t.Context())
	load := &traffic{cancel: cancel}
	for i, w := range r.ways {
		random := chance(seed, uint64(100+i))
		load.all.Go(func() { r.repeat(ctx, func() time.Duration { return r.feed(w, random) }) })
		load.all.Go(func() {
			r.repeat(ctx, func() time.Duration {
				if err := w.collect(); err != nil {
					r.t.Errorf("collect from %s: %v", w.flow, err)
				}
				return collectEvery
			})
		})
	}
	slots := make(chan struct{}, maxQuestions)
	load.all.Go(func() {
		r.repeat(ctx, func() time.Duration {
			select {
			case slots <- struct{}{}:
				load.all.Go(func() { // ends by itself: a question that was begun is ended
					a.once(context.WithoutCancel(ctx))
					<-slots
				})
			default:
			}
			return questionEvery
		})
	})
	return load
}

// stop ends the traffic, and waits for what was begun.
func (l *traffic) stop() {
	l.cancel()
	l.all.Wait()
}

func (r *rig) repeat(ctx context.Context, do func() time.Duration) {
	for ctx.Err() == nil {
		rest(ctx, do())
	}
}

// feed drops one file, unless enough are under way or the disk is full.
func (r *rig) feed(w *way, random *rand.Rand) time.Duration {
	pause := time.Duration(random.Int64N(int64(2 * fileEvery)))
	w.mu.Lock()
	underWay := len(w.sent) - len(w.arrived) - len(w.reports)
	w.mu.Unlock()
	if underWay >= maxUnderWay {
		return pause
	}
	if err := w.drop(random, sizeOf(random)); err != nil && !errors.Is(err, syscall.ENOSPC) {
		r.t.Errorf("drop a file for %s: %v", w.flow, err)
	}
	return pause
}

// supervise starts again what ended by itself, as a service manager does, until ctx
// ends. What no fault accounts for fails the test.
func (r *rig) supervise(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case end := <-r.Ended():
			r.again(ctx, end.Name, end)
		}
	}
}

func (r *rig) again(ctx context.Context, name string, why error) {
	r.ended(name)
	if !r.mayEnd(name) {
		r.t.Errorf("no fault accounts for this: %v", why)
	}
	rest(ctx, 100*time.Millisecond)
	r.busy[name].Lock()
	defer r.busy[name].Unlock()
	if r.PID(name) != 0 {
		return
	}
	if err := r.Launch(name); err != nil {
		r.t.Errorf("start %s again: %v", name, err)
	}
}

// quietTimeout bounds how long it takes until nothing is under way any more.
const quietTimeout = 90 * time.Second

// quiet waits until every process is current and every file has arrived. The traffic
// has stopped.
func (r *rig) quiet() error {
	if err := r.current(quietTimeout, false); err != nil {
		return fmt.Errorf("after the faults were mended: %w", err)
	}
	for _, w := range r.ways {
		if err := eventually(r.t.Context(), quietTimeout, 30*time.Millisecond, w.quiet); err != nil {
			return err
		}
	}
	if err := r.current(quietTimeout, true); err != nil { // asked after all were taken
		return err
	}
	for _, w := range r.ways {
		if err := errors.Join(w.collect(), w.settle(), w.readReports()); err != nil {
			return err
		}
	}
	return nil
}
