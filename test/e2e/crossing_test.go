// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fsnotify/fsnotify"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/front/file"
)

// facts are what identifies a file.
type facts struct {
	size   int64
	digest [sha256.Size]byte
}

// way is one direction in which files cross.
type way struct {
	flow             string
	from, to         string // the watched directory, and the one where files appear
	receiver         string // the front that delivers
	sent             map[string]facts
	appeared, broken chan string // names as they appeared; what was wrong at that moment
	seen             map[string]int
}

// ways opens a flow in each direction between directories of the fronts' own.
func (r *rig) ways(t *testing.T) []*way {
	t.Helper()
	list := []*way{
		{flow: "wide-in", from: r.folder(t, demo.FrontInternet, "wide-from"), to: r.folder(t, demo.FrontIntranet, "wide-to"), receiver: demo.FrontIntranet},
		{flow: "wide-out", from: r.folder(t, demo.FrontIntranet, "wide-from"), to: r.folder(t, demo.FrontInternet, "wide-to"), receiver: demo.FrontInternet},
	}
	for i, w := range list {
		other := list[1-i]
		r.configure(t, other.receiver, "directories", w.flow, map[string]string{"path": w.from})
		r.configure(t, w.receiver, "deliveries", w.flow, w.to)
		w.sent, w.seen = map[string]facts{}, map[string]int{}
		w.appeared, w.broken = make(chan string, 1<<16), make(chan string, 1<<10)
		w.observe(t)
	}
	for _, front := range []string{demo.FrontIntranet, demo.FrontInternet} {
		if err := r.Restart(front); err != nil {
			t.Fatal(err)
		}
	}
	r.apply(t, wide(t))
	return list
}

// wide is that policy with the two file flows of these tests.
func wide(t *testing.T) fstest.MapFS {
	m := raised(t)
	gather(t, m, os.DirFS(filepath.Join("testdata", "policy")))
	return m
}

// observe watches the target directory: a file must be whole when it appears, and
// must not change or go afterwards.
func (w *way) observe(t *testing.T) {
	t.Helper()
	watcher, err := fsnotify.NewBufferedWatcher(1 << 12)
	if err != nil {
		t.Fatal(err)
	}
	if err := watcher.Add(w.to); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() {
		watcher.Close()
		<-ended
	})
	go func() {
		defer close(ended)
		for {
			select {
			case e, ok := <-watcher.Events:
				if !ok {
					return
				}
				w.event(e)
			case err, ok := <-watcher.Errors:
				if !ok {
					return
				}
				w.broken <- "watching: " + err.Error()
			}
		}
	}()
}

func (w *way) event(e fsnotify.Event) {
	name := filepath.Base(e.Name)
	switch {
	case strings.HasPrefix(name, "."): // the front's own directory
	case e.Op == fsnotify.Create:
		w.appeared <- name
		text, size, err := nameSize(e.Name)
		if err != nil || size != text {
			w.broken <- fmt.Sprintf("%q had %d bytes when it appeared: %v", name, size, err)
		}
	case e.Op&^fsnotify.Chmod != 0:
		w.broken <- fmt.Sprintf("%q: %v after it appeared", name, e.Op)
	}
}

// nameSize gives the size that a file's name promises, and the one that it has.
func nameSize(path string) (promised, size int64, err error) {
	if _, err := fmt.Sscanf(filepath.Base(path), "%d-", &promised); err != nil {
		return 0, 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return promised, 0, err
	}
	return promised, info.Size(), nil
}

// drop puts a file of random content into the watched directory, whole at once.
func (w *way) drop(t *testing.T, random *rand.Rand, size int64) {
	t.Helper()
	endings := []string{"", ".csv", ".tar.gz", ".报表.xlsx", " with spaces.bin"}
	name := fmt.Sprintf("%d-%08x%s", size, len(w.sent), endings[random.IntN(len(endings))])
	f, err := os.OpenFile(filepath.Join(w.from, "."+name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(random.Uint32())
	}
	digest := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, digest), io.LimitReader(rand.NewChaCha8(seed), size))
	w.sent[name] = facts{size, [sha256.Size]byte(digest.Sum(nil))}
	if err := errors.Join(err, f.Close(), os.Rename(f.Name(), filepath.Join(w.from, name))); err != nil {
		t.Fatal(err)
	}
}

// arrived is how many bytes have come so far, staged or released.
func (w *way) arrived() (bytes int64) {
	for _, dir := range []string{w.to, w.inbox()} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // not there yet
		}
		for _, e := range entries {
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
				bytes += info.Size()
			}
		}
	}
	return bytes
}

