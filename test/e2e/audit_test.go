// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/front/file"
	"dukou.dev/dukou/internal/parcel"
)

// TestAuditAfterAll kills every process once while queries are asked and files cross,
// and has somebody refused: the logs are sound and tell of all of it.
func TestAuditAfterAll(t *testing.T) {
	r := start(t)
	ways := r.ways(t)
	random := chance(t)
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan load, 1)
	them := r.reportsOf(t, demo.Zhang())
	go func() { asked <- them.run(ctx, 5*time.Minute) }()
	r.cross(t, random, ways, crossing{
		big: form[int64](16<<20, 256<<20), small: form(100, 1000), rounds: form(1, 3), killed: demo.Processes(),
	})
	cancel()
	wantUnavailable(t, <-asked)
	r.ready(t)
	refused := r.tooHigh(t)
	var receipts []file.Receipt
	for _, w := range ways {
		receipts = append(receipts, w.wantOnce(t)...)
	}
	r.wantRecorded(t, receipts)
	if h := r.log(t, demo.GuardInner)[refused]; len(h["allow"]) != 1 || len(h["refuse"]) == 0 {
		t.Errorf("the query %s was passed, its answer refused, and the inner process's log says %v", refused, h)
	}
}

// wantUnavailable wants that queries, of which none is asked twice, failed for no
// other reason than that somebody on their way was gone.
func wantUnavailable(t *testing.T, l load) {
	t.Helper()
	t.Logf("meanwhile %v", l)
	for failure, n := range l.failures {
		status := strings.HasPrefix(failure, "status ")
		if status && !strings.HasPrefix(failure, "status 502") && !strings.HasPrefix(failure, "status 503") && !strings.HasPrefix(failure, "status 504") {
			t.Errorf("%d queries got %s", n, failure)
		}
	}
}

