// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
)

// WantWitness asks for a cosignature under a checkpoint of the asker's log, with the
// proof that it continues the one that the witness keeps. Without a checkpoint it
// asks for that one.
type WantWitness struct {
	_          struct{} `cbor:",toarray"`
	Checkpoint []byte
	Proof      []tlog.Hash
}

// AnswerWitness answers a call to witness the log of origin: with the checkpoint that
// is kept from now on, cosigned, or with nothing where none is kept yet. Errors are
// those of audit.Witness.Update behind the code ParcelAltered.
func AnswerWitness(w *audit.Witness, origin string, payload []byte) ([]byte, error) {
	var want WantWitness
	if err := canon.Unmarshal(payload, &want); err != nil {
		return nil, fault.Wrap(fault.ParcelMalformed, err, "call for a witness")
	}
	if len(want.Checkpoint) == 0 {
		kept, _, err := w.Latest(origin)
		return kept, err
	}
	c, err := audit.ParseCheckpoint(want.Checkpoint)
	if err != nil {
		return nil, fault.Wrap(fault.ParcelMalformed, err, "call for a witness")
	}
	if c.Origin != origin {
		return nil, fault.New(fault.ParcelMalformed, "a checkpoint of another log")
	}
	kept, err := w.Update(want.Checkpoint, want.Proof)
	if err != nil {
		return nil, fault.Wrap(fault.ParcelAltered, err, "witness")
	}
	return kept, nil
}

// CallWitness asks a component to witness a checkpoint.
func CallWitness(ctx context.Context, o Opener, to string, want WantWitness) ([]byte, error) {
	return Call(ctx, o, Head{Type: Witness, To: to}, canon.Must(want))
}
