// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

func TestFileCrosses(t *testing.T) {
	r := newRig(t, nil)
	r.put("first.csv", "one")
	r.put("empty.CSV", "")
	eventually(t, "both files at the target", func() bool { return len(files(t, r.target)) == 2 })
	if got := files(t, r.target); got["first.csv"] != "one" || got["empty.CSV"] != "" {
		t.Errorf("released %q", got)
	}
	eventually(t, "receipts", func() bool { return len(r.receipts()) == 2 })
	for name, text := range r.receipts() {
		var got Receipt
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(name, got.Name+".") || !strings.HasSuffix(name, got.ID+".json") || got.Flow != "up" || got.Released.IsZero() {
			t.Errorf("receipt %s: %+v", name, got)
		}
	}
	if left := files(t, r.source); len(left) != 0 {
		t.Errorf("left in the watched directory: %q", left)
	}
	eventually(t, "an empty outbox", func() bool {
		left, err := filepath.Glob(filepath.Join(r.source, own, "out", "*.*"))
		return err == nil && len(left) == 0 && r.entry.Pending() == 0
	})
}

func TestNameTaken(t *testing.T) {
	r := newRig(t, nil)
	for i, body := range []string{"one", "two", "three"} {
		r.put("same.csv", body)
		eventually(t, "one more file", func() bool { return len(files(t, r.target)) == i+1 })
	}
	got := files(t, r.target)
	if got["same.csv"] != "one" {
		t.Errorf("the first file was replaced: %q", got)
	}
	for name := range got {
		if !strings.HasPrefix(name, "same") || !strings.HasSuffix(name, ".csv") {
			t.Errorf("released as %q", name)
		}
	}
}

