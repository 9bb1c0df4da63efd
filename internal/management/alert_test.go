// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/notify"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/vault"
)

// lookout is a bank that is watched: the standings are the test's, all else is real.
type lookout struct {
	*bank
	changed chan struct{} // holds a token when a proposal has changed
	took    chan string   // what the receiver of notifications got
	url     string        // of the receiver

	mu   sync.Mutex
	seen monitor.Snapshot
}

func openLookout(t *testing.T) *lookout {
	t.Helper()
	w := &lookout{bank: openBank(t, false), changed: make(chan struct{}, 1), took: make(chan string, 100)}
	for _, c := range []struct {
		id    string
		role  policy.Role
		inner bool
	}{{"front-a", policy.RoleFront, false}, {"outer", policy.RoleOuter, false}, {"gate", policy.RoleGate, true}, {"inner", policy.RoleInner, true}, {"front-b", policy.RoleFront, true}} {
		w.seen.Components = append(w.seen.Components, monitor.Component{ID: c.id, Role: c.role, Inner: c.inner, State: monitor.Current, Seen: time.Now(), Audit: "proven"})
	}
	w.seen.Flows = []monitor.Flow{{Name: "credit-query", Entry: "front-a", Exit: "front-b", Path: []string{"front-a", "outer", "gate", "inner", "front-b"}}}
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is missing is missed
		w.took <- string(body)
	}))
	t.Cleanup(receiver.Close)
	w.url = receiver.URL + "/hook?key=topsecret"
	w.open()
	return w
}

func (w *lookout) open() {
	w.t.Helper()
	log := slog.New(slog.NewTextHandler(w.t.Output(), nil))
	nothing := func(string, string) {}
	w.Notifier = notify.Open(notify.Config{DB: w.db, Key: vault.Key{3}, Console: "https://console.bank.internal", Tell: nothing, Log: log})
	m, err := monitor.Open(w.t.Context(), monitor.Config{
		DB: w.db, Observe: w.observe, Queue: QueueNews(w.Notifier), Queued: w.Notifier.Wake, Tell: nothing, Log: log,
		Record: func(audit.Entry) audit.Ticket { return audit.Ticket{} },
	})
	w.must("monitor", err)
	w.Monitor = m
	w.Proposals, err = proposal.Open(w.db, proposal.Config{
		Acts: RuleActs(m), Holders: w.Accounts.Holders, Record: w.Record, Log: log, Now: w.clock,
		Tell: func(string, string) {
			select {
			case w.changed <- struct{}{}:
			default:
			}
		},
	})
	w.must("proposals", err)
}

func (w *lookout) observe() monitor.Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.seen
	s.Components = append([]monitor.Component(nil), s.Components...)
	return s
}

func (w *lookout) state(state string, ids ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.seen.Components {
		if strings.Contains(strings.Join(ids, " "), w.seen.Components[i].ID) {
			w.seen.Components[i].State = state
		}
	}
}

// next is what the receiver gets next, however slow the machine.
func (w *lookout) next() string {
	w.t.Helper()
	select {
	case body := <-w.took:
		return body
	case <-time.After(time.Minute):
		w.t.Fatal("nothing was told")
		return ""
	}
}

func (w *lookout) hook(secret string) reply {
	w.t.Helper()
	return w.ok("create channel", w.call("POST", "/channels", map[string]any{
		"name": "duty", "kind": "webhook", "on": true, "language": "en", "url": w.url,
		"template": "{{range .Items}}{{.State}} {{.Sentence}} {{.Link}}{{end}}",
	}, bearer(secret)))
}

// TestInterruptionIsTold runs monitor and notifier as the center does, takes the gate
// away, and hears of it at a receiver.
func TestInterruptionIsTold(t *testing.T) {
	w := openLookout(t)
	w.hook(w.enter("sys"))
	w.runs("monitor", w.Monitor.Run)
	w.runs("notifier", w.Notifier.Run)
	began := time.Now()
	w.state(monitor.Unreachable, "gate", "outer", "front-a")
	text := w.next()
	t.Logf("from the interruption in the standings to the receiver: %s", time.Since(began).Round(time.Millisecond))
	if !strings.HasPrefix(text, "firing gate does not answer. Interrupted flows: credit-query. Behind it: ") || !strings.Contains(text, " https://console.bank.internal/#/alerts/") {
		t.Errorf("told: %s", text)
	}
}

// look has the monitor look until what is wrong has fired.
func (w *lookout) look() {
	w.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for len(w.Monitor.Firing()) == 0 {
		w.must("look", w.Monitor.Look(w.t.Context()))
		if time.Now().After(deadline) {
			w.t.Fatal("nothing fires")
		}
	}
}

