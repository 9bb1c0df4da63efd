// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/label"
)

const (
	persons  = 50_000
	flows    = 24
	days     = 30
	perDay   = 24 * 3600 * 1000 // milliseconds
	batchOf  = 2048             // entries of a log in one transaction, as the index takes them
	refusals = 3                // of a hundred parcels
	quiet    = 1.4              // how much fewer there are at night: (quiet+1)/(quiet-1) times
)

// end is when the generated month ends.
func end() time.Time { return time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC) }

// world makes entries as an installation would record them, in order of time.
type world struct {
	rng     *rand.Rand
	n       int   // entries to make
	made    int   // so far
	at      int64 // Unix milliseconds
	step    float64
	person  *rand.Zipf
	flow    *rand.Zipf
	labels  [][]byte // by flow
	give    func(log string, l audit.Leaf)
	parcels uint64
	sample  [16]byte // a parcel out of the middle
}

func newWorld(seed uint64, n int, give func(string, audit.Leaf)) *world {
	rng := rand.New(rand.NewPCG(seed, 1))
	w := &world{rng: rng, n: n, give: give, at: end().UnixMilli() - days*perDay,
		person: rand.NewZipf(rng, 1.05, 20, persons-1), flow: rand.NewZipf(rng, 1.3, 2, flows-1)}
	for i := range flows {
		l := label.Label{Version: label.Version, Class: label.Class{Confidentiality: label.Level(1 + i%5), Integrity: label.Level(5 - i%4)}, Subject: "internet/p",
			Assurance: label.ByToken, Object: "intranet/o", Action: "read", Protocol: "http", Purpose: fmt.Sprint("purpose-", i%6), Maker: "front-internet", Number: 1, NotAfter: 1}
		w.labels = append(w.labels, canon.Must(label.Sealed{Body: canon.Must(l), Tags: []label.Tag{}}))
	}
	w.step = float64(days*perDay) / float64(n) * quiet / math.Sqrt(quiet*quiet-1) // days are longer than nights
	return w
}

// run makes all entries.
func (w *world) run() {
	for w.made < w.n {
		before := w.made
		switch k := w.rng.IntN(1000); {
		case k < 15:
			w.session()
		case k < 21:
			w.administration()
		case k < 22:
			w.trouble()
		case k < 120:
			w.delivery()
		default:
			w.question()
		}
		// Nights are quiet: six times fewer than by day.
		hour := float64(w.at%perDay) / perDay * 2 * math.Pi
		w.at += int64(float64(w.made-before) * w.step * (quiet + math.Cos(hour)) / quiet * (0.5 + w.rng.Float64()))
		w.at = min(w.at, end().UnixMilli()-1)
	}
}

func (w *world) put(log string, l audit.Leaf) {
	l.Version, l.Component = 1, audit.Origin(log)
	if l.Time == 0 {
		l.Time = w.at + int64(w.rng.IntN(20))
	}
	w.made++
	w.give(log, l)
}

func (w *world) parcel() (id [16]byte) {
	binary.LittleEndian.PutUint64(id[:8], w.rng.Uint64())
	binary.LittleEndian.PutUint64(id[8:], w.rng.Uint64())
	w.parcels++
	if w.made < w.n/2 {
		w.sample = id
	}
	return id
}

// leaf is what all entries of one parcel have in common.
func (w *world) leaf() audit.Leaf {
	flow := int(w.flow.Uint64())
	return audit.Leaf{
		Parcel: w.parcel(), Flow: fmt.Sprintf("flow-%02d", flow), Subject: fmt.Sprintf("internet/person-%06d", w.person.Uint64()),
		Object: fmt.Sprintf("intranet/object-%d", flow%9), Action: []string{"read", "submit", "report"}[flow%3], Label: w.labels[flow],
	}
}

func (w *world) refuses() string {
	if w.rng.IntN(100) >= refusals {
		return ""
	}
	return []string{"content-invalid", "content-invalid", "rate-limited", "label-level", "policy-denied", "subject-unknown", "label-expired", "evidence-invalid"}[w.rng.IntN(8)]
}

func as(l audit.Leaf, class audit.Class, verdict, reason string) audit.Leaf {
	l.Class, l.Verdict, l.Reason = class, verdict, reason
	if class != audit.ClassDecision {
		l.Label = nil
	}
	return l
}

// question is an ask and its answer: eight entries on the way.
func (w *world) question() {
	l := w.leaf()
	if code := w.refuses(); code != "" {
		w.put("guard-outer", as(l, audit.ClassDecision, "refuse", code))
		w.put("front-internet", as(l, audit.ClassDelivery, "refuse", code))
		return
	}
	for range 2 {
		for _, judge := range []string{"guard-outer", "guard-gate", "guard-inner"} {
			w.put(judge, as(l, audit.ClassDecision, "allow", ""))
		}
	}
	w.put("front-intranet", as(l, audit.ClassDelivery, "answered", ""))
	w.put("front-internet", as(l, audit.ClassDelivery, "answered", ""))
}

// delivery is a file.
func (w *world) delivery() {
	l := w.leaf()
	l.Flow = "files-" + l.Flow[5:]
	for _, part := range []string{"guard-outer", "guard-gate", "guard-inner"} {
		w.put(part, as(l, audit.ClassDecision, "allow", ""))
		w.put(part, as(l, audit.ClassDelivery, "committed", ""))
		w.put(part, as(l, audit.ClassDelivery, "released", ""))
	}
	w.put("front-intranet", as(l, audit.ClassDelivery, "received", ""))
	w.put("front-internet", as(l, audit.ClassDelivery, "delivered", ""))
}

func (w *world) session() {
	log := []string{"front-internet", "front-intranet", "guard-inner"}[w.rng.IntN(3)]
	w.put(log, audit.Leaf{Class: audit.ClassSession, Verdict: "info", Action: []string{"connect", "disconnect"}[w.rng.IntN(2)], Subject: "guard-inner"})
}

func (w *world) administration() {
	actions := []string{"find-entries", "show-entry", "read-detail", "list-accounts", "create-session", "approve-proposal", "acknowledge-alert"}
	l := audit.Leaf{Class: audit.ClassAdmin, Verdict: "allow", Action: actions[w.rng.IntN(len(actions))], Parcel: w.parcel(),
		Subject: fmt.Sprint("admin/", []string{"zhang", "li", "wang", "zhao"}[w.rng.IntN(4)]), Object: fmt.Sprintf("/api/things/%06d", w.rng.IntN(200_000))}
	if w.rng.IntN(20) == 0 {
		l.Verdict, l.Reason = "refuse", "credentials-wrong"
	}
	w.put("center", l)
}

func (w *world) trouble() {
	if w.rng.IntN(4) == 0 {
		w.put("center", audit.Leaf{Class: audit.ClassPolicy, Verdict: "allow", Action: "publish", Object: fmt.Sprint("v", w.made%500)})
		return
	}
	w.put("center", audit.Leaf{Class: audit.ClassHealth, Verdict: "refuse", Reason: "clock-off", Subject: "front-internet", Action: "look"})
}
