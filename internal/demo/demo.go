// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	bank "dukou.dev/dukou/examples/bank/policy"
	"dukou.dev/dukou/internal/cell"
)

// People is how many people the bureau knows.
const People = 3000

// Options say how a demonstration is started. The zero value, with an isolation, is
// the usual one.
type Options struct {
	// Dir is where the installation is made, which must be empty or not there;
	// empty for a new temporary directory.
	Dir string
	// Keep leaves the directory there at the end.
	Keep bool
	// Bin is the directory of the programs; empty for that of the running program.
	Bin string
	// Isolation says how the processes are kept apart. Netns needs cell.Main and
	// cell.Enter to have been called.
	Isolation cell.Isolation
	// WhyPlain says why there is no isolation; it is told where something is skipped.
	WhyPlain string
	// PortalAddress and FrontAddress are where the portal and the HTTP listener of
	// the internet front are reached on the host's loopback. One that is taken, or
	// empty, becomes a free one.
	PortalAddress, FrontAddress string
	// Policy is the folder of the first bundle; nil for the example bank's. It must
	// use the names in examples/bank/policy/README.md.
	Policy fs.FS
	// LogLevel is debug, info, warn or error; empty for info.
	LogLevel string
}

// Demo is an installation that runs.
type Demo struct {
	Installation *Installation
	options      Options
	stage        *cell.Stage
	relays       relays

	mu      sync.Mutex
	running map[string]*process
	version uint64       // of the latest bundle
	ended   chan *EndErr // a process that nobody stopped
}

type process struct {
	cell    *cell.Cell
	log     *os.File
	stopped bool // on purpose
}

// EndErr says that a process ended by itself.
type EndErr struct {
	Name string
	Err  error // from its end
	Tail string
}

// Error shows the last lines of what it wrote.
func (e *EndErr) Error() string {
	return fmt.Sprintf("%s ended by itself (%v); its last lines:\n%s", e.Name, e.Err, e.Tail)
}

// Start makes an installation, starts every process of it, puts the example policy in
// force and waits until every component is current. On an error nothing is left.
func Start(ctx context.Context, o Options) (*Demo, error) {
	if o.Bin == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		o.Bin = filepath.Dir(self)
	}
	if o.LogLevel == "" {
		o.LogLevel = "info"
	}
	if o.Policy == nil {
		o.Policy = bank.Files()
	}
	if err := findBinaries(o.Bin); err != nil {
		return nil, err
	}
	d := &Demo{options: o, running: map[string]*process{}, ended: make(chan *EndErr, len(Processes()))}
	var err error
	if d.Installation, err = install(o); err != nil {
		return nil, err
	}
	if err := d.launchAll(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// install makes the installation, in a temporary directory where none is named.
func install(o Options) (*Installation, error) {
	if o.Dir != "" {
		return Install(o.Dir)
	}
	dir, err := os.MkdirTemp("", "dukou-demo-")
	if err != nil {
		return nil, err
	}
	i, err := Install(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return i, nil
}

func (d *Demo) launchAll(ctx context.Context) error {
	var err error
	if d.stage, err = cell.Open(d.options.Isolation); err != nil {
		return err
	}
	if d.options.Isolation == cell.Netns {
		if err := d.stage.Cable(Cable, cell.End{Cell: GuardOuter, Interface: Interface}, cell.End{Cell: GuardInner, Interface: Interface}, 0); err != nil {
			return err
		}
	}
	for _, name := range Processes() {
		if err := d.Launch(name); err != nil {
			return err
		}
	}
	if err := d.relays.open(d.options, d.Installation); err != nil {
		return err
	}
	data, err := d.Installation.Bundle(d.options.Policy, 1)
	if err != nil {
		return err
	}
	if err := d.Apply(ctx, data); err != nil {
		return err
	}
	return d.WaitReady(ctx)
}

// Close ends every process and removes the installation, unless it is to be kept.
func (d *Demo) Close() error {
	errs := []error{d.relays.close()}
	d.mu.Lock()
	for _, p := range d.running {
		p.stopped = true
	}
	d.mu.Unlock()
	if d.stage != nil {
		errs = append(errs, d.stage.Close())
	}
	d.mu.Lock()
	for _, p := range d.running {
		errs = append(errs, p.log.Close())
	}
	clear(d.running)
	d.mu.Unlock()
	if !d.options.Keep {
		errs = append(errs, d.Installation.Remove())
	}
	return errors.Join(errs...)
}

// Stage holds the cells.
func (d *Demo) Stage() *cell.Stage { return d.stage }

// Ended tells of a process that ended and was not told to.
func (d *Demo) Ended() <-chan *EndErr { return d.ended }

// Launch starts a process that does not run.
func (d *Demo) Launch(name string) error { return d.launch(d.spec(name), false) }

// launch starts a process whose end is, or is not, expected.
func (d *Demo) launch(s cell.Spec, ends bool) error {
	log, err := os.OpenFile(d.Installation.Log(s.Name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if s.Stdout == nil {
		s.Stdout = log
	}
	s.Stderr = log
	c, err := d.stage.Start(s)
	if err != nil {
		return errors.Join(err, log.Close())
	}
	p := &process{cell: c, log: log, stopped: ends}
	d.mu.Lock()
	if old := d.running[s.Name]; old != nil {
		old.log.Close()
	}
	d.running[s.Name] = p
	d.mu.Unlock()
	go d.watch(s.Name, p) // ends with the process, which Close kills
	return nil
}

// watch reports the end of a process that was not asked for.
func (d *Demo) watch(name string, p *process) {
	err := p.cell.Wait()
	d.mu.Lock()
	asked := p.stopped
	d.mu.Unlock()
	if asked {
		return
	}
	if err == nil {
		err = errors.New("exit status 0")
	}
	select {
	case d.ended <- &EndErr{Name: name, Err: err, Tail: d.Installation.Tail(name)}:
	default: // others were reported, and nobody has looked
	}
}

// PID is the number of a process, 0 where it does not run.
func (d *Demo) PID(name string) int {
	if p := d.process(name, false); p != nil {
		return p.cell.PID()
	}
	return 0
}

// process finds a running process, and may note that its end is wanted.
func (d *Demo) process(name string, stop bool) *process {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.running[name]
	if p == nil {
		return nil
	}
	select {
	case <-p.cell.Done():
		return nil
	default:
	}
	p.stopped = p.stopped || stop
	return p
}

// Kill ends a process as a power cut would, and waits for its end.
func (d *Demo) Kill(name string) {
	if p := d.process(name, true); p != nil {
		p.cell.Kill()
	}
}

const stopTimeout = 10 * time.Second

// Stop tells a process to end, and waits for its end.
func (d *Demo) Stop(ctx context.Context, name string) error {
	p := d.process(name, true)
	if p == nil {
		return nil
	}
	if err := p.cell.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	select {
	case <-p.cell.Done():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s does not end: %w", name, ctx.Err())
	}
}

// Restart kills a process and starts it again.
func (d *Demo) Restart(name string) error {
	d.Kill(name)
	return d.Launch(name)
}
