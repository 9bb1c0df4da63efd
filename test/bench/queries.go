// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/test/bench/load"
	"dukou.dev/dukou/test/bench/peer"
)

// lane is one of the ways to the application.
type lane struct {
	name   string
	socket string
	err    error // why there is none
}

// queries compares the ways to one application, at each number of connections.
func (b *bench) queries(ctx context.Context) error {
	b.tell("queries")
	question, err := b.rig.question(ctx)
	if err != nil {
		return err
	}
	lanes, closeAll := b.lanes(ctx)
	defer closeAll()
	if err := b.rig.forgetPeaks(); err != nil {
		return err
	}
	b.section("Queries", "A report of 2 kB is asked for over connections that stay open, in a closed loop, by the same clients and from the same\n"+
		"application for all, over Unix sockets. Through Dukou it is a typed flow with a token that both fronts verify, labels, all judges and records.")
	var rows [][]string
	for _, n := range b.clients {
		b.tell(" %d connections", n)
		rows = append(rows, b.queriesAt(ctx, lanes, question, n)...)
	}
	b.table([]string{"connections", "way", "requests a second", "p50", "p99", "of two nginx", "runs"}, rows)
	b.peak("after the queries")
	return nil
}

// lanes are the ways to the application, with the proxies that some of them need.
func (b *bench) lanes(ctx context.Context) ([]lane, func()) {
	app := filepath.Join(filepath.Dir(b.rig.Installation.Socket(demo.Bureau)), benchSocket)
	list := []lane{{name: "direct", socket: app}}
	var started []*peer.Nginx
	upstream := app
	for _, name := range []string{"one nginx", "two nginx"} {
		n, err := peer.StartNginx(ctx, filepath.Join(b.dir, fmt.Sprintf("nginx-%d", len(started))), upstream)
		if err != nil {
			list = append(list, lane{name: name, err: err})
			continue
		}
		started, upstream = append(started, n), n.Socket
		list = append(list, lane{name: name, socket: n.Socket})
	}
	list = append(list, lane{name: dukou, socket: b.rig.Installation.Socket(demo.FrontInternet)})
	return list, func() {
		for _, n := range started {
			n.Close()
		}
	}
}

// dukou is the name of our way in every table.
const dukou = "Dukou"

func (b *bench) queriesAt(ctx context.Context, lanes []lane, question []byte, n int) (rows [][]string) {
	var ways []way
	for _, l := range lanes {
		ways = append(ways, way{l.name, func(ctx context.Context) ([]float64, error) { return b.closedLoop(ctx, l, question, n) }})
	}
	list := b.rounds(ctx, b.progress, ways...)
	var two float64
	for _, s := range list {
		if s.name == "two nginx" {
			two = s.median(0)
		}
	}
	for _, s := range list {
		b.failed(s, s.name == dukou)
		rows = append(rows, []string{
			fmt.Sprint(n), s.name, spread(s, 0, number), spread(s, 1, span), spread(s, 2, span), ratio(s.median(0), two), count(s),
		})
		if s.name == dukou && two > 0 {
			b.medians[fmt.Sprintf("queries %d", n)] = s.median(0) / two
		}
	}
	return rows
}

func (b *bench) closedLoop(ctx context.Context, l lane, question []byte, n int) ([]float64, error) {
	if l.err != nil {
		return nil, l.err
	}
	c, err := load.Gather(ctx, l.socket, question, n)
	if err != nil {
		return nil, err
	}
	o := c.Closed(b.window)
	if o.Failed > 0 {
		return nil, errors.Join(fmt.Errorf("%d of %d requests failed: %w", o.Failed, o.Failed+o.Answered, o.First), c.Close())
	}
	return []float64{o.Rate(), seconds(o.At(.5)), seconds(o.At(.99))}, c.Close()
}
