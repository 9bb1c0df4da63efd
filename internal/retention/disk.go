// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package retention

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/store"
)

const (
	sampleEvery = time.Hour
	sampledFor  = 14 * day // what a forecast looks back on
	leastLook   = 6 * time.Hour
	nearly      = 85 // percent of the disk
	soon        = 30 // days
)

// DiskOf tells how full the disk is that a directory is on.
func DiskOf(dir string) func() (used, total uint64, err error) {
	return func() (uint64, uint64, error) {
		var s unix.Statfs_t
		if err := unix.Statfs(dir, &s); err != nil {
			return 0, 0, err
		}
		size := uint64(s.Bsize) //nolint:unconvert // it is of another type on other machines
		return (s.Blocks - s.Bfree) * size, (s.Blocks - s.Bfree + s.Bavail) * size, nil
	}
}

// Forecast is how long the disk will do.
type Forecast struct {
	Used   uint64    `json:"used" doc:"bytes"`
	Total  uint64    `json:"total" doc:"bytes"`
	Daily  int64     `json:"daily" doc:"bytes that it grew by each day, lately"`
	Days   int64     `json:"days" doc:"until it is full, if it grows on like this; -1 when it does not grow, or is not known yet"`
	Since  time.Time `json:"since,omitzero" doc:"what the growth was measured from"`
	Advice string    `json:"advice,omitempty" doc:"what to do, when something is to be done"`
	Need   *Need     `json:"need,omitempty" doc:"what the advice says, for other languages"`
}

// Need says in a code what an advice says in a sentence.
type Need struct {
	Code string `json:"code" enum:"nearly-full,full-soon" doc:"full-soon: within a month"`
}

// sample notes how full the disk is, once an hour, and records once when it is nearly full.
func (r *Retention) sample(ctx context.Context) error {
	now := r.Now()
	err := r.db.Tx(ctx, func(tx *sql.Tx) error {
		var last int64
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(at), 0) FROM retention_disk`).Scan(&last); err != nil {
			return err
		}
		if now.Sub(time.UnixMilli(last)) < sampleEvery {
			return nil
		}
		used, total, err := r.Disk()
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM retention_disk WHERE at < $1`, now.Add(-sampledFor).UnixMilli()); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO retention_disk (at, used, total) VALUES ($1, $2, $3) ON CONFLICT (at) DO NOTHING`, now.UnixMilli(), int64(used), int64(total))
		return err
	})
	if err != nil {
		return err
	}
	f, err := r.Forecast(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	news := !r.full && f.Advice != ""
	r.full = f.Advice != ""
	r.mu.Unlock()
	if news {
		r.Record(audit.Entry{Class: audit.ClassHealth, Verdict: "refuse", Reason: "disk-nearly-full", Subject: "center", Action: "look", Object: f.Advice})
		r.Tell("retention", "disk")
	}
	return nil
}

// Forecast tells how long the disk will do, from how it grew lately.
func (r *Retention) Forecast(ctx context.Context) (Forecast, error) {
	var f Forecast
	used, total, err := r.Disk()
	if err != nil {
		return f, err
	}
	f.Used, f.Total, f.Days = used, total, -1
	since, before, err := firstSample(ctx, r.db)
	if err != nil {
		return f, err
	}
	f.grow(since, before, r.Now())
	switch {
	case total > 0 && used*100/total >= nearly:
		f.Need = &Need{"nearly-full"}
		f.Advice = "the disk of the logs is nearly full: give it more room; logs are never deleted to make any"
	case f.Days >= 0 && f.Days < soon:
		f.Need = &Need{"full-soon"}
		f.Advice = "the disk of the logs will be full within a month: give it more room; logs are never deleted to make any"
	}
	return f, nil
}

// grow reckons from a sample.
func (f *Forecast) grow(since time.Time, before uint64, now time.Time) {
	elapsed := now.Sub(since)
	if since.IsZero() || elapsed < leastLook {
		return
	}
	f.Since = since
	f.Daily = int64((float64(f.Used) - float64(before)) / (float64(elapsed) / float64(day)))
	if f.Daily > 0 && f.Total >= f.Used {
		f.Days = int64(f.Total-f.Used) / f.Daily
	}
}

func firstSample(ctx context.Context, db *store.DB) (time.Time, uint64, error) {
	var at, used int64
	err := db.QueryRowContext(ctx, `SELECT at, used FROM retention_disk ORDER BY at LIMIT 1`).Scan(&at, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, 0, nil
	}
	return time.UnixMilli(at).UTC(), uint64(used), err
}
