// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
)

// ask puts a question as a subject.
func (w *world) ask(subject, person string) (front.Reply, error) {
	p := w.out.front.Policy()
	if p == nil {
		return front.Reply{}, wrong("no bundle")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return w.out.front.Ask(ctx, front.Request{
		Flow: p.Flow("query"), Subject: front.Subject{ID: subject, Assurance: label.ByAPIKey},
		Content: parcel.Record{"form": "report", "person": person},
	})
}

func TestAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	w.app.set(func(_ context.Context, c front.Call) (parcel.Record, error) {
		// What the exit sees is on the inner half's disk by then.
		if err := w.inner.recorded(decision(c.ID, "allow", "")); err != nil {
			t.Error(err)
		}
		return answer(2, "of "+c.Content["person"].(string)), nil
	})
	reply, err := w.ask("out/p-1", "p-1")
	if err != nil {
		t.Fatal(err)
	}
	if reply.Content["text"] != "of p-1" || w.app.count(reply.ID) != 1 || w.app.proxy != "in/web-1" {
		t.Errorf("%v, %d calls as %q", reply.Content, w.app.count(reply.ID), w.app.proxy)
	}
	for _, p := range []*part{w.outer, w.running[gate], w.inner} {
		within(t, 5*time.Second, func() error { return p.recorded(decision(reply.ID, "allow", "")) })
	}
	for _, p := range []*part{w.out, w.in} {
		within(t, 5*time.Second, func() error {
			return p.recorded(func(l audit.Leaf) bool {
				return l.Class == audit.ClassDelivery && l.Parcel == reply.ID && l.Verdict == "answered"
			})
		})
	}
}

func decision(id parcel.ID, verdict string, code fault.Code) func(audit.Leaf) bool {
	return func(l audit.Leaf) bool {
		return l.Class == audit.ClassDecision && l.Parcel == id && l.Verdict == verdict && l.Reason == string(code)
	}
}

// TestRefusalsReachTheCaller: the code of whoever refuses comes back, with the id
// that the logs know.
func TestRefusalsReachTheCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	fails := func(code fault.Code) func(context.Context, front.Call) (parcel.Record, error) {
		return func(context.Context, front.Call) (parcel.Record, error) {
			return nil, fault.New(code, "the test says so")
		}
	}
	says := func(level int64) func(context.Context, front.Call) (parcel.Record, error) {
		return func(context.Context, front.Call) (parcel.Record, error) { return answer(level, ""), nil }
	}
	for _, test := range []struct {
		name, subject string
		answer        func(context.Context, front.Call) (parcel.Record, error)
		want          fault.Code
		at            *part // where the verdict is recorded
		reaches       bool  // the application
	}{
		{"a forbidden subject", "out/p-9", says(1), fault.PolicyDenied, w.outer, false},
		{"an unknown subject", "out/nobody", says(1), fault.SubjectUnknown, w.outer, false},
		{"another zone's subject", "in/sender", says(1), fault.LabelDimension, w.outer, false},
		{"a subject without a proxy", "out/alone", says(1), fault.SubjectUnmapped, w.in, false},
		{"an answer above the zone", "out/p-1", says(4), fault.LabelLevel, w.inner, true},
		{"an answer above the subject", "out/low", says(2), fault.SubjectLevel, w.inner, true},
		{"an answer outside of the form", "out/p-1", says(9), fault.ContentInvalid, w.in, true},
		{"an application that is not there", "out/p-1", fails(fault.TargetUnavailable), fault.TargetUnavailable, w.in, true},
		{"an application that fails", "out/p-1", fails(fault.TargetFailed), fault.TargetFailed, w.in, true},
		{"an application that is slow", "out/p-1", fails(fault.TargetTimeout), fault.TargetTimeout, w.in, true},
		{"an exit with a defect", "out/p-1", func(context.Context, front.Call) (parcel.Record, error) { return nil, errors.New("defect") }, fault.InternalError, w.in, true},
	} {
		w.app.set(test.answer)
		_, err := w.ask(test.subject, "p-1")
		var told *front.Error
		if fault.CodeOf(err) != test.want || !errors.As(err, &told) {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
			continue
		}
		if n := w.app.count(told.ID); (n == 1) != test.reaches {
			t.Errorf("%s: reached the application %d times", test.name, n)
		}
		for _, p := range []*part{w.out, test.at} {
			within(t, 5*time.Second, func() error {
				return p.recorded(func(l audit.Leaf) bool { return l.Verdict == "refuse" && l.Reason == string(test.want) })
			})
		}
	}
}

