// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package reader_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"
	"dukou.dev/dukou/internal/vault"
)

const vectorDir = "../testdata"

// vector is one log of testdata, sound or broken in one way.
type vector struct {
	name  string
	parts func(t *testing.T, j *journal)
	files func(t *testing.T, d durable.Disk)
}

func vectors(before, other *journal) []vector {
	return []vector{
		{name: "valid"},
		{name: "edited", parts: func(t *testing.T, j *journal) {
			j.raw[3] = recode(t, j.raw[3], func(_, leaf []any) { leaf[6] = "nobody" })
		}},
		{name: "deleted", parts: func(_ *testing.T, j *journal) { j.raw = slices.Delete(j.raw, 3, 4) }},
		{name: "reordered", parts: func(_ *testing.T, j *journal) { j.raw[3], j.raw[5] = j.raw[5], j.raw[3] }},
		{name: "inserted", parts: func(_ *testing.T, j *journal) { j.raw = slices.Insert(j.raw, 3, other.raw[3]) }},
		{name: "truncated", parts: func(_ *testing.T, j *journal) { j.raw = j.raw[:5] }},
		{name: "rolled-back", parts: func(_ *testing.T, j *journal) { *j = *before }},
		{name: "rewritten", parts: func(_ *testing.T, j *journal) {
			checkpoint := j.checkpoint
			*j = *other
			j.tlog["checkpoint"] = checkpoint
		}},
		{name: "malformed", parts: func(_ *testing.T, j *journal) {
			j.raw[3] = bytes.Clone(j.raw[3])
			j.raw[3][0] ^= 0x20
		}},
		{name: "detail", parts: func(t *testing.T, j *journal) {
			j.raw[3] = recode(t, j.raw[3], func(record, _ []any) { record[4] = []byte{0xa0} })
		}},
		{name: "signature", files: flipFile("checkpoint", -10)},
		{name: "no-partial-tile", files: removeFile("tile/0/000.p/8")}, // nothing is wrong
		{name: "wrong-tile", files: flipFile("tile/0/000.p/8", 100)},
		{name: "bit-flip", files: func(t *testing.T, d durable.Disk) {
			f := frames(t, d, "audit")[3]
			change(t, d, f.segment, func(b []byte) []byte { b[f.off+40] ^= 1; return b })
		}},
		{name: "torn-tail", files: func(t *testing.T, d durable.Disk) {
			f := frames(t, d, "audit")[7]
			change(t, d, f.segment, func(b []byte) []byte { clear(b[f.off/512*512+512:]); return b })
		}},
	}
}

// TestVectors verifies every log of testdata and compares what is found with
// its file "expect". With -update the logs are made anew.
func TestVectors(t *testing.T) {
	if *update {
		makeVectors(t)
	}
	dirs, err := filepath.Glob(filepath.Join(vectorDir, "*", "expect"))
	if err != nil || len(dirs) < 15 {
		t.Fatal(dirs, err)
	}
	for _, expect := range dirs {
		dir := filepath.Dir(expect)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			want, err := os.ReadFile(expect)
			if err != nil {
				t.Fatal(err)
			}
			if got := findings(t, dir); got != string(want) {
				t.Errorf("found\n%swant\n%s", got, want)
			}
		})
	}
}

var update = flag.Bool("update", false, "make the logs of testdata anew")

// findings are those without and with the witness.
func findings(t *testing.T, dir string) string {
	witness, err := os.ReadFile(filepath.Join(dir, "witness")) // of a log of its own
	if err != nil {
		witness, err = os.ReadFile(filepath.Join(vectorDir, "witness"))
	}
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	r := verify(t, durable.OS(), dir, nil)
	fmt.Fprintf(&b, "without witness: %s\n", summary(&r))
	r = verify(t, durable.OS(), dir, witness)
	fmt.Fprintf(&b, "with witness: %s\n", summary(&r))
	return b.String()
}

func summary(r *reader.Report) string {
	first, found := r.First()
	switch {
	case !found && r.Unproven:
		return "ok, tail unproven"
	case !found:
		return "ok"
	case first.Index == reader.NoIndex:
		return string(first.Kind)
	}
	return fmt.Sprintf("entry %d %s", first.Index, first.Kind)
}

