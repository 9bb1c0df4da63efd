// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"
)

func newPolicyApplyCommand() *cobra.Command {
	var center centerAPI
	c := &cobra.Command{
		Use:   "apply BUNDLE",
		Short: "Put an approved bundle into force",
		Long:  `Apply hands a bundle to the center, which gives it to every component that enforces it.`,
		Args:  usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := readBundle(args[0])
			if err != nil {
				return err
			}
			answer, err := center.call(c.Context(), http.MethodPost, "/api/bundles", s.Encode())
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
	c.Flags().StringVar(&center.socket, "center", os.Getenv("DUKOU_CENTER"), "Unix socket of the center's management API")
	return c
}
