// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"dukou.dev/dukou/internal/center"
)

const (
	readyTimeout = 30 * time.Second
	pollEvery    = 50 * time.Millisecond
	maxAnswer    = 1 << 20
)

// poll calls try until it succeeds, the time is over or a process has ended.
func (d *Demo) poll(ctx context.Context, what string, timeout time.Duration, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w (%w)", what, err, ctx.Err())
		case end := <-d.ended:
			return end
		case <-tick.C:
		}
	}
}

// askCenter puts one question to the center's management interface.
func (d *Demo) askCenter(ctx context.Context, method, path string, body []byte, answer any) error {
	r, err := http.NewRequestWithContext(ctx, method, "http://center"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	return d.answered(r, answer)
}

// centerError is an answer of the center that is not what was asked for.
type centerError struct {
	status int
	text   string
}

func (e *centerError) Error() string {
	return fmt.Sprintf("the center answers with status %d: %s", e.status, e.text)
}

// Apply hands an approved bundle to the center, once that can be reached, as `dukou
// policy apply` does.
func (d *Demo) Apply(ctx context.Context, bundle []byte) error {
	var applied struct {
		Version uint64 `json:"version"`
	}
	var refused *centerError
	err := d.poll(ctx, "apply the policy", readyTimeout, func(ctx context.Context) error {
		err := d.askCenter(ctx, http.MethodPost, "/api/bundles", bundle, &applied)
		if errors.As(err, &refused) {
			return nil // it was understood: asking again does not help
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case refused != nil:
		return refused
	}
	d.mu.Lock()
	d.version = applied.Version
	d.mu.Unlock()
	return nil
}

// Standings is what the center knows of every component, by name.
func (d *Demo) Standings(ctx context.Context) ([]center.Standing, error) {
	var list []center.Standing
	err := d.askCenter(ctx, http.MethodGet, "/api/standings", nil, &list)
	return list, err
}

// WaitCurrent waits until every component has the latest bundle and its lease.
func (d *Demo) WaitCurrent(ctx context.Context) error {
	d.mu.Lock()
	version := d.version
	d.mu.Unlock()
	return d.poll(ctx, "wait for the components", readyTimeout, func(ctx context.Context) error {
		list, err := d.Standings(ctx)
		if err != nil {
			return err
		}
		current := 0
		for _, s := range list {
			if s.Role == "" || s.Role == "center" {
				continue
			}
			if s.State != "current" || s.Bundle != version || s.Lease != version {
				return fmt.Errorf("%s is %s (bundle %d, lease %d) %s", s.ID, s.State, s.Bundle, s.Lease, s.Error)
			}
			current++
		}
		if want := len(Components()) - 1; current != want {
			return fmt.Errorf("%d of %d components are current", current, want)
		}
		return nil
	})
}

// WaitReady waits until every component is current and a person can sign in through
// the portal's way.
func (d *Demo) WaitReady(ctx context.Context) error {
	if err := d.WaitCurrent(ctx); err != nil {
		return err
	}
	return d.WaitQuery(ctx)
}

// WaitQuery waits until a query is answered.
func (d *Demo) WaitQuery(ctx context.Context) error {
	bank := d.Bank()
	defer bank.Close()
	return d.poll(ctx, "wait for an answer to a query", readyTimeout, func(ctx context.Context) error {
		_, err := bank.SignIn(ctx, Zhang())
		return err
	})
}
