// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package file

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
)

// deliver sends a body with any content straight to the exit, as a captured front
// and guard would.
func (r *rig) deliver(content parcel.Record, body string) error {
	r.t.Helper()
	fields, err := parcel.EncodeRecord(content)
	if err != nil {
		return err // it is not even a parcel
	}
	var h parcel.Hasher
	if _, err := h.Write([]byte(body)); err != nil {
		r.t.Fatal(err)
	}
	out := &exchange.Outgoing{Draft: exchange.Draft{ID: parcel.NewID(), Flow: "up", Subject: "a/batches", Assurance: label.ByComponent, Fields: fields}}
	out.Body, out.Digests = h.Sum()
	_, err = r.bridge.Deliver(context.Background(), r.bridge.Policy().Flow("up"), out, bytes.NewReader([]byte(body)))
	return err
}

func content(name string, size int) parcel.Record {
	return parcel.Record{"form": "file", "name": name, "size": int64(size), "modified": int64(1)}
}

func TestHostileContent(t *testing.T) {
	r := newRig(t, func(f *policy.Flow) { f.Files.MaxSize = 100 })
	refused := 0
	for _, name := range hostileNames() {
		err := r.deliver(content(name, 1), "x")
		if code := fault.CodeOf(err); code == fault.NameInvalid {
			refused++
		} else if code != fault.ParcelMalformed { // text that is not UTF-8 is no content
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, c := range []struct {
		content parcel.Record
		body    string
		code    fault.Code
	}{
		{content("a.csv", 2), "x", fault.ContentInvalid}, {content("a.csv", 0), "x", fault.ContentInvalid}, {content("a.exe", 1), "x", fault.ContentType},
		{content("a.csv", 101), strings.Repeat("x", 101), fault.ContentTooLarge}, {parcel.Record{"form": "other", "name": "a.csv", "size": int64(1)}, "x", fault.ContentInvalid},
		{parcel.Record{"form": "file", "name": int64(1), "size": int64(1)}, "x", fault.NameInvalid}, {parcel.Record{"form": "file", "name": "a.csv"}, "", fault.ContentInvalid},
	} {
		if err := r.deliver(c.content, c.body); fault.CodeOf(err) != c.code {
			t.Errorf("%v: %v, want %s", c.content, err, c.code)
		}
		refused++
	}
	if got := files(t, r.target); len(got) != 0 {
		t.Errorf("released: %q", got)
	}
	entries, err := os.ReadDir(r.dir)
	if err != nil || len(entries) > 3 { // source, target, entry or exit state
		t.Errorf("beside the directories: %v, %v", entries, err)
	}
	reasons, err := filepath.Glob(filepath.Join(r.target, own, "in", "up", "quarantine", "*.about"))
	if err != nil || len(reasons) != refused {
		t.Errorf("%d reasons in quarantine for %d refusals, %v", len(reasons), refused, err)
	}
	if err := r.deliver(content("good.csv", 1), "x"); err != nil {
		t.Error(err)
	}
}

func TestLinkAtTarget(t *testing.T) {
	r := newRig(t, nil)
	victim := filepath.Join(r.dir, "victim")
	if err := errors.Join(os.WriteFile(victim, []byte("mine"), 0o600), os.Symlink(victim, filepath.Join(r.target, "a.csv"))); err != nil {
		t.Fatal(err)
	}
	if err := r.deliver(content("a.csv", 1), "x"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(victim); string(got) != "mine" || err != nil {
		t.Errorf("written through a link: %q, %v", got, err)
	}
	if n := len(files(t, r.target)); n != 2 {
		t.Errorf("%d entries", n)
	}
}

func TestUnknownTarget(t *testing.T) {
	r := newRig(t, func(f *policy.Flow) { f.Target = "elsewhere" })
	if err := r.deliver(content("a.csv", 1), "x"); fault.CodeOf(err) != fault.TargetUnavailable || !exchange.Transient(err) {
		t.Errorf("got %v", err)
	}
}

// TestReleaseAgain calls Release as an inbox does after a crash at any place.
func TestReleaseAgain(t *testing.T) {
	dir := t.TempDir()
	target, staged := filepath.Join(dir, "target"), filepath.Join(dir, "staged")
	if err := errors.Join(os.Mkdir(target, 0o700), os.WriteFile(staged, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	s, err := NewFolder(durable.Files{Disk: durable.OS()}, target, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, d := context.Background(), exchange.Delivery{Header: &parcel.Header{ID: parcel.NewID()}, Path: staged}
	for range 2 {
		if err := s.Release(ctx, d, "a.csv"); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(target, "a.csv")); err != nil { // the consumer took it
		t.Fatal(err)
	}
	if err := s.Release(ctx, d, "a.csv"); err != nil || len(files(t, target)) != 0 {
		t.Errorf("after the consumer: %v, %q", err, files(t, target))
	}
	// Another delivery of that name; then the same file at both places.
	other := exchange.Delivery{Header: &parcel.Header{ID: parcel.NewID()}, Path: filepath.Join(dir, "other")}
	if err := errors.Join(os.WriteFile(other.Path, []byte("y"), 0o600), os.WriteFile(filepath.Join(target, "a.csv"), []byte("z"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := s.Release(ctx, other, "a.csv"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: %v", err)
	}
	if err := os.Link(other.Path, filepath.Join(target, "b.csv")); err != nil {
		t.Fatal(err)
	}
	if err := s.Release(ctx, other, "b.csv"); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(other.Path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the staged name is left: %v", err)
	}
	// The target directory is gone: that is not "released before".
	if err := errors.Join(os.WriteFile(staged, []byte("x"), 0o600), os.RemoveAll(target)); err != nil {
		t.Fatal(err)
	}
	if err := s.Release(ctx, d, "c.csv"); fault.CodeOf(err) != fault.TargetUnavailable {
		t.Errorf("without a target directory: %v", err)
	}
	if err := os.Mkdir(target, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Release(ctx, d, "c.csv"); fault.CodeOf(err) != fault.TargetUnavailable {
		t.Errorf("with another target directory: %v", err)
	}
}

func TestHomeRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, own)); err != nil {
		t.Fatal(err)
	}
	if _, err := Home(dir); err == nil {
		t.Error("a link in the place of the front's directory is accepted")
	}
	if _, err := Home(filepath.Join(dir, "none")); err == nil {
		t.Error("a directory that is not there is made")
	}
	open := t.TempDir()
	if err := os.Mkdir(filepath.Join(open, own), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(open, own), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Home(open); err == nil {
		t.Error("a directory that all may write to is accepted")
	}
}

// TestReleasedFromQuarantine: what the flow's checks refused is given out when two persons
// had it released; a name or form that may not be is not, whoever says so.
func TestReleasedFromQuarantine(t *testing.T) {
	checked := 0
	r := newRig(t, func(f *policy.Flow) { f.Files.MaxSize = 10 })
	for _, c := range []struct {
		content parcel.Record
		body    string
		code    fault.Code
		then    fault.Code // of the release
	}{
		{content("a.exe", 1), "x", fault.ContentType, ""}, {content("a.csv", 11), "12345678901", fault.ContentTooLarge, ""},
		{content("../a.csv", 1), "y", fault.NameInvalid, fault.NameInvalid}, {content("b.csv", 2), "y", fault.ContentInvalid, fault.ContentInvalid},
	} {
		if err := r.deliver(c.content, c.body); fault.CodeOf(err) != c.code {
			t.Fatalf("%v: %v", c.content, err)
		}
		in, err := r.exit.Inbox(r.bridge.Policy().Flow("up"))
		if err != nil {
			t.Fatal(err)
		}
		list, err := in.HeldIDs()
		if err != nil {
			t.Fatal(err)
		}
		for _, held := range list {
			_, err := in.ReleaseHeld(t.Context(), held.ID, exchange.Approval{1}, func(h *exchange.Held) error {
				if h.Code != c.code { // one that stays
					return fault.New(fault.PolicyUnsigned, "not this one")
				}
				checked++
				return nil
			})
			if code := fault.CodeOf(err); code != fault.PolicyUnsigned && (c.then == "" && err != nil || c.then != "" && code != c.then) {
				t.Errorf("release of %v: %v", c.content, err)
			}
		}
	}
	if got := files(t, r.target); len(got) != 2 || got["a.exe"] != "x" || got["a.csv"] != "12345678901" || checked != 4 {
		t.Errorf("%d were asked about, released: %q", checked, got)
	}
}
