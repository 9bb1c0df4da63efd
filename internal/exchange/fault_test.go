// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/vault"
	"dukou.dev/dukou/internal/wire"
)

// world is a sender and a receiver, each with a disk that can fail, over lives of both.
type world struct {
	t        *testing.T
	files    map[string][]byte
	synced   bool // the writer of the source synced its files
	eager    bool // the consumer takes what is released at once; moves are atomic then
	pardon   bool // what was refused is released from quarantine
	near     *crashdisk.Disk
	far      *crashdisk.Disk
	wrap     func(durable.Disk) durable.Disk
	accepted map[string]bool // by name: an Adopt returned nil
	torn     map[string]bool // by name: its writer lost it, or parts of it, with the power
	taken    map[string]int  // by name: how often the consumer found it
	unsure   map[string]bool // by name: the consumer's own removal of it failed
	refused  map[string]int
	wrong    []string
}

// faultFiles are what every world begins with.
func faultFiles() map[string][]byte {
	return map[string][]byte{"small": noise(1, 100), "large": noise(2, 1<<20+17), "bad": noise(3, 10), "empty": {}}
}

func newWorld(t *testing.T, files map[string][]byte, seed uint64, synced, eager bool) *world {
	w := &world{
		t: t, synced: synced, eager: eager, near: crashdisk.New(seed), far: crashdisk.New(seed + 1e6), wrap: func(d durable.Disk) durable.Disk { return d },
		files: files, accepted: map[string]bool{}, torn: map[string]bool{}, unsure: map[string]bool{}, taken: map[string]int{}, refused: map[string]int{},
	}
	if eager {
		w.near.AtomicMoves()
		w.far.AtomicMoves()
	}
	for _, dir := range []string{"source", "target"} {
		w.must(durable.MkdirAllOn(w.near, dir, 0o700), durable.MkdirAllOn(w.far, dir, 0o700))
	}
	for name, body := range w.files {
		f, err := w.near.OpenFile("source/"+name, os.O_WRONLY|os.O_CREATE, 0o600)
		w.must(err)
		_, err = f.WriteAt(body, 0)
		w.must(err)
		if synced {
			w.must(f.Sync())
		}
		w.must(f.Close())
	}
	if synced {
		w.must(w.near.SyncDir("source"))
	}
	return w
}

