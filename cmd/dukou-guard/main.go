// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Command dukou-guard is one half of the guard.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/guard/link"
	"dukou.dev/dukou/internal/pki"
)

func main() { os.Exit(daemon.Main("dukou-guard", run)) }

type options struct {
	side, identity, state, listen, link, peer string
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("dukou-guard", flag.ContinueOnError)
	f.StringVar(&o.side, "side", "", "which half this is: outer or inner")
	f.StringVar(&o.identity, "identity", "", "directory of the admitted identity (dukou enrol)")
	f.StringVar(&o.state, "state", "", "directory of the bundle, the lease and the journal")
	f.StringVar(&o.listen, "listen", "", "where fronts (and the center) connect: HOST:PORT or unix:PATH")
	f.StringVar(&o.link, "link", "", "the other half: packet:INTERFACE, or for trial unix:PATH")
	f.StringVar(&o.peer, "link-peer", "", "hardware address of the other half's card")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	for name, value := range map[string]string{"side": o.side, "identity": o.identity, "state": o.state, "listen": o.listen, "link": o.link} {
		if value == "" {
			return o, fmt.Errorf("-%s is missing; see dukou-guard -help", name)
		}
	}
	if o.side != string(guard.Outer) && o.side != string(guard.Inner) {
		return o, fmt.Errorf("-side is outer or inner, not %q", o.side)
	}
	return o, nil
}

func run(ctx context.Context, args []string, log *slog.Logger) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	identity, err := pki.LoadIdentity(o.identity)
	if err != nil {
		return err
	}
	if identity.Request.Role != "guard-"+o.side {
		return fmt.Errorf("the identity is of a %s, not of the %s half", identity.Request.Role, o.side)
	}
	clock, err := pki.NewClock(identity, time.Now)
	if err != nil {
		return err
	}
	if err := durable.MkdirAll(o.state, 0o700); err != nil {
		return err
	}
	journal, err := audit.OpenOwn(identity.Request.ID, identity.Key(), o.state, clock.Now, log)
	if err != nil {
		return err
	}
	port, err := openPort(o, log)
	if err != nil {
		return err
	}
	listener, err := daemon.Listen(o.listen)
	if err != nil {
		return err
	}
	cable := link.New(link.Config{Port: port, Log: log})
	half, err := guard.New(guard.Config{
		Side: guard.Side(o.side), Identity: identity, State: o.state, Journal: journal,
		Link: cable, Listener: listener, Clock: clock, Log: log,
	})
	if err != nil {
		return err
	}
	err = daemon.Run(ctx, daemon.Task{Name: "cable", Run: cable.Run}, daemon.Task{Name: "half", Run: half.Run})
	return errors.Join(err, journal.Close())
}

func openPort(o options, log *slog.Logger) (link.Port, error) {
	kind, rest, _ := strings.Cut(o.link, ":")
	switch kind {
	case "packet":
		var peer net.HardwareAddr
		if o.peer != "" {
			var err error
			if peer, err = net.ParseMAC(o.peer); err != nil {
				return nil, err
			}
		}
		return link.OpenPacket(link.PacketConfig{Interface: rest, Peer: peer})
	case "unix":
		log.Warn("the link is a Unix socket: this is for trial, there is no isolation of networks", "path", rest)
		return link.OpenUnix(rest, o.side == string(guard.Inner))
	default:
		return nil, fmt.Errorf("-link is packet:INTERFACE or unix:PATH, not %q", o.link)
	}
}
