// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// server is a program that runs until it is stopped.
type server struct {
	cmd    *exec.Cmd
	out    bytes.Buffer
	ended  chan struct{}
	reason error
}

const stopTimeout = 5 * time.Second

// start starts a server, which ends with this process at the latest.
func start(path string, args ...string) (*server, error) {
	s := &server{cmd: exec.Command(path, args...), ended: make(chan struct{})} //nolint:noctx // stop ends it
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // ends with the server
		defer close(s.ended)
		s.reason = s.cmd.Wait()
	}()
	return s, nil
}

// stop ends the server and all that it has started.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // its group: nobody is left where all have ended
	<-s.ended
}

// explain adds what the server has written to an error, when it has ended by itself.
func (s *server) explain(err error) error {
	select {
	case <-s.ended:
		return fmt.Errorf("%w: %s ended (%w): %s", err, s.cmd.Path, s.reason, strings.TrimSpace(s.out.String()))
	default:
		return err
	}
}
