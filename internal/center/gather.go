// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package center

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/wire"
)

// gatherEvery is how often components are asked for new audit records.
const gatherEvery = time.Second

// runGathering copies every component's log. A component that holds its log back,
// forks it or takes it back is told of in its standing, and recorded.
func (c *Center) runGathering(ctx context.Context) error {
	tick := time.NewTicker(gatherEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for id := range c.componentKeys() {
			if id == c.id {
				continue
			}
			if err := c.gather(ctx, id); err != nil {
				c.suspect(id, err)
			}
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
		call, cancel := context.WithTimeout(ctx, 10*time.Second)
		records, checkpoint, proof, err := control.CallRecords(call, conn, id, next)
		cancel()
		if err != nil || len(checkpoint) == 0 {
			return nil //nolint:nilerr // unreachable: its standing says so
		}
		got, err := c.mirror.Add(origin, records, checkpoint, proof)
		if err != nil {
			return err
		}
		if err := c.witnessed(origin, checkpoint); err != nil {
			return err
		}
		c.mu.Lock()
		s := c.standing(id)
		s.Records, s.Audit = got, "proven"
		c.mu.Unlock()
		if got == next || len(records) == 0 {
			return nil
		}
	}
}

func (c *Center) connection() *wire.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn
}

// witnessed keeps the latest checkpoint of a log, once it continues the one before.
func (c *Center) witnessed(origin string, checkpoint []byte) error {
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

// suspect notes that a log is not what it was.
func (c *Center) suspect(id string, err error) {
	c.mu.Lock()
	s := c.standing(id)
	news := s.Audit != err.Error()
	s.Audit = err.Error()
	c.mu.Unlock()
	if !news {
		return
	}
	c.Log.Error("audit log of a component is not sound", "component", id, "error", err)
	c.record(audit.Entry{Class: audit.ClassHealth, Verdict: "refuse", Reason: string(fault.CodeOf(err)), Subject: id, Action: "gather", Detail: nil, Object: fmt.Sprintf("log/%s", id)})
}