// tooHigh asks for a report that stays inside, and gives the parcel's id.
func (r *rig) tooHigh(t *testing.T) parcel.ID {
	t.Helper()
	bank := r.Bank()
	defer bank.Close()
	_, err := bank.Report(t.Context(), r.signIn(t, demo.Gao()), demo.Gao().Person)
	var refusal *demo.Refusal
	if !errors.As(err, &refusal) || refusal.Code != "label-level" {
		t.Fatalf("the report should have been refused: %v", err)
	}
	id, err := parcel.ParseID(refusal.ID)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// history is what a log says of one parcel: the indexes of its entries by verdict.
type history map[string][]uint64

// log reads the log of a component, by parcel.
func (r *rig) log(t *testing.T, name string) map[parcel.ID]history {
	t.Helper()
	all := map[parcel.ID]history{}
	err := reader.Show(filepath.Join(r.Installation.State(name), "audit"), reader.Filter{}, func(e reader.Entry) error {
		if e.Leaf.Class != audit.ClassDecision && e.Leaf.Class != audit.ClassDelivery {
			return nil
		}
		h := all[e.Leaf.Parcel]
		if h == nil {
			h = history{}
			all[e.Leaf.Parcel] = h
		}
		h[e.Leaf.Verdict] = append(h[e.Leaf.Verdict], e.Index)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// wantSoundLogs verifies every log, against what the center has witnessed of it, and
// gives their sizes.
func (r *rig) wantSoundLogs(t *testing.T) map[string]uint64 {
	t.Helper()
	sizes := map[string]uint64{}
	for _, name := range demo.Components() {
		report, err := r.VerifyLog(t.Context(), name)
		if err != nil {
			t.Fatalf("log of %s: %v", name, err)
		}
		if first, bad := report.First(); bad {
			t.Errorf("log of %s: %v", name, first)
		}
		if report.Unproven {
			t.Errorf("log of %s: tail unproven", name)
		}
		t.Logf("%-15s %6d entries, %6d signed, %6d witnessed, %d bytes torn", name, report.Entries, report.Size, report.Witnessed, report.Torn)
		sizes[name] = report.Size
	}
	return sizes
}

// lastJudge is the part of the guard that waits for its disk before it hands on to a
// front: inwards the inner process, outwards the gate.
func lastJudge(front string) string {
	if front == demo.FrontInternet {
		return demo.GuardGate
	}
	return demo.GuardInner
}

// wantRecorded verifies all logs and holds, for each parcel that was released, that
// the last judge on its way has decided and committed before.
func (r *rig) wantRecorded(t *testing.T, receipts []file.Receipt) {
	t.Helper()
	logs := map[string]map[parcel.ID]history{demo.GuardInner: r.log(t, demo.GuardInner), demo.GuardGate: r.log(t, demo.GuardGate)}
	for name, log := range logs {
		r.signed(t, name, log)
	}
	sizes := r.wantSoundLogs(t)
	committed := func(id parcel.ID, front string) {
		last := lastJudge(front)
		wantCommitted(t, id, last, logs[last][id], sizes[last])
	}
	for _, one := range receipts {
		id, err := parcel.ParseID(one.ID)
		if err != nil {
			t.Fatal(err)
		}
		front := demo.FrontIntranet
		if one.Flow == "wide-out" {
			front = demo.FrontInternet
		}
		committed(id, front)
	}
	released, answered := 0, map[parcel.ID]bool{} // both fronts record an answer
	for _, front := range []string{demo.FrontInternet, demo.FrontIntranet} {
		for id, h := range r.log(t, front) {
			if len(h["received"]) > 0 {
				released++
				committed(id, front)
			}
			if len(h["answered"]) > 0 {
				answered[id] = true
				wantAllowed(t, id, 1, demo.GuardInner, logs[demo.GuardInner][id], sizes[demo.GuardInner])
			}
			if len(h["answered"]) > 0 && front == demo.FrontInternet { // it has the answer: the gate passed that, too
				wantAllowed(t, id, 2, demo.GuardGate, logs[demo.GuardGate][id], sizes[demo.GuardGate])
			}
		}
	}
	t.Logf("%d receipts, %d releases and %d answers recorded by fronts: the last judge decided on each", len(receipts), released, len(answered))
	if released < len(receipts)/2 {
		t.Errorf("only %d of %d releases are recorded by the fronts", released, len(receipts))
	}
}

// signed waits until a log's checkpoint, which follows by a moment, covers what was read
// of it.
func (r *rig) signed(t *testing.T, name string, log map[parcel.ID]history) {
	t.Helper()
	var last uint64
	for _, h := range log {
		for _, indexes := range h {
			last = max(last, slices.Max(indexes))
		}
	}
	err := eventually(t.Context(), 10*time.Second, 20*time.Millisecond, func(context.Context) error {
		text, err := audit.ReadCheckpoint(durable.OS(), filepath.Join(r.Installation.State(name), "audit"))
		if err != nil {
			return err
		}
		c, err := audit.ParseCheckpoint(text)
		if err == nil && c.Size <= last {
			err = fmt.Errorf("the log of %s is signed up to %d, and has entry %d", name, c.Size, last)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// wantAllowed wants so many verdicts on a question and its answer.
func wantAllowed(t *testing.T, id parcel.ID, n int, part string, h history, size uint64) {
	t.Helper()
	if len(h["allow"]) < n || h["allow"][n-1] >= size {
		t.Errorf("parcel %s was answered, and the log of %s, signed up to %d, says %v", id, part, size, h)
	}
}

// wantCommitted wants a decision, then a commit, and no release before the commit.
func wantCommitted(t *testing.T, id parcel.ID, part string, h history, size uint64) {
	t.Helper()
	allow, commit, release := h["allow"], h["committed"], h["released"]
	switch {
	case len(allow) == 0 || len(commit) == 0:
		t.Errorf("parcel %s was released, and the log of %s says %v", id, part, h)
	case commit[0] < allow[0] || commit[0] >= size:
		t.Errorf("parcel %s: committed before it was decided or after all that is signed (%d): %v", id, size, h)
	case len(release) > 0 && release[0] < commit[0]:
		t.Errorf("parcel %s: released before it was committed: %v", id, h)
	}
}
