// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package cell

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The same binary, started under these names, makes a cell or probes whether it could.
const (
	firstStageName = "dukou-cell"
	probeName      = "dukou-cell-probe"
)

// Descriptors of a first stage beyond the standard three.
const (
	requestFD = 3
	statusFD  = 4
)

// ready is what a first stage writes when only the exec is left to do. If the
// status pipe then closes without a word more, the program runs.
const ready = "ready\n"

const startTimeout = 20 * time.Second

// Main must be the first call of every program that starts cells. In a process that
// is to become a cell it takes over and does not return; else it does nothing.
func Main() {
	if len(os.Args) == 0 {
		return
	}
	switch os.Args[0] {
	case firstStageName:
		firstStage()
	case probeName:
		probe()
	}
}

// launchIsolated starts a first stage in ns and waits until it has become the program.
func (s *Stage) launchIsolated(ns *os.File, spec Spec) (*Cell, error) {
	request, err := json.Marshal(requestOf(spec))
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	requestR, requestW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer requestW.Close()
	statusR, statusW, err := os.Pipe()
	if err != nil {
		requestR.Close()
		return nil, err
	}
	defer statusR.Close()

	cmd := firstStageCommand(spec, requestR, statusW)
	err = s.thread.in(ns, cmd.Start)
	requestR.Close()
	statusW.Close()
	if err != nil {
		return nil, fmt.Errorf("new namespaces: %w", err)
	}
	c := newCell(cmd)
	if err := converse(request, requestW, statusR); err != nil {
		c.Kill()
		return nil, err
	}
	return c, nil
}

func firstStageCommand(spec Spec, requestR, statusW *os.File) *exec.Cmd {
	cmd := &exec.Cmd{
		Path:       "/proc/self/exe",
		Args:       []string{firstStageName},
		Env:        []string{},
		ExtraFiles: []*os.File{requestR, statusW}, // 3 and 4
		SysProcAttr: &syscall.SysProcAttr{
			Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
			Setsid:     true, // no terminal
			Pdeathsig:  unix.SIGKILL,
		},
	}
	spec.output(cmd)
	return cmd
}

// converse sends the request and reads what became of it.
func converse(request []byte, requestW, statusR *os.File) error {
	deadline := time.Now().Add(startTimeout)
	if err := errors.Join(requestW.SetDeadline(deadline), statusR.SetDeadline(deadline)); err != nil {
		return err
	}
	_, writeErr := requestW.Write(request)
	requestW.Close()
	status, err := io.ReadAll(io.LimitReader(statusR, 4096))
	switch {
	case err != nil:
		return fmt.Errorf("wait for the first stage: %w", err)
	case string(status) == ready:
		return nil
	case len(status) > len(ready) && string(status[:len(ready)]) == ready:
		return errors.New(string(status[len(ready):]))
	case len(status) > 0:
		return errors.New(string(status))
	case writeErr != nil:
		return fmt.Errorf("send request: %w", writeErr)
	}
	return errors.New("the first stage ended early")
}

// request is a Spec as it goes to the first stage.
type request struct {
	Name, Path         string
	Args, Env          []string
	ReadOnly, Writable []string
	Capabilities       []Capability
}

func requestOf(spec Spec) request {
	return request{
		Name: spec.Name, Path: spec.Path, Args: spec.Args, Env: spec.Env,
		ReadOnly: spec.ReadOnly, Writable: spec.Writable, Capabilities: spec.Capabilities,
	}
}

// firstStage runs in the new namespaces as PID 1 and becomes the cell's program.
// Rights belong to threads, so all of it stays on one.
func firstStage() {
	runtime.LockOSThread()
	status := os.NewFile(statusFD, "status")
	err := becomeProgram(status)
	fmt.Fprint(status, err)
	os.Exit(1)
}

func becomeProgram(status *os.File) error {
	var r request
	if err := json.NewDecoder(os.NewFile(requestFD, "request")).Decode(&r); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	if err := unix.Sethostname([]byte(r.Name)); err != nil {
		return os.NewSyscallError("sethostname", err)
	}
	if err := buildRoot(r); err != nil {
		return err
	}
	if err := replaceStdin(); err != nil {
		return err
	}
	// Close all but 0, 1, 2 on exec; on success that closes the status pipe too.
	if err := unix.CloseRange(3, ^uint(0)>>32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return os.NewSyscallError("close_range", err)
	}
	if err := confine(r.Capabilities); err != nil {
		return err
	}
	// If the launcher is gone already, nobody reads this, and the write fails.
	if _, err := status.WriteString(ready); err != nil {
		return err
	}
	if r.Path == "" { // the probe of the stage's rights: there is no program
		os.Exit(0)
	}
	err := unix.Exec(r.Path, append([]string{r.Path}, r.Args...), r.Env)
	return fmt.Errorf("exec %s: %w", r.Path, err)
}

// replaceStdin takes /dev/null from inside, so that no descriptor is from outside
// but the two pipes.
func replaceStdin() error {
	null, err := os.Open("/dev/null")
	if err != nil {
		return err
	}
	defer null.Close()
	return os.NewSyscallError("dup3", unix.Dup3(int(null.Fd()), 0, 0))
}
