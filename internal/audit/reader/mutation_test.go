// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package reader_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"
)

// mutation falsifies a log. It returns the index of the first bad entry and the
// kinds of finding that name what was done.
type mutation struct {
	name string
	// parts changes the log before it is written, as one does who knows the format.
	parts func(t *testing.T, rng *rand.Rand, j *journal) (int, []reader.Kind)
	// bytes changes the files.
	bytes func(t *testing.T, rng *rand.Rand, d durable.Disk) (int, []reader.Kind)
}

func mutations() []mutation {
	return []mutation{
		{name: "edit a field", parts: editField},
		{name: "edit the detail", parts: editDetail},
		{name: "edit the detail and its commitment", parts: editBoth},
		{name: "swap details", parts: swapDetails},
		{name: "delete", parts: deleteEntries},
		{name: "reorder", parts: reorder},
		{name: "insert", parts: insert},
		{name: "truncate", parts: truncate},
		{name: "garbage entry", parts: garbage},
		{name: "flip a bit", bytes: flipBit},
		{name: "remove a segment", bytes: removeSegment},
	}
}

func editField(t *testing.T, rng *rand.Rand, j *journal) (int, []reader.Kind) {
	i := rng.IntN(len(j.raw))
	j.raw[i] = recode(t, j.raw[i], func(_, leaf []any) { leaf[5+rng.IntN(6)] = "x" })
	return i, []reader.Kind{reader.Edited}
}

// editDetail changes what lies beside a leaf: salt or detail; of a sealed one a bit of
// its digest or of itself, or the name of its key.
func editDetail(t *testing.T, rng *rand.Rand, j *journal) (int, []reader.Kind) {
	i := rng.IntN(len(j.raw))
	j.raw[i] = recode(t, j.raw[i], func(record, _ []any) {
		field := 3 + rng.IntN(2)
		switch {
		case record[2] == "": // not sealed
			record[field] = []byte("0123456789abcdef")
		case rng.IntN(3) == 0:
			record[2] = "decisions/1999-12-31"
		default:
			b := bytes.Clone(record[field].([]byte))
			b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
			record[field] = b
		}
	})
	return i, []reader.Kind{reader.WrongDetail}
}

func editBoth(t *testing.T, rng *rand.Rand, j *journal) (int, []reader.Kind) {
	i := rng.IntN(len(j.raw))
	j.raw[i] = recode(t, j.raw[i], func(record, leaf []any) {
		salt, detail := []byte("0123456789abcdef"), []byte("another")
		mac := hmac.New(sha256.New, salt)
		mac.Write(detail)
		record[0], record[2], record[3], record[4], leaf[12] = uint64(1), "", salt, detail, mac.Sum(nil)
	})
	return i, []reader.Kind{reader.Edited}
}

// swapDetails leaves two leaves where they are, each with the other's detail.
func swapDetails(t *testing.T, rng *rand.Rand, j *journal) (int, []reader.Kind) {
	i := rng.IntN(len(j.raw) - 1)
	k := i + 1 + rng.IntN(len(j.raw)-i-1)
	var one, other []any
	recode(t, j.raw[i], func(record, _ []any) { one = slices.Clone(record) })
	j.raw[k] = recode(t, j.raw[k], func(record, _ []any) {
		other = slices.Clone(record)
		record[0], record[2], record[3], record[4] = one[0], one[2], one[3], one[4]
	})
	j.raw[i] = recode(t, j.raw[i], func(record, _ []any) {
		record[0], record[2], record[3], record[4] = other[0], other[2], other[3], other[4]
	})
	return i, []reader.Kind{reader.WrongDetail}
}

func deleteEntries(_ *testing.T, rng *rand.Rand, j *journal) (int, []reader.Kind) {
	i := rng.IntN(len(j.raw))
	end := min(len(j.raw), i+1+rng.IntN(20))
	j.raw = slices.Delete(j.raw, i, end)
	if i == len(j.raw) {
		return i, []reader.Kind{reader.Truncated}
	}
	return i, []reader.Kind{reader.Deleted}
}

func reorder(_ *testing.T, rng *rand.Rand, j *journal) (int, []reader.Kind) {
	i := rng.IntN(len(j.raw) - 1)
	k := i + 1 + rng.IntN(len(j.raw)-i-1)
	j.raw[i], j.raw[k] = j.raw[k], j.raw[i]
	return i, []reader.Kind{reader.Reordered}
}

func insert(t *testing.T, rng *rand.Rand, j *journal) (int, []reader.Kind) {
	i := rng.IntN(len(j.raw))
	extra := recode(t, j.raw[i], func(_, leaf []any) { leaf[6] = "nobody" })
	j.raw = slices.Insert(j.raw, i, extra)
	return i, []reader.Kind{reader.Inserted}
}

func truncate(_ *testing.T, rng *rand.Rand, j *journal) (int, []reader.Kind) {
	j.raw = j.raw[:rng.IntN(len(j.raw))]
	return len(j.raw), []reader.Kind{reader.Truncated}
}

func garbage(_ *testing.T, rng *rand.Rand, j *journal) (int, []reader.Kind) {
	i := rng.IntN(len(j.raw))
	b := bytes.Clone(j.raw[i])
	b[rng.IntN(8)] ^= 0x40
	j.raw[i] = b
	return i, []reader.Kind{reader.Malformed, reader.WrongDetail, reader.Edited}
}

