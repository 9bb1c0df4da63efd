// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/evidence"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
	"dukou.dev/dukou/test/measured"
)

//nolint:gochecknoglobals // flags of this test
var (
	rowsFlag    = flag.Int("rows", 20_000, "entries in the index; make scale: 10,000,000")
	recordsFlag = flag.Int("records", 6_000, "real records that are gathered; make scale: 200,000")
	seedFlag    = flag.Uint64("seed", 0, "of the entries; 0: by the clock")
	outFlag     = flag.String("out", "", "file to which is added what was measured")
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// times is how often each question is asked.
const times = 5

// TestScale measures both stores.
func TestScale(t *testing.T) {
	seed := cmp.Or(*seedFlag, uint64(time.Now().UnixNano()))
	out := measured.Out(t, *outFlag)
	fmt.Fprintf(out, "\nAn index of %d audit entries, seed %d, %s. Times are of this machine at this hour.\n", *rowsFlag, seed, time.Now().Format("2006-01-02 15:04 -0700"))
	t.Run("sqlite", func(t *testing.T) {
		measure(t, out, seed, "sqlite:"+filepath.Join(t.TempDir(), "scale.db"), "SQLite, synchronous=FULL")
	})
	t.Run("postgres", func(t *testing.T) {
		measure(t, out, seed, storetest.Postgres(t), "PostgreSQL with its defaults, but fsync=off: how fast it is filled says nothing of a disk")
	})
}

func measure(t *testing.T, out io.Writer, seed uint64, url, what string) {
	fmt.Fprintf(out, "\n%s\n", what)
	ctx := context.Background()
	db, err := store.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	x, err := evidence.Open(ctx, db, evidence.Config{Logs: func() []evidence.Log { return nil }, Now: end})
	if err != nil {
		t.Fatal(err)
	}
	sample := fill(t, out, x, seed)
	size, err := sizeOf(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(out, "  size                 %8d MiB, %d bytes an entry\n", size>>20, size/int64(*rowsFlag))
	check(t, x)
	questions(t, out, x, sample)
	crossings(t, out, x)
	prune(t, out, x)
	gather(t, out, db)
}

// fill adds generated entries as the index adds those of logs, and gives the id of a
// parcel in the middle.
func fill(t *testing.T, out io.Writer, x *evidence.Index, seed uint64) [16]byte {
	t.Helper()
	next := map[string]uint64{}
	pending := map[string][]audit.Leaf{}
	var spent time.Duration // in the index, without making the entries
	tenth, tenthBegan, done := *rowsFlag/10, time.Duration(0), 0
	flush := func(log string) {
		began := time.Now()
		if err := x.Add(context.Background(), audit.Origin(log), next[log], pending[log]); err != nil {
			t.Fatal(err)
		}
		spent += time.Since(began)
		n := len(pending[log])
		next[log] += uint64(n)
		if done += n; done >= 9*tenth && tenthBegan == 0 {
			tenthBegan = spent
		}
		pending[log] = pending[log][:0]
	}
	w := newWorld(seed, *rowsFlag, func(log string, l audit.Leaf) {
		if pending[log] = append(pending[log], l); len(pending[log]) == batchOf {
			flush(log)
		}
	})
	w.run()
	for log := range pending {
		flush(log)
	}
	fmt.Fprintf(out, "  filled in            %8.1f s, %.0f entries/s; the last tenth %.0f entries/s\n",
		spent.Seconds(), float64(done)/spent.Seconds(), float64(done-9*tenth)/(spent-tenthBegan).Seconds())
	return w.sample
}

func sizeOf(ctx context.Context, db *store.DB) (n int64, err error) {
	if db.Kind == store.Postgres {
		return n, db.QueryRowContext(ctx, `SELECT pg_database_size(current_database())`).Scan(&n)
	}
	var pages, page sql.NullInt64
	if err := db.QueryRowContext(ctx, `PRAGMA page_count`).Scan(&pages); err != nil {
		return 0, err
	}
	err = db.QueryRowContext(ctx, `PRAGMA page_size`).Scan(&page)
	return pages.Int64 * page.Int64, err
}

// check holds the counts against what was added.
func check(t *testing.T, x *evidence.Index) {
	t.Helper()
	c, err := x.Count(context.Background(), evidence.Everything(), evidence.CountQuery{})
	if err != nil || len(c.Counts) != 1 || c.Counts[0].N < int64(*rowsFlag) {
		t.Fatalf("counted %+v, %v; %d were added", c, err, *rowsFlag)
	}
}

// questions asks all questions, each several times.
func questions(t *testing.T, out io.Writer, x *evidence.Index, sample [16]byte) {
	t.Helper()
	of := map[string]string{"parcel": hex.EncodeToString(sample[:]), "subject": "internet/person-000017", "flow": "flow-07", "text": "person-00012"}
	for _, q := range evidence.Questions() {
		var took []time.Duration
		var a evidence.Answer
		for range times {
			began := time.Now()
			var err error
			if a, err = x.Ask(context.Background(), evidence.Everything(), q.Name, of[q.Of], time.UTC); err != nil {
				t.Fatalf("%s: %v", q.Name, err)
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		fmt.Fprintf(out, "  %-26s %8.1f ms (%.1f to %.1f) %s\n", q.Name, ms(took[times/2]), ms(took[0]), ms(took[times-1]), said(&a))
		if q.Name == "parcel" && len(a.Page.Entries) == 0 {
			t.Errorf("parcel %x was not found", sample)
		}
	}
}

// crossings asks for pages of parcels, as the console shows them: fifty in a row each.
func crossings(t *testing.T, out io.Writer, x *evidence.Index) {
	t.Helper()
	day := evidence.Query{From: end().Add(-24 * time.Hour), To: end()}
	for _, ask := range []struct {
		name   string
		change func(*evidence.Query)
		states []evidence.State
	}{
		{"crossings", func(*evidence.Query) {}, nil},
		{"crossings refused", func(*evidence.Query) {}, []evidence.State{evidence.Refused}},
		{"crossings of a flow", func(q *evidence.Query) { q.Is = map[evidence.Field][]string{evidence.FieldFlow: {"flow-07"}} }, nil},
		{"crossings of a subject", func(q *evidence.Query) {
			q.From, q.Is = time.Time{}, map[evidence.Field][]string{evidence.FieldSubject: {"internet/person-000017"}}
		}, nil},
		{"crossings but of a flow", func(q *evidence.Query) { q.Not = map[evidence.Field][]string{evidence.FieldFlow: {"flow-00"}} }, nil},
		{"crossings with a text", func(q *evidence.Query) { q.Text = "person-00012" }, nil},
	} {
		q := day
		ask.change(&q)
		var took []time.Duration
		var page evidence.Passages
		for range times {
			began := time.Now()
			var err error
			if page, err = x.Crossings(context.Background(), evidence.Everything(), q, ask.states); err != nil {
				t.Fatalf("%s: %v", ask.name, err)
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		fmt.Fprintf(out, "  %-26s %8.1f ms (%.1f to %.1f) %d parcels, %d rows looked at\n",
			ask.name, ms(took[times/2]), ms(took[0]), ms(took[times-1]), len(page.Items), page.Looked)
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func said(a *evidence.Answer) string {
	if a.Page != nil {
		return fmt.Sprintf("%d entries, %d rows looked at", len(a.Page.Entries), a.Page.Looked)
	}
	n := int64(0)
	for _, c := range a.Counts.Counts {
		n += c.N
	}
	return fmt.Sprintf("%d counts of %d entries", len(a.Counts.Counts), n)
}

// prune removes the decisions of the first day.
func prune(t *testing.T, out io.Writer, x *evidence.Index) {
	t.Helper()
	began := time.Now()
	n, err := x.Prune(context.Background(), audit.ClassDecision, end().Add(-(days-1)*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	fmt.Fprintf(out, "  a day's decisions removed %5.1f s, %d entries, %.0f entries/s\n", took.Seconds(), n, float64(n)/took.Seconds())
}

// gather takes real records of three components through a mirror, as the center does,
// into the index, which holds all the others.
func gather(t *testing.T, out io.Writer, db *store.DB) {
	t.Helper()
	dir := t.TempDir()
	var keys []note.Verifier
	journals := map[string]*audit.Journal{}
	for _, name := range []string{"real-outer", "real-inner", "real-front"} {
		seed := sha256.Sum256([]byte(name))
		signer, err := audit.NewSigner(audit.Origin(name), ed25519.NewKeyFromSeed(seed[:]))
		if err != nil {
			t.Fatal(err)
		}
		j, err := audit.Open(audit.Config{Dir: filepath.Join(dir, name), Origin: audit.Origin(name), Signer: signer})
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		keys = append(keys, signer)
		journals[name] = j
	}
	mirror, err := audit.OpenMirror(audit.MirrorConfig{Dir: dir, Keys: note.VerifierList(keys...)})
	if err != nil {
		t.Fatal(err)
	}
	defer mirror.Close()
	x, err := evidence.Open(context.Background(), db, evidence.Config{Now: end, Logs: func() []evidence.Log {
		var list []evidence.Log
		for name := range journals {
			list = append(list, evidence.Log{Origin: audit.Origin(name), Dir: audit.MirrorDir(dir, audit.Origin(name))})
		}
		return list
	}})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	lag, all := pull(t, mirror, journals, x)
	took := time.Since(began)
	fmt.Fprintf(out, "  gathered and indexed %8.1f s, %d records of 1 KiB, %.0f records/s while they are written, signed and mirrored here too; the index was %.2f s behind at the end\n",
		took.Seconds(), all, float64(all)/took.Seconds(), lag.Seconds())
}

// pull has each journal write, and copies what it wrote into the mirror, while the index
// follows that.
func pull(t *testing.T, mirror *audit.Mirror, journals map[string]*audit.Journal, x *evidence.Index) (lag time.Duration, all uint64) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- x.Run(ctx) }()
	for n := 0; n < *recordsFlag; {
		for name, j := range journals {
			n += write(t, j, min(batchOf, *recordsFlag/len(journals)))
			for pullSome(t, mirror, audit.Origin(name), j) {
				x.Wake()
			}
		}
	}
	began := time.Now()
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := x.CatchUp(context.Background()); err != nil { // what Run had left
		t.Fatal(err)
	}
	lag = time.Since(began)
	var indexed uint64
	for _, s := range x.Status() {
		indexed += s.Indexed
	}
	for _, j := range journals {
		all += j.Next()
	}
	if indexed != all {
		t.Errorf("%d records are indexed, %d were written", indexed, all)
	}
	return lag, all
}

// write has a journal record entries with details of a kibibyte, and sign them.
func write(t *testing.T, j *audit.Journal, n int) int {
	t.Helper()
	detail := make([]byte, 1024)
	w := newWorld(j.Next(), n, func(_ string, l audit.Leaf) {
		j.Append(audit.Entry{Time: l.Time, Class: l.Class, Parcel: l.Parcel, Flow: l.Flow, Subject: l.Subject, Object: l.Object,
			Action: l.Action, Verdict: l.Verdict, Reason: l.Reason, Label: l.Label, Detail: detail})
	})
	w.run()
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	return w.made
}

func pullSome(t *testing.T, mirror *audit.Mirror, origin string, j *audit.Journal) bool {
	t.Helper()
	next, err := mirror.Next(origin)
	if err != nil {
		t.Fatal(err)
	}
	records, err := j.Read(next, 4096)
	if err != nil {
		t.Fatal(err)
	}
	if len(records) == 0 {
		return false
	}
	proof, checkpoint, err := j.Consistency(next + uint64(len(records)))
	if err == nil {
		_, err = mirror.Add(origin, records, checkpoint, proof)
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
}
