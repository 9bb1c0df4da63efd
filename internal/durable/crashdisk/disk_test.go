// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package crashdisk_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"
)

// moved makes a file that is on the disk as a/x and moves it to b/y.
func moved(t *testing.T, seed uint64, atomic bool) *crashdisk.Disk {
	t.Helper()
	d := crashdisk.New(seed)
	if atomic {
		d.AtomicMoves()
	}
	f, err := durable.File(nil), errors.Join(durable.MkdirAllOn(d, "a", 0), durable.MkdirAllOn(d, "b", 0))
	if err == nil {
		f, err = d.OpenFile("a/x", os.O_CREATE|os.O_WRONLY, 0)
	}
	if err == nil {
		_, err = f.WriteAt([]byte("body"), 0)
	}
	if err == nil {
		err = errors.Join(f.Sync(), f.Close(), d.SyncDir("a"), d.Move("a/x", "b/y"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// where is 1 for the old name, 2 for the new one, 3 for both.
func where(t *testing.T, d *crashdisk.Disk) int {
	t.Helper()
	found := 0
	var at [2]durable.Info
	for i, name := range []string{"a/x", "b/y"} {
		info, err := d.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || info.Size != 4 {
			t.Fatalf("%s: %d bytes, %v", name, info.Size, err)
		}
		found |= 1 << i
		at[i] = info
	}
	if found == 3 && !at[0].SameInode(at[1]) {
		t.Error("one file has become two")
	}
	return found
}

// TestMove: whatever is synced or lost, the file is at one name at least, and with
// atomic moves at one only. Every outcome that may be must come up.
func TestMove(t *testing.T) {
	for name, c := range map[string]struct {
		sync   []string
		atomic bool
		want   []int
	}{
		"nothing synced":         {nil, false, []int{1, 2, 3}},
		"old side synced":        {[]string{"a"}, false, []int{2}},
		"new side synced":        {[]string{"b"}, false, []int{2, 3}},
		"both":                   {[]string{"b", "a"}, false, []int{2}},
		"atomic, nothing synced": {nil, true, []int{1, 2}},
		"atomic, new side":       {[]string{"b"}, true, []int{2}},
		"atomic, old side":       {[]string{"a"}, true, []int{2}},
	} {
		seen := map[int]int{}
		for seed := range uint64(200) {
			d := moved(t, seed, c.atomic)
			for _, dir := range c.sync {
				if err := d.SyncDir(dir); err != nil {
					t.Fatal(err)
				}
			}
			seen[where(t, d.Crash())]++
		}
		for _, w := range c.want {
			if seen[w] == 0 {
				t.Errorf("%s: outcome %d never came up", name, w)
			}
		}
		if len(seen) != len(c.want) {
			t.Errorf("%s: outcomes %v, want %v", name, seen, c.want)
		}
	}
}

func TestMoveReplacesNothing(t *testing.T) {
	d := moved(t, 1, false)
	f, err := d.OpenFile("a/z", os.O_CREATE|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close()); err != nil {
		t.Fatal(err)
	}
	if err := d.Move("a/z", "b/y"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over another file: %v", err)
	}
	if err := d.Rename("a/z", "b/y"); err != nil {
		t.Error(err)
	}
	if info, err := d.Stat("b/y"); err != nil || info.Size != 0 {
		t.Errorf("%d bytes, %v", info.Size, err)
	}
}

// TestFailedMove: a move that failed may be found made after a crash, but not once its
// directories were synced.
func TestFailedMove(t *testing.T) {
	made := 0
	for seed := range uint64(100) {
		d := moved(t, seed, true)
		if err := errors.Join(d.SyncDir("a"), d.SyncDir("b")); err != nil {
			t.Fatal(err)
		}
		d.FailAt(1)
		if err := d.Move("b/y", "a/x"); err == nil || where(t, d) != 2 {
			t.Fatal("a move that fails is seen")
		}
		if seed%2 == 0 {
			if err := d.SyncDir("b"); err != nil {
				t.Fatal(err)
			}
		}
		at := where(t, d.Crash())
		if seed%2 == 0 && at != 2 {
			t.Errorf("seed %d: made after all", seed)
		}
		if at == 1 {
			made++
		}
	}
	if made == 0 {
		t.Error("a failed move is never found made")
	}
}

// TestDisks holds the operating system's disk and this one against the same steps.
func TestDisks(t *testing.T) {
	for name, d := range map[string]durable.Disk{"os": durable.OS(), "crashdisk": crashdisk.New(1)} {
		dir := "d"
		if name == "os" {
			dir = t.TempDir() + "/d"
		}
		f, err := durable.File(nil), d.Mkdir(dir, 0o700)
		if err == nil {
			f, err = d.OpenFile(dir+"/x", os.O_CREATE|os.O_RDWR, 0o600)
		}
		if err != nil {
			t.Fatal(name, err)
		}
		if _, err := f.WriteAt([]byte("one"), 0); err != nil {
			t.Fatal(name, err)
		}
		first, err := f.Stat()
		byName, err2 := d.Stat(dir + "/x")
		if err != nil || err2 != nil || first.Size != 3 || !first.Same(byName) || !first.IsFile(byName) || !first.Mode.IsRegular() {
			t.Errorf("%s: %+v and %+v, %v, %v", name, first, byName, err, err2)
		}
		if err := d.Move(dir+"/x", dir+"/y"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := d.Stat(dir + "/x"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a name that went: %v", name, err)
		}
		if _, err := f.WriteAt([]byte("longer"), 0); err != nil {
			t.Fatal(name, err)
		}
		if now, err := d.Stat(dir + "/y"); err != nil || now.Same(first) || !now.IsFile(first) {
			t.Errorf("%s: written to, %+v is the same as %+v: %v", name, now, first, err)
		}
		if free, err := d.Free(dir); err != nil || free == 0 {
			t.Errorf("%s: %d bytes free, %v", name, free, err)
		}
		if info, err := d.Stat(dir + "/."); err != nil || !info.Mode.IsDir() {
			t.Errorf("%s: mode %v of a directory, %v", name, info.Mode, err)
		}
		if err := errors.Join(f.Close(), d.Remove(dir+"/y"), d.Remove(dir)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
