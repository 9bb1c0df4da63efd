// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/internal/center"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/demo/demotest"
	"dukou.dev/dukou/test/fault/between"
	"dukou.dev/dukou/test/fault/ledger"
)

// rig is an installation with somebody between its halves, disks of its own that can
// be filled, and flows for the traffic.
type rig struct {
	*demo.Demo
	t       *testing.T
	relay   *between.Relay
	ways    []*way
	judges  map[string]*follower // of the parts that record before they pass on
	app     *recorder
	history *checkpoints
	shown   map[string]bool // violations

	mu       sync.Mutex
	busy     map[string]*sync.Mutex // processes, while a fault has hold of them
	expected map[string]int         // processes that a fault lets end by themselves
	ends     []ledger.End
	policy   policyState
}

const (
	room       = "between" // the cell of the relay
	outerCable = "cable-outer"
	innerCable = "cable-inner"
)

// start starts the installation; it ends with the test.
func start(t *testing.T, seed uint64) *rig {
	t.Helper()
	r := &rig{t: t, shown: map[string]bool{}, busy: map[string]*sync.Mutex{}, expected: map[string]int{}, policy: policyState{version: 1, term: 1}}
	for _, name := range demo.Processes() {
		r.busy[name] = &sync.Mutex{}
	}
	t.Cleanup(func() {
		if r.relay == nil {
			return
		}
		if err := r.relay.Close(); err != nil {
			t.Error(err)
		}
	})
	r.Demo = demotest.Start(t, demo.Options{Isolation: demotest.Isolated(t), LogLevel: "warn", LayCable: func(s *cell.Stage) error {
		return r.layCable(s, seed)
	}})
	return r
}

// layCable lays two cables, with a relay of frames where they meet.
func (r *rig) layCable(s *cell.Stage, seed uint64) error {
	err := errors.Join(
		s.Cable(outerCable, cell.End{Cell: demo.GuardOuter, Interface: demo.Interface}, cell.End{Cell: room, Interface: "outer"}, 0),
		s.Cable(innerCable, cell.End{Cell: demo.GuardGate, Interface: demo.Interface}, cell.End{Cell: room, Interface: "inner"}, 0),
	)
	if err != nil {
		return err
	}
	namespace, err := s.Namespace(room)
	if err != nil {
		return err
	}
	r.relay, err = between.Open(namespace, "outer", "inner", seed)
	return err
}

// diskBytes is the size of the disk of each process, while it is not full.
const diskBytes = 2 << 30

// ownDisk puts the home of a stopped process on a disk of its own.
func ownDisk(home string) error {
	aside := home + ".aside"
	if err := os.Rename(home, aside); err != nil {
		return err
	}
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", home, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("mode=0700,size=%d", diskBytes)); err != nil {
		return os.NewSyscallError("mount", err)
	}
	return errors.Join(os.CopyFS(home, os.DirFS(aside)), sameModes(home, aside), os.RemoveAll(aside))
}

// sameModes gives a copy the permissions of what it was made of.
func sameModes(to, from string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		return os.Chmod(to+strings.TrimPrefix(path, from), info.Mode().Perm())
	})
}

// withState are the processes that keep something on their disk.
func withState() []string {
	return append(demo.Components(), demo.Signer)
}

// prepare gives the processes disks of their own, opens the flows and puts the policy
// in force.
func (r *rig) prepare(disks bool) {
	r.t.Helper()
	if disks {
		for _, name := range withState() {
			r.Kill(name)
			if err := ownDisk(r.Installation.Home(name)); err != nil {
				r.t.Fatal(err)
			}
			r.t.Cleanup(func() { _ = unix.Unmount(r.Installation.Home(name), unix.MNT_DETACH) })
		}
	}
	r.judges = map[string]*follower{demo.GuardInner: follow(r, demo.GuardInner), demo.GuardGate: follow(r, demo.GuardGate)}
	r.openWays()
	r.app = newRecorder(r.t, filepath.Join(r.Installation.Home(demo.FrontIntranet), "app.sock"), r.judges[demo.GuardInner])
	r.configure(demo.FrontIntranet, "targets", "recorder", map[string]string{"address": "unix:" + r.app.path})
	for _, name := range withState() {
		r.Kill(name)
		if err := r.Launch(name); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := r.apply(func(*policyState) {}); err != nil {
		r.t.Fatal(err)
	}
	if err := r.current(30*time.Second, false); err != nil {
		r.t.Fatal(err)
	}
	r.history = watchWitnesses(r)
	r.t.Cleanup(r.history.stop)
}

// configure adds to one of the lists of a front's own configuration.
func (r *rig) configure(front, list, name string, value any) {
	r.t.Helper()
	path := r.Installation.Config(front)
	data, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	var c map[string]any
	if err := yaml.Unmarshal(data, &c); err != nil {
		r.t.Fatal(err)
	}
	c[list].(map[string]any)[name] = value
	if data, err = yaml.Marshal(c); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// current waits until every process runs and has the latest bundle and its lease, and
// perhaps until no front has a delivery left.
func (r *rig) current(timeout time.Duration, empty bool) error {
	since := time.Now().UnixMilli()
	return eventually(r.t.Context(), timeout, 50*time.Millisecond, func() error {
		list, err := r.Standings(r.t.Context())
		if err != nil {
			return err
		}
		version := r.policy.inForce(func(v uint64) bool {
			return slices.ContainsFunc(list, func(s center.Standing) bool { return s.Bundle == v })
		})
		n := 0
		for _, s := range list {
			if s.Role == "" || s.Role == "center" {
				continue
			}
			if s.State != "current" || s.Bundle != version || s.Lease != version {
				return fmt.Errorf("%s is %s (bundle %d, lease %d, want %d) %s", s.ID, s.State, s.Bundle, s.Lease, version, s.Error)
			}
			if s.Seen < since || empty && s.Pending > 0 {
				return fmt.Errorf("%s has %d deliveries left, as of %d ms ago", s.ID, s.Pending, time.Now().UnixMilli()-s.Seen)
			}
			n++
		}
		if want := len(demo.Components()) - 1; n != want {
			return fmt.Errorf("%d of %d components are current", n, want)
		}
		return nil
	})
}

// ended notes the end of a process.
func (r *rig) ended(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends = append(r.ends, ledger.End{Component: name, At: time.Now()})
}

// expect says that a process may end by itself until the result is called.
func (r *rig) expect(name string) (done func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected[name]++
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.expected[name]--
	}
}

// mayEnd tells whether a fault lets a process end by itself.
func (r *rig) mayEnd(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.expected[name] > 0
}
