// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"fmt"
	"sync"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/parcel"
)

// outcomeLife is how long a terminal can ask how its delivery ended.
const outcomeLife = exchange.Patience

// outcomes remembers how the deliveries of terminals ended, on disk.
type outcomes struct {
	log *durable.Log

	mu      sync.Mutex
	known   map[parcel.ID]outcome
	order   []mark
	changed chan struct{} // closed and replaced by put
}

// outcome is one record.
type outcome struct {
	_       struct{} `cbor:",toarray"`
	Subject string
	Status  exchange.Status
	At      int64 // Unix milliseconds
}

// mark is where an outcome's record is.
type mark struct {
	id    parcel.ID
	index uint64
	at    int64
}

func openOutcomes(dir string) (*outcomes, error) {
	o := &outcomes{known: map[parcel.ID]outcome{}, changed: make(chan struct{})}
	var err error
	o.log, err = durable.OpenLog(dir, durable.LogOptions{}, func(index uint64, b []byte) error {
		var r outcome
		if err := canon.Unmarshal(b, &r); err != nil {
			return fmt.Errorf("outcome %d: %w", index, err)
		}
		o.learn(r, index)
		return nil
	})
	return o, err
}

func (o *outcomes) learn(r outcome, index uint64) {
	o.known[r.Status.ID] = r
	o.order = append(o.order, mark{r.Status.ID, index, r.At})
}

func (o *outcomes) close() error { return o.log.Close() }

// put remembers an outcome, durably.
func (o *outcomes) put(out *exchange.Outgoing, end exchange.Outcome) error {
	now := time.Now()
	s := exchange.Status{ID: out.ID, State: exchange.StateDelivered, Receipt: end.Receipt}
	if end.Code != "" {
		s = exchange.Status{ID: out.ID, State: exchange.StateRefused, Code: end.Code}
	}
	r := outcome{Subject: out.Subject, Status: s, At: now.UnixMilli()}
	o.mu.Lock()
	c := o.log.Append(canon.Must(r))
	o.mu.Unlock()
	if err := c.Wait(); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.learn(r, c.Index)
	close(o.changed)
	o.changed = make(chan struct{})
	return o.forget(now)
}

// forget drops what nobody may ask for any more. The lock is held.
func (o *outcomes) forget(now time.Time) error {
	cutoff := now.Add(-outcomeLife).UnixMilli()
	n := 0
	for n < len(o.order) && o.order[n].at < cutoff {
		delete(o.known, o.order[n].id)
		n++
	}
	if n == 0 {
		return nil
	}
	last := o.order[n-1].index
	o.order = o.order[n:]
	return o.log.Trim(last)
}

// get tells how a delivery of a subject ended, and what is closed when that changes.
func (o *outcomes) get(id parcel.ID, subject string) (exchange.Status, bool, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r, ok := o.known[id]
	return r.Status, ok && r.Subject == subject, o.changed
}
