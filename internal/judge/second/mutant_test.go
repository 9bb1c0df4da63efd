// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

// replace puts another check in the place of one.
func (j *Judge) replace(name string, with func(*trial) *fault.Error) {
	for _, steps := range [][]step{j.proof, j.rules} {
		for i := range steps {
			if steps[i].name == name {
				steps[i].run = with
				return
			}
		}
	}
	panic("no step " + name)
}

func pass(*trial) *fault.Error { return nil }

// mutants are judges with one small mistake each, of the kinds that are made.
func mutants() map[string]func(*Judge) {
	return map[string]func(*Judge){
		"binding not compared":   func(j *Judge) { j.replace("binding", pass) },
		"window not compared":    func(j *Judge) { j.replace("window", pass) },
		"term not compared":      func(j *Judge) { j.replace("term", pass) },
		"presenter not compared": func(j *Judge) { j.replace("presenter", pass) },
		"least class ignored": func(j *Judge) {
			j.replace("least", func(t *trial) *fault.Error {
				t.least = t.way.base[0]
				if t.back() {
					t.least = t.way.base[1]
				}
				return notLow(t)
			})
		},
		"replay off by one": func(j *Judge) { j.memory.span++ },
		"expired a millisecond late": func(j *Judge) {
			j.replace("expired", func(t *trial) *fault.Error {
				t.now--
				defer func() { t.now++ }()
				return notExpired(t)
			})
		},
		"integrity reversed": func(j *Judge) {
			j.replace("enters", func(t *trial) *fault.Error {
				_, to := t.ends()
				if !to.hides(t.released) {
					return enters(t)
				}
				if to.doubt&^t.released.doubt != 0 {
					return fault.New(fault.LabelIntegrity, "reversed")
				}
				return nil
			})
		},
		"categories reversed": func(j *Judge) {
			j.replace("enters", func(t *trial) *fault.Error {
				_, to := t.ends()
				to.categories, t.released.categories = t.released.categories, to.categories
				defer func() { t.released.categories = to.categories }()
				return into(to, t.released, fault.LabelLevel, "reversed")
			})
		},
		"not canonical accepted":       func(j *Judge) { j.replace("read", readLoosely) },
		"stranger accepted":            func(j *Judge) { j.replace("content", fittingLoosely) },
		"two checks in another order":  func(j *Judge) { slices.Reverse(j.proof[4:6]) },
		"clearance of another subject": func(j *Judge) { j.replace("subject", firstFamily) },
		"key of any epoch":             func(j *Judge) { j.replace("mac", anyEpoch) },
		"mac not compared":             func(j *Judge) { j.replace("mac", noMAC) },
	}
}

// readLoosely reads header and fields whatever their encoding is.
func readLoosely(t *trial) *fault.Error {
	came := t.came.Header
	defer func() { t.came.Header = came }()
	t.came.Header = canonical(came)
	var h parcel.Header
	if canon.Unmarshal(t.came.Header, &h) == nil {
		h.Fields = canonical(h.Fields)
		t.came.Header = canon.Must(&h)
	}
	return read(t)
}

func canonical(data []byte) []byte {
	var v any
	if cbor.Unmarshal(data, &v) != nil {
		return data
	}
	out, err := canon.Marshal(v)
	if err != nil {
		return data
	}
	return out
}

// fittingLoosely takes out of the content what the form does not name.
func fittingLoosely(t *trial) *fault.Error {
	kept := parcel.Record{}
	for name, v := range t.Content {
		if slices.ContainsFunc(t.shape.members, func(m member) bool { return m.name == name }) {
			kept[name] = v
		}
	}
	var err *fault.Error
	t.least, err = follow(canon.Must(kept), t.shape)
	return err
}

// firstFamily finds the first family that has the subject, not the longest.
func firstFamily(t *trial) *fault.Error {
	slices.Reverse(t.plan.tails)
	defer slices.Reverse(t.plan.tails)
	return findSubject(t)
}

func anyEpoch(t *trial) *fault.Error {
	now := t.now
	defer func() { t.now = now }()
	t.now = int64(t.Label.Epoch) * epochMillis
	return authentic(t)
}

func noMAC(t *trial) *fault.Error {
	if err := authentic(t); err != nil && err.Code != fault.LabelAltered {
		return err
	}
	return nil
}

// TestMutantsAreCaught: the generated parcels that tell that the judges agree also
// tell when one of them has a mistake.
func TestMutantsAreCaught(t *testing.T) {
	s, limit := seed(t), 60_000
	for name, spoil := range mutants() {
		caught := 0
		for round := 0; caught == 0 && round*1000 < limit; round++ {
			w := newWorld(s + uint64(round))
			w.spoil = spoil
			counts, err := crowd(w, newPair(w), 1000)
			if err == nil {
				continue
			}
			caught = round * 1000
			for _, n := range counts {
				caught += n
			}
			caught++
		}
		if caught == 0 {
			t.Errorf("%s: not caught by %d parcels", name, limit)
			continue
		}
		t.Logf("%-30s caught by parcel %d", name, caught)
	}
}
