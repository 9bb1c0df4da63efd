// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy/source"
)

// newPolicyCommand has the verbs that take policy from files into force.
func newPolicyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Draft, check, rehearse, propose and publish policy",
		Long: `Policy is a folder of YAML and Cedar files. At the center it is a draft, which two security
administrators put into force, each with their own approver key:

  dukou policy draft push FOLDER --title T   or draft create, of what is in force
  dukou policy draft difference DRAFT        what does it change?
  dukou policy rehearse DRAFT --wait         what would it have changed?
  dukou policy propose DRAFT --key FILE      then another one: dukou proposal approve ID --key FILE
  dukou policy confirm PUBLICATION           in time, or what was in force is put back

Without the center's drafts, as for the first policy of an installation, files do:

  dukou policy check FOLDER                  is it whole?
  dukou policy test FOLDER                   does it do what its cases expect?
  dukou policy build FOLDER -o B --version N --components DIR
  dukou policy approve B --key FILE          once for each approver
  dukou policy apply B --center SOCKET`,
		Args: usage(noMore),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newPolicyCheckCommand(), newPolicyTestCommand(), newPolicyBuildCommand(), newPolicyKeygenCommand(),
		newPolicyApproveCommand(), newPolicyShowCommand(), newPolicyApplyCommand(),
		newDraftCommand(), newRehearseCommand(), newProposeCommand(), newConfirmCommand(), newRollbackCommand())
	return c
}

// usage makes wrong arguments end with the status for it.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return &exitError{fault.ExitUsage, err}
		}
		return nil
	}
}

func newPolicyCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FOLDER]",
		Short: "Say whether a folder of policy is whole",
		Args:  usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := loadPolicy(args, c.ErrOrStderr())
			if err != nil {
				return err
			}
			p, err := s.Draft()
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "ok: %d zones, %d subjects, %d objects, %d flows, %d files of Cedar, %d cases\n",
				len(p.Zones), len(p.Subjects), len(p.Objects), len(p.Flows), len(p.Cedar), len(s.Cases()))
			for _, warning := range s.Warnings() {
				fmt.Fprintf(c.OutOrStdout(), "warning: %s\n", warning.Error())
			}
			for _, name := range s.MissingIssuers() {
				fmt.Fprintf(c.OutOrStdout(), "note: the key-file of issuer %q is not there; give its key to build with --issuer\n", name)
			}
			return nil
		},
	}
}

// loadPolicy reads the folder in args, or the current one, and prints what is wrong with it.
func loadPolicy(args []string, errOut io.Writer) (*source.Source, error) {
	folder := "."
	if len(args) > 0 {
		folder = args[0]
	}
	if info, err := os.Stat(folder); err != nil {
		return nil, &exitError{fault.ExitUsage, err}
	} else if !info.IsDir() {
		return nil, &exitError{fault.ExitUsage, fmt.Errorf("%s is not a folder", folder)}
	}
	s, err := source.Load(os.DirFS(folder))
	if err != nil {
		fmt.Fprintln(errOut, err)
		return nil, &exitError{fault.ExitUsage, fmt.Errorf("the policy in %s is not whole", folder)}
	}
	return s, nil
}

var errCasesFailed = errors.New("the policy does not do what its cases expect")

func newPolicyTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test [FOLDER]",
		Short: "Ask the policy its cases",
		Args:  usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := loadPolicy(args, c.ErrOrStderr())
			if err != nil {
				return err
			}
			results, failed, err := runCases(s)
			if err != nil {
				return err
			}
			printResults(c.OutOrStdout(), results)
			fmt.Fprintf(c.OutOrStdout(), "%d cases, %d failed\n", len(results), failed)
			if failed > 0 {
				return errCasesFailed
			}
			return nil
		},
	}
}

func runCases(s *source.Source) (results []source.Result, failed int, err error) {
	p, err := s.Draft()
	if err != nil {
		return nil, 0, err
	}
	results = source.RunCases(p, s.Cases())
	for _, r := range results {
		if !r.OK {
			failed++
		}
	}
	return results, failed, nil
}

// printResults prints a line for each case, and the reasons where it failed.
func printResults(out io.Writer, results []source.Result) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range results {
		if r.OK {
			fmt.Fprintf(w, "ok\t%s\t%s\t%s\n", r.Case.Where, r.Case.Name, verdict(r.Case.Expect))
			continue
		}
		fmt.Fprintf(w, "FAIL\t%s\t%s\twant %s, got %s\n", r.Case.Where, r.Case.Name, verdict(r.Case.Expect), verdict(r.Got.Code))
		for _, reason := range r.Got.Reasons {
			fmt.Fprintf(w, "\t\t  %s\t%s: %s\n", verdict(reason.Code), reason.Rule, reason.What)
		}
	}
	w.Flush() //nolint:errcheck // to the terminal
}

func verdict(c fault.Code) string {
	if c == "" {
		return "allow"
	}
	return string(c)
}
