// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"io"
	"io/fs"
	"path"
	"slices"

	"dukou.dev/dukou/internal/durable"
)

// kept is what a machine's journals surely hold, by another count than crashdisk's:
// what each file held when a sync of it last ended.
type kept struct {
	files map[string]*keptFile
}

type keptFile struct{ data []byte }

func (k *kept) of(name string) *keptFile {
	if path.Base(path.Dir(name)) != "journal" {
		return nil
	}
	if k.files[name] == nil {
		k.files[name] = &keptFile{}
	}
	return k.files[name]
}

func (k *kept) rename(from, to string) {
	if f := k.files[from]; f != nil {
		k.files[to] = f
		delete(k.files, from)
	}
}

func (f *keptFile) take(from durable.File) error {
	size, err := from.Size()
	if err != nil {
		return err
	}
	if int64(len(f.data)) != size {
		f.data = make([]byte, size)
	}
	_, err = from.ReadAt(f.data, 0)
	if err == io.EOF {
		err = nil
	}
	return err
}

// keptDisk shows what a journal surely holds to durable.Scan.
type keptDisk struct {
	durable.Disk // nil: nothing else is asked for
	k            *kept
}

func (d keptDisk) ReadDir(dir string) ([]string, error) {
	var names []string
	for name, f := range d.k.files {
		if path.Dir(name) == dir && len(f.data) > 0 {
			names = append(names, path.Base(name))
		}
	}
	slices.Sort(names)
	return names, nil
}

func (d keptDisk) OpenFile(name string, _ int, _ fs.FileMode) (durable.File, error) {
	f := d.k.files[name]
	if f == nil {
		return nil, fs.ErrNotExist
	}
	return keptReader{f}, nil
}

type keptReader struct{ f *keptFile }

func (r keptReader) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(r.f.data)) {
		return 0, io.EOF
	}
	n := copy(p, r.f.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
func (keptReader) Stat() (durable.Info, error)            { return durable.Info{}, fs.ErrPermission }
func (r keptReader) Size() (int64, error)                 { return int64(len(r.f.data)), nil }
func (keptReader) WriteAt(_ []byte, _ int64) (int, error) { return 0, fs.ErrPermission }
func (keptReader) Sync() error                            { return fs.ErrPermission }
func (keptReader) Close() error                           { return nil }
