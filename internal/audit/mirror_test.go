// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"bytes"
	"errors"
	"runtime"
	"testing"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"

	"golang.org/x/mod/sumdb/tlog"
)

func openMirror(t testing.TB, d durable.Disk) *audit.Mirror {
	t.Helper()
	m, err := audit.OpenMirror(audit.MirrorConfig{Dir: "center", Keys: keys(t), Disk: d, SegmentBytes: segBytes})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// pull brings m up to the checkpoint of j in steps of at most max records.
func pull(t testing.TB, m *audit.Mirror, j *audit.Journal, max int) error {
	t.Helper()
	head, err := audit.ParseCheckpoint(j.Checkpoint())
	if err != nil {
		t.Fatal(err)
	}
	for next, err := m.Next(origin); next < head.Size || err != nil; {
		if err != nil {
			return err
		}
		records, err := j.Read(next, max)
		if err != nil {
			return err
		}
		proof, checkpoint, err := j.Consistency(records[len(records)-1].Index + 1)
		if errors.Is(err, audit.ErrRollback) { // they end behind the checkpoint
			proof, checkpoint, err = nil, j.Checkpoint(), nil
		}
		if err != nil {
			return err
		}
		if next, err = m.Add(origin, records, checkpoint, proof); err != nil {
			return err
		}
	}
	_, err = m.Add(origin, nil, j.Checkpoint(), nil)
	return err
}

func TestMirror(t *testing.T) {
	d := crashdisk.New(1)
	m := openMirror(t, d)
	j := journalOf(t, 0, 1)
	n := 0
	for _, size := range []int{1, 5, 300, 301, 900} {
		fill(t, j, n, size)
		n = size
		if err := pull(t, m, j, 100); err != nil {
			t.Fatal(err)
		}
		sound(t, d, audit.MirrorDir("center", origin), size)
	}
	same(t, m, j, n)
	// Again, from the middle, and with an older checkpoint: nothing changes.
	records, err := j.Read(100, 200)
	if err != nil {
		t.Fatal(err)
	}
	if next, err := m.Add(origin, records, j.Checkpoint(), nil); err != nil || next != uint64(n) {
		t.Errorf("the same records again: %d, %v", next, err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	d = d.Crash()
	m = openMirror(t, d)
	same(t, m, j, n)
	sound(t, d, audit.MirrorDir("center", origin), n)
	// A witness beside the mirror proves from the copy.
	w := openWitness(t, crashdisk.New(2))
	for range 2 {
		proof, checkpoint, err := m.Consistency(origin, 0)
		if err == nil {
			_, err = w.Update(checkpoint, proof)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func same(t testing.TB, m *audit.Mirror, j *audit.Journal, n int) {
	t.Helper()
	a, err := j.Read(0, n)
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Read(origin, 0, n)
	if err != nil || len(a) != n || len(b) != n {
		t.Fatalf("%d and %d records of %d: %v", len(a), len(b), n, err)
	}
	for i := range a {
		if a[i].Index != b[i].Index || !bytes.Equal(a[i].Raw, b[i].Raw) {
			t.Fatalf("record %d differs", i)
		}
	}
}

func TestMirrorRefuses(t *testing.T) {
	j, other := journalOf(t, 400, 1), journalOf(t, 400, 2)
	first, err := j.Read(0, 100)
	if err != nil {
		t.Fatal(err)
	}
	proof, checkpoint, err := j.Consistency(100)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.Read(0, 400)
	if err != nil {
		t.Fatal(err)
	}
	edited := append([]audit.Record(nil), first...)
	edited[50].Raw = bytes.Clone(first[50].Raw)
	edited[50].Raw[len(edited[50].Raw)-1] ^= 1 // in the detail
	badProof := append(tlog.TreeProof(nil), proof...)
	badProof[0][0] ^= 1
	for _, tc := range []struct {
		name    string
		records []audit.Record
		proof   tlog.TreeProof
		want    error
	}{
		{"no proof", first, nil, audit.ErrUnproven},
		{"wrong proof", first, badProof, audit.ErrUnproven},
		{"proof of another size", first[:99], proof, audit.ErrUnproven},
		{"other records", foreign, nil, audit.ErrFork},
		{"other records, in part", foreign[:100], proof, audit.ErrUnproven},
		{"changed detail", edited, proof, audit.ErrCommitment},
		{"gap", first[10:], proof, audit.ErrGap},
		{"gap within", append(append([]audit.Record(nil), first[:5]...), first[6:]...), proof, audit.ErrGap},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := openMirror(t, crashdisk.New(1))
			defer m.Close()
			if _, err := m.Add(origin, tc.records, checkpoint, tc.proof); !errors.Is(err, tc.want) {
				t.Errorf("%v, want %v", err, tc.want)
			}
			if next, err := m.Next(origin); next != 0 || err != nil {
				t.Errorf("%d records were taken, %v", next, err)
			}
			if next, err := m.Add(origin, first, checkpoint, proof); next != 100 || err != nil {
				t.Errorf("the right ones after that: %d, %v", next, err)
			}
		})
	}
	m := openMirror(t, crashdisk.New(1))
	defer m.Close()
	if err := pull(t, m, j, 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Add(origin, nil, other.Checkpoint(), nil); !errors.Is(err, audit.ErrFork) {
		t.Errorf("a checkpoint of another log: %v", err)
	}
	if _, err := m.Add("dukou/nobody", nil, checkpoint, nil); !errors.Is(err, audit.ErrSignature) {
		t.Errorf("a checkpoint of another origin: %v", err)
	}
}

// TestMirrorHalfAdded: an Add that fails between two records has taken the first, and the
// next Add goes on from there.
func TestMirrorHalfAdded(t *testing.T) {
	j := journalOf(t, 3, 1)
	big := entry(3)
	big.Detail = make([]byte, 10<<10)
	j.Append(big)
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	d := crashdisk.New(1)
	m, err := audit.OpenMirror(audit.MirrorConfig{Dir: "center", Keys: keys(t), Disk: d, SegmentBytes: 8 << 10})
	if err != nil {
		t.Fatal(err)
	}
	records, err := j.Read(0, 4)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Add(origin, records, j.Checkpoint(), nil); !errors.Is(err, durable.ErrRecordSize) {
		t.Fatalf("a record that is too long for the mirror: %v", err)
	}
	proof, checkpoint, err := j.Consistency(3)
	if err != nil {
		t.Fatal(err)
	}
	if next, err := m.Add(origin, records[:3], checkpoint, proof); next != 3 || err != nil {
		t.Errorf("those before it: %d, %v", next, err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// TestMirrorPowerCuts pulls while the power goes again and again.
func TestMirrorPowerCuts(t *testing.T) {
	j := journalOf(t, 600, 1)
	for seed := range uint64(20) {
		d := crashdisk.New(seed)
		for cut := 1; ; cut += 7 {
			d.CutAt(cut)
			done := false
			process(func() {
				m, err := audit.OpenMirror(audit.MirrorConfig{
					Dir: "center", Keys: keys(t), Disk: d, SegmentBytes: segBytes, Fatal: func(error) { runtime.Goexit() },
				})
				if err == nil {
					err = pull(t, m, j, 90)
				}
				if err != nil && !diskGone(err) && !errors.Is(err, durable.ErrClosed) {
					t.Error(err)
				}
				done = err == nil
			})
			if t.Failed() {
				t.Fatalf("seed %d, cut %d", seed, cut)
			}
			if done {
				break
			}
			d = d.Crash()
		}
		sound(t, d, audit.MirrorDir("center", origin), 600)
	}
}

func TestMirrorDirIsInside(t *testing.T) {
	for origin, want := range map[string]string{
		"dukou/guard-inner": "c/mirror/dukou%2Fguard-inner",
		"..":                "c/mirror/%2E%2E",
		"ä":                 "c/mirror/%C3%A4",
	} {
		if got := audit.MirrorDir("c", origin); got != want {
			t.Errorf("%s: %s, want %s", origin, got, want)
		}
	}
}
