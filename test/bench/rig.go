// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/goccy/go-yaml"

	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/test/bench/load"
)

const (
	startTimeout = time.Minute
	benchSocket  = "bench" // of the application, beside that of the bureau
)

// rig is an installation of the real programs, each in namespaces of its own, whose
// fronts know the bench's directories and application.
type rig struct {
	*demo.Demo
	from, to string // the watched directory, and the one where files appear
	app      *load.Application
}

// newRig starts an installation of the programs in bin. Close ends it.
func newRig(ctx context.Context, bin string, answer []byte) (r *rig, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	r = &rig{}
	if r.Demo, err = demo.Start(ctx, demo.Options{Bin: bin, Isolation: cell.Netns, LogLevel: "warn"}); err != nil {
		return nil, err
	}
	if err := r.prepare(ctx, answer); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Close ends the installation and the application.
func (r *rig) Close() error {
	err := r.Demo.Close()
	if r.app != nil {
		r.app.Close()
	}
	return err
}

// prepare gives the fronts their new places, and puts the bench's policy in force.
func (r *rig) prepare(ctx context.Context, answer []byte) error {
	var err error
	socket := filepath.Join(filepath.Dir(r.Installation.Socket(demo.Bureau)), benchSocket)
	if r.app, err = load.Serve(socket, answer); err != nil {
		return err
	}
	r.from = filepath.Join(r.Installation.Home(demo.FrontInternet), "bench-from")
	r.to = filepath.Join(r.Installation.Home(demo.FrontIntranet), "bench-to")
	if err := errors.Join(os.Mkdir(r.from, 0o700), os.Mkdir(r.to, 0o700)); err != nil {
		return err
	}
	if err := errors.Join(
		r.configure(demo.FrontInternet, "directories", fileFlow, map[string]string{"path": r.from}),
		r.configure(demo.FrontIntranet, "deliveries", fileFlow, r.to),
		r.configure(demo.FrontIntranet, "targets", target, map[string]string{"address": "unix:" + socket}),
	); err != nil {
		return err
	}
	for _, front := range []string{demo.FrontIntranet, demo.FrontInternet} {
		if err := r.Restart(front); err != nil {
			return err
		}
	}
	return r.apply(ctx)
}

func (r *rig) apply(ctx context.Context) error {
	folder, err := benchPolicy()
	if err != nil {
		return err
	}
	bundle, err := r.Installation.Bundle(folder, 2)
	if err != nil {
		return err
	}
	if err := r.Apply(ctx, bundle); err != nil {
		return err
	}
	return r.WaitReady(ctx)
}

// configure adds to one of the lists of a front's own configuration.
func (r *rig) configure(front, list, name string, value any) error {
	path := r.Installation.Config(front)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var c map[string]any
	if err := yaml.Unmarshal(data, &c); err != nil {
		return err
	}
	m, ok := c[list].(map[string]any)
	if !ok {
		return fmt.Errorf("%s has no %s", path, list)
	}
	m[name] = value
	if data, err = yaml.Marshal(c); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// question is the request for a report, as the portal sends it.
func (r *rig) question(ctx context.Context) ([]byte, error) {
	bank := r.Bank()
	defer bank.Close()
	token, err := bank.SignIn(ctx, demo.Zhang())
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	return fmt.Appendf(nil, "GET /reports/%s?purpose=self-inquiry HTTP/1.1\r\nHost: bureau\r\nAuthorization: Bearer %s\r\n\r\n", demo.Zhang().Person, token), nil
}
