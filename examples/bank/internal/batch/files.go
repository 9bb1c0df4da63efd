// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"errors"
	"fmt"
	"os"
	"path"
)

// write makes a file durable, in place of an older one of the name.
func (d *Desk) write(name string, content []byte) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o660)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return d.sync(path.Dir(name))
}

// rename moves a file and makes the move durable.
func (d *Desk) rename(from, to string) error {
	if err := d.root.Rename(from, to); err != nil {
		return fmt.Errorf("move %s: %w", from, err)
	}
	if err := d.sync(path.Dir(to)); err != nil {
		return err
	}
	if path.Dir(from) == path.Dir(to) {
		return nil
	}
	return d.sync(path.Dir(from))
}

func (d *Desk) remove(dir, name string) error {
	if err := d.root.Remove(path.Join(dir, name)); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return d.sync(dir)
}

func (d *Desk) sync(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

func (d *Desk) list(dir string) ([]string, error) {
	f, err := d.root.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	return names, nil
}
