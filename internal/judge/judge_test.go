// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

var update = flag.Bool("update", false, "write the vectors anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	refusedDir  = "../../testdata/refusals"
	acceptedDir = "../../testdata/accepted"
)

// notJudges are the codes with a judge's prefix that fronts give.
var notJudges = []fault.Code{fault.ContentType, fault.ContentRefused, fault.SubjectUnmapped}

// judgesCodes are the codes that a judge gives.
func judgesCodes() []string {
	var list []string
	for _, c := range fault.Codes() {
		kind, _, _ := strings.Cut(string(c), "-")
		if slices.Contains([]string{"label", "parcel", "content", "policy", "flow", "subject"}, kind) && !slices.Contains(notJudges, c) {
			list = append(list, string(c))
		}
	}
	return list
}

func TestRefusals(t *testing.T) {
	made := map[string]*vector{}
	for _, v := range refusals() {
		if made[string(v.Code)] != nil {
			t.Errorf("%s has two vectors", v.Code)
		}
		made[string(v.Code)] = v
	}
	names := hold(t, refusedDir, made)
	if want := judgesCodes(); !slices.Equal(names, want) {
		t.Errorf("vectors of %v\nwant of %v", names, want)
	}
}

func TestAccepted(t *testing.T) { hold(t, acceptedDir, accepted()) }

// hold runs the vectors of a directory and holds their bytes against those that are
// made here; it gives their names.
func hold(t *testing.T, dir string, made map[string]*vector) []string {
	t.Helper()
	if *update {
		write(t, dir, made)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".json")
		names = append(names, name)
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		v, err := decode(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := v.run(); code(err) != v.Code {
			t.Errorf("%s: %v", name, err)
		}
		if made[name] == nil {
			t.Errorf("%s is not made by this test", name)
		} else if want, err := made[name].encode(); err != nil || !bytes.Equal(data, want) {
			t.Errorf("%s differs from what is made here (write anew with -update): %v", name, err)
		}
	}
	if len(names) != len(made) {
		t.Errorf("%d vectors in %s, %d are made", len(names), dir, len(made))
	}
	return names
}

