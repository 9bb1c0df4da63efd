// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Isolation says how far apart a stage keeps its cells.
type Isolation string

const (
	// Netns gives each cell namespaces of its own. It needs Enter first.
	Netns Isolation = "netns"
	// None starts plain processes, where the kernel or a container forbids
	// namespaces. Nothing but the programs themselves keeps them apart.
	None Isolation = "none"
)

// ErrNotIsolated is returned for what only an isolated stage can do.
var ErrNotIsolated = errors.New("the stage runs without isolation")

// Capability is a Linux capability number that a cell keeps.
type Capability int

// NetRaw lets a cell open packet sockets in its own network namespace.
const NetRaw Capability = unix.CAP_NET_RAW

// Spec is what one process is started with. The process gets nothing from its
// launcher that is not named here.
type Spec struct {
	// Name is the cell's name and its host name. A cell that is started again
	// under its name comes back to the same network namespace.
	Name string
	// Path is the absolute path of a static binary; the cell sees it read-only.
	Path string
	// Args are the arguments after the program's name, Env the whole environment.
	Args, Env []string
	// ReadOnly and Writable are absolute host paths, of files or directories,
	// which the cell sees at the same place. Nothing in Writable can be executed.
	ReadOnly, Writable []string
	// Capabilities are those the process keeps; usually none.
	Capabilities []Capability
	// Stdout and Stderr receive what the process writes; nil discards it. Each is
	// written to from one goroutine.
	Stdout, Stderr io.Writer
	// Loopback brings up 127.0.0.1 of the cell. The other interfaces are cables.
	Loopback bool
}

// Stage holds cells, the network namespaces they live in and the cables between.
type Stage struct {
	isolation Isolation
	thread    *thread

	mu     sync.Mutex
	rooms  map[string]*room
	cables map[string]cable
	closed bool
}

// room is the part of a cell that outlives its process.
type room struct {
	ns       *os.File // network namespace; nil without isolation
	loopback bool
	cell     *Cell // the last process started here, or nil
}

// Open makes an empty stage. Netns needs an earlier call of Enter that succeeded.
func Open(isolation Isolation) (*Stage, error) {
	if isolation != Netns && isolation != None {
		return nil, fmt.Errorf("isolation %q: want %q or %q", isolation, Netns, None)
	}
	if isolation == Netns && !privileged() {
		return nil, errors.New("open stage: no rights over namespaces; cell.Enter must come first")
	}
	return &Stage{
		isolation: isolation,
		thread:    newThread(),
		rooms:     map[string]*room{},
		cables:    map[string]cable{},
	}, nil
}

// Isolation returns what the stage was opened with.
func (s *Stage) Isolation() Isolation { return s.isolation }

// Close kills every cell, waits for its end and drops namespaces and cables. It may
// be called more than once; the later calls do nothing.
func (s *Stage) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	for _, r := range s.rooms {
		if r.cell != nil {
			r.cell.Kill()
		}
	}
	var errs []error
	for _, r := range s.rooms {
		if r.ns != nil {
			errs = append(errs, r.ns.Close())
		}
	}
	s.thread.stop()
	return errors.Join(errs...)
}

// Namespace returns a path under which the network namespace of the named cell can
// be opened by this process until Close, whether or not the cell's process runs.
func (s *Stage) Namespace(name string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.room(name)
	if err != nil {
		return "", err
	}
	if r.ns == nil {
		return "", ErrNotIsolated
	}
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), r.ns.Fd()), nil
}

// room returns the named room, made on first use. The caller holds s.mu.
func (s *Stage) room(name string) (*room, error) {
	if s.closed {
		return nil, errors.New("the stage is closed")
	}
	if r := s.rooms[name]; r != nil {
		return r, nil
	}
	r := &room{}
	if s.isolation == Netns {
		ns, err := s.thread.newNamespace()
		if err != nil {
			return nil, fmt.Errorf("network namespace of %s: %w", name, err)
		}
		r.ns = ns
	}
	s.rooms[name] = r
	return r, nil
}

// Start starts a process and returns once its program runs. With a name that was
// used before, the earlier process must have ended. An error names the step that
// failed; then nothing runs.
func (s *Stage) Start(spec Spec) (*Cell, error) {
	if err := spec.check(); err != nil {
		return nil, fmt.Errorf("start cell %q: %w", spec.Name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.room(spec.Name)
	if err != nil {
		return nil, err
	}
	if r.cell != nil && !r.cell.ended() {
		return nil, fmt.Errorf("start cell %q: it runs already", spec.Name)
	}
	c, err := s.launch(r, spec)
	if err != nil {
		return nil, fmt.Errorf("start cell %q: %w", spec.Name, err)
	}
	r.cell = c
	return c, nil
}

func (s *Stage) launch(r *room, spec Spec) (*Cell, error) {
	if s.isolation == None {
		return s.launchPlain(spec)
	}
	if spec.Loopback && !r.loopback {
		if err := s.thread.in(r.ns, loopbackUp); err != nil {
			return nil, fmt.Errorf("bring up loopback: %w", err)
		}
		r.loopback = true
	}
	return s.launchIsolated(r.ns, spec)
}

func (s *Stage) launchPlain(spec Spec) (*Cell, error) {
	cmd := &exec.Cmd{Path: spec.Path, Args: append([]string{spec.Path}, spec.Args...)}
	cmd.Env = append([]string{}, spec.Env...) // never nil, which would mean ours
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: unix.SIGKILL}
	spec.output(cmd)
	if err := s.thread.do(cmd.Start); err != nil {
		return nil, err
	}
	return newCell(cmd), nil
}

// output hands the writers over such that os/exec always puts a pipe between, even
// for a file: no descriptor of the launcher enters a cell.
func (spec Spec) output(cmd *exec.Cmd) {
	cmd.Stdout, cmd.Stderr = io.Writer(struct{ io.Writer }{io.Discard}), struct{ io.Writer }{io.Discard}
	if spec.Stdout != nil {
		cmd.Stdout = struct{ io.Writer }{spec.Stdout}
	}
	if spec.Stderr != nil {
		cmd.Stderr = struct{ io.Writer }{spec.Stderr}
	}
	cmd.WaitDelay = 2 * time.Second
}

func (spec Spec) check() error {
	if spec.Name == "" || len(spec.Name) > 64 {
		return errors.New("a name of 1 to 64 bytes is needed")
	}
	if !filepath.IsAbs(spec.Path) {
		return fmt.Errorf("path %q is not absolute", spec.Path)
	}
	for _, path := range append(append([]string{}, spec.ReadOnly...), spec.Writable...) {
		if err := checkGrant(path); err != nil {
			return err
		}
	}
	return nil
}
