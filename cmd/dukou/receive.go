// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/internal/front/file/terminal"
)

func newReceiveCommand() *cobra.Command {
	var flags terminalFlags
	var into string
	var once bool
	c := &cobra.Command{
		Use:   "receive --flow FLOW --into DIR --front ADDRESS --identity DIR",
		Short: "Receive files from the other zone",
		Long: `Takes in the files that a flow brings for this terminal, until Ctrl-C or, with
--once, until nothing waits any more. A file appears in the directory whole, under its
name, and replaces nothing; each comes once, whatever is broken off.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := flags.open(cmd)
			if err != nil {
				return err
			}
			a := arriving{out: cmd.OutOrStdout(), into: into, json: flags.json}
			return t.Receive(cmd.Context(), terminal.Download{Flow: flags.flow, Into: into, Once: once, Arrived: a.report})
		},
	}
	flags.register(c)
	c.Flags().StringVar(&into, "into", "", "directory to receive into; it must be there")
	c.Flags().BoolVar(&once, "once", false, "end when nothing waits any more")
	markRequired(c, "into")
	return c
}

// arriving prints what arrives.
type arriving struct {
	out  io.Writer
	into string
	json bool
	mu   sync.Mutex
}

// received is one line of --json.
type received struct {
	File   string `json:"file"`
	Parcel string `json:"parcel"`
	Size   uint64 `json:"size"`
}

func (a *arriving) report(f terminal.Arrival) {
	a.mu.Lock()
	defer a.mu.Unlock()
	line := received{File: filepath.Join(a.into, f.Name), Parcel: f.ID.String(), Size: f.Size}
	if a.json {
		_ = json.NewEncoder(a.out).Encode(line) // a closed pipe ends the process anyway
		return
	}
	fmt.Fprintf(a.out, "%s: received, parcel %s, %d bytes\n", line.File, line.Parcel, line.Size)
}
