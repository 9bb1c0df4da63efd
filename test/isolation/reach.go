// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Targets are what a probe tries beside what it finds by itself. The probe program
// reads them as JSON from the environment variable TargetsEnv or, where its launcher
// passes no such thing on, has them built in.
type Targets struct {
	// Addresses are tried with TCP and UDP, as host:port with a numeric host.
	Addresses []string `json:"addresses,omitempty"`
	// Sockets are Unix sockets: paths, or abstract names after an @.
	Sockets []string `json:"sockets,omitempty"`
	// Files are opened for reading; those in Granted, which the probe may see, are
	// opened for writing.
	Files   []string `json:"files,omitempty"`
	Granted []string `json:"granted,omitempty"`
	// PIDs are process numbers as outsiders see them.
	PIDs []int `json:"pids,omitempty"`
	// SharedMemory are System V keys.
	SharedMemory []int `json:"sharedMemory,omitempty"`
	// Stay makes the program wait for SIGTERM when it is through.
	Stay bool `json:"stay,omitempty"`
}

// TargetsEnv names the environment variable that holds the Targets of the probe program.
const TargetsEnv = "DUKOU_PROBE_TARGETS"

// Finding is one thing that a probe tried. Reached tells whether it got what a
// process in a cell without capabilities must not get.
type Finding struct {
	Try     string `json:"try"`
	Target  string `json:"target,omitempty"`
	Reached bool   `json:"reached"`
	Detail  string `json:"detail,omitempty"`
	// Nested is set for what was tried from a user namespace that the probe made.
	Nested bool `json:"nested,omitempty"`
}

// DoneTry is the Try of the last finding of a probe that went through to its end.
const DoneTry = "done"

// nestedArg makes the probe program, started by itself, try from where it is.
const nestedArg = "dukou-probe-nested"

// Probe is the main function of a probe program: it tries everything, writes one
// JSON object a line to out, then does the same again from a new user namespace.
// Outside of a cell it tries only what does no harm.
// The targets are JSON; the environment variable, if set, stands in their place.
func Probe(out io.Writer, targetsJSON string) error {
	inherited := openDescriptors() // before the runtime opens any of its own
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM)
	targets, err := readTargets(targetsJSON)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	r := &reach{targets: targets, nested: os.Args[0] == nestedArg}
	r.emit = func(f Finding) {
		f.Nested = r.nested
		_ = encoder.Encode(f) // who reads sees the missing end
	}
	if !r.nested {
		r.descriptors(inherited)
		r.processes()
	}
	r.networks()
	r.files()
	if r.contained() {
		r.interfaces()
		r.powers()
	}
	if r.nested {
		return nil
	}
	if r.contained() {
		r.again(out)
	}
	r.emit(Finding{Try: DoneTry})
	if targets.Stay {
		<-stop
	}
	return nil
}

func readTargets(text string) (Targets, error) {
	var t Targets
	if env := os.Getenv(TargetsEnv); env != "" {
		text = env
	}
	if text == "" {
		return t, nil
	}
	if err := json.Unmarshal([]byte(text), &t); err != nil {
		return t, fmt.Errorf("read targets: %w", err)
	}
	return t, nil
}

// reach is one run of the attempts.
type reach struct {
	targets Targets
	nested  bool
	emit    func(Finding)
}

// contained reports whether the probe is in a cell, where it is process 1 or a child
// of that. Elsewhere it leaves out what would do harm to the host if it succeeded.
func (r *reach) contained() bool { return r.nested || os.Getpid() == 1 }

// tried reports an attempt that must fail.
func (r *reach) tried(try, target string, err error) {
	f := Finding{Try: try, Target: target, Reached: err == nil}
	if err != nil {
		f.Detail = err.Error()
	}
	r.emit(f)
}

// again starts this program anew as owner of a user namespace, with all capabilities there.
func (r *reach) again(out io.Writer) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{nestedArg}
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER, Pdeathsig: unix.SIGKILL}
	for c := range uintptr(unix.CAP_LAST_CAP + 1) {
		cmd.SysProcAttr.AmbientCaps = append(cmd.SysProcAttr.AmbientCaps, c)
	}
	err := cmd.Run()
	f := Finding{Try: "again in a user namespace", Detail: "went through"}
	if err != nil {
		f.Detail = err.Error()
	}
	r.emit(f)
}
