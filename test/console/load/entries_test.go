// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

const (
	persons  = 50_000
	refusals = 3 // of a hundred crossings
)

// way makes up crossings: give is handed their entries in order of time, each with the
// component that records it.
type way struct {
	rng    *rand.Rand
	person *rand.Zipf
	flows  []policy.Flow
	labels [][]byte // by flow
	give   func(component string, e audit.Entry)
	made   int // entries
}

func newWay(seed uint64, p *policy.Policy, give func(string, audit.Entry)) *way {
	rng := rand.New(rand.NewPCG(seed, 1))
	w := &way{rng: rng, person: rand.NewZipf(rng, 1.05, 20, persons-1), flows: p.Flows, give: give}
	for i := range p.Flows {
		f := &p.Flows[i]
		l := label.Label{
			Version: label.Version, Class: f.Class, Subject: f.From + "/person", Assurance: label.ByToken, Object: f.Object, Action: f.Action,
			Protocol: f.Protocol, Purpose: f.Purpose, Maker: f.Entry, Number: 1, NotBefore: 1, NotAfter: 2,
		}
		w.labels = append(w.labels, canon.Must(label.Sealed{Body: canon.Must(l), Tags: []label.Tag{}}))
	}
	return w
}

// crossed is how a crossing ended.
type crossed struct {
	flow    *policy.Flow
	refused bool
}

// crossing makes the entries of one: most are questions.
func (w *way) crossing(at int64) crossed {
	n := w.choose()
	f := &w.flows[n]
	e := audit.Entry{
		Time: at, Flow: f.Name, Subject: fmt.Sprintf("%s/person-%06d", f.From, w.person.Uint64()), Object: f.Object, Action: f.Action, Label: w.labels[n],
	}
	binary.LittleEndian.PutUint64(e.Parcel[:8], w.rng.Uint64())
	binary.LittleEndian.PutUint64(e.Parcel[8:], w.rng.Uint64())
	judges := []string{"guard-outer", "guard-gate", "guard-inner"}
	if f.Entry != "front-internet" {
		judges = []string{"guard-inner", "guard-gate", "guard-outer"}
	}
	if w.rng.IntN(100) < refusals {
		reason := []string{"content-invalid", "rate-limited", "label-level", "policy-denied", "subject-unknown"}[w.rng.IntN(5)]
		w.put(judges[0], e, audit.ClassDecision, "refuse", reason)
		w.put(f.Entry, e, audit.ClassDelivery, "refuse", reason)
		return crossed{f, true}
	}
	if f.Kind == "deliver" {
		w.delivery(f, judges, e)
	} else {
		w.question(f, judges, e)
	}
	return crossed{flow: f}
}

// choose chooses a flow: one of files every tenth time.
func (w *way) choose() int {
	files := w.rng.IntN(10) == 0
	for {
		if n := w.rng.IntN(len(w.flows)); (w.flows[n].Kind == "deliver") == files {
			return n
		}
	}
}

func (w *way) put(component string, e audit.Entry, class audit.Class, verdict, reason string) {
	e.Class, e.Verdict, e.Reason = class, verdict, reason
	if class != audit.ClassDecision {
		e.Label = nil
	}
	w.made++
	w.give(component, e)
}

// question is an ask and its answer: each judge decides on both.
func (w *way) question(f *policy.Flow, judges []string, e audit.Entry) {
	for _, judge := range judges {
		w.put(judge, e, audit.ClassDecision, "allow", "")
	}
	w.put(f.Exit, e, audit.ClassDelivery, "answered", "")
	for i := range judges {
		w.put(judges[len(judges)-1-i], e, audit.ClassDecision, "allow", "")
	}
	w.put(f.Entry, e, audit.ClassDelivery, "answered", "")
}

// delivery is a file.
func (w *way) delivery(f *policy.Flow, judges []string, e audit.Entry) {
	for _, judge := range judges {
		w.put(judge, e, audit.ClassDecision, "allow", "")
		w.put(judge, e, audit.ClassDelivery, "committed", "")
		w.put(judge, e, audit.ClassDelivery, "released", "")
	}
	w.put(f.Exit, e, audit.ClassDelivery, "received", "")
	w.put(f.Entry, e, audit.ClassDelivery, "delivered", "")
}
