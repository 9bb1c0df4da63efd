// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/quarantine"
)

// quarantined is a front with one file in quarantine, and approvers' keys in li.key and
// zhao.key. It writes the name of what it releases to the file released.
func quarantined(ts *testscript.TestScript, accounts *account.Accounts) *quarantine.Desk {
	anchors := policy.Anchors{Quorum: 2}
	for _, name := range []string{"li.key", "zhao.key"} {
		public, err := writeApproverKey(ts.MkAbs(name))
		ts.Check(err)
		anchors.Approvers = append(anchors.Approvers, public)
	}
	held := control.Held{Parcel: parcel.NewID(), Flow: "batch", Name: "payroll.exe", Size: 7, Code: fault.ContentType, Since: time.Now().UnixMilli()}
	flows := []policy.Flow{{Name: "batch", Kind: "deliver", Exit: "front-intranet"}}
	released := ts.MkAbs("released")
	return quarantine.New(quarantine.Config{
		Guard: "guard", Anchors: anchors, Now: time.Now,
		InForce: func() *policy.Policy { return &policy.Policy{Bundle: policy.Bundle{Flows: flows}} },
		Look: func(context.Context, string) (control.Quarantined, error) {
			return control.Quarantined{Component: "front-intranet", Total: 1, Items: []control.Held{held}}, nil
		},
		Send: func(_ context.Context, _ string, document []byte) error {
			r, _, err := control.OpenRelease(document, anchors.Approvers, 2)
			return errors.Join(err, os.WriteFile(released, []byte(r.Name+"\n"), 0o600))
		},
		Approver: func(ctx context.Context, id string) (ed25519.PublicKey, error) {
			text, err := accounts.ApproverKey(ctx, id)
			if err != nil {
				return nil, err
			}
			return hex.DecodeString(text)
		},
	})
}
