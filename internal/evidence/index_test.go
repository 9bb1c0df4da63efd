// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

// answers are what an index says to a few questions.
func answers(t testing.TB, x *evidence.Index) any {
	t.Helper()
	var list []any
	for _, q := range []evidence.Query{
		{}, {Text: "person-1"}, {Is: map[evidence.Field][]string{evidence.FieldVerdict: {"refuse"}}, From: start().Add(-100 * time.Hour)},
	} {
		list = append(list, all(t, x, evidence.Everything(), q))
	}
	c, err := x.Count(context.Background(), evidence.Everything(), evidence.CountQuery{By: evidence.FieldReason, Query: evidence.Query{From: start().Add(-20 * 24 * time.Hour)}})
	if err != nil {
		t.Fatal(err)
	}
	return append(list, c)
}

// TestDatabaseDeleted: the same answers come back from the logs.
func TestDatabaseDeleted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRig(t)
		r.fill(rand.New(rand.NewPCG(1, 1)), 300)
		x := r.open(db, withAddresses)
		before := answers(t, x)
		if err := x.Rebuild(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := all(t, x, evidence.Everything(), evidence.Query{}); len(got) != 0 {
			t.Errorf("%d entries in an empty index", len(got))
		}
		if err := x.CatchUp(context.Background()); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(before, answers(t, x)) {
			t.Error("other answers after Rebuild")
		}
		if !reflect.DeepEqual(before, answers(t, r.open(storetest.SQLite(t), withAddresses))) {
			t.Error("other answers from a new database")
		}
		if !reflect.DeepEqual(before, answers(t, r.open(db, withAddresses))) {
			t.Error("other answers after a restart")
		}
	})
}

// TestOnlySigned: what no checkpoint covers yet could not be proven, and is not found.
func TestOnlySigned(t *testing.T) {
	r := newRig(t)
	r.write("center", audit.Entry{Class: audit.ClassAdmin, Verdict: "allow"})
	r.sign()
	r.write("center", audit.Entry{Class: audit.ClassAdmin, Verdict: "refuse"})
	x := r.open(storetest.SQLite(t))
	if got := all(t, x, evidence.Everything(), evidence.Query{}); len(got) != 1 {
		t.Errorf("%d entries of one that is signed", len(got))
	}
	r.sign()
	if err := x.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := all(t, x, evidence.Everything(), evidence.Query{}); len(got) != 2 {
		t.Errorf("%d entries of two", len(got))
	}
	if s := x.Status(); len(s) != 1 || s[0].Indexed != 2 || s[0].Signed != 2 || s[0].Error != "" {
		t.Errorf("status %+v", s)
	}
}

// The environment of a child process that indexes for ever.
const (
	childURL  = "EVIDENCE_TEST_DATABASE"
	childLogs = "EVIDENCE_TEST_LOGS"
)

// indexForEver is the child of TestKilled: it indexes, empties the index when it is full,
// and begins again.
func indexForEver() int {
	ctx := context.Background()
	db, err := store.Open(ctx, os.Getenv(childURL))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	x, err := evidence.Open(ctx, db, evidence.Config{Logs: func() []evidence.Log { return logsIn(os.Getenv(childLogs)) }, Now: start})
	for first := true; err == nil; first = false {
		if !first {
			if err = x.Rebuild(ctx); err != nil {
				break
			}
		}
		fmt.Println("begun")
		err = x.CatchUp(ctx)
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func logsIn(dir string) []evidence.Log {
	var list []evidence.Log
	for _, name := range []string{"center", "front-out", "guard-inner"} {
		list = append(list, evidence.Log{Origin: audit.Origin(name), Dir: filepath.Join(dir, name)})
	}
	return list
}

// TestKilled kills a process that fills the index, again and again: what another one
// finds then is all entries, each once.
func TestKilled(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	r := newRig(t)
	r.fill(rng, 4000)
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			url := "sqlite:" + filepath.Join(t.TempDir(), "center.db")
			if kind == "postgres" {
				url = storetest.Postgres(t)
			}
			for range 4 {
				killOnce(t, url, r.dir, time.Duration(rng.IntN(250))*time.Millisecond)
			}
			db, err := store.Open(context.Background(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			x := r.open(db)
			var want []string
			for _, w := range r.newestFirst() {
				want = append(want, fmt.Sprintf("%s/%d", w.log, w.index))
			}
			if got := names(all(t, x, evidence.Everything(), evidence.Query{Limit: 500})); !slices.Equal(got, want) {
				t.Errorf("seed %d: %d entries, want %d", seed, len(got), len(want))
			}
			c, err := x.Count(context.Background(), evidence.Everything(), evidence.CountQuery{Query: evidence.Query{To: start().Add(time.Hour)}})
			if err != nil || len(c.Counts) != 1 || c.Counts[0].N != int64(len(want)) {
				t.Errorf("seed %d: counted %+v, %v; want %d", seed, c, err, len(want))
			}
		})
	}
}

// killOnce runs a child and kills it so long after it has begun to index.
func killOnce(t *testing.T, url, logs string, after time.Duration) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=none")
	c.Env = append(os.Environ(), childURL+"="+url, childLogs+"="+logs)
	var said strings.Builder
	c.Stderr = &said
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 16)); err != nil {
		t.Errorf("the child did not begin: %v", err)
	}
	kill := time.AfterFunc(after, func() { _ = c.Process.Kill() })
	defer kill.Stop()
	if err := c.Wait(); err == nil || said.Len() > 0 {
		t.Fatalf("the child ended by itself: %v, %s", err, said.String())
	}
}