func TestAlertCalls(t *testing.T) {
	w := openLookout(t)
	sys, sec, aud := w.enter("sys"), w.enter("sec"), w.enter("aud")
	w.state(monitor.Untrusted, "front-b")
	w.look()
	list := w.ok("list", w.call("GET", "/alerts?state=firing&level=2", nil, bearer(aud)))
	items, _ := list.body["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("alerts: %s", list.text)
	}
	first, _ := items[0].(map[string]any)
	id, _ := first["id"].(string)
	if words, _ := first["sentences"].(map[string]any); first["rule"] != monitor.RuleUntrusted || words["zh"] == "" || words["en"] == "" {
		t.Errorf("alert: %v", first)
	}
	w.refused("audit acknowledges", w.call("POST", "/alerts/"+id+"/acknowledge", map[string]any{}, bearer(aud)), "duty-wrong")
	w.ok("acknowledge", w.call("POST", "/alerts/"+id+"/acknowledge", map[string]any{"note": "on my way"}, bearer(sec)))
	w.refused("again", w.call("POST", "/alerts/"+id+"/acknowledge", map[string]any{}, bearer(sys)), "conflict")
	shown := w.ok("show", w.call("GET", "/alerts/"+id, nil, bearer(aud)))
	if shown.get("acknowledgedBy") != "sec" || shown.get("note") != "on my way" || !strings.Contains(shown.text, `"what":"fired"`) || !strings.Contains(shown.text, `"what":"acknowledged"`) {
		t.Errorf("shown: %s", shown.text)
	}
	w.refused("an unknown one", w.call("GET", "/alerts/"+strings.Repeat("0", 32), nil, bearer(aud)), "unknown")
	w.refused("a made-up cursor", w.call("GET", "/alerts?after=x", nil, bearer(aud)), "invalid")

	made := w.ok("silence", w.call("POST", "/silences", map[string]any{"component": "front-*", "reason": "new disks", "for": "2h"}, bearer(sys)))
	w.refused("of everything", w.call("POST", "/silences", map[string]any{"reason": "peace", "for": "2h"}, bearer(sys)), "invalid")
	w.refused("for words", w.call("POST", "/silences", map[string]any{"component": "gate", "reason": "x", "for": "long"}, bearer(sys)), "invalid")
	w.refused("by audit", w.call("POST", "/silences", map[string]any{"component": "gate", "reason": "x", "for": "1h"}, bearer(aud)), "duty-wrong")
	if r := w.ok("list silences", w.call("GET", "/silences", nil, bearer(aud))); !strings.Contains(r.text, made.get("id")) {
		t.Errorf("silences: %s", r.text)
	}
	w.ok("end silence", w.call("POST", "/silences/"+made.get("id")+"/end", nil, bearer(sys)))
	w.refused("end it again", w.call("POST", "/silences/"+made.get("id")+"/end", nil, bearer(sys)), "unknown")
}

// TestRulesTakeTwo: a rule is changed by one system administrator, and a critical one is
// lowered by two.
func TestRulesTakeTwo(t *testing.T) {
	w := openLookout(t)
	w.runs("proposals", w.Proposals.Run)
	sys, sys2, sec := w.enter("sys"), w.enter("sys2"), w.enter("sec")
	list := w.ok("list", w.call("GET", "/rules", nil, bearer(sec)))
	for _, r := range monitor.Rules() {
		if !strings.Contains(list.text, `"id":"`+r.ID+`"`) {
			t.Errorf("rule %s is not listed", r.ID)
		}
	}
	slow := map[string]any{"on": true, "threshold": 1.5, "for": 30, "level": 2}
	tag := w.ok("show", w.call("GET", "/rules/flow-slow", nil, bearer(sec))).header.Get("ETag")
	w.refused("without If-Match", w.call("PUT", "/rules/flow-slow", slow, bearer(sys)), "precondition-required")
	w.refused("by security", w.call("PUT", "/rules/flow-slow", slow, bearer(sec), header("If-Match", tag)), "duty-wrong")
	w.ok("set", w.call("PUT", "/rules/flow-slow?for=credit-query", slow, bearer(sys), header("If-Match", tag)))
	w.refused("stale", w.call("PUT", "/rules/flow-slow", slow, bearer(sys), header("If-Match", tag)), "stale")
	w.ok("reset", w.call("DELETE", "/rules/flow-slow?for=credit-query", nil, bearer(sys), header("If-Match", `"1"`)))

	off := map[string]any{"on": false, "threshold": 0, "for": 1, "level": 3, "reason": "it wakes me"}
	r := w.ok("switch off", w.call("PUT", "/rules/component-unreachable", off, bearer(sys), header("If-Match", `"0"`)))
	id, digest := r.get("proposal", "id"), r.get("proposal", "digest")
	if r.status != http.StatusAccepted || id == "" {
		t.Fatalf("switched off by one: %d %s", r.status, r.text)
	}
	w.about(id, proposal.About{Code: "lower-rule", Rule: "component-unreachable"})
	vote := map[string]any{"digest": digest}
	w.refused("one's own", w.call("POST", "/proposals/"+id+"/approve", vote, bearer(sys)), "own-proposal")
	w.refused("by security", w.call("POST", "/proposals/"+id+"/approve", vote, bearer(sec)), "duty-wrong")
	if v, err := w.Monitor.View(monitor.RuleUnreachable); err != nil || !v.Effective.On {
		t.Errorf("before the second person: %+v, %v", v, err)
	}
	w.ok("approve", w.call("POST", "/proposals/"+id+"/approve", vote, bearer(sys2)))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		if state := w.ok("show", w.call("GET", "/proposals/"+id, nil, bearer(sec))).get("state"); state == "done" {
			break
		} else if state == "failed" {
			t.Fatal("it failed")
		}
		select {
		case <-w.changed:
		case <-ctx.Done():
			t.Fatal("it is not done")
		}
	}
	v, err := w.Monitor.View(monitor.RuleUnreachable)
	if err != nil || v.Effective.On || len(v.Own) != 1 || v.Own[0].By != "sys, sys2" {
		t.Errorf("after: %+v, %v", v, err)
	}
}

