// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/manifest"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

// programs holds programs and configuration against the manifest.
func (e *examination) programs() {
	for _, file := range append(e.site.Programs, e.site.Config) {
		if file != "" {
			e.unchangeable(file)
		}
	}
	if e.trust.Dir == "" {
		return // the identity is broken, which was said
	}
	m, err := e.trust.Load()
	switch {
	case err != nil:
		e.wrong("manifest", Bad, "install the manifest that is in force (dukou manifest install)", "%v", err)
		return
	case m == nil:
		e.wrong("manifest", Warn, "have one signed and install it (dukou manifest)", "none is demanded: a changed program would start")
		return
	}
	e.ok("manifest", "version %d, digest %x", m.Version, m.Digest)
	for _, file := range e.site.Programs {
		entry, err := manifest.ProgramEntry(file)
		if err == nil {
			err = m.Allow(entry.Kind, entry.Name, entry.Digest)
		}
		e.listed("program", file, err)
	}
	if e.site.Config != "" {
		data, err := os.ReadFile(e.site.Config)
		if err == nil {
			err = m.Allow(manifest.Config, e.component(), sha256.Sum256(data))
		}
		e.listed("configuration", e.site.Config, err)
	}
}

func (e *examination) component() string {
	if e.identity == nil {
		return "signer"
	}
	return e.identity.Request.ID
}

func (e *examination) listed(check, file string, err error) {
	if err != nil {
		e.wrong(check, Bad, "restore the approved file, or have a manifest with this one signed", "%s: %v", file, err)
		return
	}
	e.ok(check, "%s is as the manifest lists it", file)
}

// unchangeable wants a file, in directories, that only root and its owner change.
func (e *examination) unchangeable(file string) {
	path, err := filepath.Abs(file)
	if err != nil {
		e.wrong("files", Bad, "name it by its path", "%v", err)
		return
	}
	for ; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			e.wrong("files", Bad, "restore it", "%v", err)
			return
		}
		sticky := info.IsDir() && info.Mode()&os.ModeSticky != 0
		if info.Mode().Perm()&0o022 != 0 && !sticky {
			e.wrong("files", Bad, "chmod go-w "+path, "%s can be changed by others than its owner", path)
		}
		if path == filepath.Dir(path) {
			return
		}
	}
}

// floor compares the clock with the time that it must not go back behind.
func (e *examination) floor() {
	floor, err := pki.ReadCounter(filepath.Join(e.site.Dir, "time"))
	at := time.UnixMilli(int64(floor)) //nolint:gosec // a counter of milliseconds
	switch {
	case err != nil:
		e.wrong("clock", Bad, "restore the file from the time of the last answer", "%v", err)
	case floor == 0:
		e.ok("clock", "no floor yet")
	case at.After(e.now.Add(time.Minute)):
		e.wrong("clock", Bad, "set the host's clock; labels are refused until it has passed the floor", "%s is behind the floor %s", e.now.UTC().Format(time.RFC3339), at.UTC().Format(time.RFC3339))
	default:
		e.ok("clock", "floor %s", at.UTC().Format(time.RFC3339))
	}
}

// expiring is how long before its end a bundle is told.
const expiring = 7 * 24 * time.Hour

// bundle looks at the policy in force; leases end a little after it.
func (e *examination) bundle() {
	if e.identity == nil {
		return
	}
	data, err := os.ReadFile(filepath.Join(e.site.State, "bundle.dukou"))
	if os.IsNotExist(err) {
		e.wrong("bundle", Warn, "have the center apply one (dukou policy apply)", "none yet: everything is refused")
		return
	}
	if err != nil {
		e.wrong("bundle", Bad, "give the file to the component's user", "%v", err)
		return
	}
	p, err := policy.Open(data, e.trust.Anchors, e.now.UnixMilli(), 0)
	if err != nil {
		e.wrong("bundle", Bad, "have the center apply a valid one (dukou policy apply)", "%v", err)
		return
	}
	end := time.UnixMilli(p.NotAfter)
	if left := end.Sub(e.now); left < expiring {
		e.wrong("bundle", Warn, "approve and apply the next one", "version %d ends in %s", p.Version, left.Round(time.Minute))
		return
	}
	e.ok("bundle", "version %d until %s", p.Version, end.UTC().Format(time.RFC3339))
}

// Space below which nothing may pass, and below which it is told.
const (
	noSpace     = 256 << 20 // bytes
	littleSpace = 10        // percent
)

// space looks at the disk of the journal: what cannot be recorded does not pass.
func (e *examination) space() {
	var s unix.Statfs_t
	if err := unix.Statfs(e.site.State, &s); err != nil {
		e.wrong("space", Bad, "make the state directory", "%s: %v", e.site.State, err)
		return
	}
	free := s.Bavail * uint64(s.Bsize) //nolint:gosec // a block has a size
	percent := 100 * s.Bavail / max(s.Blocks, 1)
	switch {
	case free < noSpace:
		e.wrong("space", Bad, "make room: what cannot be recorded does not pass", "%d MiB free for %s", free>>20, e.site.State)
	case percent < littleSpace:
		e.wrong("space", Warn, "make room: what cannot be recorded does not pass", "%d %% free for %s", percent, e.site.State)
	default:
		e.ok("space", "%d MiB free for %s", free>>20, e.site.State)
	}
}
