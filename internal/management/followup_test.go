// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/export"
	"dukou.dev/dukou/internal/finding"
	"dukou.dev/dukou/internal/intake"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/report"
	"dukou.dev/dukou/internal/retention"
)

// followed gives a bank the parts that follow up on evidence. destroyed is what the
// signer was asked for.
func (b *bank) followed() (destroyed *[]uint64) {
	b.t.Helper()
	destroyed = new([]uint64)
	tell, log := func(string, string) {}, slog.New(slog.DiscardHandler)
	b.Findings = finding.Open(b.db, finding.Config{Now: b.clock, Tell: tell})
	b.Inventory = inventory.Open(b.db, inventory.Config{
		Self: "center", Version: "test", Standings: func() []inventory.Standing { return nil }, PolicyEnd: func() time.Time { return time.Time{} },
		Signer: inventory.Signer{Admitted: func(context.Context) ([]pki.Request, error) { return nil, nil }}, Record: b.Record, Tell: tell, Log: log, Now: b.clock,
	})
	var err error
	b.Retention, err = retention.Open(b.t.Context(), b.db, retention.Config{
		Prune: func(context.Context, audit.Class, time.Time) (int64, error) { return 0, nil },
		Destroy: func(_ context.Context, before uint64) error {
			*destroyed = append(*destroyed, before)
			return nil
		},
		Disk: func() (uint64, uint64, error) { return 1, 2, nil }, Record: b.Record, Tell: tell, Now: b.clock, Log: log,
	})
	b.must("retention", err)
	b.Reports, err = report.Open(b.db, report.Config{
		Numbers: func(ctx context.Context, from, to time.Time) (report.Numbers, error) {
			return Counting{Evidence: b.Evidence, Inventory: b.Inventory, Findings: b.Findings}.Numbers(ctx, from, to)
		},
		Record: b.Record, Tell: tell, Now: b.clock, Log: log,
	})
	b.must("reports", err)
	b.Exports = export.Open(b.db, export.Config{
		Logs: func() []export.Log { return nil }, Read: func(string, uint64, int) ([]audit.Record, error) { return nil, errors.New("there is none") },
		MayLeave: b.Retention.Exported, Dir: b.t.TempDir(), Version: "test", Record: b.Record, Tell: tell, Now: b.clock, Log: log,
	})
	b.Intake = intake.Open(b.db, intake.Config{Record: b.Record, Tell: tell, Now: b.clock, Log: log})
	b.Proposals, err = proposal.Open(b.db, proposal.Config{
		Acts: RetentionActs(b.Retention), Holders: b.Accounts.Holders, Record: b.Record, Tell: tell, Log: log, Now: b.clock,
	})
	b.must("proposals", err)
	return destroyed
}

// TestFindings: audit opens and closes, the owner mends, and each change wants the
// revision that was read.
func TestFindings(t *testing.T) {
	b := openBank(t, false)
	b.followed()
	sys, sec, aud := bearer(b.enter("sys")), bearer(b.enter("sec")), bearer(b.enter("aud"))
	one := map[string]any{"title": "口令错误过多", "severity": 2, "owner": "system", "due": b.clock().Add(time.Hour), "entries": []map[string]any{{"log": "center", "index": 3}}}
	b.refused("system opens", b.call("POST", "/findings", one, sys), "duty-wrong")
	made := b.ok("open", b.call("POST", "/findings", one, aud))
	path := "/findings/" + made.get("id")
	b.refused("without a revision", b.call("POST", path+"/state", map[string]any{"state": "mending"}, sys), "precondition-required")
	b.refused("of another duty", b.call("POST", path+"/state", map[string]any{"state": "mending"}, sec, header("If-Match", `"1"`)), "duty-wrong")
	b.Inbox = append(b.Inbox, FindingInbox(b.Findings))
	if waits := b.ok("inbox", b.call("GET", "/inbox", nil, sys)); waits.items() != 1 || b.ok("inbox", b.call("GET", "/inbox", nil, sec)).items() != 0 {
		t.Errorf("%s", waits.text)
	}
	waits, err := FindingInbox(b.Findings)(t.Context(), account.Caller{Duty: account.System})
	told(t, waits, err, InboxAbout{Code: "finding", Name: "口令错误过多"})
	moved := b.ok("mend", b.call("POST", path+"/state", map[string]any{"state": "mending"}, sys, header("If-Match", made.header.Get("ETag"))))
	b.refused("stale", b.call("PATCH", path, map[string]any{"severity": 3}, aud, header("If-Match", made.header.Get("ETag"))), "stale")
	b.ok("raise", b.call("PATCH", path, map[string]any{"severity": 3, "text": "again"}, aud, header("If-Match", moved.header.Get("ETag"))))
	b.ok("comment", b.call("POST", path+"/comments", map[string]any{"text": "we look"}, sys))
	b.later(2 * time.Hour)
	list := b.ok("overdue", b.call("GET", "/findings?overdue=true&owner=system&severity=3&log=center&index=3", nil, bearer(b.enter("aud"))))
	if list.items() != 1 {
		t.Errorf("%s", list.text)
	}
}

