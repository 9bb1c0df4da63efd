// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/daemon"
)

// Run does daily what the rules say, and watches the disk, until ctx ends.
func (r *Retention) Run(ctx context.Context) error {
	for {
		if err := r.Turn(ctx); err != nil && ctx.Err() == nil {
			r.Log.Error("retention", "error", err)
		}
		if !daemon.Rest(ctx, turn) {
			return nil
		}
	}
}

// Turn samples the disk, and once a day destroys and prunes what has ended. What fails is
// tried again at the next turn.
func (r *Retention) Turn(ctx context.Context) error {
	return errors.Join(r.sample(ctx), r.daily(ctx))
}

func (r *Retention) daily(ctx context.Context) error {
	today := DayOf(r.Now())
	done, err := ran(ctx, r.db, today)
	if err != nil || done {
		return err
	}
	all := r.Rules()
	removed, err := r.prune(ctx, all)
	if err != nil {
		return err
	}
	before := today - longest(all)
	if err := r.Config.Destroy(ctx, before); err != nil {
		return err
	}
	r.Record(audit.Entry{
		Class: audit.ClassHealth, Verdict: "info", Subject: "center", Action: "retention",
		Object: fmt.Sprintf("details before %s destroyed, %d rows of the index removed", dateOf(before), removed),
	})
	return putRun(ctx, r.db, today, r.Now(), before, removed)
}

// longest is how many days the details are kept. One key opens the details of all
// classes of a day, so it lives as long as the class that is kept longest.
func longest(all []Rule) uint64 {
	most := Least
	for _, rule := range all {
		most = max(most, rule.Days)
	}
	return uint64(most)
}

func (r *Retention) prune(ctx context.Context, all []Rule) (removed int64, err error) {
	for _, rule := range all {
		before := r.Now().Add(-time.Duration(rule.Days) * day)
		for {
			n, err := r.Prune(ctx, rule.Class, before)
			if err != nil {
				return removed, fmt.Errorf("prune %s: %w", rule.Class, err)
			}
			if n == 0 {
				break
			}
			removed += n
		}
	}
	return removed, nil
}
