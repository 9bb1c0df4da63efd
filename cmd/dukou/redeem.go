// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/internal/fault"
)

// redeemFlags are how an account is taken over by its person.
type redeemFlags struct {
	connection
	linkFile, invitationFile, passwordFile, authenticator string
	name, person                                          string
}

// invitation is what a link is for.
type invitation struct {
	Duty      string `json:"duty"`
	Account   string `json:"account"`
	Person    string `json:"person"`
	WantsCode bool   `json:"wantsCode"`
	WantsName bool   `json:"wantsName"`
}

// enrolment is what an authenticator is set up with.
type enrolment struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	Secret string `json:"secret"`
}

func newRedeemCommand() *cobra.Command {
	var f redeemFlags
	c := &cobra.Command{
		Use:   "redeem",
		Short: "Take over the account of a link: choose a password, and set up an authenticator",
		Long: `Redeem asks for the link that one administrator gave you, for the code that another one has for
you where the link wants it, and for a new password. It shows the secret for your authenticator
and asks for the first code. Then you can sign in.

With --authenticator the address of the authenticator is written to a file, for the --code-file
of other commands: for trials, since a second factor beside the session is none.`,
		Args: usage(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	f.register(c)
	c.Flags().StringVar(&f.linkFile, "link-file", "", "file with the link, or the token at its end (asked for on a terminal)")
	c.Flags().StringVar(&f.invitationFile, "invitation-file", "", "file with the code that another administrator has for you (asked for on a terminal)")
	c.Flags().StringVar(&f.passwordFile, "password-file", "", "file with the new password (asked for on a terminal)")
	c.Flags().StringVar(&f.name, "name", "", "name to sign in with, where the link lets you choose one")
	c.Flags().StringVar(&f.person, "person", "", "your own name, likewise")
	c.Flags().StringVar(&f.authenticator, "authenticator", "", "file to write the authenticator's address to (for trials)")
	return c
}

func (f *redeemFlags) run(c *cobra.Command) error {
	l, err := f.open(c)
	if err != nil {
		return err
	}
	defer l.Close()
	l.asHost()
	token, err := secretOrAsk(c, f.linkFile, "Link: ", "--link-file")
	if err != nil {
		return err
	}
	token = token[strings.LastIndexByte(token, '/')+1:]
	var is invitation
	if err := l.JSON(c.Context(), http.MethodPost, "/api/links/look", map[string]string{"token": token}, &is); err != nil {
		return err
	}
	body, err := f.answers(c, is)
	if err != nil {
		return err
	}
	body["token"] = token
	var e enrolment
	if err := l.JSON(c.Context(), http.MethodPost, "/api/links/redeem", body, &e); err != nil {
		return err
	}
	code, err := f.firstCode(c, e)
	if err != nil {
		return err
	}
	if err := l.JSON(c.Context(), http.MethodPost, "/api/links/confirm", map[string]string{"token": token, "totp": code}, nil); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "the account %s (%s) is yours\n", remote.Printable(e.Name), remote.Printable(is.Duty))
	fmt.Fprintf(c.ErrOrStderr(), "Sign in: dukou login %s\n", remote.Printable(e.Name))
	return nil
}

// answers are what a link wants to know.
func (f *redeemFlags) answers(c *cobra.Command, is invitation) (body map[string]string, err error) {
	body = map[string]string{}
	if is.WantsName {
		if body["name"], err = givenOrAsk(c, f.name, "Name to sign in with: ", "--name"); err != nil {
			return nil, err
		}
		if body["person"], err = givenOrAsk(c, f.person, "Your own name: ", "--person"); err != nil {
			return nil, err
		}
	}
	if is.WantsCode {
		if body["code"], err = secretOrAsk(c, f.invitationFile, "Code that another administrator has for you: ", "--invitation-file"); err != nil {
			return nil, err
		}
	}
	body["password"], err = newPassword(c, f.passwordFile, "--password-file")
	return body, err
}

// firstCode sets up the authenticator and gives its first code.
func (f *redeemFlags) firstCode(c *cobra.Command, e enrolment) (string, error) {
	if f.authenticator == "" {
		fmt.Fprintf(c.ErrOrStderr(), "For your authenticator:\n  secret  %s\n  or      %s\n", remote.Printable(e.Secret), remote.Printable(e.URL))
		return askOpenly(c, "Code that it shows now: ", "--authenticator")
	}
	a, err := parseAuthenticator(e.URL)
	if err != nil {
		return "", err
	}
	file, err := os.OpenFile(f.authenticator, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = fmt.Fprintln(file, e.URL)
	// The code before this one is good, too; this one is left for signing in.
	return a.code(time.Now().Add(-otpStep)), errors.Join(err, file.Close())
}

// secretOrAsk reads a secret from a file, or asks for it.
func secretOrAsk(c *cobra.Command, file, prompt, flag string) (string, error) {
	if file != "" {
		return readSecret(file)
	}
	return ask(c, prompt, flag)
}

func givenOrAsk(c *cobra.Command, given, prompt, flag string) (string, error) {
	if given != "" {
		return given, nil
	}
	return askOpenly(c, prompt, flag)
}

// newPassword reads a new password from a file, or asks for it twice.
func newPassword(c *cobra.Command, file, flag string) (string, error) {
	if file != "" {
		return readSecret(file)
	}
	once, err := ask(c, "New password: ", flag)
	if err != nil {
		return "", err
	}
	twice, err := ask(c, "New password again: ", flag)
	if err == nil && once != twice {
		err = &exitError{fault.ExitUsage, errors.New("the two are not the same; nothing was changed")}
	}
	return once, err
}
