// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	bankpolicy "dukou.dev/dukou/examples/bank/policy"
	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/policy/source"
)

// picture is a bank with the example's policy in force, and components as the test says.
type picture struct {
	*bank
	seen monitor.Snapshot
}

func openPicture(t *testing.T) *picture {
	t.Helper()
	p := &picture{bank: openBank(t, false)}
	loaded, err := source.Load(bankpolicy.Files())
	p.must("policy", err)
	inForce, err := loaded.Draft()
	p.must("policy", err)
	log, tell := slog.New(slog.DiscardHandler), func(string, string) {}
	c := p.Config
	c.Policy = draft.Open(p.db, draft.Config{InForce: func() *policy.Policy { return inForce }, Now: p.clock, Tell: tell, Log: log})
	p.seen.Flows = monitor.Flows(inForce)
	for _, one := range []monitor.Component{
		{ID: "front-intranet", Role: policy.RoleFront, Zone: "intranet", Inner: true},
		{ID: "guard-inner", Role: policy.RoleInner, Zone: "intranet", Inner: true, Peers: []string{"center", "front-intranet", "guard-gate"}},
		{ID: "guard-gate", Role: policy.RoleGate, Zone: "intranet", Inner: true, Peers: []string{"guard-inner", "guard-outer"}},
		{ID: "guard-outer", Role: policy.RoleOuter, Zone: "internet", Peers: []string{"front-internet", "guard-gate"}},
		{ID: "front-internet", Role: policy.RoleFront, Zone: "internet", Disk: control.Disk{Size: 100, Free: 40}},
		{ID: "center", Role: policy.RoleCenter, Inner: true},
	} {
		one.State, one.Seen, one.Audit = monitor.Current, p.clock(), "proven"
		p.seen.Components = append(p.seen.Components, one)
	}
	c.Monitor, err = monitor.Open(t.Context(), monitor.Config{
		DB: p.db, Observe: func() monitor.Snapshot {
			s := p.seen
			s.Components = append([]monitor.Component(nil), s.Components...)
			return s
		},
		Tell: tell, Log: log, Now: p.clock, Record: func(audit.Entry) audit.Ticket { return audit.Ticket{} },
	})
	p.must("monitor", err)
	c.Inbox = []InboxSource{AlertInbox(c.Monitor)}
	p.Server = New(c)
	p.listen(p.Server)
	return p
}

func (p *picture) component(id string) *monitor.Component {
	for i := range p.seen.Components {
		if p.seen.Components[i].ID == id {
			return &p.seen.Components[i]
		}
	}
	p.t.Fatalf("no component %s", id)
	return nil
}

// counts has the entry of the flow credit-query count, and a second pass.
func (p *picture) counts(passed, refused uint64, took time.Duration) {
	p.t.Helper()
	f := control.FlowState{Name: "credit-query", Passed: passed, Refused: refused, Bytes: 10 * passed, Within: make([]uint64, len(control.Bounds())+1)}
	for i, b := range control.Bounds() {
		if took <= b {
			f.Within[i] = passed
			break
		}
	}
	p.component("front-internet").Flows = []control.FlowState{f}
	p.later(time.Second)
	p.must("look", p.Monitor.Look(p.t.Context()))
}

func (p *picture) look(secret string) (o Overview) {
	p.t.Helper()
	r := p.ok("overview", p.call("GET", "/overview", nil, bearer(secret)))
	p.must("overview", json.Unmarshal([]byte(r.text), &o))
	return o
}

// TestOverview: the picture says what the policy, the components and the monitor say.
func TestOverview(t *testing.T) {
	p := openPicture(t)
	sys := p.enter("sys")
	for i := range uint64(30) {
		p.counts(4*i, i, 4*time.Millisecond)
	}
	o := p.look(sys)
	var order []string
	for _, c := range o.Components {
		order = append(order, c.ID)
	}
	if got := strings.Join(order, " "); got != "front-internet guard-outer guard-gate guard-inner front-intranet center" {
		t.Errorf("components %s", got)
	}
	if d := o.Components[0].Disk; d == nil || d.Free != 40 || o.Components[1].Disk != nil {
		t.Errorf("disk %+v", d)
	}
	if len(o.Zones) < 2 || o.Policy.Version != 1 || o.Policy.Waits != nil || len(o.Connections) != 5 || o.Guard == "" {
		t.Errorf("%+v", o)
	}
	for _, c := range o.Connections {
		if c.State != connected || c.Link != (c.Outer == "guard-outer") {
			t.Errorf("%+v", c)
		}
	}
	for _, f := range o.Flows {
		if f.From == "" || f.To == "" || f.Protocol == "" || f.Class.Confidentiality == 0 || f.Counts == nil || len(f.Path) != 5 {
			t.Errorf("%+v", f)
		}
		if l := f.Lately; f.Name == "credit-query" && (f.Counts.Passed != 116 || l == nil || l.Passed != 4 || l.Refused != 1 || l.Bytes != 40 || l.P50 <= 2.5 || l.P95 > 5) {
			t.Errorf("%+v %+v", f.Counts, l)
		}
	}
	if strings.Contains(p.ok("overview", p.call("GET", "/overview", nil, bearer(sys))).text, "person-") {
		t.Error("a subject is told")
	}
}

