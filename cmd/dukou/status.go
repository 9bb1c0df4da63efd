// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/cmd/dukou/internal/table"
)

func newStatusCommand() *cobra.Command {
	var at connection
	c := &cobra.Command{
		Use:   "status",
		Short: "Show how every component is, and what each lacks",
		Long: `Status asks the center, which asks every component each second: the policy in force, the
lease of label keys, how far its audit log was gathered and whether it was proven.`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return at.show(c, "/api/components", func(_ *link, answer []byte) error { return tellComponents(c, answer) })
		},
	}
	at.register(c)
	return c
}

// tellComponents prints a table, and under it a line for each thing that is to be done.
func tellComponents(c *cobra.Command, answer []byte) error {
	v, err := table.Parse(answer)
	if err != nil {
		return fmt.Errorf("the center's answer: %w", err)
	}
	_, rows, _ := table.Rows(v)
	var todo []string
	for _, row := range rows {
		o, ok := row.(*table.Object)
		if !ok {
			continue
		}
		for _, name := range []string{"error", "lacks"} {
			what, isList := o.Get(name).([]any)
			if !isList && o.Text(name) != "" {
				what = []any{o.Get(name)}
			}
			for _, w := range what {
				todo = append(todo, fmt.Sprintf("%s: %s", o.Text("id"), remote.Printable(fmt.Sprint(w))))
			}
			delete(o.Values, name)
		}
	}
	if err := table.List(c.OutOrStdout(), rows); err != nil {
		return err
	}
	for _, line := range todo {
		fmt.Fprintln(c.OutOrStdout(), line)
	}
	return nil
}
