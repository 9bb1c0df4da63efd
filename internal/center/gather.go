// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package center

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/wire"
)

// gatherEvery is how often components are asked for new audit records. What comes in
// between is taken, synced and witnessed together.
const gatherEvery = time.Second

// gatherTimeout bounds one answer.
const gatherTimeout = 5 * time.Second

// runGathering copies every component's log. A component that holds its log back,
// forks it or takes it back is told of in its standing, and recorded. One that is slow
// holds up no other.
func (c *Center) runGathering(ctx context.Context) error {
	tick := time.NewTicker(gatherEvery)
	defer tick.Stop()
	var all sync.WaitGroup
	defer all.Wait()
	ended := make(chan string)
	busy := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case id := <-ended:
			delete(busy, id)
			continue
		case <-tick.C:
		}
		for id := range c.componentKeys() {
			if id == c.id || busy[id] {
				continue
			}
			busy[id] = true
			all.Go(func() {
				if err := c.gather(ctx, id); err != nil && ctx.Err() == nil {
					c.suspect(id, err)
				}
				select {
				case ended <- id:
				case <-ctx.Done():
				}
			})
		}
	}
}

// gather takes the records of one component that are not here yet.
func (c *Center) gather(ctx context.Context, id string) error {
	origin := audit.Origin(id)
	for {
		next, err := c.mirror.Next(origin)
		if err != nil {
			return err
		}
		conn := c.connection()
		if conn == nil {
			return nil
		}
		call, cancel := context.WithTimeout(ctx, gatherTimeout)
		records, checkpoint, proof, err := control.CallRecords(call, conn, id, next)
		cancel()
		if away(err) {
			c.unread(id)
			return nil // its standing says so
		}
		if err != nil {
			return err
		}
		got, size, err := c.take(origin, next, records, checkpoint, proof)
		if err != nil {
			return err
		}
		c.mu.Lock()
		s := c.standing(id)
		s.Records, s.Audit, s.unread = got, "proven", time.Time{}
		c.mu.Unlock()
		if got == next || got >= size { // what came since can wait for the next round
			return c.witnessed(origin, checkpoint)
		}
	}
}

// away tells whether a component could not be reached, or is too busy.
func away(err error) bool {
	switch fault.KindOf(fault.CodeOf(err)) {
	case fault.Unavailable, fault.Timeout, fault.TooMany:
		return err != nil
	default:
		return false
	}
}

// take adds records to the copy of a log, and returns how many are here and how many the
// checkpoint covers. What is shorter than what is here was taken back.
func (c *Center) take(origin string, next uint64, records []audit.Record, checkpoint []byte, proof tlog.TreeProof) (got, size uint64, err error) {
	if len(checkpoint) == 0 {
		if next > 0 {
			return 0, 0, fmt.Errorf("%w: it has no checkpoint, %d records are here", audit.ErrRollback, next)
		}
		return 0, 0, nil
	}
	head, err := audit.ParseCheckpoint(checkpoint)
	if err != nil {
		return 0, 0, err
	}
	if head.Size < next {
		return 0, 0, fmt.Errorf("%w: size %d, %d records are here", audit.ErrRollback, head.Size, next)
	}
	got, err = c.mirror.Add(origin, records, checkpoint, proof)
	return got, head.Size, err
}

func (c *Center) connection() *wire.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn
}

// witnessed keeps the latest checkpoint of a log, once it continues the one before.
func (c *Center) witnessed(origin string, checkpoint []byte) error {
	if len(checkpoint) == 0 {
		return nil
	}
	_, latest, err := c.witness.Latest(origin)
	if err != nil {
		return err
	}
	proof, proven, err := c.mirror.Consistency(origin, latest.Size)
	if err != nil {
		return err
	}
	if len(proven) == 0 {
		proof, proven = tlog.TreeProof{}, checkpoint
	}
	_, err = c.witness.Update(proven, proof)
	return err
}

// suspect notes that a log is not what it was. It is recorded once for each way in
// which that is so.
func (c *Center) suspect(id string, err error) {
	what := unsound(err)
	c.mu.Lock()
	s := c.standing(id)
	news := s.Audit != what
	s.Audit = what
	c.mu.Unlock()
	if !news {
		return
	}
	c.Log.Error("audit log of a component is not sound", "component", id, "error", err)
	c.record(audit.Entry{Class: audit.ClassHealth, Verdict: "refuse", Reason: what, Subject: id, Action: "gather", Object: "log/" + id})
}

// unsound names what is wrong with a log.
func unsound(err error) string {
	switch {
	case errors.Is(err, audit.ErrFork):
		return "log-forked"
	case errors.Is(err, audit.ErrRollback):
		return "log-taken-back"
	case errors.Is(err, audit.ErrSignature):
		return "log-unsigned"
	case errors.Is(err, errWithheld):
		return "log-withheld"
	default:
		return "log-unproven"
	}
}
