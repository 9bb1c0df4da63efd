// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
)

func newPolicyApplyCommand() *cobra.Command {
	var at connection
	c := &cobra.Command{
		Use:   "apply BUNDLE",
		Short: "Put a bundle that was approved by files into force",
		Long: `Apply hands a bundle that was built and approved by files to the center, which gives it to
every component that enforces it. Drafts that are kept at the center come into force by
dukou policy propose and dukou proposal approve instead.`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := readBundle(args[0])
			if err != nil {
				return err
			}
			l, err := at.open(c)
			if err != nil {
				return err
			}
			defer l.Close()
			answer, _, err := l.read(&remote.Request{Method: http.MethodPost, Path: "/api/bundles", Type: "application/octet-stream", Body: s.Encode()})
			if err != nil {
				return err
			}
			text, err := indented(answer)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s\n", text)
			return nil
		},
	}
	at.register(c)
	return c
}