// TestOverviewOfTrouble: what is away is told as such, with its alerts, and to each caller
// how much waits for that one.
func TestOverviewOfTrouble(t *testing.T) {
	p := openPicture(t)
	sys, aud := p.enter("sys"), p.enter("aud")
	p.component("guard-outer").State = monitor.Unreachable
	p.component("front-internet").State = monitor.Unreachable
	for range 30 {
		p.counts(0, 0, time.Second)
	}
	o := p.look(sys)
	want := map[string]ConnectionState{"front-internet": unknownWhether, "guard-outer": oneSided, "guard-gate": connected, "guard-inner": connected}
	for _, c := range o.Connections {
		if c.State != want[c.Outer] {
			t.Errorf("%+v, want %s", c, want[c.Outer])
		}
	}
	if o.Alerts.Critical+o.Alerts.Warning == 0 || o.Inbox == 0 || p.look(aud).Inbox != 0 {
		t.Errorf("alerts %+v, %d for system, %d for audit", o.Alerts, o.Inbox, p.look(aud).Inbox)
	}
	waits, err := AlertInbox(p.Monitor)(t.Context(), account.Caller{Duty: account.System})
	for _, i := range waits {
		if s := i.About.Sentences; i.About.Code != "alert" || s == nil || s.English != i.Title || s.Chinese == "" {
			t.Errorf("%q is told as %+v", i.Title, i.About)
		}
	}
	if err != nil || len(waits) == 0 {
		t.Errorf("%+v: %v", waits, err)
	}
	for _, f := range o.Flows {
		if f.Counts != nil {
			t.Errorf("%s is counted by an entry that does not answer", f.Name)
		}
	}
	p.component("guard-gate").Peers = []string{"guard-inner"}
	for _, c := range p.look(sys).Connections {
		if c.Link && c.State != broken {
			t.Errorf("%+v, and the gate says no", c)
		}
	}
}

// TestOverviewIsCheap: pages may ask for it each second, and nothing is recorded of that. How
// long it takes is printed.
func TestOverviewIsCheap(t *testing.T) {
	p := openPicture(t)
	sys := p.enter("sys")
	p.mu.Lock()
	before := len(p.entries)
	p.mu.Unlock()
	begin := time.Now()
	for range 200 {
		p.look(sys)
	}
	t.Logf("%v each", time.Since(begin)/200)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.entries) != before {
		t.Error("looking at the picture is recorded")
	}
}

// TestLiveCalls: what a page asks by itself is recorded once in a while, and keeps no
// session alive.
func TestLiveCalls(t *testing.T) {
	b := openBank(t, false)
	b.recorded()
	aud := b.enter("aud")
	recorded := func() (n int) {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, e := range b.entries {
			if e.Action == "list-crossings" {
				n++
			}
		}
		return n
	}
	for range 5 {
		b.ok("live", b.call("GET", "/crossings?live=true", nil, bearer(aud)))
	}
	if n := recorded(); n != 1 {
		t.Errorf("five live calls are recorded %d times", n)
	}
	for range 2 { // who reads something else does not read it unseen
		b.ok("live, of a flow", b.call("GET", "/crossings?live=true&flow=credit-query", nil, bearer(aud)))
	}
	if n := recorded(); n != 2 {
		t.Errorf("another live search is recorded %d times in all", n)
	}
	b.refused("a live call that is none", b.call("GET", "/crossings?live=true&limit=0", nil, bearer(aud)), "invalid")
	b.ok("by hand", b.call("GET", "/crossings", nil, bearer(aud)))
	b.later(5 * time.Minute)
	b.ok("live", b.call("GET", "/crossings?live=true", nil, bearer(aud)))
	if n := recorded(); n != 5 {
		t.Errorf("recorded %d times", n)
	}
	for range 2 {
		b.later(10 * time.Minute)
		b.ok("live", b.call("GET", "/crossings?live=true", nil, bearer(aud)))
	}
	b.later(11 * time.Minute)
	b.refused("after thirty minutes without a person", b.call("GET", "/crossings?live=true", nil, bearer(aud)), "signed-out")
}

