// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// Cell is one running or ended process of a stage.
type Cell struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // valid once done is closed
}

func newCell(cmd *exec.Cmd) *Cell {
	c := &Cell{cmd: cmd, done: make(chan struct{})}
	go func() { // ends with the process; Stage.Close kills it
		c.err = cmd.Wait()
		close(c.done)
	}()
	return c
}

// PID returns the process number as the stage sees it.
func (c *Cell) PID() int { return c.cmd.Process.Pid }

// Done is closed when the process, all its output read, has ended.
func (c *Cell) Done() <-chan struct{} { return c.done }

// Wait waits for the end and returns nil for exit status 0, else an *exec.ExitError.
func (c *Cell) Wait() error {
	<-c.done
	return c.err
}

// Signal sends a signal to the process. As PID 1 of its namespace it receives, apart
// from SIGKILL and SIGSTOP, only what it has a handler for; a Go program has one for all.
func (c *Cell) Signal(sig syscall.Signal) error {
	if c.ended() {
		return os.ErrProcessDone
	}
	if err := c.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("signal cell: %w", err)
	}
	return nil
}

// Kill ends the process and all that it started, and waits for the end.
func (c *Cell) Kill() {
	if !c.ended() {
		if c.cmd.SysProcAttr.Cloneflags == 0 { // in a cell PID 1 takes all along
			_ = unix.Kill(-c.PID(), unix.SIGKILL)
		}
		_ = c.cmd.Process.Kill()
	}
	<-c.done
}

func (c *Cell) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}
