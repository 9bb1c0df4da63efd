// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Command dukou is the command line of Dukou: it starts the demonstration, sends
// and receives files, works on policy, and reads the audit logs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

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

// exitError carries an exit status that is not one of fault's.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(errOut, "dukou:", err)
	var exit *exitError
	if errors.As(err, &exit) {
		return exit.code
	}
	return fault.ExitCode(err)
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "dukou",
		Short: "Exchange requests and files between two isolated networks under one policy",
		Long: `Dukou (渡口) joins two isolated networks: what crosses is taken apart, labelled,
judged on two hosts, and built anew on the other side.

Start with:   dukou demo
Exit status:  0 done, 1 failed, 2 called wrongly, 3 partly shown, 4 refused, 5 try again later`,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(commands()...)
	return root
}
