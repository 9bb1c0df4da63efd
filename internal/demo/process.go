// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"dukou.dev/dukou/internal/cell"
)

// The cable between the two hosts of the guard.
const (
	Cable     = "link"  // its name on the stage
	Interface = "link0" // its end in the cells of the outer half and the gate
)

// binaryOf names the program of each process.
func binaryOf(name string) string {
	switch name {
	case Signer:
		return "dukou-signer"
	case Center:
		return "dukou-center"
	case GuardOuter, GuardGate, GuardInner:
		return "dukou-guard"
	case FrontInternet, FrontIntranet:
		return "dukou-front"
	default:
		return "dukou-bank"
	}
}

// rogueProgram attacks from the place of a component; see package rogue.
const rogueProgram = "dukou-rogue"

// findBinaries wants every program in dir.
func findBinaries(dir string) error {
	programs := []string{rogueProgram}
	for _, name := range Processes() {
		programs = append(programs, binaryOf(name))
	}
	for _, program := range programs {
		path := filepath.Join(dir, program)
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("the program %s is missing: build all of them with `make build`, which puts them beside dukou: %w", program, err)
		}
		if info.Mode()&0o111 == 0 {
			return fmt.Errorf("%s may not be executed; build it again with `make build`", path)
		}
	}
	return nil
}

// spec is what one process is started with: its program, its own directory, and the
// sockets that it needs.
func (d *Demo) spec(name string) cell.Spec {
	i := d.Installation
	s := cell.Spec{Name: name, Path: filepath.Join(d.options.Bin, binaryOf(name)), Env: []string{"DUKOU_LOG=" + d.options.LogLevel}}
	switch name {
	case Signer:
		s.Args = []string{"run", "-dir", i.Home(name), "-listen", "unix:" + i.Socket(name)}
		s.Writable = []string{i.Home(name), i.run(name)}
	case Center:
		s.Args = []string{
			"-identity", i.Identity(name), "-state", i.State(name), "-guard", "unix:" + i.Socket(GuardInner),
			"-signer", "unix:" + i.Socket(Signer), "-api", "unix:" + i.Socket(name),
			"-console", d.ConsoleAddress(), "-console-name", consoleName,
			"-console-certificate", i.ConsoleCertificate(), "-console-key", i.consoleKey(),
		}
		s.Loopback = true // on which the console listens
		s.Writable = []string{i.Home(name), i.run(name)}
		s.ReadOnly = []string{i.run(GuardInner), i.run(Signer)}
	case GuardOuter, GuardGate, GuardInner:
		d.guardSpec(name, &s)
	case FrontInternet:
		s.Args = []string{"-config", i.Config(name)}
		s.Writable = []string{i.Home(name), i.run(name), i.Outgoing(), i.Incoming()}
		s.ReadOnly = []string{i.run(GuardOuter)}
	case FrontIntranet:
		s.Args = []string{"-config", i.Config(name)}
		s.Writable = []string{i.Home(name), filepath.Join(i.Batch(), "requests"), filepath.Join(i.Batch(), "answers")}
		s.ReadOnly = []string{i.run(GuardInner), i.run(Bureau)}
	case Bureau:
		s.Args = []string{
			"bureau", "--listen", "unix:" + i.Socket(name), "--batch", i.Batch(), "--token-key", i.tokenKey(),
			"--people", strconv.Itoa(People),
		}
		s.Writable = []string{i.Batch(), i.run(name)}
		s.ReadOnly = []string{i.Home(name)}
	case Portal:
		s.Args = []string{"portal", "--listen", "unix:" + i.Socket(name), "--upstream", "unix:" + i.Socket(FrontInternet), "--api-key-file", i.apiKey()}
		s.Writable = []string{i.run(name)}
		s.ReadOnly = []string{i.Home(name), i.run(FrontInternet)}
	}
	return s
}

func (d *Demo) guardSpec(name string, s *cell.Spec) {
	i := d.Installation
	s.Args = []string{
		"-side", strings.TrimPrefix(name, "guard-"), "-identity", i.Identity(name), "-state", i.State(name), "-listen", "unix:" + i.Socket(name),
	}
	s.Writable = []string{i.Home(name), i.run(name)}
	if name == GuardInner {
		s.Args = append(s.Args, "-gate", "unix:"+i.Socket(GuardGate))
		s.ReadOnly = []string{i.run(GuardGate)}
		return
	}
	s.Args = append(s.Args, "-link", d.Link())
	if d.stage.Isolation() == cell.Netns {
		s.Capabilities = []cell.Capability{cell.NetRaw}
		return
	}
	s.Writable = append(s.Writable, i.link())
}

// Link is the -link argument of the outer half and the gate.
func (d *Demo) Link() string {
	if d.stage.Isolation() == cell.Netns {
		return "packet:" + Interface
	}
	return "unix:" + filepath.Join(d.Installation.link(), "socket")
}
