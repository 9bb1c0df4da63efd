// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"dukou.dev/dukou/internal/cell"
)

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
