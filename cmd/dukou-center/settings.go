// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"dukou.dev/dukou/internal/confine"
	"dukou.dev/dukou/internal/daemon"
)

// settings are what the command line says.
type settings struct {
	args     []string
	identity string
	state    string
	guard    string
	signer   string
	api      string

	console     string // address for administrators; empty for none but the host's socket
	domain      string // name under which they open it
	certificate string
	key         string
	database    string // file with the database's URL
	syslog      string
	outbound    string
	fontFile    string
}

func parse(args []string) (settings, error) {
	s := settings{args: args}
	f := flag.NewFlagSet("dukou-center", flag.ContinueOnError)
	f.StringVar(&s.identity, "identity", "", "directory of the admitted identity (dukou enrol)")
	f.StringVar(&s.state, "state", "", "directory of the bundle, the copies of the logs, the journal and the database")
	f.StringVar(&s.guard, "guard", "", "the inner half: HOST:PORT or unix:PATH")
	f.StringVar(&s.signer, "signer", "", "socket of the signer: unix:PATH")
	f.StringVar(&s.api, "api", "", "socket of the management interface for this host: unix:PATH; who can connect to it is the host")
	f.StringVar(&s.console, "console", "", "where administrators reach the management interface, over TLS: HOST:PORT")
	f.StringVar(&s.domain, "console-name", "", "name under which administrators open it, as console.bank.internal; passkeys are made for it")
	f.StringVar(&s.certificate, "console-certificate", "", "file of its TLS certificate with its chain, PEM; without one the center makes its own")
	f.StringVar(&s.key, "console-key", "", "file of the certificate's key, PEM")
	f.StringVar(&s.database, "database", "", "file that holds the URL of a PostgreSQL database, postgres://USER@HOST/NAME; default is SQLite in the state directory")
	f.StringVar(&s.syslog, "syslog", "", "where graded systems send their own audit, by syslog over TLS: HOST:PORT")
	f.StringVar(&s.outbound, "outbound", "", "TCP ports to which notifications and exports may connect, as 465,443,6514")
	f.StringVar(&s.fontFile, "font", "", "TrueType font with Chinese, for reports as PDF")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if f.NArg() > 0 {
		return s, fmt.Errorf("%q is no option", f.Arg(0))
	}
	return s, s.check()
}

func (s *settings) check() error {
	for _, socket := range []struct{ name, address string }{{"signer", s.signer}, {"api", s.api}} {
		if network, _, err := daemon.Split(socket.address); err != nil || network != "unix" {
			return fmt.Errorf("-%s is unix:PATH, not %q", socket.name, socket.address)
		}
	}
	if (s.certificate == "") != (s.key == "") {
		return errors.New("-console-certificate and -console-key go together")
	}
	return nil
}

// databaseURL is where the database is.
func (s *settings) databaseURL() (string, error) {
	if s.database == "" {
		return "sqlite:" + filepath.Join(s.state, "center.db"), nil
	}
	text, err := os.ReadFile(s.database)
	return strings.TrimSpace(string(text)), err
}

// origins are the addresses at which browsers open the console.
func (s *settings) origins() []string {
	if s.console == "" || s.domain == "" {
		return nil
	}
	host := s.domain
	if _, port, err := net.SplitHostPort(s.console); err == nil && port != "443" {
		host = net.JoinHostPort(host, port)
	}
	return []string{"https://" + host}
}

// base is the address of the console, empty for none.
func (s *settings) base() string {
	if origins := s.origins(); len(origins) > 0 {
		return origins[0]
	}
	return ""
}

// rules are what the center may do once all that it listens on is open: use its own
// directories, and connect to the guard, the signer, the database, and the ports that
// notifications and exports go to.
func (s *settings) rules(database string) (confine.Rules, error) {
	r := confine.Rules{Write: []string{s.identity, s.state}, Database: true}
	err := errors.Join(r.Dial(s.guard), r.Dial(s.signer))
	for port := range strings.SplitSeq(s.outbound, ",") {
		if port = strings.TrimSpace(port); port == "" {
			continue
		}
		n, perr := strconv.ParseUint(port, 10, 16)
		if perr != nil {
			err = errors.Join(err, fmt.Errorf("-outbound: %q is no port", port))
		}
		r.Connect = append(r.Connect, uint16(n))
	}
	if s.outbound != "" { // names of hosts are looked up
		r.Read = append(r.Read, "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl/certs")
	}
	return r, errors.Join(err, dialDatabase(&r, database))
}

// dialDatabase lets the center connect to a PostgreSQL.
func dialDatabase(r *confine.Rules, where string) error {
	u, err := url.Parse(where)
	if err != nil || u.Scheme == "sqlite" {
		return nil // opening it says what is wrong
	}
	if dir := u.Query().Get("host"); filepath.IsAbs(dir) {
		r.Sockets = append(r.Sockets, dir)
		return nil
	}
	port := u.Port()
	if port == "" {
		port = "5432"
	}
	return r.Dial(net.JoinHostPort(u.Hostname(), port))
}