// own is the front's directory inside of another; see package file.
const own = ".dukou"

func (w *way) inbox() string    { return filepath.Join(w.to, own, "in", w.flow) }
func (w *way) receipts() string { return filepath.Join(w.from, own, "receipts") }

// await waits until every file has appeared and every receipt is there.
func (w *way) await(t *testing.T, timeout time.Duration) {
	t.Helper()
	deadline := time.After(timeout)
	for len(w.seen) < len(w.sent) {
		select {
		case name := <-w.appeared:
			w.seen[name]++
		case <-deadline:
			t.Fatalf("%s: %d of %d files appeared in %v", w.flow, len(w.seen), len(w.sent), timeout)
		}
	}
	err := eventually(t.Context(), timeout, 20*time.Millisecond, func(context.Context) error {
		if n, wait := len(names(t, w.receipts())), len(names(t, filepath.Join(w.from, own, "out"), "ledger")); n < len(w.sent) || wait > 0 {
			return fmt.Errorf("%s: %d receipts for %d files, %d still in the outbox", w.flow, n, len(w.sent), wait)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// names lists a directory, without some names.
func names(t *testing.T, dir string, but ...string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		if !slices.Contains(but, e.Name()) {
			list = append(list, e.Name())
		}
	}
	return list
}

// wantOnce holds what lies on both sides at the end against what was sent, and gives
// the receipts.
func (w *way) wantOnce(t *testing.T) []file.Receipt {
	t.Helper()
	for len(w.appeared) > 0 {
		w.seen[<-w.appeared]++
	}
	for len(w.broken) > 0 {
		t.Errorf("%s: %s", w.flow, <-w.broken)
	}
	got := names(t, w.to, own)
	want := slices.Sorted(maps.Keys(w.sent))
	if !slices.Equal(got, want) {
		t.Errorf("%s: %d files are there, want %d; %s", w.flow, len(got), len(want), difference(got, want))
	}
	for name, f := range w.sent {
		if w.seen[name] != 1 {
			t.Errorf("%s: %q appeared %d times", w.flow, name, w.seen[name])
		}
		if found, err := factsOf(filepath.Join(w.to, name)); err != nil || found != f {
			t.Errorf("%s: %q is another file: %d bytes, want %d, %v", w.flow, name, found.size, f.size, err)
		}
	}
	for dir, but := range map[string]string{
		w.from: own, filepath.Join(w.from, own, "out"): "ledger", filepath.Join(w.from, own, "quarantine"): "",
		w.inbox(): "ledger quarantine", filepath.Join(w.inbox(), "quarantine"): "",
	} {
		if left := names(t, dir, strings.Fields(but)...); len(left) > 0 {
			t.Errorf("%s: %d left in %s: %.10q", w.flow, len(left), dir, left)
		}
	}
	return w.wantReceipts(t)
}

// wantReceipts wants one receipt for each file.
func (w *way) wantReceipts(t *testing.T) []file.Receipt {
	t.Helper()
	var list []file.Receipt
	told := map[string]int{}
	for _, name := range names(t, w.receipts()) {
		data, err := os.ReadFile(filepath.Join(w.receipts(), name))
		var one file.Receipt
		if err == nil {
			err = json.Unmarshal(data, &one)
		}
		if err != nil {
			t.Errorf("%s: receipt %q: %v", w.flow, name, err)
			continue
		}
		if f, ok := w.sent[one.Name]; !ok || uint64(f.size) != one.Size || one.Flow != w.flow {
			t.Errorf("%s: receipt %q is for %d bytes %q of flow %s", w.flow, name, one.Size, one.Name, one.Flow)
		}
		told[one.Name]++
		list = append(list, one)
	}
	for name := range w.sent {
		if told[name] != 1 {
			t.Errorf("%s: %d receipts for %q", w.flow, told[name], name)
		}
	}
	return list
}

// difference names the first few that only one list has.
func difference(got, want []string) string {
	count := map[string]int{}
	for _, name := range got {
		count[name]++
	}
	for _, name := range want {
		count[name]--
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(count)) {
		if n := count[name]; n != 0 && len(list) < 10 {
			list = append(list, fmt.Sprintf("%q %+d", name, n))
		}
	}
	return strings.Join(list, ", ")
}

func factsOf(path string) (facts, error) {
	f, err := os.Open(path)
	if err != nil {
		return facts{}, err
	}
	defer f.Close()
	digest := sha256.New()
	size, err := io.Copy(digest, f)
	return facts{size, [sha256.Size]byte(digest.Sum(nil))}, err
}
