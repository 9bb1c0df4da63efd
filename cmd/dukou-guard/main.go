// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Command dukou-guard is one part of the guard: the outer half, or the gate or the inner
// process of the inner half.
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
	"dukou.dev/dukou/internal/confine"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/guard/link"
	"dukou.dev/dukou/internal/manifest"
	"dukou.dev/dukou/internal/pki"
)

// version is what was built; the Makefile has the linker set it.
var version = "unversioned" //nolint:gochecknoglobals // the linker sets nothing else

func main() { os.Exit(daemon.Main("dukou-guard", run)) }

type options struct {
	side, identity, state, listen, link, peer, gate string
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("dukou-guard", flag.ContinueOnError)
	f.StringVar(&o.side, "side", "", "which part this is: outer, gate or inner")
	f.StringVar(&o.identity, "identity", "", "directory of the admitted identity (dukou enrol)")
	f.StringVar(&o.state, "state", "", "directory of the bundle, the lease and the journal")
	f.StringVar(&o.listen, "listen", "", "where the fronts (and the center) connect: HOST:PORT or unix:PATH; of the gate where the inner process does: unix:PATH")
	f.StringVar(&o.link, "link", "", "outer and gate: the other host: packet:INTERFACE, or for trial unix:PATH")
	f.StringVar(&o.peer, "link-peer", "", "outer and gate: hardware address of the other host's card")
	f.StringVar(&o.gate, "gate", "", "inner: where the gate listens: unix:PATH")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	return o, o.check()
}

func (o options) check() error {
	needed := map[string]string{"side": o.side, "identity": o.identity, "state": o.state, "listen": o.listen, "link": o.link}
	foreign := map[string]string{"gate": o.gate}
	switch guard.Side(o.side) {
	case guard.Outer:
	case guard.Gate:
		if !strings.HasPrefix(o.listen, "unix:") {
			return fmt.Errorf("-listen of the gate is unix:PATH, not %q: it takes nothing from a network", o.listen)
		}
	case guard.Inner:
		delete(needed, "link")
		needed["gate"] = o.gate
		foreign = map[string]string{"link": o.link, "link-peer": o.peer}
	default:
		return fmt.Errorf("-side is outer, gate or inner, not %q", o.side)
	}
	if o.gate != "" && !strings.HasPrefix(o.gate, "unix:") {
		return fmt.Errorf("-gate is unix:PATH, not %q", o.gate)
	}
	for name, value := range needed {
		if value == "" {
			return fmt.Errorf("-%s is missing; see dukou-guard -help", name)
		}
	}
	for name, value := range foreign {
		if value != "" {
			return fmt.Errorf("-%s is not for -side %s; see dukou-guard -help", name, o.side)
		}
	}
	return nil
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
		return fmt.Errorf("the identity is of a %s, not of a guard-%s", identity.Request.Role, o.side)
	}
	host, err := verify(identity, args)
	if err != nil {
		return err
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
	next, tasks, err := openNext(o, log)
	if err != nil {
		return err
	}
	listener, err := daemon.Listen(o.listen)
	if err != nil {
		return err
	}
	rules, err := o.rules()
	if err != nil {
		return err
	}
	if err := confine.Apply(rules, log); err != nil { // all that needs a right is open
		return err
	}
	program := control.Program{Component: identity.Request.ID, Name: "dukou-guard", Version: version, Arguments: args}
	half, err := guard.New(guard.Config{
		Side: guard.Side(o.side), Identity: identity, State: o.state, Journal: journal,
		Link: next, Listener: listener, Clock: clock, Host: host, Effective: control.EffectiveOf(program, "", nil), Log: log,
	})
	if err != nil {
		return err
	}
	err = daemon.Run(ctx, append(tasks, daemon.Task{Name: "half", Run: half.Run})...)
	return errors.Join(err, journal.Close())
}

// verify holds this program and its arguments against the manifest, where one was
// installed.
func verify(identity *pki.Identity, args []string) (control.Host, error) {
	site, err := manifest.SiteOf(identity)
	if err != nil {
		return control.Host{}, err
	}
	digest, err := site.Verify("dukou-guard", identity.Request.ID, manifest.Arguments(args))
	return control.Host{Manifest: digest, Lacking: confine.Available().Missing(), Version: version}, err
}

// rules are what this part may do once its listener and its card are open: use its own
// directories and, where the next part is behind a Unix socket, connect to that.
func (o options) rules() (confine.Rules, error) {
	r := confine.Rules{Write: []string{o.identity, o.state}}
	if o.gate != "" {
		err := r.Dial(o.gate)
		return r, err
	}
	if strings.HasPrefix(o.link, "unix:") && guard.Side(o.side) == guard.Outer {
		r.Packets = true
		err := r.Dial(o.link)
		return r, err
	}
	return r, nil
}

// openNext is the way to the next part, and what has to run for it.
func openNext(o options, log *slog.Logger) (guard.Connector, []daemon.Task, error) {
	if o.gate != "" {
		dial, err := daemon.Dialer(o.gate)
		return guard.Redial(dial), nil, err
	}
	port, err := openPort(o, log)
	if err != nil {
		return nil, nil, err
	}
	cable := link.New(link.Config{Port: port, Log: log})
	return cable, []daemon.Task{{Name: "cable", Run: cable.Run}}, nil
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
		return link.OpenUnix(rest, o.side == string(guard.Gate))
	default:
		return nil, fmt.Errorf("-link is packet:INTERFACE or unix:PATH, not %q", o.link)
	}
}
