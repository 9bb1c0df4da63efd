// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/internal/fault"
)

// connection is how a command reaches the center and as whom, by its flags and the
// environment.
type connection struct {
	center, ca, pin, as string
	codeFile            string
	asJSON              bool
}

func (c *connection) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.center, "center", os.Getenv("DUKOU_CENTER"), "the center: unix:PATH or https://HOST:PORT (default $DUKOU_CENTER, else that of the last login)")
	f.StringVar(&c.ca, "ca", "", "file with the authority of the center's certificate, PEM (kept by login)")
	f.StringVar(&c.pin, "pin", "", "SHA-256 of the public key of the center's certificate (kept by login)")
	f.StringVar(&c.as, "as", os.Getenv("DUKOU_AS"), "the account, of those that signed in here (default $DUKOU_AS, else the last)")
	f.StringVar(&c.codeFile, "code-file", "", "file with the code of the second factor, or with the otpauth address of an authenticator (for trials)")
	f.BoolVar(&c.asJSON, "json", false, "print the center's answer as JSON")
}

// link is a center that a command calls, with the session that is kept for it.
type link struct {
	*remote.Center
	cmd      *cobra.Command
	sessions remote.Sessions
	session  remote.Session // zero when called with a token or with nothing
	codeFile string
}

// open finds the center and the session. Nothing is sent yet.
func (c *connection) open(cmd *cobra.Command) (*link, error) {
	sessions, err := keptSessions()
	if err != nil {
		return nil, err
	}
	address, err := c.address(sessions)
	if err != nil {
		return nil, &exitError{fault.ExitUsage, err}
	}
	l := &link{Center: &remote.Center{Address: address}, cmd: cmd, sessions: sessions, codeFile: c.codeFile}
	session, found, err := sessions.Find(address.String(), c.as)
	if err != nil {
		return nil, err
	}
	if l.Trust, err = c.trust(session); err != nil {
		return nil, &exitError{fault.ExitUsage, err}
	}
	token, err := tokenOfEnvironment()
	switch {
	case err != nil:
		return nil, err
	case token != "" && c.as == "":
		l.Secret = token
	case found:
		l.session, l.Secret = session, session.Secret
	case c.as != "":
		return nil, &exitError{exitSignIn, fmt.Errorf("%s has not signed in at %s from here: dukou login %s", c.as, address, c.as)}
	}
	return l, nil
}

func (c *connection) address(sessions remote.Sessions) (remote.Address, error) {
	text := c.center
	if text == "" {
		var err error
		if text, err = sessions.Center(); err != nil {
			return remote.Address{}, err
		}
	}
	if text == "" {
		return remote.Address{}, errors.New("which center? give --center unix:PATH or --center https://HOST:PORT, or set $DUKOU_CENTER")
	}
	return remote.ParseAddress(text)
}

// trust is what the flags say, else what the session was made with.
func (c *connection) trust(session remote.Session) (remote.Trust, error) {
	t := remote.Trust{CA: session.CA, Pin: session.Pin}
	if c.ca != "" || c.pin != "" {
		t = remote.Trust{Pin: strings.ToLower(strings.ReplaceAll(c.pin, ":", ""))}
	}
	if c.ca != "" {
		var err error
		if t.CA, err = readFile(c.ca, maxSmallFile); err != nil {
			return t, err
		}
	}
	return t, t.Verify()
}

// maxSmallFile bounds files with one secret, certificate or the like.
const maxSmallFile = 64 << 10

// keptSessions are those of this user ($XDG_STATE_HOME/dukou/sessions).
func keptSessions() (remote.Sessions, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home, err := os.UserHomeDir()
		if err != nil {
			return remote.Sessions{}, fmt.Errorf("where sessions are kept: %w, and no $XDG_STATE_HOME", err)
		}
		state = filepath.Join(home, ".local", "state")
	}
	return remote.Sessions{Dir: filepath.Join(state, "dukou", "sessions")}, nil
}

// tokenOfEnvironment is the API token of a program that calls this one.
func tokenOfEnvironment() (string, error) {
	file := os.Getenv("DUKOU_TOKEN_FILE")
	if file == "" {
		return "", nil
	}
	return readSecret(file)
}

// readSecret reads a file with one line.
func readSecret(file string) (string, error) {
	data, err := readFile(file, maxSmallFile)
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(data), "\r\n")
	if secret == "" || strings.ContainsAny(secret, "\r\n") {
		return "", &exitError{fault.ExitUsage, fmt.Errorf("%s is not one line with a secret", file)}
	}
	return secret, nil
}
