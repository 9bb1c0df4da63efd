// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store/storetest"
	"dukou.dev/dukou/internal/vault"
)

// question is a person's question for a report, as the internet front makes it.
func question(p *policy.Policy, id parcel.ID, subject, person string) policy.Query {
	return asked(p, "credit-query", id, subject, label.ByToken, parcel.Record{
		"form": "report", "path": parcel.Record{"person": person}, "query": parcel.Record{"purpose": "self-inquiry"},
	})
}

// asked is a question on a flow in the flow's own class.
func asked(p *policy.Policy, flow string, id parcel.ID, subject string, by label.Assurance, content parcel.Record) policy.Query {
	f := p.Flow(flow)
	class := f.Class.Join(f.Forms[0].Request.Least(content))
	return policy.Query{Content: content, Header: &parcel.Header{
		Version: parcel.Version, Suite: parcel.SuiteIntl, Kind: parcel.Ask, ID: id, Flow: flow, Guard: p.Guard,
		FromZone: f.From, ToZone: f.To, Source: f.Entry, Destination: f.Exit, Term: p.Term, Bundle: p.Version,
	}, Label: &label.Label{
		Version: label.Version, Class: class, Subject: subject, Assurance: by, Object: f.Object, Action: f.Action,
		Protocol: f.Protocol, Purpose: f.Purpose, Maker: f.Entry, Number: 1, NotBefore: 1, NotAfter: 2,
	}}
}

// recorded is a decision as the guard records it.
func recorded(t testing.TB, p *policy.Policy, q policy.Query, at time.Time) audit.Entry {
	t.Helper()
	var err error
	if q.Header.Fields, err = parcel.EncodeRecord(q.Content); err != nil {
		t.Fatal(err)
	}
	kept, err := p.Recorded(q.Header, q.Content)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := label.Sealed{Body: canon.Must(q.Label)}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	d := p.Decide(q)
	e := audit.Entry{
		Time: at.UnixMilli(), Class: audit.ClassDecision, Verdict: "allow", Parcel: q.Header.ID, Flow: q.Header.Flow, Label: sealed,
		Subject: q.Label.Subject, Object: q.Label.Object, Action: q.Label.Action, Detail: draft.Recorded(canon.Must(kept), p.Version, d.Reasons),
	}
	if !d.Allow {
		e.Verdict, e.Reason = "refuse", string(d.Code)
	}
	return e
}

// logKey is the key of the details of every log of the tests.
var logKey = vault.Key{7} //nolint:gochecknoglobals // a constant

func oneKey(_ context.Context, component string, id audit.KeyID) (vault.Key, error) {
	if component != "guard-inner" && component != "guard-outer" || id.Day == audit.NoDay {
		return vault.Key{}, errors.New("no such key")
	}
	return logKey, nil
}