// TestReports: a report counts what was recorded, is a file that does nothing in a
// browser, and is audit's.
func TestReports(t *testing.T) {
	b := openBank(t, false)
	b.recorded()
	b.followed()
	sec, aud := bearer(b.enter("sec")), bearer(b.enter("aud"))
	settings := b.ok("settings", b.call("GET", "/report-settings", nil, aud))
	b.ok("set them", b.call("PUT", "/report-settings", map[string]any{"unit": "Bank of Examples", "zone": "Asia/Shanghai"}, aud, header("If-Match", settings.header.Get("ETag"))))
	b.refused("no such zone", b.call("PUT", "/report-settings", map[string]any{"unit": "", "zone": "Mars"}, aud, header("If-Match", `"1"`)), "invalid")
	period := map[string]any{"from": b.clock().Add(-24 * time.Hour), "to": b.clock(), "language": "en"}
	b.refused("security makes one", b.call("POST", "/reports", period, sec), "duty-wrong")
	made := b.ok("make", b.call("POST", "/reports", period, aud))
	page := b.ok("get", b.call("GET", "/reports/"+made.get("id")+"/html", nil, aud))
	if !strings.Contains(page.text, "Bank of Examples") || !strings.Contains(page.text, "decision") || !strings.HasPrefix(page.header.Get("Content-Security-Policy"), "sandbox; default-src 'none'") {
		t.Errorf("%v\n%s", page.header, page.text)
	}
	b.ok("schedule", b.call("POST", "/report-schedules", map[string]any{"every": "monthly", "hour": 6, "language": "zh"}, aud))
	if list := b.ok("schedules", b.call("GET", "/report-schedules", nil, aud)); list.items() != 1 {
		t.Errorf("%s", list.text)
	}
	if list := b.ok("reports", b.call("GET", "/reports", nil, aud)); list.items() != 1 {
		t.Errorf("%s", list.text)
	}
}

// TestExports: a file has what was searched for, and only audit gets it; receivers are
// system's, and a test says what was sent.
func TestExports(t *testing.T) {
	b := openBank(t, false)
	b.recorded()
	b.followed()
	sys, sec, aud := bearer(b.enter("sys")), bearer(b.enter("sec")), bearer(b.enter("aud"))
	b.refused("security exports", b.call("GET", "/exports/entries", nil, sec), "duty-wrong")
	b.refused("no such class", b.call("GET", "/exports/entries?class=gossip", nil, aud), "invalid")
	found := b.ok("find", b.call("GET", "/evidence", nil, aud)).items()
	file := b.ok("export", b.call("GET", "/exports/entries?form=excel", nil, aud))
	text, marked := strings.CutPrefix(file.text, "\uFEFF")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked || len(rows) != found+1 || !strings.Contains(file.header.Get("Content-Disposition"), ".csv") {
		t.Errorf("%d rows of %d, %v\n%s", len(rows), found, err, file.text)
	}
	if lines := b.ok("export", b.call("GET", "/exports/entries?form=ndjson&limit=2", nil, aud)); strings.Count(lines.text, "\n") != 2 {
		t.Errorf("%s", lines.text)
	}
	b.exportsStates(aud)
	b.breaksOff(aud)
	target := map[string]any{"name": "siem", "address": "127.0.0.1:1", "form": "ocsf", "framing": "octets", "ca": "ca.pem"}
	b.refused("security adds a receiver", b.call("POST", "/exports/targets", target, sec), "duty-wrong")
	target["ca"] = "../ca.pem"
	b.refused("a file elsewhere", b.call("POST", "/exports/targets", target, sys), "invalid")
	target["ca"] = "ca.pem"
	made := b.ok("add", b.call("POST", "/exports/targets", target, sys))
	tried := b.ok("test", b.call("POST", "/exports/targets/"+made.get("id")+"/test", nil, sys))
	if tried.get("failure") == "" || !strings.Contains(tried.get("bytes"), `"class_uid":6002`) {
		t.Errorf("%s", tried.text)
	}
	target["on"] = false
	b.refused("a change unseen", b.call("PUT", "/exports/targets/"+made.get("id"), target, sys), "precondition-required")
	b.ok("switch off", b.call("PUT", "/exports/targets/"+made.get("id"), target, sys, header("If-Match", made.header.Get("ETag"))))
	b.ok("skip", b.call("POST", "/exports/targets/"+made.get("id")+"/skip", nil, sys))
	b.ok("delete", b.call("DELETE", "/exports/targets/"+made.get("id"), nil, sys))
}

