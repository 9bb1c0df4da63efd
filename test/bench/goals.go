// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "fmt"

// goal is what the project wants of one figure.
type goal struct {
	what   string
	median string // its name among the medians
	wanted float64
	aim    float64 // beyond what is wanted; 0 for none
	most   bool    // the figure is to be at most, not at least, that
	format func(float64) string
}

func goals() []goal {
	return []goal{
		{"one large file: how many times as long two scp take", "large two scp, SHA-256 between", 2, 3, false, number},
		{fmt.Sprintf("one large file: how many times as long a relay of %d hops takes", hops), fmt.Sprintf("large relay of %d hops", hops), 0, 1, false, number},
		{"files of 4 kB a second", "files a second", 1000, 2000, false, number},
		{"queries, share of two nginx, 1 connection", "queries 1", 0.25, 0.5, false, number},
		{"queries, share of two nginx, 32 connections", "queries 32", 0.25, 0.5, false, number},
		{"queries, share of two nginx, 1000 connections", "queries 1000", 0.25, 0.5, false, number},
		{"open loop that the guard holds, queries a second", "guard rate", wantedRate, 0, false, number},
		{"guard, p50 beyond two syncs", "guard p50", 0.6e-3, 0, true, span},
		{"guard, p99 beyond two syncs", "guard p99", 3e-3, 0, true, span},
		{"time of a decision at 10000 policies / at 50", "policies", 2, 0, true, number},
		{"durable records a second", "records", 10_000, 0, false, number},
	}
}

// goals prints each goal with what was measured. It judges nothing: a figure of one
// machine at one hour is no test.
func (b *bench) goals() {
	b.section("Against what is wanted", "Of this run on this machine, from the medians above.")
	var rows [][]string
	for _, g := range goals() {
		got, measured := b.medians[g.median]
		row := []string{g.what, "not measured", limit(g, g.wanted), limit(g, g.aim), ""}
		if measured {
			row[1], row[4] = g.format(got), g.verdict(got)
		}
		rows = append(rows, row)
	}
	b.table([]string{"figure", "here", "wanted", "goal", ""}, rows)
}

func limit(g goal, v float64) string {
	switch {
	case v == 0:
		return "-"
	case g.most:
		return "≤ " + g.format(v)
	default:
		return "≥ " + g.format(v)
	}
}

func (g goal) verdict(got float64) string {
	reached := func(v float64) bool { return v != 0 && (g.most && got <= v || !g.most && got >= v) }
	switch {
	case reached(g.aim):
		return "goal reached"
	case reached(g.wanted):
		return "reached"
	default:
		return "not reached"
	}
}