// traffic asks from several callers at once until stop is called; stop gives what
// the callers were told.
func (w *world) traffic(callers int) (stop func() map[fault.Code]int) {
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	told := map[fault.Code]int{}
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for ctx.Err() == nil {
				_, err := w.ask("out/p-1", "p-1")
				code := fault.Code("")
				if err != nil {
					code = fault.CodeOf(err)
				}
				mu.Lock()
				told[code]++
				mu.Unlock()
			}
		})
	}
	return func() map[fault.Code]int {
		cancel()
		all.Wait()
		return told
	}
}

// answered waits until the application has answered n more questions.
func (w *world) answered(n int) {
	w.t.Helper()
	before, _ := w.app.once()
	within(w.t, 20*time.Second, func() error {
		now, err := w.app.once()
		if err != nil {
			w.t.Fatal(err)
		}
		if now < before+n {
			return wrong("%d questions of %d", now-before, n)
		}
		return nil
	})
}

// TestRestarts: halves and the inner front end and start again under traffic. Callers
// are told that something broke off or is away, nothing reaches the application
// twice, and then all is as before.
func TestRestarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	stop := w.traffic(8)
	for _, restart := range []func(){
		func() {
			w.inner.stop()
			w.inner = w.startSide(guard.Inner)
		},
		func() {
			w.outer.stop()
			w.outer = w.startSide(guard.Outer)
		},
		func() {
			w.running[gate].stop()
			w.startSide(guard.Gate)
		},
		func() {
			w.in.stop()
			w.in = w.startFront(frontIn, inner, w.app, nil)
		},
		func() {
			w.cable.cut()
			if err := w.cable.plug(); err != nil {
				t.Error(err)
			}
		},
	} {
		w.answered(50)
		restart()
		w.answered(50)
	}
	for code, n := range stop() {
		switch code {
		case "", fault.Interrupted, fault.GuardUnavailable, fault.PeerUnavailable, fault.LabelWindow:
		default:
			t.Errorf("%d callers were told %s", n, code)
		}
	}
	if _, err := w.app.once(); err != nil {
		t.Error(err)
	}
	if _, err := w.ask("out/p-1", "p-1"); err != nil {
		t.Error(err)
	}
}

// TestInterrupted: a question that has reached the application when the link breaks
// is told to be broken off, at once, and is not put again.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	reached, leave := make(chan parcel.ID, 1), make(chan struct{})
	w.app.set(func(_ context.Context, c front.Call) (parcel.Record, error) {
		reached <- c.ID
		<-leave
		return answer(1, ""), nil
	})
	ended := make(chan error, 1)
	go func() {
		_, err := w.ask("out/p-1", "p-1")
		ended <- err
	}()
	id := <-reached
	w.cable.cut()
	if err := <-ended; fault.CodeOf(err) != fault.Interrupted {
		t.Errorf("%v, want %s", err, fault.Interrupted)
	}
	if err := w.cable.plug(); err != nil {
		t.Error(err)
	}
	close(leave)
	w.app.set(func(context.Context, front.Call) (parcel.Record, error) { return answer(1, ""), nil })
	within(t, 10*time.Second, func() error { _, err := w.ask("out/p-1", "p-1"); return err })
	if n := w.app.count(id); n != 1 {
		t.Errorf("it reached the application %d times", n)
	}
	for _, p := range []*part{w.out, w.outer} {
		within(t, 5*time.Second, func() error {
			return p.recorded(func(l audit.Leaf) bool { return l.Parcel == id && l.Reason == string(fault.Interrupted) })
		})
	}
}

// TestAway: what is away is named.
func TestAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newSite(t))
	if _, err := w.ask("out/p-1", "p-1"); err != nil {
		t.Fatal(err)
	}
	w.in.stop()
	if _, err := w.ask("out/p-1", "p-1"); fault.CodeOf(err) != fault.PeerUnavailable {
		t.Errorf("without the inner front: %v", err)
	}
	w.cable.cut()
	if _, err := w.ask("out/p-1", "p-1"); fault.CodeOf(err) != fault.GuardUnavailable && fault.CodeOf(err) != fault.Interrupted {
		t.Errorf("without the link: %v", err)
	}
	w.outer.stop()
	if _, err := w.ask("out/p-1", "p-1"); fault.CodeOf(err) != fault.GuardUnavailable {
		t.Errorf("without the guard: %v", err)
	}
	if n, err := w.app.once(); n != 1 || err != nil {
		t.Errorf("%d questions reached the application: %v", n, err)
	}
}