// exportsStates: the file has the entries of the parcels that came so far, and the record
// says which those were.
func (b *bank) exportsStates(aud with) {
	t := b.t
	t.Helper()
	for query, want := range map[string]int{"state=refused": 1, "state=passed": 2, "state=refused&state=passed&verdict=refuse": 1, "state=delivered": 0} {
		file := b.ok(query, b.call("GET", "/exports/entries?form=ndjson&"+query, nil, aud))
		if n := strings.Count(file.text, "\n"); n != want {
			t.Errorf("%s: %d entries, want %d:\n%s", query, n, want, file.text)
		}
	}
	b.refused("no such state", b.call("GET", "/exports/entries?state=lost", nil, aud), "invalid")
	b.mu.Lock()
	defer b.mu.Unlock()
	asked := func(e audit.Entry) bool {
		return e.Action == "export-entries" && e.Subject == "admin/aud" && bytes.Contains(e.Detail, []byte("as ndjson, of /api/exports/entries?form=ndjson&state=delivered"))
	}
	if !slices.ContainsFunc(b.entries, asked) {
		t.Error("what was exported is not recorded")
	}
}

// TestIntake: security registers who sends, and who sends shows a token and is nobody
// otherwise.
func TestIntake(t *testing.T) {
	b := openBank(t, false)
	b.followed()
	sys, sec := bearer(b.enter("sys")), bearer(b.enter("sec"))
	source := map[string]any{"name": "loans", "zone": "intranet", "kind": "json"}
	b.refused("system registers", b.call("POST", "/sources", source, sys), "duty-wrong")
	made := b.ok("register", b.call("POST", "/sources", source, sec))
	line := map[string]any{"message": "loan granted", "level": "info"}
	b.refused("without a token", b.call("POST", "/intake/loans", line), "credentials-wrong")
	b.refused("with a session", b.call("POST", "/intake/loans", line, sec), "credentials-wrong")
	taken := b.ok("take in", b.call("POST", "/intake/loans", line, header("X-Intake-Token", made.get("token"))))
	if !strings.Contains(taken.text, `"taken":1`) {
		t.Errorf("%s", taken.text)
	}
	b.refused("a token as a session", b.call("GET", "/sources", nil, bearer(made.get("token"))), "signed-out")
	foreign := 0
	b.mu.Lock()
	for _, e := range b.entries {
		if e.Class == audit.ClassForeign && e.Subject == "source/loans" && e.Object == "loan granted" {
			foreign++
		}
		if strings.Contains(string(e.Detail), made.get("token")) {
			t.Errorf("the token is recorded: %+v", e)
		}
	}
	b.mu.Unlock()
	if foreign != 1 {
		t.Errorf("%d entries", foreign)
	}
	if seen := b.ok("list", b.call("GET", "/sources", nil, sys)); strings.Contains(seen.text, "token") {
		t.Errorf("%s", seen.text)
	}
}

