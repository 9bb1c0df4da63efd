// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	bank "dukou.dev/dukou/examples/bank/policy"
	"dukou.dev/dukou/internal/cell"
)

// People is how many people the bureau knows.
const People = 3000

// Options say how a demonstration is started. The zero value, with an isolation, is
// the usual one.
type Options struct {
	// Dir is where the installation is made, which must be empty or not there;
	// empty for a new temporary directory.
	Dir string
	// Keep leaves the directory there at the end.
	Keep bool
	// Bin is the directory of the programs; empty for that of the running program.
	Bin string
	// Isolation says how the processes are kept apart. Netns needs cell.Main and
	// cell.Enter to have been called.
	Isolation cell.Isolation
	// WhyPlain says why there is no isolation; it is told where something is skipped.
	WhyPlain string
	// PortalAddress and FrontAddress are where the portal and the HTTP listener of
	// the internet front are reached on the host's loopback. One that is taken, or
	// empty, becomes a free one.
	PortalAddress, FrontAddress string
	// ConsoleAddress is where the console is reached, likewise.
	ConsoleAddress string
	// Traffic is how many requests a second Run keeps going after the tour, 0 for none.
	Traffic float64
	// Policy is the folder of the first bundle; nil for the example bank's. It must
	// use the names in examples/bank/policy/README.md.
	Policy fs.FS
	// LogLevel is debug, info, warn or error; empty for info.
	LogLevel string
	// LayCable joins the two ends named Interface of the guard's halves, in the place of
	// one cable named Cable. Nil for that one.
	LayCable func(*cell.Stage) error
}

// Demo is an installation that runs.
type Demo struct {
	Installation *Installation
	options      Options
	stage        *cell.Stage
	relays       relays

	mu      sync.Mutex
	running map[string]*process
	version uint64       // of the latest bundle
	ended   chan *EndErr // a process that nobody stopped
}

// Start makes an installation, starts every process of it, puts the example policy in
// force and waits until every component is current. On an error nothing is left.
func Start(ctx context.Context, o Options) (*Demo, error) {
	if o.Bin == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		o.Bin = filepath.Dir(self)
	}
	if o.LogLevel == "" {
		o.LogLevel = "info"
	}
	if o.Policy == nil {
		o.Policy = bank.Files()
	}
	if err := findBinaries(o.Bin); err != nil {
		return nil, err
	}
	d := &Demo{options: o, running: map[string]*process{}, ended: make(chan *EndErr, len(Processes()))}
	var err error
	if d.Installation, err = install(o); err != nil {
		return nil, err
	}
	if err := d.launchAll(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// install makes the installation, in a temporary directory where none is named.
func install(o Options) (*Installation, error) {
	if o.Dir != "" {
		return Install(o.Dir)
	}
	dir, err := os.MkdirTemp("", "dukou-demo-")
	if err != nil {
		return nil, err
	}
	i, err := Install(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return i, nil
}

func (d *Demo) launchAll(ctx context.Context) error {
	var err error
	if d.stage, err = cell.Open(d.options.Isolation); err != nil {
		return err
	}
	if d.options.Isolation == cell.Netns {
		if err := d.layCable(); err != nil {
			return err
		}
	}
	if err := d.relays.open(d.stage, d.options, d.Installation); err != nil {
		return err
	}
	for _, name := range Processes() {
		if err := d.Launch(name); err != nil {
			return err
		}
	}
	data, err := d.Installation.Bundle(d.options.Policy, 1)
	if err != nil {
		return err
	}
	if err := d.Apply(ctx, data); err != nil {
		return err
	}
	return d.WaitReady(ctx)
}

func (d *Demo) layCable() error {
	if d.options.LayCable != nil {
		return d.options.LayCable(d.stage)
	}
	return d.stage.Cable(Cable, cell.End{Cell: GuardOuter, Interface: Interface}, cell.End{Cell: GuardGate, Interface: Interface}, 0)
}

// Close ends every process and removes the installation, unless it is to be kept.
func (d *Demo) Close() error {
	errs := []error{d.relays.close()}
	d.mu.Lock()
	for _, p := range d.running {
		p.stopped = true
	}
	d.mu.Unlock()
	if d.stage != nil {
		errs = append(errs, d.stage.Close())
	}
	d.mu.Lock()
	for _, p := range d.running {
		errs = append(errs, p.log.Close())
	}
	clear(d.running)
	d.mu.Unlock()
	if !d.options.Keep {
		errs = append(errs, d.Installation.Remove())
	}
	return errors.Join(errs...)
}

// Stage holds the cells.
func (d *Demo) Stage() *cell.Stage { return d.stage }

// Ended tells of a process that ended and was not told to.
func (d *Demo) Ended() <-chan *EndErr { return d.ended }
