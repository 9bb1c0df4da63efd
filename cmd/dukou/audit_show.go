// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/vault"
)

// filterFlags are the flags that choose entries.
type filterFlags struct {
	class, parcel, flow, subject, verdict, since, until string
	from                                                uint64
	json                                                bool
	signer, localKey                                    string
}

func (f *filterFlags) add(c *cobra.Command) {
	c.Flags().Uint64Var(&f.from, "from", 0, "first index")
	c.Flags().StringVar(&f.class, "class", "", "decision, delivery, session, component, policy, admin or health")
	c.Flags().StringVar(&f.parcel, "parcel", "", "id of a parcel, as callers are told it")
	c.Flags().StringVar(&f.flow, "flow", "", "name of a flow")
	c.Flags().StringVar(&f.subject, "subject", "", "id of a subject")
	c.Flags().StringVar(&f.verdict, "verdict", "", "allow, refuse, answered, committed, released ...")
	c.Flags().StringVar(&f.since, "since", "", "time (RFC 3339) or age (15m)")
	c.Flags().StringVar(&f.until, "until", "", "time (RFC 3339) or age (15m)")
	c.Flags().BoolVar(&f.json, "json", false, "one JSON object a line")
	c.Flags().StringVar(&f.signer, "signer", "", "socket of the signer, which opens details and records who read them")
	c.Flags().StringVar(&f.localKey, "local-key", "", "STATE/vault.key of the component, for what it recorded before its first lease")
}

func (f *filterFlags) filter(ctx context.Context) (reader.Filter, error) {
	filter := reader.Filter{From: f.from, Class: audit.Class(f.class), Flow: f.flow, Subject: f.subject, Verdict: f.verdict}
	filter.Details = &reader.Details{Key: func(component string, id audit.KeyID) (vault.Key, error) { return f.detailKey(ctx, component, id) }}
	if f.class != "" && !filter.Class.Valid() {
		return filter, fmt.Errorf("no class %q", f.class)
	}
	var err error
	if f.parcel != "" {
		if filter.Parcel, err = reader.ParseParcel(f.parcel); err != nil {
			return filter, err
		}
	}
	if filter.Since, err = moment(f.since); err != nil {
		return filter, err
	}
	filter.Until, err = moment(f.until)
	return filter, err
}

// detailKey finds the key of a detail where the flags say.
func (f *filterFlags) detailKey(ctx context.Context, origin string, id audit.KeyID) (vault.Key, error) {
	if id.Day == audit.NoDay {
		if f.localKey == "" {
			return vault.Key{}, fmt.Errorf("%w: give --local-key", audit.ErrNoKey)
		}
		if _, err := os.Stat(f.localKey); err != nil {
			return vault.Key{}, err // Load would make one
		}
		return vault.Load(f.localKey)
	}
	if f.signer == "" {
		return vault.Key{}, fmt.Errorf("%w: give --signer", audit.ErrNoKey)
	}
	component, _ := strings.CutPrefix(origin, audit.Origin(""))
	return authority.Client{Socket: strings.TrimPrefix(f.signer, "unix:")}.DetailKey(ctx, authority.WantDetailKey{Component: component, Class: id.Class, Day: uint64(id.Day)})
}

// moment reads a time or an age, or with + what is to come; empty is the zero time.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ahead, ok := strings.CutPrefix(text, "+"); ok {
		in, err := time.ParseDuration(ahead)
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is not a time ahead like +15m", text)
		}
		return time.Now().Add(in), nil
	}
	if age, err := time.ParseDuration(text); err == nil {
		return time.Now().Add(-age), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%q is neither a time like 2026-11-22T08:00:00+08:00 nor an age like 15m", text)
	}
	return t, nil
}

func (f *filterFlags) printer(cmd *cobra.Command) func(reader.Entry) error {
	return func(e reader.Entry) error {
		if !f.json {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), e.Text())
			return err
		}
		line, err := e.JSON()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", line)
		return err
	}
}

func newAuditShowCommand() *cobra.Command {
	var f filterFlags
	c := &cobra.Command{
		Use: "show LOG", Short: "Show entries of a log", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			filter, err := f.filter(cmd.Context())
			if err != nil {
				return err
			}
			return reader.Show(args[0], filter, f.printer(cmd))
		},
	}
	f.add(c)
	return c
}

func newAuditFollowCommand() *cobra.Command {
	var f filterFlags
	c := &cobra.Command{
		Use: "follow LOG", Short: "Show entries of a log, and those that come, until Ctrl-C", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			filter, err := f.filter(cmd.Context())
			if err != nil {
				return err
			}
			if err := reader.Follow(cmd.Context(), args[0], filter, f.printer(cmd)); !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		},
	}
	f.add(c)
	return c
}
