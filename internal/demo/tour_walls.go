// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dukou.dev/dukou/internal/cell"
	"dukou.dev/dukou/test/isolation"
)

// skip says why something cannot be shown without isolation.
func (t *tour) skip(why string) error {
	if t.options.WhyPlain != "" {
		why += " (" + t.options.WhyPlain + ")"
	}
	return &SkippedError{"without isolation " + why}
}

// linkEtherType is that of the frames on the cable (docs/formats/frame.md).
const linkEtherType = 0x88B5

// capture watches the cable while a report crosses.
func (t *tour) capture(ctx context.Context) (string, error) {
	if t.stage.Isolation() != cell.Netns {
		return "", t.skip("there is no cable to watch")
	}
	namespace, err := t.stage.Namespace(GuardGate)
	if err != nil {
		return "", err
	}
	user := Zhang()
	markers := [][]byte{[]byte(user.Password), []byte(user.Person), []byte("张伟")}
	recorder, err := isolation.Capture(namespace, Interface, markers...)
	if err != nil {
		return "", err
	}
	_, _, err = t.ask(ctx)
	report, stopErr := recorder.Stop()
	if err := errors.Join(err, stopErr); err != nil {
		return "", err
	}
	t.p.line("%d frames, %d bytes, none lost; types %x", report.Frames, report.Bytes, report.EtherTypes)
	if report.Frames == 0 || report.Dropped > 0 {
		return "", fmt.Errorf("%d frames seen, %d missed", report.Frames, report.Dropped)
	}
	if n := report.EtherTypes[linkEtherType]; n != report.Frames {
		return "", fmt.Errorf("of %d frames only %d are the link's: %v", report.Frames, n, report.EtherTypes)
	}
	for marker, n := range report.Markers {
		if n > 0 {
			return "", fmt.Errorf("%q is readable in %d frames", marker, n)
		}
	}
	return fmt.Sprintf("%d frames, all of type 0x%04X; no IP, and no byte of name, person or password can be read", report.Frames, linkEtherType), nil
}

// noRoute puts a probe in the place of the outer components.
func (t *tour) noRoute(ctx context.Context) (string, error) {
	if t.stage.Isolation() != cell.Netns {
		return "", t.skip("the processes share this machine's network and files")
	}
	total := 0
	for _, name := range []string{FrontInternet, GuardOuter} {
		n, err := t.probe(ctx, name)
		if err != nil {
			return "", err
		}
		total += n
	}
	if err := t.WaitReady(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d attempts by address, descriptor, file and process: nothing of the other zone was reached", total), nil
}

func (t *tour) probe(ctx context.Context, name string) (int, error) {
	targets, err := json.Marshal(t.targets(name))
	if err != nil {
		return 0, err
	}
	out, err := t.Replace(ctx, name, t.Rogue(), []string{"probe"}, []string{isolation.TargetsEnv + "=" + string(targets)})
	findings, readErr := isolation.ReadFindings(bytes.NewReader(out))
	if err := errors.Join(err, readErr); err != nil {
		return 0, err
	}
	var through []string
	for _, f := range isolation.Reached(findings) {
		if !allowed(name, f) {
			through = append(through, strings.TrimSpace(f.Try+" "+f.Target+" "+f.Detail))
		}
	}
	t.p.line("%s in the place of %s: %d attempts, %d through", mark(len(through) == 0), name, len(findings), len(through))
	if len(through) > 0 {
		return 0, fmt.Errorf("from the place of %s: %s", name, strings.Join(through, "; "))
	}
	return len(findings), nil
}

// targets are the other zone's sockets, files and processes, and the host's ports.
func (t *tour) targets(from string) isolation.Targets {
	i := t.Installation
	var targets isolation.Targets
	for _, name := range Processes() {
		if name == from {
			continue
		}
		if pid := t.PID(name); pid != 0 {
			targets.PIDs = append(targets.PIDs, pid)
		}
		if !outerSide(name) {
			targets.Sockets = append(targets.Sockets, i.Socket(name))
			targets.Files = append(targets.Files, i.Home(name))
		}
	}
	targets.PIDs = append(targets.PIDs, os.Getpid())
	targets.Files = append(targets.Files, i.Batch(), i.keys(), filepath.Join(i.Dir, "inner"))
	targets.Addresses = []string{t.relays.portal.Addr(), t.relays.front.Addr()}
	targets.Granted = []string{t.Rogue()}
	return targets
}

// allowed are the findings that are no way across: the outer half may open raw sockets, in
// its own network namespace, where there is the cable and nothing else.
func allowed(name string, f isolation.Finding) bool {
	if name != GuardOuter || f.Nested {
		return false
	}
	return f.Try == "socket" && f.Target == "family 17" || f.Try == "raw socket"
}
