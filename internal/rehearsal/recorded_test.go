// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package rehearsal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	bank "dukou.dev/dukou/examples/bank/policy"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/draft/drafttest"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/rehearsal"
	"dukou.dev/dukou/internal/vault"
)

// bankFiles are the files of the example, with the key of its issuer.
func bankFiles(t testing.TB) []draft.File {
	t.Helper()
	return drafttest.Files(t, bank.Files(), "bureau")
}

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
		Subject: q.Label.Subject, Object: q.Label.Object, Action: q.Label.Action, Detail: rehearsal.Recorded(canon.Must(kept), p.Version, d.Reasons),
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
	signer, err := audit.NewSigner(audit.Origin(component), drafttest.Key(component))
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
	files := drafttest.Edited(t, bankFiles(t), "policies/credit.cedar", `when { context.kind == "ask" && principal.name`, `when { context.kind == "answer" && principal.name`)
	files = drafttest.Edited(t, files, "cases/credit.yaml", "cases:", "x-cases:")
	for i := range files {
		if files[i].Path == "cases/credit.yaml" {
			files[i].Text = ""
		}
	}
	return drafttest.Policy(t, files)
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
