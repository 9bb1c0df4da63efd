// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package proposal

import (
	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/problem"
)

// Detail is the detail of a proposal's audit records: what the person saw.
type Detail struct {
	From       string `cbor:"from"`
	Session    string `cbor:"session"`
	Kind       string `cbor:"kind"`
	Title      string `cbor:"title"`
	Digest     string `cbor:"digest"`
	Difference string `cbor:"difference"`
	Note       string `cbor:"note"` // the person's words, or what became of it
}

// center is how audit records name this program.
const center = "center"

func seen(who account.Caller, p Proposal, note string) Detail {
	return Detail{From: who.Address, Session: who.Session, Kind: p.Kind, Title: p.Title, Digest: p.Digest, Difference: p.Difference, Note: note}
}

func entryOf(who account.Caller, action, verdict string, p Proposal, d Detail) audit.Entry {
	return audit.Entry{
		Class: audit.ClassAdmin, Subject: who.Principal(), Object: "proposal/" + p.ID,
		Action: action + "-proposal", Verdict: verdict, Detail: canon.Must(d),
	}
}

// own is a record of what this package does by itself.
func own(action, verdict string, p Proposal, note string) audit.Entry {
	return audit.Entry{
		Class: audit.ClassAdmin, Subject: center, Object: "proposal/" + p.ID, Action: action + "-proposal", Verdict: verdict,
		Detail: canon.Must(Detail{Kind: p.Kind, Title: p.Title, Digest: p.Digest, Note: note}),
	}
}

// record has an entry on the disk before what it tells of is done.
func (s *Proposals) record(e audit.Entry) error {
	if err := s.Record(e).Wait(); err != nil {
		return problem.Wrap(problem.Unavailable, err, "it cannot be recorded, so it is not done")
	}
	return nil
}