func (w *world) must(errs ...error) {
	w.t.Helper()
	if err := errors.Join(errs...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) fail(format string, a ...any) { w.wrong = append(w.wrong, fmt.Sprintf(format, a...)) }

// target is a sink on a crashdisk. Names that are taken get the id behind them.
type target struct {
	disk     durable.Disk
	sync     *DirSync
	released func(name string)
}

func (s *target) Place(_ context.Context, d Delivery) (string, error) {
	name := d.Content["name"].(string)
	if name == "bad" && !d.Approved {
		return "", fault.New(fault.ContentRefused, "the test says so")
	}
	if _, err := s.disk.Stat("target/" + name); err == nil {
		name += "." + d.Header.ID.String()
	}
	return name, nil
}

func (s *target) Release(_ context.Context, d Delivery, name string) error {
	to := "target/" + name
	err := s.disk.Move(d.Path, to)
	if errors.Is(err, fs.ErrExist) {
		staged, err := s.disk.Stat(d.Path)
		if err != nil {
			return err
		}
		if there, err := s.disk.Stat(to); err != nil || !there.SameInode(staged) {
			return fs.ErrExist
		}
		return errors.Join(s.disk.Remove(d.Path), s.sync.Wait())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		s.released(to)
	}
	return s.sync.Wait()
}

// live is one life of both sides, in a bubble of its own. It ends when all is quiet,
// or when either side's disk ended its process.
func (w *world) live() {
	synctest.Test(w.t, func(*testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		die := func(error) {
			cancel()
			runtime.Goexit()
		}
		var all sync.WaitGroup
		sender, receiver := make(chan *Outbox, 1), make(chan *Inbox, 1)
		all.Go(func() { defer close(sender); w.openSender(die, sender) })
		all.Go(func() { defer close(receiver); w.openReceiver(ctx, die, receiver) })
		out, in := <-sender, <-receiver
		if out != nil && in != nil {
			a, b := net.Pipe()
			from, to := wire.New(a, true, wire.Config{}), wire.New(b, false, wire.Config{})
			all.Go(func() { _ = from.Run(ctx) })
			all.Go(func() { _ = to.Run(ctx) })
			all.Go(func() { serve(ctx, to, in) })
			all.Go(func() { defer cancel(); w.work(ctx, out, from, in) })
		}
		all.Wait()
		closing := make(chan struct{})
		go func() { // a process that died closes nothing, but its goroutines must end
			defer close(closing)
			if out != nil {
				_ = out.Close()
			}
		}()
		<-closing
		closing = make(chan struct{})
		go func() {
			defer close(closing)
			if in != nil {
				_ = in.Close()
			}
		}()
		<-closing
	})
}

func (w *world) openSender(die func(error), opened chan<- *Outbox) {
	told := func(out *Outgoing, o Outcome) error {
		if o.Code != "" {
			w.refused[out.Origin]++
		}
		return nil
	}
	out, err := OpenOutbox(OutboxConfig{Dir: "out", Disk: w.wrap(w.near), Key: vault.Key{1}, Settled: told, Fatal: die, LedgerBytes: 64 << 10})
	if err != nil {
		w.expect(err)
		return
	}
	opened <- out
}

func (w *world) openReceiver(ctx context.Context, die func(error), opened chan<- *Inbox) {
	disk := w.wrap(w.far)
	sink := &target{disk: disk, sync: NewDirSync(durable.Files{Disk: disk, Fatal: die}, "target"), released: func(string) {}}
	if w.eager {
		sink.released = w.take
	}
	in, err := OpenInbox(ctx, InboxConfig{Dir: "in", Disk: disk, Key: vault.Key{2}, Sink: sink, Log: slog.New(slog.DiscardHandler), Fatal: die, LedgerBytes: 64 << 10})
	if err != nil {
		w.expect(err)
		return
	}
	in.every = 1
	opened <- in
}

// expect notes an error that is not the test's own.
func (w *world) expect(err error) {
	if !broken(err) {
		w.fail("%v", err)
	}
}

func broken(err error) bool {
	return errors.Is(err, crashdisk.ErrCrashed) || strings.Contains(err.Error(), "input/output error")
}

// work takes the source's files in and delivers until nothing is left to do.
func (w *world) work(ctx context.Context, out *Outbox, c *wire.Conn, in *Inbox) {
	disk := w.wrap(w.near)
	for tries := 0; ctx.Err() == nil && tries < 10; tries++ {
		names, err := disk.ReadDir("source")
		if err != nil {
			return
		}
		for _, name := range names {
			w.adopt(out, disk, name)
		}
		for out.Pending() > 0 && ctx.Err() == nil {
			w.deliver(ctx, out, c)
		}
		if len(names) == 0 {
			w.forgive(ctx, in)
			time.Sleep(2 * lazyAtMost) // until the last records are written
			return
		}
	}
}

// forgive releases what lies in quarantine, each twice: the second time finds it done.
func (w *world) forgive(ctx context.Context, in *Inbox) {
	if !w.pardon {
		return
	}
	list, err := in.HeldIDs()
	if err != nil {
		w.expect(err)
	}
	for _, held := range list {
		for range 2 {
			if _, err := in.ReleaseHeld(ctx, held.ID, Approval{1}, func(*Held) error { return nil }); err != nil {
				w.expect(err)
			}
		}
	}
}

// lazyAtMost is more than a lazy record or the end of a delivery waits.
const lazyAtMost = 2 * time.Second

func (w *world) adopt(out *Outbox, disk durable.Disk, name string) {
	info, err := disk.Stat("source/" + name)
	if err != nil {
		return
	}
	if err := out.Adopt(draft(name), "source", name, info); err != nil {
		w.expect(err)
		return
	}
	w.accepted[name] = true
}

func (w *world) deliver(ctx context.Context, out *Outbox, c *wire.Conn) {
	d, err := out.Next(ctx)
	if err != nil {
		return
	}
	body, err := out.OpenBody(d)
	if err != nil {
		w.expect(err)
		out.Later(d)
		return
	}
	defer body.Close()
	h, message := carried(d)
	receipt, err := Deliver(ctx, c, message, h, d, body, nil)
	outcome := Outcome{Receipt: receipt}
	if fault.CodeOf(err) == fault.ContentRefused {
		outcome, err = Outcome{Code: fault.ContentRefused}, nil
	}
	if err != nil {
		if ctx.Err() == nil && !Transient(err) {
			w.fail("%s: %v", d.Origin, err)
		}
		out.Later(d)
		return
	}
	if err := out.Settle(d, outcome); err != nil {
		w.fail("settle %s: %v", d.Origin, err)
	}
}

// crash turns the power of one side off, and looks at what lies under a final name then.
func (w *world) crash(side string) {
	if side == "sender" {
		w.near = w.near.Crash()
		for name := range w.files {
			w.torn[name] = !w.synced && !w.accepted[name]
		}
		return
	}
	w.far = w.far.Crash()
	names, err := w.far.ReadDir("target")
	w.must(err)
	for _, name := range names {
		w.look("target/" + name)
	}
}

// look holds a released file against what was sent.
func (w *world) look(name string) (plain string) {
	body, err := durable.ReadFileOn(w.far, name, 4<<20)
	plain = strings.SplitN(filepath.Base(name), ".", 2)[0]
	if err != nil || !bytes.Equal(body, w.files[plain]) && !w.torn[plain] {
		w.fail("%s has %d bytes, or others: %v", name, len(body), err)
	}
	return plain
}

// take is what the consumer does with a released file. It has it when it was removed
// for good: before that a power cut may bring it back, which is the consumer's matter.
func (w *world) take(name string) {
	if _, err := w.far.Stat(name); err != nil {
		return
	}
	plain := w.look(name)
	if w.far.Remove(name) != nil || w.far.SyncDir("target") != nil {
		w.unsure[plain] = true
		return
	}
	w.taken[plain]++
}

// consume takes all that was released. It comes when the receiver has started again,
// since a file system whose moves are not atomic may show a file at both names until then.
func (w *world) consume() {
	names, err := w.far.ReadDir("target")
	w.must(err)
	for _, name := range names {
		w.take("target/" + name)
	}
}

// check holds everything against the promises when all is quiet.
func (w *world) check() {
	for name := range w.files {
		if name == "bad" && !w.pardon {
			if w.taken[name] > 0 || w.refused[name] == 0 && !w.torn[name] {
				w.fail("what was refused was taken %d times, its refusal told %d times", w.taken[name], w.refused[name])
			}
			continue
		}
		if n := w.taken[name]; n > 1 || n == 0 && !w.torn[name] && !w.unsure[name] {
			w.fail("%s was delivered %d times, accepted: %t", name, n, w.accepted[name])
		}
	}
	for dir, want := range map[string][]string{"source": nil, "out": {"ledger"}} {
		if names, err := w.near.ReadDir(dir); err != nil || !slices.Equal(names, want) {
			w.fail("left in %s: %q, %v", dir, names, err)
		}
	}
	if names, err := w.far.ReadDir("in"); err != nil || !slices.Equal(names, []string{"ledger", "quarantine"}) {
		w.fail("left in the inbox: %q, %v", names, err)
	}
	names, err := w.far.ReadDir("in/quarantine")
	w.must(err)
	for _, name := range names {
		if id, err := parcel.ParseID(name); err == nil {
			w.readable(id)
			if w.pardon {
				w.fail("%s was not released", id)
			}
		} else if filepath.Ext(name) != aboutExt || w.pardon {
			w.fail("left in quarantine: %s", name)
		}
	}
}

func (w *world) readable(id parcel.ID) {
	q, err := OpenQuarantined(w.far, "in", vault.Key{2}, id)
	if err != nil {
		w.fail("quarantine: %v", err)
		return
	}
	body := make([]byte, q.Size())
	if _, err := q.ReadAt(body, 0); err != nil || !bytes.Equal(body, w.files["bad"]) && !w.torn["bad"] {
		w.fail("quarantine holds %d bytes, %v", len(body), err)
	}
	w.must(q.Close())
}

// arm lets the n-th change to a disk fail in one of three ways.
func arm(d *crashdisk.Disk, kind string, n int) {
	switch kind {
	case "error":
		d.FailAt(n)
	case "power during":
		d.CutAt(n)
	default:
		d.CutAfter(n)
	}
}

// run breaks one change of one side, starts both sides again from what survived, and
// runs until all is quiet. It tells how many faults there were, and what is wrong.
func (w *world) run(side, kind string, n int) (faults int, wrong []string) {
	disk := w.near
	if side == "receiver" {
		disk = w.far
	}
	arm(disk, kind, n)
	w.live()
	w.crash(side)
	for range 2 {
		w.live()
		w.consume()
	}
	w.check()
	return disk.Faults(), w.wrong
}

// TestEveryFault breaks every single change that sender and receiver make to their
// disks, from the adoption of a file to its settled receipt, once with an error, once
// with the power going during it and once right after it. With DUKOU_LONG=1 the power
// cuts are repeated with other chances of what survives.
func TestEveryFault(t *testing.T) {
	seeds := uint64(1)
	if os.Getenv("DUKOU_LONG") != "" {
		seeds = 25
	}
	for _, side := range []string{"sender", "receiver"} {
		for _, kind := range []string{"error", "power during", "power after"} {
			t.Run(side+"/"+kind, func(t *testing.T) {
				t.Parallel()
				total := 0
				for seed := range seeds {
					total += everyFault(t, seed, side, kind, false)
				}
				if t.Logf("%d faults", total); total < 20 {
					t.Error("that is too few: the changes are not broken")
				}
			})
		}
	}
}

// TestEveryFaultOfARelease breaks every single change that a receiver makes to its disk,
// from the first chunk of what it refuses to the end of its release from quarantine: it is
// released once, and nothing of it is left.
func TestEveryFaultOfARelease(t *testing.T) {
	seeds := uint64(1)
	if os.Getenv("DUKOU_LONG") != "" {
		seeds = 25
	}
	for _, kind := range []string{"error", "power during", "power after"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			total := 0
			for seed := range seeds {
				total += everyFault(t, seed, "receiver", kind, true)
			}
			if t.Logf("%d faults", total); total < 40 {
				t.Error("that is too few: the changes are not broken")
			}
		})
	}
}

