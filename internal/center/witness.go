// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package center

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
)

const (
	witnessEvery = 10 * time.Second
	witnessAgain = time.Second // after a failure
)

// runWitnessing has the inner half witness this center's own log, since who gathers
// the logs could otherwise cut its own.
func (c *Center) runWitnessing(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		timer.Reset(witnessEvery)
		if err := c.haveWitnessed(ctx); err != nil {
			timer.Reset(witnessAgain)
			if !away(err) && ctx.Err() == nil {
				c.Log.Error("this center's log is not witnessed", "error", err)
			}
		}
	}
}

// haveWitnessed has the latest checkpoint cosigned, and keeps it where
// WitnessedFile says.
func (c *Center) haveWitnessed(ctx context.Context) error {
	conn := c.connection()
	if conn == nil {
		return fault.New(fault.GuardUnavailable, "the inner half is not connected")
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	half := c.innerHalf()
	kept, err := control.CallWitness(ctx, conn, half, control.WantWitness{})
	if err != nil {
		return err
	}
	var old audit.Checkpoint
	if len(kept) > 0 {
		if old, err = audit.ParseCheckpoint(kept); err != nil {
			return err
		}
	}
	proof, checkpoint, err := c.Journal.Consistency(old.Size)
	if err != nil {
		return err
	}
	if len(checkpoint) == 0 {
		return fault.New(fault.TooBusy, "there is no checkpoint yet")
	}
	cosigned, err := control.CallWitness(ctx, conn, half, control.WantWitness{Checkpoint: checkpoint, Proof: proof})
	if err != nil {
		return err
	}
	name := WitnessedFile(c.State, c.id)
	if err := durable.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return durable.WriteFile(name, cosigned, 0o600)
}

// WitnessedFile is where the center with a state directory keeps the latest checkpoint
// of its own log that the inner half has cosigned. The directory above is laid out as
// a witness's.
func WitnessedFile(state, id string) string {
	return filepath.Join(state, "witnessed", fmt.Sprintf("dukou%%2F%s", id), "checkpoint")
}

func (c *Center) innerHalf() string {
	for _, p := range c.Identity.Admission.Peers {
		if policy.Role(p.Role) == policy.RoleInner {
			return p.ID
		}
	}
	return ""
}
