// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"

	"golang.org/x/mod/sumdb/note"
)

const (
	origin   = "dukou/guard-inner"
	segBytes = 96 << 10
)

// signer returns the key of name, the same each time.
func signer(t testing.TB, name string) audit.Signer {
	t.Helper()
	s, err := audit.NewSigner(name, key(name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func key(name string) ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	return ed25519.NewKeyFromSeed(seed)
}

func keys(t testing.TB) note.Verifiers { return note.VerifierList(signer(t, origin)) }

// config is a journal on d with a clock that stands still and chance from seed.
func config(t testing.TB, d durable.Disk, seed byte) audit.Config {
	return audit.Config{
		Dir: "audit", Origin: origin, Signer: signer(t, origin), Disk: d,
		Clock: func() time.Time { return time.UnixMilli(1_790_000_000_000) },
		Rand:  rand.NewChaCha8([32]byte{seed}), SegmentBytes: segBytes,
	}
}

func mustOpen(t testing.TB, c audit.Config) *audit.Journal {
	t.Helper()
	j, err := audit.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func entry(i int) audit.Entry {
	return audit.Entry{
		Class: audit.ClassDecision, Parcel: [16]byte{byte(i), byte(i >> 8), 1}, Flow: "credit-report",
		Subject: fmt.Sprintf("clerk-%d", i%7), Object: "report", Action: "read",
		Verdict: "allow", Label: []byte{0xa0}, Detail: []byte{0x19, byte(i >> 8), byte(i)},
	}
}

// fill appends entries from to to, and publishes.
func fill(t testing.TB, j *audit.Journal, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if ticket := j.Append(entry(i)); ticket.Index != uint64(i) {
			t.Fatalf("entry %d got index %d", i, ticket.Index)
		}
	}
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
}

// sound verifies the directory of a journal or mirror.
func sound(t testing.TB, d durable.Disk, dir string, entries int) {
	t.Helper()
	r, err := reader.Verify(dir, keys(t), reader.Options{Disk: d})
	if err != nil || !r.OK() || r.Entries != uint64(entries) || r.Size != r.Entries {
		t.Fatalf("%d entries: %v\n%s", entries, err, r.String())
	}
}

func TestRecordAndRead(t *testing.T) {
	d := crashdisk.New(1)
	c := config(t, d, 1)
	j := mustOpen(t, c)
	long := entry(0)
	long.Subject = strings.Repeat("é", 200)
	long.Object = "bad \xff bytes"
	if err := j.Append(long).Wait(); err != nil {
		t.Fatal(err)
	}
	records, err := j.Read(0, 10)
	if err != nil || len(records) != 1 {
		t.Fatal(len(records), err)
	}
	content, err := audit.DecodeRecord(records[0].Raw)
	if err != nil || content.CheckDetail() != nil {
		t.Fatal(err)
	}
	l := content.Leaf
	if len(l.Subject) > audit.MaxString || !strings.HasSuffix(l.Subject, "é…") || !utf8.ValidString(l.Object) {
		t.Errorf("subject of %d bytes %q, object %q", len(l.Subject), l.Subject, l.Object)
	}
	if l.Component != origin || l.Time != 1_790_000_000_000 || l.Class != audit.ClassDecision {
		t.Errorf("%+v", l)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(entry(1)).Wait(); !errors.Is(err, durable.ErrClosed) {
		t.Errorf("append after close: %v", err)
	}
}

func TestRefusedEntries(t *testing.T) {
	c := config(t, crashdisk.New(1), 1)
	c.SegmentBytes = 0 // small ones hold no biggest entry
	j := mustOpen(t, c)
	defer j.Close()
	for name, change := range map[string]func(*audit.Entry){
		"class":  func(e *audit.Entry) { e.Class = "gossip" },
		"time":   func(e *audit.Entry) { e.Time = -1 },
		"label":  func(e *audit.Entry) { e.Label = make([]byte, audit.MaxLabel+1) },
		"detail": func(e *audit.Entry) { e.Detail = make([]byte, audit.MaxDetail+1) },
	} {
		e := entry(0)
		change(&e)
		if err := j.Append(e).Wait(); !errors.Is(err, audit.ErrEntry) {
			t.Errorf("%s: %v", name, err)
		}
	}
	biggest := entry(0)
	biggest.Detail, biggest.Label = make([]byte, audit.MaxDetail), make([]byte, audit.MaxLabel)
	for _, s := range []*string{&biggest.Flow, &biggest.Subject, &biggest.Object, &biggest.Action, &biggest.Verdict, &biggest.Reason} {
		*s = strings.Repeat("x", 1000)
	}
	if err := j.Append(biggest).Wait(); err != nil || j.Next() != 1 {
		t.Errorf("the biggest entry: %v; %d entries", err, j.Next())
	}
}

// TestSizes opens, extends and verifies logs around the widths of tiles.
func TestSizes(t *testing.T) {
	d := crashdisk.New(1)
	c := config(t, d, 1)
	n := 0
	for _, size := range []int{0, 1, 2, 3, 255, 256, 257, 511, 512, 700, 1025} {
		j := mustOpen(t, c)
		fill(t, j, n, size)
		n = size
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		sound(t, d, c.Dir, n)
		cp, err := audit.OpenCheckpoint(j.Checkpoint(), keys(t))
		if err != nil || cp.Size != uint64(size) {
			t.Fatalf("checkpoint over %d of %d: %v", cp.Size, size, err)
		}
	}
}

// TestRebuild loses tiles: full ones come back from the records, partial ones are not missed.
func TestRebuild(t *testing.T) {
	for _, tc := range []struct {
		lost    string
		missing bool // to a verifier
		anew    bool // the whole tree is built
	}{
		{"tile/0/000", true, true}, // the partial tile above it is lost as well
		{"tile/0/002.p/188", false, false},
		{"tile/1/000.p/2", false, false},
	} {
		d := crashdisk.New(1)
		c := config(t, d, 1)
		var said bytes.Buffer
		c.Log = slog.New(slog.NewTextHandler(&said, nil))
		j := mustOpen(t, c)
		fill(t, j, 0, 700)
		if err := errors.Join(j.Close(), d.Remove("audit/tlog/"+tc.lost)); err != nil {
			t.Fatal(err)
		}
		if tc.missing {
			_ = d.Remove("audit/tlog/tile/1/000.p/2")
		}
		r, err := reader.Verify("audit", keys(t), reader.Options{Disk: d})
		if first, found := r.First(); err != nil || found != tc.missing || found && first.Kind != reader.MissingTile {
			t.Fatalf("%s: %v\n%s", tc.lost, err, r.String())
		}
		j = mustOpen(t, c)
		if anew := said.Len() > 0; anew != tc.anew {
			t.Errorf("%s: built anew: %v, %s", tc.lost, anew, said.String())
		}
		fill(t, j, 700, 710)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		sound(t, d, c.Dir, 710)
	}
}

// TestEdge: no partial tile is written at a checkpoint. The directory as it is then
// verifies and proves, and the next start makes the edge of the tree of the last records.
func TestEdge(t *testing.T) {
	for _, n := range []int{1, 255, 256, 700} {
		d := crashdisk.New(1)
		c := config(t, d, 1)
		j := mustOpen(t, c)
		var last audit.Ticket
		for i := range n {
			last = j.Append(entry(i))
		}
		if err := errors.Join(last.Wait(), j.Publish()); err != nil {
			t.Fatal(err)
		}
		d = d.Crash() // and nobody closed it
		if _, err := d.ReadDir(fmt.Sprintf("audit/tlog/tile/0/%03d.p", n/256)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%d entries: there are partial tiles: %v", n, err)
		}
		sound(t, d, c.Dir, n)
		for _, i := range []int{0, n / 2, n - 1} {
			proof, err := reader.ProveOn(d, c.Dir, uint64(i))
			if err != nil {
				t.Fatal(err)
			}
			if err := reader.CheckProof(proof, keys(t)); err != nil {
				t.Errorf("entry %d of %d: %v", i, n, err)
			}
		}
		var said bytes.Buffer
		c.Disk, c.Log = d, slog.New(slog.NewTextHandler(&said, nil))
		j = mustOpen(t, c)
		if said.Len() > 0 {
			t.Errorf("%d entries: %s", n, said.String())
		}
		fill(t, j, n, n+300)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		sound(t, d, c.Dir, n+300)
	}
}

// TestCheckpointInPlace: who reads the checkpoint while it is written over and over gets
// one that is signed, and none that is older than the one before.
func TestCheckpointInPlace(t *testing.T) {
	const rounds = 300
	m := &meter{Disk: durable.OS()}
	c := config(t, m, 1)
	c.Dir = t.TempDir()
	j := mustOpen(t, c)
	fill(t, j, 0, 1)
	created := m.cost().creates
	ended := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for last := uint64(1); last < rounds; {
				select {
				case <-ended:
					return
				default:
				}
				signed, err := audit.ReadCheckpoint(durable.OS(), c.Dir)
				if err != nil {
					t.Error(err)
					return
				}
				head, err := audit.OpenCheckpoint(signed, keys(t))
				if err != nil || head.Size < last {
					t.Errorf("size %d after %d: %v", head.Size, last, err)
					return
				}
				last = head.Size
			}
		})
	}
	for i := 1; i < rounds; i++ {
		if err := errors.Join(j.Append(entry(i)).Wait(), j.Publish()); err != nil {
			t.Fatal(err)
		}
	}
	readers.Wait()
	close(ended)
	if n := m.cost().creates - created; n > 2+2*2 { // two other lengths; a full tile, and a segment at most
		t.Errorf("%d files were made for %d checkpoints", n, rounds)
	}
	if err := errors.Join(os.Remove(filepath.Join(c.Dir, "tlog", "checkpoint")), j.Append(entry(rounds)).Wait(), j.Publish(), j.Close()); err != nil {
		t.Fatal(err)
	}
	sound(t, durable.OS(), c.Dir, rounds+1) // it was made anew
}