func TestChannelCalls(t *testing.T) {
	w := openLookout(t)
	sys, aud := w.enter("sys"), w.enter("aud")
	made := w.hook(sys)
	id, tag := made.get("id"), made.header.Get("ETag")
	for _, path := range []string{"/channels", "/channels/" + id} {
		if r := w.ok("read", w.call("GET", path, nil, bearer(aud))); strings.Contains(r.text, "topsecret") || !strings.Contains(r.text, `"set":["url"]`) {
			t.Errorf("%s: %s", path, r.text)
		}
	}
	trace := w.ok("test", w.call("POST", "/channels/"+id+"/test", nil, bearer(sys)))
	if trace.body["ok"] != true || strings.Contains(trace.text, "topsecret") || !strings.Contains(trace.get("sent"), "POST /•••") {
		t.Errorf("trace: %s", trace.text)
	}
	if text := w.next(); !strings.HasPrefix(text, "test ") {
		t.Errorf("took %s", text)
	}
	change := map[string]any{"name": "duty", "kind": "webhook", "on": false}
	w.refused("without If-Match", w.call("PUT", "/channels/"+id, change, bearer(sys)), "precondition-required")
	after := w.ok("set", w.call("PUT", "/channels/"+id, change, bearer(sys), header("If-Match", tag)))
	if after.header.Get("ETag") == tag || after.body["on"] != false {
		t.Errorf("after: %s", after.text)
	}
	w.refused("stale", w.call("PUT", "/channels/"+id, change, bearer(sys), header("If-Match", tag)), "stale")
	w.refused("a field of no channel", w.call("POST", "/channels", map[string]any{"name": "x", "kind": "wecom", "on": true, "url": "https://a/b", "colour": "red"}, bearer(sys)), "invalid")
	w.refused("by audit", w.call("DELETE", "/channels/"+id, nil, bearer(aud)), "duty-wrong")
	w.ok("delete", w.call("DELETE", "/channels/"+id, nil, bearer(sys)))
	w.refused("delete it again", w.call("DELETE", "/channels/"+id, nil, bearer(sys)), "unknown")
	for _, e := range w.entries {
		if strings.Contains(string(e.Detail)+e.Object, "topsecret") {
			t.Errorf("recorded: %s %s", e.Action, e.Detail)
		}
	}
}

// TestMetricsCall: Prometheus reads the numbers with an API token that may only read.
func TestMetricsCall(t *testing.T) {
	w := openLookout(t)
	made := w.ok("token", w.call("POST", "/self/tokens/prometheus", map[string]any{"days": 30, "readOnly": true}, bearer(w.enter("sys"))))
	r := w.ok("metrics", w.call("GET", "/metrics", nil, bearer(made.get("secret"))))
	if !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain; version=0.0.4") || !strings.Contains(r.text, `dukou_component_up{component="gate",role="guard-gate",zone=""} 1`) {
		t.Errorf("%s\n%s", r.header.Get("Content-Type"), r.text)
	}
	w.refused("by audit", w.call("GET", "/metrics", nil, bearer(w.enter("aud"))), "duty-wrong")
}
