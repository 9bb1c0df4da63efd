// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/pki"
)

// TestSignRelease: nothing is signed but the release of what was named, and what is
// signed is shown as the document has it, whatever the center says beside.
func TestSignRelease(t *testing.T) {
	dir := t.TempDir()
	var out, errOut bytes.Buffer
	file := filepath.Join(dir, "approver")
	if code := run(t.Context(), []string{"policy", "keygen", "-o", file}, &out, &errOut); code != 0 {
		t.Fatalf("%d: %s", code, errOut.String())
	}
	key, err := pki.ReadKey(file)
	if err != nil {
		t.Fatal(err)
	}
	held := control.Held{Parcel: parcel.ID{1}, Flow: "batch", Name: "pay\u202eroll.csv", Size: 7, Code: fault.ContentType}
	document := canon.Must(control.ReleaseOf("guard", "front-in", &held, time.UnixMilli(1_790_000_000_000)))
	payload := func(front, parcel string) []byte {
		b, err := json.Marshal(map[string]any{"front": front, "parcel": parcel, "document": document})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	id := held.Parcel.String()
	var shown bytes.Buffer
	signatures, err := approveRelease(&shown, payload("front-in", id), file)
	if err != nil || len(signatures) != 1 {
		t.Fatal(err)
	}
	public := key.Public().(ed25519.PublicKey)
	s := envelope.Signed{Payload: document, Signatures: []envelope.Signature{{Key: envelope.IDOf(public), COSE: signatures[0]}}}
	if keys := []ed25519.PublicKey{public}; len(s.Signers(envelope.Release, keys)) != 1 || len(s.Signers(envelope.Bundle, keys)) != 0 {
		t.Error("it is not signed as a release, or as more")
	}
	for _, want := range []string{"front-in", id, "roll.csv", "7 bytes", "content-type"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("%q is not shown: %s", want, shown.String())
		}
	}
	if strings.Contains(shown.String(), "\u202e") {
		t.Error("a name deceives the reader")
	}
	for name, try := range map[string]struct {
		payload []byte
		key     string
	}{
		"without a key":     {payload("front-in", id), ""},
		"of another front":  {payload("front-out", id), file},
		"of another parcel": {payload("front-in", parcel.ID{2}.String()), file},
		"of nothing":        {[]byte("{}"), file},
		"not a document":    {[]byte(`{"front":"front-in","parcel":"` + id + `","document":"AAAA"}`), file},
	} {
		if got, err := approveRelease(&shown, try.payload, try.key); err == nil {
			t.Errorf("%s: signed %x", name, got)
		}
	}
}
