// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package reader_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"
)

// TestTreeDamage changes tiles and checkpoint and leaves the entries alone, or changes both.
func TestTreeDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	log := build(t, rng, 700)
	for _, tc := range []struct {
		name  string
		edit  func(t *testing.T, d durable.Disk)
		index int64
		kind  reader.Kind
	}{
		{"leaf tile flipped", flipFile("tile/0/001", 40), 256, reader.WrongTile},
		{"partial leaf tile flipped", flipFile("tile/0/002.p/188", 40), 512, reader.WrongTile},
		{"upper tile flipped", flipFile("tile/1/000.p/2", 40), 0, reader.WrongTile},
		{"leaf tile missing", removeFile("tile/0/001"), 256, reader.MissingTile},
		{"partial tile cut", func(t *testing.T, d durable.Disk) {
			change(t, d, "audit/tlog/tile/0/002.p/188", func(b []byte) []byte { return b[:100] })
		}, 512, reader.MissingTile},
		{"checkpoint missing", removeFile("checkpoint"), reader.NoIndex, reader.Unsigned},
		{"signature flipped", flipFile("checkpoint", -10), reader.NoIndex, reader.BadSignature},
		{"checkpoint emptied", func(t *testing.T, d durable.Disk) {
			change(t, d, "audit/tlog/checkpoint", func([]byte) []byte { return nil })
		}, reader.NoIndex, reader.BadSignature},
		{"all lost but the checkpoint", func(t *testing.T, d durable.Disk) {
			for _, f := range frames(t, d, "audit") {
				_ = d.Remove(f.segment)
			}
		}, 0, reader.Truncated},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := crashdisk.New(1)
			log.write(t, d, "audit")
			tc.edit(t, d)
			r := verify(t, d, "audit", nil)
			if first, found := r.First(); !found || first.Index != tc.index || first.Kind != tc.kind {
				t.Errorf("want %d %s\n%s", tc.index, tc.kind, r.String())
			}
		})
	}
}

func flipFile(name string, at int) func(*testing.T, durable.Disk) {
	return func(t *testing.T, d durable.Disk) {
		change(t, d, "audit/tlog/"+name, func(b []byte) []byte {
			if at < 0 {
				at += len(b)
			}
			b[at] ^= 1
			return b
		})
	}
}

func removeFile(name string) func(*testing.T, durable.Disk) {
	return func(t *testing.T, d durable.Disk) {
		if err := d.Remove("audit/tlog/" + name); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRewritten: who has the disk but not the key makes entries and tiles anew.
// The log agrees with itself, but not with the signature.
func TestRewritten(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	log, other := build(t, rng, 300), build(t, rng, 300)
	other.tlog["checkpoint"] = log.checkpoint
	d := crashdisk.New(1)
	other.write(t, d, "audit")
	r := verify(t, d, "audit", nil)
	if first, _ := r.First(); first.Kind != reader.Rewritten {
		t.Error(r.String())
	}
}

func TestProve(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, n := range []int{1, 2, 257, 300} {
		log := build(t, rng, n)
		d := crashdisk.New(1)
		log.write(t, d, "audit")
		for _, i := range []int{0, n / 2, n - 1} {
			proof, err := reader.ProveOn(d, "audit", uint64(i))
			if err != nil {
				t.Fatal(err)
			}
			if err := reader.CheckProof(proof, keys(t)); err != nil {
				t.Fatalf("entry %d of %d: %v\n%s", i, n, err, proof)
			}
			for range 30 {
				bad := bytes.Clone(proof)
				bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(7)
				if reader.CheckProof(bad, keys(t)) == nil {
					t.Fatalf("a changed proof holds:\n%s", bad)
				}
			}
		}
		if _, err := reader.ProveOn(d, "audit", uint64(n)); err == nil {
			t.Error("an entry that is not there was proven")
		}
		log.raw[0] = recode(t, log.raw[0], func(_, leaf []any) { leaf[6] = "nobody" })
		d = crashdisk.New(1)
		log.write(t, d, "audit")
		if _, err := reader.ProveOn(d, "audit", 0); !errors.Is(err, reader.ErrNotInLog) {
			t.Errorf("an edited entry was proven: %v", err)
		}
	}
}

func FuzzProof(f *testing.F) {
	rng := rand.New(rand.NewPCG(8, 8))
	d := crashdisk.New(1)
	build(f, rng, 5).write(f, d, "audit")
	leaves := map[string]bool{}
	for i := range uint64(5) {
		proof, err := reader.ProveOn(d, "audit", i)
		if err != nil {
			f.Fatal(err)
		}
		p, err := reader.ParseProof(proof)
		if err != nil {
			f.Fatal(err)
		}
		leaves[string(p.Leaf)] = true
		f.Add(proof)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if reader.CheckProof(b, keys(t)) != nil {
			return
		}
		p, err := reader.ParseProof(b)
		if err != nil || !leaves[string(p.Leaf)] {
			t.Fatalf("%q proves what was not recorded: %v", b, err)
		}
		if _, err := audit.DecodeLeaf(p.Leaf); err != nil {
			t.Fatal(err)
		}
	})
}
