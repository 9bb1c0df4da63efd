// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package doctor looks at the host of one component: at the chain from the kernel over
// programs, configuration and keys to the manifest, and at what the process needs to go
// on. It changes nothing, and each finding says what to do next.
package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/confine"
	"dukou.dev/dukou/internal/manifest"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

// State is how a finding is to be taken.
type State string

// The states: as it should be; works, but look; and wrong.
const (
	OK   State = "ok"
	Warn State = "warn"
	Bad  State = "BAD"
)

// Finding is one thing that was looked at.
type Finding struct {
	Check  string `json:"check"`
	State  State  `json:"state"`
	Detail string `json:"detail"`
	Next   string `json:"next,omitempty"` // what to do, unless it is ok
}

// Site says where the component has its things; what is empty is not looked at.
type Site struct {
	Dir      string   // of the identity, or of the signer's keys
	State    string   // of bundle, lease and journal
	Config   string   // configuration file, or the file of its arguments
	Programs []string // files
	Link     string   // network interface of the cable
}

type examination struct {
	site     Site
	now      time.Time
	findings []Finding
	identity *pki.Identity // nil for the signer, or where it is broken
	trust    manifest.Site
}

// Examine looks at everything, in the order of the chain.
func Examine(s Site, now time.Time) []Finding {
	e := &examination{site: s, now: now}
	e.kernel()
	e.processes()
	if s.Dir != "" {
		e.keys()
		e.programs()
		e.floor()
	}
	if s.State != "" {
		e.bundle()
		e.space()
	}
	if s.Link != "" {
		e.link()
	}
	return e.findings
}

func (e *examination) ok(check, format string, args ...any) {
	e.findings = append(e.findings, Finding{Check: check, State: OK, Detail: fmt.Sprintf(format, args...)})
}

func (e *examination) wrong(check string, state State, next, format string, args ...any) {
	e.findings = append(e.findings, Finding{Check: check, State: state, Detail: fmt.Sprintf(format, args...), Next: next})
}

// keys looks at the identity, or at the signer's keys, and at who may read them.
func (e *examination) keys() {
	if err := e.load(); err != nil {
		e.wrong("identity", Bad, "restore the directory, or enrol the component anew (dukou enrol)", "%v", err)
		return
	}
	e.private(e.site.Dir)
	entries, err := os.ReadDir(e.site.Dir)
	if err != nil {
		e.wrong("key files", Bad, "give the directory to the component's user", "%v", err)
		return
	}
	for _, entry := range entries {
		e.private(filepath.Join(e.site.Dir, entry.Name()))
	}
	if e.site.State != "" {
		e.private(e.site.State)
	}
}

func (e *examination) load() error {
	if _, err := os.Stat(filepath.Join(e.site.Dir, "installation.dukou")); err == nil {
		return e.loadAuthority()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	i, err := pki.LoadIdentity(e.site.Dir)
	if err != nil {
		return err
	}
	if e.trust, err = manifest.SiteOf(i); err != nil {
		return err
	}
	e.identity = i
	e.ok("identity", "%s %s of guard %s, fingerprint %s", i.Request.Role, i.Request.ID, i.Admission.Guard, i.Request.Fingerprint())
	return nil
}

func (e *examination) loadAuthority() error {
	a, err := authority.Load(e.site.Dir)
	if err != nil {
		return err
	}
	t := a.Terms()
	e.trust = manifest.Site{Dir: e.site.Dir, Guard: t.Guard, Anchors: policy.Anchors{Approvers: t.Approvers, Quorum: int(t.Quorum)}}
	e.ok("identity", "signer of guard %s, fingerprint %s; %d of %d approvers must sign", t.Guard, a.Fingerprint(), t.Quorum, len(t.Approvers))
	return nil
}

// private wants a file that nobody but its owner reads or changes. It is silent when so.
func (e *examination) private(name string) {
	info, err := os.Lstat(name)
	if err != nil {
		e.wrong("key files", Bad, "restore it", "%v", err)
		return
	}
	if info.Mode().Perm()&0o077 != 0 {
		e.wrong("key files", Bad, "chmod go-rwx "+name, "%s is of mode %#o: others than its owner reach it", name, info.Mode().Perm())
	}
}

// kernel tells what a process can be confined to here.
func (e *examination) kernel() {
	level := confine.Available()
	missing := level.Missing()
	switch {
	case level.Landlock == 0 || !level.Seccomp:
		e.wrong("kernel", Bad, "use a kernel with Landlock (5.19 or later, lsm=landlock,...) and seccomp", "%s", level)
	case len(missing) > 0:
		for _, what := range missing {
			e.wrong("kernel", Warn, "a newer kernel closes it; until then give each component a user of its own", "%s", what)
		}
		e.ok("confinement", "%s", level)
	default:
		e.ok("confinement", "%s", level)
	}
	if text, err := os.ReadFile("/proc/sys/net/mptcp/enabled"); err == nil && len(text) > 0 && text[0] == '1' {
		e.ok("multipath TCP", "the host has it; no component listens with it, and none may make such a socket")
	} else {
		e.ok("multipath TCP", "off")
	}
}
