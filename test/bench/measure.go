// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// effort says how much is measured.
type effort struct {
	runs    int           // of each thing that is measured, after one for warming up
	budget  time.Duration // for the runs of one group: when it is over, there are fewer
	window  time.Duration // length of one load
	short   time.Duration // length of one measurement of a part
	large   []int64       // sizes of one file, in bytes: a tenth, the usual, ten times
	many    []int         // numbers of 4 kB files, likewise
	clients []int         // connections
}

func usualEffort() effort {
	return effort{
		runs: 5, budget: 4 * time.Minute, window: 3 * time.Second, short: time.Second,
		large: []int64{100 << 20, 1 << 30, 10 << 30}, many: []int{500, 5000, 50_000}, clients: []int{1, 32, 1000},
	}
}

// quickEffort shows that everything runs, and gives no figure to go by.
func quickEffort() effort {
	return effort{
		runs: 1, budget: 10 * time.Second, window: 500 * time.Millisecond, short: 200 * time.Millisecond,
		large: []int64{10 << 20, 100 << 20}, many: []int{50, 500}, clients: []int{1, 32, 1000},
	}
}

// usual is the size that is compared with others: the second one.
func usual[T any](sizes []T) T { return sizes[1] }

// way is one of the things that are compared.
type way struct {
	name string
	run  func(ctx context.Context) ([]float64, error)
}

// series is what a way has given: in each run the same number of values.
type series struct {
	name string
	runs [][]float64
	err  error // why there are no more
}

// median is that of the values with a number.
func (s *series) median(value int) float64 {
	list := s.values(value)
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}

func (s *series) values(value int) []float64 {
	var list []float64
	for _, run := range s.runs {
		list = append(list, run[value])
	}
	return list
}

// rounds has each way run once for warming up, and then again and again in turns, so
// that whatever else the machine does meets all of them.
func (e *effort) rounds(ctx context.Context, progress io.Writer, ways ...way) []*series {
	list := make([]*series, len(ways))
	for i, w := range ways {
		fmt.Fprintf(progress, "  %s\n", w.name)
		list[i] = &series{name: w.name}
		if _, list[i].err = w.run(ctx); ctx.Err() != nil {
			list[i].err = ctx.Err()
		}
	}
	began := time.Now()
	for n := 0; n < e.runs && ctx.Err() == nil && (n == 0 || time.Since(began) < e.budget); n++ {
		for i, w := range ways {
			if list[i].err != nil {
				continue
			}
			values, err := w.run(ctx)
			if err != nil {
				list[i].err = err
				continue
			}
			list[i].runs = append(list[i].runs, values)
		}
	}
	return list
}
