// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/test/fault/ledger"
)

// own is the front's directory inside of another; see package front/file.
const own = ".dukou"

// way is one flow of files.
type way struct {
	flow     string
	from, to string
	judge    *follower // of the log that must have a commit before a release

	mu      sync.Mutex
	sent    []ledger.Sent
	arrived []ledger.Arrival
	reports []ledger.Report
	count   int
	bytes   int64
}

// openWays configures both fronts for the flows of files.
func (r *rig) openWays() {
	r.t.Helper()
	for _, w := range []struct{ flow, from, to, judge string }{
		{"fault-in", demo.FrontInternet, demo.FrontIntranet, demo.GuardInner},
		{"fault-some", demo.FrontInternet, demo.FrontIntranet, demo.GuardInner},
		{"fault-out", demo.FrontIntranet, demo.FrontInternet, demo.GuardGate},
	} {
		list := &way{flow: w.flow, judge: r.judges[w.judge]}
		list.from = filepath.Join(r.Installation.Home(w.from), w.flow+"-from")
		list.to = filepath.Join(r.Installation.Home(w.to), w.flow+"-to")
		if err := errors.Join(os.MkdirAll(list.from, 0o700), os.MkdirAll(list.to, 0o700)); err != nil {
			r.t.Fatal(err)
		}
		r.configure(w.from, "directories", w.flow, map[string]string{"path": list.from})
		r.configure(w.to, "deliveries", w.flow, list.to)
		r.ways = append(r.ways, list)
	}
}

// sizeOf draws the size of a file: from one byte to some megabytes, most of them small.
func sizeOf(random *rand.Rand) int64 {
	const least, most = 0, 15.5 // as powers of e: 1 byte to 5.4 MB
	return int64(math.Exp(least + (most-least)*random.Float64()*math.Sqrt(random.Float64())))
}

// drop puts a file into the watched directory, whole at once. What the disk does not
// take was not sent.
func (w *way) drop(random *rand.Rand, size int64) error {
	w.mu.Lock()
	w.count++
	id := fmt.Sprintf("%s-%07d", w.flow, w.count)
	w.mu.Unlock()
	hidden := filepath.Join(w.from, "."+id)
	f, err := os.OpenFile(hidden, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	var seed [32]byte
	copy(seed[:], id)
	seed[31] = byte(random.Uint32())
	digest := sha256.New()
	content := io.MultiReader(strings.NewReader(id[:min(int(size), len(id))]), io.LimitReader(rand.NewChaCha8(seed), max(0, size-int64(len(id)))))
	_, err = io.Copy(io.MultiWriter(f, digest), content)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(hidden))
	}
	s := ledger.Sent{ID: id, Flow: w.flow, Digest: ledger.Digest(digest.Sum(nil))}
	w.mu.Lock()
	w.sent = append(w.sent, s) // before it can arrive
	w.bytes += size
	w.mu.Unlock()
	return os.Rename(hidden, filepath.Join(w.from, id+".bin"))
}

// names lists a directory, without what begins with a dot.
func names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			list = append(list, e.Name())
		}
	}
	return list, nil
}

// collect takes what has arrived, as an application does: what comes again will not
// find its name taken.
func (w *way) collect() error {
	list, err := names(w.to)
	if err != nil {
		return err
	}
	for _, name := range list {
		path := filepath.Join(w.to, name)
		recorded := w.judge.hasCommit(ledger.IDOf(name)) // first of all
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		digest, err := digestOf(path)
		if err != nil {
			return err
		}
		changed := info.Sys().(*syscall.Stat_t).Ctim // by the rename that released it
		a := ledger.Arrival{ID: ledger.IDOf(name), Flow: w.flow, Digest: digest, At: time.Unix(changed.Sec, changed.Nsec), Recorded: recorded}
		w.mu.Lock()
		w.arrived = append(w.arrived, a)
		w.mu.Unlock()
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

func digestOf(path string) (d ledger.Digest, err error) {
	f, err := os.Open(path)
	if err != nil {
		return d, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return ledger.Digest(h.Sum(nil)), err
}

// quiet says which files the front has not taken yet.
func (w *way) quiet() error {
	if err := w.collect(); err != nil {
		return err
	}
	waiting, err := names(w.from)
	if err != nil {
		return err
	}
	if len(waiting) > 0 {
		return fmt.Errorf("%s: %d files are not taken yet, the first %s", w.flow, len(waiting), waiting[0])
	}
	return nil // what the front has taken is told by its health
}

// readReports takes what the sender was told of refused files. Nothing may be under way.
func (w *way) readReports() error {
	quarantine := filepath.Join(w.from, own, "quarantine")
	list, err := names(quarantine)
	if err != nil {
		return err
	}
	for _, name := range list {
		path := filepath.Join(quarantine, name)
		if text, isReason := strings.CutSuffix(name, ".reason"); isReason {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			w.reports = append(w.reports, reportOf(text, string(data)))
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

func reportOf(name, text string) ledger.Report {
	r := ledger.Report{ID: ledger.IDOf(name)}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "code":
			r.Code = fault.Code(value)
		case "parcel":
			r.Parcel, _ = parcel.ParseID(value) // zero says that it never was one
		case "earlier":
			r.Unsure = value == "may have been delivered"
		}
	}
	return r
}

// settle says of every file what its sender was told by now.
func (w *way) settle() error {
	waiting, err := names(w.from)
	if err != nil {
		return err
	}
	still := map[string]bool{}
	for _, name := range waiting {
		still[ledger.IDOf(name)] = true
	}
	for i := range w.sent {
		if !still[w.sent[i].ID] {
			w.sent[i].Outcome = ledger.Accepted
		}
	}
	return nil
}
