// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// verifier is what the guard wants of a judge.
type verifier interface {
	Judge(p *policy.Policy, c judge.Case) (judge.Verdict, error)
	Again(p *policy.Policy, v *judge.Verdict) error
	Verifier() label.Verifier
}

var (
	_ verifier = (*judge.Judge)(nil)
	_ verifier = (*Judge)(nil)
)

// pair is both judges with the same keys, clock and window.
type pair struct {
	first  *judge.Judge
	second *Judge
}

func newPair(w *world) *pair {
	p := pairOf(w, w.clock)
	if w.spoil != nil {
		w.spoil(p.second)
	}
	return p
}

func pairOf(keys label.Keys, clock func() time.Time) *pair {
	first, err := judge.New(judgeID, keys, clock, bytes.NewReader(window[:]))
	if err != nil {
		panic(err)
	}
	second, err := New(judgeID, keys, clock, bytes.NewReader(window[:]))
	if err != nil {
		panic(err)
	}
	return &pair{first, second}
}

func codeOf(err error) fault.Code {
	var e *fault.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	default:
		return fault.Code("no code: " + err.Error())
	}
}

// judge has both judge one case and gives the code, and what they differ in.
func (p *pair) judge(b *policy.Policy, c judge.Case) (code fault.Code, v [2]judge.Verdict, difference error) {
	one, oneErr := p.first.Judge(b, c)
	two, twoErr := p.second.Judge(b, c)
	return codeOf(oneErr), [2]judge.Verdict{one, two}, differ(&one, &two, oneErr, twoErr)
}

// differ compares all that a guard makes of two verdicts.
func differ(one, two *judge.Verdict, oneErr, twoErr error) error {
	a, b := codeOf(oneErr), codeOf(twoErr)
	switch {
	case a != b || one.Decision.Allow != two.Decision.Allow || one.Decision.Code != two.Decision.Code:
		return fmt.Errorf("first: %v (%q)\nsecond: %v (%q)", oneErr, one.Decision.Code, twoErr, two.Decision.Code)
	case two.Decision.Code != b || two.Decision.Allow != (twoErr == nil):
		return fmt.Errorf("told %v, decided %+v", twoErr, two.Decision)
	case !reflect.DeepEqual(one.Header, two.Header) || !reflect.DeepEqual(one.Label, two.Label) || !reflect.DeepEqual(one.Content, two.Content):
		return fmt.Errorf("read differently (%v):\n%+v %+v %v\n%+v %+v %v", oneErr, one.Header, one.Label, one.Content, two.Header, two.Label, two.Content)
	case len(one.Decision.Reasons) == 0 || len(two.Decision.Reasons) == 0:
		return fmt.Errorf("without a reason: %+v, %+v", one.Decision, two.Decision)
	case one.Decision.Reasons[0].Code != two.Decision.Reasons[0].Code || one.Decision.Reasons[0].Rule != two.Decision.Reasons[0].Rule:
		return fmt.Errorf("by rules that differ: %+v, %+v", one.Decision.Reasons, two.Decision.Reasons)
	case oneErr == nil && !reflect.DeepEqual(one.Decision, two.Decision):
		return fmt.Errorf("permitted differently: %+v, %+v", one.Decision, two.Decision)
	}
	return nil
}

// judgesCodes are what a judge can answer with; "" is to allow.
func judgesCodes() []fault.Code {
	return []fault.Code{
		"", fault.LabelMissing, fault.LabelMalformed, fault.LabelWrongJudge, fault.LabelWindow, fault.LabelEpoch, fault.LabelAltered, fault.LabelTransplanted,
		fault.LabelStolen, fault.LabelEarly, fault.LabelExpired, fault.LabelReplayed, fault.LabelOld, fault.LabelTerm, fault.LabelDimension, fault.LabelLevel,
		fault.LabelLow, fault.LabelIntegrity, fault.ParcelMalformed, fault.ParcelTooLarge, fault.ContentInvalid, fault.ContentTooLarge,
		fault.PolicyMissing, fault.PolicyExpired, fault.PolicyDenied, fault.PolicyError, fault.FlowUnknown, fault.FlowDirection, fault.SubjectUnknown, fault.SubjectLevel,
	}
}

// crowd has a pair judge n generated parcels. It stops at the first on which they do
// not agree.
func crowd(w *world, p *pair, n int) (map[fault.Code]int, error) {
	counts := map[fault.Code]int{}
	all := mutations()
	for i := range n {
		d := w.draft()
		var chosen []mutation
		for range []int{0, 1, 1, 1, 1, 1, 2, 3}[w.IntN(8)] {
			chosen = append(chosen, all[w.IntN(len(all))])
		}
		c := d.make(chosen)
		code, v, err := p.judge(d.policy, c)
		if err == nil && code == "" {
			later := w.places[w.IntN(len(w.places))].good
			oneErr, twoErr := p.first.Again(later, &v[0]), p.second.Again(later, &v[1])
			err = differ(&v[0], &v[1], oneErr, twoErr)
		}
		if err != nil {
			var names []string
			for _, m := range chosen {
				names = append(names, m.name)
			}
			return counts, fmt.Errorf("parcel %d, mutated by %s:\n%w\nheader %x\nlabel %x", i, strings.Join(names, ", "), err, c.Header[:min(len(c.Header), 2000)], c.Label)
		}
		counts[code]++
		if l := v[0].Label; l != nil && (l.Boot > w.boot[l.Maker] || l.Number > w.number[l.Maker]) {
			p = w.newLife(p, l)
		}
	}
	return counts, nil
}

// newLife lets a maker go on behind a label that a mutation has put far ahead; where
// that cannot be, makers and judges begin anew.
func (w *world) newLife(p *pair, ahead *label.Label) *pair {
	if ahead.Boot < 1<<40 {
		w.boot[ahead.Maker], w.number[ahead.Maker] = max(w.boot[ahead.Maker], ahead.Boot+1), 0
		return p
	}
	clear(w.boot)
	clear(w.number)
	return newPair(w)
}

// seed is DUKOU_SEED, else of the time.
func seed(t testing.TB) uint64 {
	s := uint64(time.Now().UnixNano())
	if text := os.Getenv("DUKOU_SEED"); text != "" {
		var err error
		if s, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d (set DUKOU_SEED to repeat)", s)
	return s
}

// TestAgreement has both judges judge generated parcels: 20,000, or a million with
// DUKOU_LONG=1. Every code that a judge has must come up.
func TestAgreement(t *testing.T) {
	s, rounds := seed(t), 2
	if os.Getenv("DUKOU_LONG") != "" {
		rounds = 100
	}
	total := map[fault.Code]int{}
	for round := range rounds {
		w := newWorld(s + uint64(round))
		counts, err := crowd(w, newPair(w), 10_000)
		if err != nil {
			t.Fatalf("round %d (DUKOU_SEED=%d): %v", round, s+uint64(round), err)
		}
		for code, n := range counts {
			total[code] += n
		}
	}
	for _, code := range judgesCodes() {
		if total[code] == 0 {
			t.Errorf("no parcel was answered with %q", code)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%7d %s", total[code], code)
		if !slices.Contains(judgesCodes(), code) {
			t.Errorf("%q is no judge's code", code)
		}
	}
}
