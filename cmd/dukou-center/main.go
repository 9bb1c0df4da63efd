// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Command dukou-center is where policy is put in force and evidence comes together.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/center"
	"dukou.dev/dukou/internal/confine"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/manifest"
	"dukou.dev/dukou/internal/pki"
)

func main() { os.Exit(daemon.Main("dukou-center", run)) }

func run(ctx context.Context, args []string, log *slog.Logger) error {
	f := flag.NewFlagSet("dukou-center", flag.ContinueOnError)
	dir := f.String("identity", "", "directory of the admitted identity (dukou enrol)")
	state := f.String("state", "", "directory of the bundle, the copies of the logs and the journal")
	guard := f.String("guard", "", "the inner half: HOST:PORT or unix:PATH")
	signer := f.String("signer", "", "socket of the signer: unix:PATH")
	api := f.String("api", "", "socket of the management interface: unix:PATH")
	if err := f.Parse(args); err != nil {
		return err
	}
	identity, err := pki.LoadIdentity(*dir)
	if err != nil {
		return err
	}
	site, err := manifest.SiteOf(identity)
	if err != nil {
		return err
	}
	digest, err := site.Verify("dukou-center", identity.Request.ID, manifest.Arguments(args))
	if err != nil {
		return err
	}
	dial, err := daemon.Dialer(*guard)
	if err != nil {
		return fmt.Errorf("-guard: %w", err)
	}
	network, socket, err := daemon.Split(*signer)
	if err != nil || network != "unix" {
		return fmt.Errorf("-signer is unix:PATH, not %q", *signer)
	}
	if network, _, err := daemon.Split(*api); err != nil || network != "unix" {
		return fmt.Errorf("-api is unix:PATH, not %q", *api)
	}
	if err := durable.MkdirAll(*state, 0o700); err != nil {
		return err
	}
	journal, err := audit.OpenOwn(identity.Request.ID, identity.Key(), *state, time.Now, log)
	if err != nil {
		return err
	}
	listener, err := daemon.Listen(*api)
	if err != nil {
		return err
	}
	r, err := rules(*dir, *state, *guard, *signer)
	if err != nil {
		return err
	}
	if err := confine.Apply(r, log); err != nil { // all that needs a right is open
		return err
	}
	c, err := center.New(center.Config{
		Identity: identity, State: *state, Dial: dial, Signer: authority.Client{Socket: socket},
		Journal: journal, API: listener, Manifest: digest, Log: log,
	})
	if err != nil {
		return err
	}
	return errors.Join(c.Run(ctx), journal.Close())
}

// rules are what the center may do once its interface is open: use its own
// directories and connect to the guard and the signer.
func rules(identity, state, guard, signer string) (confine.Rules, error) {
	r := confine.Rules{Write: []string{identity, state}}
	err := errors.Join(r.Dial(guard), r.Dial(signer))
	return r, err
}
