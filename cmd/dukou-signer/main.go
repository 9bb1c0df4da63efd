// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Command dukou-signer holds the center's keys: it admits components, issues leases
// of label keys and signs the time. It answers on a Unix socket only.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/confine"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/manifest"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

func main() { os.Exit(daemon.Main("dukou-signer", run)) }

const usage = `usage:
  dukou-signer init -dir DIR -guard NAME -quorum N -approver FILE.pub [-approver ...]
  dukou-signer run  -dir DIR -listen unix:PATH
  dukou-signer fingerprint -dir DIR`

func run(ctx context.Context, args []string, log *slog.Logger) error {
	if len(args) == 0 {
		return fmt.Errorf("what to do?\n%s", usage)
	}
	switch args[0] {
	case "init":
		return create(args[1:])
	case "run":
		return serve(ctx, args[1:], log)
	case "fingerprint":
		return fingerprint(args[1:])
	default:
		return fmt.Errorf("no command %q\n%s", args[0], usage)
	}
}

// files is a flag that may be given several times.
type files []string

func (f *files) String() string     { return strings.Join(*f, " ") }
func (f *files) Set(s string) error { *f = append(*f, s); return nil }

func create(args []string) error {
	var approvers files
	f := flag.NewFlagSet("init", flag.ContinueOnError)
	dir := f.String("dir", "", "directory of the keys")
	guard := f.String("guard", "", "name of the guard")
	quorum := f.Uint("quorum", 2, "how many approvers a bundle needs")
	f.Var(&approvers, "approver", "public key file of one who may approve bundles")
	if err := f.Parse(args); err != nil {
		return err
	}
	terms := authority.Terms{Guard: *guard, Quorum: uint8(min(*quorum, 255))}
	for _, name := range approvers {
		key, err := pki.ReadPublicKey(name)
		if err != nil {
			return err
		}
		terms.Approvers = append(terms.Approvers, key)
	}
	if err := authority.Create(*dir, terms); err != nil {
		return err
	}
	return fingerprint([]string{"-dir", *dir})
}

func fingerprint(args []string) error {
	f := flag.NewFlagSet("fingerprint", flag.ContinueOnError)
	dir := f.String("dir", "", "directory of the keys")
	if err := f.Parse(args); err != nil {
		return err
	}
	a, err := authority.Load(*dir)
	if err != nil {
		return err
	}
	fmt.Println(a.Fingerprint())
	return nil
}

// verify holds this program and its arguments against the manifest, where one was
// installed in the directory of the keys.
func verify(a *authority.Authority, dir string, args []string) error {
	t := a.Terms()
	site := manifest.Site{Dir: dir, Guard: t.Guard, Anchors: policy.Anchors{Approvers: t.Approvers, Quorum: int(t.Quorum)}}
	_, err := site.Verify("dukou-signer", "signer", manifest.Arguments(append([]string{"run"}, args...)))
	return err
}

// rules are what the signer may do once it listens: use the directory of its keys.
func rules(dir string) confine.Rules { return confine.Rules{Write: []string{dir}} }

func serve(ctx context.Context, args []string, log *slog.Logger) error {
	f := flag.NewFlagSet("run", flag.ContinueOnError)
	dir := f.String("dir", "", "directory of the keys")
	listen := f.String("listen", "", "unix:PATH")
	if err := f.Parse(args); err != nil {
		return err
	}
	if network, _, err := daemon.Split(*listen); err != nil || network != "unix" {
		return fmt.Errorf("-listen is unix:PATH: the signer has no network (%q)", *listen)
	}
	a, err := authority.Load(*dir)
	if err != nil {
		return err
	}
	if err := verify(a, *dir, args); err != nil {
		return err
	}
	l, err := daemon.Listen(*listen)
	if err != nil {
		return err
	}
	if err := confine.Apply(rules(*dir), log); err != nil { // all that needs a right is open
		return err
	}
	return authority.Serve(ctx, l, a, log)
}
