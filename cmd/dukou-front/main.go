// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Command dukou-front is one zone's end of the crossing: it takes protocols apart
// and builds them anew.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/confine"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/front/file"
	"dukou.dev/dukou/internal/front/http"
	"dukou.dev/dukou/internal/manifest"
	"dukou.dev/dukou/internal/neighbour"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/vault"
)

// version is what was built; the Makefile has the linker set it.
var version = "unversioned" //nolint:gochecknoglobals // the linker sets nothing else

func main() { os.Exit(daemon.Main("dukou-front", run)) }

func run(ctx context.Context, args []string, log *slog.Logger) error {
	f := flag.NewFlagSet("dukou-front", flag.ContinueOnError)
	name := f.String("config", "", "configuration file (YAML)")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *name == "" {
		return errors.New("-config FILE is missing; docs/operations shows one")
	}
	c, err := readConfig(*name)
	if err != nil {
		return err
	}
	c.args = args
	identity, err := pki.LoadIdentity(c.Identity)
	if err != nil {
		return err
	}
	host, err := verify(identity, c.text)
	if err != nil {
		return err
	}
	clock, err := pki.NewClock(identity, time.Now)
	if err != nil {
		return err
	}
	if err := durable.MkdirAll(c.State, 0o700); err != nil {
		return err
	}
	journal, err := audit.OpenOwn(identity.Request.ID, identity.Key(), c.State, clock.Now, log)
	if err != nil {
		return err
	}
	tasks, err := build(c, identity, host, clock, journal, log)
	if err != nil {
		return err
	}
	rules, err := c.rules()
	if err != nil {
		return err
	}
	if err := confine.Apply(rules, log); err != nil { // all that needs a right is open
		return err
	}
	return errors.Join(daemon.Run(ctx, tasks...), journal.Close())
}

// verify holds this program and its configuration against the manifest, where one was
// installed.
func verify(identity *pki.Identity, config []byte) (control.Host, error) {
	site, err := manifest.SiteOf(identity)
	if err != nil {
		return control.Host{}, err
	}
	digest, err := site.Verify("dukou-front", identity.Request.ID, config)
	return control.Host{Manifest: digest, Lacking: confine.Available().Missing(), Version: version}, err
}

// neighbours follows the kernel's neighbour table, if this host lets it: without it,
// who is bound to a network card is refused, and all others go on.
func neighbours(log *slog.Logger) *neighbour.Table {
	t, err := neighbour.Open()
	if err != nil {
		log.Warn("network cards of clients are not known; subjects that are bound to one are refused", "error", err)
	}
	return t
}

// build makes the parts: the front, and an entry and an exit for each protocol.
func build(c config, identity *pki.Identity, host control.Host, clock *pki.Clock, journal *audit.Journal, log *slog.Logger) ([]daemon.Task, error) {
	id, zone := identity.Request.ID, identity.Request.Zone
	dial, err := daemon.Dialer(c.Guard)
	if err != nil {
		return nil, err
	}
	httpExit, err := http.NewExit(http.ExitConfig{Targets: c.targets(), Log: log})
	if err != nil {
		return nil, err
	}
	core, err := front.New(front.Config{
		Identity: identity, State: c.State, Dial: dial, Journal: journal, Clock: clock,
		Exits: map[string]front.Exit{"http": httpExit}, Neighbours: neighbours(log), Host: host, Effective: c.effective(id), Log: log,
	})
	if err != nil {
		return nil, err
	}
	listeners, err := c.listeners()
	if err != nil {
		return nil, err
	}
	tasks := []daemon.Task{{Name: "front", Run: core.Run}}
	if len(listeners) > 0 { // a front may have no http flow that enters here
		httpEntry, err := http.NewEntry(http.EntryConfig{Crossing: core, Front: id, Listeners: listeners, Log: log})
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, daemon.Task{Name: "http", Run: httpEntry.Run})
	}
	key, err := vault.Load(filepath.Join(c.State, "vault.key"))
	if err != nil {
		return nil, err
	}
	fileEntry, err := file.NewEntry(file.Config{
		Front: id, Zone: zone, Conveyor: core, Directories: c.directories(id), State: filepath.Join(c.State, "uploads"), Key: key, Log: log,
	})
	if err != nil {
		return nil, err
	}
	fileExit, err := file.NewExit(file.ExitConfig{
		Front: id, Zone: zone, Policy: core.Policy, Targets: c.Deliveries, Mailboxes: c.Mailboxes,
		State: filepath.Join(c.State, "mailboxes"), Key: key, Log: log,
	})
	if err != nil {
		return nil, err
	}
	core.Receive(fileExit)
	core.CountPending(fileEntry.Pending)
	tasks = append(tasks, daemon.Task{Name: "files in", Run: fileEntry.Run}, daemon.Task{Name: "files out", Run: fileExit.Run})
	if c.Terminals == "" {
		return tasks, nil
	}
	terminals, err := newTerminals(c.Terminals, identity, core, fileEntry, fileExit, log)
	if err != nil {
		return nil, err
	}
	return append(tasks, daemon.Task{Name: "terminals", Run: terminals.Run}), nil
}
