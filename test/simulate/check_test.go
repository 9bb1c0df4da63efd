// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
)

// way is a direction through the guard.
type way int

const (
	inwards way = iota
	outwards
)

// waits is the component that waits for its disk before a parcel goes on.
func (s *sim) waits(w way) string {
	if w == outwards {
		return gate
	}
	return inner
}

// checkRecorded holds that more than n records of a parcel are on the disk at this
// moment, whatever power is lost: on that of the one who must wait for it.
func (s *sim) checkRecorded(id parcel.ID, verdict string, class audit.Class, w way, n int, what string) {
	s.record.change(func() { s.record.passed[id] = w })
	who := s.waits(w)
	m := s.process[who].m
	m.io.Lock()
	defer m.io.Unlock()
	found, labelled := 0, 0
	_, err := durable.Scan(keptDisk{k: &m.kept}, who+"/audit/journal", 0, audit.MaxRecord, func(_ uint64, raw []byte) error {
		c, err := audit.DecodeRecord(raw)
		if err != nil {
			return err
		}
		if c.Leaf.Parcel != id || c.Leaf.Verdict != verdict || c.Leaf.Class != class {
			return nil
		}
		found++
		if _, _, err := label.DecodeSealed(c.Leaf.Label); err == nil {
			labelled++
		}
		return nil
	})
	if err != nil {
		s.found.add(s, "what %s has synced cannot be read: %v", who, err)
	}
	if found <= n {
		s.found.add(s, "%s (parcel %s) went on before %s had its record %q on the disk: %d of them", what, id, who, verdict, found)
	}
	if class == audit.ClassDecision && labelled < found {
		s.found.add(s, "%s (parcel %s) has no label on record at %s", what, id, who)
	}
}

// witness looks at the checkpoint that a component shows, as the center does.
func (s *sim) witness(p *process) {
	if !p.alive() {
		return
	}
	j := p.life.parts().journal
	if j == nil || j.Checkpoint() == nil {
		return
	}
	c, err := audit.OpenCheckpoint(j.Checkpoint(), keysOf(p.id))
	if err != nil {
		s.found.add(s, "checkpoint of %s: %v", p.id, err)
		return
	}
	s.record.heads[p.id] = append(s.record.heads[p.id], head{c.Size, c.Root})
}

// checkLogs verifies every journal, as it lies on the disk, against all checkpoints
// that were seen of it.
func (s *sim) checkLogs() {
	for i, p := range s.ordered {
		if _, err := p.m.disk.Stat(p.id + "/audit/journal"); errors.Is(err, fs.ErrNotExist) && len(s.record.heads[p.id]) == 0 {
			continue // no life has come so far as to open it
		}
		if err := s.checkLog(p); err != nil {
			s.found.add(s, "journal of %s: %v", p.id, err)
		}
		if i != int(s.seed)%len(s.ordered) {
			continue // the reader looks at one of them
		}
		if signed, err := audit.ReadCheckpoint(p.m.disk, p.id+"/audit"); err == nil && signed == nil && len(s.record.heads[p.id]) == 0 {
			continue // no life has lasted until the first checkpoint, which the next one makes
		}
		r, err := reader.Verify(p.id+"/audit", keysOf(p.id), reader.Options{Disk: p.m.disk})
		if err != nil || !r.OK() {
			s.found.add(s, "the reader finds the journal of %s not sound: %v %s", p.id, err, r.String())
		}
	}
}

func (s *sim) checkLog(p *process) error {
	seen := map[uint64]tlog.Hash{}
	for _, h := range s.record.heads[p.id] {
		if was, ok := seen[h.size]; ok && was != h.root {
			return fmt.Errorf("two roots at size %d", h.size)
		}
		seen[h.size] = h.root
	}
	tree := audit.Tree{}
	_, err := durable.Scan(p.m.disk, p.id+"/audit/journal", 0, audit.MaxRecord, func(_ uint64, raw []byte) error {
		c, err := audit.DecodeRecord(raw)
		if err != nil {
			return err
		}
		s.judged(p.id, &c.Leaf)
		if err := tree.Add(c.Hash(), func(tlog.Tile, []byte) error { return nil }); err != nil {
			return err
		}
		if want, ok := seen[tree.Size()]; ok {
			root, err := tree.Root()
			if err != nil || root != want {
				return fmt.Errorf("another root than was seen at size %d: %v", tree.Size(), err)
			}
			delete(seen, tree.Size())
		}
		return nil
	})
	delete(seen, 0)
	if err == nil && len(seen) > 0 {
		err = fmt.Errorf("it ends at %d, and longer ones were seen: %v", tree.Size(), seen)
	}
	return err
}

// judged takes what a journal says of a parcel.
func (s *sim) judged(who string, leaf *audit.Leaf) {
	if leaf.Class == audit.ClassDecision && leaf.Verdict == "allow" {
		if s.record.allowed[who] == nil {
			s.record.allowed[who] = map[parcel.ID]bool{}
		}
		s.record.allowed[who][leaf.Parcel] = true
	}
	switch leaf.Reason {
	case "label-window":
		s.tally.reached("label of an earlier life refused")
	case "label-replayed":
		s.tally.reached("label replayed and refused")
	case "label-term":
		s.tally.reached("lower term refused")
	case "policy-denied":
		if leaf.Class == audit.ClassDelivery {
			s.tally.reached("delivery refused on its way by a new bundle")
		}
	case "label-altered":
		s.tally.reached("forged label refused")
	}
}

// checkJudged holds that both judges on its way let pass what arrived. One that does
// not wait for its disk may have lost its record with its life.
func (s *sim) checkJudged() {
	judges := map[way][]string{inwards: {outer, inner}, outwards: {inner, gate}}
	for id, w := range s.record.passed {
		for _, who := range judges[w] {
			if !s.record.allowed[who][id] && (who == s.waits(w) || s.process[who].lives == 1 && s.process[who].alive()) {
				s.found.add(s, "parcel %s arrived, and %s has no record that it let it pass", id, who)
			}
		}
	}
}

// tornTails counts the journals that a power cut left with half an append.
func (s *sim) tornTails(m *machine) {
	for _, p := range m.procs {
		tail, err := durable.Scan(m.disk, p.id+"/audit/journal", 0, audit.MaxRecord, nil)
		if err == nil && tail.Torn > 0 {
			s.tally.reached("torn tail of a journal cut off")
		}
	}
}
