// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Command dukou-center is where policy is put in force, evidence comes together, and
// administrators do their work.
package main

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/center"
	"dukou.dev/dukou/internal/confine"
	"dukou.dev/dukou/internal/console"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/manifest"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/vault"
	"dukou.dev/dukou/web"
)

// version is what was built; the Makefile has the linker set it.
var version = "unversioned" //nolint:gochecknoglobals // the linker sets nothing else

func main() { os.Exit(daemon.Main("dukou-center", run)) }

func run(ctx context.Context, args []string, log *slog.Logger) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	identity, err := pki.LoadIdentity(s.identity)
	if err != nil {
		return err
	}
	verified, err := manifest.SiteOf(identity)
	if err != nil {
		return err
	}
	digest, err := verified.Verify("dukou-center", identity.Request.ID, manifest.Arguments(args))
	if err != nil {
		return err
	}
	if err := durable.MkdirAll(s.state, 0o700); err != nil {
		return err
	}
	journal, err := audit.OpenOwn(identity.Request.ID, identity.Key(), s.state, time.Now, log)
	if err != nil {
		return err
	}
	err = serve(ctx, s, identity, digest, journal, log)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = nil // it was told to end while it opened its database
	}
	return errors.Join(err, journal.Close())
}

// serve opens all that needs a right, gives up every right that is needed no more, and
// then runs.
func serve(ctx context.Context, s settings, identity *pki.Identity, digest []byte, journal *audit.Journal, log *slog.Logger) error {
	doors, err := s.listen(log)
	if err != nil {
		return err
	}
	where, err := s.databaseURL()
	if err != nil {
		return err
	}
	font, err := s.readFont()
	if err != nil {
		return err
	}
	r, err := s.rules(where)
	if err != nil {
		return err
	}
	effective, terminal := s.effective(identity.Request.ID), onTerminal()
	if err := confine.Apply(r, log); err != nil {
		return err
	}
	c, err := s.newCenter(identity, digest, effective, journal, log)
	if err != nil {
		return err
	}
	key, err := vault.Load(filepath.Join(s.state, "vault.key"))
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, where)
	if err != nil {
		return err
	}
	site := &site{settings: s, center: c, db: db, key: key, tls: doors.certificate, syslog: doors.syslog, font: font, terminal: terminal, log: log}
	p, err := site.open(ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	listeners := []daemon.Task{p.server.Task("host's interface", doors.host, true)}
	if doors.console != nil {
		h, err := console.Handler(web.Files(), p.server.Handler())
		if err != nil {
			return errors.Join(err, db.Close())
		}
		listeners = append(listeners, p.server.TaskOf("console", doors.console, h))
	}
	return p.run(ctx, site, listeners...)
}

// onTerminal tells whether what is printed is read by somebody now.
func onTerminal() bool {
	_, err := unix.IoctlGetTermios(int(os.Stdout.Fd()), unix.TCGETS)
	return err == nil
}

func (s *settings) newCenter(identity *pki.Identity, digest []byte, effective control.Effective, journal *audit.Journal, log *slog.Logger) (*center.Center, error) {
	dial, err := daemon.Dialer(s.guard)
	if err != nil {
		return nil, fmt.Errorf("-guard: %w", err)
	}
	_, socket, err := daemon.Split(s.signer)
	if err != nil {
		return nil, err
	}
	return center.New(center.Config{
		Identity: identity, State: s.state, Dial: dial, Signer: authority.Client{Socket: socket},
		Journal: journal, Manifest: digest, Effective: effective, Log: log,
	})
}

// effective is what this center runs with, as others tell it of themselves.
func (s *settings) effective(id string) control.Effective {
	return control.EffectiveOf(control.Program{Component: id, Name: "dukou-center", Version: version, Arguments: s.args}, "", nil, s.certificate)
}

// doors are what the center listens on.
type doors struct {
	host        net.Listener
	console     net.Listener // nil for none
	syslog      net.Listener // nil for none; without TLS yet
	certificate tls.Certificate
}

func (s *settings) listen(log *slog.Logger) (d doors, err error) {
	if d.host, err = daemon.Listen(s.api); err != nil {
		return d, err
	}
	if s.console == "" && s.syslog == "" {
		return d, nil
	}
	if d.certificate, err = s.consoleCertificate(); err != nil {
		return d, err
	}
	if s.syslog != "" {
		if d.syslog, err = daemon.Listen(s.syslog); err != nil {
			return d, err
		}
	}
	if s.console == "" {
		return d, nil
	}
	plain, err := daemon.Listen(s.console)
	if err != nil {
		return d, err
	}
	mark := fingerprint(d.certificate)
	log.Info("the console listens", "address", s.console, "certificate", hex.EncodeToString(mark[:]))
	d.console = tls.NewListener(plain, &tls.Config{
		Certificates: []tls.Certificate{d.certificate}, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2", "http/1.1"},
	})
	return d, nil
}
