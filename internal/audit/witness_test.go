// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"

	"golang.org/x/mod/sumdb/note"
)

const witnessName = "dukou/guard-outer/witness"

func openWitness(t testing.TB, d durable.Disk) *audit.Witness {
	t.Helper()
	w, err := audit.OpenWitness(audit.WitnessConfig{
		Dir: "witness", Name: witnessName, Key: key(witnessName), Keys: keys(t), Disk: d,
		Clock: func() time.Time { return time.Unix(1_790_000_000, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func witnessKeys(t testing.TB) note.Verifiers {
	t.Helper()
	v, err := audit.NewWitnessVerifier(witnessName, key(witnessName).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return note.VerifierList(v)
}

// journalOf returns a journal of n entries with salts from seed.
func journalOf(t testing.TB, n int, seed byte) *audit.Journal {
	t.Helper()
	j := mustOpen(t, config(t, crashdisk.New(uint64(seed)), seed))
	fill(t, j, 0, n)
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func tell(t testing.TB, w *audit.Witness, j *audit.Journal) error {
	t.Helper()
	_, last, err := w.Latest(origin)
	if err != nil {
		t.Fatal(err)
	}
	proof, checkpoint, err := j.Consistency(last.Size)
	if err != nil {
		return err
	}
	_, err = w.Update(checkpoint, proof)
	return err
}

func TestWitness(t *testing.T) {
	d := crashdisk.New(1)
	w := openWitness(t, d)
	j := journalOf(t, 0, 1)
	n := 0
	for _, size := range []int{1, 2, 256, 257, 300, 300} {
		fill(t, j, n, size)
		n = size
		if err := tell(t, w, j); err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
	}
	old := j.Checkpoint()
	fill(t, j, n, 600)
	if err := tell(t, w, j); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Update(old, nil); !errors.Is(err, audit.ErrRollback) {
		t.Errorf("an older checkpoint: %v", err)
	}
	if _, err := w.Update(journalOf(t, 600, 2).Checkpoint(), nil); !errors.Is(err, audit.ErrFork) {
		t.Errorf("another tree of the same size: %v", err)
	}
	if c, err := w.Conflict(origin); err != nil || c == nil {
		t.Errorf("evidence of the fork: %q, %v", c, err)
	}
	if err := tell(t, w, journalOf(t, 700, 2)); !errors.Is(err, audit.ErrUnproven) {
		t.Errorf("another tree that is longer: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = openWitness(t, d.Crash())
	cosigned, c, err := w.Latest(origin)
	if err != nil || c.Size != 600 {
		t.Fatalf("after a power cut: %+v, %v", c, err)
	}
	if n, err := note.Open(cosigned, witnessKeys(t)); err != nil || len(n.Sigs) != 1 {
		t.Errorf("cosignature: %v", err)
	}
	changed := strings.Replace(string(cosigned), "\n600\n", "\n601\n", 1)
	if _, err := note.Open([]byte(changed), witnessKeys(t)); err == nil {
		t.Error("the cosignature holds for another size")
	}
}

// TestWitnessKnown: what is kept already is neither signed nor written again.
func TestWitnessKnown(t *testing.T) {
	m := &meter{Disk: crashdisk.New(1)}
	w := openWitness(t, m)
	j := journalOf(t, 5, 1)
	if err := tell(t, w, j); err != nil {
		t.Fatal(err)
	}
	kept, _, err := w.Latest(origin)
	if err != nil {
		t.Fatal(err)
	}
	for life := range 2 {
		before := m.cost()
		for range 3 {
			again, err := w.Update(j.Checkpoint(), nil)
			if err != nil || !bytes.Equal(again, kept) {
				t.Errorf("life %d: %q, %v", life, again, err)
			}
		}
		if now := m.cost(); now.syncs != before.syncs || life == 0 && now != before {
			t.Errorf("life %d: the disk was used: %+v", life, now.less(before))
		}
		unsigned := bytes.Replace(j.Checkpoint(), []byte("\n5\n"), []byte("\n6\n"), 1)
		if _, err := w.Update(unsigned, nil); !errors.Is(err, audit.ErrSignature) {
			t.Errorf("life %d: one that is not signed: %v", life, err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		w = openWitness(t, m)
	}
}

func TestWitnessRefusesOthers(t *testing.T) {
	w := openWitness(t, crashdisk.New(1))
	j := journalOf(t, 3, 1)
	for name, msg := range map[string]string{
		"empty":          "",
		"unsigned":       strings.SplitAfter(string(j.Checkpoint()), "\n\n")[0],
		"other root":     strings.Replace(string(j.Checkpoint()), "\n3\n", "\n4\n", 1),
		"leading zero":   strings.Replace(string(j.Checkpoint()), "\n3\n", "\n03\n", 1),
		"unknown origin": strings.ReplaceAll(string(j.Checkpoint()), origin, "dukou/nobody"),
	} {
		if _, err := w.Update([]byte(msg), nil); !errors.Is(err, audit.ErrSignature) && !errors.Is(err, audit.ErrCheckpoint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
