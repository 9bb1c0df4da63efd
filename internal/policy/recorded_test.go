// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

func TestRecordedHidesSecrets(t *testing.T) {
	text := policy.Schema{Type: policy.Text, Max: 64}
	secret := policy.Schema{Type: policy.Text, Max: 64, Secret: true}
	request := policy.Schema{Type: policy.Record, Fields: []policy.Field{
		{Name: "form", Schema: text},
		{Name: "body", Schema: policy.Schema{Type: policy.Record, Fields: []policy.Field{
			{Name: "user", Schema: text},
			{Name: "password", Schema: secret},
			{Name: "codes", Schema: policy.Schema{Type: policy.List, Max: 9, Items: &secret}},
		}}},
	}}
	b := bundle()
	b.Flows[0].Forms = []policy.Form{{Name: "login", Request: request}}
	b.Flows[0].Routes = nil
	p, err := policy.Compile(b)
	if err != nil {
		t.Fatal(err)
	}
	content := parcel.Record{"form": "login", "stray": "hunter2", "body": parcel.Record{
		"user": "zhangwei", "password": "hunter2", "codes": []any{"hunter2"},
	}}
	fields, err := parcel.EncodeRecord(content)
	if err != nil {
		t.Fatal(err)
	}
	evidence := []byte("hunter2 token")
	h := &parcel.Header{Kind: parcel.Ask, Flow: b.Flows[0].Name, Fields: fields, Evidence: evidence}
	got, err := p.Recorded(h, content)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := parcel.DecodeRecord(got.Fields)
	if err != nil {
		t.Fatal(err)
	}
	want := parcel.Record{"form": "login", "stray": policy.NotRecorded, "body": parcel.Record{
		"user": "zhangwei", "password": policy.NotRecorded, "codes": []any{policy.NotRecorded},
	}}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if sum := sha256.Sum256(evidence); !bytes.Equal(got.Evidence, sum[:]) {
		t.Errorf("evidence kept as %q", got.Evidence)
	}
	if !bytes.Equal(h.Fields, fields) || !bytes.Equal(h.Evidence, evidence) {
		t.Error("the header itself was changed")
	}

	for name, p := range map[string]*policy.Policy{"no bundle": nil, "no flow": p} {
		h := *h
		h.Flow = "unheard of"
		got, err := p.Recorded(&h, content)
		if err != nil || bytes.Contains(got.Fields, []byte("hunter2")) {
			t.Errorf("%s: %q, %v", name, got.Fields, err)
		}
	}
}
