// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"dukou.dev/dukou/internal/doctor"
	"dukou.dev/dukou/internal/fault"
)

func newDoctorCommand() *cobra.Command {
	var s doctor.Site
	var front string
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor (--front FILE | --dir DIR) [--state DIR] [--config FILE] [--program FILE]... [--link INTERFACE]",
		Short: "Look at the host of one component, and say what to do",
		Long: `Doctor looks at the whole chain: what the kernel can confine, the processes that run, keys and who
reads them, programs and configuration against the manifest, clock, bundle, disk, and the card of
the link. Each line is ok, warn or BAD, with what to do next. It changes nothing.

Exit status: 0 nothing is BAD, 1 something is.`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := readFront(front, &s); err != nil {
				return err
			}
			if s.Dir == "" {
				return &exitError{fault.ExitUsage, errors.New("doctor wants --front FILE or --dir DIR")}
			}
			return tellFindings(c.OutOrStdout(), doctor.Examine(s, time.Now()), asJSON)
		},
	}
	c.Flags().StringVar(&front, "front", "", "a front's configuration file, which names its directories")
	c.Flags().StringVar(&s.Dir, "dir", "", "directory of a component's identity, or of the signer's keys")
	c.Flags().StringVar(&s.State, "state", "", "directory of bundle, lease and journal")
	c.Flags().StringVar(&s.Config, "config", "", "file with the component's arguments, each on a line")
	c.Flags().StringArrayVar(&s.Programs, "program", nil, "a program's file; may be given several times")
	c.Flags().StringVar(&s.Link, "link", "", "network interface of the cable between the halves")
	c.Flags().BoolVar(&asJSON, "json", false, "print a list of JSON objects")
	return c
}

// readFront takes the directories of a front from its configuration.
func readFront(name string, s *doctor.Site) error {
	if name == "" {
		return nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var c struct {
		Identity string `yaml:"identity"`
		State    string `yaml:"state"`
	}
	if err := yaml.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("%s: %s", name, yaml.FormatError(err, false, true))
	}
	for _, dir := range []*string{&c.Identity, &c.State} {
		if !filepath.IsAbs(*dir) {
			*dir = filepath.Join(filepath.Dir(name), *dir)
		}
	}
	s.Dir, s.State, s.Config = c.Identity, c.State, name
	return nil
}

var errUnwell = errors.New("something is BAD; each such line says what to do")

func tellFindings(out io.Writer, list []doctor.Finding, asJSON bool) error {
	var outcome error
	for _, f := range list {
		if f.State == doctor.Bad {
			outcome = errUnwell
		}
	}
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return errors.Join(e.Encode(list), outcome)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.State, f.Check, plain(f.Detail))
		if f.Next != "" {
			fmt.Fprintf(w, "\t\t→ %s\n", plain(f.Next))
		}
	}
	return errors.Join(w.Flush(), outcome)
}
