// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"

	"golang.org/x/mod/sumdb/note"
)

const origin = "dukou/inner"

// journal is a real log that is being written, and what its witness saw.
type journal struct {
	t      *testing.T
	dir    string
	log    *audit.Journal
	signer audit.Signer
	seen   [][]byte
}

func newJournal(t *testing.T, key ed25519.PrivateKey) *journal {
	t.Helper()
	signer, err := audit.NewSigner(origin, key)
	if err != nil {
		t.Fatal(err)
	}
	j := &journal{t: t, dir: t.TempDir(), signer: signer}
	if j.log, err = audit.Open(audit.Config{Dir: j.dir, Origin: origin, Signer: signer}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.log.Close() })
	return j
}

func (j *journal) add(e audit.Entry) {
	j.t.Helper()
	if err := errors.Join(j.log.Append(e).Wait(), j.log.Publish()); err != nil {
		j.t.Fatal(err)
	}
	j.seen = append(j.seen, bytes.Clone(j.log.Checkpoint()))
}

func (j *journal) read(tag TagFunc) *Log {
	j.t.Helper()
	log, err := ReadLog(Source{Dir: j.dir, Keys: note.VerifierList(j.signer), Witnessed: j.seen, Tag: tag})
	if err != nil {
		j.t.Fatal(err)
	}
	return log
}

// allow is the record of an allowed delivery of a file; harm may spoil its label.
func allow(t *testing.T, name, rule string, harm func(l *label.Label)) (parcel.ID, audit.Entry) {
	t.Helper()
	fields, err := parcel.EncodeRecord(parcel.Record{"form": "file", "name": name})
	if err != nil {
		t.Fatal(err)
	}
	h := &parcel.Header{
		Kind: parcel.Deliver, ID: parcel.NewID(), Flow: files, FromZone: "a", ToZone: "b", Source: "front-a",
		Destination: "front-b", Guard: "g", Fields: fields, Version: parcel.Version, Suite: parcel.SuiteIntl,
	}
	body := parcel.Hasher{}
	h.Body, _ = body.Sum()
	raw, err := h.Encode()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UnixMilli()
	l := label.Label{
		Version: label.Version, Class: label.Class{Confidentiality: 1, Integrity: 1}, Subject: "a/s", Assurance: label.ByComponent,
		Object: "b/o", Action: "deliver", Protocol: "file", Purpose: "p", Maker: "front-a", Number: 1,
		NotBefore: now - 1000, NotAfter: now + 60_000, Binding: parcel.Digest(raw),
	}
	if harm != nil {
		harm(&l)
	}
	sealed, err := label.Sealed{Body: canon.Must(l)}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	detail := struct {
		_       struct{} `cbor:",toarray"`
		Header  []byte
		Bundle  uint64
		Reasons [][]string
	}{Header: raw, Bundle: 1, Reasons: [][]string{{"", rule, "it may"}}}
	return h.ID, audit.Entry{Class: audit.ClassDecision, Verdict: "allow", Parcel: h.ID, Label: sealed, Detail: canon.Must(detail)}
}

func testKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) }

func TestReadLog(t *testing.T) {
	j := newJournal(t, testKey())
	good, e := allow(t, "f1.bin", "cedar", nil)
	j.add(e)
	j.add(audit.Entry{Class: audit.ClassDelivery, Verdict: "committed", Parcel: good})
	bad := map[string]parcel.ID{}
	for what, harm := range map[string]func(*label.Label){
		"bound to another parcel": func(l *label.Label) { l.Binding[0] ^= 1 },
		"was not valid then":      func(l *label.Label) { l.NotAfter = l.NotBefore + 1; l.NotBefore -= 5000; l.NotAfter -= 4000 },
		"of \"front-c\"":          func(l *label.Label) { l.Maker = "front-c" },
	} {
		id, e := allow(t, "f2.bin", "cedar", harm)
		j.add(e)
		bad[what] = id
	}
	form, e := allow(t, "f3.bin", formRule, nil)
	j.add(e)
	bad["only its form"] = form
	log := j.read(nil)
	if len(log.Findings) != 0 || log.Entries != 6 {
		t.Errorf("%d entries, findings %q", log.Entries, log.Findings)
	}
	if e := log.Events[good]; len(e) != 2 || e[0].Verdict != "allow" || e[0].Label != "" || e[1].Verdict != "committed" {
		t.Errorf("events of a good parcel: %+v", e)
	}
	if ids := log.Parcels["f1"]; len(ids) != 1 || ids[0] != good {
		t.Errorf("parcels of f1: %v", ids)
	}
	for what, id := range bad {
		if e := log.Events[id]; len(e) != 1 || !strings.Contains(e[0].Label, what) {
			t.Errorf("%s: %+v", what, e)
		}
	}
	tagged := j.read(func(*parcel.Header, label.Sealed, *label.Label) error { return errors.New("no tag") })
	if e := tagged.Events[good]; e[0].Label != "no tag" {
		t.Errorf("a tag that is not there: %+v", e)
	}
	none := j.read(func(*parcel.Header, label.Sealed, *label.Label) error { return NoJudge })
	if e := none.Events[form]; e[0].Label != "" {
		t.Errorf("not judged here, and its form is good: %+v", e)
	}
}

// TestReadLogOfAnother reads a log that differs from what witnesses have seen, and one
// that is shorter than that, and one of which a byte was changed.
func TestReadLogOfAnother(t *testing.T) {
	j, other := newJournal(t, testKey()), newJournal(t, testKey())
	for _, name := range []string{"a.bin", "b.bin", "c.bin"} {
		_, e := allow(t, name, "cedar", nil)
		j.add(e)
		_, e = allow(t, name, "cedar", nil)
		other.add(e)
	}
	own := j.seen
	j.seen = append(bytesOf(own[:1]), append(bytesOf(other.seen[1:2]), own[2:]...)...)
	if log := j.read(nil); len(log.Findings) != 1 || !strings.Contains(log.Findings[0], "another log of 2 entries") {
		t.Errorf("a fork at 2: %q", log.Findings)
	}
	_, e := allow(t, "d.bin", "cedar", nil)
	other.add(e)
	j.seen = append(bytesOf(other.seen[3:]), own...)
	if log := j.read(nil); len(log.Findings) != 1 || !strings.Contains(log.Findings[0], "has seen 4 entries, there are 3") {
		t.Errorf("a longer one was seen: %q", log.Findings)
	}
	j.seen = own
	segments, err := filepath.Glob(filepath.Join(j.dir, "journal", "*.seg"))
	if err != nil || len(segments) == 0 {
		t.Fatal(err, segments)
	}
	data, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("b.bin"))
	data[at] ^= 1
	if err := os.WriteFile(segments[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := ReadLog(Source{Dir: j.dir, Keys: note.VerifierList(j.signer), Witnessed: own})
	if err == nil && len(log.Findings) == 0 {
		t.Error("a changed byte was not found")
	}
}

func bytesOf(list [][]byte) [][]byte { return append([][]byte(nil), list...) }
