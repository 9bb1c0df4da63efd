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

// WantRecords asks for audit records.
type WantRecords struct {
	_    struct{} `cbor:",toarray"`
	From uint64
	Max  uint64
}

// GotRecords are records that follow one another, the latest checkpoint, and the
// proof that it continues the tree that ends behind the last of them.
type GotRecords struct {
	_          struct{} `cbor:",toarray"`
	Records    [][]byte
	Checkpoint []byte
	Proof      []tlog.Hash
}

// MaxRecords bounds one answer. It is what the center asks for.
const MaxRecords = 4096

// AnswerRecords answers a call for the records of a journal.
func AnswerRecords(j *audit.Journal, payload []byte) ([]byte, error) {
	var want WantRecords
	if err := canon.Unmarshal(payload, &want); err != nil {
		return nil, fault.Wrap(fault.ParcelMalformed, err, "call for records")
	}
	got := GotRecords{Checkpoint: j.Checkpoint()}
	if got.Checkpoint == nil {
		return canon.Marshal(got)
	}
	c, err := audit.ParseCheckpoint(got.Checkpoint)
	if err != nil {
		return nil, err
	}
	if want.From > c.Size { // the asker has more than there is: it finds out by the checkpoint
		return canon.Marshal(got)
	}
	// Records beyond this checkpoint come with a later one, or the proof, which may be
	// of a later one, would not begin where the records end.
	records, err := j.Read(want.From, int(min(want.Max, MaxRecords, c.Size-want.From)))
	if err != nil {
		return nil, fault.Wrap(fault.InternalError, err, "records from %d", want.From)
	}
	for _, r := range records {
		got.Records = append(got.Records, r.Raw)
	}
	got.Proof, got.Checkpoint, err = j.Consistency(want.From + uint64(len(records)))
	if err != nil {
		return nil, err
	}
	return canon.Marshal(got)
}

// CountRecords is how many records an answer says that it holds, at most MaxRecords. It
// looks at the heads of the two lists only: who gathers decodes.
func CountRecords(answer []byte) uint64 {
	const listOf3, list, byte1, byte2 = 0x83, 4, 24, 25
	if len(answer) < 4 || answer[0] != listOf3 || answer[1]>>5 != list {
		return 0
	}
	n := uint64(answer[1] & 31)
	switch n {
	case byte1:
		n = uint64(answer[2])
	case byte2:
		n = uint64(answer[2])<<8 | uint64(answer[3])
	}
	return min(n, MaxRecords)
}

// CallRecords asks a component for its records from an index on.
func CallRecords(ctx context.Context, o Opener, to string, from uint64) ([]audit.Record, []byte, tlog.TreeProof, error) {
	answer, err := Call(ctx, o, Head{Type: Records, To: to}, canon.Must(WantRecords{From: from, Max: MaxRecords}))
	if err != nil {
		return nil, nil, nil, err
	}
	var got GotRecords
	if err := canon.Unmarshal(answer, &got); err != nil || len(got.Records) > MaxRecords {
		return nil, nil, nil, fault.New(fault.ParcelMalformed, "records of %s: %d, %v", to, len(got.Records), err)
	}
	records := make([]audit.Record, len(got.Records))
	for i, raw := range got.Records {
		records[i] = audit.Record{Index: from + uint64(i), Raw: raw}
	}
	return records, got.Checkpoint, got.Proof, nil
}
