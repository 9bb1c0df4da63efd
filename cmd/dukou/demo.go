// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/fault"
)

// demoTraffic is how many requests a second show life in the console.
const demoTraffic = 3

// Where the demonstration is reached, unless taken.
const (
	demoPortal  = "127.0.0.1:8440"
	demoFront   = "127.0.0.1:8441"
	demoConsole = "127.0.0.1:8443"
)

func newDemoCommand() *cobra.Command {
	var (
		isolation, dir   string
		once, json, keep bool
	)
	c := &cobra.Command{
		Use:   "demo",
		Short: "Start both networks with the example bank on this machine and show what crosses and what does not",
		Long: `Demo starts the real programs, each in network, mount, process and IPC namespaces of its
own, with the example bank behind them, shows what crosses and what is refused, and then
stays until Ctrl-C, with light traffic, and tells how to open the console. It needs no rights beyond an ordinary user's where user namespaces are
allowed. Everything is in one directory, which is removed at the end.

Exit status with --once: 0 every step went as it must, 1 one did not, 3 some were skipped.`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			found, reason, err := demo.Resolve(isolation) // first: it may start this program anew
			if errors.Is(err, demo.ErrIsolation) {
				return &exitError{fault.ExitUsage, err}
			}
			if err != nil {
				return err
			}
			// A terminal or a reader that goes away must not leave anything behind.
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGHUP, syscall.SIGPIPE)
			defer stop()
			o := demo.Options{
				Dir: dir, Keep: keep, Isolation: found, WhyPlain: reason, Traffic: demoTraffic,
				PortalAddress: demoPortal, FrontAddress: demoFront, ConsoleAddress: demoConsole,
			}
			err = demo.Run(ctx, o, &demo.Printer{Out: c.OutOrStdout(), JSON: json}, once)
			if errors.Is(err, demo.ErrIncomplete) {
				return &exitError{fault.ExitSkipped, err}
			}
			return err
		},
	}
	c.Flags().BoolVar(&once, "once", false, "end after the tour")
	c.Flags().BoolVar(&json, "json", false, "print one JSON object for each step and nothing else")
	c.Flags().StringVar(&isolation, "isolation", demo.Auto, "auto, netns or none")
	c.Flags().StringVar(&dir, "dir", "", "directory for everything, empty or not there yet (default a temporary one)")
	c.Flags().BoolVar(&keep, "keep", false, "leave the directory there at the end")
	return c
}