// TestCrossingsCall: who may sees parcels by what they may see of them.
func TestCrossingsCall(t *testing.T) {
	p := openPicture(t)
	p.recorded()
	c := p.Config
	p.Server = New(c)
	p.listen(p.Server)
	sys, sec, aud := bearer(p.enter("sys")), bearer(p.enter("sec")), bearer(p.enter("aud"))
	for query, want := range map[string]int{
		"": 2, "verdict=refuse": 1, "reason=label-level": 1, "not=verdict%3Drefuse": 1, "state=passed": 1, "state=refused&state=passed": 2,
		"flow=credit-query": 1, "subject=out%2Fp1": 2, "subject=out%2Fp2": 0, "text=credit": 1, "last=24h": 2, "last=1m": 0,
	} {
		if r := p.ok(query, p.call("GET", "/crossings?"+query, nil, aud)); r.items() != want {
			t.Errorf("%s: %s", query, r.text)
		}
	}
	first := p.ok("page", p.call("GET", "/crossings?limit=1", nil, sec))
	if next := first.get("next"); first.items() != 1 || next == "" {
		t.Errorf("page %s", first.text)
	} else if r := p.ok("page", p.call("GET", "/crossings?limit=1&after="+next, nil, sec)); r.items() != 1 {
		t.Errorf("page %s", r.text)
	}
	r := p.ok("one", p.call("GET", "/crossings?flow=credit-query", nil, sec))
	one, _ := r.body["items"].([]any)[0].(map[string]any)
	if one["from"] != "internet" || one["to"] != "intranet" || one["protocol"] != "http" || one["state"] != "passed" || one["records"] != 1.0 {
		t.Errorf("%v", one)
	}
	for query, code := range map[string]string{"state=gone": "invalid", "last=soon": "invalid", "colour=red": "invalid", "class=admin": "invalid", "limit=201": "invalid", "after=x": "invalid"} {
		p.refused(query, p.call("GET", "/crossings?"+query, nil, aud), code)
	}
	p.refused("system", p.call("GET", "/crossings", nil, sys), "duty-wrong")
}

// TestTryDraft: text that is not kept is checked with its place, and that is recorded once.
func TestTryDraft(t *testing.T) {
	b, _ := openPolicy(t)
	sec := bearer(b.enter("sec"))
	id := b.ok("upload", b.call("POST", "/drafts", map[string]any{"title": "The example", "from": "upload", "files": b.files()}, sec)).get("id")
	try := func(body map[string]any) reply { t.Helper(); return b.call("POST", "/drafts/"+id+"/check", body, sec) }
	if r := b.ok("as it is", try(map[string]any{})); r.body["whole"] != true {
		t.Error(r.text)
	}
	bad := map[string]any{"path": "flows/query.yaml", "text": "flows:\n  - name: x\n    colour: red\n"}
	r := b.ok("a mistake", try(map[string]any{"files": []any{bad}}))
	if !strings.Contains(r.text, `"file":"flows/query.yaml","line":3,"column":5`) || r.body["whole"] != false {
		t.Error(r.text)
	}
	if r := b.ok("without a file", try(map[string]any{"without": []string{"zones.yaml"}})); r.body["whole"] != false {
		t.Error(r.text)
	}
	b.refused("a path that is none", try(map[string]any{"files": []any{map[string]any{"path": "../x.yaml", "text": ""}}}), "invalid")
	b.refused("no draft", b.call("POST", "/drafts/none/check", map[string]any{}, sec), "unknown")
	if r := b.ok("the draft", b.call("GET", "/drafts/"+id+"/check", nil, sec)); r.body["whole"] != true {
		t.Errorf("it was kept: %s", r.text)
	}
	if r := b.ok("schema", b.call("GET", "/policies/schema", nil, sec)); r.header.Get("Content-Type") != "application/schema+json" || r.get("$id") == "" {
		t.Errorf("%v %.200s", r.header, r.text)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	verdicts := map[string]int{}
	for _, e := range b.entries {
		if e.Action == "try-draft" {
			verdicts[e.Verdict]++
		}
	}
	if verdicts["allow"] != 1 || verdicts["refuse"] != 2 || verdicts["begun"] != 0 {
		t.Errorf("recorded %v", verdicts)
	}
}
