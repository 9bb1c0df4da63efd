// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/fault"
)

// errNobodyThere says that something must be asked and nobody can answer.
var errNobodyThere = errors.New("standard input is no terminal")

const maxLine = 4096

// ask asks for a secret on the terminal, without showing it. Flag is what scripts give
// instead.
func ask(c *cobra.Command, prompt, flag string) (string, error) {
	in, err := someone(c, flag)
	if err != nil {
		return "", err
	}
	fmt.Fprint(c.ErrOrStderr(), prompt)
	restore, err := hide(in)
	if err != nil {
		return "", err
	}
	line, err := readLine(in)
	fmt.Fprintln(c.ErrOrStderr())
	return line, errors.Join(err, restore())
}

// askOpenly asks for something that is no secret.
func askOpenly(c *cobra.Command, prompt, flag string) (string, error) {
	in, err := someone(c, flag)
	if err != nil {
		return "", err
	}
	fmt.Fprint(c.ErrOrStderr(), prompt)
	return readLine(in)
}

// someone is the terminal of who can be asked.
func someone(c *cobra.Command, flag string) (*os.File, error) {
	in, ok := c.InOrStdin().(*os.File)
	if ok {
		if _, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS); err == nil {
			return in, nil
		}
	}
	return nil, &exitError{fault.ExitUsage, fmt.Errorf("%w: give %s", errNobodyThere, flag)}
}

// hide turns the echo of a terminal off until restore is called.
func hide(terminal *os.File) (restore func() error, err error) {
	fd := int(terminal.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("the terminal: %w", err)
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &hidden); err != nil {
		return nil, fmt.Errorf("the terminal: %w", err)
	}
	return func() error { return unix.IoctlSetTermios(fd, unix.TCSETS, before) }, nil
}

// readLine reads a line and not a byte more: the rest is the next question's answer.
func readLine(in io.Reader) (string, error) {
	var line strings.Builder
	var b [1]byte
	for line.Len() < maxLine {
		n, err := in.Read(b[:])
		if n == 1 && b[0] == '\n' {
			return strings.TrimRight(line.String(), "\r"), nil
		}
		if n == 1 {
			line.WriteByte(b[0])
		}
		if errors.Is(err, io.EOF) && line.Len() > 0 {
			return line.String(), nil
		}
		if err != nil {
			return "", fmt.Errorf("nothing was entered: %w", err)
		}
	}
	return "", errors.New("the line is too long")
}
