// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Seal reads a program into memory that nobody can change any more and verifies that.
// What is then run from the descriptor is what was verified, whatever happens to the file.
func (m *Manifest) Seal(file string) (*os.File, error) {
	name := filepath.Base(file)
	from, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	to := os.NewFile(uintptr(fd), name)
	if err := m.fill(to, from, name); err != nil {
		return nil, errors.Join(err, to.Close())
	}
	return to, nil
}

func (m *Manifest) fill(to *os.File, from io.Reader, name string) error {
	n, err := io.Copy(to, io.LimitReader(from, MaxProgram+1))
	if err != nil {
		return err
	}
	if n > MaxProgram {
		return fmt.Errorf("%s: more than %d bytes", name, MaxProgram)
	}
	const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(to.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		return os.NewSyscallError("seal", err)
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(to, 0, n)); err != nil {
		return err
	}
	return m.Allow(Program, name, [32]byte(hash.Sum(nil)))
}

// Exec becomes the program that Seal returned. It returns only on an error.
func Exec(program *os.File, args, env []string) error {
	err := unix.Exec(fmt.Sprintf("/proc/self/fd/%d", program.Fd()), args, env)
	return fmt.Errorf("run %s: %w", program.Name(), err)
}
