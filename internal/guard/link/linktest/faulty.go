// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package linktest

import (
	"math/rand/v2"
	"testing"

	"dukou.dev/dukou/internal/guard/link"
)

// Faults are the chances, from 0 to 1, of what happens to a frame on its way.
type Faults struct {
	Loss, Double, Damage, Late float64
}

// lateBy is how many later frames overtake one that is late.
const lateBy = 8

// Faulty makes a port harm the frames that it sends.
func Faulty(t testing.TB, p link.Port, seed uint64, f Faults) link.Port {
	t.Logf("faults %+v, seed %d", f, seed)
	return &faulty{Port: p, rng: rand.New(rand.NewPCG(seed, 2)), faults: f}
}

type faulty struct {
	link.Port
	rng    *rand.Rand
	faults Faults
	late   []lateFrame
}

type lateFrame struct {
	frame []byte
	wait  int
}

func (p *faulty) chance(c float64) bool { return p.rng.Float64() < c }

// Send takes every frame; one that the port has no room for is lost as well.
func (p *faulty) Send(frames [][]byte) (int, error) {
	var out [][]byte
	for _, f := range frames {
		out = p.pass(out, f)
	}
	if _, err := p.Port.Send(out); err != nil {
		return 0, err
	}
	return len(frames), nil
}

func (p *faulty) pass(out [][]byte, f []byte) [][]byte {
	switch {
	case p.chance(p.faults.Loss):
	case p.chance(p.faults.Late):
		p.late = append(p.late, lateFrame{append([]byte(nil), f...), lateBy})
	case p.chance(p.faults.Damage):
		g := append([]byte(nil), f...)
		g[p.rng.IntN(len(g))] ^= 1 << p.rng.IntN(8)
		out = append(out, g)
	case p.chance(p.faults.Double):
		out = append(out, f, f)
	default:
		out = append(out, f)
	}
	keep := p.late[:0]
	for _, l := range p.late {
		if l.wait--; l.wait <= 0 {
			out = append(out, l.frame)
		} else {
			keep = append(keep, l)
		}
	}
	p.late = keep
	return out
}
