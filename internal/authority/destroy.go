// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"context"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/wire"
)

// kindDestroy asks the signer to destroy detail keys.
const kindDestroy wire.Kind = 41

// LeastKept is for how many days the signer keeps the keys of details, whoever asks it to
// destroy them.
const LeastKept = 60

// WantDestroy asks for the destruction of the keys of a retention class, of every
// component, for the days (since 1970) before one.
type WantDestroy struct {
	_      struct{} `cbor:",toarray"`
	Class  string
	Before uint64
}

// destroy records who asks for what, and then does it. That two persons wanted it is the
// center's to see to; that nothing young is destroyed is seen to here as well.
func (a *server) destroy(w WantDestroy, who string, now time.Time) error {
	e := audit.Entry{Class: audit.ClassAdmin, Subject: who, Action: "destroy-details", Verdict: "allow",
		Object: fmt.Sprintf("details/%s/before/%d", w.Class, w.Before)}
	var refused error
	if today := uint64(now.Unix() / (24 * 3600)); w.Class != audit.Decisions || today < LeastKept || w.Before > today-LeastKept {
		e.Verdict, e.Reason = "refuse", "details-kept"
		refused = fmt.Errorf("details of class %q are kept for %d days", w.Class, LeastKept)
	}
	if err := a.journal.Append(e).Wait(); err != nil {
		return fmt.Errorf("record it: %w", err)
	}
	if refused != nil {
		return refused
	}
	return a.Destroy(w.Class, w.Before, now)
}

// Destroy has the signer destroy detail keys that are older than [LeastKept] days. The
// signer records that. Done again it does nothing more.
func (c Client) Destroy(ctx context.Context, w WantDestroy) error {
	_, err := c.ask(ctx, wire.Message{Kind: kindDestroy, Payload: canon.Must(w)})
	return err
}