// TestRunFollows: Run finds what is written while it runs, and a log that appears later.
func TestRunFollows(t *testing.T) {
	r := newRig(t)
	r.write("center", audit.Entry{Class: audit.ClassAdmin, Verdict: "allow", Subject: "first"})
	r.sign()
	logs := make(chan []evidence.Log, 1)
	logs <- r.logs()
	x := r.open(storetest.SQLite(t), func(c *evidence.Config) {
		c.Logs = func() []evidence.Log {
			l := <-logs
			logs <- l
			return l
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- x.Run(ctx) }()
	r.write("center", audit.Entry{Class: audit.ClassAdmin, Verdict: "allow", Subject: "second"})
	r.write("front-out", audit.Entry{Class: audit.ClassSession, Verdict: "info", Subject: "third"})
	r.sign()
	<-logs
	logs <- r.logs()
	x.Wake()
	deadline := time.Now().Add(20 * time.Second)
	for len(all(t, x, evidence.Everything(), evidence.Query{})) < 3 {
		if time.Now().After(deadline) {
			t.Fatalf("not all was found: %+v", x.Status())
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestHostileEntries: whatever a log says of itself, it is indexed, and nothing else
// suffers for it.
func TestHostileEntries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRig(t)
		long := strings.Repeat("日", 300)
		for _, e := range []audit.Entry{
			{Class: audit.ClassDecision, Time: 1<<63 - 1, Subject: "a\x00b", Flow: "\x00", Verdict: "refuse"},
			{Class: audit.ClassDecision, Time: 1, Subject: long, Object: long, Flow: long, Action: long, Reason: long, Verdict: long},
			{Class: audit.ClassDecision, Time: start().UnixMilli(), Subject: "'; DROP TABLE evidence; --", Object: "%_!\\", Label: make([]byte, 4096)},
			{Class: audit.ClassAdmin, Time: start().UnixMilli(), Detail: []byte("not CBOR")},
		} {
			r.write("front-out", e)
		}
		for i := range 3000 { // all at the same time, and each of another kind
			r.write("guard-inner", audit.Entry{Class: audit.ClassDecision, Time: 5, Flow: fmt.Sprint("flow-", i), Reason: fmt.Sprint(i), Verdict: "refuse", Subject: fmt.Sprint("s", i)})
		}
		r.sign()
		x, err := evidence.Open(context.Background(), db, evidence.Config{Logs: r.logs, Now: start, Own: own})
		if err != nil {
			t.Fatal(err)
		}
		x.SetBounds(200_000, 100)
		if err := x.CatchUp(context.Background()); err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]int{"a\x00b": 1, "DROP TABLE": 1, "%_!\\": 1, "日日": 1, "s2999": 1} {
			if got := all(t, x, evidence.Everything(), evidence.Query{Text: text}); len(got) != want {
				t.Errorf("text %q: %d entries, want %d", text, len(got), want)
			}
		}
		if got := all(t, x, evidence.Everything(), evidence.Query{Is: map[evidence.Field][]string{evidence.FieldLog: {"guard-inner"}}, Limit: 500}); len(got) != 3000 {
			t.Errorf("%d entries of 3000", len(got))
		}
		got := all(t, x, evidence.Everything(), evidence.Query{Is: map[evidence.Field][]string{evidence.FieldFlow: {"…"}}, Limit: 500})
		if len(got) != 2900 {
			t.Errorf("%d entries without their flow, want 2900", len(got))
		}
	})
}

// TestPrune removes a class up to an hour, and no more; Keep has it stay away.
func TestPrune(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := newRig(t)
		r.fill(rand.New(rand.NewPCG(7, 7)), 1500)
		cut := start().Add(-5 * 24 * time.Hour).Truncate(time.Hour)
		x := r.open(db)
		var want []string
		gone := int64(0)
		for _, w := range r.newestFirst() {
			if w.entry.Class == audit.ClassDecision && w.entry.Time < cut.UnixMilli() {
				gone++
			} else {
				want = append(want, fmt.Sprintf("%s/%d", w.log, w.index))
			}
		}
		n, err := x.Prune(context.Background(), audit.ClassDecision, cut.Add(59*time.Minute))
		if err != nil || n != gone {
			t.Errorf("%d removed, want %d: %v", n, gone, err)
		}
		query := evidence.Query{Limit: 500}
		if got := names(all(t, x, evidence.Everything(), query)); !slices.Equal(got, want) {
			t.Errorf("%d left, want %d", len(got), len(want))
		}
		c, err := x.Count(context.Background(), evidence.Everything(), evidence.CountQuery{Query: evidence.Query{To: start().Add(time.Hour)}})
		if err != nil || len(c.Counts) != 1 || c.Counts[0].N != int64(len(want)) {
			t.Errorf("counted %+v, %v; want %d", c, err, len(want))
		}
		kept := r.open(storetest.SQLite(t), func(c *evidence.Config) {
			c.Now = func() time.Time { return cut.Add(evidence.MinKeep) }
			c.Keep = func(class audit.Class, _ string, at int64) bool {
				return class != audit.ClassDecision || at >= cut.UnixMilli()
			}
		})
		if got := names(all(t, kept, evidence.Everything(), query)); !slices.Equal(got, want) {
			t.Errorf("%d kept, want %d", len(got), len(want))
		}
		for _, class := range []audit.Class{audit.ClassDelivery, audit.ClassSession, audit.ClassPolicy, audit.ClassAdmin, audit.ClassHealth, audit.ClassDecision} {
			if _, err := x.Prune(context.Background(), class, start().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		var words int
		if err := db.QueryRowContext(context.Background(), `SELECT COUNT(*) FROM evidence_words`).Scan(&words); err != nil || words != 0 {
			t.Errorf("%d words are left of nothing: %v", words, err)
		}
	})
}

// TestNobodySwitchesOff: decisions, policy and administrators' acts are indexed while they
// are young, whatever Keep says.
func TestNobodySwitchesOff(t *testing.T) {
	r := newRig(t)
	classes := []audit.Class{audit.ClassDecision, audit.ClassPolicy, audit.ClassAdmin, audit.ClassSession, audit.ClassHealth}
	for _, age := range []time.Duration{time.Hour, evidence.MinKeep + time.Hour} {
		for _, class := range classes {
			r.write("center", audit.Entry{Class: class, Verdict: "info", Time: start().Add(-age).UnixMilli()})
		}
	}
	r.sign()
	x := r.open(storetest.SQLite(t), func(c *evidence.Config) { c.Keep = func(audit.Class, string, int64) bool { return false } })
	if got := names(all(t, x, evidence.Everything(), evidence.Query{})); !slices.Equal(got, []string{"center/2", "center/1", "center/0"}) {
		t.Errorf("indexed: %v", got)
	}
}

// TestAdd adds leaves in pieces that overlap, and refuses a gap.
func TestAdd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		x, err := evidence.Open(context.Background(), db, evidence.Config{Logs: func() []evidence.Log { return nil }, Now: start})
		if err != nil {
			t.Fatal(err)
		}
		leaves := make([]audit.Leaf, 300)
		for i := range leaves {
			leaves[i] = audit.Leaf{Component: "dukou/a", Class: audit.ClassSession, Time: int64(i), Verdict: "info", Subject: fmt.Sprint(i)}
		}
		ctx := context.Background()
		for _, span := range [][2]int{{0, 100}, {50, 150}, {0, 150}, {150, 300}, {299, 300}} {
			if err := x.Add(ctx, "dukou/a", uint64(span[0]), leaves[span[0]:span[1]]); err != nil {
				t.Fatal(err)
			}
		}
		if err := x.Add(ctx, "dukou/a", 301, leaves[:1]); err == nil {
			t.Error("a gap was taken")
		}
		if got := all(t, x, evidence.Everything(), evidence.Query{Limit: 500}); len(got) != 300 {
			t.Errorf("%d entries of 300", len(got))
		}
	})
}
