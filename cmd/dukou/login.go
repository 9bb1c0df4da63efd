// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/internal/problem"
)

// opened is a session as the center tells it when it begins or changes its state.
type opened struct {
	Secret  string   `json:"secret"`
	Factors []string `json:"factors"`
	Session struct {
		Account string    `json:"account"`
		Duty    string    `json:"duty"`
		State   string    `json:"state"` // factor, password, full
		Idle    time.Time `json:"idleUntil"`
		Ends    time.Time `json:"endsAt"`
	} `json:"session"`
}

type loginFlags struct {
	connection
	passwordFile, newPasswordFile string
	again, changePassword         bool
}

func newLoginCommand() *cobra.Command {
	var f loginFlags
	c := &cobra.Command{
		Use:   "login [NAME]",
		Short: "Sign in at the center",
		Long: `Login asks for the password and the code of the second factor on the terminal, and keeps the
session in a file that is yours alone ($XDG_STATE_HOME/dukou/sessions), one for each account
and center. Later commands use the last one that was opened, or the one of --as NAME.

Neither password nor code is taken from the command line or the environment, which others
can read: scripts give files. A program that calls on its own takes an API token instead
(dukou token create), whose file is named by $DUKOU_TOKEN_FILE.

A center that is reached over TLS is known by its authority (--ca) or by its key (--pin);
both are kept with the session.`,
		Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args) },
	}
	f.register(c)
	c.Flags().StringVar(&f.passwordFile, "password-file", "", "file with the password (asked for on a terminal)")
	c.Flags().StringVar(&f.newPasswordFile, "new-password-file", "", "file with the new password, when it is changed")
	c.Flags().BoolVar(&f.again, "again", false, "only show the second factor of the session that is there again")
	c.Flags().BoolVar(&f.changePassword, "change-password", false, "change the password")
	return c
}

func (f *loginFlags) run(c *cobra.Command, args []string) error {
	if f.again {
		return f.runAgain(c)
	}
	name := f.as
	if len(args) > 0 {
		name = args[0]
	}
	f.as = "" // it is not there yet
	l, err := f.open(c)
	if err != nil {
		return err
	}
	defer l.Close()
	l.asHost()
	if name == "" {
		if name, err = askOpenly(c, "Name: ", "NAME"); err != nil {
			return err
		}
	}
	password, err := secretOrAsk(c, f.passwordFile, "Password: ", "--password-file")
	if err != nil {
		return err
	}
	s, err := l.signIn(name, password)
	if err != nil {
		return err
	}
	if s.Session.State == "password" || f.changePassword {
		if s, err = f.renew(l, password); err != nil {
			return err
		}
	}
	if err := l.keep(name, s.Secret); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "signed in at %s as %s (%s), until %s or %s without use\n", l.Address, remote.Printable(s.Session.Account),
		s.Session.Duty, clock(s.Session.Ends), time.Until(s.Session.Idle).Round(time.Minute))
	return nil
}

func clock(t time.Time) string { return t.Local().Format("15:04 -07:00") }

func (f *loginFlags) runAgain(c *cobra.Command) error {
	l, err := f.open(c)
	if err != nil {
		return err
	}
	defer l.Close()
	if l.session.Secret == "" {
		return l.nobody()
	}
	return l.showFactor()
}

// renew changes the password of the session that is being opened.
func (f *loginFlags) renew(l *link, old string) (opened, error) {
	fmt.Fprintln(l.cmd.ErrOrStderr(), "The password is to be changed now.")
	next, err := newPassword(l.cmd, f.newPasswordFile, "--new-password-file")
	if err != nil {
		return opened{}, err
	}
	var s opened
	err = l.JSON(l.cmd.Context(), http.MethodPost, "/api/self/password", map[string]string{"old": old, "password": next}, &s)
	if err == nil && s.Secret != "" {
		l.Secret = s.Secret
	}
	return s, err
}

// signIn opens a session, with the second factor.
func (l *link) signIn(name, password string) (opened, error) {
	var s opened
	in := map[string]any{"name": name, "password": password, "bearer": true}
	if err := l.JSON(l.cmd.Context(), http.MethodPost, "/api/session", in, &s); err != nil {
		return s, err
	}
	if !slices.Contains(s.Factors, "totp") {
		return s, &exitError{exitFactor, errors.New("this account has no authenticator (TOTP), only passkeys, which need the console in a browser")}
	}
	l.Secret = s.Secret
	return l.factor("/api/session/factor")
}

// showFactor shows the second factor of the session that is kept.
func (l *link) showFactor() error {
	s, err := l.factor("/api/session/fresh")
	if err != nil || s.Secret == "" {
		return err
	}
	return l.keep(l.session.Name, s.Secret)
}

// factor shows a code: the one of the file, or one that is asked for.
func (l *link) factor(path string) (opened, error) {
	var s opened
	code, again, err := l.code()
	if err != nil {
		return s, err
	}
	show := func(code string) error {
		return l.JSON(l.cmd.Context(), http.MethodPost, path, map[string]string{"totp": code}, &s)
	}
	err = show(code)
	if again && isProblem(err, problem.Credentials) { // it may have been used: each is good once
		if code, _, err = codeOf(l.codeFile, time.Now().Add(otpStep)); err == nil {
			err = show(code)
		}
	}
	if err == nil && s.Secret != "" {
		l.Secret = s.Secret
	}
	return s, err
}

func (l *link) code() (code string, again bool, err error) {
	if l.codeFile != "" {
		return codeOf(l.codeFile, time.Now())
	}
	code, err = ask(l.cmd, "Code of your authenticator: ", "--code-file")
	return code, false, err
}

// keep puts the session's secret on the disk.
func (l *link) keep(name, secret string) error {
	l.Secret = secret
	l.session = remote.Session{Center: l.Address.String(), Name: name, Secret: secret, CA: l.Trust.CA, Pin: l.Trust.Pin}
	return l.sessions.Save(l.session)
}
