// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

// The crash tests run this test binary again as the process that is killed. It dies
// by SIGKILL at the nth step, where a step is each change that outbox and inbox ask
// the disk for. What the page cache holds survives that; the order of syncs is a matter
// of reading, not of this test.
const crashDir, crashAt = "DUKOU_TEST_CRASH_DIR", "DUKOU_TEST_CRASH_AT"

func TestMain(m *testing.M) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	at, err := strconv.Atoi(os.Getenv(crashAt))
	if err == nil {
		err = mortal(dir, int64(at))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// crashFiles are the files of one run, by name; "bad" is refused.
func crashFiles() map[string][]byte {
	return map[string][]byte{"a": noise(1, 10), "bad": noise(3, 100), "c": noise(4, 3<<20)}
}

// mortal takes every file in the source directory in and delivers what is accepted,
// then it stands in for the consumer, who takes away what was released.
func mortal(dir string, at int64) error {
	disk := &mortalDisk{Disk: durable.OS(), at: at}
	source, target, taken := filepath.Join(dir, "source"), filepath.Join(dir, "target"), filepath.Join(dir, "taken")
	if err := consume(target, taken); err != nil {
		return err
	}
	sink := newFolder(target)
	sink.refuse["bad"] = fault.ContentRefused
	settled := func(out *Outgoing, o Outcome) error {
		f, err := os.OpenFile(filepath.Join(dir, "told"), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(f, "%s %s.\n", out.Origin, o.Code)
		return errors.Join(err, f.Close())
	}
	out, err := OpenOutbox(OutboxConfig{Dir: filepath.Join(dir, "out"), Disk: disk, Settled: settled})
	if err != nil {
		return err
	}
	in, err := OpenInbox(context.Background(), InboxConfig{Dir: filepath.Join(dir, "in"), Disk: disk, Sink: sink, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	in.every = 2
	if err := adoptAll(out, source); err != nil {
		return err
	}
	if err := deliverAll(out, in); err != nil {
		return err
	}
	if err := errors.Join(consume(target, taken), out.Close(), in.Close()); err != nil {
		return err
	}
	fmt.Println(disk.steps.Load())
	return nil
}

// mortalDisk kills its process before the nth change that it is asked for.
type mortalDisk struct {
	durable.Disk
	steps atomic.Int64
	at    int64
}

func (d *mortalDisk) step() {
	if d.steps.Add(1) == d.at {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (d *mortalDisk) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	if flag&os.O_CREATE != 0 {
		d.step()
	}
	f, err := d.Disk.OpenFile(name, flag, perm)
	return &mortalFile{f, d}, err
}

func (d *mortalDisk) Rename(from, to string) error {
	d.step()
	return d.Disk.Rename(from, to)
}

func (d *mortalDisk) Move(from, to string) error {
	d.step()
	return d.Disk.Move(from, to)
}

func (d *mortalDisk) Remove(name string) error {
	d.step()
	return d.Disk.Remove(name)
}

func (d *mortalDisk) SyncDir(name string) error {
	d.step()
	return d.Disk.SyncDir(name)
}

type mortalFile struct {
	durable.File
	disk *mortalDisk
}

func (f *mortalFile) WriteAt(p []byte, off int64) (int, error) {
	f.disk.step()
	return f.File.WriteAt(p, off)
}

func (f *mortalFile) Sync() error {
	f.disk.step()
	return f.File.Sync()
}

// consume takes what was released away; the taken files are named apart.
func consume(target, taken string) error {
	entries, err := os.ReadDir(target)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(target, e.Name()), filepath.Join(taken, e.Name()+"_"+parcel.NewID().String())); err != nil {
			return err
		}
	}
	return nil
}

func adoptAll(o *Outbox, source string) error {
	entries, err := os.ReadDir(source)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		if err := o.Adopt(draft(e.Name()), source, e.Name(), durable.InfoOf(info)); err != nil {
			return err
		}
	}
	return nil
}

// deliverAll moves every delivery from an outbox to an inbox by their methods alone,
// one after another, so that the steps of each run are the same.
func deliverAll(o *Outbox, b *Inbox) error {
	ctx := context.Background()
	for o.Pending() > 0 {
		soon, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		out, err := o.Next(soon)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			continue // what was pending was a refusal that had only to be told
		}
		if err != nil {
			return err
		}
		outcome := Outcome{}
		if outcome.Receipt, err = hand(ctx, o, b, out); err != nil {
			outcome.Code = fault.CodeOf(err)
		}
		if err := o.Settle(out, outcome); err != nil {
			return err
		}
	}
	return nil
}

func hand(ctx context.Context, o *Outbox, b *Inbox, out *Outgoing) (Receipt, error) {
	h, c := carried(out)
	in, receipt, err := b.Begin(ctx, c.Header, h, out.Subject)
	if err != nil {
		return Receipt{}, err
	}
	if receipt != nil {
		return *receipt, nil
	}
	defer in.Close()
	links := parcel.Chain(out.Digests, h.Body.Size)
	spooled, err := o.OpenBody(out)
	if err != nil {
		return Receipt{}, err
	}
	defer spooled.Close()
	body, err := io.ReadAll(io.NewSectionReader(spooled, 0, spooled.Size()))
	if err != nil {
		return Receipt{}, err
	}
	at := in.Position()
	if err := in.Start(Start{Chunk: at, Link: links[at]}); err != nil {
		return Receipt{}, err
	}
	for ; at < uint64(len(out.Digests)); at++ {
		end := min((at+1)<<20, uint64(len(body)))
		if err := in.Chunk(links[at+1], body[at<<20:end]); err != nil {
			return Receipt{}, err
		}
	}
	return in.Commit(ctx)
}

// kills is how many lives TestKilled ends at their first step of death.
const kills = 10

// TestKilled kills at steps spread over a run, starts again, kills that run too at a
// random step, and finishes. TestEveryFault looks at every step, and at lost power.
func TestKilled(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 2))
	dir := crashDirs(t)
	whole, steps := live(t, dir, 0)
	checkCrash(t, dir)
	if !whole || steps < 20 {
		t.Fatalf("a run has only %d steps", steps)
	}
	t.Logf("%d steps", steps)
	for i := range kills {
		n := 1 + (i*steps+chance.IntN(steps))/kills
		second := 1 + chance.IntN(12)
		t.Run(fmt.Sprintf("%d then %d", n, second), func(t *testing.T) {
			t.Parallel()
			dir := crashDirs(t)
			if whole, _ := live(t, dir, n); whole && n < steps-2 { // the last records share writes as they come
				t.Errorf("the run ended before step %d", n)
			}
			live(t, dir, second)
			if whole, _ := live(t, dir, 0); !whole {
				t.Error("killed without a step to be killed at")
			}
			checkCrash(t, dir)
		})
	}
}

