// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/cell"
)

// relays let a browser on the host reach the internet zone and the console, and nothing
// else.
type relays struct {
	portal, front *cell.Relay
	console       string // host and port
	cancel        context.CancelFunc
	done          []chan error
}

const anyPort = "127.0.0.1:0"

// openRelay listens at the address, or at a free one where it is taken.
func openRelay(stage *cell.Stage, i *Installation, name, address string) (*cell.Relay, error) {
	if address == "" {
		address = anyPort
	}
	r, err := stage.Relay(name, address, i.Socket(name))
	if errors.Is(err, unix.EADDRINUSE) {
		return stage.Relay(name, anyPort, i.Socket(name))
	}
	return r, err
}

// open opens all of them. What they lead to is started afterwards.
func (r *relays) open(stage *cell.Stage, o Options, i *Installation) (err error) {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	if err := r.openConsole(ctx, stage, o); err != nil {
		return err
	}
	if r.portal, err = openRelay(stage, i, Portal, o.PortalAddress); err != nil {
		return err
	}
	r.run(ctx, r.portal)
	if r.front, err = openRelay(stage, i, FrontInternet, o.FrontAddress); err != nil {
		return err
	}
	r.run(ctx, r.front)
	return nil
}

func (r *relays) run(ctx context.Context, relay *cell.Relay) {
	done := make(chan error, 1)
	r.done = append(r.done, done)
	go func() { done <- relay.Run(ctx) }()
}

func (r *relays) close() error {
	if r.cancel == nil {
		return nil
	}
	r.cancel()
	var errs []error
	for _, done := range r.done {
		errs = append(errs, <-done)
	}
	r.done = nil
	return errors.Join(errs...)
}

// PortalURL is where a browser finds the portal.
func (d *Demo) PortalURL() string { return "http://" + d.relays.portal.Addr() }

// FrontURL is where HTTP clients of the internet zone find the internet front.
func (d *Demo) FrontURL() string { return "http://" + d.relays.front.Addr() }
