// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/internal/fault"
)

func newAuditProofCommand() *cobra.Command {
	var at connection
	var components, output string
	c := &cobra.Command{
		Use:   "proof LOG INDEX",
		Short: "Fetch the proof that an entry is in its log, and check it here",
		Long: `Proof fetches from the center the proof that an entry is in a component's log: the entry, its
path in the log's tree, and the checkpoint that the component has signed. With --components it is
checked here, by the keys of a folder that you have from elsewhere than the center
(dukou enrol answer), and the entry that it proves is shown.

With -o the proof is written to a file, which can be given away: dukou audit check PROOF.`,
		Args: usage(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			if components == "" && output == "" {
				return &exitError{fault.ExitUsage, errors.New("give --components DIR to check the proof, or -o FILE to keep it")}
			}
			if _, err := strconv.ParseUint(args[1], 10, 64); err != nil {
				return &exitError{fault.ExitUsage, fmt.Errorf("index %q is not a number", args[1])}
			}
			l, err := at.open(c)
			if err != nil {
				return err
			}
			defer l.Close()
			proof, _, err := l.read(&remote.Request{Method: http.MethodGet, Path: "/api/evidence/" + url.PathEscape(args[0]) + "/" + args[1] + "/proof"})
			if err != nil {
				return err
			}
			if output != "" {
				if err := os.WriteFile(output, proof, 0o644); err != nil { //nolint:gosec // a proof is made to be given away
					return err
				}
			}
			if components == "" {
				fmt.Fprintf(c.ErrOrStderr(), "not checked: dukou audit check %s --components DIR\n", output)
				return nil
			}
			return checkProof(c.OutOrStdout(), proof, components)
		},
	}
	at.register(c)
	c.Flags().StringVar(&components, "components", "", "folder of the admitted components, *.component, to check the proof by")
	c.Flags().StringVarP(&output, "output", "o", "", "file to write the proof to")
	return c
}