// crashDirs makes the directories of one run.
func crashDirs(t *testing.T) string {
	t.Helper()
	dir := memoryDir(t)
	for _, d := range []string{"source", "target", "taken"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, body := range crashFiles() {
		if err := os.WriteFile(filepath.Join(dir, "source", name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// live runs one life and tells whether it ended by itself, and after how many steps.
func live(t *testing.T, dir string, at int) (bool, int) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), crashDir+"="+dir, crashAt+"="+strconv.Itoa(at), "GORACE=atexit_sleep_ms=0")
	output, err := c.CombinedOutput()
	if err == nil {
		steps, err := strconv.Atoi(strings.TrimSpace(string(output)))
		if err != nil {
			t.Fatal(err)
		}
		return true, steps
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return false, 0
	}
	t.Fatalf("at step %d: %v\n%s", at, err, output)
	return false, 0
}

// checkCrash holds what is on the disk against the promises: every file was
// delivered exactly once or told to be refused, and nothing is left over.
func checkCrash(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "taken"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, e := range entries {
		name := e.Name()[:strings.IndexAny(e.Name(), "._")]
		body, err := os.ReadFile(filepath.Join(dir, "taken", e.Name()))
		if err != nil || !bytes.Equal(body, crashFiles()[name]) {
			t.Errorf("%s has another content: %v", e.Name(), err)
		}
		got[name]++
	}
	told, err := os.ReadFile(filepath.Join(dir, "told"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range crashFiles() {
		want := 1
		if name == "bad" {
			want = 0
		}
		if got[name] != want {
			t.Errorf("%s was delivered %d times", name, got[name])
		}
		if code := map[bool]string{true: "content-refused"}[name == "bad"]; !strings.Contains(string(told), name+" "+code+".\n") {
			t.Errorf("nobody was told of %s: %s", name, told)
		}
	}
	var left []string
	for _, pattern := range []string{"source/*", "target/*", "out/*.*", "in/*.*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		left = append(left, found...)
	}
	bad, err := filepath.Glob(filepath.Join(dir, "in", quarantine, "*"))
	if err != nil || len(left) > 0 || len(bad) != 2 {
		t.Errorf("left %q, in quarantine %q, %v", left, bad, err)
	}
}
