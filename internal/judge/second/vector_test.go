// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// octets are bytes that a vector writes in hexadecimal.
type octets []byte

func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

// vector is what of testdata/refusals and testdata/accepted one judge needs.
type vector struct {
	Code      fault.Code     `json:"code"`
	Stage     string         `json:"stage"`
	Window    octets         `json:"window"`
	Clock     int64          `json:"clock_ms"`
	Approvers []octets       `json:"approvers"`
	Quorum    int            `json:"quorum"`
	Bundle    octets         `json:"bundle"`
	Keys      []vectorKey    `json:"keys"`
	Before    []vectorParcel `json:"before"`
	Parcel    vectorParcel   `json:"parcel"`
	Answer    *vectorParcel  `json:"answer"`
}

type vectorKey struct {
	Maker string `json:"maker"`
	Judge string `json:"judge"`
	Epoch uint64 `json:"epoch"`
	Key   octets `json:"key"`
}

type vectorParcel struct {
	Header    octets `json:"header"`
	Label     octets `json:"label"`
	Presenter string `json:"presenter"`
	Relayed   bool   `json:"relayed"`
}

func (p *vectorParcel) instance() judge.Case {
	return judge.Case{Header: p.Header, Label: p.Label, Presenter: p.Presenter, Relayed: p.Relayed}
}

// Key implements label.Keys.
func (v *vector) Key(maker, judge string, epoch uint64) ([]byte, bool) {
	for _, k := range v.Keys {
		if k.Maker == maker && k.Judge == judge && k.Epoch == epoch {
			return k.Key, true
		}
	}
	return nil, false
}

// policy is the vector's bundle, nil for none.
func (v *vector) policy(t testing.TB) *policy.Policy {
	if len(v.Bundle) == 0 {
		return nil
	}
	a := policy.Anchors{Quorum: v.Quorum}
	for _, key := range v.Approvers {
		a.Approvers = append(a.Approvers, ed25519.PublicKey(key))
	}
	p, err := policy.Open(v.Bundle, a, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (v *vector) pair() *pair {
	return pairOf(v, func() time.Time { return time.UnixMilli(v.Clock) }) // all have the same window
}

// vectors reads those that a judge gives the verdict on, by name.
func vectors(t testing.TB) map[string]*vector {
	t.Helper()
	names, err := filepath.Glob("../../../testdata/*/*.json")
	if err != nil || len(names) < 30 {
		t.Fatal(names, err)
	}
	all := map[string]*vector{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if v.Stage != "bundle" {
			all[filepath.Base(name)] = &v
		}
	}
	return all
}

// TestVectors has both judges judge every vector of the formats.
func TestVectors(t *testing.T) {
	for name, v := range vectors(t) {
		p, b := v.pair(), v.policy(t)
		for i := range v.Before {
			if code, _, err := p.judge(b, v.Before[i].instance()); err != nil || code != "" {
				t.Fatalf("%s, before: %s %v", name, code, err)
			}
		}
		code, verdicts, err := p.judge(b, v.Parcel.instance())
		if err != nil || v.Stage == "parcel" && code != v.Code || v.Stage != "parcel" && code != "" {
			t.Errorf("%s: %s %v", name, code, err)
		}
		if v.Answer == nil {
			continue
		}
		asked := verdicts[1]
		code, verdicts, err = p.judge(b, v.Answer.instance())
		if err != nil || code != "" {
			t.Errorf("%s, answer: %s %v", name, code, err)
		}
		if got := judge.Answers(&asked, &verdicts[1]); codeOf(got) != v.Code {
			t.Errorf("%s: %v", name, got)
		}
	}
}
