// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// Split reads an address: "unix:PATH" or "HOST:PORT".
func Split(address string) (network, rest string, err error) {
	path, local := strings.CutPrefix(address, "unix:")
	if local && path != "" {
		return "unix", path, nil
	}
	if _, _, err := net.SplitHostPort(address); err != nil || local {
		return "", "", fmt.Errorf("address %q is neither unix:PATH nor HOST:PORT", address)
	}
	return "tcp", address, nil
}

// Listen listens at an address. The socket file that a killed process left behind is
// replaced; TCP is plain TCP, not MPTCP, which some confinement does not see.
func Listen(address string) (net.Listener, error) {
	network, rest, err := Split(address)
	if err != nil {
		return nil, err
	}
	if network == "unix" {
		if info, err := os.Lstat(rest); err == nil && info.Mode().Type() == fs.ModeSocket {
			if err := os.Remove(rest); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	l, err := config.Listen(context.Background(), network, rest)
	if err != nil || network != "unix" {
		return l, err
	}
	return l, os.Chmod(rest, socketMode(filepath.Dir(rest)))
}

// socketMode lets the process' own user connect, and nobody else; where the directory
// hands its group on (setgid), it was made for that group, which then may connect too.
func socketMode(dir string) fs.FileMode {
	if info, err := os.Stat(dir); err == nil && info.Mode()&fs.ModeSetgid != 0 {
		return 0o660
	}
	return 0o600
}

// Dialer connects to an address. A host's name is looked up once, here: a confined
// process has no way to ask later.
func Dialer(address string) (func(ctx context.Context) (net.Conn, error), error) {
	network, rest, err := Split(address)
	if err != nil {
		return nil, err
	}
	if network == "tcp" {
		to, err := net.ResolveTCPAddr(network, rest)
		if err != nil {
			return nil, err
		}
		rest = to.String()
	}
	var d net.Dialer
	d.SetMultipathTCP(false)
	return func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, network, rest) }, nil
}
