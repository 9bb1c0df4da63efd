// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/test/fault/between"
)

// class is one kind of fault. do makes it, mends it, and tells whether it really
// happened; random is its own source of choices.
type class struct {
	name        string
	short, full int // how often in the two forms
	do          func(ctx context.Context, r *rig, random *rand.Rand) (bool, error)
}

// catalogue is every class.
func catalogue() []class {
	var list []class
	for _, name := range demo.Processes() {
		list = append(list,
			class{"kill " + name, 1, 22, func(ctx context.Context, r *rig, random *rand.Rand) (bool, error) {
				return r.killFor(ctx, name, random)
			}},
			class{"stop " + name, 0, 20, func(ctx context.Context, r *rig, random *rand.Rand) (bool, error) {
				return r.stopFor(ctx, name, random)
			}},
		)
	}
	list = append(list,
		class{"stop any", 2, 20, func(ctx context.Context, r *rig, random *rand.Rand) (bool, error) {
			return r.stopFor(ctx, pick(random, demo.Processes()), random)
		}},
		class{"two kills in a second", 1, 40, twoKills},
		class{"one-way cut", 1, 40, oneWayCut},
		class{"whole cut", 1, 40, wholeCut},
		class{"disk full", 1, 40, diskFull},
		class{"failing fsync", 1, 40, failingSync},
		class{"slow disk, then killed", 1, 40, slowDisk},
		class{"bundle and leases", 1, 30, func(_ context.Context, r *rig, _ *rand.Rand) (bool, error) {
			return r.policyFault(func(*policyState) {})
		}},
		class{"term", 1, 30, func(_ context.Context, r *rig, _ *rand.Rand) (bool, error) {
			return r.policyFault(func(p *policyState) { p.term++ })
		}},
		class{"forbidden, allowed again", 1, 30, forbidAndAllow},
		class{"application cuts off", 1, 30, applicationCuts},
	)
	for _, kind := range []between.Kind{between.Lose, between.Tear, between.Flip, between.Reorder, between.Duplicate, between.Replay} {
		list = append(list, class{"frames: " + string(kind), 1, 45, func(ctx context.Context, r *rig, random *rand.Rand) (bool, error) {
			return frames(ctx, r, kind, random)
		}})
	}
	return list
}

func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

// within draws a duration.
func within(random *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(random.Int64N(int64(most-least)))
}

// killFor ends a process and starts it again after a while.
func (r *rig) killFor(ctx context.Context, name string, random *rand.Rand) (bool, error) {
	r.busy[name].Lock()
	defer r.busy[name].Unlock()
	if r.PID(name) == 0 {
		return false, nil // it has ended by another fault, and is about to come back
	}
	r.ended(name) // from now on
	r.Kill(name)
	r.ended(name)
	rest(ctx, within(random, 0, 300*time.Millisecond))
	return true, r.Launch(name)
}

// stopFor stops a process for 0.1 to 2 seconds, as a paused machine does.
func (r *rig) stopFor(ctx context.Context, name string, random *rand.Rand) (bool, error) {
	r.busy[name].Lock()
	defer r.busy[name].Unlock()
	pid := r.PID(name)
	if pid == 0 {
		return false, nil
	}
	if err := unix.Kill(pid, unix.SIGSTOP); err != nil {
		return false, ignoreGone(err)
	}
	rest(ctx, 100*time.Millisecond+time.Duration(random.Float64()*random.Float64()*1.9*float64(time.Second)))
	return true, ignoreGone(unix.Kill(pid, unix.SIGCONT))
}

func ignoreGone(err error) error {
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

func twoKills(ctx context.Context, r *rig, random *rand.Rand) (bool, error) {
	all := demo.Processes()
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	other := make(chan error, 1)
	second := rand.New(rand.NewPCG(random.Uint64(), 0))
	hit := make(chan bool, 1)
	go func() {
		rest(ctx, within(second, 0, time.Second))
		done, err := r.killFor(ctx, all[1], second)
		hit <- done
		other <- err
	}()
	first, err := r.killFor(ctx, all[0], random)
	return <-hit && first, errors.Join(err, <-other)
}

// frames does something to a part of the frames, in one direction or both.
func frames(ctx context.Context, r *rig, kind between.Kind, random *rand.Rand) (bool, error) {
	rate := 0.01 + 0.4*random.Float64()*random.Float64()
	ways := pick(random, [][]between.Way{{between.Inwards}, {between.Outwards}, {between.Inwards, between.Outwards}})
	return r.disturb(ctx, kind, rate, within(random, 100*time.Millisecond, 800*time.Millisecond), random, ways...), nil
}

// disturb lasts at least until a frame was hit, for at most three seconds.
func (r *rig) disturb(ctx context.Context, kind between.Kind, rate float64, length time.Duration, random *rand.Rand, ways ...between.Way) bool {
	var list []*between.Active
	for _, way := range ways {
		list = append(list, r.relay.Begin(kind, rate, random.Uint64(), way))
	}
	rest(ctx, length)
	wait, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	var hits uint64
	for _, a := range list {
		a.Wait(wait)
		hits += a.End()
	}
	return hits > 0
}

func oneWayCut(ctx context.Context, r *rig, random *rand.Rand) (bool, error) {
	way := pick(random, []between.Way{between.Inwards, between.Outwards})
	return r.disturb(ctx, between.Lose, 1, within(random, 200*time.Millisecond, 1500*time.Millisecond), random, way), nil
}

// wholeCut loses everything, or pulls the cable out of the outer half.
func wholeCut(ctx context.Context, r *rig, random *rand.Rand) (bool, error) {
	length := within(random, 200*time.Millisecond, 1500*time.Millisecond)
	if random.IntN(2) == 0 {
		return r.disturb(ctx, between.Lose, 1, length, random, between.Inwards, between.Outwards), nil
	}
	if err := r.Stage().Unplug(outerCable); err != nil {
		return false, err
	}
	rest(ctx, length)
	return true, r.Stage().Plug(outerCable)
}

// policyFault puts another bundle in force, with new leases, while things cross.
func (r *rig) policyFault(change func(*policyState)) (bool, error) {
	err := r.apply(change)
	var end *demo.EndErr
	if errors.As(err, &end) { // it was told here, and not to the supervisor
		r.again(r.t.Context(), end.Name, end)
		return false, nil
	}
	if err != nil { // the center, too, is killed, stopped and without disk
		r.t.Logf("a bundle was not taken: %v", err)
	}
	return err == nil, nil
}

func forbidAndAllow(ctx context.Context, r *rig, random *rand.Rand) (bool, error) {
	done, err := r.policyFault(func(p *policyState) { p.forbidden = true })
	rest(ctx, within(random, 100*time.Millisecond, 600*time.Millisecond))
	again, err2 := r.policyFault(func(p *policyState) { p.forbidden = false })
	for range 3 {
		if again || err2 != nil {
			break
		}
		again, err2 = r.policyFault(func(p *policyState) { p.forbidden = false })
	}
	return done && again, errors.Join(err, err2)
}

// applicationCuts has the application cut off, instead of its answer, a question that
// it has noted.
func applicationCuts(ctx context.Context, r *rig, random *rand.Rand) (bool, error) {
	a := r.app
	a.mu.Lock()
	before := a.cuts
	a.cut += 1 + random.IntN(4)
	a.mu.Unlock()
	err := eventually(ctx, 5*time.Second, 20*time.Millisecond, func() error {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.cuts == before {
			return errors.New("nothing was asked")
		}
		return nil
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		a.cut = 0
	}
	return err == nil, nil
}