// TestFarBehind appends more entries than their hashes are kept for.
func TestFarBehind(t *testing.T) {
	const n = 17_000
	d := crashdisk.New(1)
	c := config(t, d, 1)
	c.SegmentBytes = 0
	j := mustOpen(t, c)
	fill(t, j, 0, n)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	sound(t, d, c.Dir, n)
}

func TestOpenRefusesOtherRecords(t *testing.T) {
	d := crashdisk.New(1)
	c := config(t, d, 1)
	j := mustOpen(t, c)
	fill(t, j, 0, 300)
	signed := j.Checkpoint()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	other := crashdisk.New(2)
	c2 := config(t, other, 2) // other salts, so another tree
	j = mustOpen(t, c2)
	fill(t, j, 0, 300)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFileOn(other, "audit/tlog/checkpoint", signed, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Open(c2); !errors.Is(err, audit.ErrFork) {
		t.Errorf("records of another log: %v", err)
	}
	short := crashdisk.New(3)
	c3 := config(t, short, 1)
	if err := durable.MkdirAllOn(short, "audit/tlog", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFileOn(short, "audit/tlog/checkpoint", signed, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Open(c3); !errors.Is(err, audit.ErrRollback) {
		t.Errorf("records removed: %v", err)
	}
	bad := bytes.Replace(signed, []byte("300"), []byte("299"), 1)
	if err := durable.WriteFileOn(short, "audit/tlog/checkpoint", bad, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Open(c3); !errors.Is(err, audit.ErrSignature) {
		t.Errorf("checkpoint changed: %v", err)
	}
}

// TestRun measures how far checkpoints are behind, on the real disk.
func TestRun(t *testing.T) {
	c := config(t, nil, 1)
	c.Dir = t.TempDir()
	j := mustOpen(t, c)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	look, late := time.NewTicker(time.Millisecond), time.After(20*time.Second)
	defer look.Stop()
	var worst time.Duration
	for i := range 30 {
		ticket := j.Append(entry(i))
		if err := ticket.Wait(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for covered(t, j) <= ticket.Index {
			select { // the journal has no event for this
			case <-look.C:
			case <-late:
				t.Fatal("no checkpoint")
			}
		}
		worst = max(worst, time.Since(began))
	}
	for i := 30; i < 500; i++ {
		j.Append(entry(i))
	}
	stop()
	if err := errors.Join(<-ended, j.Close()); err != nil {
		t.Fatal(err)
	}
	t.Logf("checkpoints were at most %v behind", worst.Round(time.Millisecond))
	sound(t, durable.OS(), c.Dir, 500)
}

func covered(t *testing.T, j *audit.Journal) uint64 {
	signed := j.Checkpoint()
	if signed == nil {
		return 0
	}
	c, err := audit.OpenCheckpoint(signed, keys(t))
	if err != nil {
		t.Fatal(err)
	}
	return c.Size
}

// TestManyWriters appends 100,000 entries, each waited for, and measures.
func TestManyWriters(t *testing.T) {
	const writers, each = 200, 500
	c := config(t, nil, 1)
	c.Dir, c.SegmentBytes = t.TempDir(), 0
	j := mustOpen(t, c)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	began := time.Now()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := j.Append(entry(w*each + i)).Wait(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	stop()
	if err := errors.Join(<-ended, j.Close()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d entries durable, each waited for by one of %d writers: %.0f/s", writers*each, writers, writers*each/took.Seconds())
	began = time.Now()
	sound(t, durable.OS(), c.Dir, writers*each)
	t.Logf("verified in %v", time.Since(began).Round(time.Millisecond))
}

func BenchmarkAppend(b *testing.B) {
	c := config(b, nil, 1)
	c.Dir, c.SegmentBytes = b.TempDir(), 0
	j := mustOpen(b, c)
	var last audit.Ticket
	for i := 0; b.Loop(); i++ {
		last = j.Append(entry(i))
	}
	if err := errors.Join(last.Wait(), j.Close()); err != nil {
		b.Fatal(err)
	}
}