func TestRefusedAtOnce(t *testing.T) {
	r := newRig(t, func(f *policy.Flow) { f.Files.MaxSize = 10 })
	r.stopEntry()
	if err := os.Symlink("/etc/passwd", filepath.Join(r.source, "link.csv")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(filepath.Join(r.source, "pipe.csv"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(r.source, "folder.csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	r.put("program.exe", "MZ")
	r.put("large.csv", "01234567890")
	r.put("con.csv", "x")
	r.put("a\u202evsc.csv", "x")
	r.put("a\xff.csv", "x")
	r.put("good.csv", "x")
	r.startEntry()
	eventually(t, "the good file at the target", func() bool { return files(t, r.target)["good.csv"] == "x" })
	eventually(t, "seven reasons", func() bool {
		reasons, err := filepath.Glob(filepath.Join(r.source, own, "quarantine", "*"+reasonExt))
		return err == nil && len(reasons) == 7 && len(files(t, r.source)) == 0
	})
	r.bridge.mu.Lock()
	if n := len(r.bridge.turned); n != 7 {
		t.Errorf("%d refusals were to be recorded, want 7", n)
	}
	r.bridge.mu.Unlock()
	for name, code := range map[string]fault.Code{
		"link.csv": fault.ContentType, "pipe.csv": fault.ContentType, "program.exe": fault.ContentType, "large.csv": fault.ContentTooLarge, "unnamed": fault.NameInvalid,
	} {
		reason, err := os.ReadFile(filepath.Join(r.source, own, "quarantine", name+reasonExt))
		if err != nil || !strings.HasPrefix(string(reason), "code: "+string(code)+"\n") {
			t.Errorf("%s: %q, %v", name, reason, err)
		}
		if _, err := os.Lstat(filepath.Join(r.source, own, "quarantine", name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Lstat(filepath.Join(r.source, "folder.csv")); err != nil {
		t.Errorf("a directory is not left alone: %v", err)
	}
}

func TestRefusedOnTheWay(t *testing.T) {
	r := newRig(t, nil)
	r.bridge.mu.Lock()
	r.bridge.refuse = func(*parcel.Header) error { return fault.New(fault.PolicyDenied, "the test says so") }
	r.bridge.mu.Unlock()
	r.put("denied.csv", "one")
	eventually(t, "the file in quarantine", func() bool { return r.quarantine()["denied.csv"] == "one" })
	if reason := r.quarantine()["denied.csv.reason"]; !strings.Contains(reason, "code: policy-denied\n") || !strings.Contains(reason, "parcel: ") || strings.Contains(reason, "earlier") {
		t.Errorf("reason %q", reason)
	}
	if len(r.receipts()) != 0 || len(files(t, r.target)) != 0 {
		t.Errorf("receipts %q, released %q", r.receipts(), files(t, r.target))
	}
}

// TestRefusedAfterARestart: what an earlier life may have delivered is not told as
// surely refused.
func TestRefusedAfterARestart(t *testing.T) {
	r := newRig(t, nil)
	tried := make(chan struct{}, 1000)
	refuse := func(code fault.Code) {
		r.bridge.mu.Lock()
		defer r.bridge.mu.Unlock()
		r.bridge.refuse = func(*parcel.Header) error {
			tried <- struct{}{}
			return fault.New(code, "the test says so")
		}
	}
	refuse(fault.TooBusy)
	r.put("denied.csv", "one")
	<-tried
	r.stopEntry()
	refuse(fault.PolicyDenied)
	r.startEntry()
	eventually(t, "the file in quarantine", func() bool { return r.quarantine()["denied.csv"] == "one" })
	if reason := r.quarantine()["denied.csv.reason"]; !strings.Contains(reason, "\nearlier: may have been delivered\n") {
		t.Errorf("reason %q", reason)
	}
}

func TestReadyConventions(t *testing.T) {
	t.Run("rename", func(t *testing.T) {
		r := newRig(t, nil)
		r.put("a.csv.part", "x")
		r.put("b.tmp", "x")
		r.put("c.csv", "x")
		eventually(t, "the ready file", func() bool { return files(t, r.target)["c.csv"] == "x" })
		if left := files(t, r.source); len(left) != 2 || len(files(t, r.target)) != 1 {
			t.Errorf("left %q", left)
		}
	})
	t.Run("marker", func(t *testing.T) {
		r := newRig(t, func(f *policy.Flow) { f.Files.Ready = "marker" })
		r.put("a.csv", "a")
		r.put("b.csv", "b")
		r.put("b.csv.ready", "")
		eventually(t, "the marked file", func() bool { return files(t, r.target)["b.csv"] == "b" })
		eventually(t, "the marker gone", func() bool { return len(files(t, r.source)) == 1 })
		r.put("a.csv.ready", "")
		eventually(t, "the other one", func() bool { return files(t, r.target)["a.csv"] == "a" })
	})
	t.Run("settled", func(t *testing.T) {
		r := newRig(t, func(f *policy.Flow) { f.Files.Ready = "settled" })
		name := filepath.Join(r.source, "a.csv")
		start := time.Now()
		if err := os.WriteFile(name, []byte("one"), 0o600); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the first second", func() bool { return time.Since(start) > time.Second })
		if err := os.WriteFile(name, []byte("one, two"), 0o600); err != nil {
			t.Fatal(err)
		}
		changed := time.Now()
		eventually(t, "the settled file", func() bool { return len(files(t, r.target)) == 1 })
		if took := time.Since(changed); took < settleFor || files(t, r.target)["a.csv"] != "one, two" {
			t.Errorf("taken after %v: %q", took, files(t, r.target))
		}
	})
}

func TestStopInTheMiddle(t *testing.T) {
	r := newRig(t, nil)
	want := map[string]string{}
	for i := range 200 {
		name := "f" + string(rune('a'+i%26)) + "-" + time.Duration(i).String() + ".csv"
		body := strings.Repeat(name, 50+i)
		want[name] = body
		r.put(name, body)
		switch i {
		case 50, 120:
			r.stopEntry()
			r.startEntry()
		case 90:
			r.bridge.connect(t)
		}
	}
	eventually(t, "every file at the target", func() bool { return len(files(t, r.target)) >= len(want) })
	got := files(t, r.target)
	if len(got) != len(want) {
		t.Errorf("%d files released of %d", len(got), len(want))
	}
	for name, body := range want {
		if got[name] != body {
			t.Errorf("%s: %d bytes of %d", name, len(got[name]), len(body))
		}
	}
}

func TestFlowComesAndGoes(t *testing.T) {
	r := newRig(t, nil)
	with := r.bridge.policy.Load()
	without := testPolicy(t, func(f *policy.Flow) { f.Entry = "other" })
	r.put("a.csv", "a")
	eventually(t, "the first file", func() bool { return len(files(t, r.target)) == 1 })
	r.bridge.policy.Store(without)
	eventually(t, "no lane", func() bool { return r.entry.lane("up") == nil })
	r.put("b.csv", "b")
	r.bridge.policy.Store(with)
	eventually(t, "the second file", func() bool { return files(t, r.target)["b.csv"] == "b" })
}

func TestPendingIsBounded(t *testing.T) {
	r := newRig(t, nil)
	r.stopEntry()
	r.bridge.mu.Lock()
	connected := r.bridge.conn
	r.bridge.conn = nil
	r.bridge.mu.Unlock()
	const all = 60
	for i := range all - 1 {
		r.put(time.Duration(i).String()+".csv", "x")
	}
	r.limit = 3
	r.startEntry()
	eventually(t, "three taken", func() bool { return r.entry.Pending() >= 3 })
	r.put("last.csv", "x") // one more scan
	eventually(t, "a file in one of the two places", func() bool { return r.entry.Pending()+len(files(t, r.source)) == all })
	if taken := r.entry.Pending(); taken > r.limit+8 {
		t.Errorf("%d taken", taken)
	}
	r.bridge.mu.Lock()
	r.bridge.conn = connected
	r.bridge.mu.Unlock()
	eventually(t, "all at the target", func() bool { return len(files(t, r.target)) == all })
}
