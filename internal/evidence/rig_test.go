// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
	"dukou.dev/dukou/internal/vault"
)

func TestMain(m *testing.M) {
	if os.Getenv(childURL) != "" {
		os.Exit(indexForEver())
	}
	os.Exit(storetest.Main(m))
}

// start is the time around which all tests are: nothing depends on today.
func start() time.Time { return time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC) }

// rig is a set of real journals, and what was written to them.
type rig struct {
	t        testing.TB
	dir      string
	journals map[string]*audit.Journal
	written  []written // in order of writing
}

type written struct {
	log   string
	index uint64
	entry audit.Entry
}

func newRig(t testing.TB) *rig {
	r := &rig{t: t, dir: t.TempDir(), journals: map[string]*audit.Journal{}}
	t.Cleanup(func() {
		for _, j := range r.journals {
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return r
}

func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// detailKey seals the details of all journals.
func detailKey() vault.Key { return vault.Key(sha256.Sum256([]byte("details"))) }

func (r *rig) journal(name string) *audit.Journal {
	if j := r.journals[name]; j != nil {
		return j
	}
	signer, err := audit.NewSigner(audit.Origin(name), keyOf(name))
	if err != nil {
		r.t.Fatal(err)
	}
	key := detailKey()
	j, err := audit.Open(audit.Config{Dir: filepath.Join(r.dir, name), Origin: audit.Origin(name), Signer: signer, Local: &key, SegmentBytes: 64 << 10})
	if err != nil {
		r.t.Fatal(err)
	}
	r.journals[name] = j
	return j
}

// write appends an entry, which is signed with the next call of sign.
func (r *rig) write(log string, e audit.Entry) uint64 {
	t := r.journal(log).Append(e)
	r.written = append(r.written, written{log, t.Index, e})
	return t.Index
}

func (r *rig) sign() {
	for _, j := range r.journals {
		if err := j.Flush(); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rig) logs() []evidence.Log {
	var list []evidence.Log
	for name := range r.journals {
		list = append(list, evidence.Log{Origin: audit.Origin(name), Dir: filepath.Join(r.dir, name)})
	}
	return list
}

// open opens an index of the rig's logs and fills it.
func (r *rig) open(db *store.DB, change ...func(*evidence.Config)) *evidence.Index {
	r.t.Helper()
	c := evidence.Config{Logs: r.logs, Now: start}
	for _, fn := range change {
		fn(&c)
	}
	x, err := evidence.Open(context.Background(), db, c)
	if err == nil {
		x.SetBounds(200_000, 32<<10)
		err = x.CatchUp(context.Background())
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return x
}

// all walks through all pages of a search.
func all(t testing.TB, x *evidence.Index, s evidence.Scope, q evidence.Query) []evidence.Found {
	t.Helper()
	var found []evidence.Found
	for range 100_000 {
		page, err := x.Search(context.Background(), s, q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		found = append(found, page.Entries...)
		if page.Next == "" {
			return found
		}
		q.After = page.Next
	}
	t.Fatal("the search has no end")
	return nil
}

func names(found []evidence.Found) []string {
	list := make([]string, len(found))
	for i, f := range found {
		list[i] = fmt.Sprintf("%s/%d", f.Log, f.Index)
	}
	return list
}

// sealedLabel is a label as a parcel brings it.
func sealedLabel(level, integrity label.Level, purpose string) []byte {
	l := label.Label{
		Version: label.Version, Class: label.Class{Confidentiality: level, Integrity: integrity}, Subject: "out/p", Assurance: label.ByToken,
		Object: "in/o", Action: "read", Protocol: "http", Purpose: purpose, Maker: "front-out", Number: 1, NotAfter: 1, Binding: sha256.Sum256([]byte(purpose)),
	}
	return canon.Must(label.Sealed{Body: canon.Must(l), Tags: []label.Tag{}})
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// fill writes n random entries of three logs, over three weeks.
func (r *rig) fill(rng *rand.Rand, n int) {
	parcels := make([][16]byte, n/6+1)
	for i := range parcels {
		for j := range parcels[i] {
			parcels[i][j] = byte(rng.Uint32())
		}
	}
	for range n {
		e := audit.Entry{
			Time:    start().Add(-time.Duration(rng.IntN(21*24*3600)) * time.Second).UnixMilli(),
			Class:   pick(rng, audit.ClassDecision, audit.ClassDecision, audit.ClassDelivery, audit.ClassSession, audit.ClassPolicy, audit.ClassAdmin, audit.ClassHealth),
			Verdict: pick(rng, "allow", "allow", "refuse", "answered"),
			Flow:    pick(rng, "", "batch", "Report_%1"),
			Action:  pick(rng, "read", "write"),
			Subject: pick(rng, "", fmt.Sprintf("out/person-%03d", rng.IntN(200)), "out/Portal", "in/批处理"),
			Object:  pick(rng, "", "in/reports", fmt.Sprintf("/api/things/%04d", rng.IntN(500))),
		}
		if e.Verdict == "refuse" {
			e.Reason = pick(rng, "label-level", "rate-limited")
		}
		switch e.Class {
		case audit.ClassDecision:
			e.Label = pick(rng, sealedLabel(3, 4, "inquiry"), sealedLabel(4, 2, "batch"), []byte("not a label"))
			e.Parcel = pick(rng, parcels...)
		case audit.ClassDelivery:
			e.Parcel = pick(rng, parcels...)
		case audit.ClassAdmin:
			e.Detail = canon.Must(map[string]string{"from": pick(rng, "10.0.0.1", "10.0.0.2"), "session": "s", "note": ""})
		}
		r.write(pick(rng, "front-out", "guard-inner", "center"), e)
	}
	r.sign()
}

// newestFirst sorts what was written as searches give it.
func (r *rig) newestFirst() []written {
	list := slices.Clone(r.written)
	slices.SortFunc(list, func(a, b written) int {
		switch {
		case a.entry.Time != b.entry.Time:
			return int(b.entry.Time - a.entry.Time)
		case a.log != b.log:
			if a.log < b.log { // numbers are given in the order of names
				return 1
			}
			return -1
		default:
			return int(b.index) - int(a.index)
		}
	})
	return list
}
