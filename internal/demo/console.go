// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/internal/pki"
)

// consoleName is the name under which browsers open the console: the one name besides
// real ones for which they make passkeys.
const consoleName = "localhost"

// ConsoleCertificate is the file of the certificate that the console shows.
func (l Layout) ConsoleCertificate() string { return filepath.Join(l.Home(Center), "console.crt") }

func (l Layout) consoleKey() string { return filepath.Join(l.Home(Center), "console.key") }

// makeConsole makes a certificate for one demonstration.
func (i *Installation) makeConsole() error {
	certificate, key, err := pki.BrowserCertificate("Dukou demonstration", 90*24*time.Hour, consoleName, "127.0.0.1")
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(i.ConsoleCertificate(), certificate, 0o600), os.WriteFile(i.consoleKey(), key, 0o600))
}

// ConsoleFingerprint is the SHA-256 of the certificate, as browsers show it.
func (l Layout) ConsoleFingerprint() (string, error) {
	text, err := os.ReadFile(l.ConsoleCertificate())
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return "", fmt.Errorf("%s is no certificate", l.ConsoleCertificate())
	}
	sum := sha256.Sum256(block.Bytes)
	return strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":"), nil
}

// openConsole finds the port at which browsers reach the console, before the center is
// told to listen on the same: passkeys and the check of a call's origin go by it.
func (r *relays) openConsole(ctx context.Context, stage *cell.Stage, o Options) (err error) {
	address := o.ConsoleAddress
	if address == "" {
		address = anyPort
	}
	if r.console, err = r.consoleAt(ctx, stage, address); errors.Is(err, unix.EADDRINUSE) {
		r.console, err = r.consoleAt(ctx, stage, anyPort)
	}
	return err
}

// consoleAt relays a port of the host to the same one of the center's cell. Without
// isolation it is the center's own, and only looked for.
func (r *relays) consoleAt(ctx context.Context, stage *cell.Stage, address string) (string, error) {
	if stage.Isolation() == cell.Netns {
		relay, err := stage.Relay(Center, address, cell.SamePort)
		if err != nil {
			return "", err
		}
		r.run(ctx, relay)
		return relay.Addr(), nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// ConsoleAddress is the host and port at which the console is reached.
func (d *Demo) ConsoleAddress() string { return d.relays.console }

// ConsoleURL is what administrators open in a browser.
func (d *Demo) ConsoleURL() string {
	_, port, err := net.SplitHostPort(d.relays.console)
	if err != nil {
		return "" // it has not been opened
	}
	return "https://" + net.JoinHostPort(consoleName, port)
}
