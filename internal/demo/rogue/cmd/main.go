// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Command dukou-rogue runs in the cell of a component and attacks from there; see
// package rogue. The demonstration and the end-to-end tests start it.
//
//	dukou-rogue front -identity DIR -state DIR -guard unix:PATH
//	dukou-rogue inner -identity DIR -state DIR -guard unix:PATH
//	dukou-rogue half  -identity DIR -state DIR -link packet:INTERFACE -listen unix:PATH
//	dukou-rogue probe    (targets in $DUKOU_PROBE_TARGETS)
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/demo/rogue"
	"dukou.dev/dukou/internal/guard/link"
	"dukou.dev/dukou/test/isolation"
)

const timeout = time.Minute

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "dukou-rogue:", err)
		os.Exit(1)
	}
}

func run() error {
	// The probe starts itself again under another name, without arguments.
	if len(os.Args) == 1 || os.Args[1] == "probe" {
		return isolation.Probe(os.Stdout, "")
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	f := flag.NewFlagSet(os.Args[1], flag.ContinueOnError)
	identity := f.String("identity", "", "directory of the stolen identity")
	state := f.String("state", "", "directory of its lease and bundle")
	guard := f.String("guard", "", "the part of the guard to attack: unix:PATH")
	cable := f.String("link", "", "packet:INTERFACE or unix:PATH")
	listen := f.String("listen", "", "where the fronts connect: unix:PATH")
	if err := f.Parse(os.Args[2:]); err != nil {
		return err
	}
	stolen, err := rogue.Steal(*identity, *state)
	if err != nil {
		return err
	}
	switch os.Args[1] {
	case "front":
		return attack(ctx, stolen, *guard, rogue.Front)
	case "inner":
		return attack(ctx, stolen, *guard, rogue.Inner)
	case "half":
		port, err := openPort(*cable)
		if err != nil {
			return err
		}
		l, err := daemon.Listen(*listen)
		if err != nil {
			return err
		}
		return rogue.Half(ctx, stolen, port, l, os.Stdout)
	default:
		return errors.New("front, half, inner or probe")
	}
}

func attack(ctx context.Context, stolen *rogue.Stolen, guard string, by func(context.Context, *rogue.Stolen, net.Conn, io.Writer) error) error {
	dial, err := daemon.Dialer(guard)
	if err != nil {
		return err
	}
	nc, err := dial(ctx)
	if err != nil {
		return err
	}
	return by(ctx, stolen, nc, os.Stdout)
}

func openPort(cable string) (link.Port, error) {
	if path, ok := strings.CutPrefix(cable, "unix:"); ok {
		return link.OpenUnix(path, false)
	}
	return link.OpenPacket(link.PacketConfig{Interface: strings.TrimPrefix(cable, "packet:")})
}
