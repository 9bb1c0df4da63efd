// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/internal/center"
)

func newStatusCommand() *cobra.Command {
	var api centerAPI
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show what the center knows of every component",
		Long: `Status asks the center, which asks every component each second: the bundle in force, the
lease of label keys, how far its audit log was gathered and whether it was proven.`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			answer, err := api.call(c.Context(), http.MethodGet, "/api/components", nil)
			if err != nil {
				return err
			}
			if asJSON {
				text, err := indented(answer)
				if err != nil {
					return err
				}
				fmt.Fprintf(c.OutOrStdout(), "%s\n", text)
				return nil
			}
			var list []center.Standing
			if err := json.Unmarshal(answer, &list); err != nil {
				return fmt.Errorf("the center's answer: %w", err)
			}
			return tellStandings(c, list)
		},
	}
	c.Flags().StringVar(&api.socket, "center", os.Getenv("DUKOU_CENTER"), "Unix socket of the center's management API")
	c.Flags().BoolVar(&asJSON, "json", false, "print the center's answer")
	return c
}

func tellStandings(c *cobra.Command, list []center.Standing) error {
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "COMPONENT\tSTATE\tBUNDLE\tPASSED\tREFUSED\tWAITING\tLOG\tSEEN\tPEERS")
	for i := range list {
		s := &list[i]
		seen := "never"
		if s.Seen > 0 {
			seen = time.Since(time.UnixMilli(s.Seen)).Round(100*time.Millisecond).String() + " ago"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d %s\t%s\t%s\n", s.ID, s.State, s.Bundle, s.Passed, s.Refused, s.Pending,
			s.Records, plain(s.Audit), seen, plain(strings.Join(s.Peers, " ")))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i := range list {
		if list[i].Error != "" {
			fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", list[i].ID, plain(list[i].Error))
		}
		if list[i].Manifest != "" {
			fmt.Fprintf(c.OutOrStdout(), "%s: manifest %s\n", list[i].ID, plain(list[i].Manifest))
		}
		for _, what := range list[i].Lacking {
			fmt.Fprintf(c.OutOrStdout(), "%s: its kernel has %s\n", list[i].ID, plain(what))
		}
	}
	return nil
}
