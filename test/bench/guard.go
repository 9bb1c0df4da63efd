// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/test/bench/load"
	"dukou.dev/dukou/test/bench/parts"
)

// processes are those that make up the crossing: neither the example's applications
// nor what they keep.
func processes() (list []string) {
	for _, name := range demo.Processes() {
		if name != demo.Bureau && name != demo.Portal {
			list = append(list, name)
		}
	}
	return list
}

// halves are the processes of the guard.
func halves() (list []string) {
	for _, name := range demo.Processes() {
		if strings.HasPrefix(name, "guard-") {
			list = append(list, name)
		}
	}
	return list
}

// guard measures what the guard adds, between two ends that take the fronts' places.
// It comes last: the fronts do not come back.
func (b *bench) guard(ctx context.Context) error {
	b.tell("the guard")
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, err := b.gauge(ctx)
	if err != nil {
		return err
	}
	defer func() {
		stop()
		g.Close()
	}()
	b.section("The guard alone", "An open loop at a fixed rate: what a question and its answer spend between leaving one front and reaching the other,\n"+
		"TLS to and from the guard and the link included, both ways together. \"Beyond two syncs\" is that less twice the same quantile of\n"+
		"one fdatasync of this disk while it is idle. A rate is held when 99 of 100 questions are begun within 10 ms of their time.")
	rate, err := b.reach(ctx, g)
	if err != nil {
		return err
	}
	list := b.rounds(ctx, b.progress, way{fmt.Sprintf("%.0f a second", rate), func(ctx context.Context) ([]float64, error) { return b.passage(ctx, g, rate) }})
	s := list[0]
	b.failed(s, true)
	p50, p99 := s.median(0)-2*b.medians["sync p50"], s.median(1)-2*b.medians["sync p99"]
	b.table([]string{"rate", "p50", "p99", "p50 beyond two syncs", "p99 beyond two syncs", "processor time of the guard a query", "held", "runs"}, [][]string{{
		s.name, spread(s, 0, span), spread(s, 1, span), span(p50), span(p99), spread(s, 2, span), spread(s, 3, number), count(s),
	}})
	b.medians["guard rate"], b.medians["guard p50"], b.medians["guard p99"] = rate, p50, p99
	return nil
}

// gauge stops the fronts and takes their places.
func (b *bench) gauge(ctx context.Context) (*parts.Gauge, error) {
	bank := b.rig.Bank()
	defer bank.Close()
	token, err := bank.SignIn(ctx, demo.Zhang())
	if err != nil {
		return nil, err
	}
	e, err := exchange([]byte(token))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(b.rig.Stop(ctx, demo.FrontInternet), b.rig.Stop(ctx, demo.FrontIntranet)); err != nil {
		return nil, err
	}
	place := func(front, half string, judges int) parts.Place {
		i := b.rig.Installation
		return parts.Place{Identity: i.Identity(front), State: i.State(front), Socket: i.Socket(half), Judges: judges}
	}
	inwards, outwards := 2, len(halves())-1 // judges; the outer half judges no answer
	return parts.NewGauge(ctx, place(demo.FrontInternet, demo.GuardOuter, inwards), place(demo.FrontIntranet, demo.GuardInner, outwards), e)
}

const (
	wantedRate = 1000.0 // questions a second
	lateness   = 10 * time.Millisecond
)

// reach finds the highest rate, from the wanted one downwards, that is held.
func (b *bench) reach(ctx context.Context, g *parts.Gauge) (float64, error) {
	rate := wantedRate
	for ; rate >= 50; rate *= 0.8 {
		p, err := g.Run(ctx, rate, b.window)
		if err != nil {
			return 0, err
		}
		b.tell("  %.0f a second: %.0f reached, begun up to %v late", rate, p.Rate, p.Late)
		if p.Late <= lateness && p.Rate > 0.97*rate {
			return rate, nil
		}
	}
	b.note("No rate was held; the figures are of %.0f questions a second.\n", rate)
	return rate, nil
}

// passage gives the quantiles of the time in the guard, its processor time a query,
// both in seconds, and the rate.
func (b *bench) passage(ctx context.Context, g *parts.Gauge, rate float64) ([]float64, error) {
	before := b.rig.processorTimes()
	p, err := g.Run(ctx, rate, 2*b.window)
	if err != nil {
		return nil, err
	}
	after := b.rig.processorTimes()
	var used time.Duration
	for _, name := range halves() {
		used += after[name] - before[name]
	}
	return []float64{seconds(load.Quantile(p.In, .5)), seconds(load.Quantile(p.In, .99)), used.Seconds() / float64(p.Count), p.Rate}, nil
}