// TestRetention: what is kept of audit changes only by two security administrators, and
// never beyond its bounds.
func TestRetention(t *testing.T) {
	b := openBank(t, false)
	destroyed := b.followed()
	b.runs("proposals", b.Proposals.Run)
	sys, sec, sec2, aud := bearer(b.enter("sys")), bearer(b.enter("sec")), bearer(b.enter("sec2")), bearer(b.enter("aud"))
	rule := map[string]any{"class": "decision", "days": 200, "reason": "the law"}
	b.refused("audit proposes", b.call("POST", "/retention/rules", rule, aud), "duty-wrong")
	b.refused("system proposes", b.call("POST", "/retention/rules", rule, sys), "duty-wrong")
	b.refused("59 days", b.call("POST", "/retention/rules", map[string]any{"class": "decision", "days": 59, "reason": "x"}, sec), "invalid")
	b.refused("decisions off", b.call("POST", "/audit-classes", map[string]any{"class": "decision", "from": b.clock(), "to": b.clock().Add(time.Hour), "index": true, "reason": "x"}, sec), "invalid")
	b.refused("administrators' acts off", b.call("POST", "/audit-classes", map[string]any{"class": "admin", "from": b.clock(), "to": b.clock().Add(time.Hour), "export": true, "reason": "x"}, sec), "invalid")
	b.refused("yesterday's details", b.call("POST", "/retention/destruction", map[string]any{"before": b.clock(), "reason": "x"}, sec), "invalid")

	old := b.clock().AddDate(0, 0, -100)
	from, to := b.clock().Add(-time.Minute).UTC(), b.clock().Add(time.Hour).UTC()
	about := map[string]proposal.About{
		"/retention/rules":       {Code: "set-retention", Class: "decision", Days: 200},
		"/retention/destruction": {Code: "destroy-details", Before: old.UTC().Format(time.DateOnly)},
		"/audit-classes":         {Code: "switch-audit-class", Class: "session", From: from, To: to},
	}
	for path, body := range map[string]map[string]any{
		"/retention/rules":       rule,
		"/retention/destruction": {"before": old, "reason": "the customer asked"},
		"/audit-classes":         {"class": "session", "from": from, "to": to, "index": true, "reason": "a load test"},
	} {
		made := b.ok(path, b.call("POST", path, body, sec))
		b.about(made.get("id"), about[path])
		vote := map[string]any{"digest": made.get("digest")}
		b.refused(path+" by oneself", b.call("POST", "/proposals/"+made.get("id")+"/approve", vote, sec), "own-proposal")
		b.ok(path+" approved", b.call("POST", "/proposals/"+made.get("id")+"/approve", vote, sec2))
		b.done(made.get("id"), aud)
	}
	if rules := b.Retention.Rules(); rules[0].Class != audit.ClassDecision || rules[0].Days != 200 {
		t.Errorf("%+v", rules)
	}
	if len(*destroyed) == 0 || (*destroyed)[0] != retention.DayOf(old) {
		t.Errorf("destroyed before %v, want %d", *destroyed, retention.DayOf(old))
	}
	if at := b.clock().UnixMilli(); b.Retention.Indexed(audit.ClassSession, "info", at) || !b.Retention.Indexed(audit.ClassSession, "refuse", at) {
		t.Error("the window is not in force")
	}
	b.ok("show", b.call("GET", "/retention", nil, aud))
	b.ok("forecast", b.call("GET", "/retention/disk", nil, sys))
	if list := b.ok("classes", b.call("GET", "/audit-classes", nil, aud)); list.items() != 1 {
		t.Errorf("%s", list.text)
	}
}

// done waits until a proposal has been done.
func (b *bank) done(id string, who with) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		p := b.ok("look", b.call("GET", "/proposals/"+id, nil, who))
		if p.get("state") == "done" {
			return
		}
		if p.get("state") == "failed" {
			b.t.Fatalf("%s", p.text)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.t.Fatalf("it stays %s", p.text)
		}
	}
}

// deaf is a client that goes away in the middle of an answer.
type deaf struct{ *httptest.ResponseRecorder }

func (deaf) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// breaksOff has a client go away from an export: the answer is broken off and recorded as
// failed, and that is all.
func (b *bank) breaksOff(aud with) {
	b.t.Helper()
	request := httptest.NewRequestWithContext(b.t.Context(), http.MethodGet, prefix+"/exports/entries?form=ndjson", nil)
	aud(request)
	func() {
		defer func() {
			if v := recover(); v != http.ErrAbortHandler {
				b.t.Errorf("a client went away: %v", v)
			}
		}()
		b.Handler().ServeHTTP(deaf{httptest.NewRecorder()}, request)
	}()
	b.ok("afterwards", b.call("GET", "/evidence", nil, aud))
}