// flipBit changes one bit of a frame, of its padding, or of the header of a segment.
func flipBit(t *testing.T, rng *rand.Rand, d durable.Disk) (int, []reader.Kind) {
	all := frames(t, d, "audit")
	i := rng.IntN(len(all))
	at, bad := all[i].off+rng.Int64N(all[i].span), i
	switch rng.IntN(10) {
	case 0: // header of the segment
		at = rng.Int64N(512)
		for bad > 0 && all[bad-1].segment == all[i].segment {
			bad--
		}
	case 1: // zeros up to the next batch, if this frame ends one
		end := all[i].off + all[i].span
		if end%512 != 0 && (i+1 == len(all) || all[i+1].off != end) {
			at, bad = end+rng.Int64N(512-end%512), i+1
		}
	}
	change(t, d, all[i].segment, func(b []byte) []byte {
		b[at] ^= 1 << rng.IntN(8)
		return b
	})
	return bad, []reader.Kind{reader.Damaged, reader.Truncated}
}

func removeSegment(t *testing.T, rng *rand.Rand, d durable.Disk) (int, []reader.Kind) {
	all := frames(t, d, "audit")
	i := rng.IntN(len(all))
	for i > 0 && all[i-1].segment == all[i].segment {
		i--
	}
	if err := d.Remove(all[i].segment); err != nil {
		t.Fatal(err)
	}
	return i, []reader.Kind{reader.Damaged, reader.Truncated, reader.Deleted}
}

// TestMutations falsifies random logs 2,000 times, with DUKOU_LONG 10,000 times. Each
// must be found and the first bad entry named, without a witness, since the checkpoint
// was left alone, and without a key, though half of the logs have their details sealed.
func TestMutations(t *testing.T) {
	const seed, shards = 20261122, 4
	each := 2000 / shards
	if os.Getenv("DUKOU_LONG") != "" {
		each = 10_000 / shards
	}
	for shard := range uint64(shards) {
		t.Run(fmt.Sprint("shard ", shard), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, shard))
			var logs []*journal
			for i, n := range []int{2, 3, 7, 40, 255, 256, 257, 300} {
				if (uint64(i)+shard)%2 == 0 {
					logs = append(logs, buildOn(t, rng, n, sealJournal))
				} else {
					logs = append(logs, build(t, rng, n))
				}
			}
			t.Logf("seed %d, %d: %v", seed, shard, mutate(t, rng, logs, each))
		})
	}
}

// mutate falsifies one of the logs at a time, and counts what was done and found.
func mutate(t *testing.T, rng *rand.Rand, logs []*journal, times int) map[string]int {
	count := map[string]int{}
	all := mutations()
	for n := range times {
		m := all[n%len(all)]
		// Long logs are rarer, for the sake of time.
		j := *logs[min(rng.IntN(len(logs)), rng.IntN(len(logs)), rng.IntN(len(logs)))]
		j.raw = slices.Clone(j.raw)
		d := crashdisk.New(1)
		var bad int
		var kinds []reader.Kind
		if m.parts != nil {
			bad, kinds = m.parts(t, rng, &j)
		}
		j.write(t, d, "audit")
		if m.bytes != nil {
			bad, kinds = m.bytes(t, rng, d)
		}
		r := verify(t, d, "audit", nil)
		first, found := r.First()
		if !found || first.Index != int64(bad) || !slices.Contains(kinds, first.Kind) {
			t.Fatalf("mutation %d (%s) of %d entries: entry %d is bad\n%s", n, m.name, len(j.raw), bad, r.String())
		}
		count[m.name]++
	}
	return count
}

// TestOnlyWitnessKnowsTail takes entries, tiles and checkpoint back to an
// earlier moment: all that is there is sound, and only the witness knows more.
func TestOnlyWitnessKnowsTail(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	d := crashdisk.New(9)
	j := openJournal(t, d, "audit", 9)
	var moments []*journal
	for range 2 {
		for range 200 {
			j.Append(entry(rng))
		}
		if err := j.Flush(); err != nil {
			t.Fatal(err)
		}
		moments = append(moments, capture(t, d, j))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	before, after := moments[0], moments[1]
	if r := verify(t, d, "audit", before.witnessed); !r.OK() || r.Unproven || r.Witnessed != 200 {
		t.Errorf("with an older checkpoint of its witness:\n%s", r.String())
	}
	cut := crashdisk.New(10)
	before.write(t, cut, "audit")
	if r := verify(t, cut, "audit", nil); !r.OK() || !r.Unproven {
		t.Errorf("without a witness:\n%s", r.String())
	}
	r := verify(t, cut, "audit", after.witnessed)
	if first, _ := r.First(); first.Index != 200 || first.Kind != reader.Truncated {
		t.Errorf("with a witness:\n%s", r.String())
	}
	for _, n := range []int{150, 200} {
		r := verify(t, cut, "audit", build(t, rng, n).witnessed)
		if first, _ := r.First(); first.Kind != reader.Forked && first.Kind != reader.Rewritten {
			t.Errorf("with a witness of another log:\n%s", r.String())
		}
	}
}
