// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package reader

import (
	"fmt"
	"sort"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Kind says what is wrong.
type Kind string

// The kinds of finding.
const (
	Edited       Kind = "edited"            // an entry is not the one that was signed
	Deleted      Kind = "deleted"           // entries are missing here
	Inserted     Kind = "inserted"          // entries are here that were not signed
	Reordered    Kind = "reordered"         // entries have changed places
	Truncated    Kind = "truncated"         // entries are missing from here to the end
	Damaged      Kind = "damaged"           // the file is not a log here
	Malformed    Kind = "malformed"         // the entry cannot be read
	WrongDetail  Kind = "detail"            // the detail is not the one that the entry commits to
	Rewritten    Kind = "rewritten"         // entries and tiles agree, and not with the checkpoint
	MissingTile  Kind = "missing-tile"      // a part of the tree is missing; the entries may be sound
	WrongTile    Kind = "wrong-tile"        // a part of the tree was changed; the entries are sound
	BadSignature Kind = "signature"         // the checkpoint is not signed by the origin
	Unsigned     Kind = "unsigned"          // there is no checkpoint
	RolledBack   Kind = "rolled-back"       // the checkpoint is older than one that was witnessed
	Forked       Kind = "forked"            // a witness has seen another log
	BadWitness   Kind = "witness-signature" // the witnessed checkpoint is not what it should be
)

// NoIndex is the index of a finding that is not about one entry.
const NoIndex = -1

const maxFindings = 16

// Finding is one thing that is wrong.
type Finding struct {
	Index int64 // of the first entry concerned, or NoIndex
	Kind  Kind
	What  string
}

// String names entry, kind and what is wrong.
func (f Finding) String() string {
	if f.Index == NoIndex {
		return fmt.Sprintf("%s: %s", f.Kind, f.What)
	}
	return fmt.Sprintf("entry %d %s: %s", f.Index, f.Kind, f.What)
}

// Report is what Verify found.
type Report struct {
	Origin    string
	Entries   uint64    // in the journal
	Size      uint64    // of the checkpoint
	Root      tlog.Hash // of the checkpoint
	Witnessed uint64    // size of the witness's checkpoint; 0 without one
	Unproven  bool      // no witness's checkpoint was compared: entries may be missing at the end
	Torn      int64     // bytes of an unfinished append at the end
	// Findings are the first ones, those about entries in front, by index.
	Findings []Finding
}

// OK says that nothing is wrong. The tail may be unproven all the same.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

// First returns the first bad entry, or what else is wrong.
func (r *Report) First() (Finding, bool) {
	if r.OK() {
		return Finding{}, false
	}
	return r.Findings[0], true
}

// String is the report in lines.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "log %s: %d entries, checkpoint over %d\n", r.Origin, r.Entries, r.Size)
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "BAD %s\n", f)
	}
	if r.OK() {
		b.WriteString("ok: entries, tree and signature agree\n")
	}
	if r.Entries > r.Size {
		fmt.Fprintf(&b, "note: the last %d entries are not covered by a checkpoint yet\n", r.Entries-r.Size)
	}
	if r.Torn > 0 {
		fmt.Fprintf(&b, "note: %d bytes of an unfinished append at the end\n", r.Torn)
	}
	if r.Unproven {
		b.WriteString("tail unproven: no checkpoint of a witness was given\n")
	} else if r.Witnessed > 0 {
		fmt.Fprintf(&b, "witnessed up to entry %d\n", r.Witnessed-1)
	}
	return b.String()
}

func (r *Report) add(index int64, kind Kind, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{Index: index, Kind: kind, What: fmt.Sprintf(format, args...)})
	if len(r.Findings) > 4*maxFindings {
		r.order()
	}
}

// order puts what is about entries first, by index, and keeps the first ones.
func (r *Report) order() {
	sort.SliceStable(r.Findings, func(i, j int) bool {
		return uint64(r.Findings[i].Index) < uint64(r.Findings[j].Index) // NoIndex is last
	})
	r.Findings = r.Findings[:min(len(r.Findings), maxFindings)]
}
