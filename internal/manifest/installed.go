// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

// The files of a directory in which a manifest is installed.
const (
	fileName  = "manifest.dukou"
	floorName = "manifest-version" // the highest that was seen
)

// Site is where a component's manifest is, and by whom it must be signed.
type Site struct {
	Dir     string // of the identity, or of the signer's keys
	Guard   string
	Anchors policy.Anchors
}

// SiteOf is that of an admitted component.
func SiteOf(i *pki.Identity) (Site, error) {
	a := i.Admission
	if a == nil {
		return Site{}, fmt.Errorf("%s is not admitted", i.Request.ID)
	}
	return Site{Dir: i.Dir(), Guard: a.Guard, Anchors: policy.Anchors{Approvers: a.Approvers, Quorum: int(a.Quorum)}}, nil
}

// Installed is a manifest that is in force.
type Installed struct {
	*Manifest
	Digest [32]byte
}

// Install verifies a document and puts it in force; from then on one is demanded. An
// older version than was seen is refused.
func (s Site) Install(data []byte) (*Installed, error) {
	m, digest, err := Open(data, s.Guard, s.Anchors)
	if err != nil {
		return nil, err
	}
	if err := s.rise(m.Version); err != nil {
		return nil, err
	}
	return &Installed{m, digest}, durable.WriteFile(filepath.Join(s.Dir, fileName), data, 0o600)
}

// rise refuses a version below the highest one seen, and remembers a higher one.
func (s Site) rise(version uint64) error {
	name := filepath.Join(s.Dir, floorName)
	floor, err := pki.ReadCounter(name)
	switch {
	case err != nil:
		return err
	case version < floor:
		return fmt.Errorf("%w: version %d is older than %d, which was installed here", ErrRefused, version, floor)
	case version > floor:
		return pki.WriteCounter(name, version)
	}
	return nil
}

// Load reads the manifest that is installed; nil where none ever was.
func (s Site) Load() (*Installed, error) {
	data, err := readLimited(filepath.Join(s.Dir, fileName))
	if errors.Is(err, fs.ErrNotExist) {
		floor, err := pki.ReadCounter(filepath.Join(s.Dir, floorName))
		if err == nil && floor > 0 {
			err = fmt.Errorf("%w: version %d was installed in %s and is gone; install it again", ErrRefused, floor, s.Dir)
		}
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	m, digest, err := Open(data, s.Guard, s.Anchors)
	if err != nil {
		return nil, err
	}
	return &Installed{m, digest}, s.rise(m.Version)
}

func readLimited(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, envelope.MaxSize+1))
	if err == nil && len(data) > envelope.MaxSize {
		err = fmt.Errorf("%s: more than %d bytes", name, envelope.MaxSize)
	}
	return data, err
}

// Verify is what a process asks at its start: that its own executable is the listed
// program, and config the listed configuration of this component. It gives the digest
// of the manifest, nil where none was ever installed.
func (s Site) Verify(program, component string, config []byte) ([]byte, error) {
	m, err := s.Load()
	if m == nil || err != nil {
		return nil, err
	}
	digest, err := digestOf("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	if err := m.Allow(Program, program, digest); err != nil {
		return nil, err
	}
	if err := m.Allow(Config, component, sha256.Sum256(config)); err != nil {
		return nil, err
	}
	return m.Digest[:], nil
}
