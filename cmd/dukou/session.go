// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/internal/problem"
)

func newLogoutCommand() *cobra.Command {
	var at connection
	c := &cobra.Command{
		Use:   "logout",
		Short: "End the session at the center",
		Args:  usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := at.open(c)
			if err != nil {
				return err
			}
			defer l.Close()
			if l.session.Secret == "" {
				return l.nobody()
			}
			err = l.JSON(c.Context(), http.MethodDelete, "/api/session", nil, nil)
			if isProblem(err, problem.SignedOut) {
				err = nil // it has ended by itself
			}
			return errors.Join(err, l.sessions.Remove(l.session.Center, l.session.Name))
		},
	}
	at.register(c)
	return c
}

func newWhoamiCommand() *cobra.Command {
	var at connection
	c := &cobra.Command{
		Use:   "whoami",
		Short: "Say who is signed in here, and until when",
		Args:  usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			return at.show(c, "/api/session", func(l *link, answer []byte) error {
				var s opened
				if err := json.Unmarshal(answer, &s); err != nil {
					return fmt.Errorf("the center's answer: %w", err)
				}
				fmt.Fprintf(c.OutOrStdout(), "%s (%s) at %s, until %s or %s without use\n", remote.Printable(s.Session.Account), s.Session.Duty,
					l.Address, clock(s.Session.Ends), time.Until(s.Session.Idle).Round(time.Minute))
				return nil
			})
		},
	}
	at.register(c)
	return c
}

func newPasswordCommand() *cobra.Command {
	var f loginFlags
	c := &cobra.Command{
		Use:   "password",
		Short: "Change your password",
		Long:  "Password asks for the password until now and twice for the new one. Your other sessions end.",
		Args:  usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := f.open(c)
			if err != nil {
				return err
			}
			defer l.Close()
			if l.session.Secret == "" {
				return l.nobody()
			}
			old, err := secretOrAsk(c, f.passwordFile, "Password until now: ", "--password-file")
			if err != nil {
				return err
			}
			s, err := f.renew(l, old)
			if err != nil {
				return err
			}
			return l.keep(l.session.Name, s.Secret)
		},
	}
	f.register(c)
	c.Flags().StringVar(&f.passwordFile, "password-file", "", "file with the password until now (asked for on a terminal)")
	c.Flags().StringVar(&f.newPasswordFile, "new-password-file", "", "file with the new password (asked for on a terminal)")
	return c
}

// nobody says that there is no session here.
func (l *link) nobody() error {
	return &exitError{exitSignIn, fmt.Errorf("nobody has signed in at %s from here: dukou login NAME", l.Address)}
}