// everyFault breaks one change after the other, with writers that sync and that do not,
// and consumers that take at once and that do not, in turn.
func everyFault(t *testing.T, seed uint64, side, kind string, pardon bool) (total int) {
	files := faultFiles()
	for n := 1; ; n++ {
		turn := seed + uint64(n)
		w := newWorld(t, files, seed<<16|uint64(n), turn%2 == 0 || pardon, turn%4 < 2)
		w.pardon = pardon
		faults, wrong := w.run(side, kind, n)
		for _, text := range wrong {
			t.Errorf("seed %d, change %d: %s", seed, n, text)
		}
		if total += faults; faults == 0 || t.Failed() {
			return total
		}
	}
}

// TestFaultsAreFound breaks the promise of every sync, and expects the enumeration to
// find what that loses: a harness that cannot fail proves nothing.
func TestFaultsAreFound(t *testing.T) {
	for _, side := range []string{"sender", "receiver"} {
		for n := 1; ; n++ {
			w := newWorld(t, faultFiles(), uint64(n), true, false)
			w.wrap = func(d durable.Disk) durable.Disk { return lyingDisk{d} }
			faults, wrong := w.run(side, "power after", n)
			if len(wrong) > 0 {
				t.Logf("%s that does not sync: found at change %d: %s", side, n, wrong[0])
				break
			}
			if faults == 0 {
				t.Fatalf("a %s that never syncs lost nothing", side)
			}
		}
	}
}

// lyingDisk says that it has synced.
type lyingDisk struct{ durable.Disk }

func (d lyingDisk) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := d.Disk.OpenFile(name, flag, perm)
	return lyingFile{f}, err
}

func (lyingDisk) SyncDir(string) error { return nil }

type lyingFile struct{ durable.File }

func (lyingFile) Sync() error { return nil }
