// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Dukou-bank is the example behind Dukou's demonstration: a credit bureau for the
// inner zone and a portal for the outer one. They are ordinary applications that know
// nothing of Dukou; README.md says what they answer.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/examples/bank/internal/people"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dukou-bank:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	root := &cobra.Command{
		Use:           "dukou-bank",
		Short:         "An example credit bureau and its portal, with made-up people",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	logger := slog.New(slog.NewTextHandler(log, nil))
	root.AddCommand(
		bureauCommand(logger),
		portalCommand(logger),
		peopleCommand(),
		tokenKeyCommand(),
		requestFileCommand(),
		checkAnswerCommand(),
	)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(log)
	return root.ExecuteContext(ctx)
}

// population is the flags that say which people there are.
type population struct {
	people int
	seed   uint64
}

func (p *population) flags(c *cobra.Command) {
	c.Flags().IntVar(&p.people, "people", 3000, "how many people the bureau knows")
	c.Flags().Uint64Var(&p.seed, "seed", 1, "what the people are made from")
}

func (p *population) book() (*people.Book, error) { return people.New(p.people, p.seed) }

// require marks flags that the command cannot do without.
func require(c *cobra.Command, names ...string) *cobra.Command {
	for _, n := range names {
		if err := c.MarkFlagRequired(n); err != nil {
			panic(err) // the flag is not there: a mistake in this file
		}
	}
	return c
}
