// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/test/bench/parts"
)

// TestDecisions has both judges permit what is measured, among few and more policies.
func TestDecisions(t *testing.T) {
	folder, err := benchPolicy()
	if err != nil {
		t.Fatal(err)
	}
	e, err := exchange(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, spread := range []parts.Spread{parts.Mixed, parts.One} {
		p, err := parts.Crowded(folder, fewPolicies, spread, e.Flow)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, f := range p.Cedar {
			text += f.Text
		}
		if n := strings.Count(text, "@id("); n != fewPolicies {
			t.Errorf("%d policies, want %d", n, fewPolicies)
		}
		for _, answers := range []bool{false, true} {
			b, err := parts.NewBench(p, e, answers)
			if err != nil {
				t.Fatal(err)
			}
			for _, judge := range []string{"first", "second"} {
				if rate, err := b.Rate(judge, time.Millisecond); err != nil || rate <= 0 {
					t.Errorf("%s judge, answers %t, %s: %v a second, %v", judge, answers, spread, rate, err)
				}
			}
		}
	}
}

func TestDiskAndJournal(t *testing.T) {
	times, err := parts.Disk(t.Context(), t.TempDir(), 2, 20*time.Millisecond)
	if err != nil || len(times) < 2 || !slices.IsSorted(times) {
		t.Errorf("%d syncs, %v", len(times), err)
	}
	if rate, err := parts.Journal(t.Context(), t.TempDir(), 4, 20*time.Millisecond); err != nil || rate <= 0 {
		t.Errorf("%v records a second, %v", rate, err)
	}
}

// TestRounds wants the first run of each way thrown away, and a way that fails left out.
func TestRounds(t *testing.T) {
	e := effort{runs: 4, budget: time.Hour}
	n, failing := 0, 0
	list := e.rounds(t.Context(), io.Discard,
		way{"counts", func(context.Context) ([]float64, error) { n++; return []float64{float64(n)}, nil }},
		way{"fails", func(context.Context) ([]float64, error) { failing++; return nil, io.ErrUnexpectedEOF }},
	)
	if got := list[0].median(0); len(list[0].runs) != 4 || got != 3.5 || list[0].err != nil {
		t.Errorf("%v: median %v, %v", list[0].runs, got, list[0].err)
	}
	if failing != 1 || list[1].err == nil || list[1].median(0) != 0 {
		t.Errorf("%d tries of what fails, %v", failing, list[1].err)
	}
}

func TestStacks(t *testing.T) {
	const text = `  7/9 
	   1 runtime.memmove
	   2 dukou.dev/dukou/internal/wire.(*Conn).readAll
	   3 runtime.goexit

 8/8
	 ff do syscall

`
	tallies := map[int]*tally{}
	parseStacks(strings.NewReader(text), func(s stack) {
		tallies[s.pid] = newTally()
		tallies[s.pid].add(s)
	})
	if len(tallies) != 2 || tallies[7].self["runtime.memmove"] != 1 || tallies[7].nearest["internal/wire.(*Conn).readAll"] != 1 ||
		tallies[7].within["runtime.goexit"] != 1 || tallies[8].self["do syscall"] != 1 {
		t.Errorf("%+v", tallies)
	}
}

func TestGoals(t *testing.T) {
	least, most := goal{wanted: 2, aim: 3, format: number}, goal{wanted: 2, most: true, format: number}
	for _, c := range []struct {
		goal goal
		got  float64
		want string
	}{{least, 1, "not reached"}, {least, 2, "reached"}, {least, 3, "goal reached"}, {most, 2, "reached"}, {most, 2.1, "not reached"}} {
		if got := c.goal.verdict(c.got); got != c.want {
			t.Errorf("%v: %s, want %s", c.got, got, c.want)
		}
	}
}
