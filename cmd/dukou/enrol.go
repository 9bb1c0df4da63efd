// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

func newEnrolCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "enrol",
		Short: "Give components and terminals their identity, by files carried by hand",
		Long: `A component makes its keys and a request; the security administrator compares the
request's fingerprint and has it answered; the component accepts the answer.

  on the component:  dukou enrol request --dir DIR --id front-internet --role front --zone internet
  on the center:     dukou enrol answer --signer SOCKET --out DIR REQUEST=FINGERPRINT ...
  on the component:  dukou enrol accept --dir DIR --authority FINGERPRINT ANSWER`,
	}
	c.AddCommand(newEnrolRequestCommand(), newEnrolAnswerCommand(), newEnrolAcceptCommand(), newEnrolShowCommand())
	return c
}

func newEnrolRequestCommand() *cobra.Command {
	var dir, id, role, zone string
	c := &cobra.Command{
		Use: "request", Short: "Make keys and a request file in a new directory", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			i, err := pki.Create(dir, id, role, zone)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "request:     %s\nfingerprint: %s\n", filepath.Join(dir, "request.dukou"), i.Request.Fingerprint())
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "directory of the identity")
	c.Flags().StringVar(&id, "id", "", "name of the component")
	c.Flags().StringVar(&role, "role", "", "front, guard-outer, guard-gate, guard-inner, center or terminal")
	c.Flags().StringVar(&zone, "zone", "", "its zone; empty for guard and center")
	markRequired(c, "dir", "id", "role")
	return c
}

func markRequired(c *cobra.Command, names ...string) {
	for _, name := range names {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // a flag that the command does not have
		}
	}
}

func newEnrolAnswerCommand() *cobra.Command {
	var socket, out string
	c := &cobra.Command{
		Use: "answer REQUEST=FINGERPRINT...", Short: "Admit requests and write an answer for every admitted component", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client := authority.Client{Socket: strings.TrimPrefix(socket, "unix:")}
			for _, arg := range args {
				name, fingerprint, _ := strings.Cut(arg, "=")
				data, err := os.ReadFile(name)
				if err != nil {
					return err
				}
				r, err := client.Admit(cmd.Context(), data, fingerprint)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "admitted %s %s\n", r.Role, r.ID)
			}
			return writeAnswers(cmd, client, out)
		},
	}
	c.Flags().StringVar(&socket, "signer", "", "socket of the signer")
	c.Flags().StringVar(&out, "out", ".", "directory for ID.answer and, for policy build, ID.component")
	markRequired(c, "signer")
	return c
}

func writeAnswers(cmd *cobra.Command, client authority.Client, out string) error {
	if err := durable.MkdirAll(out, 0o755); err != nil {
		return err
	}
	list, err := client.Admitted(cmd.Context())
	if err != nil {
		return err
	}
	for _, r := range list {
		answer, err := client.Answer(cmd.Context(), r.ID)
		if err != nil {
			return err
		}
		component := policy.Component{ID: r.ID, Role: policy.Role(r.Role), Zone: r.Zone, Key: r.Key, Seal: r.Seal}
		if err := durable.WriteFile(filepath.Join(out, r.ID+".answer"), answer, 0o644); err != nil {
			return err
		}
		if err := durable.WriteFile(filepath.Join(out, r.ID+".component"), canon.Must(component), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func newEnrolAcceptCommand() *cobra.Command {
	var dir, fingerprint string
	c := &cobra.Command{
		Use: "accept ANSWER", Short: "Take the answer to this component's request", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := pki.LoadIdentity(dir)
			if err != nil {
				return err
			}
			data, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			if err := i.Admit(data, fingerprint); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s %s is admitted at %s\n", i.Request.Role, i.Request.ID, i.Admission.Guard)
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "directory of the identity")
	c.Flags().StringVar(&fingerprint, "authority", "", "fingerprint of the authority, as its administrator reads it out (dukou-signer fingerprint)")
	markRequired(c, "dir", "authority")
	return c
}

func newEnrolShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show REQUEST", Short: "Show what a request asks for", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			r, err := pki.OpenRequest(data)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "id:          %s\nrole:        %s\nzone:        %s\nfingerprint: %s\n", r.ID, r.Role, r.Zone, r.Fingerprint())
			return nil
		},
	}
}
