// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package reader_test

import (
	"crypto/ed25519"
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"
	"dukou.dev/dukou/internal/vault"

	"golang.org/x/mod/sumdb/note"
)

const (
	origin      = "dukou/guard-inner"
	witnessName = "dukou/guard-outer/witness"
	segBytes    = 96 << 10
)

func key(name string) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	return ed25519.NewKeyFromSeed(seed)
}

func signer(t testing.TB) audit.Signer {
	t.Helper()
	s, err := audit.NewSigner(origin, key(origin))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keys(t testing.TB) note.Verifiers { return note.VerifierList(signer(t)) }

func witnessKeys(t testing.TB) note.Verifiers {
	t.Helper()
	v, err := audit.NewWitnessVerifier(witnessName, key(witnessName).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return note.VerifierList(v)
}

func openJournal(t testing.TB, d durable.Disk, dir string, seed byte) *audit.Journal {
	t.Helper()
	j, err := audit.Open(audit.Config{
		Dir: dir, Origin: origin, Signer: signer(t), Disk: d, SegmentBytes: segBytes,
		Clock: func() time.Time { return time.UnixMilli(1_790_000_000_000) },
		Rand:  rand.NewChaCha8([32]byte{seed}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// sealJournal is one that seals its details: the first half by leased keys.
func sealJournal(t testing.TB, d durable.Disk, dir string, seed byte) *audit.Journal {
	t.Helper()
	j, err := audit.Open(audit.Config{
		Dir: dir, Origin: origin, Signer: signer(t), Disk: d, SegmentBytes: segBytes, Local: &vault.Key{1},
		Rand: rand.NewChaCha8([32]byte{seed}),
	})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	j.UseKeys(func(string, uint64) ([32]byte, bool) { asked++; return [32]byte{2}, asked > 3 })
	return j
}

// entry never has 512 zeros in a row, so that no damage to it looks like a lost sector.
func entry(rng *rand.Rand) audit.Entry {
	detail := make([]byte, rng.IntN(700))
	for i := range detail {
		detail[i] = byte(1 + rng.IntN(255))
	}
	return audit.Entry{
		Time: 1_790_000_000_000 + rng.Int64N(1000), Class: audit.ClassDecision, Parcel: [16]byte{byte(rng.Uint32())},
		Flow: "credit-report", Subject: "clerk", Object: "report", Action: "read", Verdict: "allow", Detail: detail,
	}
}

// journal is a log in parts, so that it can be falsified and put together again.
type journal struct {
	raw        [][]byte
	tlog       map[string][]byte // files under tlog/
	checkpoint []byte
	witnessed  []byte // cosigned
}

// build makes a journal of n entries and has it witnessed.
func build(t testing.TB, rng *rand.Rand, n int) *journal {
	t.Helper()
	return buildOn(t, rng, n, openJournal)
}

func buildOn(t testing.TB, rng *rand.Rand, n int, open func(testing.TB, durable.Disk, string, byte) *audit.Journal) *journal {
	t.Helper()
	d := crashdisk.New(rng.Uint64())
	j := open(t, d, "audit", byte(rng.Uint32()))
	for range n {
		j.Append(entry(rng))
		if rng.IntN(5) == 0 {
			if err := j.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	out := capture(t, d, j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

// capture copies what is on d at this moment.
func capture(t testing.TB, d durable.Disk, j *audit.Journal) *journal {
	t.Helper()
	out := &journal{tlog: map[string][]byte{}, checkpoint: j.Checkpoint()}
	for next, n := uint64(0), j.Next(); next < n; next = uint64(len(out.raw)) {
		records, err := j.Read(next, int(n))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			out.raw = append(out.raw, r.Raw)
		}
	}
	collect(t, d, "audit/tlog", out.tlog)
	out.witnessed = cosign(t, out.checkpoint)
	return out
}

func cosign(t testing.TB, checkpoint []byte) []byte {
	t.Helper()
	w, err := audit.OpenWitness(audit.WitnessConfig{
		Dir: "w", Name: witnessName, Key: key(witnessName), Keys: keys(t), Disk: crashdisk.New(1),
		Clock: func() time.Time { return time.Unix(1_790_000_000, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	cosigned, err := w.Update(checkpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cosigned
}

func collect(t testing.TB, d durable.Disk, dir string, into map[string][]byte) {
	t.Helper()
	names, err := d.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		name = filepath.Join(dir, name)
		b, err := durable.ReadFileOn(d, name, 1<<20)
		if err != nil {
			collect(t, d, name, into)
			continue
		}
		into[strings.TrimPrefix(name, "audit/tlog/")] = b
	}
}

// write puts j on a new disk, in dir, with checksums that are right.
func (j *journal) write(t testing.TB, d durable.Disk, dir string) {
	t.Helper()
	l, err := durable.OpenLog(filepath.Join(dir, "journal"), durable.LogOptions{
		Disk: d, MaxRecord: segBytes / 2, SegmentBytes: segBytes, Rand: rand.NewChaCha8([32]byte{1}),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, raw := range j.raw {
		l.Append(raw)
		if i%5 == 0 {
			if err := l.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for name, b := range j.tlog {
		name = filepath.Join(dir, "tlog", name)
		if err := durable.MkdirAllOn(d, filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := durable.WriteFileOn(d, name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// frame is where a record lies in a segment file.
type frame struct {
	segment   string
	off, span int64
}

// frames finds the records of the log in dir.
func frames(t testing.TB, d durable.Disk, dir string) (found []frame) {
	t.Helper()
	names, err := d.ReadDir(filepath.Join(dir, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.HasSuffix(name, ".seg") {
			continue
		}
		name = filepath.Join(dir, "journal", name)
		b, err := durable.ReadFileOn(d, name, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for off := int64(512); off+16 <= int64(len(b)); {
			size := int64(binary.BigEndian.Uint32(b[off:]))
			if size > 0 {
				span := (16 + size + 15) / 16 * 16
				found = append(found, frame{name, off, span})
				off += span
				continue
			}
			next := (off + 511) / 512 * 512
			if next == off { // a sector of zeros ends the segment
				break
			}
			off = next
		}
	}
	return found
}

// change edits a file in place.
func change(t testing.TB, d durable.Disk, name string, fn func(b []byte) []byte) {
	t.Helper()
	b, err := durable.ReadFileOn(d, name, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFileOn(d, name, fn(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// recode takes a record apart as CBOR arrays, lets fn change it, and puts it together.
func recode(t testing.TB, raw []byte, fn func(record, leaf []any)) []byte {
	t.Helper()
	var record, leaf []any
	if err := canon.Unmarshal(raw, &record); err != nil {
		t.Fatal(err)
	}
	if err := canon.Unmarshal(record[1].([]byte), &leaf); err != nil {
		t.Fatal(err)
	}
	fn(record, leaf)
	record[1] = canon.Must(leaf)
	return canon.Must(record)
}

func verify(t testing.TB, d durable.Disk, dir string, witness []byte) reader.Report {
	t.Helper()
	o := reader.Options{Disk: d}
	if witness != nil {
		o.Witness, o.WitnessKeys = witness, witnessKeys(t)
	}
	r, err := reader.Verify(dir, keys(t), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