func makeVectors(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 11))
	d := crashdisk.New(1)
	j := openJournal(t, d, "audit", 1)
	var moments []*journal
	for range 2 {
		for range 4 {
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
	save(t, filepath.Join(vectorDir, "witness"), moments[1].witnessed)
	other := build(t, rng, 8)
	for _, v := range vectors(moments[0], other) {
		saveVector(t, v, *moments[1], nil)
	}
	hidden := buildOn(t, rng, 8, sealJournal)
	for _, v := range sealedVectors() {
		saveVector(t, v, *hidden, hidden.witnessed)
	}
}

// saveVector writes what v makes of a log, and what is found in it.
func saveVector(t *testing.T, v vector, log journal, witness []byte) {
	log.raw = slices.Clone(log.raw)
	if v.parts != nil {
		v.parts(t, &log)
	}
	d := crashdisk.New(1)
	log.write(t, d, "audit")
	if v.files != nil {
		v.files(t, d)
	}
	dir := filepath.Join(vectorDir, v.name)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	export(t, d, "audit", dir)
	if witness != nil {
		save(t, filepath.Join(dir, "witness"), witness)
	}
	save(t, filepath.Join(dir, "expect"), []byte(findings(t, dir)))
	if v.name == "sealed" {
		save(t, filepath.Join(dir, "details"), []byte(opened(t, dir)))
	}
}

// sealedVectors are logs whose details are sealed: entries 0 to 2 by the key of a disk,
// which is 01 and 31 zeros, the others by that of their day, which is 02 and 31 zeros.
func sealedVectors() []vector {
	beside := func(change func(record []any)) func(*testing.T, *journal) {
		return func(t *testing.T, j *journal) {
			j.raw[3] = recode(t, j.raw[3], func(record, _ []any) { change(record) })
		}
	}
	flip := func(field any) []byte {
		b := bytes.Clone(field.([]byte))
		b[len(b)/2] ^= 1
		return b
	}
	return []vector{
		{name: "sealed"},
		{name: "sealed-detail", parts: beside(func(r []any) { r[4] = flip(r[4]) })},
		{name: "sealed-digest", parts: beside(func(r []any) { r[3] = flip(r[3]) })},
		{name: "sealed-key", parts: beside(func(r []any) { r[2] = "decisions/local" })},
		{name: "sealed-malformed", parts: beside(func(r []any) { r[2] = "decisions" })},
		{name: "sealed-version", parts: beside(func(r []any) { r[0] = uint64(1) })},
	}
}

// opened is the name of the key and the detail of each entry, in hex.
func opened(t *testing.T, dir string) string {
	var b strings.Builder
	details := &reader.Details{Key: func(_ string, id audit.KeyID) (vault.Key, error) {
		if id.Day == audit.NoDay {
			return vault.Key{1}, nil
		}
		return vault.Key{2}, nil
	}}
	if err := reader.Show(dir, reader.Filter{Details: details}, func(e reader.Entry) error {
		id, _ := e.Sealed()
		fmt.Fprintf(&b, "%s %x\n", id, e.Detail)
		return e.Closed
	}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestSealedVector opens the details of the vector.
func TestSealedVector(t *testing.T) {
	want, err := os.ReadFile(filepath.Join(vectorDir, "sealed", "details"))
	if err != nil {
		t.Fatal(err)
	}
	if got := opened(t, filepath.Join(vectorDir, "sealed")); got != string(want) || strings.Count(got, "/local ") != 3 {
		t.Errorf("opened\n%swant\n%s", got, want)
	}
}

// export copies a directory to the real disk, without the zeros at the end of segments.
func export(t *testing.T, d durable.Disk, from, to string) {
	names, err := d.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := durable.ReadFileOn(d, filepath.Join(from, name), 1<<20)
		if err != nil {
			export(t, d, filepath.Join(from, name), filepath.Join(to, name))
			continue
		}
		if filepath.Ext(name) == ".seg" {
			b = bytes.TrimRight(b, "\x00")
			b = append(b, make([]byte, (512-len(b)%512)%512)...)
		}
		save(t, filepath.Join(to, name), b)
	}
}

func save(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, fs.FileMode(0o644)); err != nil {
		t.Fatal(err)
	}
}
