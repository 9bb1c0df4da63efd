// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package confine

import (
	"fmt"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// Rights below a directory. Executing, devices, sockets, pipes and links are in none.
const (
	rightsFile  = llsys.AccessFSReadFile
	rightsRead  = rightsFile | llsys.AccessFSReadDir
	rightsWrite = rightsRead | llsys.AccessFSWriteFile | llsys.AccessFSTruncate | llsys.AccessFSRefer |
		llsys.AccessFSMakeReg | llsys.AccessFSMakeDir | llsys.AccessFSRemoveFile | llsys.AccessFSRemoveDir
)

// restrictAccess puts the process under Landlock, as far as this kernel has it.
func restrictAccess(r Rules, level Level) error {
	if level.Landlock < minLandlock {
		return nil
	}
	var rules []landlock.Rule
	for _, path := range r.Read {
		rights, err := rightsToRead(path)
		if err != nil {
			return err
		}
		rules = append(rules, landlock.PathAccess(rights, path))
	}
	if len(r.Write) > 0 {
		rules = append(rules, landlock.PathAccess(rightsWrite, r.Write...))
	}
	if len(r.Sockets) > 0 {
		rules = append(rules, landlock.PathAccess(llsys.AccessFSResolveUnix, r.Sockets...))
	}
	for _, port := range r.Connect {
		rules = append(rules, landlock.ConnectTCP(port))
	}
	if err := landlock.V11.BestEffort().Restrict(rules...); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	return nil
}

// rightsToRead are those for a directory or for a file: the kernel refuses the former
// on the latter.
func rightsToRead(path string) (landlock.AccessFSSet, error) {
	var s unix.Stat_t
	if err := unix.Stat(path, &s); err != nil {
		return 0, fmt.Errorf("landlock: %s: %w", path, err)
	}
	if s.Mode&unix.S_IFMT == unix.S_IFDIR {
		return rightsRead, nil
	}
	return rightsFile, nil
}