// journal writes entries as a component does, and gives its directory.
func journal(t testing.TB, dir, component string, entries []audit.Entry) string {
	t.Helper()
	signer, err := audit.NewSigner(audit.Origin(component), keyOf(component))
	if err != nil {
		t.Fatal(err)
	}
	j, err := audit.Open(audit.Config{Dir: dir, Origin: audit.Origin(component), Signer: signer, Local: &vault.Key{9}, SegmentBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	j.UseKeys(func(_ string, day uint64) ([32]byte, bool) { return logKey, day > 0 }) // day 0 has no leased key
	for _, e := range entries {
		j.Append(e)
	}
	if err := errors.Join(j.Flush(), j.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func id(n int) parcel.ID {
	return parcel.ID{0: 1, 12: byte(n >> 24), 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

// noon is when the decisions of the tests were made.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

// refusing is the example, in which nobody may ask for a report.
func refusing(t testing.TB) *policy.Policy {
	t.Helper()
	files := edited(t, bankFiles(t), "policies/credit.cedar", `when { context.kind == "ask" && principal.name`, `when { context.kind == "answer" && principal.name`)
	files = edited(t, files, "cases/credit.yaml", "cases:", "x-cases:")
	for i := range files {
		if files[i].Path == "cases/credit.yaml" {
			files[i].Text = ""
		}
	}
	return bankPolicy(t, files)
}

func TestRehearse(t *testing.T) {
	p := bankPolicy(t, bankFiles(t))
	var inner, outer []audit.Entry
	for n := range 10 { // five ask for their own report, five for that of another
		inner = append(inner, recorded(t, p, question(p, id(n), fmt.Sprintf("internet/person-%06d", n), fmt.Sprintf("person-%06d", n-n%2)), noon))
	}
	inner = append(inner, inner[0])                                                                                                                   // it came again
	inner = append(inner, audit.Entry{Time: noon.UnixMilli(), Class: audit.ClassDelivery, Verdict: "committed", Parcel: id(0)})                       // no decision
	inner = append(inner, audit.Entry{Time: noon.UnixMilli(), Class: audit.ClassDecision, Verdict: "refuse", Reason: "label-altered", Parcel: id(50), // not policy's
		Detail: draft.Recorded(make([]byte, 32), 1, []policy.Reason{{Code: fault.LabelAltered, Rule: "label", What: "x"}})})
	inner = append(inner, recorded(t, p, asked(p, "credit-login", id(60), "internet/portal", label.ByAPIKey,
		parcel.Record{"form": "login", "body": parcel.Record{"user": "zhangwei", "password": "secret-of-zhang"}}), noon))
	digest := recorded(t, p, question(p, id(70), "internet/person-000001", "person-000001"), noon)
	digest.Detail = draft.Recorded(make([]byte, 32), 1, nil)
	inner = append(inner, digest)
	local := recorded(t, p, question(p, id(80), "internet/person-000001", "person-000001"), time.UnixMilli(1000)) // of a day without a leased key
	inner = append(inner, local)
	outer = append(outer, inner[0], recorded(t, p, question(p, id(90), "internet/person-000001", "person-000002"), noon)) // of the first the inner one has a record
	logs := []draft.Log{{Dir: journal(t, t.TempDir(), "guard-inner", inner)}, {Dir: journal(t, t.TempDir(), "guard-outer", outer), Refusals: true}}

	same, err := draft.Rehearse(t.Context(), draft.Replay{Logs: logs, Policy: p, Keys: oneKey})
	if err != nil {
		t.Fatal(err)
	}
	if same.Decided != 11 || same.Same != 11 || same.Changed != 0 || same.Secret != 1 || same.Sealed != 1 || same.Incomplete != 1 || same.Undecided != 1 || same.Repeated != 1 || len(same.Keys) != 1 {
		t.Errorf("by the policy of then: %+v", same)
	}
	changed, err := draft.Rehearse(t.Context(), draft.Replay{Logs: logs, Policy: refusing(t), Keys: oneKey})
	if err != nil {
		t.Fatal(err)
	}
	if changed.Decided != 11 || changed.Changed != 5 || changed.Same != 6 || len(changed.Changes) != 5 {
		t.Errorf("by one that refuses: %+v", changed)
	}
	for _, c := range changed.Changes {
		if c.Was != "" || c.Is != fault.PolicyDenied || c.Flow != "credit-query" || c.Count != 1 || len(c.Example) != 32 {
			t.Errorf("%+v", c)
		}
	}
}

// TestRehearseWindow: of a log of many segments, just what lies in the window is decided,
// wherever it begins.
func TestRehearseWindow(t *testing.T) {
	p := bankPolicy(t, bankFiles(t))
	const n = 600
	var entries []audit.Entry
	for i := range n {
		entries = append(entries, recorded(t, p, question(p, id(i), "internet/person-000001", "person-000001"), noon.Add(time.Duration(i)*time.Minute)))
	}
	dir := journal(t, t.TempDir(), "guard-inner", entries)
	if files, err := filepath.Glob(filepath.Join(dir, "journal", "*.seg")); err != nil || len(files) < 5 {
		t.Fatalf("%d segments: %v", len(files), err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		from := r.IntN(n)
		to := from + 1 + r.IntN(n-from)
		var last draft.Progress
		result, err := draft.Rehearse(t.Context(), draft.Replay{
			Logs: []draft.Log{{Dir: dir}}, Policy: p, Keys: oneKey, Progress: func(p draft.Progress) { last = p },
			Since: noon.Add(time.Duration(from) * time.Minute), Until: noon.Add(time.Duration(to) * time.Minute),
		})
		if err != nil || result.Decided != uint64(to-from) || result.Changed != 0 || last.Percent != 100 || last.Seen != last.Total {
			t.Errorf("%d to %d: %+v, progress %+v: %v", from, to, result, last, err)
		}
		if result.First != entries[from].Time || result.Last != entries[to-1].Time {
			t.Errorf("%d to %d: from %d to %d", from, to, result.First, result.Last)
		}
	}
}

func TestRehearseManyKinds(t *testing.T) {
	p := bankPolicy(t, bankFiles(t))
	const n = draft.MaxChanges + 50
	var entries []audit.Entry
	for i := range n {
		person := fmt.Sprintf("person-%06d", i)
		entries = append(entries, recorded(t, p, question(p, id(i), "internet/"+person, person), noon))
	}
	r, err := draft.Rehearse(t.Context(), draft.Replay{Logs: []draft.Log{{Dir: journal(t, t.TempDir(), "guard-inner", entries)}}, Policy: refusing(t), Keys: oneKey})
	if err != nil || r.Changed != n || len(r.Changes) != draft.MaxChanges || r.More != 50 {
		t.Errorf("%d changed, %d kinds, %d more: %v", r.Changed, len(r.Changes), r.More, err)
	}
}

// TestRehearsal runs one as a job, over the center's copies of the logs.
func TestRehearsal(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	p := w.keeper.Current()
	var entries []audit.Entry
	for n := range 300 {
		entries = append(entries, recorded(t, p, question(p, id(n), "internet/person-000001", "person-000001"), w.now.Add(-time.Hour)))
	}
	journal(t, audit.MirrorDir(w.dir, audit.Origin("guard-inner")), "guard-inner", entries)
	journal(t, audit.MirrorDir(w.dir, audit.Origin("guard-outer")), "guard-outer", nil)
	reached, go_ := make(chan struct{}), make(chan struct{})
	w.logKeys = func(component string, id audit.KeyID) (vault.Key, error) {
		select {
		case reached <- struct{}{}:
			<-go_
		default:
		}
		return oneKey(t.Context(), component, id)
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.desk.Run(ctx) }()
	d := w.upload(edited(t, bankFiles(t), "flows/query.yaml", "accept: [token]", "accept: [token, certificate]"))
	first, err := w.desk.StartRehearsal(t.Context(), caller("a"), d.ID, draft.Window{})
	if err != nil {
		t.Fatal(err)
	}
	<-reached
	_, err = w.desk.StartRehearsal(t.Context(), caller("b"), d.ID, draft.Window{})
	code(t, err, problem.TooMany, "a second one beside it")
	if err := w.desk.CancelRehearsal(t.Context(), first.ID); err != nil {
		t.Error(err)
	}
	close(go_)
	if r := w.ended(first.ID); r.State != draft.Cancelled || r.Result.Decided == 300 {
		t.Errorf("%+v", r)
	}
	code(t, w.desk.CancelRehearsal(t.Context(), first.ID), problem.Conflict, "to cancel it again")
	second, err := w.begin(d.ID)
	if err != nil {
		t.Fatal(err)
	}
	if r := w.ended(second.ID); r.State != draft.Finished || r.Result.Decided != 300 || r.Result.Same != 300 || r.Progress.Percent != 100 {
		t.Errorf("%+v %+v", r, r.Result)
	}
	if list, _, err := w.desk.RehearsalList(t.Context(), draft.Page{Limit: 10}); err != nil || len(list) != 2 {
		t.Errorf("%d: %v", len(list), err)
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// begin starts a rehearsal as soon as the one before has let go.
func (w *world) begin(draftID string) (draft.Rehearsal, error) {
	for deadline := time.Now().Add(10 * time.Second); ; {
		r, err := w.desk.StartRehearsal(w.t.Context(), caller("a"), draftID, draft.Window{})
		if problem.CodeOf(err) != problem.TooMany || err == nil || time.Now().After(deadline) {
			return r, err
		}
	}
}

// ended waits for a rehearsal to end.
func (w *world) ended(id string) draft.Rehearsal {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		r, err := w.desk.Rehearsal(w.t.Context(), id)
		if err != nil {
			w.t.Fatal(err)
		}
		if r.State != draft.Running || time.Now().After(deadline) {
			return r
		}
	}
}

// TestInterrupted: a rehearsal that a kill has ended says so.
func TestInterrupted(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	d := w.upload(bankFiles(t))
	r, err := w.desk.StartRehearsal(t.Context(), caller("a"), d.ID, draft.Window{})
	if err != nil {
		t.Fatal(err)
	}
	w.restart() // nothing had run
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.desk.Run(ctx) }()
	if r = w.ended(r.ID); r.State != draft.Interrupted {
		t.Errorf("%+v", r)
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func FuzzReplayable(f *testing.F) {
	p := bankPolicy(f, bankFiles(f))
	e := recorded(f, p, question(p, id(1), "internet/person-000001", "person-000001"), noon)
	if !draft.Replayable(e.Detail, e.Label) {
		f.Fatal("a decision of the guard cannot be made anew")
	}
	f.Add(e.Detail, e.Label)
	f.Fuzz(func(_ *testing.T, detail, label []byte) { draft.Replayable(detail, label) })
}

// report is the answer to a question, as the bureau of the example gives it.
func report(p *policy.Policy, n int, subject, person string) policy.Query {
	q := question(p, id(n), subject, person)
	f := p.Flow("credit-query")
	h := q.Header
	h.Kind, h.InReplyTo, h.ID = parcel.Answer, id(n), parcel.ID{0: 2, 12: byte(n >> 24), 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
	h.FromZone, h.ToZone, h.Source, h.Destination = f.To, f.From, f.Exit, f.Entry
	var accounts, inquiries []any
	for i := range 4 {
		accounts = append(accounts, parcel.Record{
			"account_id": fmt.Sprintf("A-000001-%02d", i), "bank": "Ferry Bank", "kind": "credit-card", "limit": int64(50000), "balance": int64(1200),
			"opened": "2019-03-04", "payments": "NNNNNNNNNNNN1NNNNNNNNNNN",
		})
		inquiries = append(inquiries, parcel.Record{"date": "2026-01-02", "by": "Ferry Bank", "purpose": "loan-review"})
	}
	q.Content = parcel.Record{
		"form": "report", "status": int64(200), "header": parcel.Record{"x-report-level": int64(3)},
		"body": parcel.Record{
			"report_id": "CR-0123456789ABCDEF", "level": int64(3), "score": int64(700), "accounts": accounts, "inquiries": inquiries, "generated": "2026-11-22T12:00:00+08:00",
			"person": parcel.Record{"id": person, "name": "张伟", "id_number": "11010119900307001X", "phone": "13800000000"},
		},
	}
	q.Label.Class, q.Label.Maker = f.Answer.Join(f.Form("report").Answer(200).Least(q.Content)), f.Exit
	return q
}

// TestRehearseAnswers: what comes back is decided anew too, under its own id.
func TestRehearseAnswers(t *testing.T) {
	p := bankPolicy(t, bankFiles(t))
	entries := []audit.Entry{
		recorded(t, p, question(p, id(1), "internet/person-000001", "person-000001"), noon),
		recorded(t, p, report(p, 1, "internet/person-000001", "person-000001"), noon),
		recorded(t, p, report(p, 2, "internet/person-000001", "person-000002"), noon),
	}
	logs := []draft.Log{{Dir: journal(t, t.TempDir(), "guard-inner", entries)}}
	r, err := draft.Rehearse(t.Context(), draft.Replay{Logs: logs, Policy: p, Keys: oneKey})
	if err != nil || r.Decided != 3 || r.Same != 3 || entries[1].Verdict != "allow" || entries[2].Verdict != "refuse" {
		t.Errorf("%+v: %v", r, err)
	}
	lower := bankPolicy(t, edited(t, bankFiles(t), "zones.yaml", "class: {confidentiality: 3, integrity: 1,", "class: {confidentiality: 2, integrity: 1,"))
	r, err = draft.Rehearse(t.Context(), draft.Replay{Logs: logs, Policy: lower, Keys: oneKey})
	if err != nil || r.Changed != 2 || len(r.Changes) != 2 || r.Changes[0].Is != fault.LabelLevel {
		t.Errorf("%+v: %v", r, err)
	}
}

// BenchmarkRehearse tells the time of one decision made anew.
func BenchmarkRehearse(b *testing.B) {
	p := bankPolicy(b, bankFiles(b))
	for name, made := range map[string]func(n int, subject, person string) policy.Query{
		"questions": func(n int, subject, person string) policy.Query { return question(p, id(n), subject, person) },
		"reports":   func(n int, subject, person string) policy.Query { return report(p, n, subject, person) },
	} {
		b.Run(name, func(b *testing.B) {
			entries := make([]audit.Entry, 0, 20_000)
			for n := range cap(entries) {
				person := fmt.Sprintf("person-%06d", n)
				entries = append(entries, recorded(b, p, made(n, "internet/"+person, person), noon))
			}
			dir := journal(b, b.TempDir(), "guard-inner", entries)
			b.ResetTimer()
			for b.Loop() {
				r, err := draft.Rehearse(b.Context(), draft.Replay{Logs: []draft.Log{{Dir: dir}}, Policy: p, Keys: oneKey})
				if err != nil || r.Same != uint64(len(entries)) {
					b.Fatalf("%+v: %v", r, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(entries)), "ns/decision")
		})
	}
}
