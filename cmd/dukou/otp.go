// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"github.com/spf13/cobra"
)

const otpStep = 30 * time.Second

// newOTPCommand shows a code of an authenticator whose address lies in a file.
func newOTPCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "otp FILE",
		Short: "Show the current code of an authenticator whose address is in a file, for trials",
		Long: `Otp shows the six digits that an authenticator shows now, and for how long they hold. FILE
holds the otpauth:// address that an account was given, as the demonstration keeps it for each
of its administrators. A code is good once. In production the address is in an authenticator
of the person's own, and in no file.`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			now := time.Now()
			code, again, err := codeOf(args[0], now)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), code)
			if again {
				fmt.Fprintf(c.ErrOrStderr(), "for %s more\n", now.Truncate(otpStep).Add(otpStep).Sub(now).Round(time.Second))
			}
			return nil
		},
	}
}

// authenticator computes the codes of a second factor (RFC 6238: SHA-1, 6 digits, 30 s).
type authenticator struct{ secret string }

// parseAuthenticator reads an otpauth address, as accounts are given it. It refuses one
// that asks for anything but the usual.
func parseAuthenticator(text string) (a authenticator, err error) {
	key, err := otp.NewKeyFromURL(strings.TrimSpace(text))
	if err != nil || !strings.HasPrefix(text, "otpauth:") || key.Type() != "totp" {
		return a, errors.New("not an address otpauth://totp/…") // not the text itself: it is a secret
	}
	if key.Digits() != otp.DigitsSix || key.Period() != uint64(otpStep/time.Second) || key.Algorithm() != otp.AlgorithmSHA1 {
		return a, errors.New("an authenticator with other than six digits, 30 seconds and SHA1")
	}
	a.secret = key.Secret()
	if _, err := totp.GenerateCode(a.secret, time.Unix(0, 0)); err != nil || len(a.secret) < 16 {
		return a, errors.New("an authenticator whose secret cannot be read")
	}
	return a, nil
}

// code is the code of a moment.
func (a authenticator) code(at time.Time) string {
	code, err := totp.GenerateCode(a.secret, at)
	if err != nil { // it was read before
		panic(err)
	}
	return code
}

// code is the code that a file holds, or the one of the authenticator whose address it
// holds; again tells that another one can be had from it later.
func codeOf(file string, at time.Time) (code string, again bool, err error) {
	text, err := readSecret(file)
	if err != nil {
		return "", false, err
	}
	if !strings.HasPrefix(text, "otpauth:") {
		return strings.TrimSpace(text), false, nil
	}
	a, err := parseAuthenticator(text)
	if err != nil {
		return "", false, fmt.Errorf("%s: %w", file, err)
	}
	return a.code(at), true, nil
}
