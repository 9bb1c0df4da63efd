// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/judge"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// octets are bytes that a vector writes in hexadecimal.
type octets []byte

func (o octets) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, o), nil }

func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

// vector is everything that one verdict depends on, and the verdict. Any judge, in
// any language, must come to the same one.
type vector struct {
	Code      fault.Code      `json:"code"` // empty: accepted
	What      string          `json:"what"`
	Stage     string          `json:"stage"` // what gives the verdict: "bundle", "parcel", "answer" or "body"
	Judge     string          `json:"judge"`
	Window    octets          `json:"window"`
	Clock     int64           `json:"clock_ms"`
	Approvers []octets        `json:"approvers"`
	Quorum    int             `json:"quorum"`
	Floor     uint64          `json:"floor"`  // highest bundle version that was in force
	Bundle    octets          `json:"bundle"` // signed; empty for none
	Keys      []vectorKey     `json:"keys"`
	Before    []vectorParcel  `json:"before,omitempty"` // accepted before, in order
	Parcel    vectorParcel    `json:"parcel"`
	Answer    *vectorParcel   `json:"answer,omitempty"` // of stage "answer"
	Chunks    []vectorSegment `json:"chunks,omitempty"` // of stage "body"
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

type vectorSegment struct {
	Next octets `json:"next"`
	Data octets `json:"data"`
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

func (v *vector) anchors() policy.Anchors {
	a := policy.Anchors{Quorum: v.Quorum}
	for _, key := range v.Approvers {
		a.Approvers = append(a.Approvers, ed25519.PublicKey(key))
	}
	return a
}

// run gives the verdict. What comes before it must be accepted.
func (v *vector) run() error {
	if v.Stage == "bundle" {
		_, err := policy.Open(v.Bundle, v.anchors(), v.Clock, v.Floor)
		return err
	}
	var p *policy.Policy
	if len(v.Bundle) > 0 {
		var err error
		if p, err = policy.Open(v.Bundle, v.anchors(), 0, 0); err != nil { // in force since before it ended
			return fmt.Errorf("the vector's bundle: %w", err)
		}
	}
	j, err := judge.New(v.Judge, v, func() time.Time { return time.UnixMilli(v.Clock) }, bytes.NewReader(v.Window))
	if err != nil {
		return err
	}
	for i, b := range v.Before {
		if _, err := j.Judge(p, b.instance()); err != nil {
			return fmt.Errorf("parcel %d before: %v", i, err)
		}
	}
	verdict, err := j.Judge(p, v.Parcel.instance())
	if err != nil && v.Stage != "parcel" {
		return fmt.Errorf("the parcel itself: %v", err)
	}
	if err != nil {
		return matches(verdict, err)
	}
	switch v.Stage {
	case "answer":
		answer, err := j.Judge(p, v.Answer.instance())
		if err != nil {
			return fmt.Errorf("the answer itself: %v", err)
		}
		return judge.Answers(&verdict, &answer)
	case "body":
		return v.follow(verdict.Header.Body)
	default:
		return nil
	}
}

// matches holds the decision that is recorded against the error that is told.
func matches(v judge.Verdict, err error) error {
	if v.Decision.Allow || v.Decision.Code != fault.CodeOf(err) || len(v.Decision.Reasons) == 0 || v.Decision.Reasons[0].Code != v.Decision.Code {
		return fmt.Errorf("told %v, decided %+v", err, v.Decision)
	}
	return err
}

func (p *vectorParcel) instance() judge.Case {
	return judge.Case{Header: p.Header, Label: p.Label, Presenter: p.Presenter, Relayed: p.Relayed}
}

func (v *vector) follow(body parcel.Body) error {
	verifier, err := parcel.NewVerifier(body)
	if err != nil {
		return err
	}
	for _, c := range v.Chunks {
		if err := verifier.Chunk(c.Data, parcel.Link(c.Next)); err != nil {
			return err
		}
	}
	return verifier.Done()
}

// code is the code of an error that has one: a broken vector has none.
func code(err error) fault.Code {
	var e *fault.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	default:
		return "the vector is broken"
	}
}

func (v *vector) encode() ([]byte, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return append(b, '\n'), err
}

func decode(data []byte) (*vector, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var v vector
	return &v, d.Decode(&v)
}

// approver is the key of the n-th approver of all vectors.
func approver(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

func sign(b policy.Bundle, signers ...byte) octets {
	keys := make([]ed25519.PrivateKey, len(signers))
	for i, n := range signers {
		keys[i] = approver(n)
	}
	s, err := envelope.Seal(envelope.Bundle, b, keys...)
	if err != nil {
		panic(err)
	}
	return s.Encode()
}

var window = label.Window{0: 0xd0, 15: 0x0c}
