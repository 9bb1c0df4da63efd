// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Command dukou is the command line of Dukou: it starts the demonstration, sends and
// receives files, works on policy, reads the audit logs, and does everything else that
// the center's interface offers to administrators: for each of its calls that has a verb
// there is a command, made of the interface's description (openapi.json) or by hand.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/internal/fault"
)

// version is what was built; the Makefile has the linker set it.
var version = "unversioned" //nolint:gochecknoglobals // the linker sets nothing else

func main() {
	cell.Main() // this process may be a cell of a demonstration that is being made
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	root, err := newRootCommand()
	if err != nil {
		fmt.Fprintln(errOut, "dukou:", err)
		return fault.ExitFailed
	}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	c, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	tell(errOut, c, err)
	return exitCode(err)
}

// tell says what went wrong: to people, or as the center said it where --json asks for it.
func tell(errOut io.Writer, c *cobra.Command, err error) {
	asJSON, _ := c.Flags().GetBool("json") // a command without the flag talks to people
	if p, ok := errors.AsType[*remote.Problem](err); ok && asJSON {
		_ = json.NewEncoder(errOut).Encode(p.Document) // nobody is left to tell
		return
	}
	fmt.Fprintln(errOut, "dukou:", err)
}

func newRootCommand() (*cobra.Command, error) {
	root := &cobra.Command{
		Use:   "dukou",
		Short: "Exchange requests and files between two isolated networks under one policy",
		Long: `Dukou (渡口) joins two isolated networks: what crosses is taken apart, labelled,
judged on two hosts, and built anew on the other side.

Start with:   dukou demo
Administer:   dukou login NAME --center ADDRESS, then the commands below
Exit status:  0 done, 1 failed, 2 called wrongly, 3 partly shown, 4 refused, 5 try again later,
              6 sign in first, 7 show the second factor (dukou help exit-codes)`,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          usage(noMore),
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{fault.ExitUsage, err} })
	root.AddCommand(commands()...)
	return root, addGenerated(root)
}
