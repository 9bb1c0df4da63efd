// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front/file"
	"dukou.dev/dukou/internal/parcel"
)

// maxJob bounds the file that remembers a sending, in bytes.
const maxJob = 16 << 10

// job is what a terminal remembers of a file that it sends, until that has ended: the
// same file to the same flow is the same parcel.
type job struct {
	_        struct{} `cbor:",toarray"`
	ID       parcel.ID
	Flow     string
	Path     string // absolute
	Size     uint64
	Modified int64 // Unix nanoseconds
	Root     parcel.Link
	Accepted bool // the front has it durably
}

// source is a file that is being sent.
type source struct {
	job
	file    *os.File
	name    string // of the job, in the state directory
	fields  []byte
	digests []parcel.ChunkDigest
	offered bool // the front took or had it in this call
}

// open reads a file through and finds the parcel that it is.
func (t *Terminal) open(flow, path string) (*source, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := file.CheckName(filepath.Base(absolute)); err != nil {
		return nil, err
	}
	f, err := os.Open(absolute)
	if err != nil {
		return nil, fault.Wrap(fault.RequestMalformed, err, "open the file")
	}
	s := &source{file: f, job: job{ID: parcel.NewID(), Flow: flow, Path: absolute}}
	if err := errors.Join(s.read(), t.recall(s)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// read hashes the file and describes it.
func (s *source) read() error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fault.New(fault.RequestMalformed, "%s is not a regular file", s.Path)
	}
	var h parcel.Hasher
	n, err := io.CopyBuffer(&h, struct{ io.Reader }{io.LimitReader(s.file, exchange.MaxBody+1)}, make([]byte, parcel.ChunkSize))
	if err != nil {
		return err
	}
	if n > exchange.MaxBody {
		return fault.New(fault.ContentTooLarge, "%s has more than %d bytes", s.Path, int64(exchange.MaxBody))
	}
	var body parcel.Body
	body, s.digests = h.Sum()
	s.Size, s.Root, s.Modified = body.Size, body.Root, info.ModTime().UnixNano()
	s.fields, err = parcel.EncodeRecord(parcel.Record{
		"form": "file", "name": filepath.Base(s.Path), "size": n, "modified": max(info.ModTime().UnixMilli(), 0),
	})
	return err
}

// recall takes the id of the job that was broken off, if it was of this very file,
// and remembers the job.
func (t *Terminal) recall(s *source) error {
	if err := durable.MkdirAll(t.State, 0o700); err != nil {
		return err
	}
	key := sha256.Sum256([]byte(s.Flow + "\x00" + s.Path))
	s.name = filepath.Join(t.State, hex.EncodeToString(key[:16])+".job")
	data, err := durable.ReadFileOn(durable.OS(), s.name, maxJob)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		var before job
		if err := canon.Unmarshal(data, &before); err != nil {
			return fmt.Errorf("%s: %w; remove it to begin anew", s.name, err)
		}
		if before.Flow == s.Flow && before.Path == s.Path && before.Size == s.Size && before.Modified == s.Modified && before.Root == s.Root {
			s.job = before
			return nil
		}
	}
	return s.remember()
}

func (s *source) remember() error { return durable.WriteFile(s.name, canon.Must(&s.job), 0o600) }

// forget ends the job: the next sending of the file is another parcel.
func (s *source) forget() error { return os.Remove(s.name) }