func write(t *testing.T, dir string, made map[string]*vector) {
	t.Helper()
	for name, v := range made {
		data, err := v.encode()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name+".json"), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestOrder puts every label check that can fail at once into one parcel: the first
// in the order of docs/formats/label.md is told. Mending it uncovers the next.
func TestOrder(t *testing.T) {
	wrong := struct{ term, direction, level, expired, presenter, binding, mac, epoch, window, judge, header, label bool }{
		true, true, true, true, true, true, true, true, true, true, true, true,
	}
	for _, step := range []struct {
		code fault.Code
		mend *bool
	}{
		{fault.LabelMalformed, &wrong.label}, {fault.ParcelMalformed, &wrong.header}, {fault.LabelWrongJudge, &wrong.judge},
		{fault.LabelWindow, &wrong.window}, {fault.LabelEpoch, &wrong.epoch}, {fault.LabelAltered, &wrong.mac},
		{fault.LabelTransplanted, &wrong.binding}, {fault.LabelStolen, &wrong.presenter}, {fault.LabelExpired, &wrong.expired},
		{fault.LabelTerm, &wrong.term}, {fault.FlowDirection, &wrong.direction}, {fault.LabelLevel, &wrong.level},
	} {
		m := maker{kind: parcel.Ask}
		m.header = func(h *parcel.Header) {
			if wrong.header {
				h.Version = 9
			}
			if wrong.direction {
				h.ToZone = "out"
			}
			if wrong.term {
				h.Term = 0
			}
		}
		m.label = func(l *label.Label) {
			if wrong.label {
				l.Version = 9
			}
			if wrong.level {
				l.Class.Confidentiality = 5
			}
			if wrong.expired {
				l.NotAfter = clock
			}
			if wrong.binding {
				l.Binding[0]++
			}
			if wrong.epoch {
				l.Epoch -= 2
			}
		}
		m.sealed = func(s *label.Sealed, _ label.Label) {
			if wrong.mac {
				s.Tags[0].MAC[0]++
			}
			if wrong.window {
				s.Tags[0].Window[0]++
			}
			if wrong.judge {
				s.Tags[0].Judge = "guard-outer"
			}
		}
		m.parcel = func(p *vectorParcel) {
			if wrong.presenter {
				p.Presenter, p.Relayed = "front-other", false
			}
		}
		if err := newVector("", m).run(); code(err) != step.code {
			t.Fatalf("%v, want %s", err, step.code)
		}
		*step.mend = false
	}
	if err := newVector("", maker{kind: parcel.Ask}).run(); err != nil {
		t.Fatal(err)
	}
}

// TestRefusedIsNotSeen: what was refused before its number counted uses it not up;
// what was refused after has used it up.
func TestRefusedIsNotSeen(t *testing.T) {
	v := newVector("", maker{kind: parcel.Ask})
	j, p := start(t, v)
	stolen := v.Parcel
	stolen.Presenter, stolen.Relayed = "front-other", false
	if _, err := j.Judge(p, stolen.instance()); code(err) != fault.LabelStolen {
		t.Fatal(err)
	}
	if _, err := j.Judge(p, v.Parcel.instance()); err != nil {
		t.Fatal(err)
	}
	denied := maker{kind: parcel.Ask, label: func(l *label.Label) { l.Subject, l.Number = "out/p-9", 2 }}.make()
	for _, want := range []fault.Code{fault.PolicyDenied, fault.LabelReplayed} {
		if _, err := j.Judge(p, denied.instance()); code(err) != want {
			t.Fatalf("%v, want %s", err, want)
		}
	}
}

// TestAgain: a delivery is judged by the bundle of its end.
func TestAgain(t *testing.T) {
	for want, change := range map[fault.Code]func(*policy.Bundle){
		"":                  func(*policy.Bundle) {},
		fault.PolicyDenied:  func(b *policy.Bundle) { b.Cedar = nil },
		fault.FlowUnknown:   func(b *policy.Bundle) { b.Flows = b.Flows[:1] },
		fault.LabelTerm:     func(b *policy.Bundle) { b.Term = 2 },
		fault.PolicyExpired: func(b *policy.Bundle) { b.NotAfter = clock },
	} {
		v := newVector("", maker{kind: parcel.Deliver})
		j, p := start(t, v)
		verdict, err := j.Judge(p, v.Parcel.instance())
		if err != nil {
			t.Fatal(err)
		}
		b := bundle()
		change(&b)
		later, err := policy.Compile(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Again(later, &verdict); code(err) != want || verdict.Decision.Code != want || verdict.Decision.Allow != (want == "") {
			t.Errorf("%v, decided %+v, want %q", err, verdict.Decision, want)
		}
		if err := j.Again(nil, &verdict); code(err) != fault.PolicyMissing {
			t.Errorf("without a bundle: %v", err)
		}
	}
}

func start(t *testing.T, v *vector) (*judge.Judge, *policy.Policy) {
	t.Helper()
	j, err := judge.New(v.Judge, v, func() time.Time { return time.UnixMilli(v.Clock) }, bytes.NewReader(v.Window))
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Compile(bundle())
	if err != nil {
		t.Fatal(err)
	}
	return j, p
}

// TestForm: what the outer half checks of what leaves.
func TestForm(t *testing.T) {
	p, err := policy.Compile(bundle())
	if err != nil {
		t.Fatal(err)
	}
	answer := maker{kind: parcel.Answer}
	back, nowhere, bare := answer, answer, answer
	back.header = func(h *parcel.Header) { h.FromZone, h.ToZone = "out", "in" }
	nowhere.header = func(h *parcel.Header) { h.Flow = "other" }
	bare.parcel = func(p *vectorParcel) { p.Label = nil }
	for name, test := range map[string]struct {
		maker maker
		p     *policy.Policy
		now   int64
		want  fault.Code
	}{
		"good":      {answer, p, clock, ""},
		"backwards": {back, p, clock, fault.FlowDirection},
		"no flow":   {nowhere, p, clock, fault.FlowUnknown},
		"no label":  {bare, p, clock, fault.LabelMissing},
		"no bundle": {answer, nil, clock, fault.PolicyMissing},
		"too early": {answer, p, clock - 2*day, fault.PolicyMissing},
		"too late":  {answer, p, clock + day, fault.PolicyExpired},
	} {
		c := test.maker.make()
		v, err := judge.Form(test.p, c.instance(), time.UnixMilli(test.now))
		if code(err) != test.want || v.Decision.Allow != (test.want == "") || v.Decision.Code != test.want {
			t.Errorf("%s: %v, decided %+v", name, err, v.Decision)
		}
	}
}

// TestWindows: two lives of a judge have two windows.
func TestWindows(t *testing.T) {
	first, err := judge.New("j", &vector{}, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := judge.New("j", &vector{}, time.Now, nil)
	if err != nil || first.Verifier() == second.Verifier() {
		t.Fatalf("%v: %v", first.Verifier(), err)
	}
	if _, err := judge.New("j", &vector{}, time.Now, bytes.NewReader(make([]byte, 15))); err == nil {
		t.Fatal("a window of 15 bytes of chance")
	}
}

// FuzzJudge throws bytes at a judge: whatever is not the good parcel is refused with
// a known code.
func FuzzJudge(f *testing.F) {
	good := newVector("", maker{kind: parcel.Ask})
	f.Add([]byte(good.Parcel.Header), []byte(good.Parcel.Label), true)
	for _, v := range refusals() {
		f.Add([]byte(v.Parcel.Header), []byte(v.Parcel.Label), v.Parcel.Relayed)
	}
	p, err := policy.Compile(bundle())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header, sealed []byte, relayed bool) {
		j, err := judge.New(good.Judge, good, func() time.Time { return time.UnixMilli(clock) }, bytes.NewReader(window[:]))
		if err != nil {
			t.Fatal(err)
		}
		_, err = j.Judge(p, judge.Case{Header: header, Label: sealed, Presenter: "guard-outer", Relayed: relayed})
		if err != nil && !fault.Known(code(err)) {
			t.Fatal(err)
		}
		_, _ = judge.Form(p, judge.Case{Header: header, Label: sealed}, time.UnixMilli(clock))
	})
}
