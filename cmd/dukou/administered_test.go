// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/management"
	twoperson "dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/vault"
)

// administered SOCKET: the management interface, with accounts and proposals, on the
// socket of its host.
func administered(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithCancel(context.Background())
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, "sqlite:"+ts.MkAbs("center.db"))
	ts.Check(err)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	ts.Check(err)
	journal, err := audit.OpenOwn("center", key, ts.MkAbs("journal"), time.Now, log)
	ts.Check(err)
	record := journal.Append
	events := management.NewEvents()
	accounts, err := account.Open(db, account.Config{Name: "Dukou", Key: vault.Key{1}, Record: record, Tell: events.Tell, Now: time.Now})
	ts.Check(err)
	held := quarantined(ts, accounts)
	proposals, err := twoperson.Open(db, twoperson.Config{
		Acts: slices.Concat(management.AccountActs(accounts), management.QuarantineActs(held)), Holders: accounts.Holders, Record: record, Tell: events.Tell, Log: log, Now: time.Now,
	})
	ts.Check(err)
	server := management.New(management.Config{Accounts: accounts, Proposals: proposals, Held: held, Record: record, Events: events, Version: "test", Log: log})
	listener, err := net.Listen("unix", ts.MkAbs(args[0]))
	ts.Check(err)
	ended := make(chan error, 3)
	go func() { ended <- journal.Run(ctx) }()
	go func() { ended <- server.Serve(ctx, listener, true) }()
	go func() { ended <- proposals.Run(ctx) }()
	ts.Defer(func() {
		cancel()
		for range 3 {
			if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
				ts.Logf("the center ended: %v", err)
			}
		}
		ts.Check(errors.Join(journal.Close(), db.Close()))
	})
}

// pick NAME FILE: writes to FILE the text of the first field NAME in the last command's
// JSON, and sets it as a variable.
func pick(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(`"` + args[0] + `": "([^"]*)"`).FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("no %q was told", args[0])
	}
	ts.Setenv(args[0], found[1])
	if len(args) > 1 {
		ts.Check(writeTest(ts.MkAbs(args[1]), found[1]))
	}
}
